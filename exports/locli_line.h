/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EXPORTS_LOCLI_LINE_H
#define EXPORTS_LOCLI_LINE_H

/* What the workbench's analysis (locli) makes of one trace: which row of which table of its log database.
 *
 * A line is interpreted by the first that knows it: its `ns` among the present names, its `ns` among the older ones,
 * its kind (without a leading `Cardano.Node.`) among the older ones, its kind among the legacy ones. What nobody knows
 * is only counted. A line that lacks what it must have, or whose interpreter misses a field, is an error and is not
 * counted: so does locli, and so must its database. Source: cardano-node 0a21a743,
 * bench/locli/src/Cardano/Unlog/{LogObject,LogObjectDB}.hs.
 */

#include "parsers/trace.h"

enum locli_table {
	LOCLI_NO_TABLE = 0, /* counted, and nothing else */
	LOCLI_RESOURCE,
	LOCLI_SLOT,
	LOCLI_EVENT,
	LOCLI_TXNS,
	LOCLI_LEDGER_METRICS,
};

enum {
	LOCLI_HAS_FIRST = 1,
	LOCLI_HAS_SECOND = 2,
	LOCLI_HAS_REAL = 4,
	LOCLI_HAS_TEXT = 8,
	LOCLI_HAS_PREVIOUS = 16, /* text is followed by `|` and previous */
	LOCLI_HAS_THREAD = 32,   /* of txns: the line's thread */

	LOCLI_RESOURCE_FIELDS = 15,
	LOCLI_HASH_MAX = 512, /* bytes of a text column */
};

struct locli_object {
	enum locli_table table;
	struct parse_text constructor; /* of event and txns */
	uint32_t has;
	int64_t first;  /* slot, count */
	int64_t second; /* block, rejected, utxo_size */
	double real;    /* chain_dens */
	struct jsontext_value text, previous;
	uint64_t resources[LOCLI_RESOURCE_FIELDS]; /* of LOCLI_RESOURCE only; in the order of locli_resource_names */
};

extern const char *const locli_resource_names[LOCLI_RESOURCE_FIELDS];

/* Who interprets lines of these names: an opaque number; 0: nobody. It depends on nothing else. */
uint16_t locli_rule(struct parse_text ns, struct parse_text kind);

/* NULL: ret is what locli stores. Else why it calls the line an error. */
const char *locli_interpret(const struct trace_line *line, uint32_t rule, struct locli_object *ret);

#endif
