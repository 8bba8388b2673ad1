/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/loader.h"

#include <ctype.h>
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <weir/fail.h>

#include "plugins/name.h"

static int is_printable(const char *text)
{
	for (; *text; text++)
		if (iscntrl((unsigned char)*text))
			return 0;
	return 1;
}

static int is_word(const char *text)
{
	return text[strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-._")] == '\0';
}

/* What a text may be: how long, and then what else. */
struct text_form {
	int (*fits)(const char *text);
	const char *words;
	uint32_t n_max;
};

static const struct text_form a_collector = { name_is_collector,
	                                      "lower case letters, digits and dashes, a letter first",
	                                      NAME_COLLECTOR_MAX };
static const struct text_form dotted = { name_is_dotted_string, "lower case words with single dots between them",
	                                 LOADER_WORD_MAX };
static const struct text_form word = { is_word, "lower case letters, digits, dots, dashes and underscores",
	                               LOADER_WORD_MAX };
static const struct text_form short_text = { is_printable, "without control characters", LOADER_WORD_MAX };
static const struct text_form long_text = { is_printable, "without control characters", LOADER_TEXT_MAX };

/* A text of the collector or of a row of its tables, and where it stands. */
struct text_rule {
	const char *field;
	size_t at; /* in its struct */
	const struct text_form *form;
	int is_optional;
};

struct place {
	const char *what;  /* the collector */
	const char *table; /* NULL: the collector's own struct */
	uint32_t row;
};

static const struct text_rule collector_texts[] = {
	{ "name", offsetof(struct weir_collector, name), &a_collector, 0 },
	{ "version", offsetof(struct weir_collector, version), &short_text, 0 },
	{ "summary", offsetof(struct weir_collector, summary), &long_text, 0 },
	{ "licence", offsetof(struct weir_collector, licence), &short_text, 0 },
};

static const struct text_rule metric_texts[] = {
	{ "name", offsetof(struct weir_metric, name), &dotted, 0 },
	{ "unit", offsetof(struct weir_metric, unit), &short_text, 0 },
	{ "brief", offsetof(struct weir_metric, brief), &short_text, 0 },
	{ "help", offsetof(struct weir_metric, help), &long_text, 0 },
};

static const struct text_rule option_texts[] = {
	{ "name", offsetof(struct weir_option, name), &word, 0 },
	{ "fallback", offsetof(struct weir_option, fallback), &long_text, 1 },
	{ "choices", offsetof(struct weir_option, choices), &long_text, 1 },
	{ "help", offsetof(struct weir_option, help), &long_text, 0 },
};

static const struct text_rule pattern_text = { "pattern", offsetof(struct weir_claim, pattern), &short_text, 0 };
static const struct text_rule companion_text = { "text", 0, &short_text, 0 };

#define LENGTH(table) (sizeof(table) / sizeof((table)[0]))

__attribute__((format(printf, 4, 5))) static int refuse(struct weir_error *reterr, const struct place *p,
                                                        const char *field, const char *format, ...)
{
	char reason[384];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(reason, sizeof(reason), format, args);
	va_end(args);
	if (!p->table)
		return weir_fail(reterr, -EINVAL, "collector %s: %s: %s", p->what, field, reason);
	return weir_fail(reterr, -EINVAL, "collector %s: %s[%u].%s: %s", p->what, p->table, p->row, field, reason);
}

static int check_text(const struct place *p, const struct text_rule *rule, const void *object,
                      struct weir_error *reterr)
{
	const char *text = *(const char *const *)((const char *)object + rule->at);
	size_t n;

	if (!text)
		return rule->is_optional ? 0 : refuse(reterr, p, rule->field, "is NULL, and must be a text");
	n = strnlen(text, (size_t)rule->form->n_max + 1);
	if (n > rule->form->n_max)
		return refuse(reterr, p, rule->field, "is longer than %u bytes, or not terminated", rule->form->n_max);
	if (n == 0 && !rule->is_optional)
		return refuse(reterr, p, rule->field, "is empty");
	if (n > 0 && !rule->form->fits(text))
		return refuse(reterr, p, rule->field, "must be %s", rule->form->words);
	return 0;
}

static int check_texts(const struct place *p, const struct text_rule *rules, size_t n, const void *object,
                       struct weir_error *reterr)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++)
		r = check_text(p, &rules[i], object, reterr);
	return r;
}

