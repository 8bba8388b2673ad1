/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/reader.h"
#include "cli/say.h"
#include "cli/table.h"
#include "cli/verbs.h"
#include "exports/jsonout.h"
#include "plugins/registry.h"
#include "store/store.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	DICT_JSON,
	DICT_MARKDOWN,
};

static const struct page_option options[] = {
	[DICT_JSON] = { "json", NULL, "an array of entries", 0 },
	[DICT_MARKDOWN] = { "markdown", NULL, "as docs/dictionary.md", 0 },
};

const struct page dict_page = {
	.verb = "dict",
	.arguments = "[STORE] [--json|--markdown]",
	.about = "Prints the data dictionary: what every metric is. Of a store, or of all collectors that are found.\n",
	.options = options,
	.n_options = sizeof(options) / sizeof(options[0]),
	.max_arguments = 1,
};

/* An entry, in the words of the view `metrics`. */
struct entry {
	char *name, *shape, *kind, *type, *unit, *brief, *help, *scale, *range, *collectors;
	int better;
};

struct dictionary {
	struct entry *entries;
	uint32_t n;
};

static const char *word(const char *const *words, size_t n, uint8_t value)
{
	return value < n && words[value] ? words[value] : "";
}

#define WORD(words, value) word(words, sizeof(words) / sizeof((words)[0]), value)

static void dictionary_done(struct dictionary *d)
{
	for (uint32_t i = 0; i < d->n; i++) {
		struct entry *e = &d->entries[i];
		char *texts[] = { e->name,  e->shape, e->kind,  e->type,  e->unit,
			          e->brief, e->help,  e->scale, e->range, e->collectors };

		for (size_t j = 0; j < sizeof(texts) / sizeof(texts[0]); j++)
			free(texts[j]);
	}
	free(d->entries);
	*d = (struct dictionary){ 0 };
}

/* texts: in the order of the struct. */
static int add(struct dictionary *d, const char *const texts[10], int better)
{
	struct entry *more = reallocarray(d->entries, d->n + 1, sizeof(*more));
	char *copies[10];
	int is_whole = 1;

	if (!more)
		return -ENOMEM;
	d->entries = more;
	for (int i = 0; i < 10; i++) {
		copies[i] = strdup(texts[i] ? texts[i] : "");
		is_whole &= copies[i] != NULL;
	}
	more[d->n++] = (struct entry){ copies[0], copies[1], copies[2], copies[3], copies[4], copies[5],
		                       copies[6], copies[7], copies[8], copies[9], better };
	return is_whole ? 0 : -ENOMEM;
}

static int find(const struct dictionary *d, const char *name)
{
	for (uint32_t i = 0; i < d->n; i++)
		if (strcmp(d->entries[i].name, name) == 0)
			return (int)i;
	return -1;
}

static int add_collector(struct entry *e, const char *name)
{
	char *both;

	if (asprintf(&both, "%s,%s", e->collectors, name) < 0)
		return -ENOMEM;
	free(e->collectors);
	e->collectors = both;
	return 0;
}

static int take_metric(struct dictionary *d, const struct registry_collector *c, const struct weir_metric *m)
{
	static const char *const shapes[] = { [WEIR_SHAPE_NUMBER] = "number",
		                              [WEIR_SHAPE_HISTOGRAM] = "histogram",
		                              [WEIR_SHAPE_SPAN] = "span",
		                              [WEIR_SHAPE_WEIGHT] = "weight" };
	static const char *const kinds[] = { [WEIR_KIND_GAUGE] = "gauge", [WEIR_KIND_COUNTER] = "counter" };
	static const char *const types[] = { [WEIR_TYPE_I64] = "i64", [WEIR_TYPE_F64] = "f64" };
	static const char *const scales[] = { [WEIR_SCALE_LINEAR] = "lin", [WEIR_SCALE_LOG] = "log" };
	static const char *const ranges[] = { [WEIR_RANGE_FREE] = "free",
		                              [WEIR_RANGE_FROM_ZERO] = "0..",
		                              [WEIR_RANGE_FROM_ONE] = "1..",
		                              [WEIR_RANGE_ZERO_TO_ONE] = "0..1" };
	int i = find(d, m->name);

	if (i >= 0)
		return add_collector(&d->entries[i], c->name);
	return add(d,
	           (const char *const[]){ m->name, WORD(shapes, m->shape), WORD(kinds, m->kind), WORD(types, m->type),
	                                  m->unit, m->brief, m->help, WORD(scales, m->scale), WORD(ranges, m->range),
	                                  c->name },
	           m->better);
}

static void hear(struct registry_listener *nobody, uint32_t severity, const char *sentence)
{
	if (severity != WEIR_NOTE)
		say("dict: %s", sentence);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct entry *)a)->name, ((const struct entry *)b)->name);
}

