#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What runtimes do to their own logs, and how much of it is read all the same: programs without threads until one log is damaged,
# against what the same run left beside it, and one with threads until it hangs at its end under `weir record`.
# usage: real_ghc_damage.sh PYTHON WEIR SOURCE_ROOT
set -e
python=$1 weir=$(realpath "$2") root=$3
command -v ghc >/dev/null || { echo "skipped: there is no ghc"; exit 77; }
case $(ghc --numeric-version) in 7.* | 8.* | 9.0.* | 9.2.*) echo "skipped: this ghc damages nothing"; exit 77 ;; esac
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$root/tests/data/ghc-eventlog/Ferry.hs" "$root/tests/data/ghc-heap/Reservoir.hs" "$work"
cd "$work"
ghc -v0 -O1 -rtsopts -threaded -outputdir ferry.o Ferry.hs -o ferry
ghc -v0 -O1 -rtsopts -outputdir plain.o Reservoir.hs -o plain
ghc -v0 -O1 -rtsopts -prof -fprof-auto -outputdir prof.o Reservoir.hs -o prof 2>/dev/null || rm -f prof

cat >check.py <<'TEXT'
import json, re, subprocess, sys
weir, store, *what = sys.argv[1:]

def sql(query):
    said = subprocess.run([weir, "sql", store, "--json", query], capture_output=True, check=True).stdout
    return json.loads(said)

def of(metric, collector, column="sum(self)", view="weights"):
    (row,) = sql(f"SELECT {column} AS v, count(*) AS n FROM {view} WHERE metric = '{metric}' AND collector = '{collector}'")
    return row["v"] or 0, row["n"]

(source,) = sql("SELECT bytes, read, stored, skipped, bad, status FROM sources WHERE collector = 'ghc-eventlog'")
assert source["read"] == source["stored"] + source["skipped"] + source["bad"], source
gaps = sql("SELECT message FROM diags WHERE code = 'eventlog.gap'")
lost = sum(int(re.search(r"(\d+) bytes", gap["message"])[1]) for gap in gaps)
assert lost <= 100 * len(gaps), gaps
(_, pauses), (_, counted) = (of("ghc.gc.pause", c, "0", "spans") for c in ("ghc-eventlog", "ghc-rts-stats"))
# A record that the timer wrote over without a torn byte shows where a later one contradicts what stood before. None counts twice.
contradictions = sum(said["count"] for said in sql("SELECT count FROM diags WHERE code = 'eventlog.out_of_step'"))
assert counted - len(gaps) - contradictions <= pauses <= counted > 100, (pauses, counted, len(gaps), contradictions)
line = f"{len(gaps)} gaps, {lost} of {source['bytes']} bytes lost: {pauses} of {counted} collections"
if "profile" in what:
    ticks, of_ticks = of("ghc.profile.ticks", "ghc-eventlog")[0], of("ghc.profile.ticks", "ghc-prof")[0]
    (size, bands), (of_size, of_bands) = (of("ghc.heap.residency", c) for c in ("ghc-eventlog", "ghc-heap"))
    missing = sum(said["count"] for said in sql("SELECT count FROM diags WHERE code = 'eventlog.lost_ticks'"))
    assert ticks + missing == of_ticks > 0, (ticks, of_ticks, missing)
    refused = sum(said["count"] for said in sql("SELECT count FROM diags WHERE code = 'eventlog.payload'"))
    assert of_bands - 4 * len(gaps) - refused <= bands <= of_bands > 0 and 0.9 * of_size <= size <= of_size, (bands, of_bands, size, of_size)
    line += f", {ticks} of {of_ticks} ticks, {bands} of {of_bands} bands"
print(line)
TEXT

until_damaged() # NAME COMMAND...
{
	name=$1
	shift
	for attempt in 1 2 3 4 5 6 7 8 9 10 11 12; do
		rm -rf "$name" "$name.weir"
		mkdir "$name"
		(cd "$name" && "$@" -Sstatistics.txt -RTS >/dev/null)
		"$weir" ingest -q "$name" -o "$name.weir" 2>/dev/null || return 0
	done
	echo "$name: 12 logs, none damaged"
}
until_damaged flush ../plain 100000 +RTS -l --eventlog-flush-interval=0.02
"$python" check.py "$weir" flush.weir
if [ -e prof ]; then
	until_damaged ticks ../prof 50000 +RTS -hc -pj -L1000 -i0.002 -l
	"$python" check.py "$weir" ticks.weir profile
fi

# Its work is done when it hangs, and what it had flushed is read.
for attempt in 1 2 3 4 5 6 7 8 9 10 11 12; do
	rm -f hung.weir
	code=0
	"$weir" record -q --eventlog -c self -o hung.weir -- ./ferry 4 300 +RTS -N1 -la --eventlog-flush-interval=0.02 -RTS >hung.out 2>hung.err ||
		code=$?
	[ $code = 0 ] || break
done
[ $code != 0 ] || { echo "12 runs, none of which hung"; exit 0; }
[ $code = 137 ] && grep -q 'it hung at its end' hung.err || { cat hung.err; echo "record: exit $code"; exit 1; }
./ferry 4 300 +RTS -N1 -la -olended.eventlog -RTS | cmp - hung.out
"$weir" ingest -q ended.eventlog -o ended.weir
created() { "$weir" sql "$1" --json "SELECT max(value) AS n FROM numbers WHERE metric = 'ghc.thread.created'"; }
"$python" -c '
import json, sys
n, of = (json.loads(said)[0]["n"] for said in sys.argv[1:])
assert 0 < n <= of, (n, of)
print(f"hung at its end: {n} of {of} threads are in what had been flushed")' "$(created hung.weir)" "$(created ended.weir)"
[ "$("$weir" sql hung.weir "SELECT count(*) FROM diags WHERE code = 'eventlog.no_end'" | tail -n 1)" -eq 1 ]
