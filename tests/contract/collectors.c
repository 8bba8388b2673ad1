/* SPDX-License-Identifier: Apache-2.0 */
/* Each collector of the tree exports one symbol and keeps the contract, over whatever files of tests/data it claims:
 * collectors OBJECT... */
#include <fnmatch.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/conformance/check.h"
#include "plugins/conformance/object.h"
#include "plugins/loader.h"
#include "plugins/name.h"
#include "tests/support/bytes.h"

enum {
	SAMPLES_MAX = 12,
	SAMPLE_BYTES_MAX = 200000,
	HEAD_BYTES = 4096,
};

/* nftw() has no place for a pointer of ours. */
static struct {
	const struct weir_collector *collector;
	char *at[SAMPLES_MAX];
	uint32_t n;
} samples;

struct check_listener {
	const char *object;
};

static int is_claimed(const struct weir_collector *c, const char *name, const struct bytes *b)
{
	int is_fit = 0;

	for (uint32_t i = 0; i < c->n_claims; i++)
		is_fit |= c->claims[i].kind == WEIR_CLAIM_FILE && fnmatch(c->claims[i].pattern, name, 0) == 0;
	return is_fit && (!c->sniff || c->sniff(name_text(name), b->at, b->n < HEAD_BYTES ? b->n : HEAD_BYTES));
}

static int see_file(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	struct bytes b;

	if (type != FTW_F || samples.n == SAMPLES_MAX || st->st_size > SAMPLE_BYTES_MAX)
		return 0;
	b = bytes_read(path);
	if (is_claimed(samples.collector, path + ftw->base, &b))
		samples.at[samples.n++] = strdup(path);
	bytes_done(&b);
	return 0;
}

static void hear(struct check_listener *l, const struct check_verdict *v)
{
	if (v->outcome == CHECK_FAIL || (v->outcome == CHECK_WARN && !IS_SANITIZED))
		printf("%s: %s: %s\n", l->object, v->test, v->text);
}

static int exports_one(const char *path)
{
	struct weir_error error = { "" };
	struct object o;
	int is_one;

	if (object_read(path, &o, &error) < 0) {
		printf("%s\n", error.text);
		return 0;
	}
	is_one = o.has_collector && o.n_exports == 1;
	if (!is_one)
		printf("%s: it exports %u symbols, %s\n", path, o.n_exports, o.other_export);
	object_done(&o);
	return is_one;
}

static int check_one(const char *path)
{
	struct check_listener l = { strrchr(path, '/') + 1 };
	/* The machine may be busy, and sanitizers are slow: this is against hanging only. */
	struct check_config config = {
		.path = path, .seed = 1, .say = hear, .listener = &l, .timeout_ns = INT64_C(180000000000)
	};
	struct weir_error error = { "" };
	struct check_totals totals = { .n_fail = 1 };
	int is_good = exports_one(path);

	samples.n = 0;
	if (loader_load(path, path, &samples.collector, &error) == 0) {
		(void)nftw(WEIR_SOURCE_ROOT "/tests/data", see_file, 16, FTW_PHYS);
		config.samples = (const char *const *)samples.at;
		config.n_samples = samples.n;
		is_good &= check_run(&config, &totals, &error) == 0;
	}
	is_good &= totals.n_fail == 0 && (IS_SANITIZED || totals.n_warn == 0);
	printf("%s: %u samples, %u passed, %u skipped%s%s\n", l.object, samples.n, totals.n_pass, totals.n_skip,
	       is_good ? "" : ", FAILED ", error.text);
	for (uint32_t i = 0; i < samples.n; i++)
		free(samples.at[i]);
	return is_good;
}

int main(int argc, char **argv)
{
	int n_bad = 0;

	for (int i = 1; i < argc; i++)
		n_bad += !check_one(argv[i]);
	return n_bad || argc == 1;
}
