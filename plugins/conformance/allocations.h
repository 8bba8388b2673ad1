/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONFORMANCE_ALLOCATIONS_H
#define CONFORMANCE_ALLOCATIONS_H

/* Watches what one loaded object allocates, and refuses it memory on demand. Its own calls only (imports.h); what its
 * libraries allocate is not seen. One object a process, for good. */

#include "plugins/conformance/imports.h"

/* As imports_replace(). */
int allocations_watch(import_function *address);

uint64_t allocations_count(void);      /* calls that asked for memory so far, refused ones included */
uint64_t allocations_live(void);       /* that have not been freed */
uint64_t allocations_live_bytes(void); /* of them */

/* The n-th call from now on gets no memory, and with `for_good` none after it either. 0: all do. */
void allocations_refuse(uint64_t n, int for_good);

#endif
