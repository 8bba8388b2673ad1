/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/place.h"

#include <weir/collector.h>

#include <dlfcn.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

static void a_cause_is_named(void **state)
{
	struct crash_record r = { .signal = SIGSEGV, .address = 0x10 };
	struct place_sentence s;

	place_cause(&r, &s);
	assert_string_equal(s.text, "SIGSEGV at address 0x10");
	r.signal = SIGABRT;
	place_cause(&r, &s);
	assert_string_equal(s.text, "SIGABRT");
	r = (struct crash_record){ .signal = SIGSYS, .syscall = SYS_socket };
	place_cause(&r, &s);
	assert_non_null(strstr(s.text, "system call socket ("));
	r.syscall = 99999;
	place_cause(&r, &s);
	assert_string_equal(s.text, "system call unknown (99999)");
	r.signal = 12345;
	place_cause(&r, &s);
	assert_string_equal(s.text, "SIG?");
}

static void a_place_is_named_by_object_and_function(void **state)
{
	struct crash_record r = { .n_frames = 1, .n_objects = 2 };
	int fd = open(FIXTURE_DIR "/crash-poll.so", O_RDONLY | O_CLOEXEC);
	void *object = dlopen(FIXTURE_DIR "/crash-poll.so", RTLD_NOW | RTLD_LOCAL);
	Dl_info info;
	struct place_sentence s;
	uint64_t base;

	assert_true(fd >= 0 && object);
	assert_true(dladdr(dlsym(object, "weir_collector"), &info));
	base = (uint64_t)(uintptr_t)info.dli_fbase;
	r.objects[0] = (struct crash_object){ base, base + 0x100000, base, "/proc/self/fd/7" };
	r.objects[1] = (struct crash_object){ 0x1000, 0x2000, 0x800, "/lib/x/libc.so.6" };
	/* The collector's poll, by its address in the table. */
	r.frames[0] = (uint64_t)(uintptr_t)((const struct weir_collector *)dlsym(object, "weir_collector"))->poll;
	place_where(&r, fd, "crash-poll.so", &s);
	assert_non_null(strstr(s.text, "crash-poll.so+0x"));
	assert_non_null(strstr(s.text, "(lines_poll)"));
	r.frames[1] = r.frames[0] + 1;
	r.frames[0] = 0x1810;
	r.n_frames = 2;
	place_where(&r, fd, "crash-poll.so", &s);
	assert_non_null(strstr(s.text, "libc.so.6+0x1010, called from crash-poll.so+0x"));
	assert_non_null(strstr(s.text, "(lines_poll)"));
	r.frames[0] = 0;
	r.n_frames = 1;
	place_where(&r, fd, "crash-poll.so", &s);
	assert_string_equal(s.text, "0x0, where no code is");
	(void)close(fd);
}

/* A record is written by a process that has just gone wrong. */
static void any_record_is_described_without_harm(void **state)
{
	struct crash_record r;
	struct place_sentence s;
	int fd = open(FIXTURE_DIR "/crash-poll.so", O_RDONLY | O_CLOEXEC);

	srandom(1);
	for (int i = 0; i < 2000; i++) {
		for (size_t k = 0; k < sizeof(r); k++)
			((uint8_t *)&r)[k] = (uint8_t)random();
		for (uint32_t k = 0; k < CRASH_OBJECTS_MAX && i % 2; k++) {
			r.objects[k].start = 0;
			r.objects[k].end = UINT64_MAX;
		}
		if (i % 4 == 3)
			memcpy(r.objects[0].name, "/proc/self/fd/", 14);
		place_cause(&r, &s);
		assert_true(strlen(s.text) < sizeof(s.text));
		place_where(&r, fd, "x.so", &s);
		assert_true(strlen(s.text) < sizeof(s.text));
	}
	(void)close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_cause_is_named),
		cmocka_unit_test(a_place_is_named_by_object_and_function),
		cmocka_unit_test(any_record_is_described_without_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
