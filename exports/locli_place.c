/* SPDX-License-Identifier: Apache-2.0 */
#include "exports/locli_place.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <weir/fail.h>

/* Whether what a path leads to lies in the folder. */
static int is_within(const char *path, const char *folder)
{
	char *real = realpath(path, NULL), *around = realpath(folder, NULL);
	size_t n = around ? strlen(around) : 0;
	int is = real && around && strncmp(real, around, n) == 0 && (real[n] == '/' || around[n - 1] == '/');

	free(real);
	free(around);
	return is;
}

int locli_folder(char *ret, size_t size, const char *run, struct weir_error *reterr)
{
	int n = snprintf(ret, size, "%s/analysis", run);

	if (n < 0 || (size_t)n >= size)
		return weir_fail(reterr, -ENAMETOOLONG, "locli: %s: the path is too long", run);
	if (mkdir(ret, 0755) < 0 && errno != EEXIST)
		return weir_fail(reterr, -errno, "locli: %s: %s", ret, strerror(errno));
	if (!is_within(ret, run))
		return weir_fail(reterr, -ELOOP, "locli: %s: a link that leads out of the run, not followed", ret);
	return 0;
}

int locli_path(char *ret, size_t size, const char *folder, const char *node, const char *suffix,
               struct weir_error *reterr)
{
	int n = snprintf(ret, size, "%s/logs-%s%s", folder, node, suffix);

	if (n < 0 || (size_t)n >= size)
		return weir_fail(reterr, -ENAMETOOLONG, "locli: %s: the path is too long", node);
	for (char *c = ret + strlen(folder) + 1; *c; c++)
		if (*c == '/')
			*c = '-';
	return 0;
}

void locli_date(char ret[LOCLI_DATE_MAX], int64_t time_ns)
{
	time_t seconds = (time_t)(time_ns / 1000000000);
	struct tm tm;

	if (!gmtime_r(&seconds, &tm) || strftime(ret, LOCLI_DATE_MAX, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		(void)snprintf(ret, LOCLI_DATE_MAX, "1970-01-01T00:00:00Z");
}
