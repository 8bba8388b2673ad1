/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/node-trace/node_trace.h"
#include "collectors/program/report.h"

#include <string.h>

struct name {
	const char *text;
	enum meaning meaning;
};

/* Namespaces: the present ones (cardano-node 0a21a743), then those that came before them. */
static const struct name namespaces[] = {
	{ "Resources", MEANING_RESOURCES },
	{ "Forge.Loop.StartLeadershipCheck", MEANING_START },
	{ "Forge.Loop.StartLeadershipCheckPlus", MEANING_START },
	{ "Forge.StartLeadershipCheckPlus", MEANING_START },
	{ "Forge.Loop.BlockContext", MEANING_CONTEXT },
	{ "Forge.BlockContext", MEANING_CONTEXT },
	{ "Forge.Loop.LedgerState", MEANING_STATE },
	{ "Forge.LedgerState", MEANING_STATE },
	{ "Forge.Loop.LedgerView", MEANING_VIEW },
	{ "Forge.LedgerView", MEANING_VIEW },
	{ "Forge.Loop.NodeIsLeader", MEANING_LEADER },
	{ "Forge.NodeIsLeader", MEANING_LEADER },
	{ "Forge.Loop.NodeNotLeader", MEANING_NOT_LEADER },
	{ "Forge.NodeNotLeader", MEANING_NOT_LEADER },
	{ "Forge.Loop.ForgeTickedLedgerState", MEANING_TICKED },
	{ "Forge.Loop.TickedLedgerState", MEANING_TICKED },
	{ "Forge.TickedLedgerState", MEANING_TICKED },
	{ "Forge.Loop.ForgingMempoolSnapshot", MEANING_MEMPOOL_SNAPSHOT },
	{ "Forge.Loop.MempoolSnapshot", MEANING_MEMPOOL_SNAPSHOT },
	{ "Forge.MempoolSnapshot", MEANING_MEMPOOL_SNAPSHOT },
	{ "Forge.Loop.ForgedBlock", MEANING_FORGED },
	{ "Forge.ForgedBlock", MEANING_FORGED },
	{ "Forge.Loop.AdoptedBlock", MEANING_ADOPTED_OWN },
	{ "Forge.AdoptedBlock", MEANING_ADOPTED_OWN },
	{ "Forge.Loop.NoLedgerState", MEANING_OBSTACLE },
	{ "Forge.Loop.NoLedgerView", MEANING_OBSTACLE },
	{ "Forge.Loop.SlotIsImmutable", MEANING_OBSTACLE },
	{ "Forge.Loop.BlockFromFuture", MEANING_OBSTACLE },
	{ "Forge.Loop.ForgeStateUpdateError", MEANING_OBSTACLE },
	{ "Forge.Loop.NodeCannotForge", MEANING_OBSTACLE },
	{ "Forge.Loop.DidntAdoptBlock", MEANING_OBSTACLE },
	{ "Forge.Loop.ForgedInvalidBlock", MEANING_OBSTACLE },
	{ "ChainSync.Client.DownloadedHeader", MEANING_SEEN },
	{ "ChainSyncClient.ChainSyncClientEvent.DownloadedHeader", MEANING_SEEN },
	{ "BlockFetch.Client.SendFetchRequest", MEANING_REQUESTED },
	{ "BlockFetchClient.SendFetchRequest", MEANING_REQUESTED },
	{ "BlockFetch.Client.CompletedBlockFetch", MEANING_FETCHED },
	{ "BlockFetchClient.CompletedBlockFetch", MEANING_FETCHED },
	{ "ChainSync.ServerHeader.Update", MEANING_ANNOUNCED },
	{ "ChainSyncServerEvent.TraceChainSyncServerUpdate", MEANING_ANNOUNCED },
	{ "BlockFetch.Server.SendBlock", MEANING_SENT },
	{ "BlockFetchServer.SendBlock", MEANING_SENT },
	{ "ChainDB.AddBlockEvent.AddedToCurrentChain", MEANING_ADDED },
	{ "ChainDB.AddBlockEvent.SwitchedToAFork", MEANING_ADDED },
	{ "ChainDB.LedgerEvent.Snapshot.TookSnapshot", MEANING_SNAPSHOT },
	{ "ChainDB.LedgerEvent.TookSnapshot", MEANING_SNAPSHOT },
	{ "TraceLedgerEvent.TookSnapshot", MEANING_SNAPSHOT },
	{ "LedgerMetrics", MEANING_LEDGER_METRICS },
	{ "TxSubmission.TxInbound.Collected", MEANING_TXS_COLLECTED },
	{ "TxSubmission.TxInbound.Processed", MEANING_TXS_PROCESSED },
	{ "TraceTxSubmissionCollected", MEANING_TXS_COLLECTED },
	{ "TraceTxSubmissionProcessed", MEANING_TXS_PROCESSED },
	{ "Mempool.AddedTx", MEANING_MEMPOOL },
	{ "Mempool.RemoveTxs", MEANING_MEMPOOL },
	{ "Mempool.RejectedTx", MEANING_MEMPOOL_REJECTED },
};

