/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/diagnosis.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <weir/fail.h>

#include "plugins/child.h"
#include "plugins/lend.h"
#include "plugins/loader.h"
#include "plugins/name.h"
#include "store/now.h"

enum {
	NS_PER_MS = 1000000,
	TEXTS = 6, /* of a rung */
};

/* The answer: of each rung 'R', its texts, each with a NUL, and '0' or '1'; at last 'E', the code in decimal and the
 * sentence, each with a NUL. */

/* ---- The child ---- */

struct lend_receiver {
	FILE *answer;
};

static void put_text(FILE *f, struct weir_text text)
{
	(void)fwrite(text.at, 1, strnlen(text.at, text.n_bytes), f);
	(void)fputc('\0', f);
}

static void hear_rung(struct lend_receiver *r, const struct weir_rung *rung)
{
	const struct weir_text texts[TEXTS] = { name_text(rung->part), name_text(rung->name), rung->means, rung->loss,
		                                rung->why_not,         rung->remedy };

	(void)fputc('R', r->answer);
	for (int i = 0; i < TEXTS; i++)
		put_text(r->answer, texts[i]);
	(void)fputc(rung->state == WEIR_RUNG_WORKS ? '1' : '0', r->answer);
}

static int no_input(struct lend_receiver *r, uint32_t input, uint64_t n_used, struct weir_chunk *ret)
{
	return -ENOENT;
}

static int64_t utc_now(struct lend_receiver *r)
{
	return now_utc_ns();
}

static const struct lend_ops ops = {
	.input = no_input,
	.now = utc_now,
	.rung = hear_rung,
};

/* A process that does nothing, for as long as this one lives. */
static pid_t start_idle(void)
{
	pid_t parent = getpid(), pid = fork();

	if (pid != 0)
		return pid;
	child_begin(&(struct child_setup){ parent, -1, { -1 }, 0 });
	for (;;)
		(void)pause();
}

static int ask(const struct weir_collector *c, pid_t target, pid_t idle, struct lend_receiver *receiver,
               struct weir_error *error)
{
	char pid[16], exe[32];
	const struct lend_pair context[] = { { "interval_ns", "1000000000" },
		                             { "run", "doctor" },
		                             { "node", "doctor" },
		                             { "process.pid", pid },
		                             { "process.exe", exe } };
	struct lend_config config = { .collector = c, .ops = &ops, .receiver = receiver, .context = context };
	struct weir_instance *instance = NULL;
	struct lend *lend;
	int r;

	(void)snprintf(pid, sizeof(pid), "%d", (int)(target ? target : idle));
	(void)snprintf(exe, sizeof(exe), "/proc/%s/exe", pid);
	config.n_context = target || !c->probe ? 5 : 3;
	r = lend_new(&config, &lend, error);
	if (r < 0)
		return r;
	if (c->probe)
		return c->probe(lend_host(lend), error);
	r = c->open(lend_host(lend), &instance, error);
	c->close(instance);
	return r;
}

__attribute__((noreturn)) static void answer(const struct registry_collector *of, pid_t target, int fd, pid_t parent)
{
	struct lend_receiver receiver = { 0 };
	const struct weir_collector *c;
	struct weir_error error = { "" };
	char path[64];
	pid_t idle = 0;
	int r;

	child_begin(&(struct child_setup){ parent, -1, { of->fd, fd }, 2 });
	receiver.answer = fdopen(fd, "w");
	if (!receiver.answer)
		_exit(1);
	if (!target)
		idle = start_idle();
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", of->fd);
	(void)setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
	r = loader_load(path, of->name, &c, &error);
	if (r == 0)
		r = ask(c, target, idle, &receiver, &error);
	if (idle > 0)
		(void)kill(idle, SIGKILL);
	fprintf(receiver.answer, "E%d%c", r < 0 ? r : 0, '\0');
	put_text(receiver.answer, (struct weir_text){ error.text, r < 0 ? sizeof(error.text) : 0 });
	_exit(fclose(receiver.answer) != 0);
}

/* ---- The host ---- */

/* All that comes until the end, with a NUL behind it. */
static int collect(int fd, int64_t timeout_ns, char **ret, size_t *ret_n)
{
	int64_t end_ns = now_monotonic_ns() + timeout_ns, left_ns;
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char *at = malloc(DIAGNOSIS_BYTES_MAX + 1);
	size_t n = 0;
	ssize_t n_got = 1;

	*ret = at;
	if (!at)
		return -ENOMEM;
	while (n_got > 0 && n < DIAGNOSIS_BYTES_MAX) {
		left_ns = end_ns - now_monotonic_ns();
		if (left_ns <= 0)
			return -ETIMEDOUT;
		if (poll(&p, 1, (int)(left_ns / NS_PER_MS) + 1) <= 0)
			continue;
		n_got = read(fd, at + n, DIAGNOSIS_BYTES_MAX - n);
		n += n_got > 0 ? (size_t)n_got : 0;
	}
	at[n] = '\0';
	*ret_n = n;
	return n == DIAGNOSIS_BYTES_MAX ? -EMSGSIZE : 0;
}

