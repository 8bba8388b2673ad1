/* SPDX-License-Identifier: Apache-2.0 */
/* What is exact here is exact by construction. */
#include "analysis/epoch.h"
#include "store/store.h"
#include "tests/analysis/made_epochs.h"
#include "tests/store/place.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct epochs read_as(struct store *s, struct epoch_config config)
{
	struct weir_error error = { "" };
	struct epochs e;

	if (epochs_read(s, &config, &e, &error) < 0)
		fail_msg("%s", error.text);
	return e;
}

static struct epochs read_window(struct store *s, const char *node, int64_t after_slots)
{
	return read_as(s, (struct epoch_config){ .before_slots = 20, .after_slots = after_slots, .node = node });
}

static struct epochs read_epochs(struct store *s, const char *node)
{
	return read_window(s, node, 20);
}

static const struct epoch_gauge *gauge(const struct epoch_boundary *b, const char *name)
{
	for (int i = 0; i < EPOCH_GAUGES; i++)
		if (strcmp(b->gauges[i].name, name) == 0)
			return &b->gauges[i];
	fail_msg("no gauge %s", name);
	return NULL;
}

static void assert_near(double value, double want)
{
	if (!(fabs(value - want) <= 1e-9 * fabs(want) + 1e-12))
		fail_msg("%.17g, and it should be %.17g", value, want);
}

/* The node says how long it collected; a collector that looked more often does not know. */
static void who_does_not_have_a_state_is_not_asked_for_it(void **state)
{
	struct store *s = place_open(&place, STORE_READ);
	struct epochs e = read_epochs(s, "node-1");

	assert_int_equal(e.n, 2);
	assert_string_equal(e.at[0].gc_from, "resources");
	assert_near(e.at[0].gc_share, 0.2);
	assert_near(e.at[0].gc_share_base, 0.2);
	assert_string_equal(gauge(&e.at[0], "CPU")->from, "live");
	assert_near(gauge(&e.at[0], "CPU")->base, 0.5);
	epochs_done(&e);
	store_close(s);
}

static void a_gauge_is_what_it_was_last(void **state)
{
	struct store *s = place_open(&place, STORE_READ);
	struct epochs e = read_epochs(s, "node-1");

	assert_near(gauge(&e.at[0], "heap, live")->base, 100);
	assert_near(gauge(&e.at[0], "heap, live")->window, 150);
	assert_true(isnan(gauge(&e.at[0], "heap, live")->effect.low));
	assert_true(isnan(gauge(&e.at[1], "heap, live")->window));
	epochs_done(&e);
	store_close(s);
}

static void a_boundary_where_the_log_ends_is_none(void **state)
{
	struct store *s = place_open(&place, STORE_READ);
	struct epochs e = read_epochs(s, "node-0");

	assert_int_equal(e.n, 2);
	assert_int_equal(e.at[0].epoch, 1);
	assert_int_equal(e.at[1].epoch, 2);
	for (int i = 0; i < EPOCH_TENTHS; i++)
		assert_true(e.at[1].tenth_is_seen[i]);
	epochs_done(&e);
	store_close(s);
}

static void pauses_are_cut_at_the_boundary_the_window_and_the_missed_slots(void **state)
{
	struct store *s = place_open(&place, STORE_READ);
	struct epochs e = read_epochs(s, "node-0");
	const struct epoch_boundary *b = &e.at[0];

	assert_string_equal(b->gc_from, "live");
	assert_int_equal(b->n_pauses, 2);
	assert_near(b->pause_total_s, 3.25);
	assert_near(b->pause_longest_s, 2);
	assert_near(b->boundary_pause_s, 0.25);
	assert_int_equal(b->n_missed, N_MISSED);
	assert_int_equal(b->n_missed_runs, 1);
	assert_int_equal(b->missed[0].first_slot, FIRST_MISSED);
	assert_int_equal(b->missed[0].n_pauses, 1);
	assert_near(b->missed[0].pause_s, 1);
	assert_near(b->gc_share, 3.25 / 40);
	/* What is left of two epochs: 80 and 60 seconds of epoch 0 and 1, for the next window begins at 180. */
	assert_near(b->gc_share_base, 1.0 / 140);
	assert_non_null(strstr(b->sentence, "3 slots missed from 108 on, 33 % of their time collections"));
	assert_non_null(strstr(b->sentence, "a collection took 2 s"));
	epochs_done(&e);
	store_close(s);
}

