/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/page.h"

#include "cli/say.h"
#include "cli/verbs.h"

#include <assert.h>
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	LETTER_HELP = 'h',
	VALUE_ROW = 256, /* getopt's value of row i is VALUE_ROW + i: no letter is that large */
	HELP_COLUMN = 34,
};

static int row_of(const struct page *page, int value)
{
	for (uint32_t i = 0; i < page->n_options; i++)
		if (value == VALUE_ROW + (int)i || (page->options[i].letter && value == page->options[i].letter))
			return (int)i;
	return -1;
}

static int misuse(const struct page *page, const char *object, const char *reason)
{
	say("%s: %s: %s", page->verb, object, reason);
	say("%s: `weir help %s` shows what it takes", page->verb, page->verb);
	return PAGE_MISUSE;
}

static int check_arguments(const struct page *page, int argc)
{
	uint32_t n = (uint32_t)(argc - optind);

	if (n < page->min_arguments)
		return misuse(page, page->arguments, "something is missing");
	if (n > page->max_arguments)
		return misuse(page, page->arguments, "too many arguments");
	return PAGE_DONE;
}

static int misuse_option(const struct page *page, int code, char **argv)
{
	const char *word = optind > 0 ? argv[optind - 1] : "";
	char letter[3] = { '-', (char)optopt, 0 };

	/* getopt leaves the letter, or the row's value, of what it couldn't take in optopt; 0: a long name it doesn't
	 * know. */
	if (optopt > 0 && optopt < VALUE_ROW)
		word = letter;
	return misuse(page, word, code == ':' ? "needs an argument" : "is no option, or not a unique start of one");
}

int page_next(const struct page *page, int argc, char **argv, const char **ret_argument)
{
	struct option longs[PAGE_OPTIONS_MAX + 2] = { 0 };
	char letters[2 * PAGE_OPTIONS_MAX + 4] = ":h";
	size_t n_letters = 2;
	int code;

	assert(page->n_options <= PAGE_OPTIONS_MAX);
	longs[page->n_options] = (struct option){ "help", no_argument, NULL, LETTER_HELP };
	for (uint32_t i = 0; i < page->n_options; i++) {
		const struct page_option *o = &page->options[i];

		longs[i] = (struct option){ o->name, o->argument ? required_argument : no_argument, NULL,
			                    VALUE_ROW + (int)i };
		if (!o->letter)
			continue;
		letters[n_letters++] = o->letter;
		if (o->argument)
			letters[n_letters++] = ':';
	}
	letters[n_letters] = 0;
	opterr = 0;
	code = getopt_long(argc, argv, letters, longs, NULL);
	if (code == -1)
		return check_arguments(page, argc);
	if (code == LETTER_HELP) {
		page_print(page);
		return PAGE_HELP;
	}
	if (code == '?' || code == ':')
		return misuse_option(page, code, argv);
	*ret_argument = optarg;
	return row_of(page, code);
}

int page_exit(int result)
{
	return result == PAGE_HELP ? EXIT_ALL : EXIT_MISUSE;
}

static void print_option(const struct page_option *o)
{
	char left[128];
	int n;

	n = snprintf(left, sizeof(left), "  %c%c%s --%s%s%s", o->letter ? '-' : ' ', o->letter ? o->letter : ' ',
	             o->letter ? "," : " ", o->name, o->argument ? " " : "", o->argument ? o->argument : "");
	if (n >= HELP_COLUMN)
		printf("%s\n%*s%s\n", left, HELP_COLUMN, "", o->help);
	else
		printf("%-*s%s\n", HELP_COLUMN, left, o->help);
}

void page_print(const struct page *page)
{
	static const struct page_option help = { "help", NULL, "print this", LETTER_HELP };

	printf("usage: weir %s%s%s\n\n%s\n", page->verb, *page->arguments ? " " : "", page->arguments, page->about);
	for (uint32_t i = 0; i < page->n_options; i++)
		print_option(&page->options[i]);
	print_option(&help);
}

void page_print_completion(const struct page *page)
{
	for (uint32_t i = 0; i < page->n_options; i++) {
		const struct page_option *o = &page->options[i];

		printf("%s\t--%s\t%s\t%s\n", page->verb, o->name, o->argument ? o->argument : "", o->help);
		if (o->letter)
			printf("%s\t-%c\t%s\t%s\n", page->verb, o->letter, o->argument ? o->argument : "", o->help);
	}
	printf("%s\t--help\t\tprint this\n", page->verb);
}

int page_number(const struct page *page, const char *option, const char *text, int64_t min, int64_t max, int64_t *ret)
{
	char *end;
	long long n;

	errno = 0;
	n = strtoll(text, &end, 10);
	if (errno || end == text || *end || n < min || n > max) {
		say("%s: --%s %s: not a whole number from %lld to %lld", page->verb, option, text, (long long)min,
		    (long long)max);
		return -EINVAL;
	}
	*ret = n;
	return 0;
}

static double unit_seconds(const char *unit)
{
	static const struct {
		const char *name;
		double seconds;
	} units[] = { { "", 1 }, { "s", 1 }, { "ms", 1e-3 }, { "us", 1e-6 }, { "m", 60 }, { "h", 3600 } };

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (strcmp(unit, units[i].name) == 0)
			return units[i].seconds;
	return -1;
}

int page_duration(const struct page *page, const char *option, const char *text, int64_t *ret_ns)
{
	static const double most_seconds = 1e9;
	double n, unit;
	char *end;

	errno = 0;
	n = strtod(text, &end);
	unit = unit_seconds(end);
	if (errno || end == text || unit < 0 || !isfinite(n) || n < 0 || n * unit > most_seconds) {
		say("%s: --%s %s: not a duration such as 90, 1.5s, 250ms, 5m", page->verb, option, text);
		return -EINVAL;
	}
	*ret_ns = (int64_t)(n * unit * 1e9);
	return 0;
}

int page_put(const struct page *page, const struct page_place *places, int row, const char *argument)
{
	const struct page_place *place = &places[row];

	if (place->span_ns) {
		const char *name = page->options[row].name;

		if (page_duration(page, name, argument, place->span_ns) < 0)
			return -EINVAL;
		if (*place->span_ns > 0)
			return 0;
		say("%s: --%s %s: has to be longer than nothing", page->verb, name, argument);
		return -EINVAL;
	}
	if (place->is_given)
		*place->is_given = 1;
	else
		*place->text = argument;
	return 0;
}
