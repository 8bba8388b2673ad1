/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/plugins.h"

#include "cli/say.h"
#include "cli/verbs.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/nearest.h"

enum {
	OPTION_JSON,
	OPTION_ONLY,
	OPTION_SEED,
	OPTION_SAMPLE,
	OPTION_OPTION,
	OPTION_IN_PROCESS,
};

static const struct page_option options[] = {
	[OPTION_JSON] = { "json", NULL, "list, show, check: print JSON", 0 },
	[OPTION_ONLY] = { "only", "REGEX", "check: only the tests whose name fits", 0 },
	[OPTION_SEED] = { "seed", "N", "check: of what is random; 1 unless given", 0 },
	[OPTION_SAMPLE] = { "sample", "FILE", "check: a file of the kind that it reads; may be given often", 0 },
	[OPTION_OPTION] = { "option", "NAME=VALUE", "try: an option of the collector; may be given often", 'O' },
	[OPTION_IN_PROCESS] = { "in-process", NULL, "try, check: no processes of their own, for a debugger", 0 },
};

const struct page plugins_page = {
	.verb = "plugins",
	.arguments = "[list | show NAME | try FILE.so INPUT... | check FILE.so | new NAME [FOLDER]]",
	.about = "Collectors: what there is, what each measures, and help for writing one.\n\n"
		 "  list               name, version, ABI, what it claims, where it is\n"
		 "  show NAME          its metrics, options, claims and companions; a file works too\n"
		 "  try FILE.so INPUT  runs it over files and prints what it says, as JSON lines\n"
		 "  check FILE.so      conformance tests, each in a process of its own\n"
		 "  new NAME [FOLDER]  writes a collector to start from, with build file, test and golden file\n",
	.options = options,
	.n_options = sizeof(options) / sizeof(options[0]),
	.max_arguments = PLUGINS_LIST_MAX,
};

struct part {
	const char *name;
	int (*run)(const struct plugins_ask *ask);
	const char *takes;
	uint32_t n_min, n_max;
	unsigned options; /* a bit for each that makes sense */
};

static const struct part parts[] = {
	{ "list", plugins_list, "no arguments", 0, 0, 1 << OPTION_JSON },
	{ "show", plugins_show, "the name or the file of a collector", 1, 1, 1 << OPTION_JSON },
	{ "try", plugins_try, "a collector and the files to read", 2, PLUGINS_LIST_MAX,
	  1 << OPTION_OPTION | 1 << OPTION_IN_PROCESS },
	{ "check", plugins_check, "the file of a collector", 1, 1,
	  1 << OPTION_JSON | 1 << OPTION_ONLY | 1 << OPTION_SEED | 1 << OPTION_SAMPLE | 1 << OPTION_IN_PROCESS },
	{ "new", plugins_new, "a name, and perhaps a folder", 1, 2, 0 },
};

static const struct part *find_part(const char *name)
{
	struct nearest near = nearest_to(name);

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (strcmp(parts[i].name, name) == 0)
			return &parts[i];
		nearest_see(&near, parts[i].name);
	}
	say("plugins: %s: there is no such part%s%s; `weir plugins --help` lists them", name,
	    near.best ? "; nearest is " : "", near.best ? near.best : "");
	return NULL;
}

static int add_sample(struct plugins_ask *ask, const char *path)
{
	if (ask->n_samples == PLUGINS_LIST_MAX) {
		say("plugins: --sample: more than %d", PLUGINS_LIST_MAX);
		return -1;
	}
	ask->samples[ask->n_samples++] = path;
	return 0;
}

/* Cuts the argument in two, in place. */
static int add_option(struct plugins_ask *ask, const char *text)
{
	char *equals = strchr(text, '=');

	if (!equals || ask->n_options == PLUGINS_LIST_MAX) {
		say("plugins: --option: '%s': %s", text, equals ? "too many" : "not of the form NAME=VALUE");
		return -1;
	}
	*equals = '\0';
	ask->options[ask->n_options++] = (struct lend_pair){ text, equals + 1 };
	return 0;
}

static int take(struct plugins_ask *ask, int row, const char *argument)
{
	int64_t seed = 0;
	int r = 0;

	switch (row) {
	case OPTION_JSON:
		ask->has_json = 1;
		return 0;
	case OPTION_ONLY:
		ask->only = argument;
		return 0;
	case OPTION_SEED:
		r = page_number(&plugins_page, "seed", argument, 1, INT64_MAX, &seed);
		ask->seed = (uint64_t)seed;
		return r;
	case OPTION_SAMPLE:
		return add_sample(ask, argument);
	case OPTION_OPTION:
		return add_option(ask, argument);
	default:
		ask->is_in_process = 1;
		return 0;
	}
}

static int run_part(const struct part *part, struct plugins_ask *ask, unsigned given)
{
	if (ask->n_arguments < part->n_min || ask->n_arguments > part->n_max) {
		say("plugins: %s: it takes %s", part->name, part->takes);
		return EXIT_MISUSE;
	}
	for (unsigned i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		if (given & ~part->options & 1u << i) {
			say("plugins: %s: --%s is not for it", part->name, options[i].name);
			return EXIT_MISUSE;
		}
	}
	return part->run(ask);
}

int verb_plugins(int argc, char **argv)
{
	struct plugins_ask ask = { .seed = 1 };
	const struct part *part;
	const char *argument;
	unsigned given = 0;
	int row;

	while ((row = page_next(&plugins_page, argc, argv, &argument)) >= 0) {
		given |= 1u << row;
		if (take(&ask, row, argument) < 0)
			return EXIT_MISUSE;
	}
	if (row != PAGE_DONE)
		return page_exit(row);
	part = find_part(optind < argc ? argv[optind] : "list");
	if (!part)
		return EXIT_MISUSE;
	ask.arguments = argv + optind + 1;
	ask.n_arguments = optind < argc ? (uint32_t)(argc - optind - 1) : 0;
	return run_part(part, &ask, given);
}

/* ---- The registry ---- */

struct registry_listener {
	int n_said;
};

static void hear(struct registry_listener *l, uint32_t severity, const char *sentence)
{
	if (severity == WEIR_NOTE)
		return;
	l->n_said++;
	say("%s", sentence);
}

struct registry *plugins_open(void)
{
	static struct registry_listener listener;
	struct registry_config config = { .say = hear, .listener = &listener };
	struct weir_error error = { "" };
	struct registry *r;

	if (registry_open(&config, &r, &error) == 0)
		return r;
	say("%s", error.text);
	return NULL;
}

const struct registry_collector *plugins_find(struct registry *r, const char *name)
{
	const struct registry_collector *c = NULL;
	struct nearest near = nearest_to(name);
	struct weir_error error = { "" };

	if (strchr(name, '/') || strstr(name, ".so")) {
		if (registry_add(r, name, &c, &error) < 0)
			say("%s", error.text);
		return c;
	}
	c = registry_find(r, name);
	for (uint32_t i = 0; !c && i < registry_count(r); i++)
		nearest_see(&near, registry_at(r, i)->name);
	if (!c)
		say("plugins: %s: there is no such collector%s%s; `weir plugins list` lists them", name,
		    near.best ? "; nearest is " : "", near.best ? near.best : "");
	return c;
}
