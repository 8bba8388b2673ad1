/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_EXPORT_H
#define CLI_EXPORT_H

struct store;

/* Writes what locli reads of a run into folder/analysis, and says what was written. An exit code. */
int export_locli(const char *verb, struct store *s, const char *run, const char *folder, int is_quiet);

#endif
