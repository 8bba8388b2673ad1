/* SPDX-License-Identifier: Apache-2.0 */
#include "store/segment.h"

#include "store/block.h"

#include <stdlib.h>

static int open_blob(struct segment_reader *r, int64_t id)
{
	int code = r->blob ? sqlite3_blob_reopen(r->blob, id)
	                   : sqlite3_blob_open(r->db, "main", "segment", "bytes", id, 0, &r->blob);

	if (code == SQLITE_OK) {
		r->id = id;
		return code;
	}
	/* A handle that failed once fails for ever. */
	(void)sqlite3_blob_close(r->blob);
	r->blob = NULL;
	r->id = 0;
	return code == SQLITE_ERROR ? SQLITE_CORRUPT : code;
}

int segment_read(struct segment_reader *r, int64_t id, int64_t start, int64_t n, const uint8_t **ret)
{
	int code = r->id == id && id ? SQLITE_OK : open_blob(r, id);

	if (code != SQLITE_OK)
		return code;
	if (n < 0 || n > BLOCK_BYTES_MAX || start < 0 || start > sqlite3_blob_bytes(r->blob) - n)
		return SQLITE_CORRUPT;
	if (!r->bytes)
		r->bytes = malloc(BLOCK_BYTES_MAX);
	if (!r->bytes)
		return SQLITE_NOMEM;
	*ret = r->bytes;
	return sqlite3_blob_read(r->blob, r->bytes, (int)n, (int)start);
}

void segment_done(struct segment_reader *r)
{
	(void)sqlite3_blob_close(r->blob);
	free(r->bytes);
	*r = (struct segment_reader){ .db = r->db };
}
