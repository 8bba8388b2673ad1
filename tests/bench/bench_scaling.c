/* SPDX-License-Identifier: Apache-2.0 */
/* Two workers beside one, for each kind of file and for the worst case, a collector that only emits numbers. A worker
 * and the host have a processor each as long as there are two, so where there are two two workers share them with the
 * host: what the processors' time allows then is said beside what the clock says, which depends on who else is at work.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/bench/filling.h"
#include "tests/bench/make_hp.h"
#include "tests/bench/make_log.h"
#include "tests/bench/make_prof.h"

enum {
	N_FILES = 8, /* the last one has a reader of its own, which one worker alone gains most by */
	N_ROUNDS = 3,
	FILE_BYTES = 64000000,
	POINT_BYTES = 16,
	PROF_STACKS = 400000,
};

struct kind {
	const char *name;
	const char *collector; /* its shared object */
	void (*write)(const struct folder *folder, const char *name);
};

static FILE *create(const struct folder *folder, const char *name)
{
	FILE *f = fopen(folder_path(folder, name), "we");

	if (!f)
		filling_die("cannot write a file");
	return f;
}

static void finish(FILE *f, int is_whole)
{
	if (fclose(f) != 0 || !is_whole)
		filling_die("cannot write a file");
}

static void write_points(const struct folder *folder, const char *name)
{
	filling_write_points(folder, name, FILE_BYTES / POINT_BYTES);
}

static void write_log(const struct folder *folder, const char *name)
{
	const struct make_log how = { .seed = 1, .start_s = 1764572400, .host = "node", .txs_per_slot = 8 };
	FILE *f = create(folder, name);

	finish(f, make_log(&how, FILE_BYTES, f) > 0);
}

static void write_prof(const struct folder *folder, const char *name)
{
	FILE *f = create(folder, name);

	finish(f, make_prof(1, PROF_STACKS, MAKE_PROF_COSTS, f) == 0);
}

static void write_hp(const struct folder *folder, const char *name)
{
	const struct make_hp how = { .seed = 1, .n_stacks = 400 };
	FILE *f = create(folder, name);

	finish(f, make_hp(&how, FILE_BYTES, f) > 0);
}

static void write_eventlog(const struct folder *folder, const char *name)
{
	char command[1024];

	(void)snprintf(command, sizeof(command), "'%s' '%s' %d >'%s'", MAKE_EVENTLOG, EVENTLOG, FILE_BYTES / 1000000,
	               folder_path(folder, name));
	if (system(command) != 0)
		filling_die("cannot make an eventlog");
}

static const struct kind kinds[] = {
	{ "numbers", POINTS_PATH, write_points },
	{ "log", WEIR_COLLECTOR_DIR "/node-trace.so", write_log },
	{ "prof", WEIR_COLLECTOR_DIR "/ghc-prof.so", write_prof },
	{ "hp", WEIR_COLLECTOR_DIR "/ghc-heap.so", write_hp },
	{ "eventlog", WEIR_COLLECTOR_DIR "/ghc-eventlog.so", write_eventlog },
};

/* The same bytes under as many names. The store knows them by their names. */
static double make_files(const struct folder *folder, const struct kind *k)
{
	char first[32], name[32];
	struct stat st;

	(void)snprintf(first, sizeof(first), "%s0", k->name);
	k->write(folder, first);
	for (uint32_t i = 1; i < N_FILES; i++) {
		(void)snprintf(name, sizeof(name), "%s%u", k->name, i);
		if (link(folder_path(folder, first), folder_path(folder, name)) < 0)
			filling_die("cannot link a file");
	}
	if (stat(folder_path(folder, first), &st) < 0)
		filling_die("cannot look at a file");
	return (double)st.st_size * N_FILES;
}

static double store_bytes(const struct folder *folder)
{
	struct stat st;

	return stat(folder_path(folder, "bench.weir"), &st) < 0 ? 0 : (double)st.st_size;
}

/* What two workers on two processors can be over one and the host on one each: all that is to be done, halved. */
static double allowed(const struct filling_cost *one, const struct filling_cost *two)
{
	double longer = one->workers > one->host ? one->workers : one->host;

	return 2 * longer / (two->workers + two->host);
}

static void report(const struct folder *folder, const struct kind *k, struct registry *registry)
{
	struct filling f = { .folder = folder, .kind = k->name, .n_files = N_FILES, .n_workers = 1 };
	double n_bytes = make_files(folder, k);
	struct filling_cost one, two;
	struct weir_error error;

	if (registry_add(registry, k->collector, &f.collector, &error) < 0)
		filling_die(error.text);
	one = filling_best(&f, N_ROUNDS);
	f.n_workers = 2;
	two = filling_best(&f, N_ROUNDS);
	printf("  %-10s%6.0f%9.0f%9.0f%9.2f%12.2f%12.2f%9.2f%11.0f%8.0f\n", k->name, n_bytes / 1e6,
	       n_bytes / one.clock / 1e6, n_bytes / two.clock / 1e6, one.clock / two.clock, two.workers / n_bytes * 1e9,
	       two.host / n_bytes * 1e9, allowed(&one, &two), 100 * two.host / (two.host + two.workers),
	       store_bytes(folder) / 1e6);
}

int main(int argc, char **argv)
{
	static const char *const no_folder[] = { NULL };
	struct registry_config config = { .folders = no_folder };
	struct folder folder = folder_new();
	struct registry *registry;
	struct weir_error error;

	if (registry_open(&config, &registry, &error) < 0)
		filling_die(error.text);
	printf("%d files of a kind into a new store, best of %d; ns: processor time a byte of input\n", N_FILES,
	       N_ROUNDS);
	printf("  %-10s%6s%9s%9s%9s%12s%12s%9s%11s%8s\n", "", "MB", "1: MB/s", "2: MB/s", "2 over 1", "workers ns",
	       "host ns", "allowed", "host's %", "store");
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (argc < 2 || strcmp(argv[1], kinds[i].name) == 0)
			report(&folder, &kinds[i], registry);
	registry_close(registry);
	folder_free(&folder);
	return 0;
}
