/* SPDX-License-Identifier: Apache-2.0 */
#include "exports/sqlite_file.h"

#include "exports/sqlite_record.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	PAGE = 65536,
	FILE_HEADER = 100,
	LEAF_HEADER = 8,
	INTERIOR_HEADER = 12,
	LEAF_TYPE = 0x0d,
	INTERIOR_TYPE = 0x05,
	/* Of a leaf's cell: payload up to LOCAL_MAX stays in the page, of a longer one at least LOCAL_MIN (file format
	 * §1.6). */
	LOCAL_MAX = PAGE - 35,
	LOCAL_MIN = (PAGE - 12) * 32 / 255 - 23,
	OVERFLOW_ROOM = PAGE - 4,
	LOCK_PAGE = 0x40000000 / PAGE + 1, /* holds the lock bytes; never used */
	CHILDREN_GROW = 1024,
};

/* A page that is done, for the level above it. */
struct child {
	uint32_t page;
	int64_t last_rowid;
};

struct table {
	char name[64];
	char sql[SQLITE_FILE_SQL_MAX];
	uint8_t *leaf, *content; /* the page; its cells one after the other, which go to its end */
	uint32_t n_cells, n_content;
	int64_t rowid;
	struct child *children;
	size_t n_children, n_room;
	uint32_t root;
};

struct sqlite_file {
	FILE *file;
	int result;
	uint32_t n_pages; /* the first one is written last */
	unsigned n_tables;
	struct table tables[SQLITE_FILE_TABLES_MAX];
	uint8_t page[PAGE]; /* for overflow, interior and first page */
};

static int keep(struct sqlite_file *f, int result)
{
	if (result < 0 && f->result == 0)
		f->result = result;
	return f->result;
}

/* ---- Pages ---- */

/* Appends a page; returns its number. */
static uint32_t append_page(struct sqlite_file *f, const uint8_t *page)
{
	static const uint8_t zeros[PAGE];

	if (f->n_pages + 1 == LOCK_PAGE) {
		if (fwrite(zeros, PAGE, 1, f->file) != 1)
			(void)keep(f, -EIO);
		f->n_pages++;
	}
	if (fwrite(page, PAGE, 1, f->file) != 1)
		(void)keep(f, errno == ENOSPC ? -ENOSPC : -EIO);
	return ++f->n_pages;
}

static int add_child(struct sqlite_file *f, struct table *t, uint32_t page, int64_t last_rowid)
{
	if (t->n_children == t->n_room) {
		struct child *more = reallocarray(t->children, t->n_room + CHILDREN_GROW, sizeof(*more));

		if (!more)
			return keep(f, -ENOMEM);
		t->children = more;
		t->n_room += CHILDREN_GROW;
	}
	t->children[t->n_children++] = (struct child){ page, last_rowid };
	return f->result;
}

static void start_leaf(struct table *t)
{
	memset(t->leaf, 0, LEAF_HEADER);
	t->leaf[0] = LEAF_TYPE;
	t->n_cells = t->n_content = 0;
}

static int end_leaf(struct sqlite_file *f, struct table *t)
{
	uint32_t gap = LEAF_HEADER + 2 * t->n_cells, start = PAGE - t->n_content;
	uint16_t place;

	/* Cells were placed from the content's start. */
	for (uint32_t i = LEAF_HEADER; i < gap; i += 2) {
		memcpy(&place, t->leaf + i, sizeof(place));
		sqlite_put16(t->leaf + i, start + place);
	}
	memcpy(t->leaf + start, t->content, t->n_content);
	sqlite_put16(t->leaf + 3, t->n_cells);
	sqlite_put16(t->leaf + 5, (PAGE - t->n_content) & 0xffff); /* 0 stands for 65536 */
	memset(t->leaf + gap, 0, start - gap);
	(void)add_child(f, t, append_page(f, t->leaf), t->rowid);
	start_leaf(t);
	return f->result;
}

/* ---- Rows ---- */

