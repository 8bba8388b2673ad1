/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SUPPORT_SAYS_H
#define SUPPORT_SAYS_H

/* Sentences that must have certain words in them. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

static inline void assert_says(const char *text, const char *words)
{
	if (!strstr(text, words))
		fail_msg("\"%s\" does not say \"%s\"", text, words);
}

#endif
