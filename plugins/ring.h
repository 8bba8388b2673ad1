/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGINS_RING_H
#define PLUGINS_RING_H

/* Messages from one process to another through shared memory: one producer, one consumer, both of one fork.
 *
 * The memory is an anonymous shared mapping, made before the fork: nobody else can have it and nobody can shorten it.
 * The consumer trusts none of it: it keeps its own position, checks the producer's, and copies a message out before
 * anyone looks at it. A producer that writes nonsense gets -EBADMSG on the other side and nothing more.
 *
 * Each side sleeps on an eventfd, and is woken only when it said that it would sleep, and when it is worth it: a producer
 * once half of the ring is free, a consumer once RING_WAKE_BYTES are there or the producer flushes. A consumer that must
 * not wait for that looks from time to time.
 */

#include <stdint.h>

struct ring;

enum {
	RING_BYTES = 4 << 20,
	RING_MESSAGE_MAX = RING_BYTES / 2 - 64,
	RING_WAKE_BYTES = 256 << 10, /* switching to another process and back takes as long as copying some ten of them */
};

/* Both descriptors are O_CLOEXEC. */
int ring_new(struct ring **ret);
void ring_free(struct ring *r); /* unmaps and closes; NULL is fine */

/* ---- The producer ---- */

struct ring_part {
	const void *at;
	uint64_t n_bytes;
};

/* One message, the parts joined; waits while there is no room. -EMSGSIZE: more than RING_MESSAGE_MAX. -EPIPE: closed.
 */
int ring_send(struct ring *r, const struct ring_part *parts, uint32_t n_parts);
/* Wakes a sleeping consumer for whatever there is. */
void ring_flush(struct ring *r);
uint64_t ring_room(const struct ring *r); /* bytes for which a message would not have to wait */
int ring_room_fd(const struct ring *r);   /* what the producer sleeps on */

/* ---- The consumer ---- */

/* Copies the next message to `to`, which has RING_MESSAGE_MAX bytes, and gives its length (> 0). 0: there is none, and
 * ring_data_fd() will be readable when there is as much as is worth waking for. -EBADMSG: the producer broke the ring. */
int64_t ring_receive(struct ring *r, uint8_t *to);
int ring_data_fd(const struct ring *r); /* what the consumer sleeps on */
int ring_is_empty(const struct ring *r);
/* Lets a waiting producer go, with -EPIPE. */
void ring_close(struct ring *r);

#endif
