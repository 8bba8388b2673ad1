/* SPDX-License-Identifier: Apache-2.0 */
#include "exports/locli_line.h"

#include <string.h>

const char *const locli_resource_names[LOCLI_RESOURCE_FIELDS] = {
	"CentiCpu",   "CentiGC", "CentiMut", "GcsMajor", "GcsMinor", "Alloc", "Live", "RSS",
	"CentiBlkIO", "Threads", "Heap",     "NetRd",    "NetWr",    "FsRd",  "FsWr",
};

/* A constant text and its length. */
#define WORD(text) text, sizeof(text) - 1

enum {
	RESOURCES_REQUIRED = 10, /* the first of them; the others default to 0 */
};

/* ---- Fields, as aeson reads them ---- */

static int is_there(const struct jsontext_value *v)
{
	return v && v->type != JSONTEXT_NULL;
}

/* A whole number; negative ones are no slots, blocks or counts. */
static int whole(const struct jsontext_value *v, int64_t *ret)
{
	return v && jsontext_i64(v, ret) && *ret >= 0;
}

static const char *set_first(const struct trace_line *line, const char *key, struct locli_object *o)
{
	o->has |= LOCLI_HAS_FIRST;
	return whole(trace_member(line, key), &o->first) ? NULL : "a number is missing";
}

static const char *set_second(const struct trace_line *line, const char *key, struct locli_object *o)
{
	o->has |= LOCLI_HAS_SECOND;
	return whole(trace_member(line, key), &o->second) ? NULL : "a number is missing";
}

static const char *set_text(const struct jsontext_value *v, struct locli_object *o)
{
	if (!v || v->type != JSONTEXT_STRING || v->raw.n > LOCLI_HASH_MAX)
		return "a text is missing";
	o->has |= LOCLI_HAS_TEXT;
	o->text = *v;
	return NULL;
}

/* A point is `hash@slot`: 64 characters are the hash. */
static const char *set_point(const struct jsontext_value *v, struct locli_object *o)
{
	const char *wrong = set_text(v, o);

	if (!wrong && o->text.raw.n > 64)
		o->text.raw.n = 64;
	return wrong;
}

/* ---- Interpreters: one for each shape of payload ---- */

typedef const char *interpreter(const struct trace_line *line, struct locli_object *o);

/* A field by its name; -1: it is another one. Nodes write them by the alphabet: the one that comes next is looked at
 * first. */
static int resource_field(struct parse_text name, unsigned *next)
{
	static const struct {
		struct parse_text name;
		int field; /* in locli_resource_names */
	} fields[LOCLI_RESOURCE_FIELDS] = {
		{ { WORD("Alloc") }, 5 },   { { WORD("CentiBlkIO") }, 8 }, { { WORD("CentiCpu") }, 0 },
		{ { WORD("CentiGC") }, 1 }, { { WORD("CentiMut") }, 2 },   { { WORD("FsRd") }, 13 },
		{ { WORD("FsWr") }, 14 },   { { WORD("GcsMajor") }, 3 },   { { WORD("GcsMinor") }, 4 },
		{ { WORD("Heap") }, 10 },   { { WORD("Live") }, 6 },       { { WORD("NetRd") }, 11 },
		{ { WORD("NetWr") }, 12 },  { { WORD("RSS") }, 7 },        { { WORD("Threads") }, 9 },
	};

	for (unsigned k = 0; k < LOCLI_RESOURCE_FIELDS; k++) {
		unsigned i = (*next + k) % LOCLI_RESOURCE_FIELDS;

		if (fields[i].name.n == name.n && !memcmp(fields[i].name.at, name.at, name.n)) {
			*next = i + 1;
			return fields[i].field;
		}
	}
	return -1;
}

