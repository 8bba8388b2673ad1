/* SPDX-License-Identifier: Apache-2.0 */
/* `weir export` of profiles: node by node, so that only one node's profile is in memory. */
#include "cli/export.h"

#include "analysis/profile_load.h"
#include "cli/metric.h"
#include "cli/reader.h"
#include "cli/say.h"
#include "exports/profile_out.h"
#include "store/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int choose(struct store *s, struct export_request *r)
{
	if (metric_choose(s, NULL, "export", &r->choice, r->metric, sizeof(r->metric)) < 0)
		return -1;
	r->choice.metric = r->metric;
	return 0;
}

/* What is done with one node's profiles. name: of the node, unique in the export. */
struct writing {
	int (*write)(struct writing *w, const struct profile_set *set, const char *name);
	FILE *file;
	struct speedscope *speedscope;
	int has_many; /* nodes */
};

static int write_folded(struct writing *w, const struct profile_set *set, const char *name)
{
	int result = 0;

	for (uint32_t i = 0; i < profile_set_count(set) && result == 0; i++)
		result = folded_write(w->file, set, profile_set_at(set, i), w->has_many ? name : NULL);
	return result;
}

static int write_speedscope(struct writing *w, const struct profile_set *set, const char *name)
{
	char *title;
	int result = 0;

	for (uint32_t i = 0; i < profile_set_count(set) && result == 0; i++) {
		const struct profile *p = profile_set_at(set, i);
		int has_attrs = strcmp(p->attrs, "{}") != 0;

		if (asprintf(&title, "%s: %s%s%s", name, p->metric, has_attrs ? " " : "", has_attrs ? p->attrs : "") <
		    0)
			return -1;
		result = speedscope_profile(w->speedscope, set, p, title);
		free(title);
	}
	return result;
}

static int write_one(struct store *s, const struct profile_choice *choice, const char *name, struct writing *w)
{
	struct profile_set *set;
	struct weir_error error;
	int result = profile_set_load(s, choice, &set, &error);

	if (result < 0) {
		say("export: %s", error.text);
		return result;
	}
	result = set ? w->write(w, set, name) : 0;
	if (result < 0)
		say("export: no memory");
	profile_set_free(set);
	return result;
}

/* A row of nodes_sql. */
static int write_node(struct store *s, const struct profile_choice *choice, sqlite3_stmt *q, struct writing *w)
{
	struct profile_choice one = *choice;
	int result, has_runs = sqlite3_column_int(q, 3);
	char *name;

	one.run = reader_text(q, 0);
	one.node = reader_text(q, 1);
	one.identity = PROFILE_BY_SOURCE;
	w->has_many = sqlite3_column_int(q, 2) > 1;
	if (asprintf(&name, "%s%s%s", has_runs ? one.run : "", has_runs ? "/" : "", one.node) < 0) {
		say("export: no memory");
		return -1;
	}
	result = write_one(s, &one, name, w);
	free(name);
	return result;
}

static const char nodes_sql[] =
	"SELECT run, node, count(*) OVER (), min(run) OVER () <> max(run) OVER () FROM (SELECT DISTINCT run, node FROM "
	"totals"
	" WHERE metric = ?1 AND (?2 IS NULL OR run = ?2) AND (?3 IS NULL OR node = ?3)) ORDER BY run, node";

static int write_nodes(struct store *s, const struct profile_choice *choice, struct writing *w)
{
	const char *const values[] = { choice->metric, choice->run, choice->node };
	sqlite3_stmt *q = reader_query(s, "export", nodes_sql, values, 3);
	int result, n = 0;

	if (!q)
		return -1;
	while ((result = reader_step(q, "export")) > 0) {
		n++;
		result = write_node(s, choice, q, w);
		if (result < 0)
			break;
	}
	(void)sqlite3_finalize(q);
	if (result == 0 && n == 0) {
		say("export: %s: no node has it; `weir summary` shows what the store has", choice->metric);
		return -1;
	}
	return result;
}

int export_folded(struct store *s, struct export_request *r, FILE *file)
{
	struct writing w = { .write = write_folded, .file = file };

	return choose(s, r) < 0 ? -1 : write_nodes(s, &r->choice, &w);
}

int export_speedscope(struct store *s, struct export_request *r, FILE *file)
{
	struct writing w = { .write = write_speedscope };
	int result;

	if (choose(s, r) < 0)
		return -1;
	w.speedscope = speedscope_begin(file, r->store_path);
	if (!w.speedscope) {
		say("export: no memory");
		return -1;
	}
	result = write_nodes(s, &r->choice, &w);
	speedscope_end(w.speedscope);
	return result;
}
