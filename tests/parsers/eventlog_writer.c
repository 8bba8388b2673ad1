/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/parsers/eventlog_writer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	VARIABLE = 0xffff,
	UNDECLARED = 0xfffe,
};

/* Source: EventLogFormat.h and gen_event_types.py of GHC 9.10.3; the Eden, Mercury and perf ones ghc-events 0.20. */
static const struct {
	uint16_t tag, size;
} declared[] = {
	{ 0, 4 },          { 1, 4 },          { 2, 10 },        { 3, 4 },          { 4, 6 },          { 5, 4 },
	{ 6, 6 },          { 7, 0 },          { 8, 6 },         { 9, 0 },          { 10, 0 },         { 11, 0 },
	{ 12, 0 },         { 15, 4 },         { 16, VARIABLE }, { 17, 2 },         { 18, 14 },        { 19, VARIABLE },
	{ 20, 0 },         { 21, 0 },         { 22, 0 },        { 23, VARIABLE },  { 24, VARIABLE },  { 25, 6 },
	{ 26, 4 },         { 27, 6 },         { 28, 6 },        { 29, VARIABLE },  { 30, VARIABLE },  { 31, VARIABLE },
	{ 32, 8 },         { 33, 8 },         { 34, 56 },       { 35, 0 },         { 36, 0 },         { 37, 0 },
	{ 38, 0 },         { 39, 2 },         { 40, 0 },        { 41, 0 },         { 42, VARIABLE },  { 43, 16 },
	{ 44, VARIABLE },  { 45, 2 },         { 46, 2 },        { 47, 2 },         { 48, 2 },         { 49, 12 },
	{ 50, 12 },        { 51, 12 },        { 52, 38 },       { 53, 58 },        { 54, 0 },         { 55, 18 },
	{ 56, 12 },        { 57, 8 },         { 58, VARIABLE }, { 59, 0 },         { 60, 0 },         { 61, 0 },
	{ 62, 4 },         { 63, 4 },         { 64, 8 },        { 65, 10 },        { 66, 2 },         { 67, 19 },
	{ 68, 23 },        { 69, 17 },        { 90, 16 },       { 91, 12 },        { 100, 12 },       { 101, 8 },
	{ 102, 8 },        { 103, 12 },       { 104, 12 },      { 105, 8 },        { 106, 8 },        { 107, 8 },
	{ 108, 0 },        { 109, 0 },        { 110, 4 },       { 111, 0 },        { 112, 0 },        { 113, 0 },
	{ 140, VARIABLE }, { 141, 20 },       { 142, 12 },      { 160, VARIABLE }, { 161, VARIABLE }, { 162, 8 },
	{ 163, VARIABLE }, { 164, VARIABLE }, { 165, 8 },       { 166, 16 },       { 167, VARIABLE }, { 168, 8 },
	{ 169, VARIABLE }, { 181, VARIABLE }, { 200, 0 },       { 201, 4 },        { 202, 0 },        { 203, 0 },
	{ 204, 0 },        { 205, 0 },        { 206, 2 },       { 207, 14 },       { 208, 8 },        { 210, VARIABLE },
	{ 211, 32 },       { 212, 0 },
};

void eventlog_writer_init(struct eventlog_writer *w)
{
	*w = (struct eventlog_writer){ 0 };
	for (size_t i = 0; i < sizeof(w->size) / sizeof(w->size[0]); i++)
		w->size[i] = UNDECLARED;
	for (size_t i = 0; i < sizeof(declared) / sizeof(declared[0]); i++)
		w->size[declared[i].tag] = declared[i].size;
}

void eventlog_writer_done(struct eventlog_writer *w)
{
	free(w->at);
	w->at = NULL;
}

void write_bytes(struct eventlog_writer *w, const void *at, size_t n)
{
	if (w->n + n > w->room) {
		w->room = (w->n + n) * 2;
		w->at = realloc(w->at, w->room);
		if (!w->at)
			abort();
	}
	if (n)
		memcpy(w->at + w->n, at, n);
	w->n += n;
}

static void write_number(struct eventlog_writer *w, uint64_t v, int n_bytes)
{
	for (int i = n_bytes - 1; i >= 0; i--) {
		uint8_t byte = (uint8_t)(v >> (8 * i));

		write_bytes(w, &byte, 1);
	}
}

void write_u8(struct eventlog_writer *w, uint64_t v)
{
	write_number(w, v, 1);
}

void write_u16(struct eventlog_writer *w, uint64_t v)
{
	write_number(w, v, 2);
}

void write_u32(struct eventlog_writer *w, uint64_t v)
{
	write_number(w, v, 4);
}

void write_u64(struct eventlog_writer *w, uint64_t v)
{
	write_number(w, v, 8);
}

void write_type(struct eventlog_writer *w, uint32_t tag, uint32_t size, const char *text)
{
	write_bytes(w, "etb", 4);
	write_u16(w, tag);
	write_u16(w, size);
	write_u32(w, strlen(text));
	write_bytes(w, text, strlen(text));
	write_u32(w, 0);
	write_bytes(w, "ete", 4);
}

void write_header(struct eventlog_writer *w)
{
	write_bytes(w, "hdrbhetb", 8);
	for (uint32_t tag = 0; tag < sizeof(w->size) / sizeof(w->size[0]); tag++) {
		char text[16];

		if (w->size[tag] == UNDECLARED)
			continue;
		(void)snprintf(text, sizeof(text), "type %u", tag);
		write_type(w, tag, w->size[tag], text);
	}
	write_bytes(w, "hetehdredatb", 12);
}

void write_block(struct eventlog_writer *w, uint64_t time_ns, uint32_t capability)
{
	w->block = w->n;
	write_u16(w, 18);
	write_u64(w, time_ns);
	write_u32(w, 0);
	write_u64(w, 0);
	write_u16(w, capability);
}

void write_block_end(struct eventlog_writer *w, uint64_t time_ns)
{
	size_t n = w->n;

	w->n = w->block + 10;
	write_u32(w, n - w->block);
	write_u64(w, time_ns);
	w->n = n;
}

void write_end(struct eventlog_writer *w)
{
	write_block(w, 0, 0xffff);
	write_u16(w, 0xffff);
	write_block_end(w, 0);
}

static void write_head(struct eventlog_writer *w, uint32_t tag, uint64_t time_ns, size_t n)
{
	write_u16(w, tag);
	write_u64(w, time_ns);
	if (w->size[tag] == VARIABLE)
		write_u16(w, n);
}

void write_record(struct eventlog_writer *w, uint32_t tag, uint64_t time_ns, const void *payload, size_t n)
{
	write_head(w, tag, time_ns, n);
	write_bytes(w, payload, n);
}

static int width_of(char letter)
{
	return letter == 'b' ? 1 : letter == 'h' ? 2 : letter == 'i' ? 4 : 8;
}

void write_numbers(struct eventlog_writer *w, uint32_t tag, uint64_t time_ns, const char *form, ...)
{
	size_t n = 0;
	va_list args;

	for (const char *f = form; *f; f++)
		n += (size_t)width_of(*f);
	write_head(w, tag, time_ns, n);
	va_start(args, form);
	for (const char *f = form; *f; f++)
		write_number(w, *f == 'q' ? va_arg(args, uint64_t) : va_arg(args, unsigned), width_of(*f));
	va_end(args);
}

void write_text(struct eventlog_writer *w, uint32_t tag, uint64_t time_ns, const char *text)
{
	write_record(w, tag, time_ns, text, strlen(text));
}
