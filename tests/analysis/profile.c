/* SPDX-License-Identifier: Apache-2.0 */
#include "analysis/profile.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct weir_text text(const char *at)
{
	return (struct weir_text){ at, strlen(at) };
}

static void begin(struct profile_set *set, const char *node, uint32_t side)
{
	struct weir_error error;

	assert_int_equal(profile_source_begin(set, "run", node, side, &error), 0);
}

static void stack(struct profile_set *set, uint32_t id, uint32_t parent, const char *name, const char *module)
{
	uint32_t frame = profile_source_frame(set, text(name), text(module), text("A.hs:1:1"));

	assert_int_equal(profile_source_stack(set, id, parent, frame), 0);
}

static void self(struct profile_set *set, uint32_t id, double value)
{
	struct profile_weight w = { .duration_ns = 1, .stack = id, .has_self = 1, .self = value };

	assert_int_equal(profile_source_weight(set, text("{}"), &w), 0);
}

static void end(struct profile_set *set)
{
	struct weir_error error;

	assert_int_equal(profile_source_end(set, &error), 0);
}

static const struct profile *finish(struct profile_set *set)
{
	struct weir_error error;

	assert_int_equal(profile_set_finish(set, &error), 0);
	return profile_set_at(set, 0);
}

/* Row of Module.name; it has to be there. */
static struct profile_row row(const struct profile_set *set, const struct profile *p, const char *module,
                              const char *name)
{
	struct profile_row *rows, found = { 0 };
	uint32_t n;

	rows = profile_rows(set, p, &n);
	assert_non_null(rows);
	for (uint32_t i = 0; i < n; i++) {
		struct profile_frame f = profile_frame(set, rows[i].frame);

		if (strcmp(f.module, module) == 0 && strcmp(f.name, name) == 0)
			found = rows[i];
	}
	free(rows);
	assert_true(found.frame > 0);
	return found;
}

/* MAIN (1) - f (10) - g (5) - f (2)
 *          - g (4)                   */
static void fill(struct profile_set *set, const char *node, uint32_t side, double factor)
{
	begin(set, node, side);
	stack(set, 1, 0, "MAIN", "MAIN");
	stack(set, 2, 1, "f", "M");
	stack(set, 3, 1, "g", "M");
	stack(set, 4, 2, "g", "M");
	stack(set, 5, 4, "f", "M");
	self(set, 1, 1 * factor);
	self(set, 2, 10 * factor);
	self(set, 3, 4 * factor);
	self(set, 4, 5 * factor);
	self(set, 5, 2 * factor);
	end(set);
}

static void inclusive_values_are_those_of_the_tree(void **state)
{
	struct profile_set *set = profile_set_new("m", "{tick}", PROFILE_BY_NAME);
	const struct profile *p;

	fill(set, "a", 0, 1);
	p = finish(set);
	assert_int_equal(p->n_stacks, 6);
	assert_true(p->stacks[0].inclusive[0] == 22);
	assert_true(p->stacks[1].inclusive[0] == 22);
	assert_true(p->stacks[2].inclusive[0] == 17);
	assert_true(p->stacks[4].inclusive[0] == 7);
	assert_int_equal(p->stacks[5].depth, 4);
	assert_false(p->is_gauge);
	profile_set_free(set);
}

static void a_frame_within_itself_is_counted_once(void **state)
{
	struct profile_set *set = profile_set_new("m", "{tick}", PROFILE_BY_NAME);
	const struct profile *p;
	struct profile_row f, g;

	fill(set, "a", 0, 1);
	p = finish(set);
	f = row(set, p, "M", "f");
	g = row(set, p, "M", "g");
	assert_true(f.self[0].mean == 12);
	assert_true(f.inclusive[0].mean == 17);
	assert_true(g.self[0].mean == 9);
	assert_true(g.inclusive[0].mean == 11);
	assert_true(fabs(f.self_share[0].mean - 100.0 * 12 / 22) < 1e-12);
	profile_set_free(set);
}

