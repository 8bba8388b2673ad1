#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Profiles a program that ghc compiled with its map of info tables, in each of its ways: names are those of the source, and
# stand there where the profile says.
# usage: real_ghc_origins.sh PYTHON LIVE SOURCE_ROOT
. "$3/tests/oracle/hsprof_work.sh"
cp "$root"/tests/data/hsprof/Corners.hs "$root"/tests/data/hsprof/spin.c .

# Stacks that each of its things must have been met on, by the names of the source.
cat >words <<'TEXT'
^\[deeper\];deeper;burn$
^catch;.*;chunks;across;deeper;burn$
^catch;.*threads;burnIO;burn$
^catch;(maskAsyncExceptions#;)?bound;burnIO;burn$
^catch;.*;unmaskAsyncExceptions#;handlers\.nest;burnIO;burn$
^catch;.*;masks;maskAsyncExceptions#;burnIO;burn$
^catch;.*;interrupted;burn$
^catch;.*;atomically;catch_stm;catch_retry;alternatives;burn$
^catch;.*;unsafely;.*hidden;burnIO;burn$
^catch;.*lazily;burn$
^catch;callBacks;burnIO;burn$
^catch;.*;safeCalls;spin$
TEXT

origins() # PROGRAM ARGS...: 1 when this ghc has no such libraries
{
	program=$1
	shift
	ghc -v0 -rtsopts -finfo-table-map -fdistinct-constructor-tables -outputdir "$program.o" "$@" Corners.hs spin.c \
		-o "$program" 2>errors || return
	"$live" hsprof -frequency=1999 "process.exe=$work/$program" -- "./$program" all 0.1 3>"$program.out" >/dev/null
	say whole "$program.out"
	say places "$program.out" Corners.hs
}
if ! origins plain -O1; then
	grep -q 'finfo-table-map' errors || { cat errors; exit 1; }
	echo "skipped: ghc $(ghc --numeric-version) makes no map of info tables"
	exit 77
fi
say each plain.out words
origins threaded -O2 -threaded
say each threaded.out words
origins slow -O0
origins dynamic -O1 -dynamic || echo "left out: no shared libraries"
origins movable -O1 -dynamic -fPIC -pie || echo "left out: no position-independent program"
origins profiled -prof -fprof-auto || echo "left out: no profiling libraries"

# As much from elsewhere, when it was stripped.
strip plain -o stripped
"$live" hsprof -frequency=1999 "-symbols=$work/plain" "process.exe=$work/stripped" -- ./stripped all 0.1 3>named.out >/dev/null
say places named.out Corners.hs
