#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes the statistics of this folder anew with the ghc that is installed, from the program of ../ghc-heap. Times differ from
# run to run: look at the difference of the golden files before you commit it.
set -e
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$here/../ghc-heap/Reservoir.hs" "$work"
cd "$work"
ghc -v0 -O1 -rtsopts Reservoir.hs -o reservoir
ghc -v0 -O1 -rtsopts -threaded -outputdir threaded Reservoir.hs -o reservoir-threaded
ghc -v0 -O1 -rtsopts -prof -fprof-auto -outputdir prof Reservoir.hs -o reservoir-prof

run() # FILE PROGRAM FLAGS...: the statistics go to stderr
{
	file=$1 program=$2
	shift 2
	./"$program" 2000 +RTS "$@" -RTS >/dev/null 2>"$here/$file"
	echo "$program 2000 +RTS $*" >"$here/$file.cmd"
}
run s.stderr reservoir -s
run s-threaded.stderr reservoir-threaded -N2 -s
run s-prof.stderr reservoir-prof -s
run s-nonmoving.stderr reservoir-threaded --nonmoving-gc -s
run S.stderr reservoir -S -A256k
run t.stderr reservoir -t

./reservoir-threaded 2000 +RTS -Sgcs.txt -A256k -RTS >/dev/null
mv gcs.txt "$here/S.txt"
./reservoir-threaded 2000 +RTS -sreservoir.gcstats --machine-readable -treservoir.stats -N2 -RTS >/dev/null
mv reservoir.gcstats reservoir.stats "$here"
