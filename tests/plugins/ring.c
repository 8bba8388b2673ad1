/* SPDX-License-Identifier: Apache-2.0 */
/* With the source itself, so that a test can be the producer that breaks the rules. */
#include "plugins/ring.c"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/wait.h>

#include <cmocka.h>

static uint8_t *room; /* RING_MESSAGE_MAX */

static struct ring *ring_for_test(void)
{
	struct ring *r;

	assert_int_equal(ring_new(&r), 0);
	return r;
}

/* Message i: its length and bytes follow from i alone. */
static uint32_t length_of(uint32_t i)
{
	return i % 97 == 0 ? RING_MESSAGE_MAX : 1 + (i * 7919u) % 5000;
}

static uint8_t byte_of(uint32_t i, uint32_t k)
{
	return (uint8_t)(i * 31 + k);
}

static void produce(struct ring *r, uint32_t n)
{
	struct ring_part parts[3];
	uint32_t n_bytes;

	for (uint32_t i = 0; i < n; i++) {
		n_bytes = length_of(i);
		for (uint32_t k = 0; k < n_bytes; k++)
			room[k] = byte_of(i, k);
		parts[0] = (struct ring_part){ room, n_bytes / 3 };
		parts[1] = (struct ring_part){ NULL, 0 };
		parts[2] = (struct ring_part){ room + n_bytes / 3, n_bytes - n_bytes / 3 };
		if (ring_send(r, parts, 3) < 0)
			_exit(1);
	}
	ring_flush(r);
	_exit(0);
}

static void check_message(uint32_t i, int64_t n)
{
	assert_int_equal(n, length_of(i));
	for (uint32_t k = 0; k < n; k++)
		if (room[k] != byte_of(i, k))
			fail_msg("message %u differs at byte %u", i, k);
}

static void every_message_arrives_once_and_whole(void **state)
{
	enum {
		MESSAGES = 20000
	};
	struct ring *r = ring_for_test();
	struct pollfd p = { .fd = ring_data_fd(r), .events = POLLIN };
	int64_t n;
	int status;
	pid_t pid = fork();

	if (pid == 0)
		produce(r, MESSAGES);
	for (uint32_t i = 0; i < MESSAGES; i++) {
		while ((n = ring_receive(r, room)) == 0)
			assert_true(poll(&p, 1, 10000) > 0);
		check_message(i, n);
	}
	assert_int_equal(ring_receive(r, room), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	ring_free(r);
}

static int is_awake(const struct ring *r)
{
	struct pollfd p = { .fd = ring_data_fd(r), .events = POLLIN };

	return poll(&p, 1, 0) > 0;
}

/* Until then it sleeps on; nothing is lost by it, and what is there can be taken. */
static void a_consumer_is_woken_for_as_much_as_is_worth_it_or_by_a_flush(void **state)
{
	struct ring_part part = { room, RING_WAKE_BYTES / 4 };
	struct ring *r = ring_for_test();
	struct ring consumer = *r;

	assert_int_equal(ring_receive(&consumer, room), 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(ring_send(r, &part, 1), 0);
	assert_false(is_awake(&consumer));
	assert_int_equal(ring_send(r, &part, 1), 0);
	assert_true(is_awake(&consumer));
	for (int i = 0; i < 4; i++)
		assert_int_equal(ring_receive(&consumer, room), part.n_bytes);
	assert_int_equal(ring_receive(&consumer, room), 0);
	assert_false(is_awake(&consumer));
	assert_int_equal(ring_send(r, &part, 1), 0);
	assert_false(is_awake(&consumer));
	ring_flush(r);
	assert_true(is_awake(&consumer));
	ring_free(r);
}

static void a_full_ring_makes_its_producer_wait_and_closing_lets_it_go(void **state)
{
	struct ring *r = ring_for_test();
	struct ring_part part = { room, RING_MESSAGE_MAX };
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		int n = 0;

		while (ring_send(r, &part, 1) == 0)
			n++;
		_exit(n);
	}
	while (!atomic_load(&r->shared->producer_waits))
		(void)poll(NULL, 0, 1);
	assert_int_equal(waitpid(pid, &status, WNOHANG), 0);
	ring_close(r);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	/* Two fit; the third waited until the ring was closed. */
	assert_int_equal(WEXITSTATUS(status), 2);
	ring_free(r);
}

static void the_largest_message_fits_and_one_byte_more_does_not(void **state)
{
	struct ring *r = ring_for_test();
	struct ring consumer = *r; /* as after a fork */
	struct ring_part part = { room, RING_MESSAGE_MAX };

	assert_int_equal(ring_send(r, &part, 1), 0);
	part.n_bytes++;
	assert_int_equal(ring_send(r, &part, 1), -EMSGSIZE);
	part.n_bytes = 0;
	assert_int_equal(ring_send(r, &part, 1), -EMSGSIZE);
	assert_int_equal(ring_receive(&consumer, room), RING_MESSAGE_MAX);
	ring_free(r);
}

static void room_is_what_is_left(void **state)
{
	struct ring_part part = { room, 1000 };
	struct ring *r = ring_for_test();
	struct ring consumer = *r;

	assert_int_equal(ring_room(r), RING_BYTES);
	assert_int_equal(ring_send(r, &part, 1), 0);
	assert_in_range(RING_BYTES - ring_room(r), 1000, 1016);
	assert_int_equal(ring_receive(&consumer, room), 1000);
	assert_int_equal(ring_room(r), RING_BYTES);
	ring_free(r);
}

static void a_consumer_believes_no_position_and_no_length(void **state)
{
	static const uint64_t heads[] = { 1, 3, 4, 5, RING_BYTES + 1, UINT64_C(1) << 40, UINT64_MAX, UINT64_MAX - 3 };
	static const uint32_t lengths[] = { 0, 2, RING_MESSAGE_MAX + 1, RING_BYTES, UINT32_MAX };
	struct ring *r;

	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		r = ring_for_test();
		atomic_store(&r->shared->head, heads[i]);
		assert_int_equal(ring_receive(r, room), -EBADMSG);
		ring_free(r);
	}
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		r = ring_for_test();
		memcpy(r->shared->bytes, &lengths[i], sizeof(lengths[i]));
		atomic_store(&r->shared->head, 5);
		assert_int_equal(ring_receive(r, room), -EBADMSG);
		ring_free(r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_message_arrives_once_and_whole),
		cmocka_unit_test(a_consumer_is_woken_for_as_much_as_is_worth_it_or_by_a_flush),
		cmocka_unit_test(a_full_ring_makes_its_producer_wait_and_closing_lets_it_go),
		cmocka_unit_test(the_largest_message_fits_and_one_byte_more_does_not),
		cmocka_unit_test(room_is_what_is_left),
		cmocka_unit_test(a_consumer_believes_no_position_and_no_length),
	};
	int r;

	room = calloc(1, RING_MESSAGE_MAX + 1);
	r = cmocka_run_group_tests(tests, NULL, NULL);
	free(room);
	return r;
}
