/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/ledger.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/json.h"

void ledger_init(struct ledger *g)
{
	*g = (struct ledger){ .severity = -1 };
}

static void add(uint64_t *count, uint64_t n)
{
	if (__builtin_add_overflow(*count, n, count))
		*count = UINT64_MAX;
}

static struct ledger_reason *find_reason(struct ledger *g, uint32_t kind, const char *name)
{
	for (uint32_t i = 0; i < g->n_reasons; i++)
		if (g->reasons[i].kind == kind && strcmp(g->reasons[i].name, name) == 0)
			return &g->reasons[i];
	return NULL;
}

static struct ledger_reason *new_reason(struct ledger *g, uint32_t kind, const char *name)
{
	struct ledger_reason *r = &g->reasons[g->n_reasons++];

	r->kind = kind;
	(void)snprintf(r->name, sizeof(r->name), "%s", name);
	return r;
}

/* The last three rows are kept for `other` of each kind. */
static struct ledger_reason *reason_row(struct ledger *g, uint32_t kind, const char *name)
{
	struct ledger_reason *r = find_reason(g, kind, name);

	if (r)
		return r;
	if (g->n_reasons < LEND_REASONS_MAX - 3)
		return new_reason(g, kind, name);
	r = find_reason(g, kind, "other");
	return r ? r : new_reason(g, kind, "other");
}

int ledger_tally(struct ledger *g, uint32_t kind, uint64_t n, const char *reason)
{
	if (kind > WEIR_LOST)
		return 0;
	add(&g->counts[kind], n);
	if (kind < WEIR_SKIPPED || n == 0)
		return 1;
	if (!reason)
		reason = "unnamed";
	else if (!name_is_dotted_string(reason))
		reason = "other";
	add(&reason_row(g, kind, reason)->n, n);
	return 1;
}

static struct ledger_code *code_row(struct ledger *g, const char *name)
{
	for (uint32_t i = 0; i < g->n_codes; i++)
		if (strcmp(g->codes[i].name, name) == 0)
			return &g->codes[i];
	if (g->n_codes == LEND_DIAG_CODES_MAX)
		return &g->codes[LEND_DIAG_CODES_MAX - 1];
	if (g->n_codes == LEND_DIAG_CODES_MAX - 1)
		name = "host.other_codes";
	(void)snprintf(g->codes[g->n_codes].name, sizeof(g->codes[0].name), "%s", name);
	return &g->codes[g->n_codes++];
}

int ledger_complain(struct ledger *g, const char *code, uint64_t count, uint32_t severity)
{
	struct ledger_code *row = code_row(g, code);

	if ((int)severity > g->severity)
		g->severity = (int)severity;
	if (row->n_passed < LEND_DIAGS_PER_CODE_MAX) {
		row->n_passed++;
		return 1;
	}
	add(&row->n_held, count);
	if (severity > row->severity)
		row->severity = severity;
	return 0;
}

int ledger_adds_up(const struct ledger *g)
{
	uint64_t sum = 0;

	add(&sum, g->counts[WEIR_STORED]);
	add(&sum, g->counts[WEIR_SKIPPED]);
	add(&sum, g->counts[WEIR_BAD]);
	return sum == g->counts[WEIR_READ];
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct ledger_reason *)a)->name, ((const struct ledger_reason *)b)->name);
}

static void put(struct json_out *out, const char *text)
{
	json_put_raw(out, name_text(text));
}

static void put_count(struct json_out *out, const struct ledger_reason *r)
{
	char count[24];

	(void)snprintf(count, sizeof(count), "%" PRIu64, r->n);
	json_put_string(out, name_text(r->name));
	put(out, ":");
	put(out, count);
}

static void put_kind(struct json_out *out, const struct ledger *g, uint32_t kind, const char *name)
{
	int n_put = 0;

	for (uint32_t i = 0; i < g->n_reasons; i++) {
		if (g->reasons[i].kind != kind)
			continue;
		if (n_put++ == 0) {
			put(out, out->n > 1 ? "," : "");
			json_put_string(out, name_text(name));
			put(out, ":{");
		} else {
			put(out, ",");
		}
		put_count(out, &g->reasons[i]);
	}
	put(out, n_put ? "}" : "");
}

const char *ledger_reasons_json(struct ledger *g)
{
	struct json_out out = { .at = g->json, .n_max = sizeof(g->json) - 1 };

	qsort(g->reasons, g->n_reasons, sizeof(g->reasons[0]), by_name);
	put(&out, "{");
	put_kind(&out, g, WEIR_BAD, "bad");
	put_kind(&out, g, WEIR_LOST, "lost");
	put_kind(&out, g, WEIR_SKIPPED, "skipped");
	put(&out, "}");
	g->json[out.n] = '\0';
	return g->json;
}
