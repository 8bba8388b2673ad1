#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A second reading of a node's log by the rules of `locli prepare-db` and `wb analyse prepare`, written without a look at
ours: whole lines through Python's json, one rule after the other. Compares with what is in the analysis folder.

    reference_locli.py RUN_DIR NODE FILE...
"""
import collections
import datetime
import json
import re
import sqlite3
import sys

RESOURCES = ["CentiCpu", "CentiGC", "CentiMut", "GcsMajor", "GcsMinor", "Alloc", "Live", "RSS", "CentiBlkIO", "Threads"]
RESOURCES_OR_0 = ["Heap", "NetRd", "NetWr", "FsRd", "FsWr"]


class Refused(Exception):
    pass


def need(d, key, kind=int):
    v = d.get(key)
    if isinstance(v, bool) or (kind is int and isinstance(v, float) and v != int(v)):
        raise Refused(key)
    if kind is int and isinstance(v, (int, float)) and v >= 0:
        return int(v)
    if kind is str and isinstance(v, str):
        return v
    if kind is float and isinstance(v, (int, float)):
        return v
    raise Refused(key)


def event(cons, slot=None, block=None, hash=None):
    return "event", (cons, slot, block, hash)


def resources(d):
    blob = {k: need(d, k) for k in RESOURCES}
    blob.update({k: need(d, k) if d.get(k) is not None else 0 for k in RESOURCES_OR_0})
    blob["kind"] = "ResourceStats"
    return "resource", (blob["CentiCpu"], blob["RSS"], blob["Heap"], blob["Alloc"], json.dumps(blob, sort_keys=True))


def start(d):
    return "slot", (need(d, "slot"), need(d, "utxoSize") if d.get("utxoSize") is not None else 0,
                    need(d, "chainDensity", float) if d.get("chainDensity") is not None else 0)


def block_no(d):
    v = d.get("blockNo")
    return need(v, "unBlockNo") if isinstance(v, dict) else need(d, "blockNo")


def announced(d):
    if d.get("risingEdge") is False or d.get("blockingRead") is False or "rollBackTo" in d:
        return None
    block = d.get("addBlock") if d.get("addBlock") is not None else d.get("block")
    if not isinstance(block, str):
        raise Refused("addBlock")
    return event("LOChainSyncServerSendHeader", hash=block[:64])


def mempool(d):
    size = d.get("mempoolSize")
    if not isinstance(size, dict):
        raise Refused("mempoolSize")
    return "txns", ("LOMempoolTxs", need(size, "numTxs"), None, False)


def just_slot(cons):
    return lambda d: event(cons, need(d, "slot"))


RULES = [  # present ns, older ns, legacy kind, what is stored
    ("Resources", "Resources", "Resources", resources),
    ("Forge.Loop.StartLeadershipCheck", "Forge.Loop.StartLeadershipCheckPlus", "TraceStartLeadershipCheck", start),
    ("Forge.Loop.BlockContext", "Forge.BlockContext", "TraceBlockContext",
     lambda d: event("LOBlockContext", need(d, "current slot"), need(d, "tipBlockNo") - 1)),
    ("Forge.Loop.LedgerState", "Forge.LedgerState", "TraceLedgerState", just_slot("LOLedgerState")),
    ("Forge.Loop.LedgerView", "Forge.LedgerView", "TraceLedgerView", just_slot("LOLedgerView")),
    ("Forge.Loop.NodeIsLeader", "Forge.NodeIsLeader", "TraceNodeIsLeader",
     lambda d: event("LOTraceLeadershipDecided", need(d, "slot"), 1)),
    ("Forge.Loop.NodeNotLeader", "Forge.NodeNotLeader", "TraceNodeNotLeader",
     lambda d: event("LOTraceLeadershipDecided", need(d, "slot"), 0)),
    ("Forge.Loop.TickedLedgerState", "Forge.TickedLedgerState", "TraceForgeTickedLedgerState",
     just_slot("LOTickedLedgerState")),
    ("Forge.Loop.MempoolSnapshot", "Forge.MempoolSnapshot", "TraceForgingMempoolSnapshot",
     just_slot("LOMempoolSnapshot")),
    ("Forge.Loop.ForgedBlock", "Forge.ForgedBlock", "TraceForgedBlock",
     lambda d: event("LOBlockForged", need(d, "slot"), need(d, "blockNo"),
                     need(d, "block", str) + "|" + need(d, "blockPrev", str))),
    ("ChainSync.Client.DownloadedHeader", "ChainSyncClient.ChainSyncClientEvent.DownloadedHeader",
     "ChainSyncClientEvent.TraceDownloadedHeader",
     lambda d: event("LOChainSyncClientSeenHeader", need(d, "slot"), block_no(d), need(d, "block", str))),
    ("BlockFetch.Client.SendFetchRequest", "BlockFetchClient.SendFetchRequest", "SendFetchRequest",
     lambda d: event("LOBlockFetchClientRequested", None, need(d, "length"), need(d, "head", str))),
    ("BlockFetch.Client.CompletedBlockFetch", "BlockFetchClient.CompletedBlockFetch", "CompletedBlockFetch",
     lambda d: event("LOBlockFetchClientCompletedFetch", hash=need(d, "block", str))),
    (None, None, "ChainSyncServerEvent.TraceChainSyncServerRead.AddBlock",
     lambda d: event("LOChainSyncServerSendHeader", hash=need(d, "block", str))),
    ("ChainSync.ServerHeader.Update", "ChainSyncServerEvent.TraceChainSyncServerUpdate",
     "ChainSyncServerEvent.TraceChainSyncServerReadBlocked.AddBlock", announced),
    ("BlockFetch.Server.SendBlock", "BlockFetchServer.SendBlock", "TraceBlockFetchServerSendBlock",
     lambda d: event("LOBlockFetchServerSending", hash=need(d, "block", str))),
    ("ChainDB.AddBlockEvent.AddedToCurrentChain", "ChainDB.AddBlockEvent.AddedToCurrentChain",
     "TraceAddBlockEvent.AddedToCurrentChain",
     lambda d: event("LOBlockAddedToCurrentChain", None,
                     need(d, "chainLengthDelta") if d.get("chainLengthDelta") is not None else 1,
                     need(d, "newtip", str)[:64])),
    ("Forge.Loop.AdoptedBlock", "Forge.AdoptedBlock", "TraceAdoptedBlock",
     lambda d: event("LOBlockAddedToCurrentChain", need(d, "blockSize"), 1, need(d, "blockHash", str))),
    ("ChainDB.LedgerEvent.TookSnapshot", "TraceLedgerEvent.TookSnapshot", "TraceSnapshotEvent.TookSnapshot",
     lambda d: event("LOLedgerTookSnapshot")),
    ("LedgerMetrics", "LedgerMetrics", "LedgerMetrics",
     lambda d: ("ledgermetrics", (need(d, "slot"), need(d, "utxoSize"), need(d, "chainDensity", float)))),
    ("TxSubmission.TxInbound.Collected", "TraceTxSubmissionCollected", "TraceTxSubmissionCollected",
     lambda d: ("txns", ("LOTxsCollected", need(d, "count"), None, True))),
    ("TxSubmission.TxInbound.Processed", "TraceTxSubmissionProcessed", "TraceTxSubmissionProcessed",
     lambda d: ("txns", ("LOTxsProcessed", need(d, "accepted"), need(d, "rejected"), True))),
    ("Mempool.AddedTx", "Mempool.AddedTx", "TraceMempoolAddedTx", mempool),
    ("Mempool.RemoveTxs", "Mempool.RemoveTxs", "TraceMempoolRemoveTxs", mempool),
    ("Mempool.RejectedTx", "Mempool.RejectedTx", "TraceMempoolRejectedTx",
     lambda d: ("txns", ("LOMempoolRejectedTx", None, None, False))),
]


def rule(ns, kind):
    short = kind[len("Cardano.Node."):] if kind.startswith("Cardano.Node.") else kind
    for column, name in ((0, ns), (1, ns), (1, short), (2, kind)):
        for r in RULES:
            if r[column] == name:
                return r[3]
    return None


def posix(at):
    m = re.fullmatch(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.(\d{1,12}))?Z", at)
    if not m:
        raise Refused("at")
    whole = datetime.datetime.strptime(m[1] + m[2], "%Y-%m-%d%H:%M:%S").replace(tzinfo=datetime.timezone.utc)
    return (int(whole.timestamp()) * 10**9 + int(((m[3] or "0") + "0" * 9)[:9])) / 1e9


def read(lines):
    tables, frequencies = collections.defaultdict(list), collections.Counter()
    for raw in lines:
        try:
            o = json.loads(raw)
            d = o["data"]
            kind = d.get("kind")
            if kind is None and d.get("credentials") is not None and isinstance(d.get("val"), dict):
                d = d["val"]
                kind = d["kind"]
            kind = kind or ""
            ns = o["ns"][0] if isinstance(o["ns"], list) and len(o["ns"]) == 1 else o["ns"]
            if not all(isinstance(x, str) for x in (ns, kind, o["host"], o["thread"])):
                raise Refused("type")
            at, how = posix(o["at"]), rule(ns, kind)
            row = how(d) if how else None
        except (Refused, KeyError, TypeError, AttributeError, ValueError):
            tables["error"].append(raw.decode("utf-8", "surrogateescape"))
            continue
        frequencies[ns + ":" + kind] += 1
        if not row:
            continue
        table, values = row
        if table == "txns":
            values = values[:3] + ((o["thread"] if values[3] else None),)
        tables[table].append((at,) + values)
    return tables, frequencies


def stored(db):
    db.text_factory = lambda b: b.decode("utf-8", "surrogateescape")
    tables = {t: db.execute(f"select * from {t} order by rowid").fetchall()
              for t in ("event", "txns", "slot", "ledgermetrics")}
    tables["error"] = [r[0] for r in db.execute("select input from error order by rowid")]
    tables["resource"] = [r[:5] + (json.dumps(json.loads(r[5]), sort_keys=True),)
                          for r in db.execute("select * from resource order by rowid")]
    return tables


def fail(what, ours, theirs):
    for n, (a, b) in enumerate(zip(ours, theirs)):
        if a != b:
            sys.exit(f"{what}: row {n}: stored {a!r}, reference {b!r}")
    sys.exit(f"{what}: {len(ours)} stored, {len(theirs)} by the reference")


def begins(path):
    return re.search(rb'"at":"([^"]*)"', open(path, "rb").read()).group(1)


def main():
    folder, node, files = sys.argv[1], sys.argv[2], sorted(sys.argv[3:], key=begins)
    lines = [line.rstrip(b"\r") for f in files for line in re.sub(rb"\n\Z", b"", open(f, "rb").read()).split(b"\n")]
    tables, frequencies = read(lines)
    db = sqlite3.connect(f"{folder}/analysis/logs-{node}.sqlite3")
    ours = stored(db)
    for table in ours:
        if ours[table] != tables[table]:
            fail(table, ours[table], tables[table])
    freq = db.execute("select * from tracefreq").fetchall()
    if freq != sorted(frequencies.items()):
        fail("tracefreq", freq, sorted(frequencies.items()))
    name, n = db.execute("select name, lines from summary").fetchone()
    if (name, n) != (node, sum(frequencies.values())):
        fail("summary", [(name, n)], [(node, sum(frequencies.values()))])
    order = [r[0] for r in db.execute("select name from sqlite_master where type = 'table' order by rowid")]
    if order != ["error", "summary", "tracefreq", "resource", "slot", "event", "txns", "ledgermetrics"]:
        fail("tables", order, [])
    braces = b"".join(line + b"\n" for f in files for line in open(f, "rb").read().split(b"\n") if line[:1] == b"{")
    if open(f"{folder}/analysis/logs-{node}.flt.json", "rb").read().rstrip(b"\n") != braces.rstrip(b"\n"):
        sys.exit("flt.json: other lines than those that begin with a brace")
    print(node + ":", ", ".join(f"{len(rows)} {table}" for table, rows in ours.items()))


main()
