/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GHC_HEAP_GHC_HEAP_H
#define GHC_HEAP_GHC_HEAP_H

/* The parts of the heap-profile collector.
 *
 *     ghc_heap.c   the collector: its tables, and the order in which its inputs are read
 *     samples.c    records of the profile into weights
 *     mode.c       what the bands are: from JOB's flags, else from the labels
 *     tie.c        mutator CPU time into UTC
 *     stacks.c     labels into stacks
 *     joins.c      what the `.prof` beside the profile knows of stacks and retainer sets
 */

#include <weir/collector.h>

#include "collectors/ghc-heap/names.h"
#include "collectors/program/report.h"
#include "parsers/hp.h"
#include "parsers/prof.h"
#include "parsers/prof_json.h"
#include "parsers/rts_command.h"

/* ---- mode.c ---- */

enum breakdown {
	BREAKDOWN_UNKNOWN = 0,
	BREAKDOWN_COST_CENTRE,  /* -hc */
	BREAKDOWN_MODULE,       /* -hm */
	BREAKDOWN_CLOSURE,      /* -hd */
	BREAKDOWN_TYPE,         /* -hy */
	BREAKDOWN_RETAINER,     /* -hr */
	BREAKDOWN_BIOGRAPHY,    /* -hb */
	BREAKDOWN_CLOSURE_TYPE, /* -hT */
	BREAKDOWN_INFO_TABLE,   /* -hi */
	BREAKDOWN_ERA,          /* -he */
	BREAKDOWN_COUNT,
};

extern const char *const breakdown_names[BREAKDOWN_COUNT];

enum {
	SELECTION_MAX = 4096,   /* bytes of the flags that restrict the profile */
	LABEL_MAX_DEFAULT = 25, /* characters of a cost-centre or retainer label without -L */
};

struct mode {
	enum breakdown breakdown;
	uint32_t n_cpus;    /* of -N; 0: the flags don't say */
	size_t n_label_max; /* of -L */
	size_t n_selection;
	char selection[SELECTION_MAX]; /* flags as `-hcname` that restrict the profile, blanks between them */
};

/* Reads run-time system flags; later ones win. Start with `{ .n_label_max = LABEL_MAX_DEFAULT }`. */
void mode_flags(struct mode *mode, struct parse_text flags);

/* What labels have in common. Zero it, add labels, ask. */
struct label_traits {
	uint64_t n_labels, n_ids, n_hexadecimal, n_decimal, n_lives, n_angled, n_packaged, n_arrows;
	uint8_t has_path, has_set, has_bare_main, has_thunk;
};

void label_traits_add(struct label_traits *traits, struct parse_text label);
/* is_profiled: JOB has flags. */
enum breakdown label_traits_breakdown(const struct label_traits *traits, int is_profiled);

/* ---- tie.c: see there for the rule ---- */

enum {
	TIE_TEXT_MAX = 160,
};

#define TIE_UNKNOWN ENDING_UNKNOWN

struct tie_facts {        /* times in ns UTC; TIE_UNKNOWN where not known */
	int64_t date_ns;  /* DATE as if it were UTC */
	int64_t total_ns; /* mutator CPU time of the last sample */
	int64_t process_start_ns;
	int64_t run_start_ns;
	int64_t run_end_ns;
	int64_t mtime_ns;
	uint32_t n_cpus; /* 0: not known */
};

struct tie {
	int64_t start_ns; /* UTC of mutator time 0 */
	double rate;      /* UTC nanoseconds a nanosecond of mutator time */
	int64_t error_ns; /* -1: not known */
	char text[TIE_TEXT_MAX];
	int has_anchor; /* 0: nothing was known at all */
};

struct tie tie_make(const struct tie_facts *facts);
int64_t tie_utc(const struct tie *tie, int64_t mutator_ns);

/* ---- joins.c ---- */

enum {
	JOIN_ROWS_MAX = 1 << 22, /* rows of a report; what comes behind is not joined */
};

#define JOIN_NONE UINT32_MAX

