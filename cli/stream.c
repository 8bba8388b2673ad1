/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>
#include <weir/fail.h>

enum {
	SETTLE_MS = 200, /* for what belongs to the first bytes and comes a little later */
	SURE_MIN = 60,   /* of 100: a collector may be as sure for the sake of a name, and there is none */
	FOLLOW_MS = 100, /* a file that has nothing yet is looked at so often */
	ANSWER_MAX_S = 5,
};

static const char unix_mark[] = "unix:", tcp_mark[] = "tcp:";

static const char *after(const char *what, const char *mark)
{
	size_t n = strlen(mark);

	return strncmp(what, mark, n) == 0 ? what + n : NULL;
}

int stream_is(const char *what)
{
	struct stat st;

	return strcmp(what, "-") == 0 || after(what, unix_mark) || after(what, tcp_mark) ||
	       (stat(what, &st) == 0 && (S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode)));
}

/* ---- Opening ---- */

static int connect_unix(const char *path)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd;

	if (strlen(path) >= sizeof(to.sun_path))
		return -ENAMETOOLONG;
	(void)snprintf(to.sun_path, sizeof(to.sun_path), "%s", path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0) {
		int error = -errno;

		(void)close(fd);
		return error;
	}
	return fd < 0 ? -errno : fd;
}

/* The kernel itself gives up on who doesn't answer after two minutes. */
static int connect_in_time(int fd, const struct addrinfo *to)
{
	const struct timeval most = { .tv_sec = ANSWER_MAX_S };

	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &most, sizeof(most)) == 0 &&
	    connect(fd, to->ai_addr, to->ai_addrlen) == 0)
		return 0;
	return errno == EINPROGRESS ? -ETIMEDOUT : -errno;
}

static int connect_tcp(const char *place)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *found = NULL;
	const char *colon = strrchr(place, ':');
	char host[256];
	int fd = -1, error = -ECONNREFUSED;

	if (!colon || (size_t)(colon - place) >= sizeof(host))
		return -EINVAL;
	(void)snprintf(host, sizeof(host), "%.*s", (int)(colon - place), place);
	if (getaddrinfo(host, colon + 1, &hints, &found) != 0)
		return -EADDRNOTAVAIL;
	for (const struct addrinfo *a = found; a && fd < 0; a = a->ai_next) {
		fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC, a->ai_protocol);
		error = fd < 0 ? -errno : connect_in_time(fd, a);
		if (fd >= 0 && error < 0) {
			(void)close(fd);
			fd = -1;
		}
	}
	freeaddrinfo(found);
	return fd < 0 ? error : fd;
}

/* A description of our own, so that whoever shares standard input with us goes on waiting in it. */
static int open_standard(void)
{
	int fd = open("/proc/self/fd/0", O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	return fd >= 0 ? fd : fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);
}

static int open_any(const char *what, struct stream *s)
{
	struct stat st;
	const char *place;

	s->has_own_end = 1;
	if (strcmp(what, "-") == 0)
		return open_standard();
	place = after(what, unix_mark);
	if (place)
		return connect_unix(place);
	place = after(what, tcp_mark);
	if (place)
		return connect_tcp(place);
	if (stat(what, &st) < 0)
		return -errno;
	if (S_ISSOCK(st.st_mode))
		return connect_unix(what);
	if (!S_ISFIFO(st.st_mode) && !S_ISREG(st.st_mode))
		return -EINVAL;
	s->has_own_end = !S_ISREG(st.st_mode);
	return open(what, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
}

int stream_open(const char *what, struct stream *ret, struct weir_error *reterr)
{
	const char *slash = strrchr(what, '/');
	struct stat st;
	int fd;

	*ret = (struct stream){ .fd = -1 };
	fd = open_any(what, ret);
	if (fd == -1)
		fd = -errno;
	if (fd < 0)
		return weir_fail(reterr, fd, "stream: %s: %s", what,
		                 fd == -EINVAL ? "neither a file, nor a pipe or a socket, nor tcp:HOST:PORT"
		                               : strerror(-fd));
	ret->fd = fd;
	(void)fcntl(fd, F_SETFL, O_NONBLOCK);
	if (fstat(fd, &st) == 0 && !S_ISSOCK(st.st_mode) && strcmp(what, "-") != 0)
		(void)snprintf(ret->name, sizeof(ret->name), "%s", slash ? slash + 1 : what);
	return 0;
}

void stream_close(struct stream *s)
{
	if (s->fd >= 0)
		(void)close(s->fd);
	s->fd = -1;
}

/* ---- Its first bytes ---- */

int stream_begin(struct stream *s, int end_fd)
{
	struct pollfd p[] = { { end_fd, POLLIN, 0 }, { s->has_own_end ? s->fd : -1, POLLIN, 0 } };
	ssize_t n = 0;
	int n_ready;

	while (s->n_head < sizeof(s->head)) {
		n_ready = poll(p, 2, s->n_head ? SETTLE_MS : s->has_own_end ? -1 : FOLLOW_MS);
		if (n_ready < 0 && errno != EINTR)
			return -errno;
		if (p[0].revents && n_ready > 0)
			return -EINTR;
		n = read(s->fd, s->head + s->n_head, sizeof(s->head) - s->n_head);
		if (n > 0)
			s->n_head += (uint64_t)n;
		else if (s->n_head && n_ready <= 0)
			return 0;
		else if (n == 0 && (p[1].revents & POLLHUP || (s->has_own_end && n_ready > 0)))
			return s->n_head ? 0 : -ENODATA;
		else if (n < 0 && errno != EAGAIN && errno != EINTR)
			return -errno;
	}
	return 0;
}

/* The name that a pattern would fit, were it the whole of it: `*.eventlog` of nothing is `stdin.eventlog`. */
static void make_name(const char *pattern, char *ret, size_t size)
{
	const char *star = strchr(pattern, '*');

	if (!star)
		(void)snprintf(ret, size, "%s", pattern);
	else
		(void)snprintf(ret, size, "%.*sstdin%s", (int)(star - pattern), pattern, star + 1);
}

/* The surest of those that look at first bytes; without a look nothing but a name speaks for a collector. */
static const struct registry_collector *claim_nameless(struct registry *registry, const struct stream *s)
{
	const struct registry_collector *best = NULL, *c, *who;
	uint32_t best_sure = SURE_MIN, sure;
	char name[256];

	for (uint32_t i = 0; i < registry_count(registry); i++) {
		c = registry_at(registry, i);
		for (uint32_t k = 0; c->has_sniff && k < c->n_claims; k++) {
			if (c->claims[k].kind != WEIR_CLAIM_FILE)
				continue;
			make_name(c->claims[k].pattern, name, sizeof(name));
			who = registry_claim(registry, name, s->head, s->n_head, &sure);
			if (!who || !who->has_sniff || sure <= best_sure)
				continue;
			best = who;
			best_sure = sure;
		}
	}
	return best;
}

const struct registry_collector *stream_claim(struct registry *registry, const struct stream *s)
{
	const struct registry_collector *named = NULL;

	if (s->name[0])
		named = registry_claim(registry, s->name, s->head, s->n_head, NULL);
	return named ? named : claim_nameless(registry, s);
}
