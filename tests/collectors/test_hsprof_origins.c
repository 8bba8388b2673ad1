/* SPDX-License-Identifier: Apache-2.0 */
/* Maps of info tables, in this program as GHC puts them into others: in each layout, plain and compressed, at addresses
 * that only the loader knows; and such as no compiler makes. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <zstd.h>

#include "collectors/hsprof/origins.h"
#include "tests/support/bytes.h"

/* Code: a function, its return point, another function that has no name, its return point, which has. */
__asm__(".pushsection .text\n"
        "piece_a: .skip 16, 0xc3\n"
        "piece_a_return: .skip 16, 0xc3\n"
        "piece_b: .skip 16, 0xc3\n"
        "piece_b_return: .skip 16, 0xc3\n"
        ".popsection\n");

__attribute__((visibility("hidden"))) extern const char piece_a[], piece_a_return[], piece_b[], piece_b_return[];

enum {
	PACKED_BYTES = 512,
	TYPE_FUN = 9,
	TYPE_RETURN = 53,
};

static const struct {
	char none[1], a[7], r[7], b[7], fun[2], ret[3], label_a[6], label_b[11], module[6], file[9], place_a[8],
		place_r[9], place_b[8], unit[5];
} texts = { "",           "a_info", "r_info",   "b_info",  "9",       "53",     "drain",
	    "drain.next", "Queue",  "Queue.hs", "88:1-40", "89:3-12", "91:5-9", "main" };

#define TEXT(field) ((uint32_t)offsetof(__typeof__(texts), field))

struct entry_9_6 {
	const char *info;
	uint32_t name, type, closure, label, module, file, place, padding;
};

struct node_9_6 {
	const void *next, *texts;
	uint64_t n;
	struct entry_9_6 entries[4];
};

struct entry_9_10 {
	uint32_t name, type, closure, label, file, place;
};

struct node_9_10 {
	const void *next;
	uint64_t is_compressed, n;
	const char *const *tables;
	const void *entries;
	uint64_t n_entry_bytes;
	const void *texts;
	uint64_t n_text_bytes;
	uint32_t unit, module;
};

extern struct node_9_6 node_9_6;
struct node_9_6 node_9_6 = {
	&node_9_6,
	&texts,
	4,
	{ { piece_b, TEXT(b), TEXT(fun), 0, 0, TEXT(module), 0, 0, 0 },
	  { piece_b_return, TEXT(r), TEXT(ret), 0, TEXT(label_b), TEXT(module), TEXT(file), TEXT(place_b), 0 },
	  { piece_a_return, TEXT(r), TEXT(ret), 0, TEXT(label_b), TEXT(module), TEXT(file), TEXT(place_r), 0 },
	  { piece_a, TEXT(a), TEXT(fun), 0, TEXT(label_a), TEXT(module), TEXT(file), TEXT(place_a), 0 } }
};

static const char *const tables[] = { piece_b, piece_b_return, piece_a_return, piece_a };
static const struct entry_9_10 entries[] = { { TEXT(b), TYPE_FUN, 0, 0, 0, 0 },
	                                     { TEXT(r), TYPE_RETURN, 0, TEXT(label_b), TEXT(file), TEXT(place_b) },
	                                     { TEXT(r), TYPE_RETURN, 0, TEXT(label_b), TEXT(file), TEXT(place_r) },
	                                     { TEXT(a), TYPE_FUN, 0, TEXT(label_a), TEXT(file), TEXT(place_a) } };

extern struct node_9_10 node_9_10, node_packed;
struct node_9_10 node_9_10 = { &node_9_10,    0,          4,           tables, entries, sizeof(entries), &texts,
	                       sizeof(texts), TEXT(unit), TEXT(module) };

extern uint8_t packed_entries[PACKED_BYTES], packed_texts[PACKED_BYTES];
uint8_t packed_entries[PACKED_BYTES] = { 1 }, packed_texts[PACKED_BYTES] = { 1 };
struct node_9_10 node_packed = {
	&node_packed,  1,          4,           tables, packed_entries, sizeof(entries), packed_texts,
	sizeof(texts), TEXT(unit), TEXT(module)
};

/* ---- This program's file ---- */

static char path[] = "/tmp/weir-origins-XXXXXX";
static struct image *image;
static struct origins *origins;
static uint64_t bias;

static uint64_t linked(const void *at)
{
	return (uint64_t)(uintptr_t)at - bias;
}

static void write_at(struct bytes *b, const struct image *i, const void *at, const void *what, size_t n)
{
	uint64_t offset;

	assert_true(image_offset(i, linked(at), &offset) && offset + n <= b->n);
	memcpy(b->at + offset, what, n);
}

static void pack(struct bytes *b, const struct image *i, const void *at, const void *what, size_t n)
{
	uint8_t packed[PACKED_BYTES];
	size_t n_packed = ZSTD_compress(packed, sizeof(packed), what, n, 19);

	assert_false(ZSTD_isError(n_packed));
	write_at(b, i, at, packed, n_packed);
}

static void open_with(const void *at, const void *what, size_t n)
{
	struct bytes b = bytes_read("/proc/self/exe");
	FILE *f = fopen(path, "w");

	pack(&b, image, packed_entries, entries, sizeof(entries));
	pack(&b, image, packed_texts, &texts, sizeof(texts));
	if (n)
		write_at(&b, image, at, what, n);
	assert_non_null(f);
	assert_int_equal(fwrite(b.at, 1, b.n, f), b.n);
	assert_int_equal(fclose(f), 0);
	bytes_done(&b);
	image_close(image);
	assert_int_equal(image_open(path, &image, NULL), 0);
	origins = origins_new(image);
	assert_non_null(origins);
}

