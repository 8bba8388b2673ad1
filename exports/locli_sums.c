/* SPDX-License-Identifier: Apache-2.0 */
#include "exports/locli_sums.h"

#include "exports/replace.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <weir/fail.h>

static void put_name(FILE *to, const char *path)
{
	for (; *path; path++) {
		if (*path == '\\')
			(void)fputs("\\\\", to);
		else if (*path == '\n')
			(void)fputs("\\n", to);
		else
			(void)fputc(*path, to);
	}
}

static void put_sum(FILE *to, const struct locli_sum *s)
{
	if (strpbrk(s->path, "\\\n"))
		(void)fputc('\\', to);
	for (size_t i = 0; i < sizeof(s->sha256); i++)
		(void)fprintf(to, "%02x", s->sha256[i]);
	(void)fputs("  ../", to);
	put_name(to, s->path);
	(void)fputc('\n', to);
}

int locli_sums_write(const char *folder, const struct locli_sum *sums, uint32_t n, struct weir_error *reterr)
{
	char path[PATH_MAX];
	struct replace file;
	int result;

	if (snprintf(path, sizeof(path), "%s/analysis/" LOCLI_SUMS_NAME, folder) >= (int)sizeof(path))
		return weir_fail(reterr, -ENAMETOOLONG, "locli: %s: the path is too long", folder);
	result = replace_open(&file, path, reterr);
	if (result < 0)
		return result;
	for (uint32_t i = 0; i < n; i++)
		if (sums[i].is_known)
			put_sum(file.file, &sums[i]);
	file.is_remade = 1;
	return replace_commit(&file, reterr);
}
