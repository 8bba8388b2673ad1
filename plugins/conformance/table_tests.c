/* SPDX-License-Identifier: Apache-2.0 */
/* What the const tables say, read as they lie in the object: the host's own checks have not been asked yet. */
#include <stdio.h>
#include <string.h>

#include "plugins/conformance/trial.h"
#include "plugins/loader.h"
#include "plugins/name.h"
#include "plugins/option.h"
#include "plugins/ucum.h"

enum {
	SHAPES = 1 + WEIR_SHAPE_WEIGHT,
};

/* Rows that can be looked at: none when the table is broken as a whole, which is another test's matter. */
static uint32_t rows(const void *table, uint32_t n, uint32_t n_max)
{
	return table && n <= n_max ? n : 0;
}

static uint32_t n_metrics(const struct trial *t)
{
	return rows(t->raw->metrics, t->raw->n_metrics, LOADER_METRICS_MAX);
}

static uint32_t n_options(const struct trial *t)
{
	return rows(t->raw->options, t->raw->n_options, LOADER_OPTIONS_MAX);
}

static uint32_t n_claims(const struct trial *t)
{
	return rows(t->raw->claims, t->raw->n_claims, LOADER_CLAIMS_MAX);
}

static int is_empty(const char *text)
{
	return !text || !*text;
}

static const char *shown(const char *text)
{
	return text ? text : "NULL";
}

static int is_line(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7F)
			return 0;
	return 1;
}

static void names_this_abi(struct trial *t)
{
	const struct weir_collector *c = t->raw;

	if (c->abi_major != WEIR_ABI_MAJOR || c->abi_minor > WEIR_ABI_MINOR)
		trial_fail(t, "it is for ABI %u.%u, and this weir has %u.%u; compile it against these headers",
		           c->abi_major, c->abi_minor, (unsigned)WEIR_ABI_MAJOR, (unsigned)WEIR_ABI_MINOR);
	else if (c->size < loader_size(c->abi_minor))
		trial_fail(t,
		           "its size is %u, and the struct of ABI %u.%u has %u bytes; set it to sizeof(struct "
		           "weir_collector)",
		           c->size, c->abi_major, c->abi_minor, loader_size(c->abi_minor));
}

static void has_all_verbs(struct trial *t)
{
	if (!t->raw->open || !t->raw->poll || !t->raw->close)
		trial_fail(t, "%s is NULL", !t->raw->open ? "open" : !t->raw->poll ? "poll" : "close");
}

static void has_a_plain_name(struct trial *t)
{
	if (!name_is_collector(t->raw->name))
		trial_fail(t, "'%s' is not 1 to %d lower case letters, digits and dashes, a letter first",
		           shown(t->raw->name), NAME_COLLECTOR_MAX);
}

static void is_named_as_its_file(struct trial *t)
{
	const char *file = basename(t->path);
	char expected[64];

	(void)snprintf(expected, sizeof(expected), "%.32s.so", shown(t->raw->name));
	if (strcmp(file, expected) != 0)
		trial_fail(t, "it calls itself %s, and its file %s", shown(t->raw->name), file);
}

static void has_a_dotted_version(struct trial *t)
{
	const char *version = t->raw->version;

	if (is_empty(version) || strspn(version, "0123456789.") != strlen(version) || version[0] == '.' ||
	    version[strlen(version) - 1] == '.' || strstr(version, ".."))
		trial_fail(t, "'%s' is not numbers with dots between them", shown(version));
}

static void says_what_it_is(struct trial *t)
{
	if (is_empty(t->raw->summary) || !is_line(t->raw->summary))
		trial_fail(t, "summary: it is not one line of text");
	if (is_empty(t->raw->licence) || !is_line(t->raw->licence) || strchr(t->raw->licence, ','))
		trial_fail(t, "licence: '%s' is no SPDX expression", shown(t->raw->licence));
}

static void bound_one(struct trial *t, const char *what, const void *table, uint32_t n, uint32_t n_max)
{
	if (n && !table)
		trial_fail(t, "%s: %u rows at NULL", what, n);
	if (n > n_max)
		trial_fail(t, "%s: %u rows, of %u at most", what, n, n_max);
}

