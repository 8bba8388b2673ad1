/* SPDX-License-Identifier: Apache-2.0 */
/* Kills a writer at random moments, again and again, and looks whether what comes out in the end is what comes out
 * undisturbed. */
#include "store/query.h"
#include "tests/store/made.h"
#include "tests/store/made_source.h"
#include "tests/store/place.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum {
	KILLS = 60,
	KILLS_A_STORE = 4, /* at most */
	SOURCES = 6,
};

static int64_t now_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

/* What the killed process does. The first reading of source 0 is replaced by a second one. */
static int work(const char *path)
{
	static const char *const paths[SOURCES] = { "a", "b", "c", "d", "e", "a" };
	struct weir_error error = { "" };
	struct store *s;
	int64_t run, node, collector;
	int r = store_open(path, STORE_CREATE, &s, &error);

	if (r < 0)
		return r;
	r = store_run(s, "run", &run, &error) | store_node(s, run, "node", &node, &error) |
	    made_collector(s, "made", &collector, &error) |
	    store_fact(s, run, node, "era", (struct weir_text){ "x", 1 }, &error);
	for (uint32_t i = 0; i < SOURCES && r >= 0; i++)
		r = made_ingest(s, &(struct made_source){ run, node, collector, paths[i], i, 200 + i * 300, i % 2 },
		                &error);
	store_close(s);
	if (r < 0)
		fprintf(stderr, "%s\n", error.text);
	return r;
}

/* Runs work() in a child; kill_after_ns < 0: lets it finish. 1: it was killed. */
static int run_child(const char *path, int64_t kill_after_ns)
{
	struct timespec wait = { kill_after_ns / 1000000000, kill_after_ns % 1000000000 };
	pid_t child = fork();
	int status;

	if (child == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		_exit(work(path) < 0 ? 1 : 0);
	}
	assert_true(child > 0);
	if (kill_after_ns >= 0) {
		(void)nanosleep(&wait, NULL);
		(void)kill(child, SIGKILL);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	if (WIFSIGNALED(status))
		return 1;
	assert_int_equal(WEXITSTATUS(status), 0);
	return 0;
}

/* Everything but which of two readings of the same file came first: ids are not in the views. */
static uint32_t digest(const struct place *p)
{
	struct store *s = place_open(p, STORE_READ);
	uint32_t crc = place_digest(s, 0);

	assert_string_equal(place_ask_text(s, "SELECT * FROM pragma_integrity_check"), "ok");
	assert_int_equal(place_ask(s, "SELECT count(*) FROM pragma_foreign_key_check"), 0);
	assert_int_equal(place_ask(s, "SELECT count(*) FROM main.source WHERE status IS NULL"), 0);
	store_close(s);
	assert_int_equal(place_count(p), 1);
	return crc;
}

static void a_killed_ingest_run_again_gives_what_an_undisturbed_one_gives(void **state)
{
	struct made_random random = { (uint64_t)now_ns() | 1 };
	struct place p;
	uint32_t undisturbed, n_killed = 0, n_half = 0;
	int64_t before = now_ns(), duration_ns;

	printf("seed %llu\n", (unsigned long long)random.state);
	place_init(&p);
	assert_int_equal(run_child(p.store, -1), 0);
	duration_ns = now_ns() - before;
	undisturbed = digest(&p);
	place_done(&p);
	while (n_killed < KILLS) {
		place_init(&p);
		for (int i = 0; i < KILLS_A_STORE; i++)
			n_killed += (uint32_t)run_child(p.store, (int64_t)made_below(&random, (uint64_t)duration_ns));
		n_half += place_count(&p) > 1;
		assert_int_equal(run_child(p.store, -1), 0);
		assert_int_equal(digest(&p), undisturbed);
		place_done(&p);
	}
	printf("%u kills, %u stores left with a log\n", n_killed, n_half);
	assert_true(n_half > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_killed_ingest_run_again_gives_what_an_undisturbed_one_gives),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
