/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EXPORTS_CSV_H
#define EXPORTS_CSV_H

/* Comma-separated values as in RFC 4180, but with lines that end in a newline alone. Absent is empty; an empty text is
 * "". */

#include <stdio.h>
#include <weir/host.h>

void csv_cell(FILE *file, int is_first, struct weir_text text); /* a text */
void csv_plain(FILE *file, int is_first, const char *text);     /* a number, or "" for absent */
void csv_end(FILE *file);

#endif
