/* SPDX-License-Identifier: Apache-2.0 */
/* Images and processes, with this test as the program: where the linker and the loader have put it is known without
 * reading any file. */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "collectors/program/image.h"
#include "collectors/program/process.h"
#include "tests/support/bytes.h"

extern const unsigned char a_sized_variable[48];
const unsigned char a_sized_variable[48] = { 3, 1, 4, 1, 5 };

int main(void);

static const char self[] = "/proc/self/exe";
static struct weir_error error;

static struct image *open_self(void)
{
	struct image *i = NULL;

	assert_int_equal(image_open(self, &i, &error), 0);
	return i;
}

static uint64_t my_bias(const struct image *i)
{
	struct process p = { .pid = getpid(), .has_started = 1 };
	uint64_t bias;

	assert_true(readlink(self, p.map, sizeof(p.map) - 1) > 0);
	assert_int_equal(process_bias(&p, i, &bias), 0);
	return bias;
}

static void a_symbol_and_the_bias_give_the_address_in_the_process(void **state)
{
	static const struct image_name names[] = { { "main", 0, 0 },
		                                   { "a_sized_variable", 0, 0 },
		                                   { "there_is_no_such_name", 0, 0 } };
	struct image_symbol symbols[3];
	struct image *i = open_self();
	uint64_t bias = my_bias(i);

	assert_int_equal(image_find(i, names, symbols, 3), 0);
	assert_true(symbols[0].is_found);
	assert_true(bias + symbols[0].address == (uint64_t)(uintptr_t)main);
	assert_true(bias + symbols[1].address == (uint64_t)(uintptr_t)a_sized_variable);
	assert_int_equal(symbols[1].n_bytes, sizeof(a_sized_variable));
	assert_false(symbols[2].is_found);
	image_close(i);
}

static void a_name_of_another_size_is_another_thing(void **state)
{
	static const struct image_name names[] = { { "a_sized_variable", 48, 48 },
		                                   { "a_sized_variable", 49, 64 },
		                                   { "a_sized_variable", 8, 47 } };
	struct image_symbol symbols[3];
	struct image *i = open_self();

	assert_int_equal(image_find(i, names, symbols, 3), 0);
	assert_true(symbols[0].is_found);
	assert_false(symbols[1].is_found || symbols[2].is_found);
	image_close(i);
}

static void bytes_at_an_address_are_those_of_the_file(void **state)
{
	static const struct image_name name = { "a_sized_variable", 0, 0 };
	unsigned char bytes[sizeof(a_sized_variable)];
	struct image_symbol symbol;
	struct image *i = open_self();
	uint64_t start, end;

	assert_int_equal(image_find(i, &name, &symbol, 1), 0);
	assert_int_equal(image_read(i, symbol.address, bytes, sizeof(bytes)), 0);
	assert_memory_equal(bytes, a_sized_variable, sizeof(bytes));
	assert_int_equal(image_read(i, UINT64_MAX - 3, bytes, 8), -EFAULT);
	assert_int_equal(image_read(i, symbol.address, bytes, (size_t)1 << 40), -EFAULT);
	image_code(i, &start, &end);
	assert_true(my_bias(i) + start <= (uint64_t)(uintptr_t)main && (uint64_t)(uintptr_t)main < my_bias(i) + end);
	image_close(i);
}

static void the_table_of_all_symbols_is_that_of_the_file(void **state)
{
	struct image *i = open_self();
	struct image_table table;

	assert_true(image_has_symbols(i));
	assert_int_equal(image_table(i, &table), 1);
	assert_true(table.n_bytes > ELF_SYMBOL_BYTES && table.n_texts > 0);
	image_close(i);
}

/* ---- Files that were tampered with ---- */

static char work[] = "/tmp/weir-program-XXXXXX";

static const char *write_file(const void *at, size_t n)
{
	static char path[64];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/program", work);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(at, 1, n, f), n);
	assert_int_equal(fclose(f), 0);
	return path;
}

static void what_is_no_program_is_refused(void **state)
{
	struct image *i = NULL;

	assert_int_equal(image_open(write_file("#!/bin/sh\n", 10), &i, &error), -ENOTSUP);
	assert_int_equal(image_open("/nonexistent/program", &i, &error), -ENOENT);
	assert_int_equal(image_open(write_file("", 0), &i, &error), -ENOTSUP);
}

/* Each table may be said to lie anywhere: every answer is a refusal or nothing found. */
static void tables_outside_of_the_file_are_refused(void **state)
{
	static const struct image_name name = { "main", 0, 0 };
	struct bytes b = bytes_read(self);
	Elf64_Ehdr header, *at = (Elf64_Ehdr *)(void *)b.at;
	struct image *i = NULL;
	struct image_symbol symbol;
	char path[64];

	memcpy(&header, at, sizeof(header));
	at->e_shoff = b.n - 8;
	assert_int_equal(image_open(write_file(b.at, b.n), &i, &error), -EBADMSG);
	at->e_shoff = UINT64_MAX - 8;
	assert_int_equal(image_open(write_file(b.at, b.n), &i, &error), -EBADMSG);
	memcpy(at, &header, sizeof(header));
	at->e_phoff = UINT64_MAX / 2;
	assert_int_equal(image_open(write_file(b.at, b.n), &i, &error), -EBADMSG);
	memcpy(at, &header, sizeof(header));
	at->e_phnum = IMAGE_SEGMENTS_MAX + 1;
	assert_int_equal(image_open(write_file(b.at, b.n), &i, &error), -ENOTSUP);
	memcpy(at, &header, sizeof(header));
	for (size_t n = 0; n < header.e_shnum; n++)
		memset(b.at + header.e_shoff + n * sizeof(Elf64_Shdr) + offsetof(Elf64_Shdr, sh_offset), 0x7f, 8);
	(void)snprintf(path, sizeof(path), "%s", write_file(b.at, b.n));
	assert_int_equal(image_open(path, &i, &error), 0);
	assert_int_equal(image_find(i, &name, &symbol, 1), -EBADMSG);
	image_close(i);
	bytes_done(&b);
}

