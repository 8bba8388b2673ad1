/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGINS_DESCRIPTION_H
#define PLUGINS_DESCRIPTION_H

/* A collector's tables as bytes, from the child that loaded it to the host that did not. The reader trusts nothing:
 * bytes in, a collector whose every pointer and text is the host's own out, or -EBADMSG; and what was checked where it
 * was loaded is checked again. Its verbs are not to be called: they only say which there are.
 */

#include <weir/collector.h>

enum {
	DESCRIPTION_BYTES_MAX = 32 << 20,
};

/* Allocates *ret; free it. */
int description_write(const struct weir_collector *c, uint8_t **ret, uint64_t *ret_n);

/* *ret_memory holds all that *ret points to; free it after use. */
int description_read(const uint8_t *at, uint64_t n, const char *what, struct weir_collector *ret, void **ret_memory,
                     struct weir_error *reterr);

#endif
