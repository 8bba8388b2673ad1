/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SUPPORT_PROGRAM_H
#define SUPPORT_PROGRAM_H

/* Running a program and keeping what it said. Failing to run it at all fails the test. */

struct program {
	int code;  /* exit code; 128 + signal when it was killed */
	char *out; /* standard output, NUL-terminated */
	char *err;
};

/* argv[0]: a path, or a name that is looked for in PATH. folder: to run in; NULL: here. Standard input is empty. */
struct program program_run(const char *folder, const char *const *argv);
void program_done(struct program *p);

/* Runs weir itself; the words end with NULL. */
struct program program_weir(const char *folder, const char *first, ...) __attribute__((sentinel));

/* The last line of a text, without its newline; good until the next call. */
const char *program_last_line(const char *text);

#endif
