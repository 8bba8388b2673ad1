/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

/* The file, as its one writer sees it. Readers use store/query.h.
 *
 * Crash-only: the rows of a source arrive in many transactions and count only when store_source_end() has been
 * committed; what a killed writer left behind is removed when the next one opens the file. A source that replaces an
 * older reading of the same file (same run, node, collector and path) removes it in the transaction that ends the new
 * one.
 *
 * One writer at a time: store_open() for writing takes a lock on the file and fails with -EBUSY, naming the process
 * that has it. Not thread-safe.
 *
 * Errors: negative errno, with a sentence in reterr: -ENOSPC disk full, -EROFS or -EACCES, -ENOTSUP a store of a newer
 * version, -EBADMSG not a store or damaged, -EBUSY another writer, -ESTALE removed while it was written.
 */

#include "store/block.h"

struct store;
struct store_source;

enum store_mode {
	STORE_READ,   /* must exist; also works on a read-only medium */
	STORE_WRITE,  /* must exist */
	STORE_CREATE, /* may exist; older versions are migrated */
};

int store_open(const char *path, enum store_mode mode, struct store **ret, struct weir_error *reterr);
/* Commits what is pending and leaves one file, unless someone reads it still. Who must know that the commit worked
 * calls store_commit() before. NULL is fine. */
void store_close(struct store *s);

/* Commits when enough has gathered or enough time has passed; call it often. force: now. After a change or a commit has
 * failed (disk full), all later ones fail with the same sentence; what was committed before stays. */
int store_commit(struct store *s, int force, struct weir_error *reterr);
/* Whether something waits for store_commit(). */
int store_is_changing(const struct store *s);

/* ---- Provenance ---- */

/* A run and its nodes; made when they aren't there. Ids are the store's. Everything that changes something is in the
 * transaction that the next commit ends. */
int store_run(struct store *s, const char *tag, int64_t *ret_run, struct weir_error *reterr);
int store_node(struct store *s, int64_t run, const char *name, int64_t *ret_node, struct weir_error *reterr);
/* Facts are text under dotted names; node 0: of the run itself; an empty value removes it. */
int store_fact(struct store *s, int64_t run, int64_t node, const char *name, struct weir_text value,
               struct weir_error *reterr);
int store_component(struct store *s, int64_t run, const char *name, const char *version, const char *commit,
                    struct weir_error *reterr);

/* A file of the run that no collector claims, or a folder that is not read (keys, a database), listed so that nothing
 * is overlooked in silence. why: a phrase such as `no collector`, `keys: 12 files`, `fifo`. The same path again
 * replaces it. store_unclaimed_clear() forgets all of a run, before a new walk over it. */
int store_unclaimed(struct store *s, int64_t run, int64_t node, const char *path, uint64_t size_bytes, const char *why,
                    struct weir_error *reterr);
int store_unclaimed_clear(struct store *s, int64_t run, struct weir_error *reterr);

struct store_collector {
	const char *name, *version;
	uint32_t abi_major, abi_minor;
	uint8_t sha256[32];
	const struct weir_metric *metrics; /* strings and rows are copied */
	uint32_t n_metrics;
};

/* Registers a collector's build and its dictionary. A metric that another collector declared with another shape, kind,
 * type or unit is refused with -EINVAL and a sentence that names both. */
int store_collector(struct store *s, const struct store_collector *c, int64_t *ret_collector,
                    struct weir_error *reterr);

/* ---- Sources ---- */

struct store_source_info {
	int64_t run, node, collector; /* node 0: none */
	const char *path;             /* relative to the run directory where there is one */
	uint64_t size_bytes;
	int64_t mtime_ns;
	const char *options_json; /* as given; part of what makes a reading the same */
};

/* Whether this file has been read to its end (OK or PARTIAL) by this build of the collector with these options: same
 * path, size and mtime. ret_sha256 (32 bytes, may be NULL): of what was read then, for --verify. 1: yes, 0: no. */
int store_has(struct store *s, const struct store_source_info *info, uint8_t *ret_sha256, struct weir_error *reterr);

int store_source_begin(struct store *s, const struct store_source_info *info, struct store_source **ret,
                       struct weir_error *reterr);
/* A series by the source's own id (1, 2, 3 … without gaps); attrs_json canonical. -EINVAL: an id out of order, or
 * metric_row beyond the collector's table. */
int store_source_series(struct store_source *src, uint32_t id, uint32_t metric_row, struct weir_text attrs_json,
                        struct weir_error *reterr);
/* A block, checked against the series it names (kind, id), its CRC and the ids of its dictionary (-EBADMSG), never
 * decoded. Commits now and then. */
int store_source_block(struct store_source *src, const struct block *block, struct weir_error *reterr);
int store_source_fact(struct store_source *src, const char *name, struct weir_text value, struct weir_error *reterr);
int store_source_diag(struct store_source *src, const struct weir_diag *diag, struct weir_error *reterr);

enum store_status {
	STORE_OK = 1,
	STORE_PARTIAL,
	STORE_FAILED,
};

struct store_ledger {
	uint64_t n_read, n_stored, n_skipped, n_bad, n_lost;
};

struct store_source_result {
	enum store_status status;
	struct store_ledger ledger;
	uint8_t sha256[32];
	int has_sha256;
	const char *clock, *clock_tie;
	int64_t clock_error_ns;   /* -1: not known */
	const char *reasons_json; /* counts of skipped, bad and lost by reason */
};

/* Of a source without an end of its own, as a live one: what it has stored so far counts from the next commit on, as
 * `so_far` says of it, even if no end marker ever comes. Until then it has the diag `host.unfinished`. */
int store_source_keep(struct store_source *src, const struct store_source_result *so_far, struct weir_error *reterr);

/* The end marker: from its commit on the source counts. Frees src in any case. */
int store_source_end(struct store_source *src, const struct store_source_result *result, struct weir_error *reterr);
/* Forgets it and what it stored, unless it was kept. NULL is fine. */
void store_source_abort(struct store_source *src);

#endif