static const char *resources(const struct trace_line *line, struct locli_object *o)
{
	const struct jsontext_value *values[LOCLI_RESOURCE_FIELDS] = { NULL };
	unsigned next = 0;

	memset(o->resources, 0, sizeof(o->resources));
	/* Of several of one name the last one counts. */
	for (uint32_t i = 0; i < line->n_members && i < TRACE_MEMBERS_MAX; i++) {
		int field = resource_field(line->members[i].key, &next);

		if (field >= 0)
			values[field] = &line->members[i].value;
	}
	for (int i = 0; i < LOCLI_RESOURCE_FIELDS; i++) {
		const struct jsontext_value *v = values[i];
		int64_t value = 0;

		if (i >= RESOURCES_REQUIRED && !is_there(v))
			continue;
		if (!whole(v, &value))
			return "a field of the resources is missing";
		o->resources[i] = (uint64_t)value;
	}
	return NULL;
}

static const char *start(const struct trace_line *line, struct locli_object *o)
{
	const struct jsontext_value *utxo = trace_member(line, "utxoSize"),
				    *density = trace_member(line, "chainDensity");

	o->has |= LOCLI_HAS_SECOND | LOCLI_HAS_REAL;
	if (is_there(utxo) && !whole(utxo, &o->second))
		return "utxoSize is not a number";
	if (is_there(density) && !jsontext_f64(density, &o->real))
		return "chainDensity is not a number";
	return set_first(line, "slot", o);
}

static const char *ledger_metrics(const struct trace_line *line, struct locli_object *o)
{
	if (!is_there(trace_member(line, "utxoSize")) || !is_there(trace_member(line, "chainDensity")))
		return "a field of the ledger metrics is missing";
	return start(line, o);
}

static const char *context(const struct trace_line *line, struct locli_object *o)
{
	const struct jsontext_value *tip = trace_member(line, "tipBlockNo");

	o->has |= LOCLI_HAS_SECOND;
	if (!tip || !jsontext_i64(tip, &o->second))
		return "tipBlockNo is missing";
	o->second--;
	return set_first(line, "current slot", o);
}

static const char *slot(const struct trace_line *line, struct locli_object *o)
{
	return set_first(line, "slot", o);
}

static const char *leader(const struct trace_line *line, struct locli_object *o)
{
	o->has |= LOCLI_HAS_SECOND;
	o->second = 1;
	return set_first(line, "slot", o);
}

static const char *not_leader(const struct trace_line *line, struct locli_object *o)
{
	o->has |= LOCLI_HAS_SECOND;
	return set_first(line, "slot", o);
}

static const char *forged(const struct trace_line *line, struct locli_object *o)
{
	const struct jsontext_value *previous = trace_member(line, "blockPrev");
	const char *wrong = set_first(line, "slot", o);

	if (!wrong)
		wrong = set_second(line, "blockNo", o);
	if (!wrong)
		wrong = set_text(trace_member(line, "block"), o);
	if (!wrong && (!previous || previous->type != JSONTEXT_STRING || previous->raw.n > LOCLI_HASH_MAX))
		wrong = "blockPrev is missing";
	if (wrong)
		return wrong;
	o->previous = *previous;
	o->has |= LOCLI_HAS_PREVIOUS;
	return NULL;
}

/* A block's number, also as {"unBlockNo": 7}. */
static int block_number(const struct jsontext_value *v, int64_t *ret)
{
	struct jsontext_value key, value;
	struct jsontext_cursor c;
	int is_first = 1, found = 0;

	if (!v || v->type != JSONTEXT_OBJECT)
		return whole(v, ret);
	c = jsontext_on(v->raw.at, v->raw.n);
	(void)jsontext_enter(&c, '{');
	while (jsontext_member(&c, &is_first, &key, &value) == PARSE_OK)
		if (key.raw.n == 9 && !memcmp(key.raw.at, "unBlockNo", 9))
			found = whole(&value, ret);
	return found;
}

static const char *seen(const struct trace_line *line, struct locli_object *o)
{
	const char *wrong = set_first(line, "slot", o);

	o->has |= LOCLI_HAS_SECOND;
	if (!wrong && !block_number(trace_member(line, "blockNo"), &o->second))
		wrong = "blockNo is missing";
	return wrong ? wrong : set_text(trace_member(line, "block"), o);
}

static const char *requested(const struct trace_line *line, struct locli_object *o)
{
	const char *wrong = set_second(line, "length", o);

	return wrong ? wrong : set_text(trace_member(line, "head"), o);
}

