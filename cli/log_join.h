/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_LOG_JOIN_H
#define CLI_LOG_JOIN_H

/* The files of one node's rotated log. Each is a source of its own and read by a worker of its own, but a slot that was
 * missed between two files, or a silence that reaches into the next one, can be seen only by who knows both. So each
 * file's job gets the last lines of the file before it, as its context `trace.before`.
 */

#include "cli/plan.h"

enum {
	LOG_JOIN_BYTES = 256 * 1024, /* of a file's beginning and end that are looked at */
};

/* Finds for each log in the plan the one before it: of the same node and folder, with the latest end that is not after
 * the beginning of this one (a second of disorder is allowed). Logs that overlap are copies of each other and are not
 * joined. What cannot be read is left alone: its job says so. -ENOMEM. */
int log_join(struct plan *plan);

#endif
