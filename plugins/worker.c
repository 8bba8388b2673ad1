/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/worker.h"

#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>
#include <weir/fail.h>

#include "plugins/child.h"
#include "plugins/delivery.h"
#include "plugins/pace.h"
#include "plugins/sandbox.h"

enum {
	STREAM_REST_NS = 50000000,
	STREAM_HAND_OVER_NS = 1000000000,
	STREAM_RESTS_MAX = 40,   /* after its end, which a collector that reads its input meets with the next poll */
	LARGE_BLOCK = 128 << 10, /* bytes; glibc's own, which it raises when such a block is freed */
};

struct worker {
	struct lend_receiver delivery;
	const struct worker_task *task;
	struct ring *ring; /* of a child */
	struct lend *lend;
	struct weir_instance *instance;
	struct sandbox sandbox;
	pthread_t reader;
	sem_t reader_is_ready;
	struct weir_error error;
	int code;      /* of what ended it */
	uint32_t verb; /* that was running then */
	enum wire_way way;
	int is_child;
	int has_exited;
	volatile sig_atomic_t is_in_verb;
	sigjmp_buf way_out; /* of a child's verb that will not return */
};

/* Whether it needs more than its inputs. */
static int measures_system(const struct worker_task *t)
{
	return t->is_live && !t->is_stream;
}

/* For the ways out, which get no argument: a signal, exit(), a flood. A child has one worker. */
static struct worker *the_child;

static void enter_verb(struct worker *w, enum worker_verb verb)
{
	atomic_store(&w->delivery.gauge->verb, (uint32_t)verb);
	w->is_in_verb = 1;
}

static int fail_with(struct worker *w, int code, const char *what)
{
	w->way = WIRE_WAY_FAILED;
	w->code = code;
	return weir_fail(&w->error, code, "worker: %s: %s", what, strerror(-code));
}

/* ---- Inputs ---- */

static int open_inputs(struct worker *w)
{
	const struct worker_task *t = w->task;
	uint32_t n = t->collector ? t->collector->n_companions : 0;
	struct input_config c = { .fd = t->fd,
		                  .has_hash = 1,
		                  .is_beside = t->is_beside,
		                  .size_bytes = t->size_bytes,
		                  .is_stream = t->is_stream,
		                  .has_own_end = t->has_own_end,
		                  .head = t->head,
		                  .n_head = t->n_head,
		                  .n_given = &w->delivery.gauge->n_read };
	int r = input_new(&c, &w->delivery.inputs[0]);

	for (uint32_t i = 0; r == 0 && i < n; i++) {
		if (t->companion_fds[i] < 0)
			continue;
		c = (struct input_config){ .fd = t->companion_fds[i], .size_bytes = t->companion_sizes[i] };
		r = input_new(&c, &w->delivery.inputs[i + 1]);
	}
	return r < 0 ? fail_with(w, r, "inputs") : 0;
}

static void *read_beside(void *data)
{
	struct worker *w = data;
	struct weir_error error;
	int r = sandbox_seal_thread(&w->sandbox, &error);

	if (r < 0)
		input_stop(w->delivery.inputs[0]);
	(void)sem_post(&w->reader_is_ready);
	if (r == 0)
		input_read_beside(w->delivery.inputs[0]);
	return NULL;
}

/* The reader gets no signals: they are about what the collector does. */
static int start_reader(struct worker *w)
{
	sigset_t all, before;
	int r;

	if (!w->task->is_beside)
		return 0;
	(void)sem_init(&w->reader_is_ready, 0, 0);
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	r = pthread_create(&w->reader, NULL, read_beside, w);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (r != 0)
		return fail_with(w, -r, "reader");
	while (sem_wait(&w->reader_is_ready) < 0 && errno == EINTR)
		;
	return 0;
}

/* What the builder still has. A collector that was torn out of one of our functions may have left it half way. */
static void save_rest(struct worker *w)
{
	int r;

	if (!w->delivery.builder || w->delivery.is_in_host)
		return;
	r = builder_finish(w->delivery.builder);
	if (r < 0 && w->code == 0)
		(void)fail_with(w, r, "blocks");
}

/* ---- The verbs ---- */

