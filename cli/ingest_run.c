/* SPDX-License-Identifier: Apache-2.0 */
/* An ingest of files: what is known of the run, a session with a job a file, and what is said meanwhile. */
#include "cli/amount.h"
#include "cli/ingest.h"
#include "cli/log_join.h"
#include "cli/run_facts.h"
#include "cli/say.h"
#include "cli/verbs.h"
#include "plugins/session.h"
#include "store/query.h"
#include "store/store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <weir/fail.h>

enum {
	CONTEXT_MAX = 32,
	DIAG_MAX = 1024, /* bytes of a diag that are printed */
	SAID_MAX = 20,   /* diags that are printed as they come; all are in the store */
};

static void on_progress(struct session_listener *l, const struct session_progress *p)
{
	progress_show(&l->progress, p);
}

void ingest_say_diag(struct session_listener *l, const char *path, const struct weir_diag *d)
{
	int n = d->message.n_bytes < DIAG_MAX ? (int)d->message.n_bytes : DIAG_MAX;

	progress_wipe(&l->progress);
	if (d->offset == WEIR_NO_OFFSET)
		say("ingest: %s: %.*s (%s)", path, n, d->message.at, d->code);
	else
		say("ingest: %s: offset %llu: %.*s (%s)", path, (unsigned long long)d->offset, n, d->message.at,
		    d->code);
}

static void on_diag(struct session_listener *l, uint32_t job, const struct weir_diag *d)
{
	if (d->severity == WEIR_NOTE || l->request->is_quiet)
		return;
	if (l->n_said >= SAID_MAX) {
		l->n_unsaid++;
		return;
	}
	l->n_said++;
	ingest_say_diag(l, plan_path(l->plan, job), d);
}

static void on_done(struct session_listener *l, uint32_t job, const struct session_outcome *o)
{
	if (o->is_skipped)
		return;
	l->n_rows += o->n_rows;
	l->n_bytes += o->n_bytes;
}

void ingest_hear(struct registry_listener *l, uint32_t severity, const char *sentence)
{
	if (severity == WEIR_ERROR)
		l->n_left_out++;
	if (severity != WEIR_NOTE)
		say("ingest: %s", sentence);
}

int ingest_check_options(const struct ingest_request *r, const struct registry *registry)
{
	for (uint32_t i = 0; i < r->options.n; i++) {
		if (registry_find(registry, r->options.at[i].collector))
			continue;
		say("ingest: -O %s.%s: there is no such collector; `weir plugins list`", r->options.at[i].collector,
		    r->options.at[i].pair.name);
		return -EINVAL;
	}
	return 0;
}

static int pick_store(struct ingest_request *r, const struct plan *plan)
{
	if (r->output || plan->n_runs == 1)
		return store_path_pick("ingest", r->output, plan->runs[0].run->tag, r->store_path);
	say("ingest: %u runs: name the store that they all go into, with -o STORE", plan->n_runs);
	return -EINVAL;
}

/* ---- Jobs ---- */

static uint32_t add_fact(const struct run *run, uint32_t node, const char *name, struct lend_pair *ret)
{
	*ret = (struct lend_pair){ name, run_fact(run, node, name) };
	return ret->value != NULL;
}

/* What the store knows of the run's chain: a recording was told, and the log that is read now comes without a genesis.
 */
struct known {
	const char *run; /* whose, borrowed; NULL: nobody's */
	char values[RUN_CONSTANTS][RUN_CONSTANT_MAX];
};

static int read_known(struct store *s, const char *run, struct known *ret, struct weir_error *reterr)
{
	sqlite3_stmt *q;
	int r, step = 1;

	if (ret->run == run)
		return 0;
	*ret = (struct known){ .run = run };
	r = query_prepare(s, "SELECT name, value FROM facts WHERE run = ?1 AND node IS NULL", &q, reterr);
	if (r < 0)
		return r;
	(void)sqlite3_bind_text(q, 1, run, -1, SQLITE_STATIC);
	while ((step = query_step(s, q, reterr)) > 0)
		for (size_t i = 0; i < RUN_CONSTANTS; i++)
			if (strcmp((const char *)sqlite3_column_text(q, 0), run_constants[i]) == 0)
				(void)snprintf(ret->values[i], RUN_CONSTANT_MAX, "%s",
				               (const char *)sqlite3_column_text(q, 1));
	(void)sqlite3_finalize(q);
	return step;
}

static uint32_t collect_context(const struct run *run, const struct plan_job *job, const struct known *known,
                                struct lend_pair *ret)
{
	static const char *const facts[] = {
		"process.pid", "process.start_ns", "run.start_ns", "run.end_ns", "ghc.version",
	};
	uint32_t n = 0;

	ret[n++] = (struct lend_pair){ "run", run->tag };
	ret[n++] = (struct lend_pair){ "node", run->nodes[job->node].name };
	if (job->before)
		ret[n++] = (struct lend_pair){ "trace.before", job->before };
	for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++)
		n += add_fact(run, job->node, facts[i], &ret[n]);
	for (size_t i = 0; i < RUN_CONSTANTS; i++)
		if (add_fact(run, job->node, run_constants[i], &ret[n]))
			n++;
		else if (known->values[i][0])
			ret[n++] = (struct lend_pair){ run_constants[i], known->values[i] };
	return n;
}

