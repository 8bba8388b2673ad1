/* SPDX-License-Identifier: Apache-2.0 */
/* The workbench's preparation of a run for analysis: ours, and the shell pipeline that it replaces, on the same run.
 *
 *     bench-locli [MIB_PER_NODE]     two nodes; 64 MiB each unless said
 */
#include "exports/locli_log.h"

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
};

/* What `wb analyse prepare` runs for each node, both at once: the filter, the frequencies, the checksum. */
static const char pipeline[] =
	"cd \"$0\" && for n in 0 1; do ("
	"cat node-$n/stdout | grep '^{' > analysis/sh-$n.flt.json & "
	"grep --no-filename '^{.*}$' node-$n/stdout | jq -n 'reduce inputs as $line ({}; ($line | (try .ns[0] // .ns) "
        "+ \":\" + "
	"(if .data | type != \"object\" then .data | type else (.data.kind // .data.val.kind) end)) as $key "
	"| (.[$key] // 0) as $acc | . + { \"\\($key)\": ($acc + 1) })' > analysis/sh-$n.tracefreq.json & "
	"cat node-$n/stdout | sha256sum > analysis/sh-$n.sha256 & wc -l < node-$n/stdout > analysis/sh-$n.lines & "
        "wait) & done; "
	"wait; grep -h 'TraceForgedBlock\\|DownloadedHeader' analysis/sh-*.flt.json | LC_ALL=C sort > "
        "analysis/sh-timeline.json";

static double run_pipeline(const char *folder)
{
	double start = sink_now();
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		execl("/bin/sh", "sh", "-c", pipeline, folder, (char *)NULL);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return -1;
	return sink_now() - start;
}

static uint64_t make_node(const char *folder, int node, uint64_t n_bytes, char *ret_path, size_t size)
{
	struct make_log how = { .seed = (uint64_t)node + 1, .start_s = 1764572400, .txs_per_slot = 8 };
	char host[16];
	FILE *f;
	uint64_t n_lines;

	(void)snprintf(host, sizeof(host), "node-%d", node);
	how.host = host;
	(void)snprintf(ret_path, size, "%s/node-%d", folder, node);
	(void)mkdir(ret_path, 0755);
	(void)snprintf(ret_path, size, "%s/node-%d/stdout", folder, node);
	f = fopen(ret_path, "wbe");
	if (!f)
		return 0;
	n_lines = make_log(&how, n_bytes, f);
	return fclose(f) == 0 ? n_lines : 0;
}

static double run_ours(const struct locli_log_config *config, struct locli_log_report *report)
{
	struct weir_error error = { "" };
	double start = sink_now();

	if (locli_log_write(config, report, &error) < 0) {
		fprintf(stderr, "%s\n", error.text);
		exit(1);
	}
	return sink_now() - start;
}

int main(int argc, char **argv)
{
	uint64_t n_bytes = (argc > 1 ? strtoull(argv[1], NULL, 10) : 64) << 20, n_lines = 0;
	char folder[] = "/tmp/weir-bench-XXXXXX", paths[N_NODES][256], remove[sizeof(folder) + 16];
	const char *files[N_NODES];
	struct locli_log_node nodes[N_NODES];
	struct locli_log_config config = { .nodes = nodes, .n_nodes = N_NODES, .now_ns = 1764572400000000000 };
	struct locli_log_report report;
	struct rusage usage;
	double two, one, shell;

	if (!mkdtemp(folder))
		return 1;
	for (int i = 0; i < N_NODES; i++) {
		static const char *const names[N_NODES] = { "node-0", "node-1" };

		n_lines += make_node(folder, i, n_bytes, paths[i], sizeof(paths[i]));
		files[i] = paths[i];
		nodes[i] = (struct locli_log_node){ names[i], &files[i], 1 };
	}
	config.folder = folder;
	two = run_ours(&config, &report);
	config.n_workers = 1;
	one = run_ours(&config, &report);
	(void)getrusage(RUSAGE_CHILDREN, &usage);
	shell = run_pipeline(folder);
	printf("preparation of a run: %d nodes, %.0f MB, %llu lines, %llu rows stored\n", N_NODES,
	       (double)report.n_bytes / 1e6, (unsigned long long)n_lines, (unsigned long long)report.n_stored);
	printf("  weir, two workers   %8.2f s  %6.0f MB/s, at most %ld MB of memory\n", two,
	       (double)report.n_bytes / two / 1e6, usage.ru_maxrss / 1024);
	printf("  weir, one worker    %8.2f s  two are %.2f times as fast\n", one, one / two);
	printf("  grep, jq, sha256sum %8.2f s  weir is %.0f times as fast, and makes the databases too\n", shell,
	       shell / two);
	(void)snprintf(remove, sizeof(remove), "rm -r %s", folder);
	return system(remove) != 0 || report.n_lines != n_lines;
}
