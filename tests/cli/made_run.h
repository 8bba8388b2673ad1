/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_CLI_MADE_RUN_H
#define TESTS_CLI_MADE_RUN_H

/* A small workbench run of two nodes with reports that are known cell by cell. */

#include "tests/support/folder.h"
#include "tests/support/report.h"

/* node-0 has exact values (-P), node-1 has factor times as many ticks. */
enum {
	MADE_ROWS = 6,
	MADE_TICKS = 100, /* of node-0 */
};

extern const struct report_row made_rows[MADE_ROWS];

void made_report(const struct folder *f, const char *path, uint64_t factor, int has_exact);
void made_run(const struct folder *f, const char *root);

#endif
