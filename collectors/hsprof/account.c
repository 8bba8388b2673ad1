/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/hsprof/account.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int64_t tick_ns(void)
{
	long n = sysconf(_SC_CLK_TCK);

	return 1000000000 / (n > 0 ? n : 100);
}

int account_cpu_ns(uint32_t tgid, int64_t *ret)
{
	int64_t user, system, children_user, children_system;
	char path[64], text[1024], *end;
	ssize_t n;
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/%" PRIu32 "/stat", tgid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -ESRCH;
	n = read(fd, text, sizeof(text) - 1);
	(void)close(fd);
	if (n <= 0)
		return -ESRCH;
	text[n] = '\0';
	/* The name in brackets may hold anything, also brackets. Times are the 14th to the 17th field. */
	end = strrchr(text, ')');
	if (!end ||
	    sscanf(end, ") %*c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %" SCNd64 " %" SCNd64 " %" SCNd64 " %" SCNd64,
	           &user, &system, &children_user, &children_system) != 4)
		return -ESRCH;
	*ret = (user + system + children_user + children_system) * tick_ns();
	return 0;
}
