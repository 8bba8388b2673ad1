#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes the 9.0-*.prof of this folder anew with the ghc that is installed (profiling libraries wanted; the committed ones are
# of 9.0.2). Times differ from run to run: look at the difference of the golden files before you commit it. The other files
# were made by the compilers that they are named after, with the command beside each.
set -e
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp -r "$here/odd names" "$work"
cd "$work"
export LC_ALL=C.UTF-8
ghc -v0 -O0 -prof -fprof-auto -rtsopts "-iodd names" "odd names/Main.hs" -outputdir objects -o aviary

run() # NAME FLAGS -- ARGUMENTS
{
	name=$1 flags=$2
	shift 2
	# shellcheck disable=SC2086
	./aviary "$@" +RTS $flags -RTS
	echo "aviary $* +RTS $flags" >"$here/9.0-$name.cmd"
	mv aviary.prof "$here/9.0-$name.prof"
}
run p -p 9000
run P -P 9000
run pj -pj 9000 'quo"te' 'back\slash' 'new
line'
run arguments -p 9000 '

	total time  =        9.99 secs   (9990 ticks @ 1000 us, 2 processors)
	total alloc =           7 bytes  (excludes profiling overheads)

COST CENTRE MODULE SRC %time %alloc

'
run notick '-p -V0' 10
# A shorter report over a longer one, as two programs leave it that write the same file.
cp "$here/9.0-P.prof" clash
dd if="$here/9.0-p.prof" of=clash conv=notrunc status=none
mv clash "$here/9.0-clash.prof"
echo "9.0-p.prof over 9.0-P.prof" >"$here/9.0-clash.cmd"
