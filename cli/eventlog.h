/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_EVENTLOG_H
#define CLI_EVENTLOG_H

/* `weir record --eventlog`: a program that GHC compiled is told to write its eventlog, and where. */

#include <limits.h>
#include <sys/types.h>
#include <weir/host.h>

enum {
	EVENTLOG_HANG_S = 5, /* a program that hangs at its exit for so long is ended */
};

struct eventlog {
	int fd; /* of the log, which the program will write; -1: none */
	int has_flush;
	char path[PATH_MAX];
	int64_t hung_since_ns; /* 0: it does not hang */
};

/* Looks at the program's file, makes an empty log beside us and sets GHCRTS in the environment for what is started from
 * here on. exe: the program's file. -ENOTSUP: it is no such program, or its run-time system cannot write one; the
 * sentence says what to do. */
int eventlog_prepare(const char *exe, struct eventlog *ret, struct weir_error *reterr);
void eventlog_done(struct eventlog *e);

/* A threaded program whose run-time system flushes at intervals may wait for itself when it ends, for ever: everything
 * is done, and the main thread waits for the ticker, and that for a lock that nobody gives back; workers may be left
 * too, which wait as well. 1: it has done so for EVENTLOG_HANG_S. Call it now and then. Source: GHC 9.4 to 9.10. */
int eventlog_hangs(struct eventlog *e, pid_t pid, int64_t now_ns);

#endif
