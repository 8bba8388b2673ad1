/* SPDX-License-Identifier: Apache-2.0 */
/* `weir plugins list` and `show`. */
#include "cli/plugins.h"

#include "cli/say.h"
#include "cli/table.h"
#include "cli/verbs.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/option.h"
#include "plugins/shape.h"

static const char *const kinds[] = { "", "gauge", "counter" };
/* In a text, and in JSON as in the data dictionary. */
static const struct word {
	const char *text, *code;
} types[] = { { "", "" }, { "integer", "i64" }, { "real", "f64" } };
static const char *const betters[] = { "less", "", "more" };
static const char *const scales[] = { "lin", "log" };
static const struct word ranges[] = {
	{ "free", "free" },
	{ "from 0", "0.." },
	{ "from 1", "1.." },
	{ "0 to 1", "0..1" },
};

/* ---- JSON ---- */

/* Texts of strangers: what is not UTF-8 is shown as `?`. */
static json_t *text(const char *at)
{
	json_t *s = at ? json_string(at) : json_null();
	char *copy, *c;

	if (s)
		return s;
	copy = strdup(at);
	for (c = copy; c && *c; c++)
		if ((unsigned char)*c >= 0x80)
			*c = '?';
	s = json_string(copy ? copy : "");
	free(copy);
	return s;
}

static void set(json_t *object, const char *key, json_t *value)
{
	(void)json_object_set_new(object, key, value);
}

static json_t *claims_json(const struct registry_collector *c)
{
	json_t *all = json_array();

	for (uint32_t i = 0; i < c->n_claims; i++) {
		json_t *one = json_object();

		set(one, "kind", json_string(c->claims[i].kind == WEIR_CLAIM_LIVE ? "live" : "file"));
		if (c->claims[i].kind == WEIR_CLAIM_FILE)
			set(one, "pattern", text(c->claims[i].pattern));
		(void)json_array_append_new(all, one);
	}
	return all;
}

static json_t *head_json(const struct registry_collector *c)
{
	json_t *o = json_object();
	char abi[32];

	(void)snprintf(abi, sizeof(abi), "%u.%u", c->abi_major, c->abi_minor);
	set(o, "name", text(c->name));
	set(o, "version", text(c->version));
	set(o, "summary", text(c->summary));
	set(o, "abi", json_string(abi));
	set(o, "path", text(c->path));
	set(o, "claims", claims_json(c));
	return o;
}

static json_t *metric_json(const struct weir_metric *m)
{
	json_t *o = json_object();

	set(o, "name", text(m->name));
	set(o, "shape", json_string(shape_name(m->shape)));
	set(o, "unit", text(m->unit));
	set(o, "short", text(m->brief));
	set(o, "help", text(m->help));
	set(o, "kind", m->kind ? json_string(kinds[m->kind]) : json_null());
	set(o, "type", m->type ? json_string(types[m->type].code) : json_null());
	set(o, "better", json_integer(m->better));
	set(o, "scale", json_string(scales[m->scale]));
	set(o, "range", json_string(ranges[m->range].code));
	return o;
}

static int has_range(const struct weir_option *o)
{
	return (o->min || o->max) &&
	       (o->type == WEIR_OPTION_INT || o->type == WEIR_OPTION_DURATION || o->type == WEIR_OPTION_SIZE);
}

static json_t *option_json(const struct weir_option *option)
{
	json_t *o = json_object();
	char bound[32];

	set(o, "name", text(option->name));
	set(o, "type", json_string(option_type(option->type)));
	set(o, "default", text(option->fallback ? option->fallback : ""));
	set(o, "help", text(option->help));
	if (option->choices)
		set(o, "choices", text(option->choices));
	if (has_range(option)) {
		set(o, "min", text(option_write(option, option->min, bound, sizeof(bound))));
		set(o, "max", text(option_write(option, option->max, bound, sizeof(bound))));
	}
	return o;
}

static json_t *collector_json(const struct registry_collector *c)
{
	json_t *o = head_json(c), *metrics = json_array(), *options = json_array(), *companions = json_array();
	char hex[65];

	for (uint32_t i = 0; i < c->n_metrics; i++)
		(void)json_array_append_new(metrics, metric_json(&c->metrics[i]));
	for (uint32_t i = 0; i < c->n_options; i++)
		(void)json_array_append_new(options, option_json(&c->options[i]));
	for (uint32_t i = 0; i < c->n_companions; i++)
		(void)json_array_append_new(companions, text(c->companions[i]));
	for (int i = 0; i < 32; i++)
		(void)snprintf(hex + 2 * i, 3, "%02x", c->sha256[i]);
	set(o, "licence", text(c->licence));
	set(o, "sha256", json_string(hex));
	set(o, "sniffs", json_boolean(c->has_sniff));
	set(o, "metrics", metrics);
	set(o, "options", options);
	set(o, "companions", companions);
	return o;
}

