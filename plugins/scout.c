/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/scout.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <weir/fail.h>

#include "plugins/child.h"
#include "plugins/description.h"
#include "plugins/loader.h"
#include "plugins/place.h"
#include "plugins/registry.h"
#include "plugins/sandbox.h"
#include "store/now.h"

enum {
	SCOUT_MEMORY_MAX = 256 << 20,
	SCOUT_NAME_MAX = 255, /* NAME_MAX: of a base name */
	SCOUT_SURE_MAX = 100,
};

struct scout {
	pid_t pid; /* 0: it has ended */
	int socket;
	int fd;
	char *path;
	int64_t timeout_ns;
	struct crash_record *record; /* shared with the child */
	struct weir_error end;       /* why it has ended */
};

/* What the child sends first. */
struct answer {
	int64_t result; /* < 0: -errno, and the bytes are a sentence; else they are a description */
	uint64_t n_bytes;
};

struct question {
	uint32_t n_name, n_head;
	char name[SCOUT_NAME_MAX + 1];
	uint8_t head[REGISTRY_HEAD_MAX];
};

/* ---- The child ---- */

static int write_all(int fd, const void *from, uint64_t n)
{
	const uint8_t *at = from;
	ssize_t n_put;

	for (; n > 0; at += n_put, n -= (uint64_t)n_put) {
		n_put = write(fd, at, n);
		if (n_put <= 0)
			return -EPIPE;
	}
	return 0;
}

static int read_all(int fd, void *to, uint64_t n)
{
	uint8_t *at = to;
	ssize_t n_got;

	for (; n > 0; at += n_got, n -= (uint64_t)n_got) {
		n_got = read(fd, at, n);
		if (n_got <= 0)
			return -EPIPE;
	}
	return 0;
}

static int load(struct scout *s, const struct weir_collector **ret, struct weir_error *error)
{
	struct sandbox sandbox = { .memory_max = SCOUT_MEMORY_MAX };
	char path[64];
	int r = sandbox_enter(&sandbox, error);

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", s->fd);
	if (r == 0)
		r = loader_load(path, s->path, ret, error);
	crash_note_objects(s->record);
	return r < 0 ? r : sandbox_seal(&sandbox, error);
}

static const struct weir_collector *describe(struct scout *s)
{
	const struct weir_collector *c = NULL;
	struct weir_error error = { "" };
	struct answer a = { 0 };
	uint8_t *bytes = NULL;

	a.result = load(s, &c, &error);
	if (a.result == 0 && description_write(c, &bytes, &a.n_bytes) < 0)
		a.result = weir_fail(&error, -ENOMEM, "collector %s: no memory", s->path);
	if (a.result < 0) {
		bytes = (uint8_t *)error.text;
		a.n_bytes = strlen(error.text);
	}
	if (write_all(s->socket, &a, sizeof(a)) < 0 || write_all(s->socket, bytes, a.n_bytes) < 0 || a.result < 0)
		_exit(1);
	free(bytes);
	return c;
}

/* A signal that means a crash: the record says it all. */
static void give_up(void)
{
	_exit(1);
}

__attribute__((noreturn)) static void live(struct scout *s, pid_t parent)
{
	const struct weir_collector *c;
	struct question q;
	uint32_t sure;

	child_begin(&(struct child_setup){ parent, -1, { s->fd, s->socket }, 2 });
	if (crash_arm(s->record, give_up) < 0)
		_exit(1);
	c = describe(s);
	while (read_all(s->socket, &q, sizeof(q)) == 0) {
		sure = c->sniff((struct weir_text){ q.name, q.n_name }, q.head, q.n_head);
		if (write_all(s->socket, &sure, sizeof(sure)) < 0)
			break;
	}
	_exit(0);
}

/* ---- The host ---- */

