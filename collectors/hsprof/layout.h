/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HSPROF_LAYOUT_H
#define HSPROF_LAYOUT_H

/* What differs between versions of GHC in the frames on a Haskell stack. */

#include "bpf/hsprof.h"

/* Fills what the walk has to know of a program that this version of GHC compiled (`9.0.2`). 1, or 0 when the version is
 * not one whose frames are known; *ret is then a program without a Haskell stack. */
int layout_of(const char *ghc_version, struct hsprof_image *ret);

/* `8.6 to 9.14`: for a sentence. */
const char *layout_known(void);

#endif
