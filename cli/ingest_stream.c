/* SPDX-License-Identifier: Apache-2.0 */
/* `weir ingest` of one stream: what it says reaches the store about every second, and stays when weir is killed. */
#include "cli/amount.h"
#include "cli/ingest.h"
#include "cli/live.h"
#include "cli/say.h"
#include "cli/stream.h"
#include "cli/verbs.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <weir/fail.h>

static void on_progress(struct session_listener *l, const struct session_progress *p)
{
	progress_show(&l->progress, p);
}

static void on_diag(struct session_listener *l, uint32_t job, const struct weir_diag *d)
{
	if (d->severity != WEIR_NOTE && !l->request->is_quiet)
		ingest_say_diag(l, l->stream, d);
}

static void on_done(struct session_listener *l, uint32_t job, const struct session_outcome *o)
{
	l->outcome = *o;
}

static const struct session_listener_ops ops = { .progress = on_progress, .diag = on_diag, .done = on_done };

int ingest_is_stream(const struct ingest_request *r)
{
	return r->is_following || (r->plan.n_paths == 1 && stream_is(r->plan.paths[0]));
}

static int64_t utc_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

struct names {
	const char *tag, *node, *path;
};

/* A stream without a name is called so. */
static struct names names_of(const struct ingest_request *r, const struct stream *s)
{
	const char *name = s->name[0] ? s->name : "stream";

	return (struct names){ r->plan.tag ? r->plan.tag : name, r->plan.node ? r->plan.node : name, name };
}

static int add_job(struct session *session, const struct ingest_request *r, const struct stream *s,
                   const struct registry_collector *c, const struct names *names, struct session_job *j,
                   struct weir_error *reterr)
{
	struct lend_pair options[GIVEN_MAX];
	const struct lend_pair context[] = { { "run", names->tag }, { "node", names->node } };
	uint32_t number;

	j->collector = c;
	j->path = names->path;
	j->context = context;
	j->n_context = 2;
	j->options = options;
	j->n_options = given_of(&r->options, c->name, options);
	j->is_live = j->is_stream = 1;
	j->interval_ns = INT64_C(1000000000);
	j->started_ns = utc_ns();
	j->stream_fd = s->fd;
	j->has_own_end = s->has_own_end;
	j->head = s->head;
	j->n_head = s->n_head;
	return session_add(session, j, &number, reterr);
}

static int read_it(struct store *store, const struct ingest_request *r, const struct stream *s,
                   const struct registry_collector *c, int end_fd, struct session_listener *l,
                   struct weir_error *reterr)
{
	const struct session_config config = { .store = store,
		                               .ops = &ops,
		                               .listener = l,
		                               .n_workers = 1,
		                               .stall_timeout_ns = r->stall_ns,
		                               .live_end_fd = end_fd };
	const struct names names = names_of(r, s);
	struct session_job j = { 0 };
	struct session_totals totals;
	struct session *session;
	int result = store_run(store, names.tag, &j.run, reterr);

	if (result == 0)
		result = store_node(store, j.run, names.node, &j.node, reterr);
	if (result == 0)
		result = session_new(&config, &session, reterr);
	if (result < 0)
		return result;
	result = add_job(session, r, s, c, &names, &j, reterr);
	if (result == 0)
		result = session_run(session, &totals, reterr);
	session_free(session);
	return result;
}

static int judge(const struct ingest_request *r, const struct session_listener *l, const char *store_path)
{
	char rows[AMOUNT_MAX], bytes[AMOUNT_MAX], time[AMOUNT_MAX];
	const struct session_outcome *o = &l->outcome;

	if (!r->is_quiet)
		printf("%s: %s; %s observations from %s in %s\n", store_path, l->stream, amount_count(rows, o->n_rows),
		       amount_bytes(bytes, (double)o->n_bytes), amount_span(time, (double)o->elapsed_ns));
	if (o->status == STORE_OK)
		return EXIT_ALL;
	say("ingest: %s: %s is %s; `weir summary` says what and where", store_path, l->stream,
	    o->status == STORE_PARTIAL ? "partial" : "failed");
	return EXIT_INCOMPLETE;
}

static int fill_store(struct ingest_request *r, struct stream *s, struct registry *registry, int end_fd)
{
	struct session_listener l = { .request = r, .stream = r->plan.paths[0], .progress = progress_new(r->is_quiet) };
	const struct registry_collector *c = stream_claim(registry, s);
	const struct names names = names_of(r, s);
	char store_path[STORE_PATH_MAX];
	struct weir_error error;
	struct store *store;
	int result;

	if (!c) {
		say("ingest: %s: no collector knows what it is", l.stream);
		return EXIT_INCOMPLETE;
	}
	if (store_path_pick("ingest", r->output, names.tag, store_path) < 0)
		return EXIT_MISUSE;
	if (store_open(store_path, STORE_CREATE, &store, &error) < 0) {
		say("ingest: %s", error.text);
		return EXIT_FAILED;
	}
	result = read_it(store, r, s, c, end_fd, &l, &error);
	progress_wipe(&l.progress);
	store_close(store);
	if (result < 0) {
		say("ingest: %s", error.text);
		return result == -EINVAL ? EXIT_MISUSE : EXIT_FAILED;
	}
	return judge(r, &l, store_path);
}

static int begin(struct ingest_request *r, struct stream *s, int end_fd)
{
	struct registry *registry;
	struct weir_error error;
	int code, result = stream_begin(s, r->for_ns ? end_fd : -1);

	if (result < 0) {
		say("ingest: %s: %s", r->plan.paths[0],
		    result == -ENODATA || result == -EINTR ? "nothing came of it" : strerror(-result));
		return EXIT_INCOMPLETE;
	}
	if (registry_open(&(struct registry_config){ .say = ingest_hear, .listener = &r->collectors }, &registry,
	                  &error) < 0) {
		say("ingest: %s", error.text);
		return EXIT_FAILED;
	}
	code = fill_store(r, s, registry, end_fd);
	registry_close(registry);
	return code;
}

int ingest_stream(struct ingest_request *r)
{
	struct weir_error error;
	struct stream s;
	int code, end_fd = r->for_ns ? live_end_fd(0, r->for_ns) : 0;

	if (r->plan.n_paths != 1 || r->is_locli || r->is_locli_only || r->is_dry || r->has_verify) {
		say("ingest: a stream is read alone, without --locli, --locli-only, --dry-run and --verify");
		return EXIT_MISUSE;
	}
	if (end_fd < 0 || stream_open(r->plan.paths[0], &s, &error) < 0) {
		say("ingest: %s", end_fd < 0 ? strerror(-end_fd) : error.text);
		return EXIT_FAILED;
	}
	code = begin(r, &s, end_fd);
	stream_close(&s);
	if (end_fd > 0)
		(void)close(end_fd);
	return code;
}
