/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/hsprof/layout.h"

#include <stdio.h>

/* rts/include/rts/storage/ClosureTypes.h (includes/rts/… before 9.2) of each release line. The numbers up to
 * COMPACT_NFDATA are the same since 8.2; what is behind them has no stack frames before 9.14's annotations. Lines that
 * nobody has looked at are not there: a wrong number is a wrong stack. Walked were stacks of 9.0.2, 9.6.6 and 9.10.3.
 */
#define SINCE_8_6                                                                                                      \
	.is_haskell = 1, .ret_bco = 29, .ret_big = 31, .ret_fun = 32, .update = 33, .underflow = 35, .stop = 36,       \
	.atomically = 55, .catch_stm = 57

static const struct {
	unsigned first, last; /* major * 100 + minor */
	struct hsprof_image image;
} layouts[] = {
	{ 806, 912, { SINCE_8_6 } },
	{ 914, 914, { SINCE_8_6, .annotation = 65 } },
};

int layout_of(const char *ghc_version, struct hsprof_image *ret)
{
	unsigned major, minor;

	*ret = (struct hsprof_image){ .is_haskell = 0 };
	if (sscanf(ghc_version, "%3u.%2u", &major, &minor) != 2)
		return 0;
	for (size_t i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++)
		if (major * 100 + minor >= layouts[i].first && major * 100 + minor <= layouts[i].last) {
			*ret = layouts[i].image;
			return 1;
		}
	return 0;
}

const char *layout_known(void)
{
	return "8.6 to 9.14";
}
