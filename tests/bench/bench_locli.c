/* SPDX-License-Identifier: Apache-2.0 */
/* The preparation of a run for locli: `weir ingest --locli`, which also reads everything into a store, `--locli-only`,
 * which doesn't, and the shell that they replace, on the same run; then whether each says the same. Processor time
 * stands beside time, for busy machines. The shell takes minutes, in which a machine may become half as fast: what is
 * set against it, `--locli-only`, runs before, amid and after it.
 *
 *     bench-locli [MIB_PER_NODE]     two nodes; 32 MiB each unless said
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bench/make_log.h"
#include "tests/bench/sink.h"

enum {
	N_NODES = 2,
	N_ROUNDS = 3, /* of weir's runs, which are short; the best one counts */
	N_AMONG = 3,
};

struct cost {
	double s, cpu_s;
	long memory_mb; /* of the largest process */
};

static double cpu_s(const struct rusage *u)
{
	return (double)(u->ru_utime.tv_sec + u->ru_stime.tv_sec) +
	       (double)(u->ru_utime.tv_usec + u->ru_stime.tv_usec) / 1e6;
}

/* Runs it in the folder, without a word; fails the benchmark when it fails. */
static struct cost run(const char *folder, const char *const *argv)
{
	struct rusage used;
	double start = sink_now();
	pid_t pid;
	int status;

	(void)fflush(stdout);
	pid = fork();
	if (pid == 0) {
		if (chdir(folder) == 0 && freopen("/dev/null", "w", stdout))
			execvp(argv[0], (char *const *)(uintptr_t)argv);
		_exit(127);
	}
	if (pid < 0 || wait4(pid, &status, 0, &used) < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
		fprintf(stderr, "%s %s: failed\n", argv[0], argv[1]);
		exit(1);
	}
	/* With what its own children used. */
	return (struct cost){ sink_now() - start, cpu_s(&used), used.ru_maxrss / 1024 };
}

static uint64_t make_node(const char *folder, int node, uint64_t n_bytes)
{
	struct make_log how = { .seed = (uint64_t)node + 1, .start_s = 1764572400, .txs_per_slot = 8 };
	char host[16], path[256];
	uint64_t n_lines;
	FILE *f;

	(void)snprintf(host, sizeof(host), "node-%d", node);
	how.host = host;
	(void)snprintf(path, sizeof(path), "%s/run/%s", folder, host);
	(void)mkdir(path, 0755);
	(void)snprintf(path, sizeof(path), "%s/run/%s/stdout", folder, host);
	f = fopen(path, "wbe");
	if (!f)
		return 0;
	n_lines = make_log(&how, n_bytes, f);
	return fclose(f) == 0 ? n_lines : 0;
}

enum what {
	STORE_AND_FILES,
	FILES, /* the store is there */
	FILES_ONLY,
};

/* n_cores: 1 or 2, with as many workers. */
static struct cost run_weir(const char *folder, int n_cores, enum what what)
{
	const char *const clean[] = { "rm", "-rf", "run/analysis", what == STORE_AND_FILES ? "s.weir" : NULL, NULL };
	const char *const ingest[] = { "taskset",
		                       "-c",
		                       n_cores == 1 ? "0" : "0,1",
		                       WEIR,
		                       "ingest",
		                       "run",
		                       "-q",
		                       "-j",
		                       n_cores == 1 ? "1" : "2",
		                       what == FILES_ONLY ? "--locli-only" : "--locli",
		                       what == FILES_ONLY ? NULL : "-o",
		                       "s.weir",
		                       NULL };
	struct cost best = { .s = 0 };

	for (int round = 0; round < N_ROUNDS; round++) {
		struct cost c;

		(void)run(folder, clean);
		c = run(folder, ingest);
		if (!round || c.s < best.s)
			best = c;
	}
	return best;
}

static struct cost run_shell(const char *folder, const char *what)
{
	return run(folder, (const char *const[]){ PREPARE, what, "run", NULL });
}

