/* SPDX-License-Identifier: Apache-2.0 */

/* The Shelley genesis: an object of which only some members at the top matter. The rest (funds, stake, delegations) can
 * be hundreds of megabytes, so it is walked over and never made into a tree.
 *
 *     {"epochLength":432000, "systemStart":"2017-09-23T21:44:51Z", "protocolParams":{"maxTxSize":16384, ...}, ...}
 */

#include "parsers/jsontext.h"
#include "runs/build.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <weir/fail.h>

enum {
	TEXT_MAX = 64,
	EPOCH_SLOTS_MAX = 1000000000,
};

const char *const run_constants[RUN_CONSTANTS] = {
	"genesis.system_start_ns",      "genesis.slot_length_ns",     "genesis.epoch_length_slots",
	"genesis.security_param",       "genesis.active_slots_coeff", "genesis.byron_slots",
	"genesis.byron_slot_length_ns", "genesis.byron_epochs",
};

struct member {
	const char *key, *fact;
	void (*take)(struct build *b, const struct member *m, const struct jsontext_value *v);
};

static void take_plain(struct build *b, const struct member *m, const struct jsontext_value *v)
{
	if (v->type == JSONTEXT_STRING || v->type == JSONTEXT_NUMBER)
		build_fact(b, RUN_NONE, m->fact, v->raw.at, v->raw.n);
	else
		build_bad(b, "run.genesis", WEIR_NO_OFFSET, "%s: neither a string nor a number", m->key);
}

static void take_start(struct build *b, const struct member *m, const struct jsontext_value *v)
{
	char text[TEXT_MAX] = "";
	int64_t time_ns;

	if (v->type == JSONTEXT_STRING && v->raw.n < sizeof(text))
		memcpy(text, v->raw.at, v->raw.n);
	if (time_from_text(text, &time_ns) < 0)
		build_bad(b, "run.genesis", WEIR_NO_OFFSET, "%s: not a time as in ISO 8601", m->key);
	else
		build_fact_text(b, RUN_NONE, m->fact, build_format(b, "%lld", (long long)time_ns));
}

static void take_seconds(struct build *b, const struct member *m, const struct jsontext_value *v)
{
	int64_t length_ns = 0;
	double seconds;

	if (v->type != JSONTEXT_NUMBER || !jsontext_f64(v, &seconds) || time_from_seconds(seconds, &length_ns) < 0 ||
	    length_ns <= 0)
		build_bad(b, "run.genesis", WEIR_NO_OFFSET, "%s: not a number of seconds above 0", m->key);
	else
		build_fact_text(b, RUN_NONE, m->fact, build_format(b, "%lld", (long long)length_ns));
}

static void take_params(struct build *b, const struct member *m, const struct jsontext_value *v);

static const struct member genesis_members[] = {
	{ "systemStart", "genesis.system_start_ns", take_start },
	{ "slotLength", "genesis.slot_length_ns", take_seconds },
	{ "epochLength", "genesis.epoch_length_slots", take_plain },
	{ "securityParam", "genesis.security_param", take_plain },
	{ "activeSlotsCoeff", "genesis.active_slots_coeff", take_plain },
	{ "networkMagic", "genesis.network_magic", take_plain },
	{ "slotsPerKESPeriod", "genesis.slots_per_kes_period", take_plain },
	{ "maxKESEvolutions", "genesis.max_kes_evolutions", take_plain },
	{ "protocolParams", NULL, take_params },
};

/* Of `protocolParams`, as they are when the chain begins. */
static const struct member params_members[] = {
	{ "maxTxSize", "genesis.max_tx_size_bytes", take_plain },
	{ "maxBlockBodySize", "genesis.max_block_body_size_bytes", take_plain },
};

