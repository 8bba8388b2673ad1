/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNS_RUN_H
#define RUNS_RUN_H

/* What a run directory is: its identity, its nodes, what is known of them before any source is read, and its files.
 *
 * Knows the workbench's directories of all years, cardano-ops' ones, any other folder, and loose files. Reads only the
 * small documents that describe a run (docs/run-directory.md lists them and the facts that come out); whose the other
 * files are is for others to say. Nothing in a directory is trusted: links that lead out of it are not followed, keys
 * and databases are not read, and whatever cannot be read or understood is listed and costs only itself.
 *
 * Everything is owned by the run. Not thread-safe.
 */

#include <stdint.h>
#include <weir/host.h>

enum {
	RUN_NONE = UINT32_MAX >> 1, /* no node: the run itself; no document */

	RUN_DEPTH_MAX = 16,     /* folders below the root */
	RUN_FILES_MAX = 200000, /* entries looked at, without those of folders that are only counted */
	RUN_NODES_MAX = 4096,
	RUN_SET_MAX = 4096,                /* runs in a folder of runs */
	RUN_DOCUMENT_BYTES_MAX = 4 << 20,  /* of a JSON document that is read into a tree */
	RUN_GENESIS_BYTES_MAX = 256 << 20, /* of a genesis file, which is only walked over */
	RUN_VALUE_BYTES_MAX = 4096,        /* of a fact */

	RUN_CONSTANTS = 8,
	RUN_CONSTANT_MAX = 64, /* bytes of one's value, with a NUL */
};

struct run_fact {
	const char *name; /* dotted: `genesis.epoch_length_slots` */
	const char *value;
	uint32_t node; /* RUN_NONE: of the run */
};

struct run_component {
	const char *name, *version, *commit; /* "" where it isn't known */
};

struct run_node {
	const char *name;
	const char *folder; /* below the root, without a trailing slash; "" when it has none */
};

/* A regular file that may be somebody's source. */
struct run_file {
	const char *path; /* below the root; of loose files: the real path */
	uint32_t node;    /* RUN_NONE: of no node yet, see run_file_node() */
	uint64_t size_bytes;
	int64_t mtime_ns;
};

enum run_state {
	RUN_READ = 1, /* all of it */
	RUN_PARTIAL,
	RUN_UNREADABLE,
};

/* A document that describes the run and was read here. n_read = n_stored + n_skipped + n_bad, counted in facts and
 * components. */
struct run_document {
	const char *path;
	uint32_t node;
	enum run_state state;
	uint64_t size_bytes;
	int64_t mtime_ns;
	uint8_t sha256[32];
	int has_sha256;
	uint64_t n_read, n_stored, n_skipped, n_bad;
};

/* What was wrong with a document. */
struct run_note {
	const char *code; /* `run.json` */
	const char *text; /* without the path */
	uint64_t offset;  /* WEIR_NO_OFFSET where it has no place */
	uint32_t document;
};

/* What is not offered as a source, and why: a folder of keys, a fifo, a link that leads out. */
struct run_leftover {
	const char *path; /* of folders with a slash at the end */
	const char *why;
	uint64_t size_bytes;
	uint32_t node;
	int is_loss; /* something may be missing because of it */
};

struct run {
	const char *root; /* real path; NULL: loose files */
	const char *tag;
	const char *layout; /* `workbench`, `cardano-ops`, `folder`, `files` */
	const struct run_fact *facts;
	const struct run_component *components;
	const struct run_node *nodes;
	const struct run_file *files; /* in order of path */
	const struct run_document *documents;
	const struct run_note *notes;
	const struct run_leftover *leftovers;
	uint32_t n_facts, n_components, n_nodes, n_files, n_documents, n_notes, n_leftovers;
};

struct run_config {
	const char *root;         /* NULL: the paths are loose files */
	const char *const *paths; /* real paths below the root to be looked at; n_paths 0: all of it */
	uint32_t n_paths;
	const char *tag;      /* NULL: as the run says, else the folder's or first file's name */
	const char *node;     /* NULL: as found; else of all files */
	uint32_t n_files_max; /* 0: RUN_FILES_MAX */
};

/* Runs in a folder of runs: real paths, in order, each once. */
struct run_set {
	char **paths;
	uint32_t n;
};

/* A folder in which nothing but runs and links to runs lies (names with a dot in front apart) is a folder of runs: the
 * workbench has all of its runs in one, and sets of them, which are folders of links. n 0: it is none. -ENOENT: one of
 * the links leads nowhere; -E2BIG: more than RUN_SET_MAX. */
int run_set_read(const char *path, struct run_set *ret, struct weir_error *reterr);
void run_set_done(struct run_set *s);

/* The folder that a path belongs to: the run directory around it, else itself if it is a folder; NULL for a loose file.
 * Also its own real path. Both are to be freed. */
int run_root(const char *path, char **ret_root, char **ret_real, struct weir_error *reterr);

/* < 0 only when the root cannot be read at all or there is no memory. */
int run_open(const struct run_config *config, struct run **ret, struct weir_error *reterr);
void run_close(struct run *run); /* NULL is fine */

/* The node of a file, made after its folder when no node was known to own it: `nodes` may move. RUN_NONE: there are
 * RUN_NODES_MAX others, or no memory. */
uint32_t run_file_node(struct run *run, uint32_t file);

/* A fact of a node, or of the run when the node hasn't it; NULL: not known. */
const char *run_fact(const struct run *run, uint32_t node, const char *name);

/* The file with this path; RUN_NONE: there is none. */
uint32_t run_find(const struct run *run, const char *path);

/* The facts of a run's chain that collectors are told. */
extern const char *const run_constants[RUN_CONSTANTS];

/* When the run's epochs begin: at start_ns and every epoch_ns after it. 0: it isn't known. A Byron era before them does
 * not move that when its epochs were as long, as on the public networks. */
int run_epochs(const struct run *run, int64_t *ret_start_ns, int64_t *ret_epoch_ns);

/* What a Shelley genesis file alone says: a run without files, whose epochs are known. < 0: it says less, or cannot be
 * read whole, with a sentence. */
int run_open_genesis(const char *path, struct run **ret, struct weir_error *reterr);

#endif
