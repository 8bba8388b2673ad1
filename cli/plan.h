/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_PLAN_H
#define CLI_PLAN_H

/* What an ingest will do: which runs there are behind the paths, and which file is whose. Nothing is written here. */

#include "plugins/registry.h"
#include "runs/run.h"

enum {
	PLAN_COMPANIONS_MAX = 16,
};

struct plan_run {
	struct run *run;
	int is_whole; /* all of a directory, and not only some files of it */
};

/* A file that is somebody's. */
struct plan_job {
	const struct registry_collector *collector;
	char *file;                            /* to open */
	char *companions[PLAN_COMPANIONS_MAX]; /* to open; NULL where there is none */
	char *before;                          /* of a log: the last lines of the file before it; NULL: none */
	uint32_t run, source;                  /* runs[run].run->files[source] */
	uint32_t node;
};

/* A file that is nobody's, or cannot be read. */
struct plan_orphan {
	const char *why;
	uint32_t run, source;
	int is_loss;
};

struct plan {
	struct plan_run *runs;
	struct plan_job *jobs;
	struct plan_orphan *orphans;
	uint32_t n_runs, n_jobs, n_orphans;
	uint64_t n_job_room, n_orphan_room;
};

struct plan_config {
	const char *const *paths;
	uint32_t n_paths;
	const char *tag, *node; /* NULL: as found */
};

/* Opens the runs. < 0: a sentence in reterr. */
int plan_open(const struct plan_config *config, struct plan *ret, struct weir_error *reterr);
/* Asks the registry whose each file is. */
int plan_claim(struct plan *plan, struct registry *registry, struct weir_error *reterr);
/* Forgets all jobs but those of this collector. */
void plan_keep(struct plan *plan, const char *collector);
/* The path of a job's file, as the store calls it. */
const char *plan_path(const struct plan *plan, uint32_t job);

void plan_done(struct plan *plan);

#endif