static void frames_of_one_name_are_apart_where_source_lines_can_be_trusted(void **state)
{
	for (int by_source = 0; by_source < 2; by_source++) {
		struct profile_set *set =
			profile_set_new("m", "{tick}", by_source ? PROFILE_BY_SOURCE : PROFILE_BY_NAME);
		struct profile_row *rows;
		const struct profile *p;
		uint32_t n;

		begin(set, "a", 0);
		for (uint32_t i = 1; i <= 2; i++) {
			uint32_t frame = profile_source_frame(set, text("get"), text("M"),
			                                      text(i == 1 ? "M.hs:1:1" : "M.hs:9:1"));

			assert_int_equal(profile_source_stack(set, i, 0, frame), 0);
			self(set, i, i);
		}
		end(set);
		p = finish(set);
		rows = profile_rows(set, p, &n);
		assert_int_equal(n, by_source ? 2 : 1);
		assert_true(rows[0].self[0].mean == (by_source ? 2 : 3));
		assert_string_equal(profile_frame(set, rows[0].frame).source, by_source ? "M.hs:9:1" : "M.hs:1:1");
		free(rows);
		profile_set_free(set);
	}
}

static void nodes_have_a_mean_and_a_range(void **state)
{
	struct profile_set *set = profile_set_new("m", "{tick}", PROFILE_BY_NAME);
	const struct profile *p;
	struct profile_row f, h;

	fill(set, "a", 0, 1);
	fill(set, "b", 0, 3);
	begin(set, "c", 0);
	stack(set, 1, 0, "h", "M");
	self(set, 1, 7);
	end(set);
	p = finish(set);
	assert_int_equal(p->n_subjects, 3);
	f = row(set, p, "M", "f");
	assert_true(fabs(f.self[0].mean - (12 + 36 + 0) / 3.0) < 1e-12);
	assert_true(f.self[0].min == 0 && f.self[0].max == 36 && f.self[0].median == 12);
	assert_true(fabs(f.self[0].sd - sqrt((16.0 + 400 + 256) / 2)) < 1e-9);
	assert_int_equal(f.self[0].n_seen, 2);
	assert_int_equal(f.self[0].n, 3);
	h = row(set, p, "M", "h");
	assert_true(h.self_share[0].max == 100);
	assert_true(fabs(p->stacks[0].inclusive[0] - (22 + 66 + 7) / 3.0) < 1e-12);
	profile_set_free(set);
}

static void sources_of_one_node_add_up(void **state)
{
	struct profile_set *set = profile_set_new("m", "{tick}", PROFILE_BY_NAME);
	const struct profile *p;

	fill(set, "a", 0, 1);
	fill(set, "a", 0, 1);
	p = finish(set);
	assert_int_equal(p->n_subjects, 1);
	assert_true(p->subjects[0].total == 44);
	assert_true(row(set, p, "M", "f").self[0].mean == 24);
	profile_set_free(set);
}

static void a_self_value_is_what_the_children_leave(void **state)
{
	struct profile_set *set = profile_set_new("m", "%", PROFILE_BY_NAME);
	struct profile_weight w = { .duration_ns = 1, .has_inclusive = 1 };
	const double inclusive[] = { 100, 60, 39.9, 40.1 };
	const struct profile *p;

	begin(set, "a", 0);
	stack(set, 1, 0, "MAIN", "MAIN");
	stack(set, 2, 1, "f", "M");
	stack(set, 3, 2, "g", "M");
	stack(set, 4, 1, "h", "M");
	for (uint32_t i = 0; i < 4; i++) {
		w.stack = i + 1;
		w.inclusive = inclusive[i];
		assert_int_equal(profile_source_weight(set, text("{}"), &w), 0);
	}
	end(set);
	p = finish(set);
	assert_true(p->is_share);
	assert_true(p->stacks[1].self[0] == 0); /* 100 - 60 - 40.1, rounded: never below 0 */
	assert_true(fabs(p->stacks[2].self[0] - 20.1) < 1e-12);
	assert_true(p->stacks[3].self[0] == 39.9);
	assert_true(row(set, p, "M", "h").self_share[0].mean == 40.1);
	profile_set_free(set);
}

