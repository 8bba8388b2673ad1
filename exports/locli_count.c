/* SPDX-License-Identifier: Apache-2.0 */
#include "exports/locli_count.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int has(struct parse_text t, const char *word)
{
	return t.n && memmem(t.at, t.n, word, strlen(word));
}

static int is_timeline(struct parse_text ns, struct parse_text kind)
{
	return has(ns, "DownloadedHeader") || has(kind, "DownloadedHeader") || has(ns, "TraceForgedBlock") ||
	       has(kind, "TraceForgedBlock");
}

/* The analysis counts with jq: `(.ns[0] // .ns) + ":" + (.data.kind // .data.val.kind)`, or the type of data that is no
 * object. 1: that gives another name than locli's. */
static inline int other_name(const struct trace_line *line, struct parse_text *ret_ns, struct parse_text *ret_kind)
{
	static const char *const types[] = {
		"null", "object", "array", "string", "number", "boolean", "boolean", "null"
	};
	const struct jsontext_value *wrapped;
	struct jsontext_value key, value;
	struct jsontext_cursor c;
	int is_first = 1;

	*ret_ns = line->ns;
	*ret_kind = line->kind;
	if (line->ns_is_array == 2)
		ret_ns->n = line->n_ns_first;
	if (line->data.type != JSONTEXT_OBJECT) {
		*ret_kind = (struct parse_text){ types[line->data.type], strlen(types[line->data.type]) };
		return 1;
	}
	wrapped = line->kind.n ? NULL : trace_member(line, "val");
	if (wrapped && wrapped->type == JSONTEXT_OBJECT) {
		c = jsontext_on(wrapped->raw.at, wrapped->raw.n);
		(void)jsontext_enter(&c, '{');
		while (jsontext_member(&c, &is_first, &key, &value) == PARSE_OK)
			if (key.raw.n == 4 && !memcmp(key.raw.at, "kind", 4) && value.type == JSONTEXT_STRING)
				*ret_kind = value.raw;
		return 1;
	}
	return line->ns_is_array == 2;
}

static void count_for_jq(struct locli_count *c, const struct trace_line *line, const struct trace_name *name)
{
	struct parse_text ns, kind;

	if (!other_name(line, &ns, &kind))
		return;
	if (name)
		c->n_elsewhere[name - c->names.entries]++;
	(void)trace_names_count(&c->others, ns, kind);
}

static uint32_t mark_of(const struct trace_line *line)
{
	return locli_rule(line->ns, line->kind) | (is_timeline(line->ns, line->kind) ? LOCLI_COUNT_TIMELINE : 0u);
}

uint32_t locli_count_trace(struct locli_count *c, const struct trace_line *line, struct trace_name **ret_name)
{
	struct trace_name *name = trace_names_count(&c->names, line->ns, line->kind);

	if (name && name->count == 1)
		name->mark = (uint16_t)mark_of(line);
	count_for_jq(c, line, name);
	*ret_name = name;
	return name ? name->mark : mark_of(line);
}

void locli_count_refuse(struct locli_count *c, const struct trace_name *name)
{
	if (name)
		c->n_refused[name - c->names.entries]++;
}

void locli_count_object(struct locli_count *c, const struct trace_line *line)
{
	count_for_jq(c, line, NULL);
}

/* ---- What is made of it ---- */

static size_t name_text(const struct trace_names *names, const struct trace_name *name, char *to, size_t size)
{
	struct parse_text ns = trace_names_ns(names, name), kind = trace_names_kind(names, name);
	int n = snprintf(to, size, "%.*s:%.*s", (int)ns.n, ns.at, (int)kind.n, kind.at);

	return n < 0 ? 0 : (size_t)n < size ? (size_t)n : size - 1;
}

static void put_frequencies(struct jsonout *j, const struct trace_names *names, const uint64_t *n_elsewhere)
{
	char text[2 * UINT16_MAX + 2];

	for (uint32_t i = 0; i < names->n_entries; i++) {
		uint64_t n = names->entries[i].count - (n_elsewhere ? n_elsewhere[i] : 0);

		(void)name_text(names, &names->entries[i], text, sizeof(text));
		if (n)
			jsonout_u64(j, text, n);
	}
}

void locli_count_put(const struct locli_count *c, struct jsonout *j)
{
	put_frequencies(j, &c->names, c->n_elsewhere);
	put_frequencies(j, &c->others, NULL);
}

struct frequency {
	char *name;
	uint64_t count;
};

static int by_frequency_name(const void *a, const void *b)
{
	const struct frequency *x = a, *y = b;

	return strcmp(x->name, y->name);
}

int locli_count_store(const struct locli_count *c, struct locli_db *db, uint64_t *ret_sum)
{
	struct frequency *all = calloc(TRACE_NAMES_MAX, sizeof(*all));
	uint32_t n = 0;
	char text[2 * UINT16_MAX + 2];
	int result = all ? 0 : -ENOMEM;

	for (uint32_t i = 0; i < c->names.n_entries && result == 0; i++) {
		const struct trace_name *name = &c->names.entries[i];

		if (name->count == c->n_refused[i])
			continue;
		(void)name_text(&c->names, name, text, sizeof(text));
		all[n] = (struct frequency){ strdup(text), name->count - c->n_refused[i] };
		result = all[n++].name ? 0 : -ENOMEM;
	}
	if (result == 0)
		qsort(all, n, sizeof(*all), by_frequency_name);
	for (uint32_t i = 0; i < n; i++) {
		if (result == 0)
			result = locli_db_frequency(db, all[i].name, all[i].count);
		*ret_sum += all[i].count;
		free(all[i].name);
	}
	free(all);
	return result;
}
