/* SPDX-License-Identifier: Apache-2.0 */
/* `weir plugins check`. */
#include "cli/plugins.h"

#include "cli/say.h"
#include "cli/verbs.h"

#include <jansson.h>
#include <stdio.h>

#include "plugins/conformance/check.h"

struct check_listener {
	json_t *verdicts; /* NULL: print lines */
};

static const char *const outcomes[] = {
	[CHECK_PASS] = "pass",
	[CHECK_WARN] = "warn",
	[CHECK_FAIL] = "FAIL",
	[CHECK_SKIP] = "skip",
};

static void print_verdict(const struct check_verdict *v)
{
	int is_skip = v->outcome == CHECK_SKIP;

	printf("%-5s %s%s%s\n", outcomes[v->outcome], v->test, is_skip ? ": " : "", is_skip ? v->text : "");
	if (v->outcome == CHECK_WARN || v->outcome == CHECK_FAIL)
		printf("      should: %s\n      but: %s\n", v->claim, v->text);
}

static void hear(struct check_listener *l, const struct check_verdict *v)
{
	json_t *o;

	if (!l->verdicts) {
		print_verdict(v);
		(void)fflush(stdout);
		return;
	}
	o = json_pack("{s:s, s:s, s:s, s:f}", "test", v->test, "claim", v->claim, "outcome",
	              v->outcome == CHECK_FAIL ? "fail" : outcomes[v->outcome], "ms", (double)v->elapsed_ns / 1e6);
	if (v->outcome != CHECK_PASS) {
		json_t *reason = json_string(v->text);

		(void)json_object_set_new(o, "reason", reason ? reason : json_string("(not UTF-8)"));
	}
	(void)json_array_append_new(l->verdicts, o);
}

static void print_json(const struct plugins_ask *ask, json_t *verdicts, const struct check_totals *t)
{
	json_t *o = json_pack("{s:s, s:I, s:{s:i, s:i, s:i, s:i}, s:o}", "file", ask->arguments[0], "seed",
	                      (json_int_t)ask->seed, "totals", "pass", t->n_pass, "warn", t->n_warn, "fail", t->n_fail,
	                      "skip", t->n_skip, "tests", verdicts);

	(void)json_dumpf(o, stdout, JSON_INDENT(2) | JSON_ENSURE_ASCII);
	(void)putchar('\n');
	json_decref(o);
}

int plugins_check(const struct plugins_ask *ask)
{
	struct check_listener listener = { ask->has_json ? json_array() : NULL };
	const struct check_config config = { .path = ask->arguments[0],
		                             .samples = ask->samples,
		                             .n_samples = ask->n_samples,
		                             .only = ask->only,
		                             .seed = ask->seed,
		                             .is_in_process = ask->is_in_process,
		                             .say = hear,
		                             .listener = &listener };
	struct weir_error error = { "" };
	struct check_totals totals;

	if (check_run(&config, &totals, &error) < 0) {
		say("%s", error.text);
		json_decref(listener.verdicts);
		return EXIT_FAILED;
	}
	if (ask->has_json)
		print_json(ask, listener.verdicts, &totals);
	else
		printf("\n%u passed, %u warned, %u failed, %u skipped\n", totals.n_pass, totals.n_warn, totals.n_fail,
		       totals.n_skip);
	if (!ask->has_json && totals.n_fail)
		printf("again, in a debugger: weir plugins check --in-process --seed %llu --only '^TEST$' %s\n",
		       (unsigned long long)ask->seed, ask->arguments[0]);
	if (totals.n_pass + totals.n_warn + totals.n_fail + totals.n_skip == 0) {
		say("check: --only %s: no test is called like that", ask->only ? ask->only : "");
		return EXIT_MISUSE;
	}
	return totals.n_fail ? EXIT_FAILED : EXIT_ALL;
}
