/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGINS_TRUSTED_H
#define PLUGINS_TRUSTED_H

/* Files whose code we will run: nobody but root and us may be able to change them, or what their path leads to. */

#include <weir/host.h>

/* Opens a regular file, O_RDONLY | O_CLOEXEC. ret_path: its real path, to be freed. -EPERM: somebody else may write it
 * or a folder above it; the sentence says which, and what to do. -EINVAL: not a regular file. Else the system's error.
 */
int trusted_open(const char *path, char **ret_path, struct weir_error *reterr);

#endif
