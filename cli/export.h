/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_EXPORT_H
#define CLI_EXPORT_H

#include "cli/metric.h"

#include <stdio.h>

struct store;

/* As it was given: NULL, and PROFILE_ALL, is what wasn't. */
struct export_request {
	struct profile_choice choice;
	const char *format, *output, *store_path;
	char metric[METRIC_NAME_MAX]; /* its whole name, once it was looked for */
};

/* Stacks of the metric that was chosen, of each node. < 0: failed, and it was said. */
int export_folded(struct store *s, struct export_request *r, FILE *file);
int export_speedscope(struct store *s, struct export_request *r, FILE *file);

/* Writes what locli reads of a run into folder/analysis, and says what was written. An exit code. */
int export_locli(const char *verb, struct store *s, const char *run, const char *folder, int is_quiet);

#endif
