/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

/* How far an ingest is, on stderr: one line that is written over on a terminal, else a line every few seconds. Both are
 * gone or ended before anything else is said. */

#include "plugins/session.h"

struct progress {
	int is_quiet, is_terminal;
	int is_shown; /* there is a line to wipe */
	int64_t last_line_ns;
};

struct progress progress_new(int is_quiet);
void progress_show(struct progress *p, const struct session_progress *at);
void progress_wipe(struct progress *p); /* before another line is printed, and at the end */

/* The line itself, without control characters; width: of the terminal. For tests too. */
int progress_line(char *ret, size_t size, const struct session_progress *at, int width);

#endif
