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
log=
case $(ghc --numeric-version) in 7.* | 8.* | 9.0.* | 9.2.*) log=-eventlog ;; esac
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

heap() # NAME PROGRAM FLAGS...
{
	name=$1 program=$2
	shift 2
	[ -e "$program" ] || return 0
	./"$program" 3000 +RTS "$@" -i0.001 -l -ol"files/$name.eventlog" -RTS >/dev/null
	mv "$program.hp" "files/$name.hp"
}
heap hT plain -hT
heap hc prof -hc -p -L200
heap hm prof -hm
heap hd prof -hd
heap hy prof -hy
heap hr prof -hr -L200

# One query over one run: .prof, .hp and eventlog say the same, stack by stack and sample by sample, whatever the heap is broken
# down by. With -hr the report has the retainer sets in front.
one_query() # NAME PROGRAM 'FLAGS' METRICS...
{
	name=$1 program=$2 flags=$3
	shift 3
	mkdir "$name"
	(cd "$name" && "../$program" 100000 +RTS $flags -L1000 -i0.02 -V0.002 -l -RTS >/dev/null)
	"$weir" ingest -q "$name" -o "$name.weir" ||
		{ "$weir" sql "$name.weir" "SELECT path, code, offset, message FROM diags WHERE severity <> 'note'"; exit 1; }
	"$weir" sql "$name.weir" --json "$(grep -v "^--" "$root/tests/oracle/eventlog_one_query.sql")" >agree.json
	"$python" -c '
import json, sys
rows = {row["metric"]: row for row in json.load(open("agree.json"))}
assert set(sys.argv[2:]) <= set(rows), rows
rows = {metric: rows[metric] for metric in sys.argv[2:]}
for row in rows.values():
    assert row["collectors"] == 2 and row["log"] > 0 and row["log"] == row["other"] and row["differ"] == 0, row
print("one query:", sys.argv[1], ", ".join("%d sums of %s" % (row["n"], metric) for metric, row in rows.items()), "agree")' "$name" "$@"
}
if [ -e prof ]; then
	ticks=ghc.profile.ticks heap=ghc.heap.residency
	for flag in -hm -hd -hy -hb; do one_query "run$flag" prof "$flag" $heap; done
	one_query run-P prof '-hc -P' $heap $ticks
	one_query run-pj prof -pj $ticks
	one_query run-hr prof '-hr -p' $heap $ticks

	# Cost centres have the same numbers in the log and in the report that numbers them.
	"$weir" sql run-pj.weir --json "SELECT count(*) n, sum(a.native_id = b.native_id) same FROM weights a JOIN weights b ON
		a.metric = b.metric AND a.stack = b.stack AND a.src = b.src AND a.attrs = b.attrs
		WHERE a.collector = 'ghc-eventlog' AND b.collector = 'ghc-prof'" >numbers.json
	# Retainer sets, those in the profile.
	"$weir" sql run-hr.weir --json "SELECT count(*) n, sum(a.native_id = b.native_id) same FROM (SELECT DISTINCT stack, native_id
		FROM weights WHERE collector = 'ghc-eventlog' AND attrs LIKE '%retainer%') a JOIN (SELECT DISTINCT stack, native_id FROM
		weights WHERE collector = 'ghc-heap') b ON a.stack = b.stack" >sets.json
	"$python" -c '
import json
for name in "numbers.json", "sets.json":
    row, = json.load(open(name))
    print(name, row)'
fi
one_query run-hT plain -hT ghc.heap.residency

export PYTHONDONTWRITEBYTECODE=1
"$python" "$root/tests/oracle/eventlog_meaning.py" "$record" "$work/files"
"$python" "$root/tests/oracle/eventlog_against.py" "$record" "$work/files" $(ls "$work/counts" 2>/dev/null)
[ ! -d "$corpus" ] || "$python" "$root/tests/oracle/eventlog_against.py" "$record" "$corpus" $(ls "$work/counts" 2>/dev/null)
