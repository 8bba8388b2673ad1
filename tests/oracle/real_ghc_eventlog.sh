#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs programs under the ghc that is installed, with their eventlogs on, and compares what the collector says of them with a
# second reading, with -S and heap profiles of the same runs, and with ghc-events where its library is installed.
# usage: real_ghc_eventlog.sh PYTHON RECORD WEIR SOURCE_ROOT [CORPUS]
set -e
python=$1 record=$(realpath "$2") weir=$(realpath "$3") root=$4 corpus=$5
command -v ghc >/dev/null || { echo "skipped: there is no ghc"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/files"
cp "$root/tests/data/ghc-eventlog/Ferry.hs" "$root/tests/data/ghc-heap/Reservoir.hs" "$work"
cp "$root/tests/oracle/EventCounts.hs" "$work"
cd "$work"
# Of two ticks in a hundred newer ones log another stack than the one that they count: the program runs on between the two. One
# of them may be the runtime's own, which only the JSON report has: with that all are as many.
log='' moved=0.1
case $(ghc --numeric-version) in 7.* | 8.* | 9.0.* | 9.2.*) log=-eventlog moved=0 ;; esac
ghc -v0 -O1 -rtsopts $log -threaded -outputdir ferry.o Ferry.hs -o ferry
ghc -v0 -O1 -rtsopts $log -outputdir plain.o Reservoir.hs -o plain
ghc -v0 -O1 -rtsopts $log -prof -fprof-auto -outputdir prof.o Reservoir.hs -o prof 2>/dev/null || rm -f prof
ghc -v0 -O1 -package ghc-events -outputdir counts.o EventCounts.hs -o counts 2>/dev/null || rm -f counts

statistics() # NAME PROGRAM ARGUMENTS... -- FLAGS...
{
	name=$1 program=$2 arguments=
	shift 2
	while [ "$1" != -- ]; do arguments="$arguments $1"; shift; done
	shift
	./"$program" $arguments +RTS "$@" -S"files/$name.S" -ol"files/$name.eventlog" -RTS >/dev/null
}
statistics ferry ferry 4 200 -- -N2 -la
statistics ferry-4 ferry 6 100 -- -N4 -la
statistics ferry-1 ferry 3 100 -- -l
statistics reservoir plain 3000 -- -l
statistics copying plain 3000 -- -c -l
statistics sequential ferry 4 50 -- -N2 -qg -la
./ferry 4 100 +RTS -N2 -l-agn --nonmoving-gc -olfiles/nonmoving.eventlog -RTS >/dev/null

# The timer of a runtime without threads may write into the record that the program is just writing (GHC 9.4 to 9.12; seldom
# 9.0), or end the program (9.0): then once more. A second reading puts nothing together again.
heap() # NAME PROGRAM FLAGS...
{
	name=$1 program=$2
	shift 2
	[ -e "$program" ] || return 0
	for attempt in 1 2 3 4 5 6 7 8 9 10; do
		./"$program" 3000 +RTS "$@" -i0.001 -l -ol"files/$name.eventlog" -RTS >/dev/null
		rm -f heap.weir
		"$weir" ingest -q "files/$name.eventlog" -o heap.weir 2>/dev/null || continue
		"$weir" sql --csv heap.weir "select code from diags" | grep -q 'eventlog\.repaired' || break
	done
	mv "$program.hp" "files/$name.hp"
}
heap hT plain -hT
heap hc prof -hc -p -L200
heap hm prof -hm
heap hd prof -hd
heap hy prof -hy
heap hr prof -hr -L200

# What only newer ones have.
if ghc -v0 -O1 -rtsopts -finfo-table-map -fdistinct-constructor-tables -outputdir tables.o Reservoir.hs -o tables 2>/dev/null; then
	heap hi tables -hi
else
	echo "left out: names of info tables, which this ghc does not log"
fi
if [ -e prof ] && ./prof 10 +RTS -he -RTS >/dev/null 2>&1; then
	heap he prof -he --automatic-era-increment
else
	echo "left out: eras, which this ghc has not"
fi
if [ -z "$log" ] && ghc -v0 -O1 -rtsopts -ticky -ticky-allocd -ticky-dyn-thunk -outputdir ticky.o Reservoir.hs -o ticky; then
	./ticky 300 +RTS -l-auT -olfiles/ticky.eventlog -RTS >/dev/null
	ghc -v0 -O1 -rtsopts -ticky -threaded -finfo-table-map -outputdir ticky-threaded.o Ferry.hs -o ticky-threaded
	timeout 20 ./ticky-threaded 4 100 +RTS -N2 -laT -olfiles/ticky-threaded.eventlog -RTS >/dev/null
else
	echo "left out: ticky counters, which this ghc does not log"
fi
if [ -e prof ]; then
	ghc -v0 -O1 -rtsopts $log -threaded -prof -fprof-auto -outputdir prof-threaded.o Ferry.hs -o prof-threaded
	statistics prof-threaded prof-threaded 4 200 -- -N2 -p -hc -i0.001 -L200 -la
	mv prof-threaded.hp files
fi

# Two logs of one run line up: what one program wrote before it sent a line stands before what the other wrote when it had it.
cat >Pair.hs <<'END'
import Control.Monad
import Debug.Trace
import System.Environment
import System.IO
main :: IO ()
main = do
  [name] <- getArgs
  mapM_ (`hSetBuffering` LineBuffering) [stdin, stdout]
  let send i = traceEventIO ("send " ++ show i) >> print i
      receive = getLine >>= \i -> traceEventIO ("got " ++ i)
  forM_ [1 .. 50 :: Int] $ \i -> if name == "first" then send i >> receive else receive >> send (1000 + i)
