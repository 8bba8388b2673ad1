/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SUPPORT_SANITIZED_H
#define SUPPORT_SANITIZED_H

/* What a sanitizer takes over (a crash's signal, the address space) is tested without one. */

#if defined(__SANITIZE_ADDRESS__)
enum {
	IS_SANITIZED = 1
};
#else
enum {
	IS_SANITIZED = 0
};
#endif

#endif
