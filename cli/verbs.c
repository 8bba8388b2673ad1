/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/verbs.h"

#include <string.h>

const struct verb verbs[] = {
	{ "ingest", verb_ingest, "a run directory or single files into a store", &ingest_page },
	{ "record", verb_record, "run a program under live collectors, and read what it left", &record_page },
	{ "attach", verb_attach, "measure running processes, or the nodes of a run", &attach_page },
	{ "summary", verb_summary, "what is in a store", &summary_page },
	{ "profile", verb_profile, "cost centres and heap, flat or as a tree, or what changed", &profile_page },
	{ "epoch", verb_epoch, "how nodes behave around epoch boundaries", &epoch_page },
	{ "export", verb_export, "other tools' formats: locli, chrome, speedscope, folded, csv", &export_page },
	{ "doctor", verb_doctor, "what can be measured here, by which means, and why not better", &doctor_page },
	{ "sql", verb_sql, "ask the store in SQL", &sql_page },
	{ "dict", verb_dict, "the data dictionary", &dict_page },
	{ "plugins", verb_plugins, "collectors: list, show, try, check, new", &plugins_page },
	{ "help", verb_help, "what weir does, or what one verb takes", &help_page },
};
const uint32_t n_verbs = sizeof(verbs) / sizeof(verbs[0]);

const struct verb *verb_find(const char *name)
{
	for (uint32_t i = 0; i < n_verbs; i++)
		if (strcmp(verbs[i].name, name) == 0)
			return &verbs[i];
	return NULL;
}
