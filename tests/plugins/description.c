/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/description.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/bytes.h"

static int never_open(const struct weir_host *h, struct weir_instance **ret, struct weir_error *reterr)
{
	return -EINVAL;
}

static int never_poll(struct weir_instance *i, int64_t now_ns, struct weir_error *reterr)
{
	return -EINVAL;
}

static void never_close(struct weir_instance *i)
{
}

static const struct weir_metric metrics[] = {
	{ "test.one", "By", "one", "The first.", WEIR_SHAPE_NUMBER, WEIR_KIND_COUNTER, WEIR_TYPE_I64, -1 },
	{ "test.two", "ns", "two", "The second.", WEIR_SHAPE_SPAN },
};
static const struct weir_option options[] = {
	{ "mode", NULL, "brief|full", "Which.", 0, 0, WEIR_OPTION_CHOICE },
	{ "depth", "3", NULL, "How deep.", 1, 9, WEIR_OPTION_INT },
};
static const struct weir_claim claims[] = { { "*.x", WEIR_CLAIM_FILE }, { NULL, WEIR_CLAIM_LIVE } };
static const char *const companions[] = { "{stem}.y" };
static const struct weir_collector whole = {
	.abi_major = WEIR_ABI_MAJOR,
	.abi_minor = WEIR_ABI_MINOR,
	.size = sizeof(struct weir_collector),
	.name = "whole",
	.version = "1.2",
	.summary = "A test.",
	.licence = "Apache-2.0",
	.metrics = metrics,
	.options = options,
	.claims = claims,
	.companions = companions,
	.n_metrics = 2,
	.n_options = 2,
	.n_claims = 2,
	.n_companions = 1,
	.open = never_open,
	.poll = never_poll,
	.close = never_close,
};

static int is_read(const uint8_t *at, uint64_t n)
{
	struct weir_collector c;
	struct weir_error error;
	void *memory = NULL;
	int r = description_read(at, n, "test", &c, &memory, &error);

	if (r == 0)
		free(memory);
	else
		assert_null(memory);
	return r == 0;
}

static void a_collector_comes_out_as_it_went_in(void **state)
{
	struct weir_collector c;
	struct weir_error error;
	uint8_t *bytes;
	uint64_t n;
	void *memory;

	assert_int_equal(description_write(&whole, &bytes, &n), 0);
	assert_int_equal(description_read(bytes, n, "test", &c, &memory, &error), 0);
	free(bytes);
	assert_string_equal(c.name, "whole");
	assert_string_equal(c.licence, "Apache-2.0");
	assert_string_equal(c.metrics[0].help, "The first.");
	assert_int_equal(c.metrics[0].better, -1);
	assert_int_equal(c.metrics[1].shape, WEIR_SHAPE_SPAN);
	assert_null(c.options[0].fallback);
	assert_string_equal(c.options[0].choices, "brief|full");
	assert_int_equal(c.options[1].max, 9);
	assert_string_equal(c.claims[0].pattern, "*.x");
	assert_null(c.claims[1].pattern);
	assert_string_equal(c.companions[0], "{stem}.y");
	assert_true(c.metrics != metrics && c.name != whole.name);
	free(memory);
}

static void every_prefix_is_refused(void **state)
{
	struct bytes prefix;
	uint8_t *bytes;
	uint64_t n;

	assert_int_equal(description_write(&whole, &bytes, &n), 0);
	for (uint64_t i = 0; i < n; i++) {
		prefix = bytes_guarded(bytes, i);
		assert_false(is_read(prefix.at, prefix.n));
		bytes_done(&prefix);
	}
	assert_true(is_read(bytes, n));
	free(bytes);
}

/* Whatever one byte becomes: all pointers stay inside, all texts end (the sanitizers and the guard page watch). */
static void every_changed_byte_is_read_without_harm(void **state)
{
	static const uint8_t values[] = { 0, 1, 0x7F, 0x80, 0xFF };
	struct bytes b;
	uint8_t *bytes;
	uint64_t n;

	assert_int_equal(description_write(&whole, &bytes, &n), 0);
	b = bytes_guarded(bytes, n);
	for (uint64_t i = 0; i < n; i++)
		for (size_t k = 0; k < sizeof(values); k++) {
			b.at[i] = values[k];
			(void)is_read(b.at, b.n);
			b.at[i] = bytes[i];
		}
	bytes_done(&b);
	free(bytes);
}

static void a_lie_about_a_table_is_refused(void **state)
{
	uint8_t *bytes;
	uint64_t n;

	assert_int_equal(description_write(&whole, &bytes, &n), 0);
	((struct weir_collector *)bytes)->n_metrics = 3;
	assert_false(is_read(bytes, n));
	((struct weir_collector *)bytes)->n_metrics = UINT32_MAX;
	assert_false(is_read(bytes, n));
	((struct weir_collector *)bytes)->n_metrics = 2;
	((struct weir_collector *)bytes)->abi_major = 2;
	assert_false(is_read(bytes, n));
	free(bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_collector_comes_out_as_it_went_in),
		cmocka_unit_test(every_prefix_is_refused),
		cmocka_unit_test(every_changed_byte_is_read_without_harm),
		cmocka_unit_test(a_lie_about_a_table_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
