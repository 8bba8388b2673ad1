/* SPDX-License-Identifier: Apache-2.0 */
/* The smallest collector: how many lines a text file has. */
#include <errno.h>
#include <stdlib.h>
#include <weir/collector.h>
#include <weir/fail.h>

struct weir_instance {
	const struct weir_host *host;
	uint64_t n_used;
	int64_t n_lines;
};

static int lines_open(const struct weir_host *h, struct weir_instance **ret, struct weir_error *reterr)
{
	*ret = calloc(1, sizeof(**ret));
	if (!*ret)
		return weir_fail(reterr, -ENOMEM, "lines: open: no memory");
	(*ret)->host = h;
	return h->clock(h, &(struct weir_clock){ "system clock", { "when it was counted", 19 }, 0 });
}

static int lines_poll(struct weir_instance *i, int64_t now_ns, struct weir_error *reterr)
{
	const struct weir_host *h = i->host;
	struct weir_chunk c;
	int r = h->input(h, 0, i->n_used, &c);

	i->n_used = c.n_bytes;
	for (uint64_t k = 0; r == WEIR_OK && k < c.n_bytes; k++)
		i->n_lines += c.at[k] == '\n';
	if (r != WEIR_END)
		return r < 0 ? weir_fail(reterr, r, "lines: input: cannot be read") : r;
	h->tally(h, WEIR_READ, (uint64_t)i->n_lines, NULL);
	h->tally(h, WEIR_STORED, (uint64_t)i->n_lines, NULL);
	r = h->numbers(h, &(struct weir_number){ now_ns, { i->n_lines }, h->series(h, 0, NULL, 0), 0 }, 1);
	return r < 0 ? weir_fail(reterr, r, "lines: number: not taken") : WEIR_END;
}

static void lines_close(struct weir_instance *i)
{
	free(i);
}

/* clang-format off */
static const struct weir_metric metrics[] = {
	{ .name = "file.lines", .unit = "{line}", .brief = "lines", .help = "Line ends of the file.",
	  .shape = WEIR_SHAPE_NUMBER, .kind = WEIR_KIND_GAUGE, .type = WEIR_TYPE_I64, .range = WEIR_RANGE_FROM_ZERO },
};
static const struct weir_claim claims[] = { { .pattern = "*.txt", .kind = WEIR_CLAIM_FILE } };

const struct weir_collector weir_collector = {
	.abi_major = WEIR_ABI_MAJOR, .abi_minor = WEIR_ABI_MINOR, .size = sizeof(struct weir_collector),
	.name = "lines", .version = "1.0", .summary = "counts the lines of a text file", .licence = "Apache-2.0",
	.metrics = metrics, .n_metrics = 1, .claims = claims, .n_claims = 1,
	.open = lines_open, .poll = lines_poll, .close = lines_close };
