/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <weir/fail.h>

#include "plugins/rights.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum {
	IS_SANITIZED = 1
};
#else
enum {
	IS_SANITIZED = 0
};
#endif

static void note_missing(struct sandbox *s, const char *what, int error)
{
	size_t n = strlen(s->missing);

	(void)snprintf(s->missing + n, sizeof(s->missing) - n, "%s%s: %s", n ? "; " : "", what, strerror(error));
}

/* ---- Limits ---- */

static uint64_t address_space_now(void)
{
	unsigned long n_pages = 0;
	FILE *f = fopen("/proc/self/statm", "re");

	if (f) {
		if (fscanf(f, "%lu", &n_pages) != 1)
			n_pages = 0;
		(void)fclose(f);
	}
	return (uint64_t)n_pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static int limit(int what, uint64_t value)
{
	struct rlimit now;
	rlim_t most;

	if (getrlimit((__rlimit_resource_t)what, &now) < 0)
		return -errno;
	most = value < now.rlim_max ? (rlim_t)value : now.rlim_max;
	return setrlimit((__rlimit_resource_t)what, &(struct rlimit){ most, most }) < 0 ? -errno : 0;
}

static int set_limits(const struct sandbox *s)
{
	int r = limit(RLIMIT_CORE, 0);

	if (r == 0)
		r = limit(RLIMIT_FSIZE, 0);
	if (r == 0 && s->memory_max && !IS_SANITIZED)
		r = limit(RLIMIT_AS, address_space_now() + s->memory_max);
	return r;
}

/* The user whose process it is. */
static int become_owner(int target)
{
	char path[32];
	struct stat owner;
	int r;

	(void)snprintf(path, sizeof(path), "/proc/%d", target);
	if (geteuid() != 0 || stat(path, &owner) < 0 || owner.st_uid == 0)
		return 0;
	r = rights_become(&(struct rights_user){ .uid = owner.st_uid, .gid = owner.st_gid }, 0);
	if (r < 0)
		return r;
	/* Another user's process is not told of its parent's death unless it asks again. */
	return prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 ? -errno : 0;
}

/* ---- Landlock: two layers, each of which allows nothing of what it handles ---- */

/* Rights by the Landlock version that brought them (index 0: version 1), for writing, running and the network. Numbers
 * of later versions are not in Debian 12's header. Source: Documentation/userspace-api/landlock.rst. */
enum {
	LANDLOCK_VERSIONS = 5,
	VERSION_OF_NETWORK = 4,
};

static const uint64_t changing[LANDLOCK_VERSIONS] = {
	LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |
		LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR |
		LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO |
		LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM,
	UINT64_C(1) << 13, /* REFER */
	UINT64_C(1) << 14, /* TRUNCATE */
	0,
	UINT64_C(1) << 15, /* IOCTL_DEV */
};

struct landlock_rules {
	uint64_t files;
	uint64_t network; /* bind and connect of TCP: from version 4 on */
};

static int landlock_nothing(uint64_t more_rights)
{
	struct landlock_rules rules = { .files = more_rights };
	long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	size_t size = version < VERSION_OF_NETWORK ? sizeof(rules.files) : sizeof(rules);
	long fd, r;
	int error;

	if (version < 0)
		return -errno;
	for (long i = 0; i < version && i < LANDLOCK_VERSIONS; i++)
		rules.files |= changing[i];
	rules.network = version < VERSION_OF_NETWORK ? 0 : 3;
	fd = syscall(SYS_landlock_create_ruleset, &rules, size, 0);
	if (fd < 0)
		return -errno;
	r = syscall(SYS_landlock_restrict_self, fd, 0);
	error = r < 0 ? -errno : 0;
	(void)close((int)fd);
	return error;
}

/* ---- System calls ---- */

/* What loading a shared object never needs. A thread may still be started (clone with CLONE_THREAD); clone3 hides its
 * flags from a filter, and libc does without it. */
static const char *const never[] = {
	"fork",
	"vfork",
	"execve",
	"execveat",
	"socket",
	"socketpair",
	"connect",
	"bind",
	"ptrace",
	"kill",
	"tkill",
	"rt_sigqueueinfo",
	"rt_tgsigqueueinfo",
	"pidfd_send_signal",
	"mount",
	"umount2",
	"unshare",
	"setns",
	"bpf",
	"userfaultfd",
	"perf_event_open",
	"keyctl",
	"add_key",
	"io_uring_setup",
	"pidfd_getfd",
	"process_vm_writev",
	"process_vm_readv",
	"init_module",
	"finit_module",
	"reboot",
};

/* What a running collector needs: its input, memory, time, the ring's eventfds, and a way to die. */
static const char *const always[] = {
	"read",
	"pread64",
	"readv",
	"preadv",
	"write",
	"writev",
	"lseek",
	"close",
	"munmap",
	"mremap",
	"madvise",
	"brk",
	"futex",
	"rt_sigprocmask",
	"rt_sigreturn",
	"sigaltstack",
	"clock_gettime",
	"clock_getres",
	"gettimeofday",
	"time",
	"nanosleep",
	"clock_nanosleep",
	"exit",
	"exit_group",
	"getpid",
	"gettid",
	"getppid",
	"getuid",
	"geteuid",
	"getgid",
	"getegid",
	"getrandom",
	"sched_yield",
	"fstat",
	"restart_syscall",
	"uname",
	"getrusage",
	"getcpu",
	"sched_getaffinity",
	"sysinfo",
};

/* libc asks, and lives with no: whether stdout is a terminal, what a file is. */
static const char *const refused[] = { "ioctl", "newfstatat", "statx", "fcntl", "fadvise64" };

/* What a live collector needs more: to look at maps, probes, sockets and files that it has, and into /proc and /sys. It
 * can open nothing for writing, make no socket, and start nothing. */
static const char *const for_live[] = { "bpf",         "ioctl",      "epoll_wait",
	                                "epoll_pwait", "epoll_ctl",  "poll",
	                                "ppoll",       "newfstatat", "statx",
	                                "stat",        "lstat",      "fcntl",
	                                "getdents64",  "readlink",   "readlinkat",
	                                "access",      "faccessat",  "faccessat2",
	                                "statfs",      "fstatfs",    "sendto",
	                                "sendmsg",     "recvfrom",   "recvmsg",
	                                "getsockopt",  "setsockopt", "sched_getscheduler",
	                                "dup",         "fadvise64" };

static const char *const for_sanitizers[] = { "open", "openat", "readlink", "readlinkat", "stat", "access", "pipe2",
	                                      "pipe", "dup",    "prctl",    "setrlimit",  "poll", "ppoll" };

static int add_all(scmp_filter_ctx filter, uint32_t action, const char *const *names, size_t n)
{
	int call, r = 0;

	for (size_t i = 0; i < n && r == 0; i++) {
		call = seccomp_syscall_resolve_name(names[i]);
		/* A call that this architecture hasn't is negative, and needs no rule. */
		if (call >= 0)
			r = seccomp_rule_add(filter, action, call, 0);
	}
	return r;
}

#define ADD_ALL(filter, action, names) add_all(filter, action, names, sizeof(names) / sizeof((names)[0]))

/* What every running collector has. New memory is never code, threads signal only themselves, limits are only asked
 * for. */
static int add_always(scmp_filter_ctx filter)
{
	struct scmp_arg_cmp no_code = SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0);
	struct scmp_arg_cmp self = SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid());
	struct scmp_arg_cmp only_asks = SCMP_A2(SCMP_CMP_EQ, 0);
	int r = ADD_ALL(filter, SCMP_ACT_ALLOW, always);

	if (r == 0)
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, no_code);
	if (r == 0)
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, no_code);
	if (r == 0)
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1, self);
	if (r == 0)
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 1, only_asks);
	return r;
}

