/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EXPORTS_LOCLI_PLACE_H
#define EXPORTS_LOCLI_PLACE_H

/* What the files in a run's analysis folder are called, and how dates are written there. */

#include <stddef.h>
#include <stdint.h>
#include <weir/host.h>

enum {
	LOCLI_DATE_MAX = 32,
};

/* `run/analysis`, which is made when it isn't there. A link to it is followed within the run only: else whoever wrote
 * the run would say where files are written over. < 0: with a sentence. */
int locli_folder(char *ret, size_t size, const char *run, struct weir_error *reterr);

/* `folder/logs-NODE<suffix>`. A node's name can hold a slash (`workloads/x`), a file's cannot: it becomes a dash.
 * -ENAMETOOLONG. */
int locli_path(char *ret, size_t size, const char *folder, const char *node, const char *suffix,
               struct weir_error *reterr);

/* `2026-11-21T12:00:00Z`; a time that has no date is 1970. */
void locli_date(char ret[LOCLI_DATE_MAX], int64_t time_ns);

#endif