static const char *block(const struct trace_line *line, struct locli_object *o)
{
	return set_text(trace_member(line, "block"), o);
}

static const char *announced(const struct trace_line *line, struct locli_object *o)
{
	const struct jsontext_value *rising = trace_member(line, "risingEdge"),
				    *blocking = trace_member(line, "blockingRead");
	const struct jsontext_value *added = trace_member(line, "addBlock");

	if ((rising && rising->type == JSONTEXT_FALSE) || (blocking && blocking->type == JSONTEXT_FALSE) ||
	    trace_member(line, "rollBackTo")) {
		o->table = LOCLI_NO_TABLE;
		return NULL;
	}
	return set_point(is_there(added) ? added : trace_member(line, "block"), o);
}

static const char *added(const struct trace_line *line, struct locli_object *o)
{
	const struct jsontext_value *delta = trace_member(line, "chainLengthDelta");

	o->has |= LOCLI_HAS_SECOND;
	o->second = 1;
	if (is_there(delta) && !jsontext_i64(delta, &o->second))
		return "chainLengthDelta is not a number";
	return set_point(trace_member(line, "newtip"), o);
}

static const char *adopted(const struct trace_line *line, struct locli_object *o)
{
	const char *wrong = set_first(line, "blockSize", o);

	o->has |= LOCLI_HAS_SECOND;
	o->second = 1;
	return wrong ? wrong : set_text(trace_member(line, "blockHash"), o);
}

static const char *nothing(const struct trace_line *line, struct locli_object *o)
{
	return NULL;
}

static const char *collected(const struct trace_line *line, struct locli_object *o)
{
	o->has |= LOCLI_HAS_THREAD;
	return set_first(line, "count", o);
}

static const char *processed(const struct trace_line *line, struct locli_object *o)
{
	const char *wrong = set_first(line, "accepted", o);

	o->has |= LOCLI_HAS_SECOND | LOCLI_HAS_THREAD;
	if (!wrong && !(trace_member(line, "rejected") && jsontext_i64(trace_member(line, "rejected"), &o->second)))
		wrong = "rejected is missing";
	return wrong;
}

/* `{"bytes":129000,"numTxs":645}` and nothing else: 1, with its last number. */
static int is_usual_size(struct parse_text t, int64_t *ret)
{
	static const char start[] = "{\"bytes\":", middle[] = ",\"numTxs\":";
	const char *at = t.at + sizeof(start) - 1, *end = t.at + t.n - 1;
	int64_t n = 0;

	if (t.n < sizeof(start) + sizeof(middle) || t.n > 64 || memcmp(t.at, start, sizeof(start) - 1))
		return 0;
	while (at < end && *at >= '0' && *at <= '9')
		at++;
	/* 18 digits always fit. */
	if ((size_t)(end - at) < sizeof(middle) || end - at > (ptrdiff_t)sizeof(middle) + 17 ||
	    memcmp(at, middle, sizeof(middle) - 1))
		return 0;
	for (at += sizeof(middle) - 1; at < end && *at >= '0' && *at <= '9'; at++)
		n = n * 10 + (*at - '0');
	*ret = n;
	return at == end;
}

static const char *mempool(const struct trace_line *line, struct locli_object *o)
{
	const struct jsontext_value *size = trace_member(line, "mempoolSize");
	struct jsontext_value key, value;
	struct jsontext_cursor c;
	int is_first = 1;

	if (!size || size->type != JSONTEXT_OBJECT)
		return "mempoolSize is missing";
	if (is_usual_size(size->raw, &o->first)) {
		o->has |= LOCLI_HAS_FIRST;
		return NULL;
	}
	c = jsontext_on(size->raw.at, size->raw.n);
	(void)jsontext_enter(&c, '{');
	while (jsontext_member(&c, &is_first, &key, &value) == PARSE_OK)
		if (key.raw.n == 6 && !memcmp(key.raw.at, "numTxs", 6) && whole(&value, &o->first))
			o->has |= LOCLI_HAS_FIRST;
	return o->has & LOCLI_HAS_FIRST ? NULL : "mempoolSize.numTxs is missing";
}

