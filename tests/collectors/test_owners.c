/* SPDX-License-Identifier: Apache-2.0 */
/* Owners of requests in flight: none is found that is not there, and each that is not found again was counted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "bpf/owners.h"

enum {
	REQUEST_BYTES = 448, /* at such distances they lie in the kernel */
};

static struct owners owners;

static int forget_all(void **state)
{
	memset(&owners, 0, sizeof(owners));
	return 0;
}

static __u64 address_of(__u32 i)
{
	return 0xffff888100000000ULL + (__u64)i * REQUEST_BYTES;
}

static int put(__u32 i)
{
	return owners_put(&owners, address_of(i), i + 1);
}

/* How many of those below n have their owner, which none has then. */
static __u32 take_all(__u32 n)
{
	__u32 n_found = 0;

	for (__u32 i = 0; i < n; i++) {
		__u32 owner = owners_take(&owners, address_of(i));

		if (!owner)
			continue;
		assert_int_equal(owner, i + 1);
		n_found++;
	}
	return n_found;
}

static void what_devices_have_in_flight_finds_its_owner(void **state)
{
	for (__u32 i = 0; i < 256; i++)
		assert_int_equal(put(i), 0);
	assert_int_equal(take_all(256), 256);
}

static void whom_nobody_owns_has_no_owner(void **state)
{
	assert_int_equal(owners_take(&owners, address_of(1)), 0);
	(void)put(1);
	assert_int_equal(owners_take(&owners, address_of(2)), 0);
	assert_int_equal(owners_take(&owners, address_of(1)), 2);
	assert_int_equal(owners_take(&owners, address_of(1)), 0);
}

static void a_new_request_at_an_old_address_forgets_nobody(void **state)
{
	for (int turn = 0; turn < 3; turn++)
		for (__u32 i = 0; i < 256; i++)
			assert_int_equal(put(i), 0);
	assert_int_equal(take_all(256), 256);
	assert_int_equal(take_all(256), 0);
}

static void who_is_not_found_again_was_counted(void **state)
{
	static const __u32 ns[] = { OWNERS_MAX / 2, OWNERS_MAX, OWNERS_MAX + 1, 4 * OWNERS_MAX };

	for (size_t i = 0; i < sizeof(ns) / sizeof(ns[0]); i++) {
		__u32 n_forgotten = 0;

		(void)forget_all(state);
		for (__u32 k = 0; k < ns[i]; k++)
			n_forgotten += (__u32)put(k);
		if (ns[i] > OWNERS_MAX)
			assert_true(n_forgotten >= ns[i] - OWNERS_MAX);
		assert_int_equal(take_all(ns[i]) + n_forgotten, ns[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(what_devices_have_in_flight_finds_its_owner, forget_all),
		cmocka_unit_test_setup(whom_nobody_owns_has_no_owner, forget_all),
		cmocka_unit_test_setup(a_new_request_at_an_old_address_forgets_nobody, forget_all),
		cmocka_unit_test_setup(who_is_not_found_again_was_counted, forget_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
