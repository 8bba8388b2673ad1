/* SPDX-License-Identifier: Apache-2.0 */
/* write-locli RUN_DIR NODE FILE... [-- NODE FILE...]: writes the analysis files of these nodes' logs, and says what it
 * did. */
#include "exports/locli_log.h"

#include <stdio.h>
#include <string.h>

enum {
	NODES_MAX = 64,
};

int main(int argc, char **argv)
{
	struct locli_log_node nodes[NODES_MAX] = { 0 };
	struct locli_log_config config = { .nodes = nodes, .now_ns = 1764572400000000000 };
	struct locli_log_report report;
	struct weir_error error = { "" };
	int r;

	if (argc < 4)
		return 2;
	config.folder = argv[1];
	for (int i = 2; i < argc && config.n_nodes < NODES_MAX; config.n_nodes++) {
		struct locli_log_node *node = &nodes[config.n_nodes];

		node->name = argv[i++];
		node->files = (const char *const *)argv + i;
		for (; i < argc && strcmp(argv[i], "--"); i++)
			node->n_files++;
		i++;
	}
	r = locli_log_write(&config, &report, &error);
	printf("%llu bytes, %llu lines: %llu stored, %llu counted, %llu errors\n", (unsigned long long)report.n_bytes,
	       (unsigned long long)report.n_lines, (unsigned long long)report.n_stored,
	       (unsigned long long)report.n_counted, (unsigned long long)report.n_errors);
	if (r < 0)
		fprintf(stderr, "%s\n", error.text);
	return r < 0;
}
