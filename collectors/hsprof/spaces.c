/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/hsprof/spaces.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <weir/fail.h>

#include "collectors/hsprof/layout.h"
#include "parsers/process_map.h"

enum {
	NAME_MAX_BYTES = 128,
	WHY_MAX = 512,
	MAPS_BYTES_MAX = 8 << 20,
	PAGE_MASK = 4095,
};

struct file {
	struct spaces_file shown;
	char name[NAME_MAX_BYTES], version[IMAGE_VERSION_MAX], why_not[WHY_MAX], why_nameless[WHY_MAX];
	char *path;                      /* as maps name it; NULL: it was given as a program */
	uint64_t code_page, code_offset; /* where the page of its code was linked for, and lies in the file */
};

struct map {
	uint64_t start, end, bias;
	uint32_t file; /* number of it; UINT32_MAX: nothing that can be read */
};

struct space {
	uint32_t tgid, n_maps, round;
	uint64_t code_start, code_end;
	struct map *maps;
	uint32_t program; /* UINT32_MAX: not known */
};

struct spaces {
	const struct weir_host *host;
	const char *symbols;
	struct file *files[SPACES_FILES_MAX];
	struct space *all;
	struct map room[SPACES_MAPS_MAX];
	uint32_t n_files, n, last;
	uint32_t unknown_frame;
};

/* ---- Files ---- */

static const char *base_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static void file_free(struct file *f)
{
	if (!f)
		return;
	names_close(f->shown.names);
	free(f->path);
	free(f);
}

/* Packaging strips what compilers say of themselves; the run-time system's library has the version in its name. */
static void learn_version(struct file *f, const struct image *image, const char *library)
{
	struct image *rts;

	(void)snprintf(f->version, sizeof(f->version), "%s", image_ghc_version(image));
	if (f->version[0] || !library[0] || image_open(library, &rts, NULL) < 0)
		return;
	(void)snprintf(f->version, sizeof(f->version), "%s", image_ghc_version(rts));
	image_close(rts);
}

static void learn_layout(struct file *f, const struct image *image, const char *path)
{
	struct spaces_file *shown = &f->shown;
	char library[PATH_MAX] = "", real[PATH_MAX];
	uint32_t is_shared =
		(uint32_t)image_runtime_library(image, realpath(path, real) ? real : path, library, sizeof(library));

	learn_version(f, image, library);
	if (!f->version[0])
		return;
	if (!image_is_x86_64(image)) {
		(void)snprintf(f->why_not, sizeof(f->why_not), "Haskell stacks are only known on x86-64");
		return;
	}
	if (!layout_of(f->version, &shown->layout)) {
		(void)snprintf(
			f->why_not, sizeof(f->why_not),
			"compiled by GHC %s, whose stack frames are not known (%s are): only where it is, not how "
			"it came there",
			f->version, layout_known());
		return;
	}
	shown->layout.is_shared = is_shared;
}

static void learn_code(struct file *f, const struct image *image)
{
	uint64_t start, end, offset = 0;

	image_code(image, &start, &end);
	(void)image_offset(image, start, &offset);
	f->code_page = start & ~(uint64_t)PAGE_MASK;
	f->code_offset = offset & ~(uint64_t)PAGE_MASK;
	f->shown.code_start = start;
	f->shown.key = (struct hsprof_image_key){ end - start, start & PAGE_MASK };
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
			return names_open(image, f->name, &f->shown.names, reterr);
		image_close(image);
		return r;
	}
	r = image_take_symbols(image, NULL, &error);
	if (r == 0 || strncmp(f->name, "lib", 3) == 0)
		r = names_open(image, f->name, &f->shown.names, &error);
	else
		image_close(image);
	if (r < 0) {
		f->shown.names = NULL;
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

	if (!f->shown.names || !names_haskell(f->shown.names, &start, &end) || start < f->shown.code_start)
		return;
	f->shown.layout.haskell_from = start - f->shown.code_start;
	f->shown.layout.haskell_to = end - f->shown.code_start;
}

