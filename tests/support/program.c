/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/program.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	WORDS_MAX = 64,
	PIECE = 65536,
};

struct pipe_end {
	int fd;
	char *text;
	size_t n;
};

static void die(const char *what, const char *object)
{
	fprintf(stderr, "%s: %s: %s\n", what, object, strerror(errno));
	abort();
}

static void run_child(const char *folder, const char *const *argv, int out, int err)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	if (folder && chdir(folder) < 0)
		die("chdir", folder);
	if (dup2(null, 0) < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0)
		die("dup2", argv[0]);
	(void)execvp(argv[0], (char *const *)(unsigned long)argv);
	die("exec", argv[0]);
}

/* 0: at its end. */
static int read_piece(struct pipe_end *p)
{
	ssize_t n;

	p->text = realloc(p->text, p->n + PIECE + 1);
	if (!p->text)
		die("realloc", "output");
	n = read(p->fd, p->text + p->n, PIECE);
	p->n += n > 0 ? (size_t)n : 0;
	p->text[p->n] = 0;
	return n > 0;
}

static void read_both(struct pipe_end ends[2])
{
	struct pollfd polls[2] = { { ends[0].fd, POLLIN, 0 }, { ends[1].fd, POLLIN, 0 } };

	while (polls[0].fd >= 0 || polls[1].fd >= 0) {
		if (poll(polls, 2, -1) < 0 && errno != EINTR)
			die("poll", "pipe");
		for (int i = 0; i < 2; i++)
			if (polls[i].fd >= 0 && polls[i].revents && !read_piece(&ends[i]))
				polls[i].fd = -1;
	}
}

struct program program_run(const char *folder, const char *const *argv)
{
	int out[2], err[2], status;
	struct pipe_end ends[2] = { { 0 } };
	pid_t child;

	if (pipe2(out, O_CLOEXEC) < 0 || pipe2(err, O_CLOEXEC) < 0)
		die("pipe", argv[0]);
	child = fork();
	if (child < 0)
		die("fork", argv[0]);
	if (child == 0)
		run_child(folder, argv, out[1], err[1]);
	(void)close(out[1]);
	(void)close(err[1]);
	ends[0].fd = out[0];
	ends[1].fd = err[0];
	read_both(ends);
	(void)close(out[0]);
	(void)close(err[0]);
	if (waitpid(child, &status, 0) != child)
		die("waitpid", argv[0]);
	return (struct program){ WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), ends[0].text,
		                 ends[1].text };
}

void program_done(struct program *p)
{
	free(p->out);
	free(p->err);
	*p = (struct program){ 0 };
}

struct program program_weir(const char *folder, const char *first, ...)
{
	const char *argv[WORDS_MAX] = { WEIR_BINARY };
	va_list words;
	int n = 1;

	va_start(words, first);
	for (const char *word = first; word && n < WORDS_MAX - 1; word = va_arg(words, const char *))
		argv[n++] = word;
	va_end(words);
	return program_run(folder, argv);
}

const char *program_last_line(const char *text)
{
	static char line[4096];
	size_t n = strlen(text);
	const char *start;

	while (n > 0 && text[n - 1] == '\n')
		n--;
	start = memrchr(text, '\n', n);
	start = start ? start + 1 : text;
	(void)snprintf(line, sizeof(line), "%.*s", (int)(text + n - start), start);
	return line;
}