static void processes_and_states_add_up_and_devices_do_not(void **state)
{
	struct store *s = place_open(&place, STORE_READ);
	struct epochs e = read_epochs(s, "node-0");
	const struct epoch_boundary *b = &e.at[0];

	assert_string_equal(gauge(b, "CPU")->from, "live");
	assert_near(gauge(b, "CPU")->base, 0.01);
	/* Half of the window lies before the boundary, where nothing happens yet. */
	assert_near(gauge(b, "CPU")->window, (20 * 0.01 + 20 * 0.5) / 40);
	assert_near(gauge(b, "heap, live")->window, 200);
	assert_near(gauge(b, "heap, live")->base, 100);
	assert_true(gauge(b, "heap, live")->effect.low > 99 && gauge(b, "heap, live")->effect.high < 101);
	/* The worse of reading and writing. */
	assert_near(gauge(b, "disk latency, p99")->base, 0.2);
	assert_true(isnan(gauge(b, "network, sent")->window));
	assert_non_null(strstr(b->sentence, "heap, live 200 MiB, 100 before"));
	/* A quiet boundary has nothing that stands out. */
	assert_string_equal(e.at[1].sentence, "");
	epochs_done(&e);
	store_close(s);
}

/* Each in the tenth, and on the side of the window's end, that it lies in. */
static void a_run_of_missed_slots_is_counted_slot_by_slot(void **state)
{
	struct store *s = place_open(&place, STORE_READ);
	struct epochs wide = read_epochs(s, "node-0"), narrow = read_window(s, "node-0", 10);

	assert_int_equal(wide.at[0].tenth_missed[0], 2);
	assert_int_equal(wide.at[0].tenth_missed[1], 1);
	assert_int_equal(wide.at[0].n_missed, 3);
	assert_int_equal(wide.at[0].n_missed_base, 0);
	assert_int_equal(narrow.at[0].n_missed, 2);
	assert_int_equal(narrow.at[0].n_missed_base, 1);
	assert_int_equal(narrow.at[0].missed[0].first_slot, FIRST_MISSED);
	assert_int_equal(narrow.at[0].missed[0].n, 2);
	epochs_done(&wide);
	epochs_done(&narrow);
	store_close(s);
}

/* The boundary at which the log ends has none. */
static void a_window_that_is_asked_for_takes_all_that_no_other_does(void **state)
{
	struct store *s = place_open(&place, STORE_READ);
	struct epoch_config all = { .before_slots = 100000, .after_slots = 100000, .is_asked = 1, .node = "node-0" };
	struct epochs e = read_as(s, all);
	int64_t epoch_ns = e.at[1].time_ns - e.at[0].time_ns;

	assert_int_equal(e.at[0].to_ns, e.at[1].from_ns);
	assert_int_equal(e.at[0].to_ns - e.at[0].time_ns, epoch_ns / 2);
	assert_int_equal(e.at[1].to_ns - e.at[1].time_ns, epoch_ns);
	assert_int_equal(e.at[0].n_missed_base, 0);
	epochs_done(&e);
	store_close(s);
}

/* The second process comes when epoch 0 is half over, with a CPU time that it had before: it is no step of the sum. */
static void a_process_that_comes_is_no_step(void **state)
{
	struct store *s = place_open(&place, STORE_READ);
	struct epochs e = read_epochs(s, "node-0");

	assert_near(gauge(&e.at[0], "CPU")->base, 0.01);
	assert_true(gauge(&e.at[0], "CPU")->effect.low > 0);
	epochs_done(&e);
	store_close(s);
}