static int file_open(const char *path, const char *symbols, struct file **ret, struct weir_error *reterr)
{
	struct file *f = calloc(1, sizeof(*f));
	struct image *image = NULL;
	int r = f ? image_open(path, &image, reterr) : -ENOMEM;

	if (r < 0) {
		free(f);
		return r;
	}
	(void)snprintf(f->name, sizeof(f->name), "%s", base_of(path));
	f->shown.name = f->name;
	f->shown.ghc_version = f->version;
	f->shown.why_not = f->why_not;
	f->shown.why_nameless = f->why_nameless;
	learn_layout(f, image, path);
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

static int keep_file(struct spaces *s, struct file *f)
{
	if (s->n_files == SPACES_FILES_MAX) {
		file_free(f);
		return -E2BIG;
	}
	s->files[s->n_files++] = f;
	return 0;
}

int spaces_add_program(struct spaces *s, const char *path, struct weir_error *reterr)
{
	struct file *f = NULL;
	int r = file_open(path, s->n_files == 0 ? s->symbols : "", &f, reterr);

	if (r < 0)
		return r;
	f->shown.is_program = 1;
	return keep_file(s, f);
}

const struct spaces_file *spaces_file(const struct spaces *s, uint32_t n)
{
	return n < s->n_files ? &s->files[n]->shown : NULL;
}

static uint32_t program_of(const struct spaces *s, uint64_t code_start, uint64_t code_end)
{
	for (uint32_t i = 0; i < s->n_files; i++)
		if (s->files[i]->shown.key.n_code_bytes == code_end - code_start &&
		    s->files[i]->shown.key.page_offset == (code_start & PAGE_MASK))
			return i;
	return UINT32_MAX;
}

/* ---- Processes ---- */

int spaces_new(const struct weir_host *h, const char *symbols, struct spaces **ret, struct weir_error *reterr)
{
	struct spaces *s = calloc(1, sizeof(*s));

	if (s)
		s->all = calloc(SPACES_MAX, sizeof(*s->all));
	if (!s || !s->all) {
		free(s);
		return weir_fail(reterr, -ENOMEM, "hsprof: no memory");
	}
	s->host = h;
	s->symbols = symbols;
	*ret = s;
	return 0;
}

void spaces_free(struct spaces *s)
{
	if (!s)
		return;
	for (uint32_t i = 0; i < s->n_files; i++)
		file_free(s->files[i]);
	for (uint32_t i = 0; i < s->n; i++)
		free(s->all[i].maps);
	free(s->all);
	free(s);
}

/* The number of the file behind a mapping; read now when it is new. */
static uint32_t file_of(struct spaces *s, uint32_t tgid, const struct process_map *map)
{
	char path[PATH_MAX], name[PATH_MAX];
	struct file *f = NULL;

	if (map->path.n == 0 || map->path.at[0] != '/' || map->path.n >= sizeof(name))
		return UINT32_MAX;
	memcpy(name, map->path.at, map->path.n);
	name[map->path.n] = '\0';
	for (uint32_t i = 0; i < s->n_files; i++)
		if (s->files[i]->path && s->files[i]->shown.inode == map->inode && strcmp(s->files[i]->path, name) == 0)
			return i;
	if (snprintf(path, sizeof(path), "/proc/%" PRIu32 "/root%s", tgid, name) >= (int)sizeof(path) ||
	    file_open(path, "", &f, NULL) < 0)
		return UINT32_MAX;
	f->path = strdup(name);
	f->shown.inode = map->inode;
	if (!f->path) {
		file_free(f);
		return UINT32_MAX;
	}
	if (keep_file(s, f) < 0)
		return UINT32_MAX;
	return s->n_files - 1;
}

static char *read_maps(uint32_t tgid, size_t *ret_n)
{
	char path[64], *text = NULL;
	size_t n = 0, n_room = 0;
	ssize_t r = 1;
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/%" PRIu32 "/maps", tgid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	while (r > 0 && n < MAPS_BYTES_MAX) {
		if (n + 4096 > n_room) {
			char *more = realloc(text, n_room + (64 << 10));

			if (!more)
				break;
			text = more;
			n_room += 64 << 10;
		}
		r = read(fd, text + n, n_room - n);
		n += r > 0 ? (size_t)r : 0;
	}
	(void)close(fd);
	*ret_n = n;
	return text;
}

/* What to add to the file's addresses. Mappings are of pages, and code that was torn apart lies as in the file. */
static uint64_t bias_of(const struct file *f, const struct process_map *map)
{
	return map->start - (f->code_page + map->offset - f->code_offset);
}

static uint32_t read_space(struct spaces *s, const struct space *space, struct map maps[SPACES_MAPS_MAX])
{
	size_t n_text = 0, used;
	char *text = read_maps(space->tgid, &n_text), *at = text;
	struct process_map map;
	enum parse_result r;
	uint32_t n = 0;

	while (at && n < SPACES_MAPS_MAX && (r = process_map_next(at, n_text, &map, &used)) != PARSE_END) {
		if (r == PARSE_MORE)
			break;
		if (r == PARSE_OK && map.is_executable) {
			/* The program itself was read before, perhaps with symbols from elsewhere. */
			int is_program = space->program != UINT32_MAX && space->code_start >= map.start &&
			                 space->code_start < map.end;
			uint32_t file = is_program ? space->program : file_of(s, space->tgid, &map);

			maps[n++] = (struct map){ map.start, map.end,
				                  file == UINT32_MAX ? 0 : bias_of(s->files[file], &map), file };
		}
		at += used;
		n_text -= used;
	}
	free(text);
	return n;
}

static int has_code_at(const struct map *maps, uint32_t n, uint64_t address)
{
	for (uint32_t i = 0; i < n; i++)
		if (address >= maps[i].start && address < maps[i].end)
			return 1;
	return 0;
}

