/* SPDX-License-Identifier: Apache-2.0 */
#include "exports/locli_io.h"

#include "analysis/grow.h"
#include "store/query.h"
#include "store/store.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <weir/fail.h>

enum {
	START_NS = 2000000000, /* counters that begin so long after the first one were there from the start */
};

static const struct {
	const char *metric, *direction; /* direction NULL: any series */
	double scale;                   /* from the metric's unit */
} fields[LOCLI_IO_FIELDS] = {
	[LOCLI_IO_NET_READ] = { "process.network.io", "receive", 1 },
	[LOCLI_IO_NET_WRITE] = { "process.network.io", "transmit", 1 },
	[LOCLI_IO_BLOCK_WAIT] = { "process.disk.wait", NULL, 1e-7 },
};

struct sample {
	int64_t time_ns;
	double value;
};

/* One counter: samples[first .. first + n). */
struct counter {
	size_t first, n;
};

struct field {
	struct sample *samples;
	struct counter *counters;
	size_t n_samples, n_counters;
	uint64_t n_sample_room, n_counter_room;
	int64_t first_ns, last_ns;
};

struct locli_io {
	struct field fields[LOCLI_IO_FIELDS];
	int has_read_times;
};

static int add_counter(struct field *f)
{
	struct counter *more = grow(f->counters, f->n_counters, &f->n_counter_room, sizeof(*more));

	if (!more)
		return -ENOMEM;
	f->counters = more;
	more[f->n_counters++] = (struct counter){ f->n_samples, 0 };
	return 0;
}

static int add_sample(struct field *f, int64_t time_ns, double value)
{
	struct sample *more = grow(f->samples, f->n_samples, &f->n_sample_room, sizeof(*more));

	if (!more)
		return -ENOMEM;
	f->samples = more;
	more[f->n_samples++] = (struct sample){ time_ns, value };
	f->counters[f->n_counters - 1].n++;
	if (f->n_samples == 1 || time_ns < f->first_ns)
		f->first_ns = time_ns;
	if (f->n_samples == 1 || time_ns > f->last_ns)
		f->last_ns = time_ns;
	return 0;
}

/* A new counter where the text in the first column is another than before. */
static int enter_counter(struct field *f, sqlite3_stmt *q, char **name)
{
	const char *of = (const char *)sqlite3_column_text(q, 0);

	if (*name && strcmp(*name, of ? of : "") == 0)
		return 0;
	free(*name);
	*name = strdup(of ? of : "");
	return *name ? add_counter(f) : -ENOMEM;
}

static int end_load(sqlite3_stmt *q, char *name, const char *node, int r, int step, struct weir_error *reterr)
{
	free(name);
	(void)sqlite3_finalize(q);
	if (r == -ENOMEM)
		return weir_fail(reterr, r, "locli: %s: no memory", node);
	return r < 0 ? r : step;
}

/* Histograms of intervals, added up: a counter that is 0 where the first one begins. */
static int load_read_times(struct store *s, const char *run, const char *node, struct field *f,
                           struct weir_error *reterr)
{
	static const char sql[] = "WITH all_of AS (SELECT collector, metric, attrs, t_ns, dur_ns, sum FROM histograms "
				  "WHERE run = ?1 AND node = ?2"
				  " AND metric IN ('process.disk.latency', 'process.disk.queue_time')"
				  " AND json_extract(attrs, '$.direction') = 'read') SELECT metric || attrs, t_ns, "
				  "dur_ns, sum FROM all_of"
				  " WHERE collector = (SELECT collector FROM all_of GROUP BY collector ORDER BY "
				  "count(*) DESC, collector LIMIT 1)"
				  " ORDER BY 1, 2";
	char *name = NULL;
	double sum = 0;
	sqlite3_stmt *q;
	int r = query_prepare(s, sql, &q, reterr), step = 0;

	if (r < 0)
		return r;
	(void)sqlite3_bind_text(q, 1, run, -1, SQLITE_STATIC);
	(void)sqlite3_bind_text(q, 2, node, -1, SQLITE_STATIC);
	while (r == 0 && (step = query_step(s, q, reterr)) > 0) {
		size_t n_counters = f->n_counters;
		int64_t start_ns = sqlite3_column_int64(q, 1);

		r = enter_counter(f, q, &name);
		if (f->n_counters > n_counters)
			sum = 0;
		/* Between two intervals nothing was read. */
		if (r == 0)
			r = add_sample(f, start_ns, sum);
		sum += sqlite3_column_double(q, 3) * fields[LOCLI_IO_BLOCK_WAIT].scale;
		if (r == 0)
			r = add_sample(f, start_ns + sqlite3_column_int64(q, 2), sum);
	}
	return end_load(q, name, node, r, step, reterr);
}