/* Kinds, of lines whose namespace says nothing: iohk-monitoring. */
static const struct name kinds[] = {
	{ "Resources", MEANING_RESOURCES },
	{ "ResourceStats", MEANING_RESOURCES },
	{ "TraceStartLeadershipCheck", MEANING_START },
	{ "TraceBlockContext", MEANING_CONTEXT },
	{ "TraceLedgerState", MEANING_STATE },
	{ "TraceLedgerView", MEANING_VIEW },
	{ "TraceNodeIsLeader", MEANING_LEADER },
	{ "TraceNodeNotLeader", MEANING_NOT_LEADER },
	{ "TraceForgeTickedLedgerState", MEANING_TICKED },
	{ "TraceForgingMempoolSnapshot", MEANING_MEMPOOL_SNAPSHOT },
	{ "TraceForgedBlock", MEANING_FORGED },
	{ "TraceAdoptedBlock", MEANING_ADOPTED_OWN },
	{ "TraceNoLedgerState", MEANING_OBSTACLE },
	{ "TraceNoLedgerView", MEANING_OBSTACLE },
	{ "TraceSlotIsImmutable", MEANING_OBSTACLE },
	{ "TraceBlockFromFuture", MEANING_OBSTACLE },
	{ "TraceForgeStateUpdateError", MEANING_OBSTACLE },
	{ "TraceNodeCannotForge", MEANING_OBSTACLE },
	{ "TraceDidntAdoptBlock", MEANING_OBSTACLE },
	{ "TraceForgedInvalidBlock", MEANING_OBSTACLE },
	{ "ChainSyncClientEvent.TraceDownloadedHeader", MEANING_SEEN },
	{ "SendFetchRequest", MEANING_REQUESTED },
	{ "CompletedBlockFetch", MEANING_FETCHED },
	{ "ChainSyncServerEvent.TraceChainSyncServerRead.AddBlock", MEANING_ANNOUNCED },
	{ "ChainSyncServerEvent.TraceChainSyncServerReadBlocked.AddBlock", MEANING_ANNOUNCED },
	{ "TraceBlockFetchServerSendBlock", MEANING_SENT },
	{ "TraceAddBlockEvent.AddedToCurrentChain", MEANING_ADDED },
	{ "TraceAddBlockEvent.SwitchedToAFork", MEANING_ADDED },
	{ "TraceSnapshotEvent.TookSnapshot", MEANING_SNAPSHOT },
	{ "LedgerMetrics", MEANING_LEDGER_METRICS },
	{ "TraceTxSubmissionCollected", MEANING_TXS_COLLECTED },
	{ "TraceTxSubmissionProcessed", MEANING_TXS_PROCESSED },
	{ "TraceMempoolAddedTx", MEANING_MEMPOOL },
	{ "TraceMempoolRemoveTxs", MEANING_MEMPOOL },
	{ "TraceMempoolRejectedTx", MEANING_MEMPOOL_REJECTED },
};

static enum meaning look_up(const struct name *names, size_t n, struct parse_text t)
{
	for (size_t i = 0; i < n; i++)
		if (strlen(names[i].text) == t.n && !memcmp(names[i].text, t.at, t.n))
			return names[i].meaning;
	return MEANING_NONE;
}

enum meaning frequency_meaning(struct parse_text ns, struct parse_text kind)
{
	static const char prefix[] = "Cardano.Node.";
	enum meaning meaning = look_up(namespaces, sizeof(namespaces) / sizeof(namespaces[0]), ns);

	if (meaning)
		return meaning;
	if (kind.n >= sizeof(prefix) && !memcmp(kind.at, prefix, sizeof(prefix) - 1))
		kind = (struct parse_text){ kind.at + sizeof(prefix) - 1, kind.n - sizeof(prefix) + 1 };
	return look_up(kinds, sizeof(kinds) / sizeof(kinds[0]), kind);
}

enum meaning frequency_count(struct trace_names *names, const struct trace_line *line)
{
	struct trace_name *name = trace_names_count(names, line->ns, line->kind);

	if (!name)
		return frequency_meaning(line->ns, line->kind);
	if (name->count == 1)
		name->mark = (uint16_t)frequency_meaning(line->ns, line->kind);
	return (enum meaning)name->mark;
}

void frequency_emit(const struct trace_names *names, struct emit *e, int64_t time_ns)
{
	for (uint32_t i = 0; i < names->n_entries; i++) {
		const struct trace_name *name = &names->entries[i];
		const struct weir_attr attrs[] = { { { "ns", 2 }, text_of(trace_names_ns(names, name)) },
			                           { { "kind", 4 }, text_of(trace_names_kind(names, name)) } };

		emit_i64(e, e->host->series(e->host, ROW_COUNT, attrs, name->n_kind ? 2 : 1), time_ns,
		         (int64_t)name->count);
	}
	if (names->n_beyond)
		report_say(e->host, WEIR_WARNING, "trace.frequency_bound",
		           "more than 4096 pairs of namespace and kind: the others are not counted apart",
		           WEIR_NO_OFFSET, names->n_beyond);
}
