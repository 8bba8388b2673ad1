/* SPDX-License-Identifier: Apache-2.0 */
/* What is asked of `record` and `attach` alike. */
#include "cli/live.h"
#include "cli/say.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define COARSE_NS INT64_C(10000000000)

static int take_user(struct live_request *r, const char *name)
{
	if (geteuid() != 0 || rights_find_user(name, &r->user) < 0) {
		say("--user %s: %s", name, geteuid() != 0 ? "only root can become somebody else" : "there is none");
		return -EINVAL;
	}
	r->has_user = 1;
	return 0;
}

int live_take(const struct page *page, struct live_request *r, int row, const char *argument)
{
	const struct page_place places[] = {
		[LIVE_OUTPUT] = { .text = &r->output },
		[LIVE_COLLECTORS] = { .text = &r->collectors },
		[LIVE_INTERVAL] = { .span_ns = &r->interval_ns },
		[LIVE_FOR] = { .span_ns = &r->for_ns },
		[LIVE_RUN] = { .text = &r->tag },
		[LIVE_QUIET] = { .is_given = &r->is_quiet },
		[LIVE_WINDOW] = { .text = &r->window },
		[LIVE_GENESIS] = { .text = &r->genesis },
		[LIVE_COARSE] = { .span_ns = &r->coarse_ns },
	};

	if (row == LIVE_USER)
		return take_user(r, argument);
	if (row == LIVE_OPTION)
		return given_take(&r->options, page->verb, (char *)(uintptr_t)argument);
	return page_put(page, places, row, argument);
}

/* `-20s,+60s` */
static int take_window(const struct page *page, struct live_request *r)
{
	char text[128];
	char *comma;

	(void)snprintf(text, sizeof(text), "%s", r->window);
	comma = strchr(text, ',');
	if (text[0] != '-' || !comma || comma[1] != '+') {
		say("--epoch-window %s: not of the form -20s,+60s", r->window);
		return -EINVAL;
	}
	*comma = 0;
	if (page_duration(page, "epoch-window", text + 1, &r->schedule.before_ns) < 0 ||
	    page_duration(page, "epoch-window", comma + 2, &r->schedule.after_ns) < 0)
		return -EINVAL;
	return 0;
}

static int take_schedule(const struct page *page, struct live_request *r, int64_t start_ns, int64_t epoch_ns)
{
	if (take_window(page, r) < 0)
		return -EINVAL;
	r->schedule.interval_ns = r->interval_ns;
	r->schedule.coarse_ns = r->coarse_ns ? r->coarse_ns : COARSE_NS;
	r->schedule.first_ns = start_ns;
	r->schedule.period_ns = epoch_ns;
	if (r->schedule.before_ns + r->schedule.after_ns < epoch_ns)
		return 0;
	say("--epoch-window %s: as long as an epoch or longer", r->window);
	return -EINVAL;
}

/* Of values that are longer than any number nobody is told. */
static void take_constants(struct live_request *r, const struct run *run)
{
	for (size_t i = 0; i < RUN_CONSTANTS; i++) {
		const char *value = run_fact(run, RUN_NONE, run_constants[i]);
		struct live_constant *c = &r->constants[r->n_constants];

		if (!value || strlen(value) >= sizeof(c->value))
			continue;
		c->name = run_constants[i];
		(void)snprintf(c->value, sizeof(c->value), "%s", value);
		r->n_constants++;
	}
}

static int take_chain(const struct page *page, struct live_request *r, const struct run *run)
{
	int64_t start_ns, epoch_ns;

	take_constants(r, run);
	if (!r->window)
		return 0;
	if (run_epochs(run, &start_ns, &epoch_ns))
		return take_schedule(page, r, start_ns, epoch_ns);
	say("--epoch-window: %s has no genesis; --genesis FILE says when epochs begin", run->root);
	return -EINVAL;
}

int live_take_run(const struct page *page, struct live_request *r, const struct run *run)
{
	return r->genesis ? 0 : take_chain(page, r, run);
}

int live_check(const struct page *page, struct live_request *r)
{
	struct run *chain;
	struct weir_error error;
	int result;

	if (r->window && !r->genesis && !r->has_run) {
		say("--epoch-window: needs --genesis FILE, which says when epochs begin");
		return -EINVAL;
	}
	if (!r->genesis)
		return 0;
	if (run_open_genesis(r->genesis, &chain, &error) < 0) {
		say("%s", error.text);
		return -EINVAL;
	}
	result = take_chain(page, r, chain);
	run_close(chain);
	return result;
}

void live_tag(const char *name, char *ret, size_t size)
{
	const char *slash = strrchr(name, '/');
	time_t now = time(NULL);
	struct tm utc;
	char date[32];

	(void)gmtime_r(&now, &utc);
	(void)strftime(date, sizeof(date), "%Y-%m-%d-%H-%M-%S", &utc);
	(void)snprintf(ret, size, "%.200s-%s", slash ? slash + 1 : name, date);
}