static int load(struct worker *w)
{
	const struct registry_collector *c = w->task->collector;
	struct lend_config config = { .ops = &delivery_ops,
		                      .receiver = &w->delivery,
		                      .options = w->task->options,
		                      .n_options = w->task->n_options,
		                      .context = w->task->context,
		                      .n_context = w->task->n_context };
	char path[64];
	int r;

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", c->fd);
	/* A debugger finds the file by its path only. */
	r = loader_load(w->is_child ? path : c->path, c->name, &w->delivery.collector, &w->error);
	config.collector = w->delivery.collector;
	if (r == 0)
		r = lend_new(&config, &w->lend, &w->error);
	if (r < 0) {
		w->way = WIRE_WAY_FAILED;
		w->code = r;
	}
	return r;
}

/* The result of a verb, once it is known that the source ends here. */
static void end_with(struct worker *w, int r)
{
	w->is_in_verb = 0;
	w->verb = atomic_load(&w->delivery.gauge->verb);
	w->code = r < 0 ? r : 0;
	w->way = w->delivery.is_flood ? WIRE_WAY_FLOOD : r < 0 ? WIRE_WAY_FAILED : WIRE_WAY_DONE;
	if (r < 0 && w->error.text[0] == '\0')
		(void)weir_fail(&w->error, r, "%s", strerror(-r));
}

static int poll_file(struct worker *w)
{
	int r = 0;

	while (r >= 0 && r != WEIR_END && !w->delivery.is_flood)
		r = w->delivery.collector->poll(w->instance, delivery_ops.now(&w->delivery), &w->error);
	return r;
}

static int hand_over(struct worker *w)
{
	const struct lend_ledger so_far = lend_ledger(w->lend);
	int r = delivery_tick(&w->delivery, &so_far);

	if (r == 0 && w->ring)
		ring_flush(w->ring);
	return r;
}

/* A host that has no room gets nothing for once: what the kernel counted is in the next interval. */
static int is_pressed(struct worker *w)
{
	const struct weir_host *h = lend_host(w->lend);

	if (!w->ring || ring_room(w->ring) >= RING_BYTES / 2)
		return 0;
	h->tally(h, WEIR_LOST, 1, "host.busy");
	return 1;
}

/* Once an interval, and once more when it is to stop. What was measured is handed over every few intervals: a block of
 * ten points costs a store little more than one of one. */
static int poll_live(struct worker *w)
{
	struct pace pace = pace_start(&w->task->schedule, w->task->interval_ns, w->task->began_ns, w->task->stop_fd);
	int r = hand_over(w);

	while (r >= 0 && r != WEIR_END && !w->delivery.is_flood) {
		if (r != WEIR_AGAIN || pace.is_last || !is_pressed(w))
			r = w->delivery.collector->poll(w->instance, delivery_ops.now(&w->delivery), &w->error);
		atomic_fetch_add_explicit(&w->delivery.gauge->n_sent, 1, memory_order_relaxed);
		if (r != WEIR_AGAIN)
			continue;
		if (pace.is_last)
			return WEIR_END;
		if (pace_is_time_to_hand_over(&pace))
			r = hand_over(w);
		pace_wait(&pace);
	}
	return r;
}

/* As it comes; what has come counts about every second. No descriptor may be waited for here, so it is looked at. */
static int poll_stream(struct worker *w)
{
	const struct timespec rest = { 0, STREAM_REST_NS };
	int64_t handed_over_ns = 0, now_ns;
	int r = WEIR_OK, is_over = 0, n_rests = 0;
	uint64_t told;

	while (r >= 0 && r != WEIR_END && !w->delivery.is_flood) {
		now_ns = delivery_ops.now(&w->delivery);
		r = now_ns - handed_over_ns < STREAM_HAND_OVER_NS ? WEIR_OK : hand_over(w);
		if (r < 0)
			return r;
		if (now_ns - handed_over_ns >= STREAM_HAND_OVER_NS)
			handed_over_ns = now_ns;
		r = w->delivery.collector->poll(w->instance, now_ns, &w->error);
		atomic_fetch_add_explicit(&w->delivery.gauge->n_sent, 1, memory_order_relaxed);
		if (r != WEIR_AGAIN)
			continue;
		if (is_over && ++n_rests == STREAM_RESTS_MAX)
			return weir_fail(&w->error, -EPROTO, "it waits for more when its input is over");
		if (!is_over && read(w->task->stop_fd, &told, sizeof(told)) > 0) {
			is_over = 1;
			input_conclude(w->delivery.inputs[0]);
		} else {
			(void)nanosleep(&rest, NULL);
		}
	}
	return r;
}

