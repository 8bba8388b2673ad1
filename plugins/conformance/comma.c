/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/conformance/comma.h"

#include <locale.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char made_name[] = "weir_COMMA";

static int has_comma(void)
{
	return strcmp(localeconv()->decimal_point, ",") == 0;
}

enum {
	/* glibc 2.36, locale/localeinfo.h: LIMAGIC(category) is 0x20031115 ^ category. */
	NUMERIC_MAGIC = 0x20031115 ^ LC_NUMERIC,
	NUMERIC_FIELDS = 6,
};

/* locale/loadlocale.c: a header of magic, count and the offset of each field, then the fields. Those of LC_NUMERIC
 * (locale/categories.def): point, thousands separator, grouping, both separators as 32-bit characters, code set. */
struct numeric_file {
	uint32_t magic, n_fields;
	uint32_t offsets[NUMERIC_FIELDS];
	uint32_t point_wide, separator_wide;
	char point[2], separator[2], grouping[2];
	char code_set[6];
};

static int write_numeric(const char *path)
{
	const struct numeric_file file = {
		.magic = NUMERIC_MAGIC,
		.n_fields = NUMERIC_FIELDS,
		.offsets = { offsetof(struct numeric_file, point), offsetof(struct numeric_file, separator),
		             offsetof(struct numeric_file, grouping), offsetof(struct numeric_file, point_wide),
		             offsetof(struct numeric_file, separator_wide), offsetof(struct numeric_file, code_set) },
		.point_wide = ',',
		.separator_wide = '.',
		.point = ",",
		.separator = ".",
		.grouping = { 3, 0 },
		.code_set = "UTF-8",
	};
	FILE *f = fopen(path, "wbe");
	int is_written;

	if (!f)
		return 0;
	is_written = fwrite(&file, sizeof(file), 1, f) == 1;
	return fclose(f) == 0 && is_written;
}

static int make(const char *folder)
{
	char place[256], path[300];
	int is_made;

	(void)snprintf(place, sizeof(place), "%s/%s", folder, made_name);
	(void)snprintf(path, sizeof(path), "%s/LC_NUMERIC", place);
	is_made = mkdir(place, 0700) == 0 && write_numeric(path) && setenv("LOCPATH", folder, 1) == 0 &&
	          setlocale(LC_NUMERIC, made_name) && has_comma();
	(void)unlink(path);
	(void)rmdir(place);
	return is_made;
}

const char *comma_locale(void)
{
	static const char *const names[] = { "de_DE.UTF-8", "fr_FR.UTF-8", "nl_NL.UTF-8", "de_DE", "fr_FR" };
	char folder[] = "/tmp/weir-locale-XXXXXX";
	int is_made;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (setlocale(LC_NUMERIC, names[i]) && has_comma())
			return names[i];
	if (!mkdtemp(folder))
		return NULL;
	is_made = make(folder);
	(void)rmdir(folder);
	return is_made ? made_name : NULL;
}
