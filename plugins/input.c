/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/input.h"

#include <errno.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Steps that the reader has read and the collector hasn't got yet. */
struct queue {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	uint8_t *bytes;                /* INPUT_SLOTS steps */
	uint32_t n_bytes[INPUT_SLOTS]; /* of each; 0: the file ends here */
	uint32_t n_written, n_read;    /* steps, ever */
	uint32_t n_taken;              /* bytes of the step that is being read */
	int error;
	int is_stopped;
};

struct input {
	struct input_config config;
	EVP_MD_CTX *hash;
	uint8_t *bytes;
	uint64_t n_room;
	uint64_t n_bytes;          /* of the window that was given last */
	uint64_t offset;           /* of its first byte */
	uint64_t n_pulled;         /* bytes read from the file so far */
	uint64_t n_head;           /* bytes of the head that were given */
	int is_concluded, is_over; /* of a stream */
	int is_short;              /* the file ended before its size */
	struct queue *queue;       /* NULL: no reader beside */
};

static struct queue *queue_new(void)
{
	struct queue *q = calloc(1, sizeof(*q));

	if (!q)
		return NULL;
	q->bytes = malloc((size_t)INPUT_SLOTS * INPUT_STEP);
	if (!q->bytes) {
		free(q);
		return NULL;
	}
	(void)pthread_mutex_init(&q->lock, NULL);
	(void)pthread_cond_init(&q->changed, NULL);
	return q;
}

static void queue_free(struct queue *q)
{
	if (!q)
		return;
	(void)pthread_mutex_destroy(&q->lock);
	(void)pthread_cond_destroy(&q->changed);
	free(q->bytes);
	free(q);
}

int input_new(const struct input_config *config, struct input **ret)
{
	struct input *in = calloc(1, sizeof(*in));

	if (!in)
		return -ENOMEM;
	in->config = *config;
	in->n_room = 2 * INPUT_STEP;
	in->bytes = malloc(in->n_room);
	in->queue = config->is_beside ? queue_new() : NULL;
	in->hash = config->has_hash ? EVP_MD_CTX_new() : NULL;
	if (!in->bytes || (config->is_beside && !in->queue) ||
	    (config->has_hash && (!in->hash || !EVP_DigestInit_ex(in->hash, EVP_sha256(), NULL)))) {
		input_free(in);
		return -ENOMEM;
	}
	*ret = in;
	return 0;
}

void input_free(struct input *in)
{
	if (!in)
		return;
	EVP_MD_CTX_free(in->hash);
	queue_free(in->queue);
	free(in->bytes);
	free(in);
}

uint64_t input_offset(const struct input *in)
{
	return in->offset;
}

/* Up to n bytes at this offset, hashed; 0: the end. */
static int64_t read_at(struct input *in, uint8_t *to, uint64_t n, uint64_t offset)
{
	uint64_t n_left = in->config.size_bytes - offset;
	ssize_t n_got;

	if (n > n_left)
		n = n_left;
	if (n == 0)
		return 0;
	do
		n_got = pread(in->config.fd, to, n, (off_t)offset);
	while (n_got < 0 && errno == EINTR);
	if (n_got < 0)
		return -errno;
	if (in->hash && !EVP_DigestUpdate(in->hash, to, (size_t)n_got))
		return -EIO;
	return n_got;
}

/* ---- A stream ---- */

static int64_t read_stream(struct input *in, uint8_t *to, uint64_t n)
{
	const struct input_config *c = &in->config;
	ssize_t n_got;

	if (in->n_head < c->n_head) {
		n_got = (ssize_t)(c->n_head - in->n_head < n ? c->n_head - in->n_head : n);
		memcpy(to, c->head + in->n_head, (size_t)n_got);
		in->n_head += (uint64_t)n_got;
	} else {
		do
			n_got = read(c->fd, to, n);
		while (n_got < 0 && errno == EINTR);
	}
	if (n_got < 0 && errno != EAGAIN)
		return -errno;
	/* A FIFO that nobody has opened yet gives nothing, like one whose writer is gone. */
	if (n_got <= 0) {
		in->is_over = in->is_concluded || (n_got == 0 && c->has_own_end && in->n_pulled > 0);
		return 0;
	}
	if (in->hash && !EVP_DigestUpdate(in->hash, to, (size_t)n_got))
		return -EIO;
	return n_got;
}

void input_conclude(struct input *in)
{
	in->is_concluded = 1;
}

int input_is_over(const struct input *in)
{
	return in->config.is_stream ? in->is_over : in->is_short || in->n_pulled == in->config.size_bytes;
}

/* ---- The reader beside ---- */

static int64_t wait_for_slot(struct queue *q)
{
	int64_t slot;

	(void)pthread_mutex_lock(&q->lock);
	while (q->n_written - q->n_read == INPUT_SLOTS && !q->is_stopped)
		(void)pthread_cond_wait(&q->changed, &q->lock);
	slot = q->is_stopped ? -1 : (int64_t)(q->n_written % INPUT_SLOTS);
	(void)pthread_mutex_unlock(&q->lock);
	return slot;
}

static void publish(struct queue *q, int64_t slot, int64_t n)
{
	(void)pthread_mutex_lock(&q->lock);
	q->n_bytes[slot] = n > 0 ? (uint32_t)n : 0;
	q->error = n < 0 ? (int)n : 0;
	q->n_written++;
	(void)pthread_cond_broadcast(&q->changed);
	(void)pthread_mutex_unlock(&q->lock);
}

void input_read_beside(struct input *in)
{
	struct queue *q = in->queue;
	uint64_t offset = 0;
	int64_t slot, n;

	do {
		slot = wait_for_slot(q);
		if (slot < 0)
			return;
		n = read_at(in, q->bytes + slot * INPUT_STEP, INPUT_STEP, offset);
		publish(q, slot, n);
		offset += n > 0 ? (uint64_t)n : 0;
	} while (n > 0);
}