static void values_at_times_are_averaged_over_the_times_of_the_source(void **state)
{
	struct profile_set *set = profile_set_new("m", "By", PROFILE_BY_NAME);
	const struct profile *p;

	begin(set, "a", 0);
	stack(set, 1, 0, "f", "");
	stack(set, 2, 0, "g", "");
	for (int64_t t = 10; t <= 40; t += 10) {
		struct profile_weight w = { .time_ns = t, .stack = 1, .has_self = 1, .self = 100 };

		assert_int_equal(profile_source_weight(set, text("{}"), &w), 0);
		w.stack = 2;
		if (t == 20)
			assert_int_equal(profile_source_weight(set, text("{}"), &w), 0);
	}
	end(set);
	p = finish(set);
	assert_true(p->is_gauge);
	assert_true(row(set, p, "", "f").self[0].mean == 100);
	assert_true(row(set, p, "", "g").self[0].mean == 25);
	profile_set_free(set);
}

static void attributes_are_profiles_of_their_own(void **state)
{
	struct profile_set *set = profile_set_new("m", "By", PROFILE_BY_NAME);
	struct profile_weight w = { .duration_ns = 1, .stack = 1, .has_self = 1, .self = 1 };
	struct weir_error error;
	char attrs[32];

	begin(set, "a", 0);
	stack(set, 1, 0, "f", "");
	for (int i = 0; i < PROFILE_MAX; i++) {
		(void)snprintf(attrs, sizeof(attrs), "{\"a\":\"%d\"}", i);
		assert_int_equal(profile_source_weight(set, text(attrs), &w), 0);
	}
	assert_int_equal(profile_source_weight(set, text("{}"), &w), -E2BIG);
	end(set);
	assert_int_equal(profile_set_finish(set, &error), 0);
	assert_int_equal(profile_set_count(set), PROFILE_MAX);
	assert_string_equal(profile_set_at(set, 7)->attrs, "{\"a\":\"7\"}");
	profile_set_free(set);
}

static void sides_are_compared_by_names(void **state)
{
	struct profile_set *set = profile_set_new("m", "{tick}", PROFILE_BY_NAME);
	struct profile_row *rows;
	const struct profile *p;
	uint32_t n;

	fill(set, "a", 0, 1);
	begin(set, "a", 1);
	stack(set, 1, 0, "MAIN", "MAIN");
	stack(set, 2, 1, "new", "M");
	stack(set, 3, 2, "f", "M");
	self(set, 2, 30);
	self(set, 3, 10);
	end(set);
	p = finish(set);
	assert_int_equal(p->n_sides_subjects[0], 1);
	assert_int_equal(p->n_sides_subjects[1], 1);
	assert_true(row(set, p, "M", "f").self[1].mean == 10);
	assert_int_equal(row(set, p, "M", "g").self[1].n_seen, 0);
	rows = profile_rows(set, p, &n);
	profile_rows_by_change(rows, n);
	assert_string_equal(profile_frame(set, rows[0].frame).name, "new");
	assert_string_equal(profile_frame(set, rows[1].frame).name, "g");
	assert_string_equal(profile_frame(set, rows[2].frame).name, "f");
	free(rows);
	profile_set_free(set);
}

static void stacks_come_below_their_parents_and_the_heavier_first(void **state)
{
	struct profile_set *set = profile_set_new("m", "{tick}", PROFILE_BY_NAME);
	uint32_t n = 0, last_of[16] = { 0 };
	const struct profile *p;

	fill(set, "a", 0, 1);
	p = finish(set);
	for (uint32_t i = profile_next(p, 0, 0); i; i = profile_next(p, i, 0), n++) {
		const struct profile_stack *s = &p->stacks[i];

		assert_in_range(s->depth, 1, 15);
		assert_int_equal(s->parent, last_of[s->depth - 1]);
		if (n > 0 && last_of[s->depth] && p->stacks[last_of[s->depth]].parent == s->parent)
			assert_true(profile_both_sides(p, last_of[s->depth]) >= profile_both_sides(p, i));
		last_of[s->depth] = i;
	}
	assert_int_equal(n, p->n_stacks - 1);
	profile_set_free(set);
}