struct range_rule {
	const char *field;
	int64_t value, min, max;
};

static int check_ranges(const struct place *p, const struct range_rule *rules, size_t n, struct weir_error *reterr)
{
	for (const struct range_rule *r = rules; r < rules + n; r++)
		if (r->value < r->min || r->value > r->max)
			return refuse(reterr, p, r->field, "is %lld, and must be %lld to %lld", (long long)r->value,
			              (long long)r->min, (long long)r->max);
	return 0;
}

static int check_metric(const struct place *p, const struct weir_metric *m, struct weir_error *reterr)
{
	int is_number = m->shape == WEIR_SHAPE_NUMBER;
	int has_type = is_number || m->shape == WEIR_SHAPE_WEIGHT;
	const struct range_rule ranges[] = {
		{ "shape", m->shape, WEIR_SHAPE_NUMBER, WEIR_SHAPE_WEIGHT },
		{ "kind", m->kind, is_number ? WEIR_KIND_GAUGE : 0, WEIR_KIND_COUNTER },
		{ "type", m->type, has_type ? WEIR_TYPE_I64 : 0, WEIR_TYPE_F64 },
		{ "better", m->better, -1, 1 },
		{ "scale", m->scale, WEIR_SCALE_LINEAR, WEIR_SCALE_LOG },
		{ "range", m->range, WEIR_RANGE_FREE, WEIR_RANGE_ZERO_TO_ONE },
	};
	int r = check_texts(p, metric_texts, LENGTH(metric_texts), m, reterr);

	return r < 0 ? r : check_ranges(p, ranges, LENGTH(ranges), reterr);
}

static int check_option(const struct place *p, const struct weir_option *o, struct weir_error *reterr)
{
	const struct range_rule type = { "type", o->type, WEIR_OPTION_BOOL, WEIR_OPTION_CHOICE };
	int r = check_texts(p, option_texts, LENGTH(option_texts), o, reterr);

	if (r == 0)
		r = check_ranges(p, &type, 1, reterr);
	if (r == 0 && o->type == WEIR_OPTION_CHOICE && !o->choices)
		r = refuse(reterr, p, "choices", "is NULL, and the type is CHOICE");
	if (r == 0 && o->min > o->max)
		r = refuse(reterr, p, "min", "is %lld, above max, which is %lld", (long long)o->min, (long long)o->max);
	return r;
}

static int check_claim(const struct place *p, const struct weir_claim *c, struct weir_error *reterr)
{
	const struct range_rule kind = { "kind", c->kind, WEIR_CLAIM_FILE, WEIR_CLAIM_LIVE };
	int r = check_ranges(p, &kind, 1, reterr);

	return r == 0 && c->kind == WEIR_CLAIM_FILE ? check_text(p, &pattern_text, c, reterr) : r;
}

static int check_counts(const struct weir_collector *c, const char *what, struct weir_error *reterr)
{
	const struct {
		const char *table;
		const void *at;
		uint32_t n, n_max;
	} tables[] = {
		{ "metrics", c->metrics, c->n_metrics, LOADER_METRICS_MAX },
		{ "options", c->options, c->n_options, LOADER_OPTIONS_MAX },
		{ "claims", c->claims, c->n_claims, LOADER_CLAIMS_MAX },
		{ "companions", c->companions, c->n_companions, LOADER_COMPANIONS_MAX },
	};

	for (size_t i = 0; i < LENGTH(tables); i++) {
		if (tables[i].n > tables[i].n_max)
			return weir_fail(reterr, -EINVAL, "collector %s: n_%s: is %u, and this weir takes at most %u",
			                 what, tables[i].table, tables[i].n, tables[i].n_max);
		if (tables[i].n > 0 && !tables[i].at)
			return weir_fail(reterr, -EINVAL, "collector %s: %s: is NULL, but n_%s is %u", what,
			                 tables[i].table, tables[i].table, tables[i].n);
	}
	return 0;
}

static int check_tables(const struct weir_collector *c, const char *what, struct weir_error *reterr)
{
	int r = check_counts(c, what, reterr);

	for (uint32_t i = 0; r == 0 && i < c->n_metrics; i++)
		r = check_metric(&(struct place){ what, "metrics", i }, &c->metrics[i], reterr);
	for (uint32_t i = 0; r == 0 && i < c->n_options; i++)
		r = check_option(&(struct place){ what, "options", i }, &c->options[i], reterr);
	for (uint32_t i = 0; r == 0 && i < c->n_claims; i++)
		r = check_claim(&(struct place){ what, "claims", i }, &c->claims[i], reterr);
	for (uint32_t i = 0; r == 0 && i < c->n_companions; i++)
		r = check_text(&(struct place){ what, "companions", i }, &companion_text, &c->companions[i], reterr);
	return r;
}

