/* SPDX-License-Identifier: Apache-2.0 */
/* BPF programs that a process has descriptors of, as the collector `self` finds them: here our own. */
#include "collectors/self/programs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <linux/bpf.h>
#include <stdio.h>
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

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(a_program_with_several_descriptors_is_one) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