static int load_field(struct store *s, const char *run, const char *node, int i, struct field *f,
                      struct weir_error *reterr)
{
	static const char sql[] =
		"WITH all_of AS (SELECT collector, attrs, t_ns, value FROM numbers WHERE run = ?1 AND node = ?2"
		" AND metric = ?3 AND collector <> 'node-trace' AND (?4 IS NULL OR json_extract(attrs, '$.direction') "
		"= ?4))"
		" SELECT attrs, t_ns, value FROM all_of WHERE collector = (SELECT collector FROM all_of GROUP BY "
		"collector"
		" ORDER BY count(*) DESC, collector LIMIT 1) ORDER BY attrs, t_ns";
	const char *const texts[] = { run, node, fields[i].metric, fields[i].direction };
	char *name = NULL;
	sqlite3_stmt *q;
	int r = query_prepare(s, sql, &q, reterr), step = 0;

	if (r < 0)
		return r;
	for (int k = 0; k < 4; k++)
		(void)sqlite3_bind_text(q, k + 1, texts[k], -1, SQLITE_STATIC);
	while (r == 0 && (step = query_step(s, q, reterr)) > 0) {
		r = enter_counter(f, q, &name);
		if (r == 0)
			r = add_sample(f, sqlite3_column_int64(q, 1), sqlite3_column_double(q, 2) * fields[i].scale);
	}
	return end_load(q, name, node, r, step, reterr);
}

int locli_io_load(struct store *s, const char *run, const char *node, struct locli_io **ret, struct weir_error *reterr)
{
	struct locli_io *io = calloc(1, sizeof(*io));
	int r = io ? 0 : weir_fail(reterr, -ENOMEM, "locli: %s: no memory", node), has_any = 0;

	*ret = NULL;
	for (int i = 0; i < LOCLI_IO_FIELDS && r == 0; i++) {
		r = load_field(s, run, node, i, &io->fields[i], reterr);
		if (r == 0 && i == LOCLI_IO_BLOCK_WAIT && !io->fields[i].n_samples) {
			r = load_read_times(s, run, node, &io->fields[i], reterr);
			io->has_read_times = io->fields[i].n_samples > 0;
		}
		has_any |= io->fields[i].n_samples > 0;
	}
	if (r < 0 || !has_any) {
		locli_io_free(io);
		return r;
	}
	*ret = io;
	return 0;
}

void locli_io_free(struct locli_io *io)
{
	for (int i = 0; io && i < LOCLI_IO_FIELDS; i++) {
		free(io->fields[i].samples);
		free(io->fields[i].counters);
	}
	free(io);
}

int locli_io_has_read_times(const struct locli_io *io)
{
	return io && io->has_read_times;
}

int locli_io_has(const struct locli_io *io, int field)
{
	return io && io->fields[field].n_samples > 0;
}

int locli_io_covers(const struct locli_io *io, int field, int64_t time_ns)
{
	return locli_io_has(io, field) && time_ns >= io->fields[field].first_ns && time_ns <= io->fields[field].last_ns;
}

/* How many of the samples are not after that time. */
static size_t n_until(const struct sample *samples, size_t n, int64_t time_ns)
{
	size_t low = 0, high = n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (samples[middle].time_ns <= time_ns)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static double counter_at(const struct field *f, const struct counter *c, int64_t time_ns)
{
	const struct sample *samples = f->samples + c->first;
	size_t n = n_until(samples, c->n, time_ns);
	double part;

	/* What was counted before anybody looked is no traffic of the first moment; a counter that appears later, with
	 * a new connection or process, began at 0. */
	if (n == 0)
		return samples[0].time_ns - f->first_ns <= START_NS ? samples[0].value : 0;
	if (n == c->n)
		return samples[n - 1].value;
	part = (double)(time_ns - samples[n - 1].time_ns) / (double)(samples[n].time_ns - samples[n - 1].time_ns);
	return samples[n - 1].value + part * (samples[n].value - samples[n - 1].value);
}

uint64_t locli_io_at(const struct locli_io *io, int field, int64_t time_ns)
{
	const struct field *f = &io->fields[field];
	double sum = 0;

	for (size_t i = 0; i < f->n_counters; i++)
		sum += counter_at(f, &f->counters[i], time_ns);
	return sum > 0 && sum < 9e18 ? (uint64_t)sum : 0;
}
