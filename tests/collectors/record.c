/* SPDX-License-Identifier: Apache-2.0 */
/* Prints what a collector of the build tree says of files, as plugins/recorder.h describes, so that another reading of
 * the same files can be compared with it. `record COLLECTOR [key=value]... FILE [COMPANION|-]...`: context first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "tests/support/golden.h"

enum {
	PAIRS_MAX = 16,
};

static struct lend_pair pairs[PAIRS_MAX];
static struct golden what;

static void take_argument(char *argument)
{
	char *equals = strchr(argument, '=');
	size_t i = 0;

	if (!what.input && equals && what.n_context < PAIRS_MAX) {
		*equals = '\0';
		pairs[what.n_context++] = (struct lend_pair){ argument, equals + 1 };
		return;
	}
	if (!what.input) {
		what.input = argument;
		return;
	}
	while (i < sizeof(what.companions) / sizeof(what.companions[0]) - 1 && what.companions[i])
		i++;
	what.companions[i] = argument;
}

int main(int argc, char **argv)
{
	struct recorder_result result;
	struct weir_error error = { "" };
	struct recorder_setup setup;
	struct recorder *rec = NULL;
	struct weir_text text;

	if (argc < 3)
		return 2;
	what.collector = argv[1];
	what.context = pairs;
	for (int i = 2; i < argc; i++)
		take_argument(argv[i]);
	for (size_t i = 0; i < sizeof(what.companions) / sizeof(what.companions[0]); i++)
		if (what.companions[i] && strcmp(what.companions[i], "-") == 0)
			what.companions[i] = NULL;
	setup = golden_setup(&what);
	if (recorder_run(&setup, &rec, &result, &error) < 0) {
		fprintf(stderr, "%s\n", error.text);
		return 1;
	}
	text = recorder_text(rec);
	(void)fwrite(text.at, 1, text.n_bytes, stdout);
	recorder_free(rec);
	golden_done(&setup);
	return 0;
}