static void print_json(json_t *value)
{
	(void)json_dumpf(value, stdout, JSON_INDENT(2) | JSON_ENSURE_ASCII);
	(void)putchar('\n');
	json_decref(value);
}

/* ---- For people ---- */

static void write_claims(const struct registry_collector *c, char *at, size_t n)
{
	at[0] = '\0';
	for (uint32_t i = 0; i < c->n_claims; i++)
		(void)snprintf(at + strlen(at), n - strlen(at), "%s%s", i ? " " : "",
		               c->claims[i].kind == WEIR_CLAIM_LIVE ? "live" : c->claims[i].pattern);
}

static void put_row(struct table *t, const struct registry_collector *c)
{
	char claims[1024];

	write_claims(c, claims, sizeof(claims));
	table_put(t, TABLE_LEFT, "%s", c->name);
	table_put(t, TABLE_LEFT, "%s", c->version);
	table_put(t, TABLE_LEFT, "%u.%u", c->abi_major, c->abi_minor);
	table_put(t, TABLE_LEFT, "%s", claims);
	table_put(t, TABLE_LEFT, "%s", c->path);
}

static void print_metric(const struct weir_metric *m)
{
	printf("  %s\n      %s", m->name, shape_name(m->shape));
	if (m->kind)
		printf(", %s", kinds[m->kind]);
	if (m->type)
		printf(", %s", types[m->type].text);
	printf(", unit %s", m->unit);
	if (m->better)
		printf(", %s is better", betters[m->better + 1]);
	if (m->scale == WEIR_SCALE_LOG)
		printf(", drawn on a log scale");
	if (m->range)
		printf(", %s", ranges[m->range].text);
	printf("\n      %s\n", m->help);
}

static void print_option(const struct weir_option *o)
{
	char fits[256];

	printf("  %s\n      %s; %s%s\n      %s\n", o->name, option_fits(o, fits, sizeof(fits)),
	       o->fallback && *o->fallback ? "default " : "no default", o->fallback ? o->fallback : "", o->help);
}

static void print_collector(const struct registry_collector *c)
{
	char claims[1024];

	write_claims(c, claims, sizeof(claims));
	printf("%s %s: %s\n\n  file       %s\n  ABI        %u.%u\n  licence    %s\n  claims     %s%s\n", c->name,
	       c->version, c->summary, c->path, c->abi_major, c->abi_minor, c->licence, claims,
	       c->has_sniff ? ", and looks at the first bytes" : "");
	for (uint32_t i = 0; i < c->n_companions; i++)
		printf("  %s %s\n", i ? "          " : "companions", c->companions[i]);
	printf("\nMetrics\n");
	for (uint32_t i = 0; i < c->n_metrics; i++)
		print_metric(&c->metrics[i]);
	printf("\nOptions\n%s", c->n_options ? "" : "  none\n");
	for (uint32_t i = 0; i < c->n_options; i++)
		print_option(&c->options[i]);
}

static int list_json(const struct registry *r)
{
	json_t *all = json_array();

	for (uint32_t i = 0; i < registry_count(r); i++)
		(void)json_array_append_new(all, head_json(registry_at(r, i)));
	print_json(all);
	return EXIT_ALL;
}

static int list_text(const struct registry *r)
{
	static const char *const heads[] = { "name", "version", "ABI", "claims", "path" };
	struct table *t = table_new(heads, sizeof(heads) / sizeof(heads[0]), 0);

	if (!t) {
		say("plugins: no memory");
		return EXIT_FAILED;
	}
	for (uint32_t i = 0; i < registry_count(r); i++)
		put_row(t, registry_at(r, i));
	table_end(t);
	return EXIT_ALL;
}

int plugins_list(const struct plugins_ask *ask)
{
	struct registry *r = plugins_open();
	int result;

	if (!r)
		return EXIT_FAILED;
	result = ask->has_json ? list_json(r) : list_text(r);
	registry_close(r);
	return result;
}

int plugins_show(const struct plugins_ask *ask)
{
	struct registry *r = plugins_open();
	const struct registry_collector *c = r ? plugins_find(r, ask->arguments[0]) : NULL;

	if (c && ask->has_json)
		print_json(collector_json(c));
	else if (c)
		print_collector(c);
	registry_close(r);
	return c ? EXIT_ALL : EXIT_FAILED;
}
