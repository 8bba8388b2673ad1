/* SPDX-License-Identifier: Apache-2.0 */
/* Heap profiles: the parser alone, the collector against the host's checks, and all the way into a store, beside a scan
 * for line ends and hp2ps where it is installed. */
#include "parsers/hp.h"

#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "plugins/session.h"
#include "tests/bench/make_hp.h"
#include "tests/bench/sink.h"
#include "tests/support/folder.h"

enum {
	N_BYTES = 128 << 20,
	N_BYTES_PEER = 8 << 20,
	N_STACKS = 400,
	N_ROUNDS = 3,
};

extern char **environ;

__attribute__((noreturn)) static void die(const char *what)
{
	fprintf(stderr, "bench-hp: %s\n", what);
	exit(1);
}

static char *make(uint64_t n_bytes, size_t *ret_n, uint64_t *ret_bands)
{
	const struct make_hp how = { 1, N_STACKS };
	char *text;
	FILE *f = open_memstream(&text, ret_n);

	if (!f)
		die("no memory");
	*ret_bands = make_hp(&how, n_bytes, f);
	if (fclose(f) != 0)
		die("no memory");
	return text;
}

static double scan(const char *at, size_t n)
{
	double start = sink_now();
	volatile uint64_t n_lines = 0;

	for (const char *end = at + n; at < end && (at = memchr(at, '\n', (size_t)(end - at))); at++)
		n_lines++;
	return sink_now() - start;
}

static double parse(const char *at, size_t n, uint64_t n_bands)
{
	double start = sink_now();
	struct hp_parser p = { 0 };
	struct hp_record record;
	struct parse_fault fault;
	size_t n_used, n_done = 0;

	while (hp_next(&p, at + n_done, n - n_done, 1, &record, &n_used, &fault) != PARSE_END) {
		n_done += n_used;
		n_bands -= record.what == HP_BAND;
	}
	if (n_bands)
		die("the parser lost bands");
	return sink_now() - start;
}

static double collect(const char *at, size_t n, uint64_t n_bands)
{
	double start = sink_now();
	struct sink_counts counts = sink_run("ghc-heap", (const uint8_t *)at, n, NULL, 0);

	if (counts.n_rows != n_bands)
		die("the collector lost bands");
	return sink_now() - start;
}

static const struct registry_collector *open_collector(struct registry **ret)
{
	static const char *const folders[] = { WEIR_COLLECTOR_DIR, NULL };
	const struct registry_config config = { .folders = folders };
	struct weir_error error = { "" };
	const struct registry_collector *c = NULL;

	if (registry_open(&config, ret, &error) < 0)
		die(error.text);
	c = registry_find(*ret, "ghc-heap");
	if (!c)
		die("ghc-heap: the collector isn't there");
	return c;
}

/* One worker, the profile looked at twice as it always is. */
static double ingest(const struct registry_collector *c, const struct folder *folder, uint64_t *ret_store_bytes)
{
	struct session_config config = { .n_workers = 1 };
	struct session_totals totals;
	struct weir_error error = { "" };
	struct session *s;
	char file[512], store[512];
	const char *companions[] = { NULL, file };
	struct session_job job = { .collector = c, .file = file, .path = "bench.hp", .companions = companions };
	double start;

	(void)snprintf(file, sizeof(file), "%s/bench.hp", folder->path);
	(void)snprintf(store, sizeof(store), "%s/bench.weir", folder->path);
	(void)unlink(store);
	if (store_open(store, STORE_CREATE, &config.store, &error) < 0 ||
	    store_run(config.store, "run", &job.run, &error) < 0 ||
	    store_node(config.store, job.run, "node", &job.node, &error) < 0 || session_new(&config, &s, &error) < 0 ||
	    session_add(s, &job, NULL, &error) < 0)
		die(error.text);
	start = sink_now();
	if (session_run(s, &totals, &error) < 0)
		die(error.text);
	start = sink_now() - start;
	if (totals.n_ok != 1)
		die("the source is not whole");
	session_free(s);
	store_close(config.store);
	{
		FILE *f = fopen(store, "rbe");

		if (!f || fseek(f, 0, SEEK_END) != 0)
			die("no store");
		*ret_store_bytes = (uint64_t)ftell(f);
		(void)fclose(f);
	}
	return start;
}

/* Seconds of hp2ps for the file, or 0 when it isn't there. */
static double peer(const struct folder *folder)
{
	char hp2ps[] = "hp2ps", colour[] = "-c", file[] = "peer.hp", *argv[] = { hp2ps, colour, file, NULL };
	double start = sink_now();
	int status = 0;
	pid_t pid;

	if (chdir(folder->path) < 0 || posix_spawnp(&pid, hp2ps, NULL, NULL, argv, environ) != 0)
		return 0;
	if (waitpid(pid, &status, 0) < 0 || status)
		return 0;
	return sink_now() - start;
}

static void say(const char *what, size_t n, double seconds, double than)
{
	printf("  %-20s%8.0f MB/s  %6.2f times the scan\n", what, (double)n / seconds / 1e6, seconds / than);
}

int main(void)
{
	double best[4] = { 1e9, 1e9, 1e9, 1e9 }, seconds;
	uint64_t n_bands, n_bands_peer, n_store_bytes = 0;
	size_t n, n_peer;
	char *text = make(N_BYTES, &n, &n_bands), *text_peer = make(N_BYTES_PEER, &n_peer, &n_bands_peer);
	struct folder folder = folder_new();
	struct registry *registry;
	const struct registry_collector *c = open_collector(&registry);

	folder_write_bytes(&folder, "bench.hp", text, n);
	folder_write_bytes(&folder, "peer.hp", text_peer, n_peer);
	for (int round = 0; round < N_ROUNDS; round++) {
		const double took[4] = { scan(text, n), parse(text, n, n_bands), collect(text, n, n_bands),
			                 ingest(c, &folder, &n_store_bytes) };

		for (int i = 0; i < 4; i++)
			best[i] = took[i] < best[i] ? took[i] : best[i];
	}
	printf("heap profile: %.0f MB, %llu bands of %d stacks, best of %d\n", (double)n / 1e6,
	       (unsigned long long)n_bands, N_STACKS, N_ROUNDS);
	printf("  %-20s%8.0f MB/s\n", "scan for line ends", (double)n / best[0] / 1e6);
	say("records parsed", n, best[1], best[0]);
	say("into observations", n, best[2], best[0]);
	say("into a store", n, best[3], best[0]);
	printf("  in the store        %8.2f bytes a band\n", (double)n_store_bytes / (double)n_bands);
	seconds = peer(&folder);
	if (seconds > 0)
		printf("  hp2ps -c, %2.0f MB     %8.1f MB/s  into a store is %.0f times as fast\n",
		       (double)n_peer / 1e6, (double)n_peer / seconds / 1e6,
		       (double)n / best[3] / ((double)n_peer / seconds));
	registry_close(registry);
	folder_free(&folder);
	free(text);
	free(text_peer);
	return 0;
}
