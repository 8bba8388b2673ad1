/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_SUMMARY_H
#define CLI_SUMMARY_H

/* What is in a store, section by section. Each section is one query, printed as text or as a member of a JSON object.
 */

#include "analysis/headline.h"
#include "cli/reader.h"
#include "exports/jsonout.h"

/* Text of one run; < 0 after saying what failed. */
int summary_print_run(struct store *s, const char *run);
/* The same as one element of the array that j stands in. */
int summary_json_run(struct store *s, const char *run, struct jsonout *j);

/* The figures of analysis/headline.h; a part of the two above. */
int summary_print_headline(struct store *s, const char *run);
int summary_json_headline(struct store *s, const char *run, struct jsonout *j);

/* What was counted twice, of analysis/counterpart.h. */
int summary_print_counterparts(struct store *s, const char *run);
int summary_json_counterparts(struct store *s, const char *run, struct jsonout *j);

#endif
