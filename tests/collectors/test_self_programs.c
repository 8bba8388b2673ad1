/* SPDX-License-Identifier: Apache-2.0 */
/* BPF programs that a process has descriptors of, as the collector `self` finds them: here our own. */
#include "collectors/self/programs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bpf/family.h"
#include "parsers/procfs.h"

/* The shortest there is. */
static int load_program(void)
{
	static const struct bpf_insn steps[] = { { .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		                                 { .code = BPF_JMP | BPF_EXIT } };
	union bpf_attr attr;
	int fd;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_SOCKET_FILTER;
	attr.insns = (uintptr_t)steps;
	attr.insn_cnt = sizeof(steps) / sizeof(steps[0]);
	attr.license = (uintptr_t) "GPL";
	memcpy(attr.prog_name, "shortest", sizeof("shortest"));
	fd = (int)syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
	if (fd < 0) {
		print_message("needs CAP_BPF\n");
		skip();
	}
	return fd;
}

static uint64_t memory_of(int fd)
{
	char path[64], text[1024];
	uint64_t bytes = 0;
	int n;

	(void)snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	n = family_read(path, text, sizeof(text));
	assert_true(n > 0);
	assert_int_equal(procfs_field(text, (size_t)n, "memlock", &bytes), 0);
	return bytes;
}

static void a_program_with_several_descriptors_is_one(void **state)
{
	int fd = load_program(), same = dup(fd);
	struct programs found;
	uint64_t ns, runs = 1;

	assert_true(same >= 0);
	assert_int_equal(programs_find(getpid(), &found), 0);
	assert_int_equal(found.n, 1);
	assert_int_equal(found.n_maps, 0);
	assert_string_equal(found.at[0].name, "shortest");
	assert_true(memory_of(fd) > 0);
	assert_int_equal(programs_memory(&found), memory_of(fd));
	assert_int_equal(programs_cost(&found, 0, &ns, &runs), 0);
	assert_int_equal(runs, 0);
	programs_release(&found);
	(void)close(same);
	(void)close(fd);
}

static int load_map(const char *name, uint32_t value_bytes)
{
	union bpf_attr attr;
	int fd;

	memset(&attr, 0, sizeof(attr));
	attr.map_type = BPF_MAP_TYPE_PERCPU_ARRAY;
	attr.key_size = sizeof(uint32_t);
	attr.value_size = value_bytes;
	attr.max_entries = 1;
	(void)snprintf(attr.map_name, sizeof(attr.map_name), "%s", name);
	fd = (int)syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof(attr));
	assert_true(fd >= 0);
	return fd;
}

static void write_map(int fd, const struct runs *of_each_processor)
{
	uint32_t zero = 0;
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_fd = (uint32_t)fd;
	attr.key = (uintptr_t)&zero;
	attr.value = (uintptr_t)of_each_processor;
	assert_int_equal(syscall(SYS_bpf, BPF_MAP_UPDATE_ELEM, &attr, sizeof(attr)), 0);
}

static void what_programs_count_is_summed_over_processors(void **state)
{
	uint32_t n = programs_processors();
	struct runs *counts = calloc(n, sizeof(*counts)), *room = calloc(n, sizeof(*room));
	int fd = load_program(), map = load_map(RUNS_MAP_NAME, sizeof(*counts)), none = load_map("counts", 8);
	struct programs found;

	assert_true((int)n >= sysconf(_SC_NPROCESSORS_ONLN));
	for (uint32_t c = 0; c < n; c++) {
		counts[c].of[3] = (struct runs_count){ .n_runs = 1 + c, .time_ns = 1000, .name = "shortest" };
		counts[c].of[4] = (struct runs_count){ .n_runs = 1 << 20, .time_ns = 1, .name = "another" };
	}
	write_map(map, counts);
	assert_int_equal(programs_may_be_held(), 0);
	assert_int_equal(programs_find(getpid(), &found), 0);
	assert_int_equal(found.n_maps, 2);
	/* Each look begins anew. */
	for (int k = 0; k < 2; k++) {
		assert_int_equal(programs_count(&found, room, n), 0);
		assert_int_equal(found.at[0].n_runs, (uint64_t)n * (n + 1) / 2);
		assert_int_equal(found.at[0].time_ns, (uint64_t)n * 1000);
	}
	programs_release(&found);
	(void)close(map);
	assert_int_equal(programs_find(getpid(), &found), 0);
	assert_int_equal(programs_count(&found, room, n), -ENOENT);
	programs_release(&found);
	(void)close(none);
	(void)close(fd);
	free(counts);
	free(room);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(a_program_with_several_descriptors_is_one),
		                            cmocka_unit_test(what_programs_count_is_summed_over_processors) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