/* ---- Who interprets what ---- */

enum era {
	ERA_PRESENT,
	ERA_OLDER,
	ERA_LEGACY,
	N_ERAS,
};

static const struct rule {
	const char *names[N_ERAS]; /* the present and the older `ns`, the legacy kind */
	struct parse_text constructor;
	enum locli_table table;
	interpreter *interpret;
} rules[] = {
	{ { "Resources", "Resources", "Resources" }, { WORD("LOResources") }, LOCLI_RESOURCE, resources },
	{ { "Forge.Loop.StartLeadershipCheck", "Forge.Loop.StartLeadershipCheckPlus", "TraceStartLeadershipCheck" },
	  { WORD("LOTraceStartLeadershipCheck") },
	  LOCLI_SLOT,
	  start },
	{ { "Forge.Loop.BlockContext", "Forge.BlockContext", "TraceBlockContext" },
	  { WORD("LOBlockContext") },
	  LOCLI_EVENT,
	  context },
	{ { "Forge.Loop.LedgerState", "Forge.LedgerState", "TraceLedgerState" },
	  { WORD("LOLedgerState") },
	  LOCLI_EVENT,
	  slot },
	{ { "Forge.Loop.LedgerView", "Forge.LedgerView", "TraceLedgerView" },
	  { WORD("LOLedgerView") },
	  LOCLI_EVENT,
	  slot },
	{ { "Forge.Loop.NodeIsLeader", "Forge.NodeIsLeader", "TraceNodeIsLeader" },
	  { WORD("LOTraceLeadershipDecided") },
	  LOCLI_EVENT,
	  leader },
	{ { "Forge.Loop.NodeNotLeader", "Forge.NodeNotLeader", "TraceNodeNotLeader" },
	  { WORD("LOTraceLeadershipDecided") },
	  LOCLI_EVENT,
	  not_leader },
	{ { "Forge.Loop.TickedLedgerState", "Forge.TickedLedgerState", "TraceForgeTickedLedgerState" },
	  { WORD("LOTickedLedgerState") },
	  LOCLI_EVENT,
	  slot },
	{ { "Forge.Loop.MempoolSnapshot", "Forge.MempoolSnapshot", "TraceForgingMempoolSnapshot" },
	  { WORD("LOMempoolSnapshot") },
	  LOCLI_EVENT,
	  slot },
	{ { "Forge.Loop.ForgedBlock", "Forge.ForgedBlock", "TraceForgedBlock" },
	  { WORD("LOBlockForged") },
	  LOCLI_EVENT,
	  forged },
	{ { "ChainSync.Client.DownloadedHeader", "ChainSyncClient.ChainSyncClientEvent.DownloadedHeader",
	    "ChainSyncClientEvent.TraceDownloadedHeader" },
	  { WORD("LOChainSyncClientSeenHeader") },
	  LOCLI_EVENT,
	  seen },
	{ { "BlockFetch.Client.SendFetchRequest", "BlockFetchClient.SendFetchRequest", "SendFetchRequest" },
	  { WORD("LOBlockFetchClientRequested") },
	  LOCLI_EVENT,
	  requested },
	{ { "BlockFetch.Client.CompletedBlockFetch", "BlockFetchClient.CompletedBlockFetch", "CompletedBlockFetch" },
	  { WORD("LOBlockFetchClientCompletedFetch") },
	  LOCLI_EVENT,
	  block },
	{ { NULL, NULL, "ChainSyncServerEvent.TraceChainSyncServerRead.AddBlock" },
	  { WORD("LOChainSyncServerSendHeader") },
	  LOCLI_EVENT,
	  block },
	{ { "ChainSync.ServerHeader.Update", "ChainSyncServerEvent.TraceChainSyncServerUpdate",
	    "ChainSyncServerEvent.TraceChainSyncServerReadBlocked.AddBlock" },
	  { WORD("LOChainSyncServerSendHeader") },
	  LOCLI_EVENT,
	  announced },
	{ { "BlockFetch.Server.SendBlock", "BlockFetchServer.SendBlock", "TraceBlockFetchServerSendBlock" },
	  { WORD("LOBlockFetchServerSending") },
	  LOCLI_EVENT,
	  block },
	{ { "ChainDB.AddBlockEvent.AddedToCurrentChain", "ChainDB.AddBlockEvent.AddedToCurrentChain",
	    "TraceAddBlockEvent.AddedToCurrentChain" },
	  { WORD("LOBlockAddedToCurrentChain") },
	  LOCLI_EVENT,
	  added },
	{ { "Forge.Loop.AdoptedBlock", "Forge.AdoptedBlock", "TraceAdoptedBlock" },
	  { WORD("LOBlockAddedToCurrentChain") },
	  LOCLI_EVENT,
	  adopted },
	{ { "ChainDB.LedgerEvent.TookSnapshot", "TraceLedgerEvent.TookSnapshot", "TraceSnapshotEvent.TookSnapshot" },
	  { WORD("LOLedgerTookSnapshot") },
	  LOCLI_EVENT,
	  nothing },
	{ { "LedgerMetrics", "LedgerMetrics", "LedgerMetrics" },
	  { WORD("LOLedgerMetrics") },
	  LOCLI_LEDGER_METRICS,
	  ledger_metrics },
	{ { "TxSubmission.TxInbound.Collected", "TraceTxSubmissionCollected", "TraceTxSubmissionCollected" },
	  { WORD("LOTxsCollected") },
	  LOCLI_TXNS,
	  collected },
	{ { "TxSubmission.TxInbound.Processed", "TraceTxSubmissionProcessed", "TraceTxSubmissionProcessed" },
	  { WORD("LOTxsProcessed") },
	  LOCLI_TXNS,
	  processed },
	{ { "Mempool.AddedTx", "Mempool.AddedTx", "TraceMempoolAddedTx" },
	  { WORD("LOMempoolTxs") },
	  LOCLI_TXNS,
	  mempool },
	{ { "Mempool.RemoveTxs", "Mempool.RemoveTxs", "TraceMempoolRemoveTxs" },
	  { WORD("LOMempoolTxs") },
	  LOCLI_TXNS,
	  mempool },
	{ { "Mempool.RejectedTx", "Mempool.RejectedTx", "TraceMempoolRejectedTx" },
	  { WORD("LOMempoolRejectedTx") },
	  LOCLI_TXNS,
	  nothing },
};