static void has_tables_of_some_size(struct trial *t)
{
	const struct weir_collector *c = t->raw;

	bound_one(t, "metrics", c->metrics, c->n_metrics, LOADER_METRICS_MAX);
	bound_one(t, "options", c->options, c->n_options, LOADER_OPTIONS_MAX);
	bound_one(t, "claims", c->claims, c->n_claims, LOADER_CLAIMS_MAX);
	bound_one(t, "companions", (const void *)c->companions, c->n_companions, LOADER_COMPANIONS_MAX);
	if (c->n_metrics == 0)
		trial_fail(t, "metrics: it declares none, so that it can say nothing");
}

static void claims_something(struct trial *t)
{
	if (t->raw->n_claims == 0)
		trial_fail(t, "it claims neither files nor a live system");
	for (uint32_t i = 0; i < n_claims(t); i++) {
		const struct weir_claim *claim = &t->raw->claims[i];

		if (claim->kind != WEIR_CLAIM_FILE && claim->kind != WEIR_CLAIM_LIVE)
			trial_fail(t, "claims[%u]: its kind is %u", i, claim->kind);
		if (claim->kind == WEIR_CLAIM_FILE && (is_empty(claim->pattern) || strchr(claim->pattern, '/')))
			trial_fail(t, "claims[%u]: '%s' fits no base name of a file", i, shown(claim->pattern));
		if (claim->kind == WEIR_CLAIM_LIVE && claim->pattern)
			trial_fail(t, "claims[%u]: a live system has no pattern", i);
	}
}

static void names_metrics_plainly(struct trial *t)
{
	for (uint32_t i = 0; i < n_metrics(t); i++) {
		const char *name = t->raw->metrics[i].name;

		if (is_empty(name) || !name_is_dotted(name_text(name)))
			trial_fail(t, "metrics[%u]: '%s' is no dotted lower case name", i, shown(name));
	}
}

static void names_each_metric_once(struct trial *t)
{
	for (uint32_t i = 0; i < n_metrics(t); i++)
		for (uint32_t k = 0; k < i; k++)
			if (t->raw->metrics[i].name && t->raw->metrics[k].name &&
			    strcmp(t->raw->metrics[i].name, t->raw->metrics[k].name) == 0)
				trial_fail(t, "metrics[%u] and metrics[%u] are both %s", k, i, t->raw->metrics[i].name);
}

/* `B` is the bel in UCUM, so that `kB` is one too, and hardly ever meant. */
static int is_bel(const char *unit)
{
	return strcmp(unit, "B") == 0 || (strlen(unit) == 2 && unit[1] == 'B' && strchr("kMGT", unit[0]));
}

static void measures_in_ucum(struct trial *t)
{
	for (uint32_t i = 0; i < n_metrics(t); i++) {
		const struct weir_metric *m = &t->raw->metrics[i];
		const char *fault;
		unsigned at;

		if (!m->unit) {
			trial_fail(t, "metrics[%u]: its unit is NULL; without a unit it is 1", i);
			continue;
		}
		fault = ucum_fault(m->unit, &at);
		if (fault)
			trial_fail(t, "metrics[%u] %s: unit '%s', byte %u: %s", i, shown(m->name), m->unit, at, fault);
		else if (is_bel(m->unit))
			trial_warn(t, "metrics[%u] %s: unit %s is bel; bytes are By", i, shown(m->name), m->unit);
	}
}

static void explains_its_metrics(struct trial *t)
{
	for (uint32_t i = 0; i < n_metrics(t); i++) {
		const struct weir_metric *m = &t->raw->metrics[i];

		if (is_empty(m->brief) || is_empty(m->help) || !is_line(m->brief) || !is_line(m->help))
			trial_fail(t, "metrics[%u] %s: its %s is not one line of text", i, shown(m->name),
			           is_empty(m->brief) || !is_line(m->brief) ? "brief" : "help");
	}
}

