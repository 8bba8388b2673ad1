/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGINS_RIGHTS_H
#define PLUGINS_RIGHTS_H

/* Whose rights a process has, and which of root's: for who gives them up. All act on the calling thread and on what it
 * starts later. Results are 0 or -errno where nothing else is said.
 */

#include <stdint.h>
#include <sys/types.h>

/* A bit of what rights_keep() takes, from a CAP_ of the lower 32. */
#define RIGHTS_BIT(capability) (UINT32_C(1) << (capability))

/* Gives up all capabilities but these. */
int rights_keep(uint32_t kept);
int rights_has(int capability);
/* Whether the process has any capability: 1 when it has, or when that cannot be seen. */
int rights_are_more(pid_t pid);

/* An ordinary user. */
struct rights_user {
	uid_t uid;
	gid_t gid;
	char name[64], home[256]; /* empty: not known */
};

/* By name, or by number. -ENOENT: there is none. */
int rights_find_user(const char *name, struct rights_user *ret);
/* Becomes that user for good, with the groups that are theirs and no capabilities but these. Needs root. */
int rights_become(const struct rights_user *user, uint32_t kept);
/* Files are made and opened as that user from now on; NULL: as oneself again. Needs root. */
int rights_of_files(const struct rights_user *user);

#endif
