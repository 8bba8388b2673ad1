/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORE_LOCK_H
#define STORE_LOCK_H

/* One writer at a time on one file: flock(2) on a descriptor of our own.
 *
 * SQLite locks the same file with fcntl(2), and POSIX drops all such locks of a process when it closes any descriptor
 * of the file. So whoever opens a store, reader or writer, takes a lock first and releases it last, and the descriptors
 * are closed only when this process has no more locks on that file. Thread-safe.
 */

#include <sys/types.h>

struct lock;

/* Opens the file with these open(2) flags (O_CLOEXEC is added) and, when `exclusive`, locks it. -EBUSY: someone else
 * has it; *ret_holder is the process, 0 when the kernel does not tell. -EBADMSG: not a regular file. Else errors of
 * open(2). A forked child shares the lock for as long as it keeps the descriptor: when the process that took it is dead,
 * this waits for such children. */
int lock_take(const char *path, int flags, int exclusive, struct lock **ret, pid_t *ret_holder);
void lock_release(struct lock *l); /* NULL is fine */

#endif