static int check_verbs(const struct weir_collector *c, const char *what, struct weir_error *reterr)
{
	const char *missing = !c->open ? "open" : !c->poll ? "poll" : !c->close ? "close" : NULL;

	if (missing)
		return weir_fail(reterr, -EINVAL, "collector %s: verb %s: is NULL; open, poll and close are all needed",
		                 what, missing);
	return 0;
}

uint32_t loader_size(uint32_t abi_minor)
{
	return (uint32_t)(abi_minor == 0 ? offsetof(struct weir_collector, probe) : sizeof(struct weir_collector));
}

static int check_abi(const struct weir_collector *at, const char *what, struct weir_error *reterr)
{
	if (at->abi_major != WEIR_ABI_MAJOR)
		return weir_fail(reterr, -ENOTSUP,
		                 "collector %s: has ABI %u.%u, this weir has %d.%d: rebuild it against the headers of "
		                 "this weir (pkg-config --cflags weir)",
		                 what, at->abi_major, at->abi_minor, WEIR_ABI_MAJOR, WEIR_ABI_MINOR);
	if (at->abi_minor > WEIR_ABI_MINOR)
		return weir_fail(
			reterr, -ENOTSUP,
			"collector %s: has ABI %u.%u, this weir has %d.%d, which is older: use a newer weir, or "
			"rebuild the collector against the headers of this one",
			what, at->abi_major, at->abi_minor, WEIR_ABI_MAJOR, WEIR_ABI_MINOR);
	if (at->size < loader_size(at->abi_minor))
		return weir_fail(reterr, -ENOTSUP,
		                 "collector %s: its struct has %u bytes, ABI %u.%u has %u: set .size = sizeof(struct "
		                 "weir_collector) and rebuild it",
		                 what, at->size, at->abi_major, at->abi_minor, loader_size(at->abi_minor));
	return 0;
}

int loader_check(const struct weir_collector *at, const char *what, struct weir_collector *ret,
                 struct weir_error *reterr)
{
	int r = check_abi(at, what, reterr);

	if (r < 0)
		return r;
	/* An older minor's struct is shorter; the fields that it hasn't are zero. */
	*ret = (struct weir_collector){ 0 };
	memcpy(ret, at, at->size < sizeof(*ret) ? at->size : sizeof(*ret));
	r = check_verbs(ret, what, reterr);
	if (r == 0)
		r = check_texts(&(struct place){ what, NULL, 0 }, collector_texts, LENGTH(collector_texts), ret,
		                reterr);
	if (r == 0)
		r = check_tables(ret, what, reterr);
	return r;
}

/* What was loaded before, for as long as the process lives: nothing is ever unloaded. */
struct loaded {
	const struct weir_collector *at;
	struct weir_collector copy;
	struct loaded *next;
};

static int remember(const struct weir_collector *at, const char *what, const struct weir_collector **ret,
                    struct weir_error *reterr)
{
	static struct loaded *all;
	struct loaded *l = all;
	int r;

	while (l && l->at != at)
		l = l->next;
	if (!l) {
		l = calloc(1, sizeof(*l));
		if (!l)
			return weir_fail(reterr, -ENOMEM, "collector %s: no memory", what);
		r = loader_check(at, what, &l->copy, reterr);
		if (r < 0) {
			free(l);
			return r;
		}
		*l = (struct loaded){ at, l->copy, all };
		all = l;
	}
	*ret = &l->copy;
	return 0;
}

int loader_load(const char *path, const char *what, const struct weir_collector **ret, struct weir_error *reterr)
{
	void *object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	const struct weir_collector *at;

	if (!object)
		return weir_fail(reterr, -ENOEXEC, "collector %s: cannot be loaded: %s", what, dlerror());
	at = dlsym(object, "weir_collector");
	if (!at)
		return weir_fail(
			reterr, -ENOENT,
			"collector %s: has no symbol `weir_collector`: it is not a collector, or the symbol is "
			"hidden (declare it with WEIR_EXPORT)",
			what);
	return remember(at, what, ret, reterr);
}
