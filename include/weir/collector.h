/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_COLLECTOR_H
#define WEIR_COLLECTOR_H

/* What a collector is: a shared object that exports exactly one symbol, the const struct `weir_collector`.
 *
 * Everything it can say of itself stands in const tables, so that a host can list it, check it and refuse it without
 * opening it. What it does is in three verbs on an instance, whose struct each collector completes privately: no
 * globals, no void pointers, and two instances at once always work.
 *
 *     open   once; may allocate; reads options and context, declares its clock
 *     poll   again and again; does a bounded piece of work (one window of input, one sample)
 *     close  once; accepts NULL and what a failed open left
 *
 * The host runs each instance in a process of its own, without the right to open files, to start programs or to reach
 * the network. Standard output is not for collectors. A live collector has the caller's rights in open(), to load BPF
 * programs and to open what it will read; from its first poll on it has none but to use what it has, to look at BPF
 * maps and to read below /proc and /sys (docs/host.md).
 */

#include <weir/host.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
	WEIR_SHAPE_NUMBER = 1,
	WEIR_SHAPE_HISTOGRAM,
	WEIR_SHAPE_SPAN,
	WEIR_SHAPE_WEIGHT,
};

enum {
	WEIR_KIND_GAUGE = 1,
	WEIR_KIND_COUNTER, /* cumulative, as read */
};

enum {
	WEIR_TYPE_I64 = 1,
	WEIR_TYPE_F64,
};

enum {
	WEIR_SCALE_LINEAR = 0,
	WEIR_SCALE_LOG,
};

enum {
	WEIR_RANGE_FREE = 0,
	WEIR_RANGE_FROM_ZERO,
	WEIR_RANGE_FROM_ONE,
	WEIR_RANGE_ZERO_TO_ONE,
};

/* A row of a collector's dictionary: what it can emit. The host refuses the rest. */
struct weir_metric {
	const char *name;  /* dotted, lower case, OpenTelemetry's where there is one: `process.disk.io` */
	const char *unit;  /* UCUM: `By`, `ns`, `1`, `{tick}` */
	const char *brief; /* a column's head */
	const char *help;  /* a sentence */
	uint8_t shape;     /* WEIR_SHAPE_* */
	uint8_t kind;      /* WEIR_KIND_* */
	uint8_t type;      /* WEIR_TYPE_*: of numbers and weights; histograms and spans are F64 */
	int8_t better;     /* -1: less, 0: neither, +1: more */
	uint8_t scale;     /* WEIR_SCALE_* */
	uint8_t range;     /* WEIR_RANGE_* */
	uint8_t reserved[2];
};

enum {
	WEIR_OPTION_BOOL = 1, /* true, false */
	WEIR_OPTION_INT,
	WEIR_OPTION_REAL,
	WEIR_OPTION_DURATION, /* `250ms`, `1s`: nanoseconds */
	WEIR_OPTION_SIZE,     /* `4MiB`: bytes */
	WEIR_OPTION_TEXT,
	WEIR_OPTION_CHOICE,
};

struct weir_option {
	const char *name;
	const char *fallback; /* the default, as the user would write it */
	const char *choices;  /* of WEIR_OPTION_CHOICE: `brief|full`; else NULL */
	const char *help;
	int64_t min; /* of INT, DURATION and SIZE; min = max = 0: any */
	int64_t max;
	uint32_t type; /* WEIR_OPTION_* */
	uint32_t reserved;
};

enum {
	WEIR_CLAIM_FILE = 1, /* pattern: of the file's base name, as fnmatch(3): `*.prof` */
	WEIR_CLAIM_LIVE,     /* a running system; no pattern */
};

struct weir_claim {
	const char *pattern;
	uint32_t kind;
	uint32_t reserved;
};

struct weir_instance; /* completed privately by each collector */

struct weir_collector {
	uint32_t abi_major; /* WEIR_ABI_MAJOR: must equal the host's */
	uint32_t abi_minor; /* WEIR_ABI_MINOR: at most the host's */
	uint32_t size;      /* sizeof(struct weir_collector), as the collector was compiled */
	uint32_t reserved;

	const char *name;    /* lower case, digits and dashes, at most 32 bytes; the folder's name */
	const char *version; /* dotted numbers */
	const char *summary; /* one line */
	const char *licence; /* SPDX */

	const struct weir_metric *metrics;
	const struct weir_option *options;
	const struct weir_claim *claims;
	/* Files beside a claimed one that the collector wants to read too, `{stem}` standing for the base name without
	 * its last extension: `{stem}.prof`. Input i > 0 is companions[i - 1]. */
	const char *const *companions;
	uint32_t n_metrics;
	uint32_t n_options;
	uint32_t n_claims;
	uint32_t n_companions;

	/* How sure, 0 to 100, that a file which a claim's pattern matched is this collector's, from its base name and
	 * its first bytes (up to 4096; fewer only when the file is shorter). 0: not mine. Pure. NULL: always 50. */
	uint32_t (*sniff)(struct weir_text name, const uint8_t *head, uint64_t n_head);

	/* -ENXIO: a live collector's target is not of the kind that it measures (its program was made by another
	 * compiler): where nobody asked for this collector by its name, it is left out without harm. */
	int (*open)(const struct weir_host *h, struct weir_instance **ret, struct weir_error *reterr);
	/* WEIR_OK: call again at once; WEIR_AGAIN: when there is input or the interval is over; WEIR_END: done. */
	int (*poll)(struct weir_instance *i, int64_t now_ns, struct weir_error *reterr);
	void (*close)(struct weir_instance *i);

	/* ---- Since 1.1 ---- */

	/* Of a live collector: tries its rungs on this machine and says through rung() how each fared. Leaves nothing
	 * behind. There may be no `process.pid`. Called in a process that has the caller's rights. NULL: the host opens
	 * and closes the collector on a process of its own instead, and hears the rungs of that. */
	int (*probe)(const struct weir_host *h, struct weir_error *reterr);
};

#if defined(__GNUC__)
#define WEIR_EXPORT __attribute__((visibility("default")))
#else
#define WEIR_EXPORT
#endif

extern WEIR_EXPORT const struct weir_collector weir_collector;

#ifdef __cplusplus
}
#endif

#endif
