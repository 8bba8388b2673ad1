/* SPDX-License-Identifier: Apache-2.0 */
/* `weir plugins new`: copies the template, with another name in it. */
#include "cli/plugins.h"

#include "cli/say.h"
#include "cli/verbs.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "plugins/name.h"

/* What stands in the template for the collector's name, and for the same as a word of dotted names, which have no
 * dashes. The template is a collector of these names: it can be built and tested as it is. */
static const char placeholder[] = "newcomer", word_placeholder[] = "arrival";

/* The files of the template; the placeholder is also replaced in their names. */
static const char *const files[] = { "newcomer.c",        "meson.build", "tests/golden.sh", "tests/sample.newcomer",
	                             "tests/golden.json", "README.md" };

enum {
	FILE_BYTES_MAX = 64 * 1024,
};

static char *replaced(const char *text, const char *old, const char *name)
{
	size_t n_old = strlen(old), n_new = strlen(name), n_room = strlen(text) + 1, n = 0;
	char *copy;

	for (const char *p = strstr(text, old); p; p = strstr(p + n_old, old))
		n_room += n_new;
	copy = calloc(1, n_room);
	while (copy && *text) {
		if (strncmp(text, old, n_old) == 0) {
			memcpy(copy + n, name, n_new);
			n += n_new;
			text += n_old;
		} else {
			copy[n++] = *text++;
		}
	}
	return copy;
}

static char *adapted(const char *text, const char *name)
{
	char word[NAME_COLLECTOR_MAX + 1];
	char *half = replaced(text, placeholder, name), *whole = NULL;

	(void)snprintf(word, sizeof(word), "%s", name);
	for (char *c = word; *c; c++)
		if (*c == '-')
			*c = '_';
	if (half)
		whole = replaced(half, word_placeholder, word);
	free(half);
	return whole;
}

/* Where the template is, as seen from this executable: in a build tree, in an installation. */
static int find_template(char folder[PATH_MAX])
{
	static const char *const places[] = { "examples/template", WEIR_SHARE_FOLDER "/template" };
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *beside;

	if (n <= 0)
		return -1;
	self[n] = '\0';
	beside = dirname(self);
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		if (places[i][0] == '/')
			n = snprintf(folder, PATH_MAX, "%s", places[i]);
		else
			n = snprintf(folder, PATH_MAX, "%s/%s", beside, places[i]);
		if (n < PATH_MAX && access(folder, R_OK) == 0)
			return 0;
	}
	say("new: %s: the template is not here; is weir installed as a whole?", folder);
	return -1;
}

static int join(char path[PATH_MAX], const char *folder, const char *file)
{
	if (snprintf(path, PATH_MAX, "%s/%s", folder, file) < PATH_MAX)
		return 0;
	say("new: %s: the path is too long", folder);
	return -1;
}

static char *read_text(const char *path)
{
	FILE *f = fopen(path, "rbe");
	char *text = calloc(1, FILE_BYTES_MAX + 1);

	if (!f || !text || fread(text, 1, FILE_BYTES_MAX, f) == 0 || ferror(f)) {
		say("new: %s: %s", path, strerror(errno));
		free(text);
		text = NULL;
	}
	if (f)
		(void)fclose(f);
	return text;
}

static int write_text(const char *path, const char *text, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "wb");
	int is_written = f && fputs(text, f) >= 0;

	if (f && fclose(f) != 0)
		is_written = 0;
	if (!is_written)
		say("new: %s: %s", path, strerror(errno));
	return is_written ? 0 : -1;
}

static int copy_file(const char *from, const char *to, const char *file, const char *name)
{
	char old_path[PATH_MAX], new_path[PATH_MAX];
	char *new_file = adapted(file, name), *text = NULL, *new_text = NULL;
	struct stat st = { 0 };
	int r = -1;

	if (new_file && join(old_path, from, file) == 0 && join(new_path, to, new_file) == 0)
		text = read_text(old_path);
	if (text)
		new_text = adapted(text, name);
	if (new_text && stat(old_path, &st) == 0)
		r = write_text(new_path, new_text, st.st_mode & 0777);
	free(text);
	free(new_text);
	free(new_file);
	return r;
}

static int make_folder(const char *path)
{
	if (mkdir(path, 0777) == 0)
		return 0;
	say("new: %s: %s", path, errno == EEXIST ? "is there already; nothing was changed" : strerror(errno));
	return -1;
}

int plugins_new(const struct plugins_ask *ask)
{
	const char *name = ask->arguments[0];
	const char *folder = ask->n_arguments > 1 ? ask->arguments[1] : name;
	char from[PATH_MAX], tests[PATH_MAX];

	if (!name_is_collector(name)) {
		say("new: %s: not 1 to %d lower case letters, digits and dashes, a letter first", name,
		    NAME_COLLECTOR_MAX);
		return EXIT_MISUSE;
	}
	if (join(tests, folder, "tests") < 0 || find_template(from) < 0 || make_folder(folder) < 0 ||
	    make_folder(tests) < 0)
		return EXIT_FAILED;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (copy_file(from, folder, files[i], name) < 0)
			return EXIT_FAILED;
	printf("%s is a collector now. Next:\n\n  cd %s\n  meson setup build && meson test -C build\n"
	       "  weir plugins check --sample tests/sample.%s build/%s.so\n",
	       folder, folder, name, name);
	return EXIT_ALL;
}