/* The number that the page after `page` gets. */
static uint32_t page_after(uint32_t page)
{
	return page + 1 == LOCK_PAGE ? page + 2 : page + 1;
}

/* Writes the payload's rest as a chain of pages, which follow each other in the file; returns the first one's number.
 */
static uint32_t put_overflow(struct sqlite_file *f, const uint8_t *at, size_t n)
{
	uint32_t first = page_after(f->n_pages);

	while (n && f->result == 0) {
		size_t part = n < OVERFLOW_ROOM ? n : OVERFLOW_ROOM;

		sqlite_put32(f->page, n > part ? page_after(page_after(f->n_pages)) : 0);
		memcpy(f->page + 4, at, part);
		memset(f->page + 4 + part, 0, OVERFLOW_ROOM - part);
		(void)append_page(f, f->page);
		at += part;
		n -= part;
	}
	return first;
}

/* How much of a payload stays in its cell (file format §1.6). */
static size_t local_bytes(size_t n_payload)
{
	size_t k;

	if (n_payload <= LOCAL_MAX)
		return n_payload;
	k = LOCAL_MIN + (n_payload - LOCAL_MIN) % OVERFLOW_ROOM;
	return k <= LOCAL_MAX ? k : LOCAL_MIN;
}

/* Room for a cell of n bytes in the leaf, which is ended first when it hasn't any. */
static inline uint8_t *cell_room(struct sqlite_file *f, struct table *t, size_t n)
{
	uint16_t place;

	if (LEAF_HEADER + 2 * (t->n_cells + 1) + t->n_content + n > PAGE)
		(void)end_leaf(f, t);
	place = (uint16_t)t->n_content;
	memcpy(t->leaf + LEAF_HEADER + 2 * t->n_cells, &place, sizeof(place));
	t->n_content += (uint32_t)n;
	t->n_cells++;
	return t->content + place;
}

static int put_long_row(struct sqlite_file *f, struct table *t, const struct sqlite_record *r,
                        const struct sqlite_file_value *values, unsigned n)
{
	size_t n_payload = r->n_header + r->n_body, n_local = local_bytes(n_payload);
	uint8_t *payload, *cell, head[2 * SQLITE_VARINT_MAX];
	unsigned n_head;
	uint32_t overflow;

	for (unsigned i = 0; i < n; i++)
		if (r->n_bytes[i] > SQLITE_FILE_VALUE_MAX)
			return keep(f, -E2BIG);
	payload = malloc(n_payload + SQLITE_RECORD_SLACK);
	if (!payload)
		return keep(f, -ENOMEM);
	sqlite_record_put(payload, r, values, n);
	overflow = put_overflow(f, payload + n_local, n_payload - n_local);
	n_head = sqlite_put_varint(head, n_payload);
	n_head += sqlite_put_varint(head + n_head, (uint64_t)t->rowid + 1);
	cell = cell_room(f, t, n_head + n_local + 4);
	t->rowid++;
	memcpy(cell, head, n_head);
	memcpy(cell + n_head, payload, n_local);
	sqlite_put32(cell + n_head + n_local, overflow);
	free(payload);
	return f->result;
}

uint8_t *sqlite_file_room(struct sqlite_file *f, int table, uint64_t *ret_rowid)
{
	struct table *t = &f->tables[table];

	*ret_rowid = (uint64_t)t->rowid + 1;
	if (LEAF_HEADER + 2 * (t->n_cells + 1) + t->n_content + SQLITE_CELL_SHORT > PAGE || f->result < 0)
		return NULL;
	return t->content + t->n_content;
}

void sqlite_file_took(struct sqlite_file *f, int table, size_t n)
{
	struct table *t = &f->tables[table];
	uint16_t place = (uint16_t)t->n_content;

	memcpy(t->leaf + LEAF_HEADER + 2 * t->n_cells, &place, sizeof(place));
	t->n_content += (uint32_t)n;
	t->n_cells++;
	t->rowid++;
}