/* Counted from 1. */
static uint16_t find(enum era era, struct parse_text name)
{
	for (uint16_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		const char *known = rules[i].names[era];

		if (known && name.n && strlen(known) == name.n && !memcmp(known, name.at, name.n))
			return (uint16_t)(i + 1);
	}
	return 0;
}

uint16_t locli_rule(struct parse_text ns, struct parse_text kind)
{
	static const char prefix[] = "Cardano.Node.";
	struct parse_text stripped = kind;
	uint16_t rule = find(ERA_PRESENT, ns);

	if (!rule)
		rule = find(ERA_OLDER, ns);
	if (kind.n >= sizeof(prefix) - 1 && !memcmp(kind.at, prefix, sizeof(prefix) - 1))
		stripped = (struct parse_text){ kind.at + sizeof(prefix) - 1, kind.n - sizeof(prefix) + 1 };
	if (!rule)
		rule = find(ERA_OLDER, stripped);
	return rule ? rule : find(ERA_LEGACY, kind);
}

const char *locli_interpret(const struct trace_line *line, uint32_t rule, struct locli_object *ret)
{
	memset(ret, 0, offsetof(struct locli_object, resources));
	if (line->payload.type != JSONTEXT_OBJECT)
		return "data is not an object";
	if (line->ns_is_array == 2)
		return "ns is an array of several";
	if (!line->host.at)
		return "host is missing";
	if (!line->thread.at || line->has_thread_number)
		return "thread is missing";
	if (!rule)
		return NULL;
	ret->table = rules[rule - 1].table;
	ret->constructor = rules[rule - 1].constructor;
	return rules[rule - 1].interpret(line, ret);
}
