/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/say.h"
#include "cli/verbs.h"
#include "exports/jsonout.h"
#include "plugins/diagnosis.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	DOCTOR_JSON,
};

static const struct page_option options[] = {
	[DOCTOR_JSON] = { "json", NULL, "the same as JSON", 0 },
};

const struct page doctor_page = {
	.verb = "doctor",
	.arguments = "[PID] [--json]",
	.about = "Tries what each live collector can do here: which of its ways of measuring it would use, why not a "
		 "better\n"
		 "one, and what would change that. With PID, for that process. Exit code 3: something is not at its "
		 "best.\n",
	.options = options,
	.n_options = sizeof(options) / sizeof(options[0]),
	.max_arguments = 1,
};

/* How a collector fares. */
enum state {
	STATE_WORKS,
	STATE_DEGRADED, /* a part is measured by less than its best way, or not at all */
	STATE_FAILS,
	STATE_ASKS,      /* it only makes sense for a program that is running */
	STATE_ELSEWHERE, /* not for this program */
};

static const char *const state_words[] = { "works", "degraded", "fails", "needs a program: weir doctor PID",
	                                   "not for this program" };
static const char *const state_names[] = { "works", "degraded", "fails", "needs_program", "not_applicable" };

struct examination {
	const struct registry_collector *collector;
	struct diagnosis found;
	enum state state;
	struct weir_error error;
};

static enum state state_of(const struct diagnosis *d, int has_target)
{
	uint32_t at = 0, first, n;
	int used, is_degraded = 0, is_any = 0;

	while (diagnosis_part(d, &at, &first, &n, &used)) {
		is_degraded |= used != (int)first;
		is_any |= used >= 0;
	}
	if (d->code == -ENXIO && !is_any)
		return has_target ? STATE_ELSEWHERE : STATE_ASKS;
	if (d->code < 0 || (d->n_rungs > 0 && !is_any))
		return STATE_FAILS;
	return is_degraded ? STATE_DEGRADED : STATE_WORKS;
}

static void examine(const struct registry_collector *c, int32_t target, struct examination *ret)
{
	ret->collector = c;
	if (diagnosis_make(c, target, 0, &ret->found, &ret->error) < 0) {
		ret->state = STATE_FAILS;
		return;
	}
	ret->error = ret->found.error;
	ret->state = state_of(&ret->found, target > 0);
}

/* ---- As text ---- */

static void print_part(const struct diagnosis *d, uint32_t first, uint32_t n, int used)
{
	const struct diagnosis_rung *rungs = d->rungs, *r;
	const char *part = *rungs[first].part ? rungs[first].part : "all";

	if (used < 0)
		printf("  %-18s not measured\n", part);
	else
		printf("  %-18s by %s%s%s\n", part, rungs[used].name, *rungs[used].means ? ": " : "",
		       rungs[used].means);
	if (used > (int)first && *rungs[used].loss)
		printf("  %-18s   lacks: %s\n", "", rungs[used].loss);
	for (r = &rungs[first]; r < &rungs[first + n] && (used < 0 || r < &rungs[used]); r++) {
		printf("  %-18s   not by %s: %s\n", "", r->name, *r->why_not ? r->why_not : "it does not say why");
		if (*r->remedy)
			printf("  %-18s     to change that: %s\n", "", r->remedy);
	}
}

static void print_one(const struct examination *e)
{
	const struct diagnosis *d = &e->found;
	uint32_t at = 0, first, n;
	int used;

	printf("%s: %s\n", e->collector->name, state_words[e->state]);
	if ((e->state == STATE_FAILS || e->state == STATE_ELSEWHERE) && e->error.text[0]) {
		printf("  ");
		say_word(stdout, e->error.text);
		(void)putchar('\n');
	}
	while (e->state != STATE_ASKS && diagnosis_part(d, &at, &first, &n, &used))
		print_part(d, first, n, used);
}

/* ---- As JSON ---- */