/* What each shape needs. A span's and a histogram's values are doubles, and neither is a gauge or a counter. */
static const char *metric_fault(const struct weir_metric *m)
{
	int is_number = m->shape == WEIR_SHAPE_NUMBER, is_weight = m->shape == WEIR_SHAPE_WEIGHT;

	if (m->shape == 0 || m->shape >= SHAPES)
		return "its shape is unknown";
	if (m->kind > WEIR_KIND_COUNTER || (is_number && !m->kind))
		return "its kind is neither gauge nor counter";
	if (m->type > WEIR_TYPE_F64 || ((is_number || is_weight) && !m->type))
		return "its type is neither I64 nor F64";
	if (!is_number && !is_weight && m->type == WEIR_TYPE_I64)
		return "spans and histograms have no integer type";
	if (m->better < -1 || m->better > 1)
		return "better is not -1, 0 or 1";
	if (m->scale > WEIR_SCALE_LOG)
		return "its scale is unknown";
	return m->range > WEIR_RANGE_ZERO_TO_ONE ? "its range is unknown" : NULL;
}

static void declares_whole_metrics(struct trial *t)
{
	for (uint32_t i = 0; i < n_metrics(t); i++)
		if (metric_fault(&t->raw->metrics[i]))
			trial_fail(t, "metrics[%u] %s: %s", i, shown(t->raw->metrics[i].name),
			           metric_fault(&t->raw->metrics[i]));
}