static int begin(void **state)
{
	static const struct image_name name = { "node_9_6", 0, 0 };
	struct image_symbol symbol;

	if (image_open("/proc/self/exe", &image, NULL) < 0 || image_find(image, &name, &symbol, 1) < 0)
		return -1;
	bias = (uint64_t)(uintptr_t)&node_9_6 - symbol.address;
	origins = NULL;
	return 0;
}

static int end(void **state)
{
	origins_free(origins);
	image_close(image);
	return 0;
}

static struct origin *expect_origin(const char *at, const char *start, const char *wanted)
{
	struct origin *origin = origins_find(origins, linked(at));
	struct weir_text label, module, source;
	char said[128];

	assert_non_null(origin);
	assert_true(origin->is_named && origin->address == linked(start));
	assert_int_equal(origins_read(origins, origin, &label, &module, &source), 0);
	(void)snprintf(said, sizeof(said), "%.*s|%.*s|%.*s", (int)label.n_bytes, label.at, (int)module.n_bytes,
	               module.at, (int)source.n_bytes, source.at);
	assert_string_equal(said, wanted);
	return origin;
}

/* ---- Tests ---- */

static void code_is_called_what_its_map_says(const void *node)
{
	open_with(NULL, NULL, 0);
	assert_int_equal(origins_add(origins, linked(node)), 0);
	origins_settle(origins);
	assert_null(origins_find(origins, linked(piece_a) - 1));
	expect_origin(piece_a, piece_a, "drain|Queue|Queue.hs:88:1-40");
	/* A return point is of the function that it lies in, whatever was inlined there. */
	expect_origin(piece_a_return + 7, piece_a, "drain|Queue|Queue.hs:88:1-40");
	expect_origin(piece_a + 31, piece_a, "drain|Queue|Queue.hs:88:1-40");
	expect_origin(piece_b, piece_b, "drain.next|Queue|Queue.hs:91:5-9");
	expect_origin(piece_b_return, piece_b, "drain.next|Queue|Queue.hs:91:5-9")->frame = 7;
	assert_int_equal(origins_find(origins, linked(piece_b + 3))->frame, 7);
}

static void as_ghc_9_6_writes_it(void **state)
{
	code_is_called_what_its_map_says(&node_9_6);
}

static void as_ghc_9_10_writes_it(void **state)
{
	code_is_called_what_its_map_says(&node_9_10);
}

static void as_ghc_9_10_compresses_it(void **state)
{
	code_is_called_what_its_map_says(&node_packed);
}

static void nodes_of_many_modules_make_one_map(void **state)
{
	open_with(NULL, NULL, 0);
	assert_int_equal(origins_add(origins, linked(&node_packed)), 0);
	assert_int_equal(origins_add(origins, linked(&node_9_6)), 0);
	assert_int_equal(origins_add(origins, linked(&node_9_10)), 0);
	origins_settle(origins);
	expect_origin(piece_b, piece_b, "drain.next|Queue|Queue.hs:91:5-9");
	expect_origin(piece_a, piece_a, "drain|Queue|Queue.hs:88:1-40");
}

static void expect_refused(const void *node, const void *at, const void *what, size_t n)
{
	open_with(at, what, n);
	assert_int_equal(origins_add(origins, linked(node)), -EBADMSG);
	origins_settle(origins);
	assert_null(origins_find(origins, UINT64_MAX));
	origins_free(origins);
	origins = NULL;
}

static void a_map_that_contradicts_itself_is_refused_whole(void **state)
{
	static const uint32_t within = TEXT(label_b) + 1, behind = sizeof(texts);
	static const uint64_t many = ORIGINS_ENTRIES_MAX + 1, most = ORIGINS_ENTRIES_MAX, odd = 2,
			      large = ORIGINS_NODE_BYTES_MAX + 1, none = 0, short_by_one = sizeof(entries) - 1;

	expect_refused(&node_9_6, &node_9_6.entries[3].label, &within, sizeof(within));
	expect_refused(&node_9_10, &entries[3].place, &within, sizeof(within));
	expect_refused(&node_9_10, &entries[3].place, &behind, sizeof(behind));
	expect_refused(&node_9_10, &node_9_10.n, &many, sizeof(many));
	expect_refused(&node_9_10, &node_9_10.n, &most, sizeof(most));
	expect_refused(&node_9_6, &node_9_6.n, &most, sizeof(most));
	expect_refused(&node_9_10, &node_9_10.is_compressed, &odd, sizeof(odd));
	expect_refused(&node_9_10, &node_9_10.n_text_bytes, &large, sizeof(large));
	expect_refused(&node_9_10, &node_9_10.n_entry_bytes, &none, sizeof(none));
	expect_refused(&node_9_10, &node_9_10.n_entry_bytes, &short_by_one, sizeof(short_by_one));
	expect_refused(&node_packed, &node_packed.n_entry_bytes, &short_by_one, sizeof(short_by_one));
	expect_refused(&node_packed, packed_entries, &none, sizeof(none));
	expect_refused(NULL, NULL, NULL, 0);
}

static int make_file(void **state)
{
	int fd = mkstemp(path);

	return fd < 0 ? -1 : close(fd);
}

static int remove_file(void **state)
{
	return unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(as_ghc_9_6_writes_it, begin, end),
		cmocka_unit_test_setup_teardown(as_ghc_9_10_writes_it, begin, end),
		cmocka_unit_test_setup_teardown(as_ghc_9_10_compresses_it, begin, end),
		cmocka_unit_test_setup_teardown(nodes_of_many_modules_make_one_map, begin, end),
		cmocka_unit_test_setup_teardown(a_map_that_contradicts_itself_is_refused_whole, begin, end),
	};

	return cmocka_run_group_tests(tests, make_file, remove_file);
}
