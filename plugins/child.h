/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGINS_CHILD_H
#define PLUGINS_CHILD_H

/* What every child of the host does first, right after the fork: it dies with the host, leaves Ctrl-C to it, has
 * default answers to all other signals, reads from nowhere, and writes unbuffered to output_fd (-1: to nowhere). Ends
 * the process when `parent` is gone already. */
void child_begin(int parent, int output_fd);

#endif
