/* SPDX-License-Identifier: Apache-2.0 */
#include "exports/locli_sums.h"

#include "exports/locli_place.h"
#include "exports/replace.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <weir/fail.h>

enum {
	STEP_BYTES = 512 << 10, /* read and hashed while it is in the cache */
};

static int hash_all(int fd, EVP_MD_CTX *hash, uint8_t *buffer)
{
	ssize_t n;

	while ((n = read(fd, buffer, STEP_BYTES)) != 0) {
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0 && !EVP_DigestUpdate(hash, buffer, (size_t)n))
			return -ENOMEM;
	}
	return 0;
}

int locli_sum_file(const char *path, uint8_t ret_sha256[32], struct weir_error *reterr)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC), result = fd < 0 ? -errno : 0;
	EVP_MD_CTX *hash = EVP_MD_CTX_new();
	uint8_t *buffer = malloc(STEP_BYTES);

	if (result == 0 && (!hash || !buffer || !EVP_DigestInit_ex(hash, EVP_sha256(), NULL)))
		result = -ENOMEM;
	if (result == 0)
		result = hash_all(fd, hash, buffer);
	if (result == 0 && !EVP_DigestFinal_ex(hash, ret_sha256, NULL))
		result = -ENOMEM;
	free(buffer);
	EVP_MD_CTX_free(hash);
	if (fd >= 0)
		(void)close(fd);
	return result < 0 ? weir_fail(reterr, result, "locli: %s: %s", path, strerror(-result)) : 0;
}

static void put_name(FILE *to, const char *path)
{
	for (; *path; path++) {
		if (*path == '\\')
			(void)fputs("\\\\", to);
		else if (*path == '\n')
			(void)fputs("\\n", to);
		else
			(void)fputc(*path, to);
	}
}

static void put_sum(FILE *to, const struct locli_sum *s)
{
	if (strpbrk(s->path, "\\\n"))
		(void)fputc('\\', to);
	for (size_t i = 0; i < sizeof(s->sha256); i++)
		(void)fprintf(to, "%02x", s->sha256[i]);
	(void)fputs("  ../", to);
	put_name(to, s->path);
	(void)fputc('\n', to);
}

int locli_sums_write(const char *folder, const struct locli_sum *sums, uint32_t n, struct weir_error *reterr)
{
	char analysis[PATH_MAX], path[PATH_MAX + sizeof("/" LOCLI_SUMS_NAME)];
	struct replace file;
	int result = locli_folder(analysis, sizeof(analysis), folder, reterr);

	if (result < 0)
		return result;
	(void)snprintf(path, sizeof(path), "%s/" LOCLI_SUMS_NAME, analysis);
	result = replace_open(&file, path, reterr);
	if (result < 0)
		return result;
	for (uint32_t i = 0; i < n; i++)
		if (sums[i].is_known)
			put_sum(file.file, &sums[i]);
	file.is_remade = 1;
	return replace_commit(&file, reterr);
}
