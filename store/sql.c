/* SPDX-License-Identifier: Apache-2.0 */
#include "store/sql.h"

#include <errno.h>
#include <string.h>

struct meaning {
	int code; /* SQLite's primary result */
	int error;
	const char *reason; /* NULL: SQLite's own words */
};

static const struct meaning meanings[] = {
	{ SQLITE_FULL, -ENOSPC, "no space left on the disk; what was committed is kept" },
	{ SQLITE_READONLY, -EROFS, "it can only be read" },
	{ SQLITE_PERM, -EACCES, "permission denied" },
	{ SQLITE_AUTH, -EACCES, NULL },
	{ SQLITE_BUSY, -EBUSY, "another program has it locked" },
	{ SQLITE_LOCKED, -EBUSY, "another program has it locked" },
	{ SQLITE_NOTADB, -EBADMSG, "not a weir store" },
	{ SQLITE_CORRUPT, -EBADMSG, "damaged" },
	{ SQLITE_FORMAT, -EBADMSG, "damaged" },
	{ SQLITE_NOMEM, -ENOMEM, "no memory" },
	{ SQLITE_TOOBIG, -E2BIG, NULL },
	{ SQLITE_INTERRUPT, -EINTR, "interrupted" },
	{ SQLITE_CANTOPEN, -EIO, "cannot be opened" },
	{ SQLITE_IOERR, -EIO, "cannot be read or written" },
};

/* The number of the system call that failed last on one of the two files; 0: none. */
static int file_error(sqlite3 *db, int which)
{
	sqlite3_file *file = NULL;
	int number = 0;

	if (sqlite3_file_control(db, "main", which, &file) != SQLITE_OK || !file || !file->pMethods ||
	    file->pMethods->xFileControl(file, SQLITE_FCNTL_LAST_ERRNO, &number) != SQLITE_OK)
		return 0;
	return number;
}

/* A failed system call has its own number, if SQLite kept it; that of a full disk comes in several. */
static int system_error(sqlite3 *db)
{
	int number = sqlite3_system_errno(db);

	if (!number)
		number = file_error(db, SQLITE_FCNTL_JOURNAL_POINTER);
	if (!number)
		number = file_error(db, SQLITE_FCNTL_FILE_POINTER);
	return number == EFBIG || number == EDQUOT ? ENOSPC : number;
}

static int fail_system(struct weir_error *reterr, sqlite3 *db, const char *path, const struct meaning *m)
{
	int number = system_error(db);

	if (number == ENOSPC)
		m = &meanings[0];
	return weir_fail(reterr, number ? -number : m->error, "store: %s: %s%s%s", path, m->reason,
	                 number && number != ENOSPC ? ": " : "", number && number != ENOSPC ? strerror(number) : "");
}

int sql_fail(struct weir_error *reterr, sqlite3 *db, const char *path)
{
	int code = sqlite3_extended_errcode(db) & 0xFF;
	const char *words = sqlite3_errmsg(db);

	for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++) {
		const struct meaning *m = &meanings[i];

		if (m->code != code)
			continue;
		if (code == SQLITE_IOERR || code == SQLITE_CANTOPEN)
			return fail_system(reterr, db, path, m);
		/* A virtual table's own sentence says more than the number. */
		if (code == SQLITE_CORRUPT && strncmp(words, "store: ", 7) == 0)
			return weir_fail(reterr, m->error, "%s", words);
		return weir_fail(reterr, m->error, "store: %s: %s%s%s", path, m->reason ? m->reason : words,
		                 code == SQLITE_CORRUPT ? ": " : "", code == SQLITE_CORRUPT ? words : "");
	}
	return weir_fail(reterr, -EINVAL, "store: %s: %s", path, words);
}

int sql_run(sqlite3 *db, const char *path, const char *text, struct weir_error *reterr)
{
	return sqlite3_exec(db, text, NULL, NULL, NULL) == SQLITE_OK ? 0 : sql_fail(reterr, db, path);
}

int sql_integer(sqlite3 *db, const char *path, const char *text, int64_t *ret, struct weir_error *reterr)
{
	sqlite3_stmt *s = NULL;
	int r = 0, code = sqlite3_prepare_v2(db, text, -1, &s, NULL);

	*ret = 0;
	if (code == SQLITE_OK)
		code = sqlite3_step(s);
	if (code == SQLITE_ROW)
		*ret = sqlite3_column_int64(s, 0);
	else if (code != SQLITE_DONE)
		r = sql_fail(reterr, db, path);
	(void)sqlite3_finalize(s);
	return r;
}
