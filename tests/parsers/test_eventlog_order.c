/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/eventlog_order.h"
#include "parsers/eventlog_recovery.h"
#include "tests/support/bytes.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum {
	N_QUEUES = 8,
	N_ROOM = 1 << 16,
};

/* A record with where it stood. The payload is told by its checksum. */
struct item {
	uint64_t time_ns;
	uint32_t index, queue, n_payload, sum;
	uint16_t tag;
};

struct items {
	struct item *at;
	size_t n, room;
};

static uint32_t checksum(const uint8_t *at, size_t n)
{
	uint32_t sum = 1;

	for (size_t i = 0; i < n; i++)
		sum = sum * 31 + at[i];
	return sum;
}

static void add(struct items *items, const struct eventlog_event *e, uint32_t queue, size_t index)
{
	if (items->n == items->room) {
		items->room = items->room ? 2 * items->room : 1024;
		items->at = reallocarray(items->at, items->room, sizeof(*items->at));
		assert_non_null(items->at);
	}
	items->at[items->n++] = (struct item){ .time_ns = e->time_ns,
		                               .index = (uint32_t)index,
		                               .queue = queue,
		                               .n_payload = e->n_payload,
		                               .sum = checksum(e->payload, e->n_payload),
		                               .tag = e->tag };
}

static int by_time(const void *a, const void *b)
{
	const struct item *x = a, *y = b;

	if (x->time_ns != y->time_ns)
		return x->time_ns < y->time_ns ? -1 : 1;
	return x->index < y->index ? -1 : x->index > y->index;
}

static struct items sorted(const struct items *items)
{
	struct items copy = { calloc(items->n + 1, sizeof(struct item)), items->n, items->n };

	assert_non_null(copy.at);
	if (items->n)
		memcpy(copy.at, items->at, items->n * sizeof(struct item));
	qsort(copy.at, copy.n, sizeof(struct item), by_time);
	return copy;
}

/* ---- The order under test ---- */

struct fixture {
	struct eventlog_order order;
	struct eventlog_order_cell *cells;
	struct eventlog_order_queue queues[EVENTLOG_CAPABILITIES_MAX + 1];
	struct items in, out;
	uint8_t room[N_ROOM];
};

static struct fixture *fixture_new(uint32_t n_cells)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	f->cells = calloc(n_cells, sizeof(*f->cells));
	assert_non_null(f->cells);
	eventlog_order_init(&f->order, f->cells, n_cells, f->queues, EVENTLOG_CAPABILITIES_MAX + 1);
	return f;
}

static void fixture_free(struct fixture *f)
{
	free(f->cells);
	free(f->in.at);
	free(f->out.at);
	free(f);
}

static int take(struct fixture *f, uint64_t until_ns)
{
	struct eventlog_event e;
	uint32_t queue;

	if (!eventlog_order_take(&f->order, until_ns, f->room, N_ROOM, &e, &queue))
		return 0;
	add(&f->out, &e, queue, 0);
	return 1;
}

static void put(struct fixture *f, uint32_t queue, const struct eventlog_event *e)
{
	add(&f->in, e, queue, f->in.n);
	while (!eventlog_order_put(&f->order, queue, e))
		assert_true(take(f, UINT64_MAX));
}

static void put_number(struct fixture *f, uint32_t queue, uint64_t time_ns, uint32_t n_payload)
{
	static uint8_t payload[N_ROOM];

	for (uint32_t i = 0; i < n_payload; i++)
		payload[i] = (uint8_t)(time_ns + i * 7);
	put(f, queue,
	    &(struct eventlog_event){ .time_ns = time_ns, .payload = payload, .n_payload = n_payload, .tag = 19 });
}

static void assert_same(const struct item *a, const struct item *b)
{
	assert_int_equal(a->time_ns, b->time_ns);
	assert_int_equal(a->queue, b->queue);
	assert_int_equal(a->tag, b->tag);
	assert_int_equal(a->n_payload, b->n_payload);
	assert_int_equal(a->sum, b->sum);
}

static void assert_sorted_as_by_another_sort(struct fixture *f)
{
	struct items expected = sorted(&f->in);

	while (take(f, UINT64_MAX))
		;
	assert_int_equal(f->out.n, expected.n);
	for (size_t i = 0; i < expected.n; i++)
		assert_same(&f->out.at[i], &expected.at[i]);
	free(expected.at);
}

static void assert_complete(struct fixture *f)
{
	struct items in = sorted(&f->in), out;

	while (take(f, UINT64_MAX))
		;
	/* What came out gets its index back through its queue, in which equal times keep their order. */
	for (size_t i = 0; i < f->out.n; i++)
		f->out.at[i].index = (uint32_t)i;
	out = sorted(&f->out);
	assert_int_equal(out.n, in.n);
	for (size_t i = 0; i < in.n; i++)
		assert_int_equal(in.at[i].time_ns, out.at[i].time_ns);
	for (size_t i = 0; i < in.n; i++) {
		size_t k = i;

		while (k < in.n && (out.at[k].queue != in.at[i].queue || out.at[k].sum != in.at[i].sum ||
		                    out.at[k].index == UINT32_MAX))
			k++;
		assert_true(k < in.n && out.at[k].time_ns == in.at[i].time_ns);
		out.at[k].index = UINT32_MAX;
	}
	free(in.at);
	free(out.at);
}

