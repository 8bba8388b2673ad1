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
	int is_true_io;
	char metric[METRIC_NAME_MAX]; /* its whole name, once it was looked for */
};

/* Stacks of the metric that was chosen, of each node. < 0: failed, and it was said. */
int export_folded(struct store *s, struct export_request *r, FILE *file);
int export_speedscope(struct store *s, struct export_request *r, FILE *file);

/* The time, or what SOURCE_DATE_EPOCH says it is (https://reproducible-builds.org/specs/source-date-epoch/). */
int64_t export_now(void);

/* What locli reads of a run's profiles: taken out of the store, then written into folder/analysis, which is said. Exit
 * codes; no profiles at all are NULL.
 */
struct export_profiles;
int export_locli_load(const char *verb, struct store *s, const char *run, struct export_profiles **ret);
int export_locli_write(const char *verb, const struct export_profiles *p, const char *folder, int is_quiet);
void export_locli_free(struct export_profiles *p); /* NULL is fine */

/* Both at once. */
int export_locli(const char *verb, struct store *s, const char *run, const char *folder, int is_quiet);

/* --true-io: the same, and what locli reads of the run's logs, whose folder this has to be, with what the store
 * measured filled in. Logs that are not as the store has read them are refused: then nothing is made of any of them.
 */
int export_true_io(struct store *s, const struct export_request *r, const char *run, const char *folder);

#endif
