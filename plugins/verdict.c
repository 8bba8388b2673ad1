/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/verdict.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <weir/fail.h>

#include "plugins/place.h"
#include "plugins/worker.h"

struct circumstances {
	char text[512];
};

/* `in x.so+0x1139 (x_poll), in poll, after 120 bytes of input`, as much of it as is known. */
static const char *circumstances(const struct evidence *e, struct circumstances *ret)
{
	struct place_sentence where = { "" };

	if (e->crash.is_set)
		place_where(&e->crash, e->collector->fd, basename(e->collector->path), &where);
	(void)snprintf(ret->text, sizeof(ret->text), "%s%s%sin %s, after %llu bytes of input",
	               where.text[0] ? "in " : "", where.text, where.text[0] ? ", " : "", worker_verb_name(e->verb),
	               (unsigned long long)e->offset);
	return ret->text;
}

static void say_hang(const struct evidence *e, struct verdict *v)
{
	struct circumstances at;

	v->code = "host.hang";
	(void)weir_fail(&v->message, 0, "collector %s: read and emitted nothing for %.3g s and was ended: %s",
	                e->collector->name, (double)e->stall_ns / 1e9, circumstances(e, &at));
}

static void say_memory(const struct evidence *e, struct verdict *v)
{
	struct circumstances at;

	v->code = "host.memory";
	(void)weir_fail(&v->message, 0, "collector %s: needs more than the %llu MiB it may have: %s",
	                e->collector->name, (unsigned long long)(e->memory_max >> 20), circumstances(e, &at));
}

static void say_flood(const struct evidence *e, struct verdict *v)
{
	struct circumstances at;

	v->code = "host.flood";
	(void)weir_fail(&v->message, 0,
	                "collector %s: emits more than %llu observations, the bound for inputs of this size: %s",
	                e->collector->name, (unsigned long long)e->rows_max, circumstances(e, &at));
}

static void say_broken(const struct evidence *e, struct verdict *v)
{
	v->code = "host.wire";
	(void)weir_fail(&v->message, 0, "collector %s: its worker sent what it may not: %s", e->collector->name,
	                e->fault);
}

static void say_signal(const struct evidence *e, struct verdict *v)
{
	int is_denied = e->crash.signal == SIGSYS;
	struct place_sentence cause;
	struct circumstances at;

	v->code = is_denied ? "host.denied" : "host.crash";
	place_cause(&e->crash, &cause);
	(void)weir_fail(&v->message, 0, "collector %s: %s%s %s", e->collector->name, cause.text,
	                is_denied ? ", which a collector may not make," : "", circumstances(e, &at));
}

static void say_killed(const struct evidence *e, struct verdict *v)
{
	const char *name = sigabbrev_np(WTERMSIG(e->wait_status));
	struct circumstances at;

	v->code = "host.crash";
	(void)weir_fail(&v->message, 0, "collector %s: its process was killed by SIG%s, %s", e->collector->name,
	                name ? name : "?", circumstances(e, &at));
}

static void say_exit(const struct evidence *e, int status, struct verdict *v)
{
	struct circumstances at;

	v->code = "host.exit";
	(void)weir_fail(&v->message, 0, "collector %s: left its process with status %d, %s", e->collector->name, status,
	                circumstances(e, &at));
}

static void say_failed(const struct evidence *e, struct verdict *v)
{
	if (e->end.code == -ENOMEM) {
		say_memory(e, v);
		return;
	}
	v->code = "host.verb";
	(void)weir_fail(&v->message, 0, "%s", e->sentence);
}

static void say_recorded(const struct evidence *e, struct verdict *v)
{
	if (e->crash.is_out_of_memory && e->crash.signal != SIGSYS)
		say_memory(e, v);
	else
		say_signal(e, v);
}

static void say_own_end(const struct evidence *e, struct verdict *v)
{
	switch (e->end.way) {
	case WIRE_WAY_FAILED:
		say_failed(e, v);
		break;
	case WIRE_WAY_SIGNAL:
		say_recorded(e, v);
		break;
	case WIRE_WAY_EXIT:
		say_exit(e, e->end.code, v);
		break;
	case WIRE_WAY_FLOOD:
		say_flood(e, v);
		break;
	default:
		v->code = NULL;
	}
}

static void say_sudden_end(const struct evidence *e, struct verdict *v)
{
	if (e->crash.is_set)
		say_recorded(e, v);
	else if (WIFSIGNALED(e->wait_status))
		say_killed(e, v);
	else
		say_exit(e, WEXITSTATUS(e->wait_status), v);
}

void verdict_reach(const struct evidence *e, struct verdict *ret)
{
	/* It may have ended by itself while the host was about to end it. */
	int has_own_end = e->has_end && (e->end.way == WIRE_WAY_DONE || e->end.way == WIRE_WAY_FAILED);

	*ret = (struct verdict){ 0 };
	if (e->fate == FATE_BROKEN)
		say_broken(e, ret);
	else if (e->fate == FATE_FLOOD)
		say_flood(e, ret);
	else if (e->fate == FATE_HANG && !has_own_end)
		say_hang(e, ret);
	else if (e->fate == FATE_MEMORY && !has_own_end)
		say_memory(e, ret);
	else if (e->has_end)
		say_own_end(e, ret);
	else
		say_sudden_end(e, ret);
}
