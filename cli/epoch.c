/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/epoch.h"

#include "cli/reader.h"
#include "cli/say.h"
#include "cli/verbs.h"
#include "store/store.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	EPOCH_WINDOW,
	EPOCH_RUN,
	EPOCH_NODE,
	EPOCH_JSON,

	BEFORE_SLOTS = 60, /* the window's fallback: the part of an epoch that the workbench's analysis leaves out */
	AFTER_SLOTS = 200,
	WINDOW_SLOTS_MAX = 10000000,
};

static const struct page_option options[] = {
	[EPOCH_WINDOW] = { "window", "-60,+200",
	                   "slots around each boundary; where epochs are short at most a quarter of them unless asked "
	                   "for",
	                   0 },
	[EPOCH_RUN] = { "run", "TAG", "of one run only", 0 },
	[EPOCH_NODE] = { "node", "NAME", "of one node only", 0 },
	[EPOCH_JSON] = { "json", NULL, "as JSON (docs/json.md)", 0 },
};

const struct page epoch_page = {
	.verb = "epoch",
	.arguments = "STORE [--window -60,+200] [--run TAG] [--node NAME] [--json]",
	.about = "Shows how nodes behave around each epoch boundary, against the rest of the two epochs that meet "
		 "there:\n"
		 "missed slots, phases of the forge loop, collections, heap, CPU, disk, network. Says what stands "
		 "out.\n",
	.options = options,
	.n_options = sizeof(options) / sizeof(options[0]),
	.min_arguments = 1,
	.max_arguments = 1,
};

static int by_epoch(const void *a, const void *b)
{
	const struct epoch_boundary *x = a, *y = b;
	int run = strcmp(x->run, y->run);

	if (run || x->epoch != y->epoch)
		return run ? run : x->epoch < y->epoch ? -1 : 1;
	return strcmp(x->node, y->node);
}

/* `-60,+200`: slots before and after. */
static int parse_window(const char *text, struct epoch_config *config)
{
	char *end, *comma;
	long long before = strtoll(text, &comma, 10), after = *comma == ',' ? strtoll(comma + 1, &end, 10) : 0;

	if (*comma != ',' || *end || before > 0 || after < 0 || before < -WINDOW_SLOTS_MAX ||
	    after > WINDOW_SLOTS_MAX || after - before < 1) {
		say("epoch: --window %s: not of the form -60,+200", text);
		return -1;
	}
	config->before_slots = -before;
	config->after_slots = after;
	config->is_asked = 1;
	return 0;
}

static int show(struct store *s, const char *path, const struct epoch_config *config, int is_json)
{
	struct weir_error error = { "" };
	struct epochs e;

	if (epochs_read(s, config, &e, &error) < 0) {
		say("%s", error.text[0] ? error.text : "epoch: no memory");
		return EXIT_FAILED;
	}
	if (is_json) {
		struct jsonout j = jsonout_on(stdout, 0);

		jsonout_object(&j, NULL);
		jsonout_text(&j, "store", path);
		jsonout_array(&j, "boundaries");
		for (uint32_t i = 0; i < e.n; i++)
			epoch_print_json(&j, &e.at[i]);
		jsonout_end(&j);
		jsonout_end(&j);
	} else {
		qsort(e.at, e.n, sizeof(*e.at), by_epoch);
		for (uint32_t i = 0; i < e.n; i++)
			epoch_print(&e.at[i], i == 0 || e.at[i].epoch != e.at[i - 1].epoch ||
			                              strcmp(e.at[i].run, e.at[i - 1].run) != 0);
	}
	epochs_done(&e);
	return EXIT_ALL;
}

int verb_epoch(int argc, char **argv)
{
	struct epoch_config config = { .before_slots = BEFORE_SLOTS, .after_slots = AFTER_SLOTS };
	int row, is_json = 0, code;
	const struct page_place places[] = { [EPOCH_RUN] = { .text = &config.run },
		                             [EPOCH_NODE] = { .text = &config.node },
		                             [EPOCH_JSON] = { .is_given = &is_json } };
	const char *argument;
	struct store *s;

	while ((row = page_next(&epoch_page, argc, argv, &argument)) >= 0)
		if ((row == EPOCH_WINDOW ? parse_window(argument, &config)
		                         : page_put(&epoch_page, places, row, argument)) < 0)
			return EXIT_MISUSE;
	if (row != PAGE_DONE)
		return page_exit(row);
	s = reader_open("epoch", argv[optind]);
	if (!s)
		return EXIT_FAILED;
	code = show(s, argv[optind], &config, is_json);
	store_close(s);
	return code;
}