static int of_collectors(struct dictionary *d)
{
	struct registry *r;
	struct weir_error error;
	int result = registry_open(&(struct registry_config){ .say = hear }, &r, &error);

	if (result < 0) {
		say("dict: %s", error.text);
		return result;
	}
	for (uint32_t i = 0; i < registry_count(r) && result == 0; i++) {
		const struct registry_collector *c = registry_at(r, i);

		for (uint32_t j = 0; j < c->n_metrics && result == 0; j++)
			result = take_metric(d, c, &c->metrics[j]);
	}
	if (result < 0)
		say("dict: no memory");
	if (result == 0 && d->n == 0)
		say("dict: no collectors were found; `weir plugins list` says where they are looked for");
	registry_close(r);
	if (d->n > 0)
		qsort(d->entries, d->n, sizeof(*d->entries), by_name);
	return result == 0 && d->n == 0 ? -ENOENT : result;
}

static int of_store(struct dictionary *d, const char *path)
{
	struct store *s = reader_open("dict", path);
	sqlite3_stmt *q = NULL;
	int result = -1;

	if (s)
		q = reader_query(s, "dict",
		                 "SELECT name, shape, kind, type, unit, short, help, scale, range, collector, better"
		                 " FROM metrics ORDER BY name",
		                 NULL, 0);
	while (q && (result = reader_step(q, "dict")) > 0) {
		const char *texts[10];

		for (int i = 0; i < 10; i++)
			texts[i] = reader_text(q, i);
		result = add(d, texts, sqlite3_column_int(q, 10));
		if (result < 0) {
			say("dict: no memory");
			break;
		}
	}
	(void)sqlite3_finalize(q);
	store_close(s);
	return result;
}

static void print_json(const struct dictionary *d)
{
	struct jsonout j = jsonout_on(stdout, 0);

	jsonout_array(&j, NULL);
	for (uint32_t i = 0; i < d->n; i++) {
		const struct entry *e = &d->entries[i];

		jsonout_object(&j, NULL);
		jsonout_text(&j, "name", e->name);
		jsonout_text(&j, "shape", e->shape);
		jsonout_text(&j, "kind", *e->kind ? e->kind : NULL);
		jsonout_text(&j, "type", *e->type ? e->type : NULL);
		jsonout_text(&j, "unit", e->unit);
		jsonout_i64(&j, "better", e->better);
		jsonout_text(&j, "short", e->brief);
		jsonout_text(&j, "help", e->help);
		jsonout_text(&j, "scale", e->scale);
		jsonout_text(&j, "range", e->range);
		jsonout_text(&j, "collector", e->collectors);
		jsonout_end(&j);
	}
	jsonout_end(&j);
}

/* A bar ends a cell of a Markdown table. */
static void print_cell(const char *text)
{
	for (; *text; text++) {
		if (*text == '|')
			(void)putchar('\\');
		(void)putchar(*text);
	}
}

static void print_markdown(const struct dictionary *d)
{
	printf("# Data dictionary\n\n"
	       "Every metric that the collectors of this tree can emit, as `weir dict --markdown` prints it. `better` "
	       "is -1 "
	       "where\nless is better, +1 where more is.\n\n"
	       "| metric | shape | kind | unit | better | scale, range | collector | what it is |\n"
	       "|---|---|---|---|---|---|---|---|\n");
	for (uint32_t i = 0; i < d->n; i++) {
		const struct entry *e = &d->entries[i];

		printf("| `%s` | %s | %s | `%s` | %d | %s, %s | %s | **", e->name, e->shape, *e->kind ? e->kind : "-",
		       e->unit, e->better, e->scale, e->range, e->collectors);
		print_cell(e->brief);
		printf("**: ");
		print_cell(e->help);
		printf(" |\n");
	}
}

static void print_text(const struct dictionary *d)
{
	static const char *const heads[] = { "metric", "shape", "unit", "collector", "what it is" };
	struct table *t = table_new(heads, 5, 0);

	for (uint32_t i = 0; t && i < d->n; i++) {
		const struct entry *e = &d->entries[i];

		table_put(t, TABLE_LEFT, "%s", e->name);
		table_put(t, TABLE_LEFT, "%s%s%s", e->shape, *e->kind ? ", " : "", e->kind);
		table_put(t, TABLE_LEFT, "%s", e->unit);
		table_put(t, TABLE_LEFT, "%s", e->collectors);
		table_put(t, TABLE_LEFT, "%s: %s", e->brief, e->help);
	}
	table_end(t);
}

int verb_dict(int argc, char **argv)
{
	struct dictionary d = { 0 };
	const char *argument;
	int row, format = -1, result;

	while ((row = page_next(&dict_page, argc, argv, &argument)) >= 0)
		format = row;
	if (row != PAGE_DONE)
		return page_exit(row);
	result = optind < argc ? of_store(&d, argv[optind]) : of_collectors(&d);
	if (result == 0 && format == DICT_JSON)
		print_json(&d);
	else if (result == 0 && format == DICT_MARKDOWN)
		print_markdown(&d);
	else if (result == 0)
		print_text(&d);
	dictionary_done(&d);
	return result < 0 ? EXIT_FAILED : EXIT_ALL;
}
