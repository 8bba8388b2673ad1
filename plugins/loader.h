/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGINS_LOADER_H
#define PLUGINS_LOADER_H

/* A collector's shared object, loaded into this process and checked against the contract.
 *
 * Loading runs the object's constructors, and checking follows its pointers: both may end the process. So this belongs
 * into a process that may be lost: the child that describes a collector, the worker of a source, a conformance test.
 * The host itself only does it for --in-process. Nothing is ever unloaded.
 */

#include <weir/collector.h>

enum {
	LOADER_METRICS_MAX = 4096,
	LOADER_OPTIONS_MAX = 256,
	LOADER_CLAIMS_MAX = 64,
	LOADER_COMPANIONS_MAX = 16,
	LOADER_WORD_MAX = 128,  /* of a metric's, option's or unit's name, a pattern, a version */
	LOADER_TEXT_MAX = 4096, /* of a help sentence */
};

/* Bytes that a collector's struct has at least when it was made for this minor version. */
uint32_t loader_size(uint32_t abi_minor);

/* Loads the object at path. what: its name for sentences. The struct is a copy that lives as long as the process:
 * fields which an older collector hasn't are zero. A refusal says both sides' values and what to do: -ENOEXEC not a
 * shared object, -ENOENT it has no symbol `weir_collector`, -ENOTSUP another ABI, -EINVAL it breaks the contract (which
 * row, what is wrong). */
int loader_load(const char *path, const char *what, const struct weir_collector **ret, struct weir_error *reterr);

/* The checks alone, on a struct that is in memory already: major, minor, size, verbs, bounds, texts, tables. */
int loader_check(const struct weir_collector *at, const char *what, struct weir_collector *ret,
                 struct weir_error *reterr);

#endif
