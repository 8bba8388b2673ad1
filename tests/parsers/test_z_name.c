/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/z_name.h"
#include "tests/support/bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char room[Z_ROOM];

static struct parse_text text_of(const char *at)
{
	return (struct parse_text){ at, strlen(at) };
}

static void assert_text(struct parse_text text, const char *expected)
{
	assert_int_equal(text.n, strlen(expected));
	assert_memory_equal(text.at, expected, text.n);
}

static void each_escape_is_the_character_that_ghc_encoded(void **state)
{
	/* As compiler/GHC/Utils/Encoding.hs lists them, and its examples. */
	static const char *const pairs[][2] = {
		{ "Trak", "Trak" },
		{ "foozuwib", "foo_wib" },
		{ "zgzmze", ">-=" },
		{ "zg1", ">1" },
		{ "ZMZN", "[]" },
		{ "Z0T", "()" },
		{ "Z2T", "(,)" },
		{ "Z3H", "(#,,#)" },
		{ "Z1H", "(# #)" },
		{ "zpzp", "++" },
		{ "zazbzczdzezgzhziz", "" },
		{ "zazbzczdzezgzhzi", "&|^$=>#." },
		{ "zlzmznzpzqzrzsztzuzvzz", "<-!+'\\/*_%z" },
		{ "ZLZRZCZZ", "():Z" },
		{ "z3bbU", "\xce\xbb" },
		{ "z0e9U", "\xc3\xa9" },
		{ "z1d4d0U", "\xf0\x9d\x93\x90" },
		{ "z20acU", "\xe2\x82\xac" },
		{ "", "" },
	};
	char wrong[] = "z0d800U";

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		int n = z_decode(text_of(pairs[i][0]), room, sizeof(room));

		if (pairs[i][0][0] && !pairs[i][1][0]) {
			assert_int_equal(n, -1);
			continue;
		}
		assert_int_equal(n, strlen(pairs[i][1]));
		assert_memory_equal(room, pairs[i][1], (size_t)n);
	}
	assert_int_equal(z_decode(text_of(wrong), room, sizeof(room)), -1);
	assert_int_equal(z_decode(text_of("z110000U"), room, sizeof(room)), -1);
	assert_int_equal(z_decode(text_of("zj"), room, sizeof(room)), -1);
	assert_int_equal(z_decode(text_of("Z5"), room, sizeof(room)), -1);
}

static void a_tuple_has_at_most_as_many_places_as_ghc_has(void **state)
{
	assert_int_equal(z_decode(text_of("Z64T"), room, sizeof(room)), 65);
	assert_int_equal(z_decode(text_of("Z65T"), room, sizeof(room)), -1);
	assert_int_equal(z_decode(text_of("Z64T"), room, 65), 65);
	assert_int_equal(z_decode(text_of("Z64T"), room, 64), -1);
}

static void a_symbol_is_package_module_and_name(void **state)
{
	static const struct {
		const char *symbol, *package, *module, *name;
		enum z_kind kind;
	} rows[] = {
		{ "containerszm0zi6zi4zi1_DataziMapziInternal_zdwbalanceL_info", "containers-0.6.4.1",
		  "Data.Map.Internal", "$wbalanceL", Z_CODE },
		{ "base_GHCziBase_map_info", "base", "GHC.Base", "map", Z_CODE },
		{ "Main_zdwbuild_info", "", "Main", "$wbuild", Z_CODE },
		{ "ZCMain_main_info", "", ":Main", "main", Z_CODE },
		{ "ghczmprim_GHCziTypes_ZC_con_info", "ghc-prim", "GHC.Types", ":", Z_CONSTRUCTOR },
		{ "ghczmprim_GHCziTypes_ZMZN_closure", "ghc-prim", "GHC.Types", "[]", Z_DATA },
		{ "HUnitzm1zi6zi2zi0_TestziHUnit_runTest_entry", "HUnit-1.6.2.0", "Test.HUnit", "runTest", Z_CODE },
		{ "Main_Foo_con_info", "", "Main", "Foo", Z_CONSTRUCTOR },
		{ "Main_go_s1B3_info", "", "Main", "go", Z_CODE },
		{ "stg_upd_frame_info", "", "", "stg_upd_frame", Z_RTS },
		{ "stat_endGC", "", "", "stat_endGC", Z_OTHER },
		{ "sat_s1B3_info", "", "", "sat_s1B3_info", Z_OTHER },
		{ "base_GHCziBase_zj_info", "", "", "base_GHCziBase_zj_info", Z_OTHER },
		{ "_info", "", "", "_info", Z_OTHER },
		{ "Main__info", "", "", "Main__info", Z_OTHER },
		{ "", "", "", "", Z_OTHER },
	};
	struct z_symbol s;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		z_symbol(text_of(rows[i].symbol), room, &s);
		assert_int_equal(s.kind, rows[i].kind);
		assert_text(s.package, rows[i].package);
		assert_text(s.module, rows[i].module);
		assert_text(s.name, rows[i].name);
	}
}

/* Every beginning, against a page that can't be read. */
static void no_beginning_of_a_symbol_is_read_too_far(void **state)
{
	static const char symbol[] = "pkgzm1_Modziule_z3bbUZ2Tzqx_con_info";
	struct z_symbol s;

	for (size_t n = 0; n < sizeof(symbol); n++) {
		struct bytes b = bytes_guarded((const uint8_t *)symbol, n);

		z_symbol((struct parse_text){ (const char *)b.at, n }, room, &s);
		assert_true(s.name.n <= sizeof(room));
		bytes_done(&b);
	}
}

static void a_symbol_longer_than_the_bound_is_left_as_it_is(void **state)
{
	static char symbol[Z_NAME_MAX + 2];
	struct z_symbol s;

	memset(symbol, 'a', sizeof(symbol));
	memcpy(symbol, "Main_", 5);
	memcpy(symbol + Z_NAME_MAX - 5, "_info", 5);
	z_symbol((struct parse_text){ symbol, Z_NAME_MAX }, room, &s);
	assert_int_equal(s.kind, Z_CODE);
	assert_int_equal(s.name.n, Z_NAME_MAX - 10);
	memset(symbol + 5, 'a', Z_NAME_MAX - 5);
	memcpy(symbol + Z_NAME_MAX - 4, "_info", 5);
	z_symbol((struct parse_text){ symbol, Z_NAME_MAX + 1 }, room, &s);
	assert_int_equal(s.kind, Z_OTHER);
	assert_int_equal(s.name.n, Z_NAME_MAX + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_escape_is_the_character_that_ghc_encoded),
		cmocka_unit_test(a_tuple_has_at_most_as_many_places_as_ghc_has),
		cmocka_unit_test(a_symbol_is_package_module_and_name),
		cmocka_unit_test(no_beginning_of_a_symbol_is_read_too_far),
		cmocka_unit_test(a_symbol_longer_than_the_bound_is_left_as_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
