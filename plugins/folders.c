/* SPDX-License-Identifier: Apache-2.0 */
/* Where registry_open() looks. */
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "plugins/registry.h"

enum {
	FOLDERS_MAX = 64,
};

struct folders {
	char **at;
	uint32_t n;
};

static int add(struct folders *f, char *folder)
{
	if (!folder)
		return -1;
	if (f->n == FOLDERS_MAX) {
		free(folder);
		return 0;
	}
	f->at[f->n++] = folder;
	return 0;
}

/* Only this executable's own place is known for sure: a build tree and an installation may both be moved as a whole. */
static int add_beside_executable(struct folders *f)
{
	char path[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);
	char *folder, *text;

	if (n <= 0)
		return 0;
	path[n] = '\0';
	folder = dirname(path);
	if (add(f, asprintf(&text, "%s/collectors", folder) < 0 ? NULL : text) < 0)
		return -1;
	if (WEIR_COLLECTOR_FOLDER[0] == '/')
		return add(f, strdup(WEIR_COLLECTOR_FOLDER));
	return add(f, asprintf(&text, "%s/%s", folder, WEIR_COLLECTOR_FOLDER) < 0 ? NULL : text);
}

static int add_from_environment(struct folders *f)
{
	const char *at = secure_getenv("WEIR_PLUGIN_PATH");
	size_t n;

	for (; at && *at; at += n + (at[n] == ':')) {
		n = strcspn(at, ":");
		if (n > 0 && add(f, strndup(at, n)) < 0)
			return -1;
	}
	return 0;
}

char **registry_folders(void)
{
	struct folders f = { .at = calloc(FOLDERS_MAX + 1, sizeof(char *)) };

	if (!f.at)
		return NULL;
	if (add_beside_executable(&f) == 0 && add_from_environment(&f) == 0)
		return f.at;
	registry_folders_free(f.at);
	return NULL;
}

void registry_folders_free(char **folders)
{
	for (char **at = folders; at && *at; at++)
		free(*at);
	free(folders);
}
