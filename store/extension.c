/* SPDX-License-Identifier: Apache-2.0 */
/* The views for any program that loads SQLite extensions: `.load weir_store` in sqlite3. SQLite's functions come from
 * the program, so this object links with no SQLite of its own. */
#include "store/query.h"
#include "store/schema.h"
#include "store/seal.h"

/* The one definition; store/sql.h declares it for all. */
const sqlite3_api_routines *sqlite3_api;

static int open_views(sqlite3 *db, struct weir_error *reterr)
{
	const char *path = sqlite3_db_filename(db, "main");
	struct schema_identity id;
	int r;

	if (!path || !*path)
		path = "main";
	r = schema_identify(db, path, &id, reterr);
	if (r == 0)
		r = schema_check(&id, path, 1, reterr);
	if (r == 0)
		r = seal_check(db, path, reterr);
	return r < 0 ? r : query_register(db, path, reterr);
}

__attribute__((visibility("default"))) int sqlite3_weirstore_init(sqlite3 *db, char **reterr,
                                                                  const sqlite3_api_routines *api);

int sqlite3_weirstore_init(sqlite3 *db, char **reterr, const sqlite3_api_routines *api)
{
	struct weir_error error;

	sqlite3_api = api;
	if (open_views(db, &error) == 0)
		return SQLITE_OK;
	*reterr = sqlite3_mprintf("%s", error.text);
	return SQLITE_ERROR;
}