int scout_start(int fd, const char *path, int64_t timeout_ns, struct scout **ret, struct weir_error *reterr)
{
	struct scout *s = calloc(1, sizeof(*s));
	pid_t parent = getpid();
	int pair[2];

	if (!s)
		return weir_fail(reterr, -ENOMEM, "collector %s: no memory", path);
	*s = (struct scout){ .socket = -1, .fd = fd, .path = strdup(path), .timeout_ns = timeout_ns };
	s->record = mmap(NULL, sizeof(*s->record), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (!s->path || s->record == MAP_FAILED || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) {
		scout_stop(s);
		return weir_fail(reterr, -ENOMEM, "collector %s: no memory for its child", path);
	}
	(void)fflush(NULL);
	s->pid = fork();
	s->socket = pair[s->pid == 0];
	(void)close(pair[s->pid != 0]);
	if (s->pid == 0)
		live(s, parent);
	if (s->pid < 0) {
		s->pid = 0;
		scout_stop(s);
		return weir_fail(reterr, -EAGAIN, "collector %s: its child cannot be started: %s", path,
		                 strerror(errno));
	}
	*ret = s;
	return 0;
}

static int end_child(struct scout *s)
{
	int status = 0;

	if (s->pid > 0) {
		(void)kill(s->pid, SIGKILL);
		while (waitpid(s->pid, &status, 0) < 0 && errno == EINTR)
			;
	}
	s->pid = 0;
	return status;
}

void scout_stop(struct scout *s)
{
	if (!s)
		return;
	(void)end_child(s);
	if (s->socket >= 0)
		(void)close(s->socket);
	if (s->record != MAP_FAILED)
		(void)munmap(s->record, sizeof(*s->record));
	free(s->path);
	free(s);
}

/* All n bytes before the deadline. -ETIMEDOUT, or -EPIPE: the child is gone. */
static int receive(struct scout *s, void *to, uint64_t n, int64_t deadline_ns)
{
	struct pollfd p = { .fd = s->socket, .events = POLLIN };
	uint8_t *at = to;
	int64_t left_ns;
	ssize_t n_got;

	while (n > 0) {
		left_ns = deadline_ns - now_monotonic_ns();
		if (left_ns <= 0 || poll(&p, 1, (int)(left_ns / 1000000) + 1) == 0)
			return -ETIMEDOUT;
		n_got = recv(s->socket, at, n, MSG_DONTWAIT);
		if (n_got == 0 || (n_got < 0 && errno != EAGAIN && errno != EINTR))
			return -EPIPE;
		at += n_got > 0 ? n_got : 0;
		n -= n_got > 0 ? (uint64_t)n_got : 0;
	}
	return 0;
}

/* The child is done with: why, in one sentence, which stays. */
static int bury(struct scout *s, int r, const char *during, struct weir_error *reterr)
{
	struct crash_record record = *s->record;
	struct place_sentence cause, where;
	int status = end_child(s);

	if (r == -ETIMEDOUT)
		(void)weir_fail(&s->end, r, "collector %s: no answer within %lld ms %s: left out", s->path,
		                (long long)(s->timeout_ns / 1000000), during);
	else if (record.is_set) {
		place_cause(&record, &cause);
		place_where(&record, s->fd, basename(s->path), &where);
		(void)weir_fail(&s->end, r, "collector %s: crashed %s: %s in %s: left out", s->path, during, cause.text,
		                where.text);
	} else
		(void)weir_fail(&s->end, r, "collector %s: its process ended %s (%s %d): left out", s->path, during,
		                WIFSIGNALED(status) ? "signal" : "exit status",
		                WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	return weir_fail(reterr, r, "%s", s->end.text);
}

static int receive_description(struct scout *s, struct answer *a, uint8_t **ret)
{
	int64_t deadline = now_monotonic_ns() + s->timeout_ns;
	int r = receive(s, a, sizeof(*a), deadline);

	if (r < 0)
		return r;
	if (a->n_bytes > DESCRIPTION_BYTES_MAX)
		return -EBADMSG;
	*ret = malloc(a->n_bytes + 1);
	if (!*ret)
		return -ENOMEM;
	r = receive(s, *ret, a->n_bytes, deadline);
	if (r < 0)
		free(*ret);
	else
		(*ret)[a->n_bytes] = 0;
	return r;
}

int scout_describe(struct scout *s, struct weir_collector *ret, void **ret_memory, struct weir_error *reterr)
{
	struct answer a;
	uint8_t *bytes;
	int r = receive_description(s, &a, &bytes);

	if (r < 0)
		return bury(s, r, "while it was loaded", reterr);
	if (a.result < 0)
		r = weir_fail(reterr, a.result < -4095 ? -EBADMSG : (int)a.result, "%.*s",
		              (int)sizeof(reterr->text) - 1, (const char *)bytes);
	else
		r = description_read(bytes, a.n_bytes, s->path, ret, ret_memory, reterr);
	free(bytes);
	if (r < 0)
		(void)end_child(s);
	return r;
}

int scout_sniff(struct scout *s, const char *base_name, const uint8_t *head, uint64_t n_head, struct weir_error *reterr)
{
	struct question q = { .n_head = (uint32_t)(n_head < REGISTRY_HEAD_MAX ? n_head : REGISTRY_HEAD_MAX) };
	uint32_t sure = 0;
	int r = 0;

	if (s->pid == 0)
		return weir_fail(reterr, -EPIPE, "%s", s->end.text);
	q.n_name = (uint32_t)strnlen(base_name, SCOUT_NAME_MAX);
	memcpy(q.name, base_name, q.n_name);
	if (q.n_head)
		memcpy(q.head, head, q.n_head);
	if (send(s->socket, &q, sizeof(q), MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)sizeof(q))
		r = -EPIPE;
	if (r == 0)
		r = receive(s, &sure, sizeof(sure), now_monotonic_ns() + s->timeout_ns);
	if (r < 0)
		return bury(s, r, "while it sniffed at a file", reterr);
	if (sure <= SCOUT_SURE_MAX)
		return (int)sure;
	(void)end_child(s);
	(void)weir_fail(&s->end, -EBADMSG, "collector %s: sniff answered %u, of 100 at most: left out", s->path, sure);
	return weir_fail(reterr, -EBADMSG, "%s", s->end.text);
}