/* A live worker runs for days, and opening takes it most memory: the kernel's types are ten MiB that nobody needs
 * afterwards. So large blocks always come from the system, untouched, and go back to it. */
static void keep_small(const struct worker *w)
{
	if (w->is_child && measures_system(w->task))
		(void)mallopt(M_MMAP_THRESHOLD, LARGE_BLOCK);
}

/* Opening is what a live collector has rights for. */
static int seal_opened(struct worker *w)
{
	struct weir_error error;
	int r;

	if (!w->is_child || !measures_system(w->task))
		return 0;
	(void)malloc_trim(0);
	r = sandbox_seal_live(&w->sandbox, w->task->target, &error);
	if (r < 0)
		(void)weir_fail(&w->error, r, "%s", error.text);
	return r;
}

static void run_verbs(struct worker *w)
{
	const struct weir_collector *c = w->delivery.collector;
	int r;

	keep_small(w);
	enter_verb(w, WORKER_VERB_OPEN);
	r = c->open(lend_host(w->lend), &w->instance, &w->error);
	if (r >= 0)
		r = seal_opened(w);
	if (r >= 0) {
		enter_verb(w, WORKER_VERB_POLL);
		r = w->task->is_stream ? poll_stream(w) : w->task->is_live ? poll_live(w) : poll_file(w);
	}
	end_with(w, r);
	save_rest(w);
	enter_verb(w, WORKER_VERB_CLOSE);
	c->close(w->instance);
	w->is_in_verb = 0;
}

/* ---- The end ---- */

static int has_ended_by_itself(const struct worker *w)
{
	return w->way == WIRE_WAY_DONE || w->way == WIRE_WAY_FAILED;
}

static int finish(struct worker *w)
{
	struct wire_end end = { .verb = w->verb };
	int r;

	if (has_ended_by_itself(w) && w->delivery.inputs[0] &&
	    (!w->task->is_live || (w->task->is_stream && input_is_over(w->delivery.inputs[0])))) {
		r = input_finish(w->delivery.inputs[0], end.sha256);
		end.has_sha256 = r == 0;
		end.is_short = r == 1;
		if (r < 0 && w->code == 0)
			(void)fail_with(w, r, "input");
	}
	if (w->lend) {
		(void)lend_finish(w->lend);
		end.ledger = lend_ledger(w->lend);
	}
	end.status = (uint32_t)(!w->task->collector ? STORE_OK
	                        : w->lend           ? lend_status(w->lend, w->code)
	                                            : STORE_FAILED);
	end.way = (uint32_t)w->way;
	end.code = w->code;
	return delivery_end(&w->delivery, &end, w->lend ? lend_reasons_json(w->lend) : "{}", &w->error);
}

/* ---- A child ---- */

/* Called by a signal handler, an exit handler or a flood: back to where the verbs were started. */
static void leave(void)
{
	siglongjmp(the_child->way_out, 1);
}

static void on_exit_in_verb(int status, void *data)
{
	struct worker *w = data;

	if (!w->is_in_verb)
		return;
	w->has_exited = 1;
	w->code = status;
	leave();
}

static void end_early(struct worker *w)
{
	w->verb = atomic_load(&w->delivery.gauge->verb);
	w->is_in_verb = 0;
	w->way = w->has_exited ? WIRE_WAY_EXIT : w->delivery.is_flood ? WIRE_WAY_FLOOD : WIRE_WAY_SIGNAL;
	save_rest(w);
}

static void note_missing(struct worker *w)
{
	struct weir_error text;
	int n;

	if (w->sandbox.missing[0] == '\0')
		return;
	n = snprintf(text.text, sizeof(text.text), "sandbox: this kernel lacks some of it: %s", w->sandbox.missing);
	(void)delivery_diag(&w->delivery, &(struct weir_diag){ .code = "host.sandbox",
	                                                       .offset = WEIR_NO_OFFSET,
	                                                       .message = { text.text, (uint64_t)n },
	                                                       .count = 1,
	                                                       .severity = WEIR_NOTE });
}