static uint64_t next_random(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

/* ---- Tests ---- */

static void queues_come_out_as_one_stream(void **state)
{
	struct fixture *f = fixture_new(1 << 16);
	uint64_t seed = 7, time_ns[N_QUEUES] = { 0 };

	for (int i = 0; i < 20000; i++) {
		uint32_t queue = (uint32_t)(next_random(&seed) % N_QUEUES);

		time_ns[queue] += next_random(&seed) % 5;
		put_number(f, queue, time_ns[queue], (uint32_t)(next_random(&seed) % 60));
	}
	assert_int_equal(f->order.n_late, 0);
	assert_sorted_as_by_another_sort(f);
	assert_int_equal(f->order.n_free, 1 << 16);
	fixture_free(f);
}

static void a_block_that_comes_late_comes_out_in_its_place(void **state)
{
	struct fixture *f = fixture_new(1 << 12);

	for (uint64_t t = 1; t <= 1000; t++)
		put_number(f, 0, 2 * t, 4);
	for (uint64_t t = 1; t <= 10; t++)
		put_number(f, 1, 150 * t + 1, 4);
	assert_int_equal(f->order.n_late, 0);
	assert_sorted_as_by_another_sort(f);
	fixture_free(f);
}

static void a_record_moves_up_so_far_and_no_further(void **state)
{
	for (int n_behind = EVENTLOG_ORDER_WINDOW - 1; n_behind <= EVENTLOG_ORDER_WINDOW; n_behind++) {
		struct fixture *f = fixture_new(1 << 10);

		put_number(f, 0, 1, 0);
		for (int i = 0; i < n_behind; i++)
			put_number(f, 0, 100, 0);
		put_number(f, 0, 50, 0);
		assert_int_equal(f->order.n_late, 0);
		put_number(f, 0, 40, 0);
		assert_int_equal(f->order.n_late, n_behind == EVENTLOG_ORDER_WINDOW);
		if (n_behind < EVENTLOG_ORDER_WINDOW)
			assert_sorted_as_by_another_sort(f);
		else
			assert_complete(f);
		fixture_free(f);
	}
}

static void payloads_of_any_length_come_out_as_they_went_in(void **state)
{
	static const uint32_t n[] = { 0,
		                      1,
		                      EVENTLOG_ORDER_INLINE,
		                      EVENTLOG_ORDER_INLINE + 1,
		                      EVENTLOG_ORDER_INLINE + EVENTLOG_ORDER_MORE,
		                      EVENTLOG_ORDER_INLINE + EVENTLOG_ORDER_MORE + 1,
		                      N_ROOM - 1 };
	struct fixture *f = fixture_new(1 << 12);

	for (uint32_t i = 0; i < sizeof(n) / sizeof(n[0]); i++)
		put_number(f, i & 1, i, n[i]);
	assert_sorted_as_by_another_sort(f);
	assert_int_equal(f->order.n_free, 1 << 12);
	fixture_free(f);
}

static void a_payload_is_cut_to_the_room_there_is(void **state)
{
	struct fixture *f = fixture_new(16);
	struct eventlog_event e;
	uint32_t queue;

	put_number(f, 0, 1, 100);
	assert_true(eventlog_order_take(&f->order, 1, f->room, 30, &e, &queue));
	assert_int_equal(e.n_payload, 30);
	assert_int_equal(f->order.n_free, 16);
	fixture_free(f);
}

static void nothing_later_than_asked_for_is_taken(void **state)
{
	struct fixture *f = fixture_new(16);

	put_number(f, 0, 10, 0);
	put_number(f, 1, 11, 0);
	assert_false(take(f, 9));
	assert_true(take(f, 10));
	assert_false(take(f, 10));
	assert_true(take(f, 11));
	fixture_free(f);
}

static void what_needs_more_cells_than_are_free_waits(void **state)
{
	struct fixture *f = fixture_new(2);
	const uint8_t payload[EVENTLOG_ORDER_INLINE + EVENTLOG_ORDER_MORE + 1] = { 0 };
	struct eventlog_event e = { .payload = payload, .n_payload = EVENTLOG_ORDER_INLINE + EVENTLOG_ORDER_MORE };

	assert_true(eventlog_order_put(&f->order, 0, &e));
	e.n_payload = 0;
	assert_false(eventlog_order_put(&f->order, 0, &e));
	assert_true(take(f, UINT64_MAX));
	assert_true(eventlog_order_put(&f->order, 0, &e));
	assert_true(take(f, UINT64_MAX));
	e.n_payload = sizeof(payload);
	assert_false(eventlog_order_put(&f->order, 0, &e));
	fixture_free(f);
}

/* With too little room, what comes too late is counted, and nothing is dropped. */
static void what_comes_too_late_is_counted_and_never_dropped(void **state)
{
	struct fixture *f = fixture_new(64);
	uint64_t n_late = 0, high = 0;

	for (uint64_t t = 1; t <= 300; t++)
		put_number(f, 0, 2 * t, 4);
	for (uint64_t t = 1; t <= 20; t++)
		put_number(f, 1, 29 * t, 4);
	while (take(f, UINT64_MAX))
		;
	for (size_t i = 0; i < f->out.n; i++) {
		n_late += f->out.at[i].time_ns < high;
		high = f->out.at[i].time_ns > high ? f->out.at[i].time_ns : high;
	}
	assert_true(n_late > 0);
	assert_int_equal(n_late, f->order.n_late);
	assert_complete(f);
	fixture_free(f);
}

static void hostile_times_cost_no_more_than_others(void **state)
{
	struct fixture *f = fixture_new(1 << 16);

	for (uint64_t t = 0; t < 60000; t++)
		put_number(f, 0, 60000 - t, 0);
	assert_true(f->order.n_late > 0);
	while (take(f, UINT64_MAX))
		;
	assert_int_equal(f->out.n, 60000);
	fixture_free(f);
}

/* ---- Real logs ---- */

static struct fixture *read_log(const struct bytes *file, uint32_t n_cells)
{
	static struct eventlog s;
	static struct eventlog_recovery recovery;
	static struct eventlog_batch b;
	struct fixture *f = fixture_new(n_cells);
	size_t used = 0;

	eventlog_init(&s);
	recovery = (struct eventlog_recovery){ 0 };
	for (;; used += b.n_used) {
		struct eventlog_gap gap;
		struct parse_fault fault;
		enum parse_result r = eventlog_read(&s, file->at + used, file->n - used, 1, &b, &fault);

		if (r == PARSE_BAD)
			r = eventlog_recover(&recovery, &s, file->at + used, file->n - used, 1, &fault, &b, &gap);
		if (r != PARSE_OK)
			break;
		for (size_t i = 0; i < b.n; i++)
			if (b.events[i].kind == EVENTLOG_RECORD && b.events[i].tag != EVENTLOG_EDEN_CREATE_MACHINE)
				put(f,
				    b.capability == EVENTLOG_NO_CAPABILITY ? EVENTLOG_CAPABILITIES_MAX : b.capability,
				    &b.events[i]);
	}
	return f;
}

static void check_log(const char *path, uint64_t *n_events)
{
	struct bytes file = bytes_read(path);
	struct fixture *f = read_log(&file, (uint32_t)(file.n / EVENTLOG_HEAD_BYTES) + N_QUEUES);

	/* A flush in the middle of a record wrote some of this log's blocks twice over. */
	if (strstr(path, "ev-flush-nonthreaded")) {
		assert_complete(f);
	} else {
		assert_int_equal(f->order.n_late, 0);
		assert_sorted_as_by_another_sort(f);
	}
	*n_events += f->in.n;
	fixture_free(f);
	bytes_done(&file);
}

static void walk(const char *folder, uint64_t *n_events)
{
	DIR *dir = opendir(folder);

	assert_non_null(dir);
	for (struct dirent *d = readdir(dir); d; d = readdir(dir)) {
		const char *dot = strrchr(d->d_name, '.');
		char path[4096];

		(void)snprintf(path, sizeof(path), "%s/%s", folder, d->d_name);
		if (d->d_type == DT_DIR && d->d_name[0] != '.')
			walk(path, n_events);
		else if (dot && strcmp(dot, ".eventlog") == 0)
			check_log(path, n_events);
	}
	(void)closedir(dir);
}

static void real_logs_come_out_as_another_sort_has_them(void **state)
{
	const char *root = corpus_root();
	char folder[4096];
	uint64_t n_events = 0;

	if (!root)
		skip();
	(void)snprintf(folder, sizeof(folder), "%s/ghc", root);
	walk(folder, &n_events);
	print_message("%lu records\n", n_events);
	assert_true(n_events > 500000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(queues_come_out_as_one_stream),
		cmocka_unit_test(a_block_that_comes_late_comes_out_in_its_place),
		cmocka_unit_test(a_record_moves_up_so_far_and_no_further),
		cmocka_unit_test(payloads_of_any_length_come_out_as_they_went_in),
		cmocka_unit_test(a_payload_is_cut_to_the_room_there_is),
		cmocka_unit_test(nothing_later_than_asked_for_is_taken),
		cmocka_unit_test(what_needs_more_cells_than_are_free_waits),
		cmocka_unit_test(what_comes_too_late_is_counted_and_never_dropped),
		cmocka_unit_test(hostile_times_cost_no_more_than_others),
		cmocka_unit_test(real_logs_come_out_as_another_sort_has_them),
	};

	return cmocka_run_group_tests_name("eventlog-order", tests, NULL, NULL);
}
