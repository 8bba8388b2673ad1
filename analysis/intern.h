/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ANALYSIS_INTERN_H
#define ANALYSIS_INTERN_H

/* Numbers for byte strings: the same bytes get the same number, from 1 up without gaps. Memory that runs out is
 * remembered: intern_id() then gives 0, for good. */

#include <stddef.h>
#include <stdint.h>

struct intern;

struct intern *intern_new(void); /* NULL: no memory */
void intern_free(struct intern *t);

uint32_t intern_id(struct intern *t, const void *at, size_t n);               /* found or made; 0: no memory */
uint32_t intern_find(const struct intern *t, const void *at, size_t n);       /* 0: there is none */
const char *intern_bytes(const struct intern *t, uint32_t id, size_t *ret_n); /* NUL after the last byte */
uint32_t intern_count(const struct intern *t);

#endif
