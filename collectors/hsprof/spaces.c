/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/hsprof/spaces.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <weir/fail.h>

#include "collectors/program/process.h"
#include "parsers/process_map.h"

enum {
	PAGE_MASK = 4095,
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

static int keep_file(struct spaces *s, struct file *f)
{
	if (s->n_files == SPACES_FILES_MAX) {
		file_free(f);
		return -E2BIG;
	}
	s->files[s->n_files++] = f;
	return 0;
}

static int add_program(struct spaces *s, const struct file_place *place, struct weir_error *reterr)
{
	struct file *f = NULL;
	int r = file_open(place, s->n_files == 0 ? s->symbols : "", &f, reterr);

	if (r < 0)
		return r;
	f->is_program = 1;
	return keep_file(s, f);
}

int spaces_add_program(struct spaces *s, const char *path, struct weir_error *reterr)
{
	char real[PATH_MAX];

	return add_program(s, &(struct file_place){ path, "", realpath(path, real) ? real : path }, reterr);
}

int spaces_add_running(struct spaces *s, pid_t pid, struct weir_error *reterr)
{
	char path[64], root[PROCESS_ROOT_MAX], map[PATH_MAX];
	ssize_t n;

	(void)snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	n = readlink(path, map, sizeof(map) - 1);
	map[n > 0 ? n : 0] = '\0';
	process_root(pid, root);
	return add_program(s, &(struct file_place){ path, root, process_within(pid, map) }, reterr);
}

const struct file *spaces_file(const struct spaces *s, uint32_t n)
{
	return n < s->n_files ? s->files[n] : NULL;
}

static uint32_t program_of(const struct spaces *s, uint64_t code_start, uint64_t code_end)
{
	for (uint32_t i = 0; i < s->n_files; i++)
		if (s->files[i]->key.n_code_bytes == code_end - code_start &&
		    s->files[i]->key.page_offset == (code_start & PAGE_MASK))
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
	char path[PATH_MAX], name[PATH_MAX], root[PROCESS_ROOT_MAX];
	struct file_place place = { path, root, NULL };
	struct file *f = NULL;

	if (map->path.n == 0 || map->path.at[0] != '/' || map->path.n >= sizeof(name))
		return UINT32_MAX;
	memcpy(name, map->path.at, map->path.n);
	name[map->path.n] = '\0';
	for (uint32_t i = 0; i < s->n_files; i++)
		if (s->files[i]->map && s->files[i]->inode == map->inode && strcmp(s->files[i]->map, name) == 0)
			return i;
	process_root((pid_t)tgid, root);
	place.within = process_within((pid_t)tgid, name);
	if (snprintf(path, sizeof(path), "%s%s", root, place.within) >= (int)sizeof(path) ||
	    file_open(&place, "", &f, NULL) < 0)
		return UINT32_MAX;
	f->map = strdup(name);
	f->inode = map->inode;
	if (!f->map) {
		file_free(f);
		return UINT32_MAX;
	}
	if (keep_file(s, f) < 0)
		return UINT32_MAX;
	return s->n_files - 1;
}

static uint32_t read_space(struct spaces *s, const struct space *space, struct map maps[SPACES_MAPS_MAX])
{
	size_t n_text = 0, used;
	char *text = process_maps((pid_t)space->tgid, &n_text), *at = text;
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

			maps[n++] =
				(struct map){ map.start, map.end,
				              file == UINT32_MAX ? 0 : file_bias(s->files[file], map.start, map.offset),
				              file };
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
		struct map map = { f->code_start, f->code_start + f->key.n_code_bytes, 0, 0 };

		space->program = 0;
		(void)set_maps(space, &map, 1);
	} else if (space->program != UINT32_MAX) {
		const struct file *f = s->files[space->program];
		struct map map = { space->code_start, space->code_end, space->code_start - f->code_start,
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
		s->files[space->program]->is_program = 1;
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

const struct file *space_program(const struct spaces *s, const struct space *space)
{
	return space->program == UINT32_MAX ? NULL : s->files[space->program];
}

/* ---- Frames ---- */

static uint32_t made_up(struct spaces *s, const struct file *f, uint64_t address)
{
	struct weir_text none = { "", 0 };
	char name[FILE_NAME_BYTES + 32];
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
		if (f && f->names)
			frame = names_frame(f->names, s->host, address - map->bias, ret_kind);
		return frame ? frame : made_up(s, f, address - map->bias);
	}
	return made_up(s, NULL, address);
}

int space_is_after_call(const struct spaces *s, const struct space *space, uint64_t address)
{
	const struct file *f = space->program == UINT32_MAX ? NULL : s->files[space->program];

	return f && f->names && names_is_after_call(f->names, address - (space->code_start - f->code_start));
}
