/* SPDX-License-Identifier: Apache-2.0 */
/* Each conformance test is tested: conformance SAMPLE OBJECT=TESTS..., where just those tests must warn or fail on the
 * object, and every test there is must be in one of the lists. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/conformance/check.h"

enum {
	TESTS_MAX = 256,
};

struct check_listener {
	const char *expected;
	char reasons[8192]; /* of the tests that were not expected */
	unsigned n_wrong;
	unsigned n_met;
};

/* Whether a word is in a list of them with blanks between. */
static int has_word(const char *list, const char *word)
{
	size_t n = strlen(word);

	for (const char *at = strstr(list, word); at; at = strstr(at + 1, word))
		if ((at == list || at[-1] == ' ') && (at[n] == ' ' || at[n] == '\0'))
			return 1;
	return 0;
}

static unsigned n_words(const char *list)
{
	unsigned n = *list != '\0';

	for (; *list; list++)
		n += *list == ' ';
	return n;
}

static void hear(struct check_listener *l, const struct check_verdict *v)
{
	int is_bad = v->outcome == CHECK_FAIL || v->outcome == CHECK_WARN;
	size_t n = strlen(l->reasons);

	if (is_bad && has_word(l->expected, v->test)) {
		l->n_met++;
	} else if (is_bad) {
		l->n_wrong++;
		(void)snprintf(l->reasons + n, sizeof(l->reasons) - n, "    %s: %s\n", v->test, v->text);
	}
}

static int check_one(const char *path, const char *sample, const char *expected)
{
	struct check_listener l = { .expected = expected };
	const struct check_config config = { .path = path,
		                             .samples = &sample,
		                             .n_samples = 1,
		                             .seed = 1,
		                             .timeout_ns = INT64_C(10000000000),
		                             .say = hear,
		                             .listener = &l };
	struct weir_error error = { "" };
	struct check_totals totals = { 0 };
	int r = check_run(&config, &totals, &error);

	if (r == 0 && !l.n_wrong && l.n_met == n_words(expected) && totals.n_pass)
		return 0;
	printf("%s: expected to fail %s; %u of them did\n%s%s\n", strrchr(path, '/') + 1,
	       *expected ? expected : "nothing", l.n_met, l.reasons, error.text);
	return 1;
}

static int has_fixture(const char *test, int argc, char **lists)
{
	for (int i = 0; i < argc; i++)
		if (has_word(lists[i], test))
			return 1;
	printf("%s: no fixture breaks it\n", test);
	return 0;
}

int main(int argc, char **argv)
{
	char *lists[TESTS_MAX] = { NULL };
	unsigned n_wrong = 0;
	int n = 0;

	for (int i = 2; i < argc && n < TESTS_MAX; i++) {
		lists[n] = strchr(argv[i], '=');
		*lists[n]++ = '\0';
		n_wrong += (unsigned)check_one(argv[i], argv[1], lists[n++]);
	}
	for (uint32_t i = 0; check_test(i, NULL); i++)
		n_wrong += !has_fixture(check_test(i, NULL), n, lists);
	printf("%d fixtures, %u wrong\n", n, n_wrong);
	return n_wrong || n == 0;
}
