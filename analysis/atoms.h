/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ANALYSIS_ATOMS_H
#define ANALYSIS_ATOMS_H

/* Numbers for byte strings: the same bytes get the same number, from 1 up without gaps. Memory that runs out is
 * remembered: atoms_id() then gives 0, for good. */

#include <stddef.h>
#include <stdint.h>

struct atoms;

struct atoms *atoms_new(void); /* NULL: no memory */
void atoms_free(struct atoms *t);

uint32_t atoms_id(struct atoms *t, const void *at, size_t n);               /* found or made; 0: no memory */
uint32_t atoms_find(const struct atoms *t, const void *at, size_t n);       /* 0: there is none */
const char *atoms_bytes(const struct atoms *t, uint32_t id, size_t *ret_n); /* NUL after the last byte */
uint32_t atoms_count(const struct atoms *t);

#endif
