/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/filling.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "plugins/session.h"
#include "tests/bench/sink.h"

void filling_die(const char *what)
{
	fprintf(stderr, "bench: %s\n", what);
	exit(1);
}

static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

void filling_write_points(const struct folder *folder, const char *name, uint64_t n)
{
	FILE *f = fopen(folder_path(folder, name), "we");
	uint64_t seed = 88172645463325252u;
	int64_t record[2] = { 1764572400000000000, 1 << 20 };

	for (uint64_t i = 0; i < n && f; i++) {
		record[0] += 1000000 + (int64_t)(next_random(&seed) % 1000);
		record[1] += (int64_t)(next_random(&seed) % 4096) - 2048;
		if (fwrite(record, sizeof(record), 1, f) != 1)
			filling_die("cannot write points");
	}
	if (!f || fclose(f) != 0)
		filling_die("cannot write points");
}

static struct filling_cost now(void)
{
	struct rusage u[2];

	(void)getrusage(RUSAGE_SELF, &u[0]);
	(void)getrusage(RUSAGE_CHILDREN, &u[1]);
	return (struct filling_cost){ sink_now(),
		                      (double)(u[0].ru_utime.tv_sec + u[0].ru_stime.tv_sec) +
		                              (double)(u[0].ru_utime.tv_usec + u[0].ru_stime.tv_usec) / 1e6,
		                      (double)(u[1].ru_utime.tv_sec + u[1].ru_stime.tv_sec) +
		                              (double)(u[1].ru_utime.tv_usec + u[1].ru_stime.tv_usec) / 1e6 };
}

static void add_files(const struct filling *f, struct session *s, int64_t run, int64_t node)
{
	struct weir_error error;
	char name[32];

	for (uint32_t i = 0; i < f->n_files; i++) {
		struct session_job job = { .collector = f->collector, .run = run, .node = node, .path = name };

		(void)snprintf(name, sizeof(name), "%s%u", f->kind, i);
		job.file = folder_path(f->folder, name);
		if (session_add(s, &job, NULL, &error) < 0)
			filling_die(error.text);
	}
}

struct filling_cost filling_run(const struct filling *f)
{
	struct session_config config = { .n_workers = f->n_workers, .is_in_process = f->is_in_process };
	struct filling_cost before, after;
	struct session_totals totals;
	struct weir_error error;
	struct session *s;
	int64_t run, node;

	(void)unlink(folder_path(f->folder, "bench.weir"));
	if (store_open(folder_path(f->folder, "bench.weir"), STORE_CREATE, &config.store, &error) < 0 ||
	    store_run(config.store, "run", &run, &error) < 0 ||
	    store_node(config.store, run, "node", &node, &error) < 0 || session_new(&config, &s, &error) < 0)
		filling_die(error.text);
	add_files(f, s, run, node);
	before = now();
	if (session_run(s, &totals, &error) < 0)
		filling_die(error.text);
	if (totals.n_failed > 0)
		filling_die("a source is not whole");
	session_free(s);
	store_close(config.store);
	after = now();
	return (struct filling_cost){ after.clock - before.clock, after.host - before.host,
		                      after.workers - before.workers };
}

static void keep_less(double *best, double value)
{
	if (value < *best)
		*best = value;
}

struct filling_cost filling_best(const struct filling *f, uint32_t n_rounds)
{
	struct filling_cost best = filling_run(f), cost;

	while (--n_rounds > 0) {
		cost = filling_run(f);
		keep_less(&best.clock, cost.clock);
		keep_less(&best.host, cost.host);
		keep_less(&best.workers, cost.workers);
	}
	return best;
}
