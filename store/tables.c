/* SPDX-License-Identifier: Apache-2.0 */
#include "store/tables.h"

#include "store/shapes.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

/* Of one connection; lives as long as what is registered with it. */
struct tables {
	struct cursor_counts counts;
	int n_users;
};

/* What a module is registered with. */
struct registration {
	const struct shape *shape;
	struct tables *tables;
};

struct vtab {
	sqlite3_vtab base;
	const struct shape *shape;
	struct cursor_scope scope;
};

struct vtab_cursor {
	sqlite3_vtab_cursor base;
	struct cursor cursor;
};

/* ---- Tables ---- */

static char *declaration(const struct shape *t)
{
	sqlite3_str *text = sqlite3_str_new(NULL);

	for (int i = 0; i < t->n_columns; i++)
		sqlite3_str_appendf(text, "%s\"%s\" %s", i ? ", " : "CREATE TABLE x (", t->columns[i].name,
		                    t->columns[i].type);
	sqlite3_str_appendall(text, ")");
	return sqlite3_str_finish(text);
}

static int tables_connect(sqlite3 *db, void *aux, int n, const char *const *arguments, sqlite3_vtab **ret,
                          char **reterr)
{
	const struct registration *registration = aux;
	char *text = declaration(registration->shape);
	int code = text ? sqlite3_declare_vtab(db, text) : SQLITE_NOMEM;
	struct vtab *v = code == SQLITE_OK ? calloc(1, sizeof(*v)) : NULL;

	sqlite3_free(text);
	if (!v)
		return code == SQLITE_OK ? SQLITE_NOMEM : code;
	v->shape = registration->shape;
	v->scope = (struct cursor_scope){ .db = db,
		                          .counts = &registration->tables->counts,
		                          .shape = v->shape->shape,
		                          .kind_min = v->shape->kind_min,
		                          .kind_max = v->shape->kind_max };
	*ret = &v->base;
	return SQLITE_OK;
}

static int tables_disconnect(sqlite3_vtab *base)
{
	free(base);
	return SQLITE_OK;
}

static int tables_plan(sqlite3_vtab *base, sqlite3_index_info *info)
{
	const struct shape *t = ((struct vtab *)base)->shape;
	struct plan_column columns[SHAPES_COLUMNS_MAX];

	for (int i = 0; i < t->n_columns; i++)
		columns[i] = t->columns[i].plan;
	return plan_make(info, columns, t->n_columns);
}

/* ---- Cursors ---- */

static int tables_open(sqlite3_vtab *base, sqlite3_vtab_cursor **ret)
{
	struct vtab_cursor *c = calloc(1, sizeof(*c));

	if (!c)
		return SQLITE_NOMEM;
	c->cursor.scope = &((struct vtab *)base)->scope;
	*ret = &c->base;
	return SQLITE_OK;
}

static int tables_close(sqlite3_vtab_cursor *base)
{
	cursor_done(&((struct vtab_cursor *)base)->cursor);
	free(base);
	return SQLITE_OK;
}

/* Hands the sentence to SQLite. */
static int result(sqlite3_vtab *base, int code, const struct weir_error *error)
{
	if (code == SQLITE_OK)
		return code;
	sqlite3_free(base->zErrMsg);
	base->zErrMsg = sqlite3_mprintf("%s", error->text);
	return code;
}

static int tables_filter(sqlite3_vtab_cursor *base, int needs, const char *plan, int n, sqlite3_value **values)
{
	struct weir_error error = { "" };
	int code = cursor_start(&((struct vtab_cursor *)base)->cursor, plan, (uint32_t)needs, n, values, &error);

	return result(base->pVtab, code, &error);
}

static int tables_next(sqlite3_vtab_cursor *base)
{
	struct weir_error error = { "" };
	int code = cursor_next(&((struct vtab_cursor *)base)->cursor, &error);

	return result(base->pVtab, code, &error);
}

static int tables_is_end(sqlite3_vtab_cursor *base)
{
	return ((struct vtab_cursor *)base)->cursor.is_end;
}

static int tables_column(sqlite3_vtab_cursor *base, sqlite3_context *to, int i)
{
	const struct shape_column *column = &((struct vtab *)base->pVtab)->shape->columns[i];
	struct weir_error error;
	int r = column->give(&((struct vtab_cursor *)base)->cursor, to, column->argument, &error);

	if (r < 0) {
		sqlite3_result_error(to, error.text, -1);
		sqlite3_result_error_code(to, r == -ENOMEM ? SQLITE_NOMEM : SQLITE_CORRUPT);
	}
	return SQLITE_OK;
}

static int tables_rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *ret)
{
	const struct cursor *c = &((struct vtab_cursor *)base)->cursor;

	/* Below 2^28 blocks of 2^12 rows of a source. */
	*ret = c->source << 40 | c->number << 12 | c->row;
	return SQLITE_OK;
}

/* ---- Registering ---- */

/* Without xCreate: the table is there under its module's name, and nowhere else. */
static const sqlite3_module module = {
	.iVersion = 1,
	.xConnect = tables_connect,
	.xBestIndex = tables_plan,
	.xDisconnect = tables_disconnect,
	.xOpen = tables_open,
	.xClose = tables_close,
	.xFilter = tables_filter,
	.xNext = tables_next,
	.xEof = tables_is_end,
	.xColumn = tables_column,
	.xRowid = tables_rowid,
};

static void tables_release(struct tables *t)
{
	if (--t->n_users == 0)
		free(t);
}

static void registration_free(void *aux)
{
	struct registration *r = aux;

	tables_release(r->tables);
	free(r);
}

static void counts_free(void *aux)
{
	tables_release(aux);
}

static void give_counts(sqlite3_context *to, int n, sqlite3_value **values)
{
	const struct cursor_counts *c = &((const struct tables *)sqlite3_user_data(to))->counts;
	char text[160];

	(void)snprintf(text, sizeof(text),
	               "{\"series\":%" PRId64 ",\"blocks\":%" PRId64 ",\"decoded\":%" PRId64 ",\"paths\":%" PRId64 "}",
	               c->n_series, c->n_blocks, c->n_decoded, c->n_paths);
	sqlite3_result_text(to, text, -1, SQLITE_TRANSIENT);
}

static int register_table(sqlite3 *db, const struct shape *shape, struct tables *tables)
{
	struct registration *r = malloc(sizeof(*r));

	if (!r)
		return SQLITE_NOMEM;
	*r = (struct registration){ shape, tables };
	tables->n_users++;
	/* Calls registration_free() when it fails, too. */
	return sqlite3_create_module_v2(db, shape->table, &module, r, registration_free);
}

int tables_register(sqlite3 *db)
{
	struct tables *tables = calloc(1, sizeof(*tables));
	int code;

	if (!tables)
		return SQLITE_NOMEM;
	tables->n_users = 2; /* this function and the one of SQL */
	code = sqlite3_create_function_v2(db, "weir_counts", 0, SQLITE_UTF8, tables, give_counts, NULL, NULL,
	                                  counts_free);
	for (uint32_t i = 0; i < SHAPES && code == SQLITE_OK; i++)
		code = register_table(db, &shapes[i], tables);
	tables_release(tables);
	return code;
}
