/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_FAIL_H
#define WEIR_FAIL_H

/* Filling an error, on either side of the contract. A convenience: nothing in the contract needs this header. */

#include <stdarg.h>
#include <stdio.h>
#include <weir/host.h>

/* Writes the sentence, form `what: object: reason`, when reterr is not NULL, and returns `code` (a negative errno) so
 * that `return weir_fail(reterr, -EBADMSG, "prof: %s: ...", path);` is all that a failing function needs. */
__attribute__((format(printf, 3, 4), unused)) static int weir_fail(struct weir_error *reterr, int code,
                                                                   const char *format, ...)
{
	va_list args;

	if (!reterr)
		return code;
	va_start(args, format);
	(void)vsnprintf(reterr->text, sizeof(reterr->text), format, args);
	va_end(args);
	return code;
}

#endif
