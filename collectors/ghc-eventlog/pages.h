/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GHC_EVENTLOG_PAGES_H
#define GHC_EVENTLOG_PAGES_H

/* Memory of many MiB that is filled from its beginning on. The system gives it page by page as it is touched, which in
 * a virtual machine takes longer than filling it: so it comes in large pages where there are some, but for the first
 * ones, which are all that most logs need. */

#include <stddef.h>

/* n_first: bytes at the beginning that come in small pages. NULL: there is no memory. Give it back with free(). */
void *pages_new(size_t n_bytes, size_t n_first);

#endif
