/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/make_log.h"

#include <stdarg.h>
#include <time.h>

struct maker {
	const struct make_log *how;
	FILE *to;
	uint64_t state, n_bytes, n_lines;
	int64_t slot, block_no, us; /* us: within the slot */
	uint64_t block, previous;
	char second[32]; /* of the slot, as text */
};

static uint64_t draw(struct maker *m)
{
	/* xorshift64*; S. Vigna, "An experimental exploration of Marsaglia's xorshift generators, scrambled" */
	m->state ^= m->state >> 12;
	m->state ^= m->state << 25;
	m->state ^= m->state >> 27;
	return m->state * 0x2545f4914f6cdd1du;
}

__attribute__((format(printf, 4, 5))) static void put(struct maker *m, const char *ns, int thread, const char *format,
                                                      ...)
{
	va_list args;
	int n;

	m->us += 1 + (int64_t)(draw(m) % 300);
	n = fprintf(m->to, "{\"at\":\"%s.%06lldZ\",\"ns\":\"%s\",\"data\":{", m->second, (long long)(m->us % 1000000),
	            ns);
	va_start(args, format);
	n += vfprintf(m->to, format, args);
	va_end(args);
	n += fprintf(m->to, "},\"sev\":\"Info\",\"thread\":\"%d\",\"host\":\"%s\"}\n", thread, m->how->host);
	m->n_bytes += (uint64_t)n;
	m->n_lines++;
}

static void put_block(struct maker *m)
{
	unsigned long long s = (unsigned long long)m->slot, b = m->block, p = m->previous;

	put(m, "Forge.Loop.NodeIsLeader", 50, "\"kind\":\"TraceNodeIsLeader\",\"slot\":%llu", s);
	put(m, "Forge.Loop.ForgeTickedLedgerState", 50, "\"kind\":\"TraceForgeTickedLedgerState\",\"slot\":%llu", s);
	put(m, "Forge.Loop.ForgingMempoolSnapshot", 50, "\"kind\":\"TraceForgingMempoolSnapshot\",\"slot\":%llu", s);
	put(m, "Forge.Loop.ForgedBlock", 50,
	    "\"block\":\"%016llx%016llx%016llx%016llx\",\"blockNo\":%lld,\"blockPrev\":\"%016llx%016llx%016llx%"
	    "016llx\","
	    "\"kind\":\"TraceForgedBlock\",\"slot\":%llu",
	    b, b, b, b, (long long)++m->block_no, p, p, p, p, s);
	put(m, "ChainDB.AddBlockEvent.AddedToCurrentChain", 33,
	    "\"chainLengthDelta\":1,\"kind\":\"AddedToCurrentChain\",\"newTipSelectView\":{\"chainLength\":%lld,"
	    "\"kind\":"
	    "\"PraosChainSelectView\"},\"newtip\":\"%016llx%016llx%016llx%016llx@%llu\"",
	    (long long)m->block_no, b, b, b, b, s);
	put(m, "Forge.Loop.AdoptedBlock", 50,
	    "\"blockHash\":\"%016llx%016llx%016llx%016llx\",\"blockSize\":%u,\"kind\":\"TraceAdoptedBlock\",\"slot\":%"
	    "llu",
	    b, b, b, b, 860 + (unsigned)(draw(m) % 80000), s);
	for (int peer = 0; peer < 3; peer++) {
		put(m, "ChainSync.ServerHeader.Update", 60 + peer,
		    "\"addBlock\":\"%016llx%016llx%016llx%016llx@%llu\",\"blockingRead\":true,\"kind\":"
		    "\"ChainSyncServer.Update\",\"risingEdge\":true",
		    b, b, b, b, s);
		put(m, "BlockFetch.Server.SendBlock", 70 + peer,
		    "\"block\":\"%016llx%016llx%016llx%016llx\",\"kind\":\"BlockFetchServer.SendBlock\",\"peer\":{"
		    "\"connectionId\":\"127.0.0.1:30000 127.0.0.1:3000%d\"}",
		    b, b, b, b, peer);
	}
	m->previous = b;
}

