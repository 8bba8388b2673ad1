/* SPDX-License-Identifier: Apache-2.0 */
/* `weir ingest --locli-only`: what the workbench's `prepare` leaves, and no store. Reports of cost centres are read as
 * always, into a store that is gone when their rows are known.
 */
#include "cli/amount.h"
#include "cli/export.h"
#include "cli/ingest.h"
#include "cli/say.h"
#include "cli/verbs.h"
#include "store/store.h"

#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- A store for a while ---- */

struct passing {
	char folder[PATH_MAX];
	struct store *store;
	sigset_t before;
};

/* Ctrl-C waits until it is gone; a session ends at once all the same. */
static int passing_open(struct passing *p)
{
	const char *where = getenv("TMPDIR");
	char path[PATH_MAX + 16];
	struct weir_error error;
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGHUP);
	(void)sigprocmask(SIG_BLOCK, &set, &p->before);
	if (snprintf(p->folder, sizeof(p->folder), "%s/weir-XXXXXX", where && *where ? where : "/tmp") >=
	            (int)sizeof(p->folder) ||
	    !mkdtemp(p->folder)) {
		say("ingest: --locli-only: %s: %s", p->folder, strerror(errno));
		p->folder[0] = 0;
		return EXIT_FAILED;
	}
	(void)snprintf(path, sizeof(path), "%s/s.weir", p->folder);
	if (store_open(path, STORE_CREATE, &p->store, &error) == 0)
		return EXIT_ALL;
	say("ingest: %s", error.text);
	return EXIT_FAILED;
}

static void passing_close(struct passing *p)
{
	DIR *dir = p->folder[0] ? opendir(p->folder) : NULL;
	const struct dirent *e;

	if (p->store)
		store_close(p->store);
	while (dir && (e = readdir(dir)))
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			(void)unlinkat(dirfd(dir), e->d_name, 0);
	if (dir) {
		(void)closedir(dir);
		(void)rmdir(p->folder);
	}
	(void)sigprocmask(SIG_SETMASK, &p->before, NULL);
}

/* ---- Profiles ---- */

/* Into ret[i] what run i has. */
static int read_profiles(const struct ingest_request *r, const struct plan *plan, struct export_profiles **ret)
{
	struct session_listener l = { .plan = plan, .progress = progress_new(1), .request = r };
	struct session_totals totals = { 0 };
	struct passing p = { .store = NULL };
	int code = passing_open(&p);

	if (code == EXIT_ALL)
		code = ingest_read(p.store, r, plan, &l, &totals);
	for (uint32_t i = 0; i < plan->n_runs && code == EXIT_ALL; i++)
		code = export_locli_load("ingest", p.store, plan->runs[i].run->tag, &ret[i]);
	passing_close(&p);
	if (code != EXIT_ALL || totals.n_partial + totals.n_failed == 0)
		return code;
	say("ingest: %u profile%s partial or failed", totals.n_partial + totals.n_failed,
	    totals.n_partial + totals.n_failed == 1 ? " is" : "s are");
	return EXIT_INCOMPLETE;
}

/* ---- All of it ---- */

/* What could not be looked at may be a log. */
static int say_losses(const struct plan *plan)
{
	int code = EXIT_ALL;

	for (uint32_t i = 0; i < plan->n_runs; i++) {
		const struct run *run = plan->runs[i].run;

		for (uint32_t k = 0; k < run->n_leftovers; k++)
			if (run->leftovers[k].is_loss) {
				say("ingest: %s: %s", run->leftovers[k].path, run->leftovers[k].why);
				code = EXIT_INCOMPLETE;
			}
	}
	return code;
}

/* Nothing that comes would be of use. */
static int is_over(int code)
{
	return code == EXIT_FAILED || code == EXIT_MISUSE;
}

static int worse(int a, int b)
{
	if (is_over(a) || is_over(b))
		return is_over(a) ? a : b;
	return a == EXIT_ALL ? b : a;
}

/* A manifest of some of a run's files would hide the others. */
static int check_runs(const struct plan *plan)
{
	for (uint32_t i = 0; i < plan->n_runs; i++)
		if (!plan->runs[i].is_whole || !plan->runs[i].run->root) {
			say("ingest: --locli-only: %s: these are single files; name the run's directory",
			    plan->runs[i].run->tag);
			return EXIT_MISUSE;
		}
	return say_losses(plan);
}

static int write_run(const struct ingest_request *r, const struct run *run, const struct export_profiles *profiles)
{
	int code = ingest_write_logs(NULL, r, run);

	return code == EXIT_FAILED ? code : worse(code, export_locli_write("ingest", profiles, run->root, r->is_quiet));
}

/* Who has none needs no collectors, which take longer to start than a small log to read. */
static int has_reports(const struct plan *plan)
{
	for (uint32_t i = 0; i < plan->n_runs; i++)
		for (uint32_t k = 0; k < plan->runs[i].run->n_files; k++)
			if (fnmatch("*.prof", plan->runs[i].run->files[k].path, 0) == 0)
				return 1;
	return 0;
}

static int claim_profiles(struct ingest_request *r, struct plan *plan, struct export_profiles **ret)
{
	struct registry *registry;
	struct weir_error error;
	int code, result = registry_open(&(struct registry_config){ .say = ingest_hear, .listener = &r->collectors },
	                                 &registry, &error);

	if (result < 0) {
		say("ingest: %s", error.text);
		return EXIT_FAILED;
	}
	code = ingest_check_options(r, registry) < 0 ? EXIT_MISUSE : EXIT_ALL;
	if (code == EXIT_ALL && plan_claim(plan, registry, &error) < 0) {
		say("%s", error.text);
		code = EXIT_FAILED;
	}
	plan_keep(plan, "ghc-prof");
	if (code == EXIT_ALL && plan->n_jobs)
		code = read_profiles(r, plan, ret);
	registry_close(registry);
	if (code == EXIT_ALL && r->collectors.n_left_out) {
		say("ingest: %u collector%s left out: profiles may be missing", r->collectors.n_left_out,
		    r->collectors.n_left_out == 1 ? " was" : "s were");
		code = EXIT_INCOMPLETE;
	}
	return code;
}

static int write_all(struct ingest_request *r, struct plan *plan)
{
	struct export_profiles **profiles = calloc(plan->n_runs + 1u, sizeof(struct export_profiles *));
	int code = profiles ? check_runs(plan) : EXIT_FAILED;

	if (!profiles)
		say("ingest: no memory");
	if (!is_over(code) && (r->options.n || has_reports(plan)))
		code = worse(code, claim_profiles(r, plan, profiles));
	for (uint32_t i = 0; i < plan->n_runs && !is_over(code); i++)
		code = worse(code, write_run(r, plan->runs[i].run, profiles[i]));
	for (uint32_t i = 0; profiles && i < plan->n_runs; i++)
		export_locli_free(profiles[i]);
	free(profiles);
	return code;
}

int ingest_locli_only(struct ingest_request *r)
{
	struct weir_error error;
	struct plan plan;
	int code = EXIT_FAILED;

	if (plan_open(&r->plan, &plan, &error) < 0)
		say("%s", error.text);
	else
		code = write_all(r, &plan);
	plan_done(&plan);
	return code;
}
