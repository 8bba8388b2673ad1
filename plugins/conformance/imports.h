/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONFORMANCE_IMPORTS_H
#define CONFORMANCE_IMPORTS_H

/* Puts other functions in the place of those that one loaded object imports, by writing into its relocated slots. Only
 * that object's own calls are changed, neither the process' nor those of the libraries it uses. It cannot be undone:
 * for a process that is there for one test. */

#include <stdint.h>

typedef void import_function(void);

struct import {
	const char *name;
	import_function *replacement;
};

/* address: of any function of the object. The number of slots written; -ENOTSUP: this object's relocations are of a
 * kind unknown here. */
int imports_replace(import_function *address, const struct import *imports, uint32_t n);

#endif
