/* SPDX-License-Identifier: Apache-2.0 */
#include "store/plan.h"

#include <string.h>

enum {
	ARGUMENTS_MAX = 100,
};

struct comparison {
	unsigned char code;
	const char *text;
};

static const struct comparison comparisons[] = {
	{ SQLITE_INDEX_CONSTRAINT_EQ, "=" },      { SQLITE_INDEX_CONSTRAINT_IS, "IS" },
	{ SQLITE_INDEX_CONSTRAINT_GT, ">" },      { SQLITE_INDEX_CONSTRAINT_GE, ">=" },
	{ SQLITE_INDEX_CONSTRAINT_LT, "<" },      { SQLITE_INDEX_CONSTRAINT_LE, "<=" },
	{ SQLITE_INDEX_CONSTRAINT_LIKE, "LIKE" }, { SQLITE_INDEX_CONSTRAINT_GLOB, "GLOB" },
};

static const char *comparison_text(unsigned char code)
{
	for (size_t i = 0; i < sizeof(comparisons) / sizeof(comparisons[0]); i++)
		if (comparisons[i].code == code)
			return comparisons[i].text;
	return NULL;
}

/* A plan while it is made. */
struct making {
	sqlite3_index_info *info;
	sqlite3_str *series, *order, *blocks;
	int n_arguments;
	double n_rows;
};

static const char *joint(sqlite3_str *text)
{
	return sqlite3_str_length(text) ? " AND " : "";
}

static int use_argument(struct making *m, int constraint, int is_exact, double part)
{
	m->info->aConstraintUsage[constraint].argvIndex = ++m->n_arguments;
	m->info->aConstraintUsage[constraint].omit = (unsigned char)is_exact;
	m->n_rows *= part;
	return m->n_arguments;
}

/* The base tables compare bytes; a query that compares otherwise must see all rows. */
static void choose_series(struct making *m, int i, const struct plan_column *column)
{
	const struct sqlite3_index_constraint *c = &m->info->aConstraint[i];
	const char *comparison = comparison_text(c->op);
	int is_equality = c->op == SQLITE_INDEX_CONSTRAINT_EQ || c->op == SQLITE_INDEX_CONSTRAINT_IS;

	if (!comparison || sqlite3_stricmp(sqlite3_vtab_collation(m->info, i), "BINARY") != 0)
		return;
	sqlite3_str_appendf(m->series, "%s%s %s ?%d", joint(m->series), column->series, comparison,
	                    use_argument(m, i, 1, is_equality ? 0.02 : 0.2));
}

static void bound_blocks(struct making *m, const struct plan_column *column, const char *bound, const char *comparison,
                         int argument)
{
	if (column->is_time)
		sqlite3_str_appendf(m->blocks, "%s%s %s ?%d", joint(m->blocks), bound, comparison, argument);
	else /* The summary is rounded; rounding what it is compared with keeps the order. */
		sqlite3_str_appendf(m->blocks, "%s(typeof(?%d) NOT IN ('integer', 'real') OR %s %s CAST(?%d AS REAL))",
		                    joint(m->blocks), argument, bound, comparison, argument);
}

static void choose_blocks(struct making *m, int i, const struct plan_column *column)
{
	unsigned char op = m->info->aConstraint[i].op;
	int is_equality = op == SQLITE_INDEX_CONSTRAINT_EQ;
	int wants_least = is_equality || op == SQLITE_INDEX_CONSTRAINT_LT || op == SQLITE_INDEX_CONSTRAINT_LE;
	int wants_greatest = is_equality || op == SQLITE_INDEX_CONSTRAINT_GT || op == SQLITE_INDEX_CONSTRAINT_GE;
	int argument;

	if (!wants_least && !wants_greatest)
		return;
	argument = use_argument(m, i, 0, is_equality ? 0.01 : 0.3);
	if (wants_greatest)
		bound_blocks(m, column, column->greatest, ">=", argument);
	if (wants_least)
		bound_blocks(m, column, column->least, "<=", argument);
}

static void use_constraints(struct making *m, const struct plan_column *columns)
{
	for (int i = 0; i < m->info->nConstraint && m->n_arguments < ARGUMENTS_MAX; i++) {
		const struct sqlite3_index_constraint *c = &m->info->aConstraint[i];

		if (!c->usable || c->iColumn < 0)
			continue;
		if (columns[c->iColumn].series)
			choose_series(m, i, &columns[c->iColumn]);
		else if (columns[c->iColumn].greatest)
			choose_blocks(m, i, &columns[c->iColumn]);
	}
}

/* Rows come series by series, so an order by what series are told apart by costs only the sorting of series. */
static void use_order(struct making *m, const struct plan_column *columns)
{
	const sqlite3_index_info *info = m->info;

	for (int i = 0; i < info->nOrderBy; i++)
		if (info->aOrderBy[i].iColumn < 0 || !columns[info->aOrderBy[i].iColumn].series)
			return;
	for (int i = 0; i < info->nOrderBy; i++)
		sqlite3_str_appendf(m->order, "%s%s%s", i ? ", " : "", columns[info->aOrderBy[i].iColumn].series,
		                    info->aOrderBy[i].desc ? " DESC" : "");
	m->info->orderByConsumed = info->nOrderBy > 0;
}

static uint32_t needs_of(const sqlite3_index_info *info, const struct plan_column *columns, int n_columns)
{
	uint32_t needs = 0;

	for (int i = 0; i < n_columns; i++)
		if (info->colUsed & 1ULL << i)
			needs |= columns[i].needs;
	return needs;
}

static char *finish(sqlite3_str *text, int *ret_code)
{
	char *s;

	if (*ret_code == SQLITE_OK)
		*ret_code = sqlite3_str_errcode(text);
	s = sqlite3_str_finish(text);
	return s ? s : sqlite3_mprintf("");
}

int plan_make(sqlite3_index_info *info, const struct plan_column *columns, int n_columns)
{
	struct making m = { .info = info, .n_rows = 1e7 };
	char *series, *order, *blocks;
	int code = SQLITE_OK;

	m.series = sqlite3_str_new(NULL);
	m.order = sqlite3_str_new(NULL);
	m.blocks = sqlite3_str_new(NULL);
	use_constraints(&m, columns);
	use_order(&m, columns);
	series = finish(m.series, &code);
	order = finish(m.order, &code);
	blocks = finish(m.blocks, &code);
	info->idxNum = (int)needs_of(info, columns, n_columns);
	info->idxStr = series && order && blocks ? sqlite3_mprintf("%s | %s | %s", series, order, blocks) : NULL;
	info->needToFreeIdxStr = 1;
	info->estimatedRows = (sqlite3_int64)m.n_rows + 1;
	info->estimatedCost = m.n_rows + 1000;
	sqlite3_free(series);
	sqlite3_free(order);
	sqlite3_free(blocks);
	return code != SQLITE_OK || info->idxStr ? code : SQLITE_NOMEM;
}

void plan_split(char *plan, const char *ret[PLAN_PARTS])
{
	static const char between[] = " | ";

	for (int i = 0; i < PLAN_PARTS; i++) {
		char *end = i + 1 < PLAN_PARTS ? strstr(plan, between) : NULL;

		ret[i] = plan;
		if (end) {
			*end = '\0';
			plan = end + strlen(between);
		}
	}
}
