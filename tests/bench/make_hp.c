/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/make_hp.h"

#include <inttypes.h>
#include <string.h>

enum {
	LABEL_BYTES = 40,
	PATH_BYTES = 24, /* what the run-time system leaves of a path */
};

static const char *const centres[] = {
	"tickChainState", "applyBlock",  "go",       "main.\\", "forgeBlock", "addTxs.\\.\\",
	"Map.insertWith", "decodeBlock", "snapshot", "query",   "peerLoop",   "validate.tx",
	"mkRec",          "w",           "Main.CAF", "hash"
};

static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static void make_label(char *label, uint32_t id, uint64_t *seed)
{
	char path[128];
	int n = 0;

	for (uint64_t k = 1 + next_random(seed) % 4; k; k--)
		n += snprintf(path + n, sizeof(path) - (size_t)n, "%s%s", n ? "/" : "",
		              centres[next_random(seed) % 16]);
	if (n > PATH_BYTES)
		memcpy(path + PATH_BYTES - 3, "...", 4);
	(void)snprintf(label, LABEL_BYTES, "(%u)%.*s", id, PATH_BYTES, path);
}

uint64_t make_hp(const struct make_hp *how, uint64_t n_bytes, FILE *to)
{
	static char labels[MAKE_HP_STACKS_MAX][LABEL_BYTES];
	static uint64_t values[MAKE_HP_STACKS_MAX];
	uint64_t seed = how->seed, n_bands = 0, n_out = 0;

	for (uint32_t i = 0; i < how->n_stacks; i++) {
		make_label(labels[i], 150 + i * 3, &seed);
		values[i] = 16 << next_random(&seed) % 22;
	}
	n_out += (uint64_t)fprintf(
		to, "JOB \"bench +RTS -hc -i0.1\"\nDATE \"Sat Nov 21 00:08 2026\"\nSAMPLE_UNIT \"seconds\"\n"
		    "VALUE_UNIT \"bytes\"\nBEGIN_SAMPLE 0.000000\nEND_SAMPLE 0.000000\n");
	for (uint64_t t = 1; n_out < n_bytes; t++) {
		uint64_t start = next_random(&seed) % how->n_stacks;

		n_out += (uint64_t)fprintf(to, "BEGIN_SAMPLE %" PRIu64 ".%" PRIu64 "00000\n", t / 10, t % 10);
		for (uint32_t i = 0; i < how->n_stacks; i++) {
			/* 2053 is a prime, and so each census has all stacks once. */
			uint64_t k = (start + (uint64_t)i * 2053) % how->n_stacks, r = next_random(&seed);

			values[k] += (values[k] >> 4) * (r % 33) / 16 + 8 * (r >> 8) % 64;
			values[k] -= values[k] >> 4 < values[k] ? values[k] >> 4 : 0;
			if (r >> 32 & 15) {
				n_out +=
					(uint64_t)fprintf(to, "%s\t%" PRIu64 "\n", labels[k], values[k] & ~(uint64_t)7);
				n_bands++;
			}
		}
		n_out += (uint64_t)fprintf(to, "END_SAMPLE %" PRIu64 ".%" PRIu64 "00000\n", t / 10, t % 10);
	}
	return n_bands;
}