static int set_maps(struct space *space, const struct map *maps, uint32_t n)
{
	struct map *copy = n ? reallocarray(NULL, n, sizeof(*maps)) : NULL;

	if (n && !copy)
		return -ENOMEM;
	if (n)
		memcpy(copy, maps, n * sizeof(*maps));
	free(space->maps);
	space->maps = copy;
	space->n_maps = n;
	return 0;
}

/* What a process that was forked shares with the one that it came from, or the program alone. */
static void take_copy(struct spaces *s, struct space *space)
{
	for (uint32_t i = s->n; i-- > 0;)
		if (&s->all[i] != space && s->all[i].code_start == space->code_start &&
		    s->all[i].code_end == space->code_end && s->all[i].n_maps > 0) {
			(void)set_maps(space, s->all[i].maps, s->all[i].n_maps);
			return;
		}
	/* Not even that is known of a process that was gone before anybody could ask: then it is the target's program,
	 * where that was linked for, or nothing of it fits. */
	if (space->code_start == 0 && s->n_files > 0) {
		const struct file *f = s->files[0];
		struct map map = { f->shown.code_start, f->shown.code_start + f->shown.key.n_code_bytes, 0, 0 };

		space->program = 0;
		(void)set_maps(space, &map, 1);
	} else if (space->program != UINT32_MAX) {
		const struct file *f = s->files[space->program];
		struct map map = { space->code_start, space->code_end, space->code_start - f->shown.code_start,
			           space->program };

		(void)set_maps(space, &map, 1);
	}
}

static void look_at(struct spaces *s, struct space *space, uint32_t round)
{
	struct map *maps = s->room;
	uint32_t n;

	space->round = round;
	space->program = program_of(s, space->code_start, space->code_end);
	n = read_space(s, space, maps);
	if (space->program == UINT32_MAX)
		space->program = program_of(s, space->code_start, space->code_end);
	if (space->program != UINT32_MAX)
		s->files[space->program]->shown.is_program = 1;
	if (has_code_at(maps, n, space->code_start))
		(void)set_maps(space, maps, n);
	else if (space->n_maps == 0)
		take_copy(s, space);
}

static int is_it(const struct space *space, const struct hsprof_sample *sample)
{
	return space->tgid == sample->tgid && space->code_start == sample->code_start &&
	       space->code_end == sample->code_end;
}

struct space *spaces_of(struct spaces *s, const struct hsprof_sample *sample, uint32_t round)
{
	struct space *space;

	if (s->last < s->n && is_it(&s->all[s->last], sample))
		return &s->all[s->last];
	for (uint32_t i = 0; i < s->n; i++)
		if (is_it(&s->all[i], sample)) {
			s->last = i;
			return &s->all[i];
		}
	if (s->n == SPACES_MAX)
		return NULL;
	s->last = s->n;
	space = &s->all[s->n++];
	*space = (struct space){ .tgid = sample->tgid, .code_start = sample->code_start, .code_end = sample->code_end };
	look_at(s, space, round);
	return space;
}

const struct spaces_file *space_program(const struct spaces *s, const struct space *space)
{
	return space->program == UINT32_MAX ? NULL : &s->files[space->program]->shown;
}

/* ---- Frames ---- */

static uint32_t made_up(struct spaces *s, const struct file *f, uint64_t address)
{
	struct weir_text none = { "", 0 };
	char name[NAME_MAX_BYTES + 32];
	int n;

	if (!f) {
		if (s->unknown_frame == 0)
			s->unknown_frame = s->host->frame(s->host, (struct weir_text){ "[unknown]", 9 }, none, none);
		return s->unknown_frame;
	}
	n = snprintf(name, sizeof(name), "%s+0x%" PRIx64, f->name, address);
	return s->host->frame(s->host, (struct weir_text){ name, (uint64_t)n },
	                      (struct weir_text){ f->name, strlen(f->name) }, none);
}

uint32_t space_frame(struct spaces *s, struct space *space, uint64_t address, uint32_t round, enum names_kind *ret_kind)
{
	*ret_kind = NAMES_UNKNOWN;
	if (space->round != round && !has_code_at(space->maps, space->n_maps, address))
		look_at(s, space, round);
	for (uint32_t i = 0; i < space->n_maps; i++) {
		const struct map *map = &space->maps[i];
		const struct file *f = map->file == UINT32_MAX ? NULL : s->files[map->file];
		uint32_t frame = 0;

		if (address < map->start || address >= map->end)
			continue;
		if (f && f->shown.names)
			frame = names_frame(f->shown.names, s->host, address - map->bias, ret_kind);
		return frame ? frame : made_up(s, f, address - map->bias);
	}
	return made_up(s, NULL, address);
}

int space_is_after_call(const struct spaces *s, const struct space *space, uint64_t address)
{
	const struct file *f = space->program == UINT32_MAX ? NULL : s->files[space->program];

	return f && f->shown.names &&
	       names_is_after_call(f->shown.names, address - (space->code_start - f->shown.code_start));
}