static struct cost mean(const struct cost *of)
{
	struct cost sum = { .s = 0 };

	for (int i = 0; i < N_AMONG; i++) {
		sum.s += of[i].s / N_AMONG;
		sum.cpu_s += of[i].cpu_s / N_AMONG;
		sum.memory_mb = of[i].memory_mb > sum.memory_mb ? of[i].memory_mb : sum.memory_mb;
	}
	return sum;
}

static void print(const char *what, const struct cost *c, double n_bytes)
{
	printf("  %-36s %8.2f s  %8.2f s of processors  %7.1f MB/s\n", what, c->s, c->cpu_s, n_bytes / c->s / 1e6);
}

static void print_ratio(const char *what, const struct cost *shell, const struct cost *weir)
{
	printf("  %-36s %8.0f times the time, %.0f times the processors' time\n", what, shell->s / weir->s,
	       shell->cpu_s / weir->cpu_s);
}

int main(int argc, char **argv)
{
	uint64_t n_bytes = (argc > 1 ? strtoull(argv[1], NULL, 10) : 32) << 20, n_lines = 0;
	char folder[] = "/tmp/weir-bench-XXXXXX", path[sizeof(folder) + 16];
	double all = (double)n_bytes * N_NODES;
	struct cost one, two, again, only[N_AMONG], amid, only_one, files, databases, both, least[3];
	static const char *const floor[3] = { "sums", "copy", "lines" };

	if (!mkdtemp(folder))
		return 1;
	(void)snprintf(path, sizeof(path), "%s/run", folder);
	(void)mkdir(path, 0755);
	for (int i = 0; i < N_NODES; i++)
		n_lines += make_node(folder, i, n_bytes);
	two = run_weir(folder, 2, STORE_AND_FILES);
	again = run_weir(folder, 2, FILES);
	only_one = run_weir(folder, 1, FILES_ONLY);
	(void)run_shell(folder, "build");
	only[0] = run_weir(folder, 2, FILES_ONLY);
	files = run_shell(folder, "files");
	only[1] = run_weir(folder, 2, FILES_ONLY);
	databases = run_shell(folder, "databases");
	only[2] = run_weir(folder, 2, FILES_ONLY);
	amid = mean(only);
	both = (struct cost){ files.s + databases.s, files.cpu_s + databases.cpu_s, 0 };
	(void)run_shell(folder, "check");
	one = run_weir(folder, 1, STORE_AND_FILES);
	(void)run_shell(folder, "check");
	for (int i = 0; i < 3; i++)
		least[i] = run_shell(folder, floor[i]);
	printf("preparation of a run: %d nodes, %.0f MB, %llu lines; both say the same\n", N_NODES, all / 1e6,
	       (unsigned long long)n_lines);
	print("weir ingest --locli, two cores", &two, all);
	print("weir ingest --locli, one core", &one, all);
	print("weir ingest --locli, store is there", &again, all);
	for (int i = 0; i < N_AMONG; i++)
		print("weir ingest --locli-only, two cores", &only[i], all);
	print("weir ingest --locli-only, one core", &only_one, all);
	print("shell: files (grep, jq, sha256sum)", &files, all);
	print("shell: databases (aeson, SQLite)", &databases, all);
	print("sha256sum alone", &least[0], all);
	print("cp alone", &least[1], all);
	print("wc -l alone", &least[2], all);
	print_ratio("files alone against all of weir's", &files, &two);
	print_ratio("files and databases against weir", &both, &two);
	print_ratio("the same, store is there", &both, &again);
	print_ratio("the same, mean of --locli-only", &both, &amid);
	printf("  two cores are %.2f times one, %.2f of --locli-only; at most %ld MB of memory a process\n",
	       one.s / two.s, only_one.s / only[0].s, two.memory_mb > amid.memory_mb ? two.memory_mb : amid.memory_mb);
	return run("/tmp", (const char *const[]){ "rm", "-r", folder, NULL }).s < 0;
}
