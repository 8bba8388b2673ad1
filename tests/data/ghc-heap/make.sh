#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes the profiles of this folder anew with the ghc that is installed (profiling libraries wanted). Times and addresses
# differ from run to run: look at the difference of the golden files before you commit it.
set -e
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$here/Reservoir.hs" "$work"
cd "$work"
ghc -v0 -O1 -prof -fprof-auto -rtsopts Reservoir.hs -o reservoir
ghc -v0 -O1 -rtsopts -outputdir plain Reservoir.hs -o reservoir-plain

run() # NAME PROGRAM ARGUMENT FLAGS...
{
	name=$1 program=$2 argument=$3
	shift 3
	./"$program" "$argument" +RTS "$@" -RTS >/dev/null
	echo "$program $argument +RTS $*" >"$here/$name.cmd"
	mv "$program.hp" "$here/$name.hp"
	if [ -e "$program.prof" ]; then mv "$program.prof" "$here/$name.prof"; fi
}
run hc reservoir 300 -hc -i0.0001 -p
run hc-alone reservoir 300 -hc -i0.0001 -L40
run hc-selected reservoir 300 -hc -hmMain -i0.0001
run hm reservoir 300 -hm -i0.0001
run hd reservoir 300 -hd -i0.0001
run hy reservoir 300 -hy -i0.0001
run hr reservoir 300 -hr -i0.0001
run hb reservoir 300 -hb -i0.0001
run hT reservoir-plain 300 -hT -i0.0001
