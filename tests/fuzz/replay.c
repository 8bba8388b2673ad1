/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a fuzz target over files and folders instead of a fuzzer, so that each input that once crashed is a test for
 * ever. */
#include "tests/support/bytes.h"

#include <ftw.h>
#include <stdio.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t n);

static unsigned n_replayed;

static int replay_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	struct bytes file, guarded;

	if (type != FTW_F)
		return 0;
	file = bytes_read(path);
	guarded = bytes_guarded(file.at, file.n);
	(void)LLVMFuzzerTestOneInput(guarded.at, guarded.n);
	bytes_done(&guarded);
	bytes_done(&file);
	n_replayed++;
	return 0;
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (nftw(argv[i], replay_one, 16, FTW_PHYS) < 0)
			perror(argv[i]);
	printf("%u inputs replayed\n", n_replayed);
	return n_replayed ? 0 : 1;
}