static int add_job(struct session *session, const struct ingest_request *r, const struct plan *plan, uint32_t i,
                   const struct run_facts_ids *ids, const struct known *known, struct weir_error *reterr)
{
	const struct plan_job *job = &plan->jobs[i];
	const struct run *run = plan->runs[job->run].run;
	struct lend_pair options[GIVEN_MAX], context[CONTEXT_MAX];
	struct session_job j = { .collector = job->collector,
		                 .run = ids[job->run].id,
		                 .node = ids[job->run].nodes[job->node],
		                 .file = job->file,
		                 .path = plan_path(plan, i),
		                 .companions = (const char *const *)job->companions,
		                 .options = options,
		                 .context = context };
	uint32_t number;

	j.n_options = given_of(&r->options, job->collector->name, options);
	j.n_context = collect_context(run, job, known, context);
	return session_add(session, &j, &number, reterr);
}

static int run_session(struct store *s, const struct ingest_request *r, const struct plan *plan,
                       const struct run_facts_ids *ids, struct session_listener *l, struct session_totals *totals,
                       struct weir_error *reterr)
{
	static const struct session_listener_ops ops = { on_progress, on_diag, on_done };
	struct session_config config = { .store = s,
		                         .ops = &ops,
		                         .listener = l,
		                         .n_workers = (uint32_t)r->n_workers,
		                         .stall_timeout_ns = r->stall_ns,
		                         .is_in_process = r->is_in_process,
		                         .has_verify = r->has_verify };
	struct known known = { NULL };
	struct session *session;
	int result = session_new(&config, &session, reterr);

	if (result < 0)
		return result;
	for (uint32_t i = 0; i < plan->n_jobs && result == 0; i++) {
		result = read_known(s, plan->runs[plan->jobs[i].run].run->tag, &known, reterr);
		if (result == 0)
			result = add_job(session, r, plan, i, ids, &known, reterr);
	}
	if (result == 0)
		result = session_run(session, totals, reterr);
	session_free(session);
	progress_wipe(&l->progress);
	return result;
}

int ingest_read(struct store *s, const struct ingest_request *r, const struct plan *plan, struct session_listener *l,
                struct session_totals *ret)
{
	struct run_facts_ids *ids = NULL;
	struct weir_error error;
	int result = run_facts_put(s, plan, &ids, &error);

	if (result == 0)
		result = run_session(s, r, plan, ids, l, ret, &error);
	run_facts_done(ids, plan->n_runs);
	if (result < 0)
		say("ingest: %s", error.text);
	return result == 0 ? EXIT_ALL : result == -EINVAL ? EXIT_MISUSE : EXIT_FAILED;
}

static int fill_store(struct store *s, struct ingest_request *r, const struct plan *plan)
{
	struct session_listener l = { .plan = plan, .progress = progress_new(r->is_quiet), .request = r };
	struct session_totals totals = { 0 };
	int64_t start_ns = amount_now();
	int locli, code = ingest_read(s, r, plan, &l, &totals);

	if (code != EXIT_ALL)
		return code;
	ingest_print_outcome(r, &l, &totals, amount_now() - start_ns);
	locli = ingest_write_locli(s, r, plan);
	code = ingest_judge(s, r, plan, &l);
	return code == EXIT_ALL ? locli : code;
}

static int run_plan(struct ingest_request *r, struct plan *plan)
{
	struct weir_error error;
	struct store *s;
	int code;

	if (pick_store(r, plan) < 0)
		return EXIT_MISUSE;
	if (store_open(r->store_path, STORE_CREATE, &s, &error) < 0) {
		say("ingest: %s", error.text);
		return EXIT_FAILED;
	}
	code = fill_store(s, r, plan);
	store_close(s);
	return code;
}

int ingest_run(struct ingest_request *r)
{
	struct registry *registry;
	struct weir_error error;
	struct plan plan;
	struct registry_config config = { .say = ingest_hear, .listener = &r->collectors };
	int code = EXIT_FAILED, result = registry_open(&config, &registry, &error);

	if (result < 0) {
		say("ingest: %s", error.text);
		return EXIT_FAILED;
	}
	if (ingest_check_options(r, registry) < 0) {
		registry_close(registry);
		return EXIT_MISUSE;
	}
	result = plan_open(&r->plan, &plan, &error);
	if (result == 0)
		result = plan_claim(&plan, registry, &error);
	if (result < 0) {
		say("%s", error.text);
	} else if (r->is_dry) {
		ingest_print_plan(&plan);
		code = EXIT_ALL;
	} else if (log_join(&plan) < 0) {
		say("ingest: no memory");
	} else {
		code = run_plan(r, &plan);
	}
	plan_done(&plan);
	registry_close(registry);
	return code;
}