static int run_contained(struct worker *w)
{
	int r = measures_system(w->task) ? sandbox_enter_live(&w->sandbox, &w->error)
	                                 : sandbox_enter(&w->sandbox, &w->error);

	note_missing(w);
	if (r == 0)
		r = start_reader(w);
	if (r == 0)
		r = crash_arm(&w->delivery.gauge->crash, leave);
	if (r < 0)
		return r;
	if (sigsetjmp(w->way_out, 1) != 0) {
		end_early(w);
		return 0;
	}
	if (w->task->collector) {
		enter_verb(w, WORKER_VERB_LOAD);
		r = load(w);
		crash_note_objects(&w->delivery.gauge->crash);
	}
	if (r == 0 && !measures_system(w->task))
		r = sandbox_seal(&w->sandbox, &w->error);
	if (r == 0 && w->task->collector)
		run_verbs(w);
	w->is_in_verb = 0;
	return r;
}

static void begin_child(const struct worker_task *t, const struct ring *ring, int output_fd, int parent)
{
	struct child_setup setup = { parent, output_fd, { t->fd, ring_data_fd(ring), ring_room_fd(ring) }, 3 };

	if (t->collector)
		setup.keep[setup.n_keep++] = t->collector->fd;
	if (t->is_live)
		setup.keep[setup.n_keep++] = t->stop_fd;
	for (uint32_t i = 0; t->collector && i < t->collector->n_companions; i++)
		setup.keep[setup.n_keep++] = t->companion_fds[i];
	child_begin(&setup);
}

struct worker_outlet {
	struct ring *ring;
};

static int send_by_ring(struct worker_outlet *outlet, const struct ring_part *parts, uint32_t n_parts)
{
	return ring_send(outlet->ring, parts, n_parts);
}

/* What ps shows, and how the collector `self` knows whose worker it is. */
static void call_it(const struct worker_task *task)
{
	char name[WIRE_CODE_MAX];

	(void)snprintf(name, sizeof(name), "weir:%s", task->collector ? task->collector->name : "hash");
	(void)prctl(PR_SET_NAME, name);
}

void worker_child(const struct worker_task *task, struct ring *ring, struct worker_gauge *gauge, int output_fd,
                  int parent)
{
	static struct worker w;
	struct worker_outlet outlet = { ring };
	int r;

	begin_child(task, ring, output_fd, parent);
	call_it(task);
	w.task = task;
	w.is_child = 1;
	w.ring = ring;
	w.delivery.send = send_by_ring;
	w.delivery.outlet = &outlet;
	w.delivery.gauge = gauge;
	w.delivery.rows_max = task->rows_max;
	w.delivery.leave = leave;
	the_child = &w;
	w.sandbox.memory_max = task->memory_max;
	if (on_exit(on_exit_in_verb, &w) != 0)
		_exit(1);
	r = delivery_init(&w.delivery);
	if (r == 0)
		r = open_inputs(&w);
	if (r == 0)
		r = run_contained(&w);
	if (w.way == 0)
		end_with(&w, r);
	_exit(finish(&w) < 0);
}

/* ---- In this process ---- */

int worker_in_process(const struct worker_task *task, worker_send *send, struct worker_outlet *outlet,
                      struct worker_gauge *gauge)
{
	struct worker w = {
		.task = task, .delivery = { .send = send, .outlet = outlet, .gauge = gauge, .rows_max = task->rows_max }
	};
	int r = delivery_init(&w.delivery);

	if (r == 0)
		r = open_inputs(&w);
	if (r == 0 && task->collector)
		r = load(&w);
	if (r == 0 && task->collector)
		run_verbs(&w);
	if (w.way == 0)
		end_with(&w, r);
	r = finish(&w);
	lend_free(w.lend);
	delivery_done(&w.delivery);
	return r;
}

const char *worker_verb_name(uint32_t verb)
{
	static const char *const names[WORKER_VERB_COUNT] = { "load", "open", "poll", "close", "finish" };

	return verb < WORKER_VERB_COUNT ? names[verb] : "?";
}
