/* SPDX-License-Identifier: Apache-2.0 */
/* A collector that costs nothing itself, so that what is measured is the host: the input is 16-byte records of a time
 * and a value, each of which is a number of one of 16 series. */
#include <stdlib.h>
#include <string.h>
#include <weir/collector.h>

enum {
	SERIES = 16,
	BATCH = 1024,
	RECORD_BYTES = 16,
};

struct weir_instance {
	const struct weir_host *host;
	uint64_t n_used;
	uint64_t n_records;
	uint32_t series[SERIES];
	struct weir_number batch[BATCH];
};

static int points_open(const struct weir_host *h, struct weir_instance **ret, struct weir_error *reterr)
{
	struct weir_instance *i = calloc(1, sizeof(*i));
	char name[] = "a";
	struct weir_attr attr = { { "series", 6 }, { name, 1 } };

	(void)reterr;
	if (!i)
		return -12;
	i->host = h;
	for (uint32_t k = 0; k < SERIES; k++, name[0]++)
		i->series[k] = h->series(h, 0, &attr, 1);
	*ret = i;
	return WEIR_OK;
}

static int points_poll(struct weir_instance *i, int64_t now_ns, struct weir_error *reterr)
{
	struct weir_chunk c;
	uint64_t n_batch;
	int r = i->host->input(i->host, 0, i->n_used, &c);

	(void)now_ns, (void)reterr;
	i->n_used = 0;
	while (r == WEIR_OK && c.n_bytes - i->n_used >= RECORD_BYTES) {
		for (n_batch = 0; n_batch < BATCH && c.n_bytes - i->n_used >= RECORD_BYTES; n_batch++) {
			struct weir_number *number = &i->batch[n_batch];

			memcpy(&number->time_ns, c.at + i->n_used, 8);
			memcpy(&number->value, c.at + i->n_used + 8, 8);
			number->series = i->series[i->n_records++ % SERIES];
			i->n_used += RECORD_BYTES;
		}
		r = i->host->numbers(i->host, i->batch, n_batch);
		i->host->tally(i->host, WEIR_READ, n_batch, NULL);
		i->host->tally(i->host, WEIR_STORED, n_batch, NULL);
	}
	return r;
}

static void points_close(struct weir_instance *i)
{
	free(i);
}

static const struct weir_metric metrics[] = {
	{ "bench.points", "1", "points", "Points of the benchmark.", WEIR_SHAPE_NUMBER, WEIR_KIND_GAUGE,
	  WEIR_TYPE_I64 },
};
static const struct weir_claim claims[] = { { "*.points", WEIR_CLAIM_FILE } };

const struct weir_collector weir_collector = {
	.abi_major = WEIR_ABI_MAJOR,
	.abi_minor = WEIR_ABI_MINOR,
	.size = sizeof(struct weir_collector),
	.name = "points",
	.version = "1.0",
	.summary = "Points of the benchmark.",
	.licence = "Apache-2.0",
	.metrics = metrics,
	.claims = claims,
	.n_metrics = 1,
	.n_claims = 1,
	.open = points_open,
	.poll = points_poll,
	.close = points_close,
};
