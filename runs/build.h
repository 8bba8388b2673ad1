/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNS_BUILD_H
#define RUNS_BUILD_H

/* A run while it is being put together, for the files of this folder. Memory that runs out is remembered and reported
 * once, at the end, so that readers of documents can go straight on. */

#include "runs/run.h"

#include <stddef.h>

struct build_slab;

struct build {
	struct run run; /* first, so that run_close() finds the rest */
	struct build_slab *slabs;
	struct run_fact *facts;
	struct run_component *components;
	struct run_node *nodes;
	struct run_file *files;
	struct run_document *documents;
	struct run_note *notes;
	struct run_leftover *leftovers;
	uint32_t n_room[7]; /* of the seven, in that order */
	uint32_t document;  /* the one that is being read; RUN_NONE: nobody */
	struct run_document nobody;
	uint32_t n_seen; /* directory entries looked at */
	uint32_t n_seen_max;
	int root_fd;
	int has_no_memory;
};

struct build *build_new(void); /* NULL: no memory */
void build_free(struct build *b);
/* What was put together so far becomes what `run` says. */
void build_share(struct build *b);

/* A copy that lives as long as the run; "" when there is no memory. */
const char *build_text(struct build *b, const char *at, size_t n);
__attribute__((format(printf, 2, 3))) const char *build_format(struct build *b, const char *format, ...);

/* What the current document says. The first to say something wins; the same again, or something else, counts as
 * skipped. Empty values are no facts. Values that are too long or not text are bad, and noted. */
void build_fact(struct build *b, uint32_t node, const char *name, const char *value, size_t n);
void build_fact_text(struct build *b, uint32_t node, const char *name, const char *value);
void build_component(struct build *b, const char *name, const char *version, const char *commit);

/* Something that should have been a fact. */
__attribute__((format(printf, 4, 5))) void build_bad(struct build *b, const char *code, uint64_t offset,
                                                     const char *format, ...);
/* The document as a whole cannot be used. */
__attribute__((format(printf, 3, 4))) void build_unreadable(struct build *b, uint64_t offset, const char *format, ...);

/* Found or made. RUN_NONE: there are RUN_NODES_MAX others, or no memory. */
uint32_t build_node(struct build *b, const char *name, const char *folder);
uint32_t build_find_node(const struct build *b, const char *name);
uint32_t build_find_node_n(const struct build *b, const char *name, size_t n);
/* Whether a folder is a node's, or leads to one. */
int build_leads_to_node(const struct build *b, const char *path);
void build_file(struct build *b, const struct run_file *file);
void build_leftover(struct build *b, const struct run_leftover *leftover);

/* ---- One document ---- */

struct run_document *build_new_document(struct build *b); /* becomes the current one; NULL: no memory */

struct build_bytes {
	char *at; /* NUL after the last byte; to be freed */
	size_t n;
};

/* Opens below the root without following links (the root's `profile` excepted), a regular file only; else -errno. */
int build_open(const struct build *b, const char *path);

/* Starts a document: 1 when there is one and it was read. 0: there is none, or it cannot be read, which is noted. */
int build_document(struct build *b, const char *path, uint32_t node, size_t n_max, struct build_bytes *ret);

/* ---- Readers, each of one kind of document; all take what they can. ---- */

void meta_read(struct build *b);                 /* meta.json: identity, manifest, timing */
void env_read(struct build *b);                  /* env.json, of 2021 */
void specs_read(struct build *b);                /* node-specs.json */
void pids_read(struct build *b);                 /* the maps of supervisor/; wants the nodes */
void profile_read(struct build *b);              /* profile.json */
void genesis_read(struct build *b);              /* the Shelley genesis, wherever it is */
void byron_read(struct build *b);                /* what was before it; wants the nodes */
void rts_read(struct build *b, uint32_t node);   /* start.sh, rts.info, exit code */
void layout_find(struct build *b);               /* layout and folders of nodes */
void tag_read(struct build *b, const char *tag); /* what the tag of a run says */
void walk_files(struct build *b, const struct run_config *config);

/* `2022-05-01T10:20:30.5Z`, `2022-05-01 10:20:30 UTC`: nanoseconds, or -EINVAL. */
int time_from_text(const char *text, int64_t *ret_ns);
/* Seconds to nanoseconds; -ERANGE when they don't fit. */
int time_from_seconds(double seconds, int64_t *ret_ns);

#endif