struct join_frame {
	uint32_t at; /* label, module, source in the names' texts, one behind the other */
	uint32_t n_label, n_module;
	uint32_t frame; /* the host's id */
};

struct join_row {
	uint64_t id;
	uint32_t parent; /* JOIN_NONE: MAIN */
	uint32_t frame;  /* index of a join_frame */
	uint32_t stack;  /* the host's id; 0: not asked for yet */
};

struct join_set {
	uint64_t id;
	uint32_t at, n_bytes; /* its stacks, in `texts` */
	uint32_t stack;
};

struct joins {
	const struct weir_host *host;
	struct prof_parser parser;
	struct prof_json_parser json; /* has sets, but no numbers of stacks */
	struct names frame_names;     /* label, module and source in one text: the frame's index */
	struct names texts;           /* of sets */
	struct join_frame *frames;
	struct join_row *rows;
	struct join_set *sets;
	uint32_t *index;     /* of rows by id: a power of two, JOIN_NONE where empty */
	uint32_t *ancestors; /* the last row of each depth */
	uint32_t *path;      /* from a row to the first whose stack is known */
	char *scratch;
	uint64_t n_used; /* of the last window */
	uint64_t n_censuses;
	size_t n_looked; /* for its form */
	enum parse_result is_json;
	uint32_t n_frames, n_rows, n_sets, n_index;
	int is_full;
};

/* Reads input 1 to its end, a window a call: WEIR_OK, WEIR_END, or < 0. */
int joins_poll(struct joins *j);
void joins_done(struct joins *j);

/* The stack with this number when its cost centres are those of the label's path; 0: it isn't known, or *ret_differs:
 * it is another. is_cut: the path ends in `...`. */
uint32_t joins_stack(struct joins *j, uint64_t id, struct parse_text path, int is_cut, int *ret_differs);
/* The same for a retainer set of the last census and a label as `SYSTEM,leaky_caf`; is_cut: it may end anywhere. */
uint32_t joins_set(struct joins *j, uint64_t id, struct parse_text labels, int is_cut, int *ret_differs);
/* The report's MAIN, the root of all its stacks; 0: there is no report. */
uint32_t joins_main(struct joins *j);

/* ---- stacks.c ---- */

struct stacks {
	const struct weir_host *host;
	struct joins *joins;
	const struct mode *mode;
	struct names labels;
	uint32_t previous;                                  /* label's number */
	uint64_t n_unjoined, n_differing, n_cut, n_earlier; /* distinct labels */
	int is_last_census;
};

/* Says that the sample of this census comes next, counted from 0. Retainer sets are numbered anew in each, and the
 * report lists only those of the last. */
void stacks_census(struct stacks *s, uint64_t census);

/* The host's id of the stack that a label stands for; 0: the host refused it. */
uint32_t stacks_of(struct stacks *s, struct parse_text label);
void stacks_done(struct stacks *s);

/* ---- samples.c ---- */

enum {
	SAMPLE_BANDS_MAX = 1 << 20, /* of one sample; more are skipped */
	FACT_MAX = 64 * 1024,       /* bytes of a fact */
};

struct samples {
	const struct weir_host *host;
	struct hp_parser parser;
	struct mode mode;
	struct tie tie;
	struct stacks stacks;
	struct weir_weight *bands;
	uint32_t n_bands, n_bands_room;
	uint64_t n_bands_over; /* SAMPLE_BANDS_MAX */
	uint64_t n_refused;    /* bands of this sample without a stack */
	uint64_t n_samples;    /* with bands */
	uint64_t n_censuses;   /* all but the first and last artefact */
	uint64_t sample_offset;
	int64_t begin_ns, previous_ns;
	uint32_t series;
	uint8_t in_sample, has_job, is_profiled, is_settled, has_pending_empty, has_first, has_bad_line;
};

/* JOB's flags and facts. */
void samples_job(struct samples *s, struct parse_text text);
/* Takes what the window holds. Returns how many bytes are done with, or < 0. */
int64_t samples_take(struct samples *s, const struct weir_chunk *chunk);
/* What is left to be said at the end. */
void samples_finish(struct samples *s);
void samples_done(struct samples *s);

#endif