int sqlite_file_row(struct sqlite_file *f, int table, const struct sqlite_file_value *values, unsigned n_values)
{
	struct table *t = &f->tables[table];
	uint8_t head[2 * SQLITE_VARINT_MAX], *cell;
	struct sqlite_record r;
	size_t n_payload;
	unsigned n_head;

	if (f->result < 0)
		return f->result;
	sqlite_record_start(&r, values, n_values);
	n_payload = r.n_header + r.n_body;
	if (n_payload > LOCAL_MAX)
		return put_long_row(f, t, &r, values, n_values);
	n_head = sqlite_put_varint(head, n_payload);
	n_head += sqlite_put_varint(head + n_head, (uint64_t)t->rowid + 1);
	cell = cell_room(f, t, n_head + n_payload);
	t->rowid++;
	memcpy(cell, head, n_head);
	sqlite_record_put(cell + n_head, &r, values, n_values);
	return f->result;
}

/* ---- The tree above the leaves ---- */

/* One interior page over [first, end): how many children it took. The last one is the page's right pointer, without a
 * key. */
static size_t put_interior(uint8_t *page, const struct child *children, size_t n)
{
	uint32_t n_cells = 0, n_content = 0;

	memset(page, 0, PAGE);
	page[0] = INTERIOR_TYPE;
	while (n_cells + 1 < n) {
		uint8_t cell[4 + SQLITE_VARINT_MAX];
		uint32_t size;

		sqlite_put32(cell, children[n_cells].page);
		size = 4 + sqlite_put_varint(cell + 4, (uint64_t)children[n_cells].last_rowid);
		if (INTERIOR_HEADER + 2 * (n_cells + 1) + n_content + size > PAGE)
			break;
		n_content += size;
		memcpy(page + PAGE - n_content, cell, size);
		sqlite_put16(page + INTERIOR_HEADER + 2 * n_cells, PAGE - n_content);
		n_cells++;
	}
	sqlite_put16(page + 3, n_cells);
	sqlite_put16(page + 5, (PAGE - n_content) & 0xffff);
	sqlite_put32(page + 8, children[n_cells].page);
	return n_cells + 1;
}

/* A page must not have one child alone: the last two share what is left. */
static size_t share(size_t n_left, size_t n_taken)
{
	return n_left - n_taken == 1 ? n_taken - 1 : n_taken;
}

static int end_table(struct sqlite_file *f, struct table *t)
{
	if (t->n_cells || !t->n_children)
		(void)end_leaf(f, t);
	while (t->n_children > 1 && f->result == 0) {
		size_t n_above = 0;

		for (size_t at = 0; at < t->n_children;) {
			size_t n = put_interior(f->page, t->children + at, t->n_children - at);

			if (share(t->n_children - at, n) != n)
				n = put_interior(f->page, t->children + at, n - 1);
			t->children[n_above++] =
				(struct child){ append_page(f, f->page), t->children[at + n - 1].last_rowid };
			at += n;
		}
		t->n_children = n_above;
	}
	t->root = t->n_children ? t->children[0].page : 0;
	return f->result;
}

/* ---- The first page: the file's header and the table of tables ---- */

static void put_file_header(uint8_t *page, uint32_t n_pages)
{
	enum {
		LIBRARY_VERSION = 3040001,
		SCHEMA_FORMAT = 4,
		UTF8 = 1
	};

	memcpy(page, "SQLite format 3", 16);
	sqlite_put16(page + 16, 1); /* 65536 */
	page[18] = page[19] = 1;    /* no write-ahead log */
	page[21] = 64;              /* fixed fractions */
	page[22] = page[23] = 32;
	sqlite_put32(page + 24, 1); /* change counter */
	sqlite_put32(page + 28, n_pages);
	sqlite_put32(page + 40, 1); /* schema cookie */
	sqlite_put32(page + 44, SCHEMA_FORMAT);
	sqlite_put32(page + 56, UTF8);
	sqlite_put32(page + 92, 1); /* the change counter that the size belongs to */
	sqlite_put32(page + 96, LIBRARY_VERSION);
}

