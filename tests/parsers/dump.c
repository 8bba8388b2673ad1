/* SPDX-License-Identifier: Apache-2.0 */
/* Prints what a parser says of a file: `dump hp FILE`. For comparing with other readings of the same file. */
#include "tests/parsers/transcript.h"
#include "tests/support/bytes.h"

#include <stdlib.h>
#include <string.h>

static const struct {
	const char *name;
	transcript *of;
} formats[] = {
	{ "eventlog", eventlog_transcript },
	{ "hp", hp_transcript },
	{ "rts_stats", rts_stats_transcript },
	{ "ticky", ticky_transcript },
	{ "prof", prof_transcript },
	{ "prof_json", prof_json_transcript },
};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc == 3 && i < sizeof(formats) / sizeof(formats[0]); i++) {
		struct bytes file;
		char *text;

		if (strcmp(argv[1], formats[i].name) != 0)
			continue;
		file = bytes_read(argv[2]);
		text = formats[i].of((const char *)file.at, file.n, file.n, 1);
		fputs(text, stdout);
		free(text);
		bytes_done(&file);
		return 0;
	}
	fprintf(stderr, "usage: dump FORMAT FILE\n");
	return 2;
}
