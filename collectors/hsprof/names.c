/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/hsprof/names.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <weir/fail.h>

#include "collectors/hsprof/info_tables.h"
#include "collectors/hsprof/origins.h"

enum {
	SYMBOLS_PIECE = 4096, /* symbols that are read at once */
	FILE_NAME_MAX = 128,
	ANSWERS = 1024, /* a power of two */
};

/* What no run-time system is without: where each thread's stack ends. */
static const char RTS_SYMBOL[] = "stg_stop_thread_info";

/* Of each symbol that is kept: 24 bytes, and its name stays in the file. */
struct place {
	uint64_t address;
	uint32_t text;
	uint32_t frame; /* 0: not made yet */
	uint32_t n_bytes;
	uint8_t kind; /* enum names_kind, once the frame is made */
	uint8_t is_local;
};

/* A piece of code without a symbol: the count-th function behind a symbol. */
struct local {
	uint32_t before, count, frame; /* frame 0: free */
};

struct answer {
	uint64_t address;
	uint32_t frame;
	enum names_kind kind;
};

struct names {
	struct place *places;
	uint32_t n_places, n_room;
	uint64_t haskell_start, haskell_end; /* of the symbols that Haskell code starts at */
	const char *texts;                   /* mapped */
	size_t n_texts;
	void *map;
	size_t n_map;
	struct image *image;
	struct origins *origins; /* NULL: the program has no such map */
	uint32_t n_origins_left_out;
	uint8_t *gap;
	struct answer answers[ANSWERS];
	struct local *locals; /* a host may number the same frame twice, and runs of one are to be seen as such */
	uint32_t n_locals, n_locals_room;
	int has_rts, is_rts_library;
	char file[FILE_NAME_MAX];
	char room[Z_ROOM];
};

/* ---- Opening ---- */

static int map_texts(struct names *n, const struct image_table *table)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), into = table->texts_offset % page;

	n->n_map = (size_t)(table->n_texts + into);
	n->map = mmap(NULL, n->n_map, PROT_READ, MAP_PRIVATE, table->fd, (off_t)(table->texts_offset - into));
	if (n->map == MAP_FAILED) {
		n->map = NULL;
		return -errno;
	}
	n->texts = (const char *)n->map + into;
	n->n_texts = (size_t)table->n_texts;
	return 0;
}

static struct parse_text text_at(const struct names *n, uint32_t offset)
{
	struct parse_text text = { "", 0 };

	(void)elf_text((const uint8_t *)n->texts, n->n_texts, offset, &text);
	return text;
}

static int ends_with(struct parse_text text, const char *ending)
{
	size_t n = strlen(ending);

	return text.n >= n && memcmp(text.at + text.n - n, ending, n) == 0;
}

static int starts_with(struct parse_text text, const char *start)
{
	size_t n = strlen(start);

	return text.n >= n && memcmp(text.at, start, n) == 0;
}

static int keep(struct names *n, const struct elf_symbol *symbol)
{
	if (n->n_places == n->n_room) {
		uint32_t n_room = n->n_room ? n->n_room * 2 : 4096;
		struct place *places = reallocarray(n->places, n_room, sizeof(*places));

		if (!places)
			return -ENOMEM;
		n->places = places;
		n->n_room = n_room;
	}
	n->places[n->n_places++] =
		(struct place){ .address = symbol->address,
		                .text = symbol->name,
		                .n_bytes = symbol->n_bytes < UINT32_MAX ? (uint32_t)symbol->n_bytes : UINT32_MAX,
		                .is_local = symbol->is_local };
	return 0;
}

static int is_code(const struct elf_symbol *symbol, uint64_t start, uint64_t end)
{
	return symbol->section != ELF_UNDEFINED && symbol->type <= ELF_SYMBOL_FUNCTION && symbol->address >= start &&
	       symbol->address < end;
}

/* A node of the map of info tables, by its name. */
static int take_origins(struct names *n, const struct elf_symbol *symbol)
{
	int r;

	if (symbol->section == ELF_UNDEFINED || symbol->type > ELF_SYMBOL_OBJECT ||
	    !ends_with(text_at(n, symbol->name), "_ipe_buf"))
		return 0;
	if (!n->origins)
		n->origins = origins_new(n->image);
	r = n->origins ? origins_add(n->origins, symbol->address) : -ENOMEM;
	n->n_origins_left_out += r < 0;
	return r == -ENOMEM ? r : 0;
}

