/* SPDX-License-Identifier: Apache-2.0 */
/* The smallest collector: how many lines a text file has. */
#include <errno.h>
#include <stdlib.h>
#include <weir/collector.h>
#include <weir/fail.h>

struct weir_instance {
	const struct weir_host *host;
	uint64_t n_lines, n_used;
};

static int lines_open(const struct weir_host *h, struct weir_instance **ret, struct weir_error *reterr)
{
	const struct weir_clock clock = { .name = "system clock", .tie = { "when it was counted", 19 } };
	struct weir_instance *i = calloc(1, sizeof(*i));

	if (!i)
		return weir_fail(reterr, -ENOMEM, "lines: open: no memory");
	i->host = h;
	*ret = i;
	return h->clock(h, &clock);
}

static int emit(struct weir_instance *i, int64_t now_ns)
{
	const struct weir_host *h = i->host;
	struct weir_number n = { .time_ns = now_ns, .series = h->series(h, 0, NULL, 0) };
	int r;

	n.value.i64 = (int64_t)i->n_lines;
	r = h->numbers(h, &n, 1);
	return r < 0 ? r : WEIR_END;
}

static int lines_poll(struct weir_instance *i, int64_t now_ns, struct weir_error *reterr)
{
	const struct weir_host *h = i->host;
	struct weir_chunk c;
	uint64_t n_before = i->n_lines;
	int r = h->input(h, 0, i->n_used, &c);

	if (r == WEIR_END)
		return emit(i, now_ns);
	if (r < 0)
		return weir_fail(reterr, r, "lines: input: cannot be read");
	for (uint64_t k = 0; k < c.n_bytes; k++)
		i->n_lines += c.at[k] == '\n';
	i->n_used = c.n_bytes;
	h->tally(h, WEIR_READ, i->n_lines - n_before, NULL);
	h->tally(h, WEIR_STORED, i->n_lines - n_before, NULL);
	return r;
}

static void lines_close(struct weir_instance *i)
{
	free(i);
}

static const struct weir_metric metrics[] = {
	{ .name = "file.lines",
	  .unit = "{line}",
	  .brief = "lines",
	  .help = "Line ends of the file.",
	  .shape = WEIR_SHAPE_NUMBER,
	  .kind = WEIR_KIND_GAUGE,
	  .type = WEIR_TYPE_I64,
	  .range = WEIR_RANGE_FROM_ZERO },
};

static const struct weir_claim claims[] = { { .pattern = "*.txt", .kind = WEIR_CLAIM_FILE } };

const struct weir_collector weir_collector = {
	.abi_major = WEIR_ABI_MAJOR,
	.abi_minor = WEIR_ABI_MINOR,
	.size = sizeof(struct weir_collector),
	.name = "lines",
	.version = "1.0",
	.summary = "counts the lines of a text file",
	.licence = "Apache-2.0",
	.metrics = metrics,
	.n_metrics = 1,
	.claims = claims,
	.n_claims = 1,
	.open = lines_open,
	.poll = lines_poll,
	.close = lines_close,
};