static void put_forge_loop(struct maker *m)
{
	unsigned long long s = (unsigned long long)m->slot;

	put(m, "Forge.Loop.StartLeadershipCheck", 50,
	    "\"chainDensity\":4.83%llue-2,\"kind\":\"TraceStartLeadershipCheck\",\"slot\":%llu,\"utxoSize\":%llu",
	    s % 100, s, 1000000 + s);
	put(m, "Forge.Loop.BlockContext", 50,
	    "\"current slot\":%llu,\"kind\":\"TraceBlockContext\",\"tip\":\"%016llx\",\"tipBlockNo\":%lld", s,
	    (unsigned long long)m->previous, (long long)m->block_no);
	put(m, "Forge.Loop.LedgerState", 50, "\"kind\":\"TraceLedgerState\",\"slot\":%llu", s);
	put(m, "Forge.Loop.LedgerView", 50, "\"kind\":\"TraceLedgerView\",\"slot\":%llu", s);
	m->block = draw(m);
	if (m->block % 20 == 0)
		put_block(m);
	else
		put(m, "Forge.Loop.NodeNotLeader", 50, "\"kind\":\"TraceNodeNotLeader\",\"slot\":%llu", s);
}

static void put_transaction(struct maker *m)
{
	unsigned long long tx = draw(m);
	unsigned n = (unsigned)(tx % 700);

	put(m, "TxSubmission.TxInbound.Collected", 80 + (int)(tx % 4), "\"count\":%u,\"kind\":\"TxInboundCollected\"",
	    1 + n % 5);
	put(m, "Mempool.AddedTx", 80 + (int)(tx % 4),
	    "\"kind\":\"TraceMempoolAddedTx\",\"mempoolSize\":{\"bytes\":%u,\"numTxs\":%u},\"tx\":{\"txid\":\"%"
	    "08llx\"}",
	    n * 200, n, tx & 0xffffffff);
	put(m, "TxSubmission.TxInbound.Processed", 80 + (int)(tx % 4),
	    "\"accepted\":%u,\"kind\":\"TxInboundProcessed\",\"rejected\":0", 1 + n % 5);
}

static void put_slot(struct maker *m)
{
	time_t second = (time_t)(m->how->start_s + m->slot);
	struct tm tm;

	(void)gmtime_r(&second, &tm);
	(void)strftime(m->second, sizeof(m->second), "%Y-%m-%dT%H:%M:%S", &tm);
	m->us = 900 + (int64_t)(draw(m) % 500);
	put_forge_loop(m);
	for (uint32_t i = 0; i < m->how->txs_per_slot; i++)
		put_transaction(m);
	put(m, "Resources", 7,
	    "\"Alloc\":%lld,\"CentiBlkIO\":0,\"CentiCpu\":%lld,\"CentiGC\":%lld,\"CentiMut\":%lld,\"FsRd\":4096,"
	    "\"FsWr\":%lld,"
	    "\"GcsMajor\":%lld,\"GcsMinor\":%lld,\"Heap\":%lld,\"Live\":%lld,\"NetRd\":0,\"NetWr\":0,\"RSS\":%lld,"
	    "\"Threads\":11,\"kind\":\"ResourceStats\"",
	    (long long)m->slot * 40000000, (long long)m->slot * 7, (long long)m->slot, (long long)m->slot * 6,
	    (long long)m->slot * 8192, (long long)m->slot / 40, (long long)m->slot * 2,
	    900000000 + (long long)(draw(m) % 100000000), 400000000 + (long long)(draw(m) % 100000000),
	    1200000000 + (long long)(draw(m) % 1000000));
	m->slot++;
}

uint64_t make_log(const struct make_log *how, uint64_t n_bytes, FILE *to)
{
	struct maker m = { .how = how, .to = to, .state = how->seed * 2 + 1 };

	while (m.n_bytes < n_bytes)
		put_slot(&m);
	return m.n_lines;
}