static void names_each_option_once(struct trial *t)
{
	for (uint32_t i = 0; i < n_options(t); i++) {
		const char *name = t->raw->options[i].name;

		if (is_empty(name) || strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-_.") != strlen(name))
			trial_fail(t, "options[%u]: '%s' is not lower case letters, digits, dashes and dots", i,
			           shown(name));
		for (uint32_t k = 0; k < i && name; k++)
			if (t->raw->options[k].name && strcmp(t->raw->options[k].name, name) == 0)
				trial_fail(t, "options[%u] and options[%u] are both %s", k, i, name);
	}
}

static const char *option_fault(const struct weir_option *o)
{
	if (!option_type(o->type))
		return "its type is unknown";
	if (is_empty(o->help) || !is_line(o->help))
		return "its help is not one line of text";
	if (o->type == WEIR_OPTION_CHOICE && is_empty(o->choices))
		return "it is a choice of nothing";
	if (o->type != WEIR_OPTION_CHOICE && o->choices)
		return "it has choices and is of another type";
	return o->min > o->max ? "its min is above its max" : NULL;
}

static void declares_whole_options(struct trial *t)
{
	for (uint32_t i = 0; i < n_options(t); i++)
		if (option_fault(&t->raw->options[i]))
			trial_fail(t, "options[%u] %s: %s", i, shown(t->raw->options[i].name),
			           option_fault(&t->raw->options[i]));
}

static void has_defaults_that_fit(struct trial *t)
{
	struct weir_error error = { "" };
	union weir_value value;

	for (uint32_t i = 0; i < n_options(t); i++) {
		const struct weir_option *o = &t->raw->options[i];

		if (option_type(o->type) && o->name && o->min <= o->max &&
		    option_parse(o, o->fallback ? o->fallback : "", &value, &error) < 0)
			trial_fail(t, "options[%u]: %s", i, error.text);
	}
}

static void has_companions_by_stem(struct trial *t)
{
	uint32_t n = rows((const void *)t->raw->companions, t->raw->n_companions, LOADER_COMPANIONS_MAX);

	for (uint32_t i = 0; i < n; i++) {
		const char *pattern = t->raw->companions[i];

		if (is_empty(pattern) || !strstr(pattern, "{stem}") || strchr(pattern, '/'))
			trial_fail(t, "companions[%u]: '%s' is no base name with {stem} in it", i, shown(pattern));
	}
}

static void keeps_reserved_fields_zero(struct trial *t)
{
	if (t->raw->reserved)
		trial_fail(t, "reserved of the struct is not 0");
	for (uint32_t i = 0; i < n_metrics(t); i++)
		if (t->raw->metrics[i].reserved[0] || t->raw->metrics[i].reserved[1])
			trial_fail(t, "metrics[%u]: reserved is not 0", i);
	for (uint32_t i = 0; i < n_options(t); i++)
		if (t->raw->options[i].reserved)
			trial_fail(t, "options[%u]: reserved is not 0", i);
	for (uint32_t i = 0; i < n_claims(t); i++)
		if (t->raw->claims[i].reserved)
			trial_fail(t, "claims[%u]: reserved is not 0", i);
}

/* Whether one of the tests above has a word about it already. */
static int is_explained(const struct trial *t)
{
	for (const struct trial_test *test = table_tests; test->name; test++) {
		struct trial one = *t;

		if (test->opens)
			continue;
		one.outcome = CHECK_PASS;
		test->run(&one);
		if (one.outcome == CHECK_FAIL)
			return 1;
	}
	return 0;
}

static void is_taken_by_the_host(struct trial *t)
{
	struct weir_error error = { "" };
	struct weir_collector copy;

	struct trial defaults = *t;

	has_defaults_that_fit(&defaults);
	if (loader_check(t->raw, "it", &copy, &error) == 0 && defaults.outcome == CHECK_PASS)
		return;
	if (is_explained(t))
		trial_skip(t, "%s", error.text);
	else
		trial_fail(t, "%s", error.text);
}

const struct trial_test table_tests[] = {
	{ "names_this_abi", "its ABI and the struct's size are this weir's", names_this_abi, TRIAL_LOADED, 0,
	  TRIAL_SUPPORTED },
	{ "has_all_verbs", "open, poll and close are there", has_all_verbs, TRIAL_SUPPORTED, 0, 0 },
	{ "has_a_plain_name", "its name is lower case letters, digits and dashes", has_a_plain_name, TRIAL_SUPPORTED, 0,
	  0 },
	{ "is_named_as_its_file", "its file is called as itself", is_named_as_its_file, TRIAL_SUPPORTED, 0, 0 },
	{ "has_a_dotted_version", "its version is dotted numbers", has_a_dotted_version, TRIAL_SUPPORTED, 0, 0 },
	{ "says_what_it_is", "it has a summary of one line, and a licence", says_what_it_is, TRIAL_SUPPORTED, 0, 0 },
	{ "has_tables_of_some_size", "its tables are there and within bounds", has_tables_of_some_size, TRIAL_SUPPORTED,
	  0, 0 },
	{ "claims_something", "it claims files by a pattern, or a live system", claims_something, TRIAL_SUPPORTED, 0,
	  0 },
	{ "names_metrics_plainly", "metrics have dotted lower case names", names_metrics_plainly, TRIAL_SUPPORTED, 0,
	  0 },
	{ "names_each_metric_once", "no metric is declared twice", names_each_metric_once, TRIAL_SUPPORTED, 0, 0 },
	{ "measures_in_ucum", "units are UCUM's", measures_in_ucum, TRIAL_SUPPORTED, 0, 0 },
	{ "explains_its_metrics", "each metric has a brief name and a sentence", explains_its_metrics, TRIAL_SUPPORTED,
	  0, 0 },
	{ "declares_whole_metrics", "shape, kind, type, better, scale and range are known", declares_whole_metrics,
	  TRIAL_SUPPORTED, 0, 0 },
	{ "names_each_option_once", "options have plain names, each its own", names_each_option_once, TRIAL_SUPPORTED,
	  TRIAL_OPTIONS, 0 },
	{ "declares_whole_options", "options have a type, a range and a sentence", declares_whole_options,
	  TRIAL_SUPPORTED, TRIAL_OPTIONS, 0 },
	{ "has_defaults_that_fit", "each default fits its own type and range", has_defaults_that_fit, TRIAL_SUPPORTED,
	  TRIAL_OPTIONS, 0 },
	{ "has_companions_by_stem", "companions are named after the source", has_companions_by_stem, TRIAL_SUPPORTED,
	  TRIAL_COMPANIONS, 0 },
	{ "keeps_reserved_fields_zero", "reserved fields are 0", keeps_reserved_fields_zero, TRIAL_SUPPORTED, 0, 0 },
	{ "is_taken_by_the_host", "the host takes it", is_taken_by_the_host, TRIAL_SUPPORTED, 0, TRIAL_TAKEN },
	{ 0 },
};