/* Opening: for reading what there is. */
static int add_reading(scmp_filter_ctx filter)
{
	const scmp_datum_t forbidden = O_ACCMODE | O_CREAT | O_TRUNC | O_TMPFILE;
	int r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(openat), 1,
	                         SCMP_A2(SCMP_CMP_MASKED_EQ, forbidden & ~(scmp_datum_t)O_DIRECTORY, O_RDONLY));

	if (r == 0)
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(open), 1,
		                     SCMP_A1(SCMP_CMP_MASKED_EQ, forbidden & ~(scmp_datum_t)O_DIRECTORY, O_RDONLY));
	return r;
}

static int load_filter(scmp_filter_ctx filter, int r)
{
	if (r == 0)
		r = seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (r == 0)
		r = seccomp_load(filter);
	seccomp_release(filter);
	return r;
}

/* Nobody else is signalled or limited, and nothing started but threads. */
static int filter_loading(void)
{
	struct scmp_arg_cmp others = SCMP_A0(SCMP_CMP_NE, (scmp_datum_t)getpid());
	struct scmp_arg_cmp named = SCMP_A0(SCMP_CMP_NE, 0);
	struct scmp_arg_cmp no_thread = SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0);
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	int r = filter ? ADD_ALL(filter, SCMP_ACT_TRAP, never) : -ENOMEM;

	if (r == 0)
		r = seccomp_rule_add(filter, SCMP_ACT_TRAP, SCMP_SYS(tgkill), 1, others);
	if (r == 0)
		r = seccomp_rule_add(filter, SCMP_ACT_TRAP, SCMP_SYS(prlimit64), 1, named);
	if (r == 0)
		r = seccomp_rule_add(filter, SCMP_ACT_TRAP, SCMP_SYS(clone), 1, no_thread);
	if (r == 0)
		r = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
	return load_filter(filter, r);
}

