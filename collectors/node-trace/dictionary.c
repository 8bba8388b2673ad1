/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/node-trace/node_trace.h"

#define COUNTER(n, u, b, h, worse)                                                                                     \
	{                                                                                                              \
		.name = n, .unit = u, .brief = b, .help = h, .shape = WEIR_SHAPE_NUMBER, .kind = WEIR_KIND_COUNTER,    \
		.type = WEIR_TYPE_I64, .better = worse, .range = WEIR_RANGE_FROM_ZERO                                  \
	}
#define GAUGE(n, u, t, b, h, worse)                                                                                    \
	{                                                                                                              \
		.name = n, .unit = u, .brief = b, .help = h, .shape = WEIR_SHAPE_NUMBER, .kind = WEIR_KIND_GAUGE,      \
		.type = t, .better = worse, .range = WEIR_RANGE_FROM_ZERO                                              \
	}
#define SPAN(n, u, b, h, worse)                                                                                        \
	{                                                                                                              \
		.name = n, .unit = u, .brief = b, .help = h, .shape = WEIR_SHAPE_SPAN, .kind = WEIR_KIND_GAUGE,        \
		.type = WEIR_TYPE_F64, .better = worse, .scale = WEIR_SCALE_LOG, .range = WEIR_RANGE_FROM_ZERO         \
	}

