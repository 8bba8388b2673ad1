/* SPDX-License-Identifier: Apache-2.0 */
/* Each trace that locli consumes means the same under all the names that it has had. */
#include "collectors/node-trace/node_trace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* The interpreters of cardano-node 0a21a743, bench/locli/src/Cardano/Unlog/LogObject.hs: legacy kind, older and present
 * namespace; then what the node writes today where locli doesn't know it. */
static const struct {
	const char *kind, *older, *present, *today;
	enum meaning meaning;
} traces[] = {
	{ "Resources", "Resources", "Resources", NULL, MEANING_RESOURCES },
	{ "TraceStartLeadershipCheck", "Forge.Loop.StartLeadershipCheckPlus", "Forge.Loop.StartLeadershipCheck", NULL,
	  MEANING_START },
	{ "TraceBlockContext", "Forge.BlockContext", "Forge.Loop.BlockContext", NULL, MEANING_CONTEXT },
	{ "TraceLedgerState", "Forge.LedgerState", "Forge.Loop.LedgerState", NULL, MEANING_STATE },
	{ "TraceLedgerView", "Forge.LedgerView", "Forge.Loop.LedgerView", NULL, MEANING_VIEW },
	{ "TraceNodeIsLeader", "Forge.NodeIsLeader", "Forge.Loop.NodeIsLeader", NULL, MEANING_LEADER },
	{ "TraceNodeNotLeader", "Forge.NodeNotLeader", "Forge.Loop.NodeNotLeader", NULL, MEANING_NOT_LEADER },
	{ "TraceForgeTickedLedgerState", "Forge.TickedLedgerState", "Forge.Loop.TickedLedgerState",
	  "Forge.Loop.ForgeTickedLedgerState", MEANING_TICKED },
	{ "TraceForgingMempoolSnapshot", "Forge.MempoolSnapshot", "Forge.Loop.MempoolSnapshot",
	  "Forge.Loop.ForgingMempoolSnapshot", MEANING_MEMPOOL_SNAPSHOT },
	{ "TraceForgedBlock", "Forge.ForgedBlock", "Forge.Loop.ForgedBlock", NULL, MEANING_FORGED },
	{ "ChainSyncClientEvent.TraceDownloadedHeader", "ChainSyncClient.ChainSyncClientEvent.DownloadedHeader",
	  "ChainSync.Client.DownloadedHeader", NULL, MEANING_SEEN },
	{ "SendFetchRequest", "BlockFetchClient.SendFetchRequest", "BlockFetch.Client.SendFetchRequest", NULL,
	  MEANING_REQUESTED },
	{ "CompletedBlockFetch", "BlockFetchClient.CompletedBlockFetch", "BlockFetch.Client.CompletedBlockFetch", NULL,
	  MEANING_FETCHED },
	{ "ChainSyncServerEvent.TraceChainSyncServerRead.AddBlock", "ChainSyncServerEvent.TraceChainSyncServerUpdate",
	  "ChainSync.ServerHeader.Update", NULL, MEANING_ANNOUNCED },
	{ "ChainSyncServerEvent.TraceChainSyncServerReadBlocked.AddBlock", NULL, NULL, NULL, MEANING_ANNOUNCED },
	{ "TraceBlockFetchServerSendBlock", "BlockFetchServer.SendBlock", "BlockFetch.Server.SendBlock", NULL,
	  MEANING_SENT },
	{ "TraceAddBlockEvent.AddedToCurrentChain", "ChainDB.AddBlockEvent.AddedToCurrentChain",
	  "ChainDB.AddBlockEvent.AddedToCurrentChain", "ChainDB.AddBlockEvent.SwitchedToAFork", MEANING_ADDED },
	{ "TraceAdoptedBlock", "Forge.AdoptedBlock", "Forge.Loop.AdoptedBlock", NULL, MEANING_ADOPTED_OWN },
	{ "TraceSnapshotEvent.TookSnapshot", "TraceLedgerEvent.TookSnapshot", "ChainDB.LedgerEvent.TookSnapshot",
	  "ChainDB.LedgerEvent.Snapshot.TookSnapshot", MEANING_SNAPSHOT },
	{ "LedgerMetrics", "LedgerMetrics", "LedgerMetrics", NULL, MEANING_LEDGER_METRICS },
	{ "TraceTxSubmissionCollected", "TraceTxSubmissionCollected", "TxSubmission.TxInbound.Collected", NULL,
	  MEANING_TXS_COLLECTED },
	{ "TraceTxSubmissionProcessed", "TraceTxSubmissionProcessed", "TxSubmission.TxInbound.Processed", NULL,
	  MEANING_TXS_PROCESSED },
	{ "TraceMempoolAddedTx", "Mempool.AddedTx", "Mempool.AddedTx", NULL, MEANING_MEMPOOL },
	{ "TraceMempoolRemoveTxs", "Mempool.RemoveTxs", "Mempool.RemoveTxs", NULL, MEANING_MEMPOOL },
	{ "TraceMempoolRejectedTx", "Mempool.RejectedTx", "Mempool.RejectedTx", NULL, MEANING_MEMPOOL_REJECTED },
};

static struct parse_text text(const char *word)
{
	return (struct parse_text){ word, strlen(word) };
}

static void assert_meaning(const char *ns, const char *kind, enum meaning meaning)
{
	enum meaning got = ns || kind ? frequency_meaning(text(ns ? ns : "x"), text(kind ? kind : "y")) : meaning;

	if (got != meaning)
		fail_msg("%s, %s: means %d, not %d", ns ? ns : "-", kind ? kind : "-", (int)got, (int)meaning);
}

static void each_trace_is_known_by_all_its_names(void **state)
{
	char with_prefix[128];

	for (size_t i = 0; i < sizeof(traces) / sizeof(traces[0]); i++) {
		assert_meaning("cardano.node.Any", traces[i].kind, traces[i].meaning);
		assert_meaning(traces[i].older, NULL, traces[i].meaning);
		assert_meaning(traces[i].present, NULL, traces[i].meaning);
		assert_meaning(traces[i].today, NULL, traces[i].meaning);
		(void)strcat(strcpy(with_prefix, "Cardano.Node."), traces[i].kind);
		assert_meaning(NULL, with_prefix, traces[i].meaning);
	}
}

static void what_is_like_a_name_is_none(void **state)
{
	char longer[128];

	for (size_t i = 0; i < sizeof(traces) / sizeof(traces[0]); i++) {
		(void)strcat(strcpy(longer, traces[i].kind), "x");
		assert_meaning(longer, longer, MEANING_NONE);
		assert_int_equal(
			frequency_meaning(text("x"), (struct parse_text){ traces[i].kind, strlen(traces[i].kind) - 1 }),
			MEANING_NONE);
	}
	assert_int_equal(frequency_meaning((struct parse_text){ "", 0 }, (struct parse_text){ NULL, 0 }), MEANING_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_trace_is_known_by_all_its_names),
		cmocka_unit_test(what_is_like_a_name_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
