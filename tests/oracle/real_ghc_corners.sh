#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Profiles a program that does one thing at a time, of all that makes a Haskell stack other than plain, as ghc compiles it
# in each of its ways: at least 95 % of stacks are followed to their end, and they are of what was done.
# usage: real_ghc_corners.sh PYTHON LIVE SOURCE_ROOT
. "$3/tests/oracle/hsprof_work.sh"
cp "$root"/tests/data/hsprof/Corners.hs "$root"/tests/data/hsprof/spin.c .

# Stacks that each of those things must have been met on, with optimisation (`$w` is the worker of a function), and without.
cat >optimised <<'TEXT'
^\[deeper\];(.*;)?\$wdeeper;\$wburn$
^catch;.*;\$wacross;\$wdeeper;\$wburn$
^catch;corners[0-9]*\.local[0-9]*;burnIO1\.local1;\$wburn$
^catch;(maskAsyncExceptions#;)?bound1\.local[0-9]*;burnIO1\.local1;\$wburn$
^catch;.*;catch;unmaskAsyncExceptions#;corners[0-9]*\.local[0-9]*;burnIO1\.local1;\$wburn$
^catch;.*;unmaskAsyncExceptions#;corners[0-9]*\.local[0-9]*;maskAsyncExceptions#;burnIO1\.local1;\$wburn$
^catch;.*;catch;unmaskAsyncExceptions#;bracket1.*;\$wburn$
^catch;.*wretries.*;(atomically;.*wretries.*;\$wburn|atomically_waiting;.*)$
^catch;.*;atomically;catch_stm;catch_retry;alternatives1.*;\$wburn$
^catch;.*;hidden;burnIO1\.local1;\$wburn$
^catch;.*;unsafeDupableInterleaveIO1.*;\$wburn$
^catch;.*[^]];spin$
^catch;.*;\$wsafeCalls;spin$
^catch;.*;\$wrbpCalls;spin_rbp$
^catch;(callBacks1|\$wcallBacks).*;burnIO1\.local1;\$wburn$
TEXT
cat >unoptimised <<'TEXT'
^\[deeper\];.*;burn
^catch;.*;unsafeCalls.*;spin$
^catch;.*;safeCalls.*;spin$
^catch;.*;rbpCalls.*;spin_rbp$
^catch;.*;unsafePerformIO;.*;burn
TEXT

most=2 # a tenth of a second for each, and some are met by a fiftieth of it
all() # WORDS PROGRAM ARGS...
{
	words=$1 program=$2
	shift 2
	undisturbed watch "$program.out" \
		"$live" hsprof -frequency=1999 "process.exe=$work/$program" -- "./$program" all 0.1 "$@" >/dev/null
	say whole "$program.out"
	say each "$program.out" "$words"
}
compile() # PROGRAM ARGS... : 1 when this ghc has no such libraries
{
	program=$1
	shift
	ghc -v0 -rtsopts -outputdir "$program.o" "$@" Corners.hs spin.c -o "$program" 2>/dev/null
}
compile plain -O1
compile threaded -O2 -threaded
compile slow -O0
all optimised plain
all optimised threaded +RTS -N2 -kc8k -kb1k # small chunks of stack
all unoptimised slow
if compile dynamic -O1 -dynamic; then all optimised dynamic; else echo "left out: no shared libraries"; fi
if compile profiled -prof -fprof-auto; then all unoptimised profiled; else echo "left out: no profiling libraries"; fi
