/* SPDX-License-Identifier: Apache-2.0 */
/* newcomer: reads one whole number a line. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <weir/collector.h>
#include <weir/fail.h>

struct weir_instance {
	const struct weir_host *host;
	uint64_t n_used; /* bytes of the last window that are done with */
	uint32_t series;
};

static int take_line(struct weir_instance *i, const char *at, uint64_t n, uint64_t offset, int64_t now_ns)
{
	const struct weir_diag bad = { "arrival.line", { "not a whole number", 18 }, offset, 1, WEIR_WARNING, 0 };
	struct weir_number number = { .time_ns = now_ns, .series = i->series };
	const struct weir_host *h = i->host;
	uint64_t k = 0;

	for (; k < n && k < 18 && at[k] >= '0' && at[k] <= '9'; k++)
		number.value.i64 = number.value.i64 * 10 + at[k] - '0';
	h->tally(h, WEIR_READ, 1, NULL);
	h->tally(h, n && k == n ? WEIR_STORED : WEIR_BAD, 1, bad.code);
	if (n && k == n)
		return h->numbers(h, &number, 1);
	h->diag(h, &bad);
	return WEIR_OK;
}

static int instance_poll(struct weir_instance *i, int64_t now_ns, struct weir_error *reterr)
{
	struct weir_chunk c;
	int r = i->host->input(i->host, 0, i->n_used, &c);

	i->n_used = 0;
	while (r == WEIR_OK && i->n_used < c.n_bytes) {
		const char *at = (const char *)c.at + i->n_used;
		const char *end = memchr(at, '\n', c.n_bytes - i->n_used);
		uint64_t n = end ? (uint64_t)(end - at) : c.n_bytes - i->n_used;

		if (!end && !c.is_last)
			break; /* the rest of this line comes with the next window */
		r = take_line(i, at, n, c.offset + i->n_used, now_ns);
		i->n_used += n + (end != NULL);
	}
	return r < 0 ? weir_fail(reterr, r, "newcomer: input: cannot be read on") : r;
}

static int instance_open(const struct weir_host *h, struct weir_instance **ret, struct weir_error *reterr)
{
	const struct weir_clock clock = { "system clock", { "when a line was read", 20 }, 0 };

	*ret = calloc(1, sizeof(**ret));
	if (!*ret)
		return weir_fail(reterr, -ENOMEM, "newcomer: open: no memory");
	**ret = (struct weir_instance){ .host = h, .series = h->series(h, 0, NULL, 0) };
	return h->clock(h, &clock);
}

static void instance_close(struct weir_instance *i)
{
	free(i);
}

/* clang-format off */
static const struct weir_metric metrics[] = {
	{ .name = "arrival.value", .unit = "1", .brief = "value", .help = "The number of a line.",
	  .shape = WEIR_SHAPE_NUMBER, .kind = WEIR_KIND_GAUGE, .type = WEIR_TYPE_I64, .range = WEIR_RANGE_FROM_ZERO },
};
static const struct weir_claim claims[] = { { .pattern = "*.newcomer", .kind = WEIR_CLAIM_FILE } };

const struct weir_collector weir_collector = {
	.abi_major = WEIR_ABI_MAJOR, .abi_minor = WEIR_ABI_MINOR, .size = sizeof(struct weir_collector),
	.name = "newcomer", .version = "0.1", .summary = "one whole number a line", .licence = "Apache-2.0",
	.metrics = metrics, .n_metrics = 1, .claims = claims, .n_claims = 1,
	.open = instance_open, .poll = instance_poll, .close = instance_close };