static void the_first_block_is_the_epochs_own(void **state)
{
	struct store *s = place_open(&place, STORE_READ);
	struct epochs e = read_epochs(s, "node-1");
	const struct epoch_boundary *b = &e.at[0];
	const struct epoch_first_block *f = &b->first_block;

	assert_int_equal(b->slot, EPOCH_SLOTS);
	assert_int_equal(f->slot, FIRST_BLOCK);
	assert_near(b->first_block_s, FIRST_BLOCK - EPOCH_SLOTS + 1);
	assert_string_equal(f->forger, "node-0");
	assert_near(f->forging_s, 0.1);
	assert_near(f->adoption_s, 0.01);
	assert_near(f->propagation_s, 0.9);
	assert_near(f->propagation_base_s, 0.1);
	assert_int_equal(f->gap_slots, FIRST_BLOCK - 95);
	assert_near(f->gap_base_slots, 5);
	/* Nine times what others take is not yet said. */
	assert_null(strstr(b->sentence, "first block"));
	epochs_done(&e);
	/* A node's own blocks are set against its own. */
	e = read_epochs(s, "node-0");
	assert_string_equal(e.at[0].first_block.forger, "node-0");
	assert_near(e.at[0].first_block.propagation_s, 0.01);
	assert_near(e.at[0].first_block.propagation_base_s, 0.01);
	epochs_done(&e);
	store_close(s);
}

static void the_delay_of_the_first_block_is_that_behind_the_first_node(void **state)
{
	struct store *s = place_open(&place, STORE_READ);
	struct epochs e = read_epochs(s, NULL);

	assert_int_equal(e.n, 4);
	assert_string_equal(e.at[0].node, "node-0");
	assert_near(e.at[0].first_block_delay_s, 0);
	assert_near(e.at[2].first_block_delay_s, 0.89);
	epochs_done(&e);
	store_close(s);
}

static void what_was_in_the_way_is_counted_by_its_name(void **state)
{
	struct store *s = place_open(&place, STORE_READ);
	struct epochs e = read_epochs(s, "node-0");

	assert_int_equal(e.at[0].n_obstacles, 1);
	assert_string_equal(e.at[0].obstacles[0].name, "NoLedgerView");
	assert_int_equal(e.at[0].obstacles[0].n_window, 3);
	assert_int_equal(e.at[0].obstacles[0].n_base, 1);
	assert_non_null(strstr(e.at[0].sentence, "NoLedgerView 3 times, 1 elsewhere"));
	assert_int_equal(e.at[1].n_obstacles, 0);
	epochs_done(&e);
	store_close(s);
}

/* The last one: nothing is left to read after it. */
static void a_damaged_block_is_named(void **state)
{
	struct weir_error error = { "" };
	struct epoch_config config = { .before_slots = 20, .after_slots = 20 };
	struct epochs e;
	struct store *s;
	sqlite3 *db;

	assert_int_equal(sqlite3_open(place.store, &db), SQLITE_OK);
	assert_int_equal(
		sqlite3_exec(db,
	                     "DELETE FROM seal; UPDATE block SET v_sum = v_sum + 1 WHERE series IN (SELECT id FROM"
	                     " series WHERE metric = (SELECT id FROM metric WHERE name = 'process.cpu.time'))",
	                     NULL, NULL, NULL),
		SQLITE_OK);
	assert_true(sqlite3_changes(db) > 0);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	s = place_open(&place, STORE_READ);
	assert_true(epochs_read(s, &config, &e, &error) < 0);
	assert_non_null(strstr(error.text, "block"));
	store_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_does_not_have_a_state_is_not_asked_for_it),
		cmocka_unit_test(a_gauge_is_what_it_was_last),
		cmocka_unit_test(a_boundary_where_the_log_ends_is_none),
		cmocka_unit_test(pauses_are_cut_at_the_boundary_the_window_and_the_missed_slots),
		cmocka_unit_test(processes_and_states_add_up_and_devices_do_not),
		cmocka_unit_test(a_run_of_missed_slots_is_counted_slot_by_slot),
		cmocka_unit_test(a_window_that_is_asked_for_takes_all_that_no_other_does),
		cmocka_unit_test(a_process_that_comes_is_no_step),
		cmocka_unit_test(the_first_block_is_the_epochs_own),
		cmocka_unit_test(the_delay_of_the_first_block_is_that_behind_the_first_node),
		cmocka_unit_test(what_was_in_the_way_is_counted_by_its_name),
		cmocka_unit_test(a_damaged_block_is_named),
	};

	return cmocka_run_group_tests(tests, made_epochs_begin, place_end);
}
