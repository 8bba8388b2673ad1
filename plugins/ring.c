/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/ring.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
	LINE = 64, /* of a cache, so that the two sides don't share one */
};

/* Positions count bytes since the start and never wrap. */
struct shared {
	_Alignas(LINE) _Atomic uint64_t head; /* the producer's */
	_Atomic uint32_t producer_waits;
	_Alignas(LINE) _Atomic uint64_t tail; /* the consumer's */
	_Atomic uint32_t consumer_waits;
	_Atomic uint32_t is_closed;
	_Alignas(LINE) uint8_t bytes[RING_BYTES];
};

struct ring {
	struct shared *shared;
	uint64_t own; /* head or tail, whoever this process is: the shared copy is for the other side */
	int data_fd, room_fd;
};

int ring_new(struct ring **ret)
{
	struct ring *r = malloc(sizeof(*r));
	int error;

	if (!r)
		return -ENOMEM;
	*r = (struct ring){ .data_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), .room_fd = eventfd(0, EFD_CLOEXEC) };
	r->shared = mmap(NULL, sizeof(*r->shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (r->data_fd < 0 || r->room_fd < 0 || r->shared == MAP_FAILED) {
		error = errno;
		ring_free(r);
		return -error;
	}
	*ret = r;
	return 0;
}

void ring_free(struct ring *r)
{
	if (!r)
		return;
	if (r->shared != MAP_FAILED)
		(void)munmap(r->shared, sizeof(*r->shared));
	if (r->data_fd >= 0)
		(void)close(r->data_fd);
	if (r->room_fd >= 0)
		(void)close(r->room_fd);
	free(r);
}

uint64_t ring_room(const struct ring *r)
{
	return RING_BYTES - (r->own - atomic_load(&r->shared->tail));
}

int ring_room_fd(const struct ring *r)
{
	return r->room_fd;
}

int ring_data_fd(const struct ring *r)
{
	return r->data_fd;
}

static void wake(_Atomic uint32_t *waits, int fd)
{
	uint64_t one = 1;

	if (atomic_load_explicit(waits, memory_order_relaxed) && atomic_exchange(waits, 0))
		(void)!write(fd, &one, sizeof(one));
}

static void put(struct shared *s, uint64_t position, const void *from, uint64_t n)
{
	uint64_t at = position % RING_BYTES;
	uint64_t n_first = n < RING_BYTES - at ? n : RING_BYTES - at;

	if (n == 0)
		return;
	memcpy(s->bytes + at, from, n_first);
	memcpy(s->bytes, (const uint8_t *)from + n_first, n - n_first);
}

static void get(const struct shared *s, uint64_t position, void *to, uint64_t n)
{
	uint64_t at = position % RING_BYTES;
	uint64_t n_first = n < RING_BYTES - at ? n : RING_BYTES - at;

	memcpy(to, s->bytes + at, n_first);
	memcpy((uint8_t *)to + n_first, s->bytes, n - n_first);
}

/* Sleeps until the consumer has made room. The flag goes up before the second look, the consumer moves its tail before
 * it looks at the flag, both sequentially consistent: one of the two sees the other. */
static int wait_for_room(struct ring *r, uint64_t n_need)
{
	struct shared *s = r->shared;
	uint64_t n_woken;

	for (;;) {
		if (atomic_load(&s->is_closed))
			return -EPIPE;
		if (RING_BYTES - (r->own - atomic_load(&s->tail)) >= n_need)
			return 0;
		atomic_store(&s->producer_waits, 1);
		if (RING_BYTES - (r->own - atomic_load(&s->tail)) >= n_need || atomic_load(&s->is_closed)) {
			atomic_store(&s->producer_waits, 0);
			continue;
		}
		if (read(r->room_fd, &n_woken, sizeof(n_woken)) < 0 && errno != EINTR)
			return -errno;
	}
}

int ring_send(struct ring *r, const struct ring_part *parts, uint32_t n_parts)
{
	struct shared *s = r->shared;
	uint64_t n = 0;
	uint32_t n_message;
	uint64_t at;
	int error;

	for (uint32_t i = 0; i < n_parts; i++)
		n += parts[i].n_bytes;
	if (n == 0 || n > RING_MESSAGE_MAX)
		return -EMSGSIZE;
	error = wait_for_room(r, n + sizeof(n_message));
	if (error < 0)
		return error;
	n_message = (uint32_t)n;
	put(s, r->own, &n_message, sizeof(n_message));
	at = r->own + sizeof(n_message);
	for (uint32_t i = 0; i < n_parts; at += parts[i].n_bytes, i++)
		put(s, at, parts[i].at, parts[i].n_bytes);
	r->own = at;
	atomic_store(&s->head, at);
	if (at - atomic_load(&s->tail) >= RING_WAKE_BYTES)
		wake(&s->consumer_waits, r->data_fd);
	return 0;
}

void ring_flush(struct ring *r)
{
	wake(&r->shared->consumer_waits, r->data_fd);
}

/* A full ring is worth waking its producer for only once half of it is free: a message always fits into that. */
static void release(struct ring *r, uint64_t n)
{
	struct shared *s = r->shared;

	r->own += n;
	atomic_store(&s->tail, r->own);
	if (atomic_load(&s->head) - r->own <= RING_BYTES / 2)
		wake(&s->producer_waits, r->room_fd);
}

/* How many bytes are there; 0 leaves the flag up, after the last wake-up was used. The same handshake as above. */
static int64_t look(struct ring *r)
{
	uint64_t n = atomic_load(&r->shared->head) - r->own;
	uint64_t n_stale;

	if (n > 0)
		return (int64_t)n;
	(void)!read(r->data_fd, &n_stale, sizeof(n_stale));
	atomic_store(&r->shared->consumer_waits, 1);
	n = atomic_load(&r->shared->head) - r->own;
	if (n > 0)
		atomic_store(&r->shared->consumer_waits, 0);
	return (int64_t)n;
}

int64_t ring_receive(struct ring *r, uint8_t *to)
{
	int64_t n = look(r);
	uint32_t n_message;

	if (n == 0)
		return 0;
	if (n < (int64_t)sizeof(n_message) || n > RING_BYTES)
		return -EBADMSG;
	get(r->shared, r->own, &n_message, sizeof(n_message));
	if (n_message == 0 || n_message > RING_MESSAGE_MAX || n_message > (uint64_t)n - sizeof(n_message))
		return -EBADMSG;
	get(r->shared, r->own + sizeof(n_message), to, n_message);
	release(r, n_message + sizeof(n_message));
	return n_message;
}

int ring_is_empty(const struct ring *r)
{
	return atomic_load(&r->shared->head) == r->own;
}

void ring_close(struct ring *r)
{
	uint64_t one = 1;

	atomic_store(&r->shared->is_closed, 1);
	(void)!write(r->room_fd, &one, sizeof(one));
}