static int filter_running(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_TRAP);
	int r = filter ? add_always(filter) : -ENOMEM;

	if (r == 0)
		r = ADD_ALL(filter, SCMP_ACT_ERRNO(EACCES), refused);
	if (r == 0 && IS_SANITIZED)
		r = ADD_ALL(filter, SCMP_ACT_ALLOW, for_sanitizers);
	return load_filter(filter, r);
}

static int filter_live(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_TRAP);
	int r = filter ? add_always(filter) : -ENOMEM;

	if (r == 0)
		r = ADD_ALL(filter, SCMP_ACT_ALLOW, for_live);
	if (r == 0)
		r = add_reading(filter);
	return load_filter(filter, r);
}

/* ---- The two steps ---- */

int sandbox_enter(struct sandbox *s, struct weir_error *reterr)
{
	int r = set_limits(s);

	s->missing[0] = '\0';
	if (r == 0)
		r = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? -errno : 0;
	if (r == 0)
		r = rights_keep(0);
	if (r < 0)
		return weir_fail(reterr, r, "sandbox: cannot be entered: %s", strerror(-r));
	r = landlock_nothing(0);
	if (r < 0)
		note_missing(s, "Landlock", -r);
	r = filter_loading();
	if (r < 0)
		note_missing(s, "seccomp", -r);
	return 0;
}

/* Landlock takes a descriptor for a moment, so it comes before the limit; the filter forbids setting limits, so it is
 * last. */
static int seal(const struct sandbox *s, int has_limit, struct weir_error *reterr)
{
	int r = 0;

	if (!strstr(s->missing, "Landlock") && !IS_SANITIZED)
		r = landlock_nothing(LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR);
	if (r == 0 && has_limit && !IS_SANITIZED)
		r = limit(RLIMIT_NOFILE, 0);
	if (r == 0 && !strstr(s->missing, "seccomp"))
		r = filter_running();
	return r < 0 ? weir_fail(reterr, r, "sandbox: cannot be sealed: %s", strerror(-r)) : 0;
}

int sandbox_seal_thread(const struct sandbox *s, struct weir_error *reterr)
{
	return seal(s, 0, reterr);
}

int sandbox_seal(const struct sandbox *s, struct weir_error *reterr)
{
	return seal(s, 1, reterr);
}

int sandbox_enter_live(struct sandbox *s, struct weir_error *reterr)
{
	int r = limit(RLIMIT_CORE, 0);

	s->missing[0] = '\0';
	if (r == 0)
		r = limit(RLIMIT_FSIZE, 0);
	return r < 0 ? weir_fail(reterr, r, "sandbox: cannot be entered: %s", strerror(-r)) : 0;
}

int sandbox_seal_live(const struct sandbox *s, int target, struct weir_error *reterr)
{
	int is_tracer = target > 0 && rights_has(CAP_SYS_PTRACE) && rights_are_more(target);
	int r = is_tracer ? rights_keep(RIGHTS_BIT(CAP_SYS_PTRACE)) : target > 0 ? become_owner(target) : 0;

	if (r == 0 && !is_tracer)
		r = rights_keep(0);
	if (r == 0)
		r = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? -errno : 0;
	if (r == 0 && !IS_SANITIZED)
		r = filter_live();
	return r < 0 ? weir_fail(reterr, r, "sandbox: cannot be sealed: %s", strerror(-r)) : 0;
}