static void symbols_of_another_build_are_refused(void **state)
{
	struct image *i = open_self();
	struct stat s;

	assert_int_equal(image_take_symbols(i, NULL, &error), 0);
	assert_int_equal(image_take_symbols(i, self, &error), 0);
	image_close(i);
	i = open_self();
	if (stat("/bin/true", &s) == 0)
		assert_true(image_take_symbols(i, "/bin/true", &error) < 0);
	image_close(i);
}

/* ---- Processes ---- */

static void a_program_without_the_runtime_is_told_so(void **state)
{
	struct process p;
	struct image *i = NULL;

	assert_int_equal(process_find(getpid(), NULL, &p, &i, &error), -ENXIO);
	assert_non_null(strstr(error.text, "neither it nor any of its children runs GHC's run-time system"));
	assert_null(i);
}

static void a_process_is_over_when_it_has_ended_and_not_before(void **state)
{
	char path[64];
	int to_child[2], fd;
	pid_t child;
	char byte;

	assert_int_equal(pipe(to_child), 0);
	child = fork();
	if (child == 0)
		_exit(read(to_child[0], &byte, 1) == 1 ? 0 : 1);
	(void)snprintf(path, sizeof(path), "/proc/%d/stat", child);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_false(process_is_over(fd));
	assert_true(process_is_below(child, getpid()));
	assert_true(process_is_below(child, getppid()));
	assert_false(process_is_below(getpid(), child));
	assert_int_equal(write(to_child[1], "x", 1), 1);
	while (!process_is_over(fd))
		;
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_true(process_is_over(fd));
	(void)close(fd);
}

/* A child that says when it sees this test's folder as its root, and stays until it is told; -1: nobody may do that. */
static pid_t start_in_folder(int to_child[2])
{
	int from_child[2];
	char byte = 0;
	pid_t child;

	assert_int_equal(pipe(to_child) | pipe(from_child), 0);
	child = fork();
	if (child == 0) {
		byte = (char)(chroot(work) == 0 ? 'y' : 'n');
		_exit(write(from_child[1], &byte, 1) == 1 && read(to_child[0], &byte, 1) == 1 ? 0 : 1);
	}
	assert_int_equal(read(from_child[0], &byte, 1), 1);
	(void)close(from_child[0]);
	(void)close(from_child[1]);
	if (byte == 'y')
		return child;
	assert_int_equal(write(to_child[1], "x", 1), 1);
	assert_int_equal(waitpid(child, NULL, 0), child);
	return -1;
}

static void a_file_of_another_root_is_called_as_its_process_calls_it(void **state)
{
	char map[128], beside[128], root[PROCESS_ROOT_MAX], path[128];
	int to_child[2];
	pid_t child = start_in_folder(to_child);
	struct stat here, there;

	if (child < 0)
		skip();
	(void)snprintf(map, sizeof(map), "%s/program", work);
	(void)snprintf(beside, sizeof(beside), "%s-other/program", work);
	assert_string_equal(process_within(getpid(), map), map);
	assert_string_equal(process_within(child, map), "/program");
	assert_string_equal(process_within(child, beside), beside);
	process_root(child, root);
	(void)snprintf(path, sizeof(path), "%s%s", root, process_within(child, map));
	assert_int_equal(stat(write_file("x", 1), &here) | stat(path, &there), 0);
	assert_true(here.st_ino == there.st_ino && here.st_dev == there.st_dev);
	assert_int_equal(write(to_child[1], "x", 1), 1);
	assert_int_equal(waitpid(child, NULL, 0), child);
}

static void a_library_that_says_of_which_compiler_it_is(void **state)
{
	char version[IMAGE_VERSION_MAX] = "";

	assert_true(image_version_of_name("libHSrts-1.0.2_thr-ghc9.6.6.so", version));
	assert_string_equal(version, "9.6.6");
	assert_false(image_version_of_name("libHSrts.so", version));
}

static int make_folder(void **state)
{
	return mkdtemp(work) ? 0 : -1;
}

static int remove_folder(void **state)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "%s/program", work);
	(void)unlink(path);
	return rmdir(work);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_symbol_and_the_bias_give_the_address_in_the_process),
		cmocka_unit_test(a_name_of_another_size_is_another_thing),
		cmocka_unit_test(bytes_at_an_address_are_those_of_the_file),
		cmocka_unit_test(the_table_of_all_symbols_is_that_of_the_file),
		cmocka_unit_test(what_is_no_program_is_refused),
		cmocka_unit_test(tables_outside_of_the_file_are_refused),
		cmocka_unit_test(symbols_of_another_build_are_refused),
		cmocka_unit_test(a_program_without_the_runtime_is_told_so),
		cmocka_unit_test(a_process_is_over_when_it_has_ended_and_not_before),
		cmocka_unit_test(a_file_of_another_root_is_called_as_its_process_calls_it),
		cmocka_unit_test(a_library_that_says_of_which_compiler_it_is),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
