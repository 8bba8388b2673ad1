/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/hsprof/origins.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "parsers/ipe.h"

enum {
	TYPE_THUNK_SELECTOR = 22, /* the last of constructors, functions and thunks (ClosureTypes.h) */
	SOURCE_MAX = 1024,
	TEXT_MAX = 4096, /* behind the last text's start, where it isn't said how many bytes there are */
};

/* A node with its parts in memory. */
struct opened {
	struct ipe_node node;
	uint8_t *tables, *entries, *texts;
	size_t n_texts;
};

struct origins {
	struct image *image;
	uint64_t code_start, code_end;
	uint64_t *nodes; /* their addresses */
	uint32_t n_nodes;
	struct origin *all;
	uint32_t n, n_room;
	struct opened opened; /* the last one that was asked for */
	uint32_t opened_node; /* UINT32_MAX: none */
	char source[SOURCE_MAX];
};

/* ---- Nodes ---- */

static void shut(struct opened *n)
{
	free(n->tables);
	free(n->entries);
	free(n->texts);
	*n = (struct opened){ .tables = NULL };
}

static int read_piece(struct origins *o, uint64_t address, uint64_t n, uint8_t **ret)
{
	if (n > image_left(o->image, address))
		return -EBADMSG;
	*ret = malloc(n ? (size_t)n : 1);
	return *ret ? image_read_data(o->image, address, *ret, (size_t)n) : -ENOMEM;
}

/* How long a frame is, only it says itself. */
static int read_compressed(struct origins *o, uint64_t address, uint64_t n_plain, uint8_t **ret)
{
	uint64_t n_left = image_left(o->image, address), n_most = ZSTD_compressBound((size_t)n_plain);
	uint8_t *packed = NULL;
	int r = read_piece(o, address, n_left < n_most ? n_left : n_most, &packed);
	size_t n = 0;

	if (r == 0)
		n = ZSTD_findFrameCompressedSize(packed, (size_t)(n_left < n_most ? n_left : n_most));
	if (r == 0 && ZSTD_isError(n))
		r = -EBADMSG;
	if (r == 0)
		*ret = malloc(n_plain ? (size_t)n_plain : 1);
	if (r == 0 && !*ret)
		r = -ENOMEM;
	if (r == 0 && ZSTD_decompress(*ret, (size_t)n_plain, packed, n) != n_plain)
		r = -EBADMSG;
	free(packed);
	return r;
}

static int read_part(struct origins *o, const struct ipe_node *node, uint64_t address, uint64_t n, uint8_t **ret)
{
	if (n > ORIGINS_NODE_BYTES_MAX)
		return -EBADMSG;
	return node->is_compressed ? read_compressed(o, address, n, ret) : read_piece(o, address, n, ret);
}

/* Up to a little behind where the last text starts. */
static uint64_t text_bytes(const struct origins *o, const struct opened *n)
{
	uint64_t last = 0, n_left = image_left(o->image, n->node.texts_at);
	struct ipe_entry e;

	for (size_t k = 0; ipe_entry(&n->node, n->entries, (size_t)n->node.n_entry_bytes, k, &e) == PARSE_OK; k++) {
		const uint32_t texts[] = { e.name, e.type_text, e.label, e.module, e.file, e.place };

		for (size_t t = 0; t < sizeof(texts) / sizeof(texts[0]); t++)
			last = texts[t] > last ? texts[t] : last;
	}
	return last + TEXT_MAX < n_left ? last + TEXT_MAX : n_left;
}

static int open_node(struct origins *o, uint64_t address, struct opened *ret)
{
	uint8_t head[IPE_NODE_BYTES] = { 0 };
	uint64_t n_left = image_left(o->image, address), n_texts;
	int r;

	*ret = (struct opened){ .tables = NULL };
	if (n_left == 0)
		return -EBADMSG;
	r = image_read_data(o->image, address, head, n_left < sizeof(head) ? (size_t)n_left : sizeof(head));
	if (r < 0)
		return r;
	ipe_node(head, address, &ret->node);
	if (ret->node.n > ORIGINS_ENTRIES_MAX)
		return -EBADMSG;
	if (ret->node.tables_at)
		r = read_piece(o, ret->node.tables_at, 8 * ret->node.n, &ret->tables);
	if (r == 0)
		r = read_part(o, &ret->node, ret->node.entries_at, ret->node.n_entry_bytes, &ret->entries);
	n_texts = r < 0 || ret->node.n_text_bytes ? ret->node.n_text_bytes : text_bytes(o, ret);
	if (r == 0)
		r = read_part(o, &ret->node, ret->node.texts_at, n_texts, &ret->texts);
	ret->n_texts = (size_t)n_texts;
	return r;
}

static struct weir_text text_at(const struct opened *n, uint32_t offset)
{
	struct parse_text text = { "", 0 };

	(void)elf_text(n->texts, n->n_texts, offset, &text);
	return (struct weir_text){ text.at, text.n };
}

/* Whether texts start where an entry says: what tells a layout from another one. */
static int is_text(const struct opened *n, uint32_t offset)
{
	return offset < n->n_texts && (offset == 0 || n->texts[offset - 1] == '\0');
}

static int is_whole(const struct opened *n, const struct ipe_entry *e)
{
	return is_text(n, e->name) && is_text(n, e->type_text) && is_text(n, e->label) && is_text(n, e->module) &&
	       is_text(n, e->file) && is_text(n, e->place);
}