/* The next text, which must end before `end`; NULL: it doesn't. */
static const char *take_text(char **at, const char *end)
{
	char *text = *at;
	size_t n = strnlen(text, (size_t)(end - text));

	if (text + n == end)
		return NULL;
	*at = text + n + 1;
	for (char *c = text; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7F)
			*c = ' ';
	return text;
}

static int take_rung(struct diagnosis *d, char **at, const char *end)
{
	struct diagnosis_rung r = { 0 };
	const char **const texts[TEXTS] = { &r.part, &r.name, &r.means, &r.loss, &r.why_not, &r.remedy };

	for (int i = 0; i < TEXTS; i++) {
		*texts[i] = take_text(at, end);
		if (!*texts[i])
			return -EBADMSG;
	}
	if (*at == end || (**at != '0' && **at != '1'))
		return -EBADMSG;
	r.works = *(*at)++ == '1';
	if (d->n_rungs < DIAGNOSIS_RUNGS_MAX)
		d->rungs[d->n_rungs++] = r;
	return 0;
}

/* The rungs of a part together, parts and rungs in the order in which they were told. */
static void gather(struct diagnosis *d)
{
	uint32_t n_in_place = 0, k;

	for (uint32_t i = 0; i < d->n_rungs; i = n_in_place) {
		n_in_place = i + 1;
		for (k = i + 1; k < d->n_rungs; k++) {
			struct diagnosis_rung r = d->rungs[k];

			if (strcmp(r.part, d->rungs[i].part) != 0)
				continue;
			memmove(&d->rungs[n_in_place + 1], &d->rungs[n_in_place], (k - n_in_place) * sizeof(r));
			d->rungs[n_in_place++] = r;
		}
	}
}

static int take_answer(struct diagnosis *d, size_t n)
{
	char *at = d->memory;
	const char *end = at + n, *code, *sentence;
	int r = 0;

	while (r == 0 && at < end && *at == 'R') {
		at++;
		r = take_rung(d, &at, end);
	}
	if (r < 0 || at == end || *at++ != 'E')
		return -EBADMSG;
	code = take_text(&at, end);
	sentence = code ? take_text(&at, end) : NULL;
	if (!sentence)
		return -EBADMSG;
	gather(d);
	d->code = (int)strtol(code, NULL, 10);
	(void)weir_fail(&d->error, 0, "%s", sentence);
	return 0;
}

static int judge(const struct registry_collector *c, struct diagnosis *d, int r, size_t n, int status,
                 struct weir_error *reterr)
{
	if (r == -ETIMEDOUT)
		return weir_fail(reterr, r, "collector %s: no answer in time", c->name);
	if (WIFSIGNALED(status))
		return weir_fail(reterr, -EPIPE, "collector %s: it crashed while it was asked: SIG%s", c->name,
		                 sigabbrev_np(WTERMSIG(status)) ? sigabbrev_np(WTERMSIG(status)) : "?");
	if (r == 0)
		r = take_answer(d, n);
	return r < 0 ? weir_fail(reterr, r, "collector %s: its answer makes no sense", c->name) : 0;
}

int diagnosis_make(const struct registry_collector *c, int32_t target, int64_t timeout_ns, struct diagnosis *ret,
                   struct weir_error *reterr)
{
	pid_t parent = getpid(), pid;
	int fds[2], r, status = 0;
	size_t n = 0;

	*ret = (struct diagnosis){ 0 };
	if (pipe2(fds, O_CLOEXEC) < 0)
		return weir_fail(reterr, -errno, "collector %s: no pipe: %s", c->name, strerror(errno));
	(void)fflush(NULL);
	pid = fork();
	if (pid == 0)
		answer(c, target, fds[1], parent);
	(void)close(fds[1]);
	r = pid < 0 ? -errno : collect(fds[0], timeout_ns ? timeout_ns : DIAGNOSIS_TIMEOUT_NS, &ret->memory, &n);
	(void)close(fds[0]);
	if (pid > 0) {
		if (r < 0)
			(void)kill(pid, SIGKILL);
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
	}
	r = judge(c, ret, r, n, r < 0 ? 0 : status, reterr);
	if (r < 0)
		diagnosis_done(ret);
	return r;
}

void diagnosis_done(struct diagnosis *d)
{
	free(d->memory);
	*d = (struct diagnosis){ 0 };
}

int diagnosis_part(const struct diagnosis *d, uint32_t *at, uint32_t *ret_first, uint32_t *ret_n, int *ret_used)
{
	uint32_t i = *at;

	if (i >= d->n_rungs)
		return 0;
	*ret_first = i;
	*ret_used = -1;
	for (; i < d->n_rungs && strcmp(d->rungs[i].part, d->rungs[*ret_first].part) == 0; i++)
		if (d->rungs[i].works && *ret_used < 0)
			*ret_used = (int)i;
	*ret_n = i - *ret_first;
	*at = i;
	return 1;
}
