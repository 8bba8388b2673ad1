/* SPDX-License-Identifier: Apache-2.0 */

/* The Shelley genesis: an object of which only some members at the top matter. The rest (funds, stake, delegations) can
 * be hundreds of megabytes, so it is walked over and never made into a tree.
 */

#include "parsers/jsontext.h"
#include "runs/build.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	TEXT_MAX = 64,
};

static void take_plain(struct build *b, const char *fact, const struct jsontext_value *v)
{
	build_fact(b, RUN_NONE, fact, v->raw.at, v->raw.n);
}

static void take_start(struct build *b, const char *fact, const struct jsontext_value *v)
{
	char text[TEXT_MAX] = "";
	int64_t time_ns;

	if (v->type == JSONTEXT_STRING && v->raw.n < sizeof(text))
		memcpy(text, v->raw.at, v->raw.n);
	if (time_from_text(text, &time_ns) < 0)
		build_bad(b, "run.genesis", WEIR_NO_OFFSET, "systemStart: not a time as in ISO 8601");
	else
		build_fact_text(b, RUN_NONE, fact, build_format(b, "%lld", (long long)time_ns));
}

static void take_slot_length(struct build *b, const char *fact, const struct jsontext_value *v)
{
	int64_t length_ns = 0;
	double seconds;

	if (v->type != JSONTEXT_NUMBER || !jsontext_f64(v, &seconds) || time_from_seconds(seconds, &length_ns) < 0 ||
	    length_ns <= 0)
		build_bad(b, "run.genesis", WEIR_NO_OFFSET, "slotLength: not a number of seconds above 0");
	else
		build_fact_text(b, RUN_NONE, fact, build_format(b, "%lld", (long long)length_ns));
}

static const struct {
	const char *key, *fact;
	void (*take)(struct build *b, const char *fact, const struct jsontext_value *v);
} table[] = {
	{ "systemStart", "genesis.system_start_ns", take_start },
	{ "slotLength", "genesis.slot_length_ns", take_slot_length },
	{ "epochLength", "genesis.epoch_length_slots", take_plain },
	{ "securityParam", "genesis.security_param", take_plain },
	{ "activeSlotsCoeff", "genesis.active_slots_coeff", take_plain },
	{ "networkMagic", "genesis.network_magic", take_plain },
	{ "slotsPerKESPeriod", "genesis.slots_per_kes_period", take_plain },
	{ "maxKESEvolutions", "genesis.max_kes_evolutions", take_plain },
};

static void take_member(struct build *b, const struct jsontext_value *key, const struct jsontext_value *v)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (strlen(table[i].key) != key->raw.n || memcmp(table[i].key, key->raw.at, key->raw.n) != 0)
			continue;
		if (v->type != JSONTEXT_STRING && v->type != JSONTEXT_NUMBER)
			build_bad(b, "run.genesis", WEIR_NO_OFFSET, "%s: neither a string nor a number", table[i].key);
		else
			table[i].take(b, table[i].fact, v);
		return;
	}
}

static void read_members(struct build *b, const struct build_bytes *bytes)
{
	struct jsontext_cursor c = jsontext_on(bytes->at, bytes->n);
	struct jsontext_value key, value;
	int is_first = 1;
	enum parse_result result = jsontext_enter(&c, '{');

	while (result == PARSE_OK) {
		result = jsontext_member(&c, &is_first, &key, &value);
		if (result == PARSE_OK)
			take_member(b, &key, &value);
	}
	if (result == PARSE_END)
		result = jsontext_finish(&c);
	if (result == PARSE_BAD)
		build_unreadable(b, (uint64_t)(c.at - bytes->at), "not JSON: %s", c.reason);
}

static int has_epochs(const struct build *b)
{
	for (uint32_t i = 0; i < b->run.n_facts; i++)
		if (strcmp(b->facts[i].name, "genesis.epoch_length_slots") == 0)
			return 1;
	return 0;
}

void genesis_read(struct build *b)
{
	/* Newest layout first. The last two can also be of another era, which has no epochLength. */
	static const char *const paths[] = {
		"genesis/genesis.shelley.json", "genesis/genesis-shelley.json",
		"genesis/shelley-genesis.json", "genesis.shelley.json",
		"genesis-shelley.json",         "shelley-genesis.json",
		"genesis/genesis.json",         "genesis.json",
	};
	struct build_bytes bytes;

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]) && !has_epochs(b); i++) {
		if (!build_document(b, paths[i], RUN_NONE, RUN_GENESIS_BYTES_MAX, &bytes))
			continue;
		read_members(b, &bytes);
		free(bytes.at);
	}
}
