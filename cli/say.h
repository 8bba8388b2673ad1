/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_SAY_H
#define CLI_SAY_H

/* What the program tells its user, on stderr: one line each, `what: object: reason`. Control characters in names that
 * come from files are shown as `?`, so that no file name can play with a terminal. */

__attribute__((format(printf, 1, 2))) void say(const char *format, ...);

#endif
