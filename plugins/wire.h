/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGINS_WIRE_H
#define PLUGINS_WIRE_H

/* What a worker tells the host: messages of a fixed part and up to two texts. Both sides are one program in one
 * memory image, so the fixed part is a plain struct. The host reads it as if a stranger had written it: wire_read()
 * gives a message whose lengths, kinds and terminated names can be relied on; what they mean is plugins/intake.h's.
 */

#include "plugins/lend.h"
#include "plugins/name.h"
#include "store/block.h"

enum wire_kind {
	WIRE_SERIES = 1, /* texts: canonical attributes */
	WIRE_BLOCK,      /* texts: the block's bytes */
	WIRE_FACT,       /* texts: name, value */
	WIRE_CLOCK,      /* texts: name, tie */
	WIRE_DIAG,       /* texts: code, message */
	WIRE_TICK,       /* of a live source: all that it measured so far has been sent */
	WIRE_END,        /* texts: reasons as JSON, the verb's sentence */
	WIRE_KIND_COUNT,
};

/* How a worker came to its end. Those that only the host sees are not here. */
enum wire_way {
	WIRE_WAY_DONE = 1, /* poll said WEIR_END */
	WIRE_WAY_FAILED,   /* a verb returned < 0: see code and the sentence */
	WIRE_WAY_SIGNAL,   /* a signal that means a crash, a stall or a forbidden call: see the crash record */
	WIRE_WAY_EXIT,     /* a verb called exit() */
	WIRE_WAY_FLOOD,    /* more observations than the bound */
	WIRE_WAY_COUNT,
};

enum {
	WIRE_TEXTS = 2,
	WIRE_CODE_MAX = NAME_MAX_BYTES + 1, /* bytes of names and codes, with their NUL */
	WIRE_REASONS_MAX = 64 * 1024,
};

struct wire_end {
	struct lend_ledger ledger;
	uint8_t sha256[32];
	uint32_t way;
	int32_t code;    /* of WIRE_WAY_FAILED: -errno; of WIRE_WAY_EXIT: the status */
	uint32_t status; /* enum store_status, as lend_status() had it */
	uint32_t has_sha256;
	uint32_t is_short; /* the file ended before the size that it had */
	uint32_t verb;     /* enum worker_verb: which one was running */
};

struct wire {
	uint32_t kind;
	uint32_t n_text[WIRE_TEXTS]; /* bytes */
	uint32_t reserved;
	union {
		struct {
			uint32_t id, metric_row;
		} series;
		struct block block; /* its bytes pointer counts for nothing */
		struct {
			int64_t error_ns;
		} clock;
		struct weir_diag diag; /* pointers count for nothing */
		struct lend_ledger tick;
		struct wire_end end;
	} of;
};

/* A message as the host may use it: texts point into the bytes that it was read from; those that are names (fact, code,
 * clock, reasons) are terminated, and the terminator isn't counted. */
struct wire_message {
	struct wire fixed;
	struct weir_text text[WIRE_TEXTS];
};

/* -EBADMSG with what is wrong. */
int wire_read(const uint8_t *at, uint64_t n, struct wire_message *ret, const char **ret_fault);

#endif