static void what_weighs_too_little_is_passed_over_with_all_below_it(void **state)
{
	struct profile_set *set = profile_set_new("m", "{tick}", PROFILE_BY_NAME);
	const struct profile *p;
	uint32_t n = 0, n_heavy = 0;

	fill(set, "a", 0, 1);
	p = finish(set);
	for (uint32_t i = 1; i < p->n_stacks; i++)
		n_heavy += profile_both_sides(p, i) >= 5;
	for (uint32_t i = profile_next(p, 0, 5); i; i = profile_next(p, i, 5), n++)
		assert_true(profile_both_sides(p, i) >= 5);
	assert_int_equal(n, n_heavy);
	assert_in_range(n, 1, p->n_stacks - 2);
	profile_set_free(set);
}

static void ids_that_were_never_given_are_refused(void **state)
{
	struct profile_set *set = profile_set_new("m", "{tick}", PROFILE_BY_NAME);
	struct profile_weight w = { .stack = 2, .has_self = 1 };

	begin(set, "a", 0);
	stack(set, 1, 0, "f", "");
	assert_int_equal(profile_source_stack(set, 3, 0, 1), -EINVAL);
	assert_int_equal(profile_source_stack(set, 2, 2, 1), -EINVAL);
	assert_int_equal(profile_source_stack(set, 2, 0, 0), -EINVAL);
	assert_int_equal(profile_source_stack(set, 2, 0, 2), -EINVAL);
	assert_int_equal(profile_source_weight(set, text("{}"), &w), -EINVAL);
	w.stack = 0;
	assert_int_equal(profile_source_weight(set, text("{}"), &w), -EINVAL);
	profile_set_free(set);
}

static void a_total_of_nothing_has_no_shares(void **state)
{
	struct profile_set *set = profile_set_new("m", "{tick}", PROFILE_BY_NAME);
	const struct profile *p;
	struct profile_row f;

	fill(set, "a", 0, 0);
	p = finish(set);
	f = row(set, p, "M", "f");
	assert_true(f.self[0].mean == 0);
	assert_int_equal(f.self_share[0].n, 0);
	assert_true(isnan(f.self_share[0].mean));
	profile_set_free(set);
}

static void a_stack_of_a_million_frames_takes_no_million_squared_steps(void **state)
{
	enum {
		N = 1000000
	};
	struct profile_set *set = profile_set_new("m", "{tick}", PROFILE_BY_NAME);
	const struct profile *p;

	begin(set, "a", 0);
	for (uint32_t i = 1; i <= N; i++)
		stack(set, i, i - 1, i % 2 ? "f" : "g", "M");
	self(set, N, 5);
	end(set);
	p = finish(set);
	assert_int_equal(p->stacks[N].depth, N);
	assert_true(row(set, p, "M", "f").inclusive[0].mean == 5);
	profile_set_free(set);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(inclusive_values_are_those_of_the_tree),
		cmocka_unit_test(a_frame_within_itself_is_counted_once),
		cmocka_unit_test(frames_of_one_name_are_apart_where_source_lines_can_be_trusted),
		cmocka_unit_test(nodes_have_a_mean_and_a_range),
		cmocka_unit_test(sources_of_one_node_add_up),
		cmocka_unit_test(a_self_value_is_what_the_children_leave),
		cmocka_unit_test(values_at_times_are_averaged_over_the_times_of_the_source),
		cmocka_unit_test(attributes_are_profiles_of_their_own),
		cmocka_unit_test(sides_are_compared_by_names),
		cmocka_unit_test(stacks_come_below_their_parents_and_the_heavier_first),
		cmocka_unit_test(what_weighs_too_little_is_passed_over_with_all_below_it),
		cmocka_unit_test(ids_that_were_never_given_are_refused),
		cmocka_unit_test(a_total_of_nothing_has_no_shares),
		cmocka_unit_test(a_stack_of_a_million_frames_takes_no_million_squared_steps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
