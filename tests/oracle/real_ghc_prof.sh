#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs a program under the ghc that is installed, with every form of the cost-centre report, and compares what the collector
# says of the outcome with a second reading, one form with the other, and all with what -s counts.
# usage: real_ghc_prof.sh PYTHON RECORD DUMP SOURCE_ROOT
set -e
python=$1 record=$(realpath "$2") dump=$(realpath "$3") root=$4
command -v ghc >/dev/null || { echo "skipped: there is no ghc"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp -r "$root/tests/data/ghc-prof/odd names" "$work"
cd "$work"
export LC_ALL=C.UTF-8
if ! ghc -v0 -O0 -prof -fprof-auto -rtsopts "-iodd names" "odd names/Main.hs" -outputdir objects -o aviary 2>/dev/null; then
	echo "skipped: ghc has no profiling libraries"
	exit 77
fi
ghc -v0 -O1 -prof -fprof-auto -rtsopts -threaded "-iodd names" "odd names/Main.hs" -outputdir threaded.o -o threaded
mkdir files
touch files/same-program

run() # NAME PROGRAM FLAGS
{
	# shellcheck disable=SC2086
	./"$2" 30000 +RTS $3 -RTS
	mv "$2.prof" "files/$1.prof"
}
run p aviary -p
run P aviary '-P -sP.stats'
mv P.stats files
run pa aviary -pa
run pj aviary -pj
run Pa aviary -Pa
run notick aviary '-P -V0'
run hr aviary '-hr -i0.001'
run hr-p aviary '-hr -i0.001 -p'
run hr-pj aviary '-hr -i0.001 -pj'
run hc-P aviary '-hc -i0.001 -P'
run N2 threaded '-P -N2'
run N2-pj threaded '-pj -N2'
./aviary 10 '' 'two
lines' '	total time  =' +RTS -p -RTS
mv aviary.prof files/arguments.prof
"$python" "$root/tests/oracle/prof.py" "$dump" "$work/files"
"$python" "$root/tests/oracle/prof_collector.py" "$record" "$work/files"
