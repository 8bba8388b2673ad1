/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGINS_CHILD_H
#define PLUGINS_CHILD_H

/* What every child of the host does first, right after the fork: it closes all descriptors but those named (the store's
 * lock must not live on in a child), dies with the host, leaves Ctrl-C, SIGTERM and SIGHUP to it, has default answers
 * to other signals, reads from nowhere, and writes unbuffered to output_fd (-1: to nowhere). Ends the process when
 * `parent` is gone already. */

#include <stdint.h>

enum {
	CHILD_KEEP_MAX = 32,
};

struct child_setup {
	int parent;               /* its process id */
	int output_fd;            /* closed afterwards */
	int keep[CHILD_KEEP_MAX]; /* descriptors above 2 that stay open, in any order; -1 is none */
	uint32_t n_keep;
};

void child_begin(const struct child_setup *setup);

/* For the host, before it opens anything that a child will keep: what it is started without of 0, 1 and 2 becomes
 * /dev/null, so that no descriptor of ours is one of them. */
void child_reserve(void);

#endif
