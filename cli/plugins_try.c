/* SPDX-License-Identifier: Apache-2.0 */
/* `weir plugins try`: what a collector says of files, as JSON lines. */
#include "cli/plugins.h"

#include "cli/say.h"
#include "cli/verbs.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "plugins/conformance/samples.h"
#include "plugins/loader.h"
#include "plugins/recorder.h"

static int try_one(const struct plugins_ask *ask, const struct weir_collector *c, struct samples *s, uint32_t i)
{
	char size[24];
	struct lend_pair context[] = { { "path", s->all[i].name }, { "file.size_bytes", size } };
	struct recorder_setup setup = { .collector = c,
		                        .options = ask->options,
		                        .n_options = ask->n_options,
		                        .context = context,
		                        .n_context = sizeof(context) / sizeof(context[0]) };
	struct recorder_result result;
	struct weir_error error = { "" };
	struct recorder *rec = NULL;
	struct weir_text text;

	(void)snprintf(size, sizeof(size), "%llu", (unsigned long long)s->all[i].n_bytes);
	samples_inputs(s, i, c, setup.inputs);
	if (recorder_run(&setup, &rec, &result, &error) < 0) {
		say("%s", error.text);
		return EXIT_FAILED;
	}
	text = recorder_text(rec);
	(void)fwrite(text.at, 1, text.n_bytes, stdout);
	recorder_free(rec);
	if (result.r < 0)
		say("try: %s: %s", s->all[i].path, result.error.text);
	return result.status == STORE_OK ? EXIT_ALL : EXIT_INCOMPLETE;
}

static int try_all(const struct plugins_ask *ask, const char *path)
{
	struct weir_error error = { "" };
	const struct weir_collector *c;
	struct samples samples;
	int code = EXIT_ALL, one;

	if (loader_load(path, path, &c, &error) < 0 || samples_open(&samples, (const char *const *)ask->arguments + 1,
	                                                            ask->n_arguments - 1, UINT64_MAX - 1, &error) < 0) {
		say("%s", error.text);
		return EXIT_FAILED;
	}
	for (uint32_t i = 0; i < samples.n; i++) {
		one = try_one(ask, c, &samples, i);
		if (code == EXIT_ALL || one == EXIT_FAILED)
			code = one;
	}
	samples_close(&samples);
	return code;
}

/* A collector that crashes takes this child with it, and not what was said before. */
static int try_apart(const struct plugins_ask *ask, const char *path)
{
	pid_t pid;
	int status;

	(void)fflush(stdout);
	pid = fork();
	if (pid == 0) {
		int code = try_all(ask, path);

		_exit(fflush(stdout) == 0 ? code : EXIT_FAILED);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid) {
		say("try: %s: %s", path, strerror(errno));
		return EXIT_FAILED;
	}
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	say("try: %s: killed by SIG%s; --in-process shows where to a debugger", path, sigabbrev_np(WTERMSIG(status)));
	return EXIT_FAILED;
}

/* The collector's file, by name or path. */
static int find_path(const char *name, char path[PATH_MAX])
{
	const struct registry_collector *c;
	struct registry *r;

	if (strchr(name, '/') || strstr(name, ".so")) {
		if (realpath(name, path))
			return 0;
		say("try: %s: %s", name, strerror(errno));
		return -1;
	}
	r = plugins_open();
	c = r ? plugins_find(r, name) : NULL;
	if (c)
		(void)snprintf(path, PATH_MAX, "%s", c->path);
	registry_close(r);
	return c ? 0 : -1;
}

int plugins_try(const struct plugins_ask *ask)
{
	char path[PATH_MAX];

	if (find_path(ask->arguments[0], path) < 0)
		return EXIT_FAILED;
	return ask->is_in_process ? try_all(ask, path) : try_apart(ask, path);
}
