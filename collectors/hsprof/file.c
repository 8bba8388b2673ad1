/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/hsprof/file.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <weir/fail.h>

#include "collectors/hsprof/layout.h"

enum {
	PAGE_MASK = 4095,
};

static const char *base_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

void file_free(struct file *f)
{
	if (!f)
		return;
	names_close(f->names);
	free(f->map);
	free(f);
}

/* Packaging strips what compilers say of themselves; the run-time system's library has the version in its name. */
static void learn_layout(struct file *f, const struct image *image, const char *root, const char *within)
{
	char library[PATH_MAX] = "";
	int is_shared = image_runtime_library(image, root, within, library, sizeof(library)) != 0;

	(void)snprintf(f->ghc_version, sizeof(f->ghc_version), "%s", image_ghc_version(image));
	if (!f->ghc_version[0] && !image_version_of_name(base_of(library), f->ghc_version))
		return;
	if (!image_is_x86_64(image)) {
		(void)snprintf(f->why_not, sizeof(f->why_not), "Haskell stacks are only known on x86-64");
		return;
	}
	if (!layout_of(f->ghc_version, &f->layout)) {
		(void)snprintf(
			f->why_not, sizeof(f->why_not),
			"compiled by GHC %s, whose stack frames are not known (%s are): only where it is, not how "
			"it came there",
			f->ghc_version, layout_known());
		return;
	}
	f->layout.is_shared = (uint32_t)is_shared;
}

static void learn_code(struct file *f, const struct image *image)
{
	uint64_t start, end, offset = 0;

	image_code(image, &start, &end);
	(void)image_offset(image, start, &offset);
	f->code_page = start & ~(uint64_t)PAGE_MASK;
	f->code_offset = offset & ~(uint64_t)PAGE_MASK;
	f->code_start = start;
	f->key = (struct hsprof_image_key){ end - start, start & PAGE_MASK };
}

/* What a program exports are too few of its symbols to find a nearest one among; a library's are most of them. A file
 * without names is shown by addresses: only one that was asked for has to be right. */
static int learn_names(struct file *f, struct image *image, const char *symbols, struct weir_error *reterr)
{
	struct weir_error error = { "" };
	int r;

	if (symbols[0]) {
		r = image_take_symbols(image, symbols, reterr);
		if (r >= 0)
			return names_open(image, f->name, &f->names, reterr);
		image_close(image);
		return r;
	}
	r = image_take_symbols(image, NULL, &error);
	if (r == 0 || strncmp(f->name, "lib", 3) == 0)
		r = names_open(image, f->name, &f->names, &error);
	else
		image_close(image);
	if (r < 0) {
		f->names = NULL;
		(void)snprintf(
			f->why_nameless, sizeof(f->why_nameless),
			"hsprof: %s: stripped of its symbols, and nothing that has them was found by its build id; "
			"give a copy that has them as -O hsprof.symbols=FILE",
			f->name);
	}
	return 0;
}

static void learn_haskell(struct file *f)
{
	uint64_t start, end;

	if (!f->names || !names_haskell(f->names, &start, &end) || start < f->code_start)
		return;
	f->layout.haskell_from = start - f->code_start;
	f->layout.haskell_to = end - f->code_start;
}

int file_open(const struct file_place *place, const char *symbols, struct file **ret, struct weir_error *reterr)
{
	struct file *f = calloc(1, sizeof(*f));
	struct image *image = NULL;
	int r = f ? image_open(place->path, &image, reterr) : -ENOMEM;

	if (r < 0) {
		free(f);
		return r;
	}
	(void)snprintf(f->name, sizeof(f->name), "%s", base_of(place->within));
	learn_layout(f, image, place->root, place->within);
	learn_code(f, image);
	r = learn_names(f, image, symbols, reterr);
	if (r < 0) {
		file_free(f);
		return r;
	}
	learn_haskell(f);
	*ret = f;
	return 0;
}

/* Mappings are of pages, and code that was torn apart lies as in the file. */
uint64_t file_bias(const struct file *f, uint64_t start, uint64_t offset)
{
	return start - (f->code_page + offset - f->code_offset);
}
