/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/ucum.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

static void takes_units_of_the_specification(void **state)
{
	static const char *const units[] = {
		"1",       "By",       "KiBy",       "ns",     "us",     "ms",      "s",          "%",
		"{tick}",  "{tick}/s", "By/s",       "MiBy/s", "/s",     "10*3/ul", "10*-3",      "10^6",
		"m/s2",    "kg.m/s2",  "m2.s-1",     "bit/s",  "kbit/s", "Cel",     "1{request}", "{a}.{b}/{c}",
		"(m/s)/s", "[ppm]",    "/(s.{cpu})", "mol/l",  "B[W]",   "dB[W]",   "deg",        "''",
		"dam",     "s{wall}",  "eV",         "W.h",    "100",    "m+2",     "Ohm",        "Mibit",
		"min",     "d",        "wk",         "a",      "Hz",     "{#}",     "g{lean}"
	};

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (ucum_fault(units[i], NULL))
			fail_msg("%s: %s", units[i], ucum_fault(units[i], NULL));
}

static void refuses_what_is_none(void **state)
{
	static const char *const units[] = {
		"",       "bytes", "seconds", "sec",  "Kb",    "KB",        "tick", "{tick", "tick}", "{a b}",
		"{a{b}}", "m/",    "/",       "m//s", "(m",    "m)",        "()",   "m s",   " s",    "s ",
		"m-",     "m+",    "kmin",    "k%",   "kd",    "Kiwk",      "[ppm", "m.",    ".m",    "s--1",
		"k",      "Ki",    "{}{}",    "2m",   "ms ms", "\xC2\xB5s", "m^2",  "By/s)",
	};

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (!ucum_fault(units[i], NULL))
			fail_msg("%s was taken", units[i]);
}

static void says_where(void **state)
{
	unsigned at;

	assert_non_null(ucum_fault("By/sec", &at));
	assert_int_equal(at, 3);
}

static void parentheses_go_as_deep_as_the_bound(void **state)
{
	char unit[2 * (UCUM_DEPTH_MAX + 1) + 2];

	(void)snprintf(unit, sizeof(unit), "%.*ss%.*s", UCUM_DEPTH_MAX, "(((((((((((((((((", UCUM_DEPTH_MAX,
	               ")))))))))))))))))");
	assert_null(ucum_fault(unit, NULL));
	(void)snprintf(unit, sizeof(unit), "%.*ss%.*s", UCUM_DEPTH_MAX + 1, "(((((((((((((((((", UCUM_DEPTH_MAX + 1,
	               ")))))))))))))))))");
	assert_string_equal(ucum_fault(unit, NULL), "too many parentheses");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_units_of_the_specification),
		cmocka_unit_test(refuses_what_is_none),
		cmocka_unit_test(says_where),
		cmocka_unit_test(parentheses_go_as_deep_as_the_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
