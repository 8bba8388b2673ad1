/* SPDX-License-Identifier: Apache-2.0 */
/* The disk collector where something is missing: eBPF, capabilities, the kernel's types, tracefs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "bpf/family.h"
#include "tests/collectors/disk_work.h"
#include <cmocka.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

static void assert_procfs_measures(const struct watching *w, const char *why)
{
	struct watched got = watch(w);

	assert_watched_says(&got, why);
	assert_true(watched_is_on(&got, "procfs"));
	assert_true(watched_says(&got, "it lacks: latency"));
	assert_int_equal(watched_gain(&got, "process.disk.io", "own direction=read"), DISK_FILE_BYTES);
	assert_true(watched_gain(&got, "system.disk.io", "direction=read") >= DISK_FILE_BYTES);
	assert_int_equal(watched_count(&got, "disk.latency", ""), -1);
	watched_done(&got);
}

static void without_ebpf_the_kernels_own_accounts_are_read(void **state)
{
	const struct lend_pair procfs = { "rung", "procfs" };

	disk_need(state);
	if (access("/sys/block", F_OK) < 0) {
		print_message("needs /sys\n");
		skip();
	}
	assert_procfs_measures(
		&(struct watching){
			.collector = "disk", .work = disk_read_directly, .options = &procfs, .n_options = 1 },
		"rung=procfs");
}

static void without_capabilities_it_says_which(void **state)
{
	disk_need(state);
	watch_needs_bpf();
	assert_procfs_measures(&(struct watching){ .collector = "disk",
	                                           .work = disk_read_directly,
	                                           .is_without_capabilities = WATCH_BOTH_WITHOUT },
	                       "CAP_BPF");
}

static void what_may_not_be_read_is_said_and_absent(void **state)
{
	const struct watching w = { .collector = "disk",
		                    .work = disk_read_directly,
		                    .is_without_capabilities = WATCH_WITHOUT };
	struct watched got = disk_watch(state, &w);

	assert_true(watched_says(&got, "disk.account_denied"));
	assert_true(watched_says(&got, "CAP_SYS_PTRACE"));
	assert_int_equal(watched_gain(&got, "process.disk.io", ""), -1);
	assert_true(watched_says(&got, "{\"end\":\"partial\""));
	watched_done(&got);
}

static void without_types_it_says_so(void **state)
{
	disk_need(state);
	watch_needs_bpf();
	assert_procfs_measures(
		&(struct watching){ .collector = "disk", .work = disk_read_directly, .is_without_types = 1 },
		"CONFIG_DEBUG_INFO_BTF");
}

static void without_tracefs_nothing_is_missed(void **state)
{
	const struct watching w = { .collector = "disk", .work = disk_read_directly, .is_without_tracefs = 1 };
	struct watched got = disk_watch(state, &w);

	assert_true(watched_is_on(&got, "tp_btf"));
	assert_int_equal(watched_gain(&got, "process.disk.io", "direction=read"), DISK_FILE_BYTES);
	watched_done(&got);
}

static void have_very_many_children(void *what)
{
	for (int i = 0; i < FAMILY_MAX; i++)
		if (fork() == 0) {
			(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
			(void)pause();
			_exit(0);
		}
}

static void rest(void *what)
{
}

static void that_there_are_more_processes_than_are_looked_at_is_said_once(void **state)
{
	static const char code[] = "\"live.family_full\"";
	const struct lend_pair procfs = { "rung", "procfs" };
	const struct watching w = { .collector = "disk",
		                    .work = rest,
		                    .prepare = have_very_many_children,
		                    .options = &procfs,
		                    .n_options = 1 };
	struct watched got = watch(&w);
	const char *first;

	assert_watched_says(&got, code);
	first = strstr(got.text, code);
	assert_null(strstr(first + 1, code));
	watched_done(&got);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_tracefs_nothing_is_missed),
		cmocka_unit_test(without_ebpf_the_kernels_own_accounts_are_read),
		cmocka_unit_test(without_capabilities_it_says_which),
		cmocka_unit_test(what_may_not_be_read_is_said_and_absent),
		cmocka_unit_test(without_types_it_says_so),
		cmocka_unit_test(that_there_are_more_processes_than_are_looked_at_is_said_once),
	};

	return cmocka_run_group_tests(tests, disk_make_file, disk_remove_file);
}
