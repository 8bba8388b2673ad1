/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_VERBS_H
#define CLI_VERBS_H

/* The verbs: one file each, one row each. argv[0] is the verb; what run() returns is the exit code. */

#include "cli/page.h"

enum {
	EXIT_ALL = 0,        /* everything that was asked for */
	EXIT_FAILED = 1,     /* nothing useful was done */
	EXIT_MISUSE = 2,     /* the command line makes no sense */
	EXIT_INCOMPLETE = 3, /* done, but something was partial, bad or lost; the last line of stderr says what */
};

struct verb {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *brief;
	const struct page *page; /* NULL: the verb prints its own help and isn't completed */
};

extern const struct verb verbs[];
extern const uint32_t n_verbs;

const struct verb *verb_find(const char *name); /* NULL: there is none */

int verb_attach(int argc, char **argv);
int verb_dict(int argc, char **argv);
int verb_doctor(int argc, char **argv);
int verb_export(int argc, char **argv);
int verb_epoch(int argc, char **argv);
int verb_help(int argc, char **argv);
int verb_ingest(int argc, char **argv);
int verb_plugins(int argc, char **argv);
int verb_profile(int argc, char **argv);
int verb_record(int argc, char **argv);
int verb_sql(int argc, char **argv);
int verb_summary(int argc, char **argv);

extern const struct page attach_page, doctor_page, epoch_page, record_page;
extern const struct page dict_page, export_page, help_page, ingest_page, plugins_page, profile_page, sql_page,
	summary_page;

#endif
