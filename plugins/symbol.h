/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGINS_SYMBOL_H
#define PLUGINS_SYMBOL_H

/* Names for addresses in a shared object, from its symbol table, without loading it. */

#include <stdint.h>

enum {
	SYMBOL_NAME_MAX = 128,
};

/* The function that address (as in the file, base 0) lies in. 0, or -ENOENT: stripped, or in none. */
int symbol_find(int fd, uint64_t address, char ret[SYMBOL_NAME_MAX]);

#endif
