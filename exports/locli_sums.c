/* SPDX-License-Identifier: Apache-2.0 */
#include "exports/locli_sums.h"

#include "exports/locli_place.h"
#include "exports/replace.h"

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
	char analysis[PATH_MAX], path[PATH_MAX + sizeof("/" LOCLI_SUMS_NAME)];
	struct replace file;
	int result = locli_folder(analysis, sizeof(analysis), folder, reterr);

	if (result < 0)
		return result;
	(void)snprintf(path, sizeof(path), "%s/" LOCLI_SUMS_NAME, analysis);
	result = replace_open(&file, path, reterr);
	if (result < 0)
		return result;
	for (uint32_t i = 0; i < n; i++)
		if (sums[i].is_known)
			put_sum(file.file, &sums[i]);
	file.is_remade = 1;
	return replace_commit(&file, reterr);
}
