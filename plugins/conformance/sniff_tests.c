/* SPDX-License-Identifier: Apache-2.0 */
/* Whether sniff() answers to anything, always the same. */
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "plugins/conformance/trial.h"
#include "plugins/name.h"

enum {
	HEAD_MAX = 4096,
	SURE_MAX = 100,
	HEADS = 400,
};

/* A head whose last byte is the last that can be read. */
struct head {
	uint8_t *map, *at;
	uint64_t n_bytes;
};

static int head_init(struct head *h)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	void *map = mmap(NULL, HEAD_MAX + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (map == MAP_FAILED)
		return 0;
	h->map = map;
	return mprotect(h->map + HEAD_MAX, page, PROT_NONE) == 0;
}

static void head_set(struct head *h, const void *bytes, uint64_t n)
{
	h->at = h->map + HEAD_MAX - n;
	h->n_bytes = n;
	if (n)
		memcpy(h->at, bytes, n);
}

/* Random bytes, or the beginning of a sample with random changes. */
static void head_random(struct head *h, const struct trial *t, uint64_t *random)
{
	const struct sample *s = &t->samples->all[trial_random(random, t->samples->n)];
	uint8_t bytes[HEAD_MAX];
	uint64_t n = trial_random(random, HEAD_MAX + 1);
	int is_sample = trial_random(random, 2) && s->n_bytes;

	for (uint64_t i = 0; i < n; i++)
		bytes[i] = is_sample && trial_random(random, 50) ? s->at[i % s->n_bytes]
		                                                 : (uint8_t)trial_random(random, 256);
	head_set(h, bytes, n);
}

static void sniff_takes_any_bytes(struct trial *t)
{
	static const char *const names[] = { "", "a", "x.prof", "\xff\xfe", ".", "very.long.name.with.dots.txt" };
	uint64_t random = t->seed;
	uint32_t sure;
	struct head h;

	if (!head_init(&h))
		trial_fail(t, "no memory");
	for (uint32_t i = 0; i < HEADS && !trial_is_over(t); i++) {
		head_random(&h, t, &random);
		if (i == 0)
			head_set(&h, "", 0);
		sure = t->c->sniff(name_text(names[i % 6]), h.at, h.n_bytes);
		if (sure > SURE_MAX)
			trial_fail(t, "it is %u sure of 100, of %llu bytes", sure, (unsigned long long)h.n_bytes);
	}
}

static void sniff_says_the_same_again(struct trial *t)
{
	uint64_t random = t->seed;
	uint32_t sure[HEADS];
	struct head h;

	if (!head_init(&h))
		trial_fail(t, "no memory");
	for (int pass = 0; pass < 2; pass++) {
		random = t->seed;
		for (uint32_t i = 0; i < HEADS && !trial_is_over(t); i++) {
			uint32_t is;

			head_random(&h, t, &random);
			is = t->c->sniff(name_text("sample.txt"), h.at, h.n_bytes);
			if (pass && is != sure[i])
				trial_fail(t, "the same %llu bytes were %u sure, then %u",
				           (unsigned long long)h.n_bytes, sure[i], is);
			sure[i] = is;
		}
	}
}

static int has_pattern_for(const struct trial *t, const char *name)
{
	for (uint32_t i = 0; i < t->c->n_claims; i++)
		if (t->c->claims[i].kind == WEIR_CLAIM_FILE && fnmatch(t->c->claims[i].pattern, name, 0) == 0)
			return 1;
	return 0;
}

static void claims_its_samples(struct trial *t)
{
	for (uint32_t i = 0; i < t->samples->n_own; i++) {
		const struct sample *s = &t->samples->all[i];
		uint64_t n_head = s->n_bytes < HEAD_MAX ? s->n_bytes : HEAD_MAX;

		if (!has_pattern_for(t, s->name))
			trial_fail(t, "%s: no claim's pattern fits it", s->name);
		else if (t->c->sniff && t->c->sniff(name_text(s->name), s->at, n_head) == 0)
			trial_fail(t, "%s: a pattern fits, and its sniff says that it is not its own", s->name);
	}
}

const struct trial_test sniff_tests[] = {
	{ "sniff_takes_any_bytes", "sniff answers 0 to 100 to any bytes", sniff_takes_any_bytes, TRIAL_TAKEN,
	  TRIAL_FILE | TRIAL_SNIFF, 0 },
	{ "sniff_says_the_same_again", "sniff says the same of the same bytes", sniff_says_the_same_again, TRIAL_TAKEN,
	  TRIAL_FILE | TRIAL_SNIFF, 0 },
	{ "claims_its_samples", "it claims the samples that were given", claims_its_samples, TRIAL_TAKEN,
	  TRIAL_FILE | TRIAL_SAMPLE, 0 },
	{ 0 },
};
