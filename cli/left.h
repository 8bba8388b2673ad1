/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_LEFT_H
#define CLI_LEFT_H

/* What a program left in its folder: files that were written since a time, and that some collector claims. */

#include <stdint.h>

enum {
	LEFT_FILES_MAX = 4096,
};

struct left {
	char **paths;
	uint32_t n_paths;
};

/* since_ns: UTC. Looks at the folder itself, not below it. What cannot be looked at is left out. -ENOMEM. */
int left_find(const char *folder, int64_t since_ns, struct left *ret);
void left_done(struct left *l);

#endif
