/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_SAY_H
#define CLI_SAY_H

/* What the program tells its user, on stderr: one line each, `what: object: reason`. Control characters in names that
 * come from files are shown as `?`, so that no file name can play with a terminal. */

#include <stdio.h>
#include <weir/host.h>

__attribute__((format(printf, 1, 2))) void say(const char *format, ...);

/* The same for what is printed in pieces: a text out of a file. */
void say_text(FILE *file, struct weir_text text);
void say_word(FILE *file, const char *text);

#endif