static int read_symbols(struct names *n, const struct image *image, const struct image_table *table)
{
	size_t n_piece = SYMBOLS_PIECE * ELF_SYMBOL_BYTES;
	uint8_t *piece = malloc(n_piece);
	uint64_t start, end;
	struct elf_symbol symbol;
	int r = piece ? 0 : -ENOMEM;

	image_code(image, &start, &end);
	for (uint64_t at = 0; r == 0 && at < table->n_bytes; at += n_piece) {
		size_t n_wanted = table->n_bytes - at < n_piece ? (size_t)(table->n_bytes - at) : n_piece;
		ssize_t n_read = pread(table->fd, piece, n_wanted, (off_t)(table->offset + at));

		if (n_read != (ssize_t)n_wanted)
			r = n_read < 0 ? -errno : -EBADMSG;
		for (size_t k = 0; r == 0 && elf_symbol(piece, n_wanted, k, &symbol) == PARSE_OK; k++)
			r = is_code(&symbol, start, end) ? keep(n, &symbol) : take_origins(n, &symbol);
	}
	free(piece);
	return r;
}

/* Of symbols at one address a global one comes first, and of those the one whose name comes first in the file. */
static int compare(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	if (x->address != y->address)
		return x->address < y->address ? -1 : 1;
	if (x->is_local != y->is_local)
		return x->is_local - y->is_local;
	return x->text < y->text ? -1 : x->text > y->text;
}

static void settle(struct names *n)
{
	uint32_t n_kept = 0;

	qsort(n->places, n->n_places, sizeof(*n->places), compare);
	for (uint32_t i = 0; i < n->n_places; i++)
		if (n_kept == 0 || n->places[n_kept - 1].address != n->places[i].address)
			n->places[n_kept++] = n->places[i];
	n->n_places = n_kept;
	n->haskell_start = UINT64_MAX;
	for (uint32_t i = 0; i < n->n_places; i++) {
		struct parse_text text = text_at(n, n->places[i].text);
		struct z_symbol z;

		if (!ends_with(text, "_info"))
			continue;
		n->has_rts |= text.n == strlen(RTS_SYMBOL) && memcmp(text.at, RTS_SYMBOL, text.n) == 0;
		z_symbol(text, n->room, &z);
		if (z.kind != Z_CODE && z.kind != Z_CONSTRUCTOR)
			continue;
		if (n->haskell_start == UINT64_MAX)
			n->haskell_start = n->places[i].address;
		n->haskell_end = n->places[i].address;
	}
}

int names_open(struct image *image, const char *file, struct names **ret, struct weir_error *reterr)
{
	struct names *n = calloc(1, sizeof(*n));
	struct image_table table;
	int r;

	if (n)
		n->gap = malloc(INFO_TABLES_GAP_MAX);
	if (!n || !n->gap) {
		free(n);
		image_close(image);
		return weir_fail(reterr, -ENOMEM, "hsprof: %s: no memory", file);
	}
	n->image = image;
	(void)snprintf(n->file, sizeof(n->file), "%s", file);
	n->is_rts_library = strncmp(file, "libHSrts", 8) == 0;
	r = image_table(image, &table) ? map_texts(n, &table) : -ENODATA;
	if (r == 0)
		r = read_symbols(n, image, &table);
	if (r == 0 && n->n_places == 0)
		r = -ENODATA;
	if (r < 0) {
		names_close(n);
		return weir_fail(reterr, r, "hsprof: %s: no symbols: %s", file, strerror(-r));
	}
	settle(n);
	if (n->origins)
		origins_settle(n->origins);
	*ret = n;
	return 0;
}

void names_close(struct names *n)
{
	if (!n)
		return;
	if (n->map)
		(void)munmap(n->map, n->n_map);
	origins_free(n->origins);
	image_close(n->image);
	free(n->locals);
	free(n->gap);
	free(n->places);
	free(n);
}

uint32_t names_origins_left_out(const struct names *n)
{
	return n->n_origins_left_out;
}

int names_haskell(const struct names *n, uint64_t *ret_start, uint64_t *ret_end)
{
	*ret_start = n->haskell_start;
	*ret_end = n->haskell_end;
	return n->haskell_start < n->haskell_end;
}

/* ---- Names ---- */

/* Frames that stand for no code that anybody wrote: applying a function to arguments, going on with a value, restoring
 * a cost-centre stack. rts/AutoApply, rts/StgMiscClosures.cmm, rts/StgStartup.cmm. */
