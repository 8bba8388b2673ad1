#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes the logs of this folder anew with the ghc that is installed (profiling libraries wanted), but for those of 9.6.6, which
# are of programs that Debian's ghc can't make. Times differ from run to run: look at the difference of the golden files before
# you commit it.
set -e
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$here/Ferry.hs" "$here/../ghc-heap/Reservoir.hs" "$work"
cd "$work"
ghc -v0 -O1 -threaded -eventlog -rtsopts -outputdir ferry.o Ferry.hs -o ferry
ghc -v0 -O1 -eventlog -rtsopts -outputdir plain.o Reservoir.hs -o reservoir
ghc -v0 -O1 -eventlog -rtsopts -prof -fprof-auto -outputdir prof.o Reservoir.hs -o reservoir-prof

run() # NAME PROGRAM ARGUMENTS...
{
	name=$1
	shift
	echo "$*" >"$here/$name.cmd"
	"./$@" -RTS >/dev/null
	mv ./*.eventlog "$here/$name.eventlog"
}
run ferry ferry 3 20 +RTS -N2 -la
run nonmoving ferry 4 30 +RTS -N2 --nonmoving-gc -l-agn
run user ferry 2 20 +RTS -l-au
run hT reservoir 3000 +RTS -hT -i0.002 -l
run hc reservoir-prof 3000 +RTS -hc -p -i0.002 -l-au
run hb reservoir-prof 3000 +RTS -hb -i0.002 -l-au
rm -f "$work"/*.hp