static uint32_t type_of(const struct opened *n, const struct ipe_entry *e)
{
	struct weir_text text = text_at(n, e->type_text);
	uint32_t type = 0;

	if (n->node.tables_at)
		return e->type;
	for (uint64_t i = 0; i < text.n_bytes && i < 4 && text.at[i] >= '0' && text.at[i] <= '9'; i++)
		type = type * 10 + (uint32_t)(text.at[i] - '0');
	return type;
}

static uint64_t table_of(const struct opened *n, const struct ipe_entry *e, uint32_t index)
{
	uint64_t address;

	if (!n->tables)
		return e->table;
	memcpy(&address, n->tables + 8 * (size_t)index, sizeof(address));
	return le64toh(address);
}

/* ---- Adding ---- */

struct origins *origins_new(struct image *image)
{
	struct origins *o = calloc(1, sizeof(*o));

	if (!o)
		return NULL;
	o->image = image;
	o->opened_node = UINT32_MAX;
	image_code(image, &o->code_start, &o->code_end);
	o->nodes = calloc(ORIGINS_NODES_MAX, sizeof(*o->nodes));
	if (o->nodes)
		return o;
	free(o);
	return NULL;
}

void origins_free(struct origins *o)
{
	if (!o)
		return;
	shut(&o->opened);
	free(o->nodes);
	free(o->all);
	free(o);
}

static int add_origin(struct origins *o, const struct origin *origin)
{
	if (o->n == ORIGINS_MAX)
		return -E2BIG;
	if (o->n == o->n_room) {
		uint32_t n_room = o->n_room ? o->n_room * 2 : 1024;
		struct origin *all = reallocarray(o->all, n_room, sizeof(*all));

		if (!all)
			return -ENOMEM;
		o->all = all;
		o->n_room = n_room;
	}
	o->all[o->n++] = *origin;
	return 0;
}

/* An info table that the linker left out, or that another file may replace, has no address here. */
static int add_entries(struct origins *o, const struct opened *n)
{
	uint32_t n_before = o->n;
	struct ipe_entry e;
	int r = 0;

	for (uint32_t k = 0; r == 0 && k < n->node.n; k++) {
		uint32_t type;
		struct origin origin;

		if (ipe_entry(&n->node, n->entries, (size_t)n->node.n_entry_bytes, k, &e) != PARSE_OK ||
		    !is_whole(n, &e)) {
			r = -EBADMSG;
			break;
		}
		type = type_of(n, &e);
		origin = (struct origin){ .address = table_of(n, &e, k),
			                  .entry = k,
			                  .node = (uint16_t)o->n_nodes,
			                  .is_code = type >= 1 && type <= TYPE_THUNK_SELECTOR,
			                  .is_named = text_at(n, e.label).n_bytes > 0 };
		if (origin.address >= o->code_start && origin.address < o->code_end)
			r = add_origin(o, &origin);
	}
	if (r < 0)
		o->n = n_before;
	return r;
}

int origins_add(struct origins *o, uint64_t address)
{
	struct opened n;
	int r = o->n_nodes < ORIGINS_NODES_MAX ? open_node(o, address, &n) : -E2BIG;

	if (r == -E2BIG)
		return r;
	if (r == 0)
		r = add_entries(o, &n);
	shut(&n);
	if (r == 0)
		o->nodes[o->n_nodes++] = address;
	return r == -EFAULT ? -EBADMSG : r;
}

static int compare(const void *a, const void *b)
{
	const struct origin *x = a, *y = b;

	return x->address < y->address ? -1 : x->address > y->address;
}

void origins_settle(struct origins *o)
{
	uint32_t n_kept = 0;

	if (o->n)
		qsort(o->all, o->n, sizeof(*o->all), compare);
	for (uint32_t i = 0; i < o->n; i++) {
		struct origin *last = n_kept ? &o->all[n_kept - 1] : NULL;

		if (o->all[i].is_code && (!last || last->address != o->all[i].address)) {
			o->all[n_kept++] = o->all[i];
		} else if (last && !last->is_named && o->all[i].is_named) {
			last->node = o->all[i].node;
			last->entry = o->all[i].entry;
			last->is_named = 1;
		}
	}
	o->n = n_kept;
}

/* ---- Asking ---- */

struct origin *origins_find(struct origins *o, uint64_t address)
{
	uint32_t low = 0, high = o->n;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (o->all[middle].address <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? &o->all[low - 1] : NULL;
}

int origins_read(struct origins *o, const struct origin *origin, struct weir_text *ret_label,
                 struct weir_text *ret_module, struct weir_text *ret_source)
{
	struct weir_text file, place;
	struct ipe_entry e;
	int r;

	if (origin->node != o->opened_node) {
		shut(&o->opened);
		o->opened_node = UINT32_MAX;
		r = open_node(o, o->nodes[origin->node], &o->opened);
		if (r < 0)
			return r;
		o->opened_node = origin->node;
	}
	if (ipe_entry(&o->opened.node, o->opened.entries, (size_t)o->opened.node.n_entry_bytes, origin->entry, &e) !=
	    PARSE_OK)
		return -EBADMSG;
	*ret_label = text_at(&o->opened, e.label);
	*ret_module = text_at(&o->opened, e.module);
	file = text_at(&o->opened, e.file);
	place = text_at(&o->opened, e.place);
	r = snprintf(o->source, sizeof(o->source), "%.*s%s%.*s", file.n_bytes < 700 ? (int)file.n_bytes : 700, file.at,
	             file.n_bytes && place.n_bytes ? ":" : "", place.n_bytes < 200 ? (int)place.n_bytes : 200,
	             place.at);
	*ret_source = (struct weir_text){ o->source, r > 0 ? (uint64_t)r : 0 };
	return 0;
}
