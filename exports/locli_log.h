/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EXPORTS_LOCLI_LOG_H
#define EXPORTS_LOCLI_LOG_H

/* What `wb analyse prepare` and `prepare-db` leave in a run's analysis folder, made from the nodes' logs in one pass:
 *
 *     logs-NODE.flt.json        the lines that begin with a brace
 *     logs-NODE.tracefreq.json  how often each `ns:kind`
 *     logs-NODE.sqlite3         see exports/locli_db.h
 *     hash-timeline.json        all lines that speak of forged blocks and downloaded headers, sorted as bytes
 *     log-manifest.json         hosts with their files, line counts, frequencies, first and last time
 *     log-manifest-db.json      the same for the databases
 *
 * A node's files are taken in the order of their first traces. The workbench takes them as they were modified for the
 * one, as they are called for the other: the same, unless they were copied or renamed, and then not right.
 *
 * hlProfile is left empty: exports/locli.h fills it. Each file is replaced at once or not at all, and whoever is killed
 * meanwhile leaves no part of one.
 * Source: cardano-node 0a21a743, nix/workbench/analyse/analyse.sh.
 */

#include <stdint.h>
#include <weir/host.h>

struct locli_io; /* exports/locli_io.h */

struct locli_log_node {
	const char *name;         /* as a host: a folder's name */
	const char *const *files; /* to read */
	uint32_t n_files;
	const struct locli_io *io; /* what its `Resources` are filled up with; NULL: nothing */
};

/* What one file was. n_lines = n_traces + n_skipped + n_bad. */
struct locli_log_file {
	uint64_t n_bytes, n_lines;
	uint64_t n_traces;
	uint64_t n_skipped; /* banners, texts of programs, comments, blank lines, objects that are no traces */
	uint64_t n_bad;
	uint8_t sha256[32];
	int is_whole; /* read to its end; else all of this is about a part */
};

/* A line that begins as a trace and isn't one. */
struct locli_log_bad {
	uint32_t node, file; /* nodes[node].files[file] */
	uint64_t offset;
	const char *reason;
};

enum {
	LOCLI_LOG_BAD_MAX = 20, /* of each node that are kept */
};

struct locli_log_config {
	const char *folder; /* the run's: analysis/ is made in it */
	const struct locli_log_node *nodes;
	uint32_t n_nodes;
	uint32_t n_workers; /* processes at once; 0: one for each core */
	int64_t now_ns;     /* for the manifests */
	uint64_t *n_filled; /* NULL, or one for each node: its share of the report's n_filled */
	/* NULL, or what each file was, checksums too, is wanted: one for each file of each node, in their order. */
	struct locli_log_file *files;
	struct locli_log_bad *bad; /* with it: LOCLI_LOG_BAD_MAX for each node */
};

struct locli_log_report {
	uint64_t n_bytes, n_lines; /* read */
	uint64_t n_stored;         /* lines with a row in a database */
	uint64_t n_counted;        /* understood and only counted */
	uint64_t n_errors;         /* in the databases' error tables */
	uint64_t n_resources;      /* `Resources` lines */
	uint64_t n_filled;         /* of these, within the time that the store has measurements of */
	uint32_t n_nodes;          /* written */
	uint32_t n_bad;            /* kept: config.bad */
};

/* Nodes whose log cannot be read are left out: the first error comes back when the others are done. When no node is
 * left timeline and manifests stay as they were. */
int locli_log_write(const struct locli_log_config *config, struct locli_log_report *ret, struct weir_error *reterr);

#endif
