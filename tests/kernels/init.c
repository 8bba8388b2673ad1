/* SPDX-License-Identifier: Apache-2.0 */
/* The first process of a kernel that a test boots: mounts what kernels show, loads modules, and runs the tests, one
 * after the other, telling the serial console when each begins and how it ends. Then it switches the machine off.
 *
 * /modules is a list of files, in the order in which they are to be loaded; /tests has a shell command a line, behind
 * the name of the test. What it says itself begins with an escape that no test writes. */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	LINE_MAX = 4096,
};

#define SAYS "\033kernels:"

static const struct {
	const char *from, *to, *type;
} mounts[] = {
	{ "dev", "/dev", "devtmpfs" },
	{ "proc", "/proc", "proc" },
	{ "sys", "/sys", "sysfs" },
	{ "trace", "/sys/kernel/tracing", "tracefs" },
	{ "cgroup", "/sys/fs/cgroup", "cgroup2" },
};

static void mount_all(void)
{
	for (size_t i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++) {
		(void)mkdir(mounts[i].to, 0755);
		if (mount(mounts[i].from, mounts[i].to, mounts[i].type, 0, NULL) < 0)
			printf(SAYS "wrong %s: %s\n", mounts[i].to, strerror(errno));
	}
	(void)mkdir("/dev/shm", 01777);
	(void)mkdir("/tmp", 01777); /* no mount: the tests themselves may lie below it */
	(void)symlink("/proc/self/fd", "/dev/fd");
}

static void load_modules(void)
{
	FILE *list = fopen("/modules", "r");
	char path[LINE_MAX];

	while (list && fgets(path, sizeof(path), list)) {
		int fd;

		path[strcspn(path, "\n")] = '\0';
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0 || (syscall(SYS_finit_module, fd, "", 0) < 0 && errno != EEXIST))
			printf(SAYS "wrong %s: %s\n", path, strerror(errno));
		(void)close(fd);
	}
	if (list)
		(void)fclose(list);
}

static void set_loopback_up(void)
{
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request) < 0)
		printf(SAYS "wrong lo: %s\n", strerror(errno));
	(void)close(fd);
}

/* What was started and left behind ends here too, and is not waited for. */
static int run(const char *command)
{
	int status = 0;
	pid_t pid = fork(), ended;

	if (pid == 0) {
		(void)setsid();
		(void)execl("/bin/sh", "sh", "-c", command, (char *)NULL);
		_exit(127);
	}
	do
		ended = wait(&status);
	while (ended != pid && (ended > 0 || errno == EINTR));
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void run_tests(void)
{
	FILE *list = fopen("/tests", "r");
	char line[LINE_MAX];

	while (list && fgets(line, sizeof(line), list)) {
		char *command = strchr(line, ' ');

		line[strcspn(line, "\n")] = '\0';
		if (!command)
			continue;
		*command++ = '\0';
		printf(SAYS "begin %s\n", line);
		printf("\n" SAYS "end %s %d\n", line, run(command));
	}
}

int main(void)
{
	struct utsname self;

	(void)setvbuf(stdout, NULL, _IOLBF, 0);
	(void)setenv("PATH", "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin", 1);
	(void)setenv("HOME", "/tmp", 1);
	(void)setenv("TMPDIR", "/disk", 1);
	(void)setenv("LANG", "C.UTF-8", 1);
	mount_all();
	load_modules();
	set_loopback_up();
	(void)mkdir("/disk", 0755);
	if (mount("/dev/vda", "/disk", "ext4", 0, NULL) < 0 || chmod("/disk", 01777) < 0 || chdir("/disk") < 0)
		printf(SAYS "wrong /disk: %s\n", strerror(errno));
	if (uname(&self) == 0)
		printf(SAYS "kernel %s\n", self.release);
	run_tests();
	printf(SAYS "done\n");
	sync();
	(void)reboot(RB_POWER_OFF);
	return 0;
}
