#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Profiles programs that the ghc which is installed compiled, in all its ways, and compares with what is known of them.
# usage: real_ghc_hsprof.sh PYTHON LIVE SOURCE_ROOT
. "$3/tests/oracle/hsprof_work.sh"
cp "$root"/tests/data/hsprof/* .
ghc -v0 -O1 -rtsopts Shapes.hs spin.c -o shapes
ghc -v0 -O1 -rtsopts -threaded -outputdir threaded.o Shapes.hs spin.c -o shapes-threaded
if ! ghc -v0 -O1 -rtsopts -prof -fprof-auto -outputdir prof.o Shapes.hs spin.c -o shapes-prof 2>/dev/null; then
	echo "skipped: ghc has no profiling libraries"
	exit 77
fi
ghc -v0 -O1 -rtsopts -prof -fprof-auto-exported -outputdir shares-prof.o Shares.hs -o shares-prof
ghc -v0 -O1 -rtsopts -outputdir shares.o Shares.hs -o shares

profile() # FILE PROGRAM ARGS...; what the program says is in FILE.said
{
	file=$1 program=$2
	shift 2
	watch "$file" "$live" hsprof -frequency=1999 "process.exe=$work/$program" -- "./$program" "$@" >"$file.said"
}

# Stacks to their end, whatever they are made of.
profile plain shapes 600 1
profile threaded shapes-threaded 60 3 +RTS -N2
profile profiled shapes-prof 100 1
say whole plain threaded profiled
for out in plain threaded profiled; do
	say says $out '^catch;.*;spin$' # C, and who called it
	say says $out '^\[deeper\];.*' # recursion beyond the bound
	say says $out '^\[RTS\];evacuate'
	say says $out '\[kernel\]$'
	say says $out 'atomically.*;\[RTS\];stm' # the run-time system, called from Haskell
	say silent $out ';\[RTS\];(evacuate|scavenge|GarbageCollect)' # called from none
	say silent $out 'frame_dummy'
done
say says plain '(work1|\$wwork);\$wtransacting;atomically'
say says plain '(work1|\$wwork);\$wcatching;catch'
say says plain ';\$wwide;.*opaque'
say says plain 'buildMap.*balance[LR]'

# What the program says of the same run by the kernel's clock of its processor time. GHC's own profiler counts ticks of real
# time: those in which others had the processor, too. Few collections (-A): they are in no part's stacks, but in its time.
# What a part calls at its end is not in its stack either: that is 1 to 2 points in a profiled program, where more is such a
# call, and up to 4 on a busy machine.
shares() # PROGRAM POINTS
{
	undisturbed profile "$1.out" "$1" 2500 +RTS -A64m
	say shares "$1.out" "$1.out.said" "$2"
}
shares shares-prof 6
shares shares 4
say whole shares-prof.out shares.out

# All processes of a tree, from before and after it began.
undisturbed watch tree "$live" hsprof -frequency=1999 interval_ms=50 -- \
	sh -c './shares 400 & ./shares 400; wait; ./shapes 10 1' >/dev/null
say says tree '^\[shares\];.*alphaWork'
say says tree '^\[shapes\];.*(work1|\$wwork)'

# Code in shared libraries, found by what the program asks for.
if ghc -v0 -O1 -dynamic -rtsopts -outputdir dynamic.o Shapes.hs spin.c -o shapes-dynamic 2>/dev/null; then
	objcopy -R .comment shapes-dynamic
	profile dynamic shapes-dynamic 300 1
	say whole dynamic
	say says dynamic '^catch;.*;spin$'
	say silent dynamic '\[RTS\];spin'
	# Wherever libraries lie: the place is drawn for each start, a large stack moves it down, an endless one away.
	for limit in 8192 600000000 600000000 600000000 600000000 unlimited; do
		# A lower hard limit, and no right to raise it; or no room for a thread of the run-time system's.
		(ulimit -s $limit && ./shapes-dynamic 1 1) >/dev/null 2>&1 || { echo "left out: stacks of $limit KiB"; continue; }
		(ulimit -s $limit && profile "dynamic-$limit" shapes-dynamic 200 1)
		say whole "dynamic-$limit"
	done
fi

# Without symbols: places instead of names, a sentence, and a way out.
strip shapes -o stripped
profile nameless stripped 20 1
say diag nameless hsprof.nameless
say says nameless '^stripped\+0x[0-9a-f]+;'
"$live" hsprof -frequency=1999 "-symbols=$work/shapes" "process.exe=$work/stripped" -- ./stripped 20 1 3>named >/dev/null
say says named '(work1|\$wwork);\$wtransacting;atomically'
if "$live" hsprof "-symbols=$work/shares" "process.exe=$work/stripped" -- ./stripped 1 1 3>other >/dev/null 2>other.err; then
	echo "symbols of another program were taken"
	exit 1
fi
grep -q 'symbols of another build' other.err

# All the time there was, by its own count.
cat >burn.c <<'TEXT'
#include <time.h>
int main(void)
{
	struct timespec t;
	volatile long x = 0;

	do {
		for (long k = 0; k < 100000; k++)
			x += k;
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	} while (t.tv_sec < 1);
	return 0;
}
TEXT
cc -O1 burn.c -o burn
undisturbed profile burn.out burn
say time burn.out 1e9 0.05
say account shares.out 0.05
say account tree 0.2 # what a process spends between two readings is not in the second when it ends before that

# A ring that is too small for what comes between two polls: what is lost is counted.
undisturbed watch lost "$live" hsprof -frequency=9999 interval_ns=1000000 interval_ms=4000 "process.exe=$work/burn" -- ./burn
say lost lost 9999 0.05

# Without any right: where it is, by name, and all the time there was.
nobody="setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all --bounding-set=-all"
if [ "$(id -u)" -ne 0 ] || [ "$(cat /proc/sys/kernel/perf_event_paranoid)" -gt 2 ] || ! chmod 755 "$work" ||
	! $nobody test -x "$live"; then
	echo "left out: the lower rung takes root, who becomes nobody, and kernel.perf_event_paranoid of at most 2"
	exit 0
fi
$nobody "$live" hsprof -frequency=1999 "process.exe=$work/shapes-threaded" -- ./shapes-threaded 60 3 +RTS -N2 3>flat >/dev/null
say fact flat rung flat
say says flat '^spin$'
say says flat '^\[RTS\];stm'
say silent flat ';.*;'
undisturbed watch flat-burn $nobody "$live" hsprof -frequency=1999 "process.exe=$work/burn" -- ./burn
say time flat-burn 1e9 0.05
