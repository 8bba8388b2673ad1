/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/say.h"
#include "cli/verbs.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

static int run_verb(int argc, char **argv)
{
	const struct verb *verb = verb_find(argv[0]);

	if (!verb) {
		say("%s: there is no such verb; `weir help` lists them", argv[0]);
		return EXIT_MISUSE;
	}
	optind = 0;
	return verb->run(argc, argv);
}

static int run(int argc, char **argv)
{
	char *help[] = { (char[]){ "help" }, NULL };

	if (argc < 2) {
		say("no verb was given; `weir help` lists them");
		return EXIT_MISUSE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
		return run_verb(1, help);
	if (strcmp(argv[1], "--version") == 0) {
		printf("weir %s\n", WEIR_VERSION);
		return EXIT_ALL;
	}
	if (strcmp(argv[1], "--verbs") == 0) {
		for (uint32_t i = 0; i < n_verbs; i++)
			printf("%s\n", verbs[i].name);
		return EXIT_ALL;
	}
	return run_verb(argc - 1, argv + 1);
}

int main(int argc, char **argv)
{
	int code = run(argc, argv);

	/* What was printed counts only when it arrived: a full disk behind a redirection must not look like success. */
	if (fflush(stdout) != 0 || ferror(stdout)) {
		say("standard output: cannot write: %s", strerror(errno));
		return EXIT_FAILED;
	}
	return code;
}
