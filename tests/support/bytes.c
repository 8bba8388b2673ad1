/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/bytes.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static void die(const char *what, const char *object)
{
	fprintf(stderr, "%s: %s: %s\n", what, object, strerror(errno));
	abort();
}

struct bytes bytes_read(const char *path)
{
	struct bytes b = { 0 };
	struct stat st;
	FILE *f = fopen(path, "rbe");

	if (!f || fstat(fileno(f), &st) < 0)
		die("read", path);
	b.n = (size_t)st.st_size;
	b.at = malloc(b.n + 1);
	if (!b.at || fread(b.at, 1, b.n, f) != b.n)
		die("read", path);
	(void)fclose(f);
	return b;
}

struct bytes bytes_guarded(const uint8_t *at, size_t n)
{
	struct bytes b = { .n = n };
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t n_data = (n + page - 1) / page * page;

	b.n_map = n_data + page;
	b.map = mmap(NULL, b.n_map, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (b.map == MAP_FAILED || mprotect((uint8_t *)b.map + n_data, page, PROT_NONE) < 0)
		die("mmap", "guard page");
	b.at = (uint8_t *)b.map + n_data - n;
	if (n)
		memcpy(b.at, at, n);
	return b;
}

void bytes_done(struct bytes *b)
{
	if (b->map)
		(void)munmap(b->map, b->n_map);
	else
		free(b->at);
	*b = (struct bytes){ 0 };
}

const char *corpus_root(void)
{
	static const char path[] = WEIR_SOURCE_ROOT "/../shared/corpus";

	if (access(path, R_OK) == 0)
		return path;
	printf("skipped: %s is not here\n", path);
	return NULL;
}
