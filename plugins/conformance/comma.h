/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONFORMANCE_COMMA_H
#define CONFORMANCE_COMMA_H

/* Makes this process' numbers have a decimal comma: by a locale of the system that has one, else by one that is written
 * to a temporary folder (only its LC_NUMERIC; the file format is glibc's own). Returns the locale's name, or NULL where
 * neither works. It cannot be undone. */
const char *comma_locale(void);

#endif