static int is_joint(struct parse_text name)
{
	static const char *const starts[] = { "stg_ap_",         "stg_enter",          "stg_ret_",   "stg_restore",
		                              "stg_returnToSta", "stg_unpack_closure", "stg_gc_",    "stg_upd_",
		                              "stg_bh_upd_",     "stg_marked_upd_",    "stg_stack_", "stg_forceIO" };

	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++)
		if (starts_with(name, starts[i]))
			return 1;
	return 0;
}

/* The run-time system's archive is linked behind all Haskell code; what its compiler found hot or cold lies before it.
 */
static int is_of_rts(const struct names *n, const struct place *place, struct parse_text name)
{
	static const char *const starts[] = { "scavenge", "evacuate", "nonmoving", "trace_", "alloc_for_copy" };

	if (n->is_rts_library)
		return 1;
	if (n->haskell_start == UINT64_MAX || !n->has_rts)
		return 0;
	if (place->address > n->haskell_end)
		return !starts_with(name, "_");
	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++)
		if (place->address < n->haskell_start && starts_with(name, starts[i]))
			return 1;
	return 0;
}

static struct weir_text lend(struct parse_text text)
{
	return (struct weir_text){ text.at, text.n };
}

static uint32_t foreign_frame(struct names *n, const struct weir_host *h, struct place *place, struct parse_text name)
{
	struct weir_text module = { n->file, strlen(n->file) };

	place->kind = NAMES_FOREIGN;
	if (is_of_rts(n, place, name)) {
		place->kind = NAMES_RTS;
		module = (struct weir_text){ "RTS", 3 };
	}
	return h->frame(h, lend(name), module, (struct weir_text){ "", 0 });
}

/* `stg_newByteArrayzh` is newByteArray#, `stg_catch_frame` what catch# left on the stack. */
static uint32_t primop_frame(struct names *n, const struct weir_host *h, struct place *place, struct parse_text name)
{
	static const char *const endings[] = { "_frame", "_ret" };
	char room[128];
	int n_name;

	place->kind = is_joint(name) ? NAMES_JOINT : NAMES_PRIMOP;
	name.at += 4;
	name.n -= 4;
	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++)
		if (ends_with(name, endings[i]))
			name.n -= strlen(endings[i]);
	n_name = z_decode(name, room, sizeof(room));
	return h->frame(h, n_name > 0 ? (struct weir_text){ room, (uint64_t)n_name } : lend(name),
	                (struct weir_text){ "RTS", 3 }, (struct weir_text){ "", 0 });
}

static uint32_t make_frame(struct names *n, const struct weir_host *h, struct place *place)
{
	struct parse_text text = text_at(n, place->text);
	struct z_symbol z;

	z_symbol(text, n->room, &z);
	switch (z.kind) {
	case Z_OTHER:
		return starts_with(text, "stg_") ? primop_frame(n, h, place, text) : foreign_frame(n, h, place, text);
	case Z_RTS:
		return primop_frame(n, h, place, z.name);
	default:
		place->kind = NAMES_HASKELL;
		return h->frame(h, lend(z.name), lend(z.module), (struct weir_text){ "", 0 });
	}
}

/* ---- What has no symbol ---- */

static int read_haskell(struct names *n, const struct place *place, struct z_symbol *ret)
{
	z_symbol(text_at(n, place->text), n->room, ret);
	return ret->kind == Z_CODE || ret->kind == Z_CONSTRUCTOR;
}

static struct local *find_local(struct local *locals, uint32_t n_room, uint32_t before, uint32_t count)
{
	uint32_t i = (before * 2654435761U ^ count * 40503U) & (n_room - 1);

	while (locals[i].frame && (locals[i].before != before || locals[i].count != count))
		i = (i + 1) & (n_room - 1);
	return &locals[i];
}

/* Room for one more; NULL: there is no memory. */
static struct local *local_of(struct names *n, uint32_t before, uint32_t count)
{
	uint32_t n_room = n->n_locals_room ? n->n_locals_room * 2 : 256;
	struct local *more;

	if (2 * n->n_locals < n->n_locals_room)
		return find_local(n->locals, n->n_locals_room, before, count);
	more = calloc(n_room, sizeof(*more));
	if (!more)
		return NULL;
	for (uint32_t i = 0; i < n->n_locals_room; i++)
		if (n->locals[i].frame)
			*find_local(more, n_room, n->locals[i].before, n->locals[i].count) = n->locals[i];
	free(n->locals);
	n->locals = more;
	n->n_locals_room = n_room;
	return find_local(more, n_room, before, count);
}

