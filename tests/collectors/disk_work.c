/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/collectors/disk_work.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statfs.h>
#include <unistd.h>

enum {
	TMPFS = 0x01021994,
};

char disk_file[] = "disk-test.XXXXXX";

void *disk_block(void)
{
	void *b = NULL;

	if (posix_memalign(&b, DISK_BLOCK, DISK_BLOCK) != 0)
		_exit(1);
	memset(b, 'x', DISK_BLOCK);
	return b;
}

int disk_make_file(void **state)
{
	struct statfs fs;
	int fd = mkstemp(disk_file);
	void *block = disk_block();

	if (fd < 0)
		return -1;
	for (int i = 0; i < DISK_READS; i++)
		if (write(fd, block, DISK_BLOCK) != DISK_BLOCK)
			return -1;
	free(block);
	(void)fsync(fd);
	(void)posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	*state = statfs(disk_file, &fs) == 0 && fs.f_type == TMPFS ? disk_file : NULL;
	return close(fd);
}

int disk_remove_file(void **state)
{
	return unlink(disk_file);
}

struct watched disk_watch(void **state, const struct watching *w)
{
	disk_need(state);
	return watch_kernel(w);
}

void disk_need(void **state)
{
	if (!*state)
		return;
	print_message("needs a build folder on a disk\n");
	skip();
}

void disk_read_directly(void *what)
{
	int fd = open(disk_file, O_RDONLY | O_DIRECT | O_CLOEXEC);
	void *block = disk_block();

	for (int i = 0; i < DISK_READS; i++)
		if (pread(fd, block, DISK_BLOCK, (off_t)((i * 7) % DISK_READS) * DISK_BLOCK) != DISK_BLOCK)
			_exit(1);
	free(block);
	(void)close(fd);
}