END
ghc -v0 -O1 -rtsopts $log -outputdir pair.o Pair.hs -o pair
mkdir pair-run
mkfifo there back
timeout 60 ./pair first +RTS -l -olpair-run/first.eventlog -RTS <back >there &
sleep 0.3
timeout 60 ./pair second +RTS -l -olpair-run/second.eventlog -RTS >back <there
wait
"$weir" ingest -q pair-run -o pair.weir
"$weir" sql pair.weir --json "SELECT path, clock_error_ns FROM sources WHERE path LIKE '%.eventlog'" >clocks.json
"$weir" sql pair.weir --json "SELECT attrs ->> 'message' AS message, t_ns FROM spans WHERE metric = 'ghc.user.message'" >messages.json
"$python" -c '
import json
bounds = [row["clock_error_ns"] for row in json.load(open("clocks.json"))]
times = {row["message"]: row["t_ns"] for row in json.load(open("messages.json"))}
assert len(bounds) == 2 and len(times) == 200, (bounds, len(times))
ways = [times["got " + name.split()[1]] - at for name, at in times.items() if name.startswith("send ")]
assert min(ways) > -sum(bounds), (min(ways), bounds)
assert sorted(ways)[len(ways) // 2] < 0.1e9, ways
print("two logs of one run line up: %d lines took %.3f to %.3f ms, the bounds are %.0f ms" %
      (len(ways), min(ways) / 1e6, max(ways) / 1e6, sum(bounds) / 1e6))'

# One query over one run: .prof, .hp and eventlog say the same, stack by stack and sample by sample, whatever the heap is broken
# down by. With -hr the report explains the last census, as no log does: it is left out.
one_query() # NAME PROGRAM 'FLAGS' METRICS...
{
	name=$1 program=$2 flags=$3
	shift 3
	for attempt in 1 2 3 4 5 6 7 8 9 10; do
		rm -rf "$name" "$name.weir"
		mkdir "$name"
		(cd "$name" && "../$program" $rounds +RTS $flags -i0.02 -l -RTS >/dev/null) || continue
		[ "${flags%% *}" != -hr ] || rm "$name/$program.prof"
		"$weir" ingest -q "$name" -o "$name.weir" 2>/dev/null && break
		"$weir" sql "$name.weir" "SELECT path, code, offset, message FROM diags WHERE severity <> 'note'"
	done
	"$weir" sql "$name.weir" --json "$(grep -v "^--" "$root/tests/oracle/eventlog_one_query.sql")" >agree.json
	"$python" -c '
import json, sys
rows = {row["metric"]: row for row in json.load(open("agree.json"))}
assert set(sys.argv[3:]) <= set(rows), rows
rows = {metric: rows[metric] for metric in sys.argv[3:]}
for row in rows.values():
    most = 2 * float(sys.argv[2]) * row["log"] if row["metric"] == "ghc.profile.ticks" else 0
    assert row["collectors"] == 2 and row["log"] > 0 and row["apart"] <= most, row
    if row["other_system"]: # a .prof as text has none
        assert row["log"] + row["log_system"] == row["other"] + row["other_system"], row
print("one query:", sys.argv[1], ", ".join("%d sums of %s" % (row["n"], metric) for metric, row in rows.items()), "agree")' \
		"$name" $moved "$@"
}
if [ -e prof ]; then
	ticks=ghc.profile.ticks heap=ghc.heap.residency
	rounds=20000 # 9.0.2 does not survive more of -hb
	for flag in -hm -hd -hy -hb; do one_query "run$flag" prof "$flag -L1000" $heap; done
	rounds=50000
	one_query run-P prof '-hc -P -L1000' $heap $ticks
	one_query run-pj prof -pj $ticks
	one_query run-hr prof '-hr -L1000' $heap

	# Cost centres have the same numbers in the log and in the report that numbers them.
	"$weir" sql run-pj.weir --json "SELECT count(*) n, sum(a.native_id = b.native_id) same FROM weights a JOIN weights b ON
		a.metric = b.metric AND a.stack = b.stack AND a.module = b.module AND a.src = b.src AND a.attrs = b.attrs
		WHERE a.collector = 'ghc-eventlog' AND b.collector = 'ghc-prof'" >numbers.json
	# Retainer sets have those of the same sample of the profile.
	"$weir" sql run-hr.weir --json "WITH s AS (SELECT collector, dense_rank() OVER (PARTITION BY collector ORDER BY t_ns) n, stack,
		native_id, self FROM weights WHERE metric = 'ghc.heap.residency' AND self > 0) SELECT count(*) n,
		sum(a.native_id = b.native_id) same FROM s a JOIN s b ON a.n = b.n AND a.stack = b.stack AND a.self = b.self
		WHERE a.collector = 'ghc-eventlog' AND b.collector = 'ghc-heap' AND a.stack NOT LIKE 'MANY%'" >sets.json
	"$python" -c '
import json
for name in "numbers", "sets":
    row, = json.load(open(name + ".json"))
    assert row["n"] > 0 and row["n"] == row["same"], (name, row)
    print(row["n"], name, "agree")'
fi
one_query run-hT plain -hT ghc.heap.residency

export PYTHONDONTWRITEBYTECODE=1
"$python" "$root/tests/oracle/eventlog_meaning.py" "$record" "$work/files"
"$python" "$root/tests/oracle/eventlog_against.py" "$record" "$work/files" $(ls "$work/counts" 2>/dev/null)
[ ! -d "$corpus" ] || "$python" "$root/tests/oracle/eventlog_against.py" "$record" "$corpus" $(ls "$work/counts" 2>/dev/null)