static void put_first_page(struct sqlite_file *f)
{
	uint32_t n_content = 0;

	memset(f->page, 0, PAGE);
	put_file_header(f->page, f->n_pages);
	f->page[FILE_HEADER] = LEAF_TYPE;
	for (unsigned i = 0; i < f->n_tables; i++) {
		struct table *t = &f->tables[i];
		struct sqlite_file_value row[] = {
			{ .type = SQLITE_FILE_TEXT, .bytes = { "table", 5 } },
			{ .type = SQLITE_FILE_TEXT, .bytes = { t->name, strlen(t->name) } },
			{ .type = SQLITE_FILE_TEXT, .bytes = { t->name, strlen(t->name) } },
			{ .type = SQLITE_FILE_INTEGER, .integer = t->root },
			{ .type = SQLITE_FILE_TEXT, .bytes = { t->sql, strlen(t->sql) } },
		};
		uint8_t head[2 * SQLITE_VARINT_MAX], cell[SQLITE_FILE_SQL_MAX + 256 + SQLITE_RECORD_SLACK];
		struct sqlite_record r;
		unsigned n_head;

		sqlite_record_start(&r, row, 5);
		n_head = sqlite_put_varint(head, r.n_header + r.n_body);
		n_head += sqlite_put_varint(head + n_head, i + 1);
		n_content += (uint32_t)(n_head + r.n_header + r.n_body);
		memcpy(cell, head, n_head);
		sqlite_record_put(cell + n_head, &r, row, 5);
		memcpy(f->page + PAGE - n_content, cell, n_head + r.n_header + r.n_body);
		sqlite_put16(f->page + FILE_HEADER + LEAF_HEADER + 2 * i, PAGE - n_content);
	}
	sqlite_put16(f->page + FILE_HEADER + 3, f->n_tables);
	sqlite_put16(f->page + FILE_HEADER + 5, (PAGE - n_content) & 0xffff);
}

int sqlite_file_finish(struct sqlite_file *f)
{
	for (unsigned i = 0; i < f->n_tables; i++)
		(void)end_table(f, &f->tables[i]);
	put_first_page(f);
	if (f->result == 0 && (fseeko(f->file, 0, SEEK_SET) < 0 || fwrite(f->page, PAGE, 1, f->file) != 1))
		(void)keep(f, -EIO);
	return f->result;
}

/* ---- Life ---- */

_Static_assert(SQLITE_FILE_TABLES_MAX *(SQLITE_FILE_SQL_MAX + 256) < PAGE - 256, "all tables fit into the first page");

struct sqlite_file *sqlite_file_new(FILE *file)
{
	struct sqlite_file *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	f->file = file;
	f->n_pages = 1;
	if (fwrite(f->page, PAGE, 1, file) != 1)
		(void)keep(f, -EIO);
	return f;
}

void sqlite_file_free(struct sqlite_file *f)
{
	if (!f)
		return;
	for (unsigned i = 0; i < SQLITE_FILE_TABLES_MAX; i++) {
		free(f->tables[i].leaf);
		free(f->tables[i].content);
		free(f->tables[i].children);
	}
	free(f);
}

int sqlite_file_table(struct sqlite_file *f, const char *name, const char *sql)
{
	struct table *t = &f->tables[f->n_tables];

	if (f->n_tables == SQLITE_FILE_TABLES_MAX || strlen(name) >= sizeof(t->name) || strlen(sql) >= sizeof(t->sql))
		return keep(f, -E2BIG);
	t->leaf = malloc(PAGE);
	t->content = malloc(PAGE + SQLITE_RECORD_SLACK);
	if (!t->leaf || !t->content)
		return keep(f, -ENOMEM);
	memcpy(t->name, name, strlen(name) + 1);
	memcpy(t->sql, sql, strlen(sql) + 1);
	start_leaf(t);
	return (int)f->n_tables++;
}
