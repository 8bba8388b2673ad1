/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_HOST_H
#define WEIR_HOST_H

/* What the host lends to a collector.
 *
 * A collector imports no symbol of the host. It gets one pointer, to a const table of functions, and everything goes
 * through it: bytes of the input come in; names, observations, counts and complaints go out.
 *
 * Lifetime: a host outlives the instance that it was lent to. Threading: all calls of one instance happen on the thread
 * that runs its verbs. Everything that a collector passes in is copied before the call returns; everything that it gets
 * is borrowed, for as long as the function says.
 *
 * Results: < 0 is -errno, 0 is WEIR_OK, > 0 is a normal state.
 *
 * Growth: the structs that carry their own size, weir_host and weir_collector, only ever get fields at their end; the
 * others stay as they are for a whole major version. A collector that wants a function which came later than 1.0 asks
 * WEIR_HAS() first. Reserved fields are 0.
 */

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
	WEIR_ABI_MAJOR = 1,
	WEIR_ABI_MINOR = 1,
};

enum {
	WEIR_OK = 0,
	WEIR_END = 1,   /* there is no more, and there never will be */
	WEIR_AGAIN = 2, /* nothing now; come back */
};

/* Whether a struct that starts with its own size has a field at all, because its owner is new enough. */
#define WEIR_HAS(object, field) ((object)->size >= offsetof(__typeof__(*(object)), field) + sizeof((object)->field))

/* A sentence about what went wrong: `what: object: reason`. Owned by the caller; written only when the result is < 0.
 */
struct weir_error {
	char text[512];
};

/* Bytes that are not terminated. Meant to be UTF-8; what is not is kept as it is. */
struct weir_text {
	const char *at;
	uint64_t n_bytes;
};

struct weir_attr {
	struct weir_text key; /* lower case, dotted: `device`, `process.pid` */
	struct weir_text value;
};

/* A value of a number or a weight: which member counts is what the metric's row declared. */
union weir_value {
	int64_t i64;
	double f64;
};

/* ---- The four shapes. Times are nanoseconds since 1970-01-01 UTC. ---- */

struct weir_number {
	int64_t time_ns;
	union weir_value value;
	uint32_t series;
	uint32_t reserved;
};

/* An exponential histogram of values >= 0 with base 2^(2^-scale): bucket i counts the values in
 * (base^(offset+i), base^(offset+i+1)]. Source: OpenTelemetry metrics data model, "ExponentialHistogram". */
struct weir_histogram {
	int64_t time_ns; /* where the interval starts */
	int64_t duration_ns;
	uint64_t count; /* n_zero and all buckets together */
	uint64_t n_zero;
	double sum;
	double min; /* meaningful when count > 0 */
	double max;
	const uint64_t *buckets;
	uint32_t n_buckets; /* at most WEIR_BUCKETS_MAX */
	int32_t scale;      /* -10 .. 20 */
	int32_t offset;
	uint32_t series;
};

enum {
	WEIR_BUCKETS_MAX = 4096,
};

enum {
	WEIR_SPAN_HAS_VALUE = 1,
};

struct weir_span {
	int64_t time_ns;
	int64_t duration_ns; /* 0: an instant */
	double value;        /* when flags has WEIR_SPAN_HAS_VALUE */
	uint32_t series;
	uint32_t track; /* lane to draw it in: capability, thread; 0 where there is only one */
	uint32_t attrs; /* an id of attrs(), added to those of the series; 0: none */
	uint32_t flags;
};

enum {
	WEIR_WEIGHT_HAS_SELF = 1,
	WEIR_WEIGHT_HAS_INCLUSIVE = 2,
};

struct weir_weight {
	int64_t time_ns;
	int64_t duration_ns; /* 0: at that time; else over the interval that starts there */
	union weir_value self;
	union weir_value inclusive;
	uint32_t series;
	uint32_t stack; /* an id of stack() */
	uint32_t flags;
	uint32_t reserved;
};

/* ---- Input ---- */

/* A window on an input. `at` stays valid until the next input() call for the same input. */
struct weir_chunk {
	const uint8_t *at;
	uint64_t n_bytes;
	uint64_t offset;  /* of at[0], from the start of the input */
	uint32_t is_last; /* nothing comes after these bytes */
	uint32_t reserved;
};

enum {
	WEIR_WINDOW_MAX = 64 << 20, /* the most bytes that an input keeps for one record */
};

/* ---- Honesty ---- */

enum {
	WEIR_READ = 0, /* records met in the input; read = stored + skipped + bad, checked at the end */
	WEIR_STORED,
	WEIR_SKIPPED, /* understood and left out on purpose: the reason says why */
	WEIR_BAD,     /* malformed */
	WEIR_LOST,    /* never reached the input: events that a kernel or a runtime dropped */
};

enum {
	WEIR_NOTE = 0, /* worth knowing; the source is still whole */
	WEIR_WARNING,  /* something is missing, bad or doubtful: the source is partial */
	WEIR_ERROR,    /* nothing useful could be had: the source has failed */
};

struct weir_diag {
	const char *code; /* stable, dotted: `prof.stale_tail` */
	struct weir_text message;
	uint64_t offset; /* in bytes from the start of the input; WEIR_NO_OFFSET where it has no place */
	uint64_t count;  /* how often, at least 1 */
	uint32_t severity;
	uint32_t input; /* 0: the source itself; else its companion */
};

#define WEIR_NO_OFFSET UINT64_MAX

/* ---- Since 1.1: ladders ---- */

enum {
	WEIR_RUNG_FAILED = 0,
	WEIR_RUNG_WORKS = 1,
};

/* One of the ways by which a live collector can measure. Its ways form a ladder, best first; the first that works is
 * the one that is used. */
