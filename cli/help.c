/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/say.h"
#include "cli/verbs.h"

#include <getopt.h>
#include <stdio.h>

enum {
	HELP_COMPLETE,
};

static const struct page_option options[] = {
	[HELP_COMPLETE] = { "complete", NULL, "verbs and options as tab-separated lines, for shell completion", 0 },
};

const struct page help_page = {
	.verb = "help",
	.arguments = "[VERB]",
	.about = "Lists the verbs, or prints what one verb takes.\n",
	.options = options,
	.n_options = sizeof(options) / sizeof(options[0]),
	.max_arguments = 1,
};

static void print_overview(void)
{
	printf("usage: weir VERB [ARGUMENTS]\n\n"
	       "Measures what GHC-compiled programs did, and keeps it in one file.\n\n");
	for (uint32_t i = 0; i < n_verbs; i++)
		printf("  %-10s %s\n", verbs[i].name, verbs[i].brief);
	printf("\n`weir help VERB` shows what a verb takes. Exit codes: 0 all done, 1 failed, 2 usage,\n"
	       "3 done but something was partial, bad or lost (the last line of stderr says what).\n");
}

static void print_completion(void)
{
	for (uint32_t i = 0; i < n_verbs; i++) {
		printf("%s\t\t\t%s\n", verbs[i].name, verbs[i].brief);
		if (verbs[i].page)
			page_print_completion(verbs[i].page);
	}
}

int verb_help(int argc, char **argv)
{
	const struct verb *verb;
	const char *argument;
	int row, is_completion = 0;
	char *ask[] = { argv[0], (char[]){ "--help" }, NULL };

	while ((row = page_next(&help_page, argc, argv, &argument)) >= 0)
		is_completion |= row == HELP_COMPLETE;
	if (row != PAGE_DONE)
		return page_exit(row);
	if (is_completion) {
		print_completion();
		return EXIT_ALL;
	}
	if (optind == argc) {
		print_overview();
		return EXIT_ALL;
	}
	verb = verb_find(argv[optind]);
	if (!verb) {
		say("help: %s: there is no such verb", argv[optind]);
		return EXIT_MISUSE;
	}
	if (verb->page) {
		page_print(verb->page);
		return EXIT_ALL;
	}
	ask[0] = argv[optind];
	optind = 0;
	return verb->run(2, ask);
}
