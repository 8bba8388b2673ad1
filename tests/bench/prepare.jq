# SPDX-License-Identifier: Apache-2.0
# A log's database as SQL: one statement for each line that locli keeps, by the rules of exports/locli_line.h, present
# names only. Most frequent names first.
def at: "unixepoch('" + .at[0:19] + "')+0" + .at[19:-1];
def event(cons; slot; block; hash): "insert into event values(\(at),'\(cons)',\(slot),\(block),\(hash));";
def text: "'" + . + "'";
inputs | .data as $d | .ns as $ns |
if $ns == "Mempool.AddedTx" or $ns == "Mempool.RemoveTxs" then
  "insert into txns values(\(at),'LOMempoolTxs',\($d.mempoolSize.numTxs),null,null);"
elif $ns == "TxSubmission.TxInbound.Collected" then
  "insert into txns values(\(at),'LOTxsCollected',\($d.count),null,\(.thread | text));"
elif $ns == "TxSubmission.TxInbound.Processed" then
  "insert into txns values(\(at),'LOTxsProcessed',\($d.accepted),\($d.rejected),\(.thread | text));"
elif $ns == "Forge.Loop.StartLeadershipCheck" then
  "insert into slot values(\(at),\($d.slot),\($d.utxoSize // 0),\($d.chainDensity // 0));"
elif $ns == "Forge.Loop.BlockContext" then event("LOBlockContext"; $d["current slot"]; $d.tipBlockNo - 1; "null")
elif $ns == "Forge.Loop.LedgerState" then event("LOLedgerState"; $d.slot; "null"; "null")
elif $ns == "Forge.Loop.LedgerView" then event("LOLedgerView"; $d.slot; "null"; "null")
elif $ns == "Forge.Loop.NodeNotLeader" then event("LOTraceLeadershipDecided"; $d.slot; 0; "null")
elif $ns == "Forge.Loop.NodeIsLeader" then event("LOTraceLeadershipDecided"; $d.slot; 1; "null")
elif $ns == "Resources" then
  "insert into resource values(\(at),\($d.CentiCpu),\($d.RSS),\($d.Heap // 0),\($d.Alloc),cast(\($d | tojson | text) as blob));"
elif $ns == "BlockFetch.Server.SendBlock" then event("LOBlockFetchServerSending"; "null"; "null"; $d.block | text)
elif $ns == "ChainSync.ServerHeader.Update" then
  if $d.risingEdge == false or $d.blockingRead == false or ($d | has("rollBackTo")) then empty
  else event("LOChainSyncServerSendHeader"; "null"; "null"; ($d.addBlock // $d.block)[0:64] | text) end
elif $d.kind == "TraceForgeTickedLedgerState" then event("LOTickedLedgerState"; $d.slot; "null"; "null")
elif $d.kind == "TraceForgingMempoolSnapshot" then event("LOMempoolSnapshot"; $d.slot; "null"; "null")
elif $ns == "Forge.Loop.ForgedBlock" then event("LOBlockForged"; $d.slot; $d.blockNo; $d.block + "|" + $d.blockPrev | text)
elif $ns == "Forge.Loop.AdoptedBlock" then event("LOBlockAddedToCurrentChain"; $d.blockSize; 1; $d.blockHash | text)
elif $ns == "ChainDB.AddBlockEvent.AddedToCurrentChain" then
  event("LOBlockAddedToCurrentChain"; "null"; $d.chainLengthDelta // 1; $d.newtip[0:64] | text)
elif $ns == "ChainSync.Client.DownloadedHeader" then
  event("LOChainSyncClientSeenHeader"; $d.slot; $d.blockNo; $d.block | text)
elif $ns == "BlockFetch.Client.SendFetchRequest" then event("LOBlockFetchClientRequested"; "null"; $d.length; $d.head | text)
elif $ns == "BlockFetch.Client.CompletedBlockFetch" then event("LOBlockFetchClientCompletedFetch"; "null"; "null"; $d.block | text)
elif $ns == "LedgerMetrics" then "insert into ledgermetrics values(\(at),\($d.slot),\($d.utxoSize),\($d.chainDensity));"
elif $ns == "Mempool.RejectedTx" then "insert into txns values(\(at),'LOMempoolRejectedTx',null,null,null);"
elif $ns == "ChainDB.LedgerEvent.TookSnapshot" then event("LOLedgerTookSnapshot"; "null"; "null"; "null")
else empty end