const struct weir_metric node_trace_metrics[ROW_END] = {
	[ROW_COUNT] = COUNTER("trace.count", "{line}", "traces",
	                      "Traces of one namespace and kind, up to the end of the log.", 0),
	[ROW_LINES] = COUNTER("trace.lines", "{line}", "lines", "Lines of the log, by what they are.", 0),
	[ROW_SILENCE] = SPAN("trace.silence", "ns", "silence",
	                     "Time without a line: of the whole log, or of the thread named in the attribute.", -1),
	[ROW_SILENCE_LONGEST] = GAUGE("trace.silence.longest", "ns", WEIR_TYPE_I64, "longest silence",
	                              "The longest time without a line, however short: of the whole log, or of the "
	                              "thread named in the attribute.",
	                              -1),
	[ROW_REVERSAL] =
		SPAN("trace.reversal", "ns", "clock set back", "The times of the lines jump back by this much.", -1),
	[ROW_SLOT_MISSED] =
		SPAN("cardano.slot.missed", "{slot}", "missed slots",
	             "Slots in which a forging thread started no leadership check; the value counts them, the "
	             "attribute names the first.",
	             -1),
	[ROW_BOUNDARY] = SPAN("cardano.epoch.boundary", "{epoch}", "epoch boundary",
	                      "An epoch begins, by the genesis; the value is its number.", 0),
	[ROW_EPOCH_PHASE] = SPAN("cardano.epoch.phase", "{epoch}", "epoch phase",
	                         "The reward calculation starts, or is completed by force, by the genesis.", 0),
	[ROW_FORGE_START] = SPAN("cardano.forge.start", "ns", "start delay",
	                         "From the start of the slot to the start of the leadership check.", -1),
	[ROW_FORGE_CONTEXT] = SPAN("cardano.forge.block_context", "ns", "block context",
	                           "From the start of the check to the block context.", -1),
	[ROW_FORGE_STATE] = SPAN("cardano.forge.ledger_state", "ns", "ledger state",
	                         "From the block context to the ledger state.", -1),
	[ROW_FORGE_VIEW] = SPAN("cardano.forge.ledger_view", "ns", "ledger view",
	                        "From the ledger state to the forecast ledger view.", -1),
	[ROW_FORGE_LEADERSHIP] = SPAN("cardano.forge.leadership", "1", "leadership",
	                              "From the ledger view to the decision; the value is 1 for a leader, else 0.", -1),
	[ROW_FORGE_TICKED] = SPAN("cardano.forge.ticked", "ns", "ticked state",
	                          "From the decision to the ledger state ticked to the slot.", -1),
	[ROW_FORGE_MEMPOOL] = SPAN("cardano.forge.mempool_snapshot", "ns", "mempool snapshot",
	                           "From the ticked state to the snapshot of the mempool.", -1),
	[ROW_FORGE_BLOCK] = SPAN("cardano.forge.block", "ns", "forged",
	                         "From the snapshot of the mempool to the forged block.", -1),
	[ROW_FORGE_ADOPTION] = SPAN("cardano.forge.adoption", "ns", "adopted",
	                            "From the forged block to its adoption by its own node.", -1),
	[ROW_FORGE_OBSTACLE] = SPAN("cardano.forge.obstacle", "1", "obstacle",
	                            "What kept a slot from being checked or a block from being forged.", -1),
	[ROW_BLOCK_SEEN] = SPAN("cardano.block.header_seen", "1", "header seen", "A peer's header arrived.", 0),
	[ROW_BLOCK_REQUESTED] = SPAN("cardano.block.requested", "{block}", "requested",
	                             "Blocks were asked of a peer; the value counts them.", 0),
	[ROW_BLOCK_FETCHED] = SPAN("cardano.block.fetched", "1", "fetched", "A block arrived.", 0),
	[ROW_BLOCK_ANNOUNCED] =
		SPAN("cardano.block.announced", "1", "announced", "A block was announced to a peer.", 0),
	[ROW_BLOCK_SENT] = SPAN("cardano.block.sent", "1", "sent", "A block was sent to a peer.", 0),
	[ROW_BLOCK_ADOPTED] = SPAN("cardano.block.adopted", "{block}", "adopted",
	                           "The chain got a new tip; the value is by how many blocks it grew.", 0),
	[ROW_SNAPSHOT] = SPAN("cardano.snapshot", "ns", "ledger snapshot", "A snapshot of the ledger was written.", -1),
	[ROW_MEMPOOL_TXS] = GAUGE("cardano.mempool.transactions", "{transaction}", WEIR_TYPE_I64, "mempool txs",
	                          "Transactions in the mempool, the last of each second.", 0),
	[ROW_MEMPOOL_BYTES] = GAUGE("cardano.mempool.size", "By", WEIR_TYPE_I64, "mempool size",
	                            "Bytes in the mempool, the last of each second.", 0),
	[ROW_TXS] = COUNTER("cardano.transactions", "{transaction}", "transactions",
	                    "Transactions that peers sent, by what became of them.", 0),
	[ROW_UTXO] = GAUGE("cardano.utxo.size", "{entry}", WEIR_TYPE_I64, "UTxO",
	                   "Unspent transaction outputs in the ledger state.", 0),
	[ROW_DENSITY] = GAUGE("cardano.chain.density", "1", WEIR_TYPE_F64, "chain density",
	                      "Blocks per slot over the last k blocks.", 1),
	[ROW_CPU] = COUNTER("process.cpu.time", "ns", "CPU time",
	                    "CPU time of the process: in all, of the mutator, of the garbage collector.", -1),
	[ROW_GC_COUNT] = COUNTER("ghc.gc.count", "{collection}", "GCs", "Garbage collections, by generation.", -1),
	[ROW_ALLOCATED] = COUNTER("ghc.heap.allocated", "By", "allocated", "Bytes that the program allocated.", -1),
	[ROW_LIVE] =
		GAUGE("ghc.heap.live", "By", WEIR_TYPE_I64, "live",
	              "Live bytes as of the last collection; after a minor one this counts dead old data too.", -1),
	[ROW_HEAP] = GAUGE("ghc.heap.size", "By", WEIR_TYPE_I64, "heap", "Bytes that the heap takes.", -1),
	[ROW_RSS] = GAUGE("process.memory.usage", "By", WEIR_TYPE_I64, "RSS", "Resident memory.", -1),
	[ROW_THREADS] = GAUGE("process.thread.count", "{thread}", WEIR_TYPE_I64, "OS threads",
	                      "Threads of the operating system.", 0),
	[ROW_DISK] = COUNTER("process.disk.io", "By", "disk IO",
	                     "Bytes that the process caused to be read from and written to storage.", 0),
	[ROW_NETWORK] = COUNTER("process.network.io", "By", "network IO", "Bytes of network traffic.", 0),
	[ROW_BLOCK_IO_WAIT] =
		COUNTER("process.disk.wait", "ns", "block IO wait", "Time spent waiting for block IO.", -1),
};
