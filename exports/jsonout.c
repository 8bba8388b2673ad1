/* SPDX-License-Identifier: Apache-2.0 */
#include "exports/jsonout.h"

#include "store/json.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
	PIECE_BYTES = 128, /* of a text that are escaped at once */
	PIECE_ROOM = PIECE_BYTES * 6 + 2,
	NUMBER_ROOM = 64,
};

struct jsonout jsonout_on(FILE *file, int is_compact)
{
	return (struct jsonout){ .file = file, .is_compact = is_compact };
}

static int is_on_one_line(const struct jsonout *j)
{
	return j->is_compact || j->line_depth > 0;
}

static void indent(struct jsonout *j)
{
	if (is_on_one_line(j))
		return;
	(void)fputc('\n', j->file);
	for (uint32_t i = 0; i < j->depth; i++)
		(void)fputs("  ", j->file);
}

/* How many bytes at the start of a text make whole characters, up to PIECE_BYTES: a cut in a character would look like
 * two broken ones. */
static uint64_t whole_piece(struct weir_text text)
{
	uint64_t n = PIECE_BYTES;

	if (text.n_bytes <= n)
		return text.n_bytes;
	for (int i = 0; i < 3 && ((uint8_t)text.at[n] & 0xc0) == 0x80; i++)
		n--;
	return n;
}

static void put_string(struct jsonout *j, struct weir_text text)
{
	char room[PIECE_ROOM];

	(void)fputc('"', j->file);
	while (text.n_bytes > 0) {
		struct json_out out = { .at = room, .n_max = sizeof(room) };
		uint64_t n = whole_piece(text);

		json_put_string(&out, (struct weir_text){ text.at, n });
		(void)fwrite(room + 1, 1, (size_t)out.n - 2, j->file);
		text.at += n;
		text.n_bytes -= n;
	}
	(void)fputc('"', j->file);
}

static void start_value(struct jsonout *j, const char *key)
{
	if (j->has_members[j->depth])
		(void)fputc(',', j->file);
	if (j->depth > 0)
		indent(j);
	j->has_members[j->depth] = 1;
	if (!key)
		return;
	put_string(j, (struct weir_text){ key, strlen(key) });
	(void)fputs(is_on_one_line(j) ? ":" : ": ", j->file);
}

static void open_with(struct jsonout *j, const char *key, char opener, char closer)
{
	start_value(j, key);
	assert(j->depth < JSONOUT_DEPTH_MAX);
	(void)fputc(opener, j->file);
	j->closers[j->depth++] = closer;
	j->has_members[j->depth] = 0;
}

void jsonout_object(struct jsonout *j, const char *key)
{
	open_with(j, key, '{', '}');
}

void jsonout_line(struct jsonout *j)
{
	jsonout_object(j, NULL);
	j->line_depth = j->depth;
}

void jsonout_array(struct jsonout *j, const char *key)
{
	open_with(j, key, '[', ']');
}

void jsonout_end(struct jsonout *j)
{
	int has_members = j->has_members[j->depth];

	assert(j->depth > 0);
	j->depth--;
	if (has_members)
		indent(j);
	(void)fputc(j->closers[j->depth], j->file);
	if (j->depth < j->line_depth)
		j->line_depth = 0;
	if (j->depth == 0 && !j->is_nested)
		(void)fputc('\n', j->file);
}

void jsonout_bytes(struct jsonout *j, const char *key, struct weir_text text)
{
	start_value(j, key);
	put_string(j, text);
}

void jsonout_text(struct jsonout *j, const char *key, const char *text)
{
	if (text)
		jsonout_bytes(j, key, (struct weir_text){ text, strlen(text) });
	else
		jsonout_null(j, key);
}

void jsonout_i64(struct jsonout *j, const char *key, int64_t value)
{
	start_value(j, key);
	fprintf(j->file, "%" PRId64, value);
}

void jsonout_u64(struct jsonout *j, const char *key, uint64_t value)
{
	start_value(j, key);
	fprintf(j->file, "%" PRIu64, value);
}

void jsonout_f64(struct jsonout *j, const char *key, double value)
{
	char room[NUMBER_ROOM];
	struct json_out out = { .at = room, .n_max = sizeof(room) };

	if (!isfinite(value)) {
		jsonout_null(j, key);
		return;
	}
	start_value(j, key);
	json_put_f64(&out, value);
	(void)fwrite(room, 1, (size_t)out.n, j->file);
}

void jsonout_bool(struct jsonout *j, const char *key, int value)
{
	jsonout_json(j, key, value ? "true" : "false");
}

void jsonout_null(struct jsonout *j, const char *key)
{
	jsonout_json(j, key, "null");
}

void jsonout_json(struct jsonout *j, const char *key, const char *json)
{
	start_value(j, key);
	(void)fputs(json, j->file);
}
