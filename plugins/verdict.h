/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGINS_VERDICT_H
#define PLUGINS_VERDICT_H

/* What became of a worker, from all that was seen of it, as one diag: its code and its words. */

#include "plugins/crash.h"
#include "plugins/registry.h"
#include "plugins/wire.h"

/* What the host had to do itself. */
enum verdict_fate {
	FATE_OWN = 0, /* nothing: it ended by itself */
	FATE_HANG,
	FATE_MEMORY,
	FATE_FLOOD,
	FATE_BROKEN, /* it broke the rules of plugins/wire.h, plugins/intake.h or the ring */
};

struct evidence {
	const struct registry_collector *collector;
	enum verdict_fate fate;
	const char *fault; /* of FATE_BROKEN */
	int has_end;
	struct wire_end end;
	const char *sentence;      /* of the verb that failed */
	struct crash_record crash; /* a private copy */
	int wait_status;           /* of waitpid() */
	uint32_t verb;             /* enum worker_verb */
	uint64_t offset;
	uint64_t rows_max, memory_max;
	int64_t stall_ns;
};

struct verdict {
	const char *code; /* NULL: it did its work, and there is nothing to say */
	struct weir_error message;
};

/* Codes: host.hang, host.memory, host.flood, host.wire, host.denied, host.crash, host.exit, host.verb. */
void verdict_reach(const struct evidence *e, struct verdict *ret);

#endif
