/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGINS_INPUT_H
#define PLUGINS_INPUT_H

/* The window that a collector has on one input file: contiguous bytes that move forward as they are used. What was left
 * of one window is the start of the next; a record that doesn't fit makes the window grow, up to WEIR_WINDOW_MAX.
 * SHA-256 is taken of the very bytes that are handed out, once, on the way in: by the same thread, or by a reader
 * beside it that works ahead (worth it when a core is free, and only then).
 *
 * A stream is read without waiting: a window may have nothing new (WEIR_AGAIN).
 *
 * A file is read up to the size it had when it was opened, by pread: the descriptor's position is not touched.
 *
 * One thread per window, except for input_read_beside().
 */

#include <stdatomic.h>
#include <weir/host.h>

struct input;

enum {
	INPUT_STEP = 256 * 1024, /* bytes that are read at once: hashed and parsed while they are in the cache */
	INPUT_SLOTS = 8,         /* steps that a reader may be ahead */
};

struct input_config {
	int fd;
	int has_hash;
	int is_beside;       /* input_read_beside() will run on another thread */
	uint64_t size_bytes; /* read no further */
	int is_stream;       /* a pipe, a socket, a file that grows: read as it comes, from where fd stands */
	int has_own_end;     /* of a stream: it is over when it has given something, and its writer is gone */
	const uint8_t *head; /* of a stream: what was read of it already; must outlive the input */
	uint64_t n_head;
	_Atomic uint64_t *n_given; /* counts bytes as they are handed out or only hashed; may be NULL */
};

int input_new(const struct input_config *config, struct input **ret); /* allocates all but growth */
void input_free(struct input *in);                                    /* NULL is fine; the file stays open */

/* weir_host.input() of this file. -EINVAL: n_used is more than was there. Else < 0: a read error. */
int input_next(struct input *in, uint64_t n_used, struct weir_chunk *ret);

/* Of a stream: what is not there now never comes. */
void input_conclude(struct input *in);
/* Whether all of it has been read. */
int input_is_over(const struct input *in);

/* Reads what is left and gives the hash of all. 1: the file was shorter than size_bytes. */
int input_finish(struct input *in, uint8_t sha256[32]);
/* Where the collector is: the offset up to which it has used the input. */
uint64_t input_offset(const struct input *in);

/* The reader's loop; returns at the end, at an error (which input_next() gives) or after input_stop(). */
void input_read_beside(struct input *in);
void input_stop(struct input *in);

#endif
