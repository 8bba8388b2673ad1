/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/description.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <weir/fail.h>

#include "plugins/loader.h"

/* The bytes: a struct head, the tables' rows as they are in memory, then all texts with their NULs in the order in
 * which the rows point to them. Writer and reader are one program, so layouts agree; the pointers in the rows only say
 * whether there is a text at all. */
struct head {
	struct weir_collector collector;
	uint64_t n_texts; /* bytes */
};

struct tables {
	struct weir_collector *collector;
	struct weir_metric *metrics;
	struct weir_option *options;
	struct weir_claim *claims;
	const char **companions;
};

/* Calls visit for every text of the tables, in one order. */
struct visitor;
typedef int visit_text(struct visitor *v, const char **text);

static int visit_row(struct visitor *v, visit_text *visit, const char **texts[], size_t n)
{
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++)
		r = visit(v, texts[i]);
	return r;
}

static int visit_all(const struct tables *t, struct visitor *v, visit_text *visit)
{
	struct weir_collector *c = t->collector;
	int r = visit_row(v, visit, (const char **[]){ &c->name, &c->version, &c->summary, &c->licence }, 4);

	for (uint32_t i = 0; i < c->n_metrics && r == 0; i++) {
		struct weir_metric *m = &t->metrics[i];
		r = visit_row(v, visit, (const char **[]){ &m->name, &m->unit, &m->brief, &m->help }, 4);
	}
	for (uint32_t i = 0; i < c->n_options && r == 0; i++) {
		struct weir_option *o = &t->options[i];
		r = visit_row(v, visit, (const char **[]){ &o->name, &o->fallback, &o->choices, &o->help }, 4);
	}
	for (uint32_t i = 0; i < c->n_claims && r == 0; i++)
		r = visit(v, &t->claims[i].pattern);
	for (uint32_t i = 0; i < c->n_companions && r == 0; i++)
		r = visit(v, &t->companions[i]);
	return r;
}

static uint64_t table_bytes(const struct weir_collector *c)
{
	return c->n_metrics * sizeof(struct weir_metric) + c->n_options * sizeof(struct weir_option) +
	       c->n_claims * sizeof(struct weir_claim) + c->n_companions * sizeof(const char *);
}

/* Where the tables are in memory that starts with a head. */
static struct tables tables_in(uint8_t *memory)
{
	struct head *head = (struct head *)memory;
	struct tables t = { .collector = &head->collector, .metrics = (struct weir_metric *)(head + 1) };

	t.options = (struct weir_option *)(t.metrics + head->collector.n_metrics);
	t.claims = (struct weir_claim *)(t.options + head->collector.n_options);
	t.companions = (const char **)(t.claims + head->collector.n_claims);
	return t;
}

struct visitor {
	uint64_t n_left; /* bytes of texts that are yet to come */
	char *at;
};

static int count_text(struct visitor *v, const char **text)
{
	if (*text)
		v->n_left += strlen(*text) + 1;
	return 0;
}

static int copy_text(struct visitor *v, const char **text)
{
	if (*text)
		v->at = stpcpy(v->at, *text) + 1;
	return 0;
}

/* Gives a row the text that comes next in the bytes. */
static int claim_text(struct visitor *v, const char **text)
{
	uint64_t n;

	if (!*text)
		return 0;
	n = strnlen(v->at, v->n_left);
	if (n == v->n_left)
		return -EBADMSG;
	*text = v->at;
	v->at += n + 1;
	v->n_left -= n + 1;
	return 0;
}

static void copy_rows(const struct tables *t, const struct weir_collector *c)
{
	if (c->n_metrics)
		memcpy(t->metrics, c->metrics, c->n_metrics * sizeof(*t->metrics));
	if (c->n_options)
		memcpy(t->options, c->options, c->n_options * sizeof(*t->options));
	if (c->n_claims)
		memcpy(t->claims, c->claims, c->n_claims * sizeof(*t->claims));
	if (c->n_companions)
		memcpy(t->companions, c->companions, c->n_companions * sizeof(*t->companions));
}

int description_write(const struct weir_collector *c, uint8_t **ret, uint64_t *ret_n)
{
	uint64_t n = sizeof(struct head) + table_bytes(c);
	uint8_t *memory = malloc(n), *grown;
	struct visitor v = { 0 };
	struct tables t;

	if (!memory)
		return -ENOMEM;
	*(struct head *)memory = (struct head){ .collector = *c };
	t = tables_in(memory);
	copy_rows(&t, c);
	(void)visit_all(&t, &v, count_text);
	((struct head *)memory)->n_texts = v.n_left;
	grown = realloc(memory, n + v.n_left);
	if (!grown) {
		free(memory);
		return -ENOMEM;
	}
	t = tables_in(grown);
	v.at = (char *)grown + n;
	(void)visit_all(&t, &v, copy_text);
	*ret = grown;
	*ret_n = n + v.n_left;
	return 0;
}

static int is_possible(const struct head *head, uint64_t n)
{
	const struct weir_collector *c = &head->collector;

	return c->n_metrics <= LOADER_METRICS_MAX && c->n_options <= LOADER_OPTIONS_MAX &&
	       c->n_claims <= LOADER_CLAIMS_MAX && c->n_companions <= LOADER_COMPANIONS_MAX &&
	       head->n_texts <= DESCRIPTION_BYTES_MAX && n == sizeof(*head) + table_bytes(c) + head->n_texts;
}

static int read_into(uint8_t *memory, uint64_t n, const char *what, struct weir_collector *ret,
                     struct weir_error *reterr)
{
	struct head *head = (struct head *)memory;
	struct tables t = tables_in(memory);
	struct visitor v = { head->n_texts, (char *)memory + n - head->n_texts };

	if (visit_all(&t, &v, claim_text) < 0 || v.n_left > 0)
		return weir_fail(reterr, -EBADMSG, "collector %s: its description has texts that don't end", what);
	t.collector->metrics = t.metrics;
	t.collector->options = t.options;
	t.collector->claims = t.claims;
	t.collector->companions = t.companions;
	return loader_check(t.collector, what, ret, reterr);
}

int description_read(const uint8_t *at, uint64_t n, const char *what, struct weir_collector *ret, void **ret_memory,
                     struct weir_error *reterr)
{
	struct head head;
	uint8_t *memory;
	int r;

	if (n < sizeof(head) || n > DESCRIPTION_BYTES_MAX)
		return weir_fail(reterr, -EBADMSG, "collector %s: its description has %llu bytes", what,
		                 (unsigned long long)n);
	memcpy(&head, at, sizeof(head));
	if (!is_possible(&head, n))
		return weir_fail(reterr, -EBADMSG, "collector %s: its description lies about its size", what);
	memory = malloc(n);
	if (!memory)
		return weir_fail(reterr, -ENOMEM, "collector %s: no memory", what);
	memcpy(memory, at, n);
	r = read_into(memory, n, what, ret, reterr);
	if (r < 0) {
		free(memory);
		return r;
	}
	*ret_memory = memory;
	return 0;
}
