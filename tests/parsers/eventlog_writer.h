/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVENTLOG_WRITER_H
#define EVENTLOG_WRITER_H

/* Writes eventlogs for tests, byte by byte as the runtime does. Grows as it must; failing fails the test. */

#include <stddef.h>
#include <stdint.h>

struct eventlog_writer {
	uint8_t *at;
	size_t n, room;
	size_t block; /* where the open block's marker is */
	uint16_t size[512];
};

/* Sets what GHC 9.10 declares. Change `size` before the header, or leave types out with 0xfffe. */
void eventlog_writer_init(struct eventlog_writer *w);
void eventlog_writer_done(struct eventlog_writer *w);

void write_bytes(struct eventlog_writer *w, const void *at, size_t n);
void write_u8(struct eventlog_writer *w, uint64_t v);
void write_u16(struct eventlog_writer *w, uint64_t v);
void write_u32(struct eventlog_writer *w, uint64_t v);
void write_u64(struct eventlog_writer *w, uint64_t v);

void write_header(struct eventlog_writer *w);
void write_type(struct eventlog_writer *w, uint32_t tag, uint32_t size, const char *text);
void write_block(struct eventlog_writer *w, uint64_t time_ns, uint32_t capability);
void write_block_end(struct eventlog_writer *w, uint64_t time_ns); /* patches the marker */
void write_end(struct eventlog_writer *w);                         /* a last global block with the end marker in it */

/* A record of a payload that is given as it is; its length is written when the type is variable. */
void write_record(struct eventlog_writer *w, uint32_t tag, uint64_t time_ns, const void *payload, size_t n);
/* A record whose payload is the numbers, each as wide as its letter in the form says: `b` 1, `h` 2, `i` 4, `q` 8 bytes.
 */
void write_numbers(struct eventlog_writer *w, uint32_t tag, uint64_t time_ns, const char *form, ...);
/* The payload is the text. */
void write_text(struct eventlog_writer *w, uint32_t tag, uint64_t time_ns, const char *text);

#endif