static void put_rung(struct jsonout *j, const struct diagnosis_rung *r)
{
	jsonout_object(j, NULL);
	jsonout_text(j, "name", r->name);
	jsonout_bool(j, "works", r->works);
	jsonout_text(j, "means", r->means);
	jsonout_text(j, "loss", *r->loss ? r->loss : NULL);
	jsonout_text(j, "why_not", *r->why_not ? r->why_not : NULL);
	jsonout_text(j, "remedy", *r->remedy ? r->remedy : NULL);
	jsonout_end(j);
}

static void put_one(struct jsonout *j, const struct examination *e)
{
	const struct diagnosis *d = &e->found;
	uint32_t at = 0, first, n;
	int used;

	jsonout_object(j, NULL);
	jsonout_text(j, "collector", e->collector->name);
	jsonout_text(j, "version", e->collector->version);
	jsonout_text(j, "state", state_names[e->state]);
	jsonout_text(j, "error", e->error.text[0] ? e->error.text : NULL);
	jsonout_array(j, "parts");
	while (diagnosis_part(d, &at, &first, &n, &used)) {
		jsonout_object(j, NULL);
		jsonout_text(j, "part", *d->rungs[first].part ? d->rungs[first].part : NULL);
		jsonout_text(j, "used", used < 0 ? NULL : d->rungs[used].name);
		jsonout_array(j, "rungs");
		for (uint32_t i = first; i < first + n; i++)
			put_rung(j, &d->rungs[i]);
		jsonout_end(j);
		jsonout_end(j);
	}
	jsonout_end(j);
	jsonout_end(j);
}

/* ---- The verb ---- */

static void hear(struct registry_listener *nobody, uint32_t severity, const char *sentence)
{
	if (severity != WEIR_NOTE)
		say("doctor: %s", sentence);
}

static int examine_all(struct registry *registry, int32_t target, int is_json)
{
	uint32_t n_live = 0, n_worse = 0;
	struct jsonout j = jsonout_on(stdout, 0);

	if (is_json)
		jsonout_array(&j, NULL);
	for (uint32_t i = 0; i < registry_count(registry); i++) {
		struct examination e = { 0 };

		if (!registry_is_live(registry_at(registry, i)))
			continue;
		n_live++;
		examine(registry_at(registry, i), target, &e);
		n_worse += e.state == STATE_DEGRADED || e.state == STATE_FAILS;
		if (is_json)
			put_one(&j, &e);
		else
			print_one(&e);
		diagnosis_done(&e.found);
	}
	if (is_json)
		jsonout_end(&j);
	if (n_live == 0)
		say("doctor: there is no live collector; `weir plugins list` shows all");
	if (n_worse == 0)
		return n_live ? EXIT_ALL : EXIT_INCOMPLETE;
	say("doctor: %u of %u live collectors are not at their best here", n_worse, n_live);
	return EXIT_INCOMPLETE;
}

static int take_pid(const char *text, int32_t *ret)
{
	char *end;
	long n;

	errno = 0;
	n = strtol(text, &end, 10);
	if (errno || end == text || *end || n < 1 || n > INT32_MAX) {
		say("doctor: %s: not the number of a process", text);
		return -EINVAL;
	}
	*ret = (int32_t)n;
	return 0;
}

int verb_doctor(int argc, char **argv)
{
	struct registry *registry;
	struct weir_error error;
	const char *argument;
	int32_t target = 0;
	int row, code, is_json = 0;

	while ((row = page_next(&doctor_page, argc, argv, &argument)) >= 0)
		is_json = 1;
	if (row != PAGE_DONE)
		return page_exit(row);
	if (optind < argc && take_pid(argv[optind], &target) < 0)
		return EXIT_MISUSE;
	if (target && kill(target, 0) < 0 && errno == ESRCH) {
		say("doctor: process %s: there is none", argv[optind]);
		return EXIT_FAILED;
	}
	if (registry_open(&(struct registry_config){ .say = hear }, &registry, &error) < 0) {
		say("doctor: %s", error.text);
		return EXIT_FAILED;
	}
	code = examine_all(registry, target, is_json);
	registry_close(registry);
	return code;
}