/* Takes what is known of an object, which the cursor stands before. */
static enum parse_result take_members(struct build *b, struct jsontext_cursor *c, const struct member *members,
                                      size_t n)
{
	struct jsontext_value key, value;
	int is_first = 1;
	enum parse_result result = jsontext_enter(c, '{');

	while (result == PARSE_OK && (result = jsontext_member(c, &is_first, &key, &value)) == PARSE_OK)
		for (size_t i = 0; i < n; i++)
			if (strlen(members[i].key) == key.raw.n && memcmp(members[i].key, key.raw.at, key.raw.n) == 0)
				members[i].take(b, &members[i], &value);
	return result;
}

static void take_params(struct build *b, const struct member *m, const struct jsontext_value *v)
{
	struct jsontext_cursor c = jsontext_on(v->raw.at, v->raw.n);

	if (take_members(b, &c, params_members, sizeof(params_members) / sizeof(params_members[0])) != PARSE_END)
		build_bad(b, "run.genesis", WEIR_NO_OFFSET, "%s: no object", m->key);
}

static void take_genesis(struct build *b, const char *at, size_t n)
{
	struct jsontext_cursor c = jsontext_on(at, n);
	enum parse_result result =
		take_members(b, &c, genesis_members, sizeof(genesis_members) / sizeof(genesis_members[0]));

	if (result == PARSE_END)
		result = jsontext_finish(&c);
	if (result == PARSE_BAD)
		build_unreadable(b, (uint64_t)(c.at - at), "not JSON: %s", c.reason);
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
		take_genesis(b, bytes.at, bytes.n);
		free(bytes.at);
	}
}

/* A whole number above 0 among the run's facts; 0: there is none. */
static int64_t length_of(const struct run *run, const char *name)
{
	const char *value = run_fact(run, RUN_NONE, name);
	char *end = NULL;
	long long n = value ? strtoll(value, &end, 10) : 0;

	return n > 0 && !*end ? n : 0;
}

int run_epochs(const struct run *run, int64_t *ret_start_ns, int64_t *ret_epoch_ns)
{
	const char *start = run_fact(run, RUN_NONE, "genesis.system_start_ns");
	int64_t slots = length_of(run, "genesis.epoch_length_slots");

	if (!start || slots > EPOCH_SLOTS_MAX ||
	    __builtin_mul_overflow(slots, length_of(run, "genesis.slot_length_ns"), ret_epoch_ns) || *ret_epoch_ns <= 0)
		return 0;
	*ret_start_ns = strtoll(start, NULL, 10);
	return 1;
}

static int read_alone(struct build *b, const char *path, char *real, struct weir_error *reterr)
{
	char *slash = strrchr(real, '/');
	struct build_bytes bytes;
	int64_t start_ns, epoch_ns;

	*slash = 0;
	b->root_fd = open(*real ? real : "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (b->root_fd < 0)
		return weir_fail(reterr, -errno, "genesis: %s: %s", path, strerror(errno));
	if (build_document(b, slash + 1, RUN_NONE, RUN_GENESIS_BYTES_MAX, &bytes))
		take_genesis(b, bytes.at, bytes.n);
	free(bytes.at);
	build_share(b);
	if (b->has_no_memory)
		return weir_fail(reterr, -ENOMEM, "genesis: %s: no memory", path);
	if (b->run.n_notes > 0)
		return weir_fail(reterr, -EBADMSG, "genesis: %s: %s", path, b->notes[0].text);
	if (!run_epochs(&b->run, &start_ns, &epoch_ns))
		return weir_fail(reterr, -EINVAL,
		                 "genesis: %s: lacks systemStart, slotLength or epochLength; it must be Shelley's",
		                 path);
	return 0;
}

int run_open_genesis(const char *path, struct run **ret, struct weir_error *reterr)
{
	char *real = realpath(path, NULL);
	struct build *b;
	int r;

	*ret = NULL;
	if (!real)
		return weir_fail(reterr, -errno, "genesis: %s: %s", path, strerror(errno));
	b = build_new();
	r = b ? read_alone(b, path, real, reterr) : weir_fail(reterr, -ENOMEM, "genesis: %s: no memory", path);
	free(real);
	if (r < 0)
		build_free(b);
	else
		*ret = &b->run;
	return r;
}