/* The frame of an address between two symbols; 0: it is to be taken for the first one's. */
static uint32_t local_frame(struct names *n, const struct weir_host *h, uint32_t before, uint64_t address)
{
	const struct place *place = &n->places[before];
	struct local *local;
	struct z_symbol z;
	char name[512];
	uint32_t count;
	int r, is_haskell = read_haskell(n, place, &z);

	if (z.kind == Z_RTS ||
	    address < n->haskell_start -
	                      (n->haskell_start < INFO_TABLES_GAP_MAX ? n->haskell_start : INFO_TABLES_GAP_MAX) ||
	    address > n->haskell_end)
		return 0;
	count = info_tables_count(n->image, n->gap, place->address + place->n_bytes, address);
	if (count == 0 && (is_haskell || place->n_bytes == 0))
		return 0;
	if (before + 1 == n->n_places || !read_haskell(n, place + 1, &z))
		return 0;
	local = local_of(n, before, count);
	if (!local || local->frame)
		return local ? local->frame : 0;
	r = snprintf(name, sizeof(name), "%.*s.local%" PRIu32, z.name.n < 400 ? (int)z.name.n : 400, z.name.at, count);
	*local = (struct local){ before, count, 0 };
	local->frame =
		h->frame(h, (struct weir_text){ name, (uint64_t)r }, lend(z.module), (struct weir_text){ "", 0 });
	n->n_locals += local->frame != 0;
	return local->frame;
}

/* How many symbols start at or before an address. */
static uint32_t rank(const struct names *n, uint64_t address)
{
	uint32_t low = 0, high = n->n_places;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (n->places[middle].address <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* What the program says itself of the code at an address, when that is nearer than the symbol. 0: nothing. */
static uint32_t origin_frame(struct names *n, const struct weir_host *h, const struct place *place, uint64_t address)
{
	struct origin *origin = n->origins ? origins_find(n->origins, address) : NULL;
	struct weir_text label, module, source;

	if (!origin || !origin->is_named || origin->address < place->address)
		return 0;
	if (origin->frame == 0 && origins_read(n->origins, origin, &label, &module, &source) == 0)
		origin->frame = h->frame(h, label, module, source);
	return origin->frame;
}

static void answer(struct names *n, const struct weir_host *h, uint64_t address, struct answer *ret)
{
	uint32_t low = rank(n, address);
	struct place *place = low ? &n->places[low - 1] : NULL;

	*ret = (struct answer){ address, 0, NAMES_UNKNOWN };
	if (!place)
		return;
	ret->kind = NAMES_HASKELL;
	ret->frame = origin_frame(n, h, place, address);
	if (ret->frame)
		return;
	/* The assembler's own symbols have no size. */
	if (address >= place->address + place->n_bytes && address > place->address) {
		ret->frame = local_frame(n, h, low - 1, address);
		if (ret->frame)
			return;
	}
	if (place->frame == 0)
		place->frame = make_frame(n, h, place);
	ret->frame = place->frame;
	ret->kind = place->kind;
	/* Of a stripped library only what it exports has a name, and C says how long each of them is. */
	if ((ret->kind == NAMES_RTS || ret->kind == NAMES_FOREIGN) && place->n_bytes > 0 &&
	    address >= place->address + place->n_bytes)
		ret->frame = h->frame(h, (struct weir_text){ n->file, strlen(n->file) },
		                      (struct weir_text){ n->file, strlen(n->file) }, (struct weir_text){ "", 0 });
}

uint32_t names_frame(struct names *n, const struct weir_host *h, uint64_t address, enum names_kind *ret_kind)
{
	struct answer *a = &n->answers[(address ^ address >> 10) & (ANSWERS - 1)];

	if (a->address != address || a->frame == 0)
		answer(n, h, address, a);
	*ret_kind = a->kind;
	return a->frame;
}

/* x86-64, Intel SDM volume 2, CALL: E8 and 4 bytes, or FF /2 with a register or memory. */
int names_is_after_call(const struct names *n, uint64_t address)
{
	uint8_t b[7];
	const uint8_t *end = b + sizeof(b);

	if (address < sizeof(b) || image_read(n->image, address - sizeof(b), b, sizeof(b)) < 0)
		return 0;
	return end[-5] == 0xe8 || (end[-2] == 0xff && (end[-1] & 0xf8) == 0xd0) ||
	       (end[-2] == 0xff && (end[-1] & 0xf8) == 0x10) || (end[-3] == 0xff && (end[-2] & 0xf8) == 0x50) ||
	       (end[-6] == 0xff && ((end[-5] & 0xf8) == 0x90 || end[-5] == 0x15));
}
