/* SPDX-License-Identifier: Apache-2.0 */
#include "analysis/profile_load.h"
#include "cli/export.h"
#include "cli/say.h"
#include "cli/verbs.h"
#include "exports/locli.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum {
	SET_TICKS,
	SET_TIME_SHARE,
	SET_ALLOC,
	SET_ALLOC_SHARE,
	SET_COUNT,
};

static const char *const metrics[SET_COUNT] = {
	[SET_TICKS] = "ghc.profile.ticks",
	[SET_TIME_SHARE] = "ghc.profile.time_share",
	[SET_ALLOC] = "ghc.profile.alloc",
	[SET_ALLOC_SHARE] = "ghc.profile.alloc_share",
};

struct export_profiles {
	struct profile_set *sets[SET_COUNT]; /* whose names the next one borrows */
	struct locli *l;
};

int64_t export_now(void)
{
	const char *fixed = getenv("SOURCE_DATE_EPOCH");
	struct timespec t;
	long long seconds;
	char *end;

	if (fixed) {
		errno = 0;
		seconds = strtoll(fixed, &end, 10);
		if (!errno && end != fixed && !*end && seconds >= 0 && seconds < INT64_C(9000000000))
			return seconds * INT64_C(1000000000);
	}
	(void)clock_gettime(CLOCK_REALTIME, &t);
	return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

int export_locli_write(const char *verb, const struct export_profiles *p, const char *folder, int is_quiet)
{
	struct locli_report report;
	struct weir_error error;
	int result;

	if (!p || p->l->n_nodes == 0) {
		if (!is_quiet)
			say("%s: %s: no cost-centre profiles to write for locli", verb, folder);
		return EXIT_ALL;
	}
	result = locli_write(p->l, folder, export_now(), &report, &error);
	if (!is_quiet)
		printf("%s/analysis: %u profile%s for locli, %u manifest%s %s\n", folder, report.n_files,
		       report.n_files == 1 ? "" : "s", report.n_manifests, report.n_manifests == 1 ? "" : "s",
		       report.is_created ? "made" : "patched");
	if (*report.hostless && !is_quiet)
		say("%s: no manifest has these as hosts, so locli won't read their profiles: %s", verb,
		    report.hostless);
	if (result < 0) {
		say("%s: %s", verb, error.text);
		return report.n_files > 0 ? EXIT_INCOMPLETE : EXIT_FAILED;
	}
	return EXIT_ALL;
}

void export_locli_free(struct export_profiles *p)
{
	if (!p)
		return;
	locli_free(p->l);
	for (int i = 0; i < SET_COUNT; i++)
		profile_set_free(p->sets[i]);
	free(p);
}

int export_locli_load(const char *verb, struct store *s, const char *run, struct export_profiles **ret)
{
	struct export_profiles *p = calloc(1, sizeof(*p));
	struct weir_error error;
	int result = p ? 0 : -ENOMEM;

	for (int i = 0; i < SET_COUNT && result == 0; i++)
		result = profile_set_load(s, &(struct profile_choice){ .metric = metrics[i], .run = run }, &p->sets[i],
		                          &error);
	if (result == 0)
		result = locli_new(&(struct locli_sets){ .ticks = p->sets[SET_TICKS],
		                                         .time_share = p->sets[SET_TIME_SHARE],
		                                         .alloc = p->sets[SET_ALLOC],
		                                         .alloc_share = p->sets[SET_ALLOC_SHARE] },
		                   &p->l);
	if (result < 0) {
		say("%s: %s", verb, result == -ENOMEM ? "no memory" : error.text);
		export_locli_free(p);
		return EXIT_FAILED;
	}
	*ret = p;
	return EXIT_ALL;
}

int export_locli(const char *verb, struct store *s, const char *run, const char *folder, int is_quiet)
{
	struct export_profiles *p = NULL;
	int code = export_locli_load(verb, s, run, &p);

	if (code == EXIT_ALL)
		code = export_locli_write(verb, p, folder, is_quiet);
	export_locli_free(p);
	return code;
}
