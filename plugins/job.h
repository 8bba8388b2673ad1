/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGINS_JOB_H
#define PLUGINS_JOB_H

/* A session's own copy of what is to be read, and what is known of it before. Private to the session. */

#include "plugins/session.h"

struct job {
	struct session_job of; /* every pointer is the job's own, but the collector */
	uint64_t size_bytes;   /* when it was added; 0: it can't be read */
};

/* -EINVAL: options that the collector hasn't, or that don't fit. */
int job_new(const struct session_job *from, struct job **ret, struct weir_error *reterr);
void job_free(struct job *j); /* NULL is fine */

/* What makes a reading the same, beside the file itself: the options as given, and a digest of context and companions
 * (files of this size and time; NULL where there is none). Canonical JSON, to be freed; NULL: no memory. */
struct stat;
char *job_options_json(const struct job *j, const struct stat *companions);

#endif