void input_stop(struct input *in)
{
	struct queue *q = in->queue;

	if (!q)
		return;
	(void)pthread_mutex_lock(&q->lock);
	q->is_stopped = 1;
	(void)pthread_cond_broadcast(&q->changed);
	(void)pthread_mutex_unlock(&q->lock);
}

/* Waits for a step and gives what is left of it; 0: the end. The step stays the collector's until queue_pass(). */
static int64_t queue_peek(struct queue *q, const uint8_t **ret)
{
	uint32_t slot = q->n_read % INPUT_SLOTS;
	int64_t n;

	(void)pthread_mutex_lock(&q->lock);
	while (q->n_written == q->n_read && !q->is_stopped)
		(void)pthread_cond_wait(&q->changed, &q->lock);
	if (q->n_written == q->n_read)
		n = -ECANCELED;
	else
		n = q->n_bytes[slot] ? (int64_t)(q->n_bytes[slot] - q->n_taken) : q->error;
	(void)pthread_mutex_unlock(&q->lock);
	*ret = q->bytes + (size_t)slot * INPUT_STEP + q->n_taken;
	return n;
}

static void queue_pass(struct queue *q, uint64_t n)
{
	q->n_taken += (uint32_t)n;
	if (q->n_taken < q->n_bytes[q->n_read % INPUT_SLOTS])
		return;
	q->n_taken = 0;
	(void)pthread_mutex_lock(&q->lock);
	q->n_read++;
	(void)pthread_cond_broadcast(&q->changed);
	(void)pthread_mutex_unlock(&q->lock);
}

static int64_t queue_take(struct queue *q, uint8_t *to, uint64_t n)
{
	const uint8_t *from;
	int64_t n_there = queue_peek(q, &from);

	if (n_there <= 0)
		return n_there;
	if ((uint64_t)n_there < n)
		n = (uint64_t)n_there;
	memcpy(to, from, n);
	queue_pass(q, n);
	return (int64_t)n;
}

/* ---- The collector's side ---- */

/* The next bytes of the file in order, by whoever reads it. 0: the end. */
static int64_t pull(struct input *in, uint8_t *to, uint64_t n)
{
	int64_t n_got = in->config.is_stream ? read_stream(in, to, n)
	                : in->queue          ? queue_take(in->queue, to, n)
	                                     : read_at(in, to, n, in->n_pulled);

	if (n_got < 0)
		return n_got;
	if (n_got == 0 && !in->config.is_stream && in->n_pulled < in->config.size_bytes)
		in->is_short = 1;
	in->n_pulled += (uint64_t)n_got;
	if (in->config.n_given)
		atomic_store_explicit(in->config.n_given, in->n_pulled, memory_order_relaxed);
	return n_got;
}

/* Room for another step, as far as a window may grow. -E2BIG: it has all it may have, and the record doesn't fit. */
static int make_room(struct input *in)
{
	uint64_t n_room = in->n_room * 2 < WEIR_WINDOW_MAX ? in->n_room * 2 : WEIR_WINDOW_MAX;
	uint8_t *bytes;

	if (input_is_over(in) || in->n_room - in->n_bytes >= INPUT_STEP)
		return 0;
	if (in->n_room == WEIR_WINDOW_MAX)
		return in->n_bytes == in->n_room ? -E2BIG : 0;
	bytes = realloc(in->bytes, n_room);
	if (!bytes)
		return -ENOMEM;
	in->bytes = bytes;
	in->n_room = n_room;
	return 0;
}

/* At least one step more. A record that spans many gets twice as much with each try, so that all tries stay linear. */
static int fill(struct input *in)
{
	uint64_t n_goal = 2 * in->n_bytes < in->n_room ? 2 * in->n_bytes : in->n_room;
	uint64_t n_free;
	int64_t n;

	do {
		n_free = in->n_room - in->n_bytes;
		n = n_free && !input_is_over(in)
		            ? pull(in, in->bytes + in->n_bytes, n_free < INPUT_STEP ? n_free : INPUT_STEP)
		            : 0;
		if (n < 0)
			return (int)n;
		in->n_bytes += (uint64_t)n;
	} while (n > 0 && in->n_bytes < n_goal);
	return 0;
}

int input_next(struct input *in, uint64_t n_used, struct weir_chunk *ret)
{
	uint64_t n_left;
	int r;

	if (n_used > in->n_bytes)
		return -EINVAL;
	in->n_bytes -= n_used;
	in->offset += n_used;
	if (n_used > 0)
		memmove(in->bytes, in->bytes + n_used, in->n_bytes);
	n_left = in->n_bytes;
	r = make_room(in);
	if (r == 0)
		r = fill(in);
	if (r < 0)
		return r;
	*ret = (struct weir_chunk){
		.at = in->bytes, .n_bytes = in->n_bytes, .offset = in->offset, .is_last = (uint32_t)input_is_over(in)
	};
	if (in->config.is_stream && in->n_bytes == n_left && !input_is_over(in))
		return WEIR_AGAIN;
	return in->n_bytes == 0 && input_is_over(in) ? WEIR_END : WEIR_OK;
}

int input_finish(struct input *in, uint8_t sha256[32])
{
	int64_t n = 1;

	while (n > 0 && !input_is_over(in)) {
		n = pull(in, in->bytes, in->n_room);
		if (n < 0)
			return (int)n;
	}
	if (in->hash && !EVP_DigestFinal_ex(in->hash, sha256, NULL))
		return -EIO;
	return in->is_short;
}
