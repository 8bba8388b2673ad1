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

# One query over one run: .prof, .hp and eventlog say the same, stack by stack and sample by sample.
if [ -e prof ]; then
	mkdir run
	(cd run && ../prof 100000 +RTS -hc -P -L1000 -i0.02 -V0.002 -l -RTS >/dev/null)
	"$weir" ingest -q run -o run.weir
	"$weir" sql run.weir --json "$(grep -v "^--" "$root/tests/oracle/eventlog_one_query.sql")" >agree.json
	"$python" -c '
import json, sys
rows = json.load(open("agree.json"))
assert {row["metric"] for row in rows} == {"ghc.heap.residency", "ghc.profile.ticks"}, rows
for row in rows:
    assert row["collectors"] == 2 and row["log"] > 0 and row["log"] == row["other"] and row["differ"] == 0, row
print("one query:", ", ".join("%d sums of %s" % (row["n"], row["metric"]) for row in rows), "agree")'
fi

export PYTHONDONTWRITEBYTECODE=1
"$python" "$root/tests/oracle/eventlog_meaning.py" "$record" "$work/files"
"$python" "$root/tests/oracle/eventlog_against.py" "$record" "$work/files" $(ls "$work/counts" 2>/dev/null)
[ ! -d "$corpus" ] || "$python" "$root/tests/oracle/eventlog_against.py" "$record" "$corpus" $(ls "$work/counts" 2>/dev/null)
