#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs a program under the ghc that is installed, in every mode of the heap profiler and in every form of the statistics, and
# compares what the collectors say of the outcome with second readings. usage: real_ghc.sh PYTHON RECORD SOURCE_ROOT
set -e
python=$1 record=$(realpath "$2") root=$3
command -v ghc >/dev/null || { echo "skipped: there is no ghc"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/files"
cp "$root/tests/data/ghc-heap/Reservoir.hs" "$work"
cd "$work"
ghc -v0 -O1 -rtsopts Reservoir.hs -o plain
ghc -v0 -O1 -rtsopts -threaded -outputdir threaded.o Reservoir.hs -o threaded
if ! ghc -v0 -O1 -rtsopts -prof -fprof-auto -outputdir prof.o Reservoir.hs -o prof 2>/dev/null; then
	echo "skipped: ghc has no profiling libraries"
	exit 77
fi

heap() # NAME PROGRAM FLAGS...
{
	name=$1 program=$2
	shift 2
	./"$program" 3000 +RTS "$@" -i0.001 -RTS >/dev/null
	mv "$program.hp" "files/$name.hp"
	[ ! -e "$program.prof" ] || mv "$program.prof" "files/$name.prof"
}
heap hc prof -hc -p
heap hc-P prof -hc -P -L100
heap hc-alone prof -hc
heap hc-selected prof -hc -hmMain
heap hm prof -hm
heap hd prof -hd
heap hy prof -hy
heap hr prof -hr
heap hr-p prof -hr -p
heap hr-pj prof -hr -pj
heap hb prof -hb
heap hT-prof prof -hT
heap hT plain -hT
for again in 1 2 3 4; do heap "hT-N2-$again" threaded -hT -N2; done # their clock may step back
if ghc -v0 -O1 -rtsopts -finfo-table-map -fdistinct-constructor-tables -outputdir tables.o Reservoir.hs -o tables 2>/dev/null; then
	heap hi tables -hi
else
	echo "left out: -hi, which this ghc has not"
fi
if ./prof 10 +RTS -he -RTS >/dev/null 2>&1; then
	heap he prof -he --automatic-era-increment
else
	echo "left out: -he, which this ghc has not"
fi

stats() # NAME PROGRAM FLAGS...
{
	name=$1 program=$2
	shift 2
	./"$program" 3000 +RTS "$@" -RTS >/dev/null 2>"files/stats-$name.stderr"
}
stats s plain -s
stats S plain -S
stats t plain -t
stats t-mr plain -t --machine-readable
stats mr-prof prof -t --machine-readable
stats mr-threaded threaded -N2 -t --machine-readable
stats s-threaded threaded -N2 -s
stats s-nonmoving threaded --nonmoving-gc -s
stats mr-nonmoving threaded --nonmoving-gc -t --machine-readable
./plain 3000 +RTS -sstats.txt -RTS >/dev/null
mv stats.txt files/stats-s-file.txt
if ghc -v0 -O1 -ticky -rtsopts -outputdir ticky.o Reservoir.hs -o ticky 2>/dev/null; then
	./ticky 300 +RTS -r -RTS >/dev/null
	mv ticky.ticky files
else
	cp "$root/tests/data/ghc-ticky/reservoir.ticky" files
fi
"$python" "$root/tests/oracle/collectors.py" "$record" "$work/files"
