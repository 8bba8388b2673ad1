/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/rights.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

int rights_keep(uint32_t kept)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct set[2] = { { .effective = kept, .permitted = kept } };

	return syscall(SYS_capset, &header, set) < 0 ? -errno : 0;
}

int rights_has(int capability)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct set[2] = { 0 };

	return syscall(SYS_capget, &header, set) == 0 && (set[0].effective & RIGHTS_BIT(capability));
}

int rights_are_more(pid_t pid)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3, .pid = pid };
	struct __user_cap_data_struct set[2] = { 0 };

	return syscall(SYS_capget, &header, set) < 0 || set[0].permitted || set[1].permitted;
}

int rights_find_user(const char *name, struct rights_user *ret)
{
	const struct passwd *p = getpwnam(name);
	unsigned long number;
	char *end;

	if (!p) {
		number = strtoul(name, &end, 10);
		p = end != name && *end == '\0' && number < UINT32_MAX ? getpwuid((uid_t)number) : NULL;
	}
	if (!p)
		return -ENOENT;
	*ret = (struct rights_user){ .uid = p->pw_uid, .gid = p->pw_gid };
	(void)snprintf(ret->name, sizeof(ret->name), "%s", p->pw_name);
	(void)snprintf(ret->home, sizeof(ret->home), "%s", p->pw_dir);
	return 0;
}

int rights_become(const struct rights_user *user, uint32_t kept)
{
	int r = user->name[0] ? initgroups(user->name, user->gid) : setgroups(0, NULL);

	/* Else they are all gone with root's number, which is what is wanted, too. */
	if (kept)
		(void)prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0);
	if (r < 0 || setresgid(user->gid, user->gid, user->gid) < 0 || setresuid(user->uid, user->uid, user->uid) < 0)
		return -errno;
	return rights_keep(kept);
}

int rights_of_files(const struct rights_user *user)
{
	uid_t uid = user ? user->uid : geteuid();
	gid_t gid = user ? user->gid : getegid();

	/* The old one is returned, whether it worked or not. */
	(void)setfsgid(gid);
	(void)setfsuid(uid);
	return (gid_t)setfsgid(gid) == gid && (uid_t)setfsuid(uid) == uid ? 0 : -EPERM;
}
