/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_PAGE_H
#define CLI_PAGE_H

/* What a verb takes, as one const table: read by the option parser, by --help and by shell completion, so that the
 * three never disagree. */

#include <stdint.h>

struct page_option {
	const char *name;     /* long, without dashes */
	const char *argument; /* what it takes, as --help calls it; NULL: a switch */
	const char *help;     /* a line */
	char letter;          /* 0: none */
};

struct page {
	const char *verb;
	const char *arguments; /* `STORE [--json]`: all that may follow the verb */
	const char *about;     /* some lines for --help */
	const struct page_option *options;
	uint32_t n_options;
	uint32_t min_arguments; /* beside the options */
	uint32_t max_arguments;
};

enum {
	PAGE_OPTIONS_MAX = 32,
	PAGE_DONE = -1, /* all options are read; the arguments are argv[optind] and after */
	PAGE_HELP = -2, /* --help was asked for and is printed */
	PAGE_MISUSE = -3,
};

/* The next option: its row and, where it takes one, its argument (borrowed from argv). optind must be 0 before the
 * first call. Options and arguments may be mixed. PAGE_MISUSE: said on stderr what was wrong, the number of arguments
 * included. */
int page_next(const struct page *page, int argc, char **argv, const char **ret_argument);

/* Where the value of an option is put: one of these. */
struct page_place {
	const char **text; /* borrowed from argv */
	int *is_given;     /* of a switch */
	int64_t *span_ns;  /* see page_duration(); above 0 */
};

/* Puts the value of a row where `places` says, by row. -EINVAL: said what was wrong with it. */
int page_put(const struct page *page, const struct page_place *places, int row, const char *argument);

/* The exit code of a verb whose page_next() ended in PAGE_HELP or PAGE_MISUSE. */
int page_exit(int result);

void page_print(const struct page *page);

/* Lines `verb TAB option TAB argument TAB help`, for shell completion. */
void page_print_completion(const struct page *page);

/* A whole number within bounds, or -EINVAL after saying what fits. */
int page_number(const struct page *page, const char *option, const char *text, int64_t min, int64_t max, int64_t *ret);

/* The same for seconds: `90`, `1.5s`, `250ms`, `5m`, as nanoseconds. */
int page_duration(const struct page *page, const char *option, const char *text, int64_t *ret_ns);

#endif