struct weir_rung {
	const char *part;         /* a ladder of its own for what: `latency`, dotted; NULL: all of the collector */
	const char *name;         /* stable, dotted: `tp_btf`, `kprobe`, `proc` */
	struct weir_text means;   /* how it measures: `BTF tracepoints of the block layer` */
	struct weir_text loss;    /* what is missing or coarser than on the best rung; empty: nothing */
	struct weir_text why_not; /* WEIR_RUNG_FAILED: why, in plain words: `loading BPF programs needs CAP_BPF` */
	struct weir_text remedy;  /* WEIR_RUNG_FAILED: what would change that: `run weir as root`; empty: nothing */
	uint32_t state;           /* WEIR_RUNG_* */
	uint32_t reserved;
};

/* How the source's times were tied to UTC. */
struct weir_clock {
	const char *name;     /* `mutator CPU time`, `CLOCK_MONOTONIC` */
	struct weir_text tie; /* what tied it: `wall-clock event`, `report date, minutes` */
	int64_t error_ns;     /* bound of the error; -1: not known */
};

struct weir_host {
	uint32_t abi_major;
	uint32_t abi_minor;
	uint32_t size; /* of this struct, as the host knows it */
	uint32_t reserved;

	/* The next bytes of an input. 0 is the source itself, i > 0 the collector's companions[i - 1].
	 * n_used: how many bytes of the last window are done with (0 at first). The new window starts after them.
	 * WEIR_OK: ret has at least one byte more than were left, or is_last. WEIR_AGAIN: a live input has nothing new;
	 * ret holds what was left. WEIR_END: all of it is used. -ENOENT: there is no such companion. -E2BIG: what was
	 * left has WEIR_WINDOW_MAX bytes already; use some. Else a read error. */
	int (*input)(const struct weir_host *h, uint32_t input, uint64_t n_used, struct weir_chunk *ret);

	/* The value of the collector's options[row], checked against its type and range, default filled in.
	 * BOOL, INT, DURATION (ns) and SIZE (bytes) are in ret->i64, REAL in ret->f64. */
	int (*option)(const struct weir_host *h, uint32_t row, union weir_value *ret);
	/* The same for TEXT and CHOICE; lives as long as the host. */
	int (*option_text)(const struct weir_host *h, uint32_t row, struct weir_text *ret);

	/* What is known of the source before it is read, as text; -ENOENT when it isn't known.
	 * `run` `node` `path` `file.mtime_ns` `file.size_bytes` `process.pid` `process.start_ns` `run.start_ns`
	 * `run.end_ns` `ghc.version` `genesis.system_start_ns` `genesis.slot_length_ns` `genesis.epoch_length_slots`
	 * `genesis.security_param` `genesis.active_slots_coeff`, and of a chain that had a Byron era
	 * `genesis.byron_epochs` `genesis.byron_slots` `genesis.byron_slot_length_ns`; of a rotated log `trace.before`,
	 * the last lines of the file before this one.
	 * Since 1.1, of a live source: `process.exe` (a path) and `interval_ns` (between two polls). */
	int (*context)(const struct weir_host *h, const char *name, struct weir_text *ret);

	/* UTC now, in nanoseconds. */
	int64_t (*now)(const struct weir_host *h);

	/* Identity: each returns an id > 0, or 0 when it was refused (undeclared row, bad key, a bound was hit; the
	 * host has noted why). Ids are good for the life of the instance; the same thing gives the same id or an equal
	 * one. */
	uint32_t (*series)(const struct weir_host *h, uint32_t metric_row, const struct weir_attr *attrs,
	                   uint32_t n_attrs);
	uint32_t (*frame)(const struct weir_host *h, struct weir_text name, struct weir_text module,
	                  struct weir_text source);
	/* parent 0: a root. native_id: what the source itself calls this stack (a cost-centre stack number), 0:
	 * nothing. */
	uint32_t (*stack)(const struct weir_host *h, uint32_t parent, uint32_t frame, uint64_t native_id);
	uint32_t (*attrs)(const struct weir_host *h, const struct weir_attr *attrs, uint32_t n_attrs);

	/* Observations: all n of them, or < 0 and none. -EINVAL: an id that the host never gave, a shape that the
	 * series hasn't, a value that is not finite, an interval that ends before it starts (the host has noted which);
	 * -EPIPE: the host is going away, return it. A file's collector waits in here when the host is full. */
	int (*numbers)(const struct weir_host *h, const struct weir_number *at, uint64_t n);
	int (*histograms)(const struct weir_host *h, const struct weir_histogram *at, uint64_t n);
	int (*spans)(const struct weir_host *h, const struct weir_span *at, uint64_t n);
	int (*weights)(const struct weir_host *h, const struct weir_weight *at, uint64_t n);

	/* What the source says of the program or the run: `program.name`, `ghc.version`, `ghc.rts.flags`. The last
	 * wins. */
	int (*fact)(const struct weir_host *h, const char *name, struct weir_text value);
	int (*clock)(const struct weir_host *h, const struct weir_clock *clock);

	/* The ledger: n more records of this kind. reason: stable, dotted, for WEIR_SKIPPED, WEIR_BAD and WEIR_LOST. */
	void (*tally)(const struct weir_host *h, uint32_t kind, uint64_t n, const char *reason);
	void (*diag)(const struct weir_host *h, const struct weir_diag *diag);

	/* ---- Since 1.1 ---- */

	/* Says how a rung fared; from open() and probe() only, best first, down to the first that works at least. The
	 * host keeps the used one and why higher ones failed as facts (`rung`, `rung.<part>`) and as a note; when none
	 * of a part works that is a warning. The collector need not complain of it itself. */
	void (*rung)(const struct weir_host *h, const struct weir_rung *rung);
};

#ifdef __cplusplus
}
#endif

#endif
