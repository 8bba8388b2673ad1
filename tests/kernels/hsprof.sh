#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Haskell stacks of programs that were made before, walked by this kernel: hsprof.sh LIVE PROGRAMS SOURCE
set -e
live=$1 programs=$2 source=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

profile() # FILE PROGRAM ARGS...
{
	out=$1 program=$programs/$2
	shift 2
	"$live" hsprof -frequency=499 "process.exe=$program" -- "$program" "$@" 3>"$out" >/dev/null
}
say() { python3 "$source/tests/oracle/hsprof.py" "$@"; }

profile plain shapes 20 1
profile threaded shapes-threaded 6 3 +RTS -N2
say whole plain threaded
for out in plain threaded; do
	say fact $out rung perf_event
	say says $out '^catch;.*;spin$'
	say says $out '^\[RTS\];evacuate'
	say says $out '\[kernel\]$'
done
