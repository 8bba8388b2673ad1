#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# weir record and weir attach, with a live collector that needs no rights: record.sh WEIR FOLDER-OF-FIXTURES
weir=$(realpath "$1")
fixtures=$(realpath "$2")
source "$(dirname "$0")/../support/said.sh"
set +eo pipefail
trap 'kill $(jobs -p) 2>/dev/null; rm -rf "$work"' EXIT
mkdir plugins
cp "$fixtures/well-behaved-live.so" plugins
export WEIR_PLUGIN_PATH=$work/plugins
c='-c well-behaved-live --interval 50ms'

rows() { "$weir" sql "$1" "$2" --json | tr -d ' \n'; }
[ -x plugins/well-behaved-live.so ] || [ -r plugins/well-behaved-live.so ] || fail "there is no live fixture"

# What it measured, and what the program left, are of one run and node; what was there before is not read.
printf 'BEGIN_SAMPLE 0.0\n' >old.hp
touch -d '1 hour ago' old.hp
"$weir" record $c -o a.weir --node n -- sh -c '
	printf "JOB \"p\"\nDATE \"Sat Nov 21 05:00 2026\"\nSAMPLE_UNIT \"seconds\"\nVALUE_UNIT \"bytes\"\nBEGIN_SAMPLE 0.1\nmain\t10\nEND_SAMPLE 0.1\n" >p.hp
	sleep 0.5' >out 2>err || fail "exit code $?: $(cat err)"
[ "$(rows a.weir "select node,collector,status from sources where collector<>'self' order by 2")" = \
	'[{"node":"n","collector":"ghc-heap","status":"ok"},{"node":"n","collector":"well-behaved-live","status":"ok"}]' ] ||
	fail "sources: $(rows a.weir 'select run,node,collector,path,status from sources')"
[ "$(rows a.weir "select status from sources where collector='self'")" = '[{"status":"ok"}]' ] ||
	fail "what it cost is not there: $(rows a.weir 'select collector from sources')"
[ "$(rows a.weir 'select count(distinct run) as n from sources')" = '[{"n":1}]' ] || fail "more than one run"
n=$(rows a.weir "select count(*) as n from numbers where collector='well-behaved-live'" | tr -dc 0-9)
[ "$n" -ge 5 ] || fail "$n points of 0.5 s at 50 ms"

# Its exit code is the program's.
"$weir" record $c -q -o b.weir -- sh -c 'exit 7'
[ $? = 7 ] || fail "exit code 7 came out as $?"
"$weir" record $c -q -o b.weir -- sh -c 'kill -KILL $$'
[ $? = 137 ] || fail "SIGKILL came out as $?"
"$weir" record $c -q -o b.weir -- ./nothing 2>err
[ $? = 127 ] || fail "no program came out as $?"
grep -q 'nothing: cannot be started: No such file' err || fail "not said: $(cat err)"
"$weir" record -c nothing -o b.weir -- true 2>err
[ $? = 2 ] || fail "no collector came out as $?"

# A collector that nobody named and that has nothing to measure here is left out; one that was named has failed.
if "$weir" plugins show rts >/dev/null 2>&1; then
	"$weir" record --interval 50ms --no-ingest -o default.weir -- sleep 0.3 >out 2>err
	grep -q '^weir: rts: left out: .*GHC.* option program' err || fail "not left out: $(cat err)"
	[ "$(rows default.weir "select count(*) as n from sources where collector='rts'")" = '[{"n":0}]' ] || fail 'a source of rts'
	"$weir" record -c rts --interval 50ms --no-ingest -q -o default.weir -- sleep 0.3 2>err
	[ $? = 3 ] || fail "-c rts on what is not GHC's: $?"
	[ "$(rows default.weir "select status from sources where collector='rts'")" = '[{"status":"failed"}]' ] || fail 'rts, named'
fi

# A signal goes to the program, and the recording ends well.
"$weir" record $c -q -o c.weir -- sh -c 'trap "exit 9" TERM; echo >ready; while :; do sleep 0.05; done' &
recorder=$!
until [ -e ready ]; do sleep 0.05; done
rm -f ready
kill -TERM $recorder
wait $recorder
[ $? = 9 ] || fail "SIGTERM did not reach the program: $?"
[ "$(rows c.weir 'select distinct status from sources')" = '[{"status":"ok"}]' ] || fail "after SIGTERM: $(rows c.weir 'select * from sources')"

# Others too. (A shell's background process ignores SIGINT, and often SIGQUIT, and so does what it starts.)
# What nohup started has no SIGHUP, either.
hup=HUP
[ $((0x$(awk '$1 == "SigIgn:" { print $2 }' /proc/self/status) & 1)) = 0 ] || hup=
for name in $hup USR1 USR2; do
	"$weir" record $c -q -o signals.weir -- bash -c "trap 'echo $name >got; exit 5' $name; echo >ready; while :; do sleep 0.05; done" &
	recorder=$!
	until [ -e ready ]; do sleep 0.05; done
	rm -f ready
	kill -$name $recorder
	wait $recorder
	code=$?
	[ $code = 5 ] || fail "SIG$name did not reach the program: $code"
done

# A recording with an end of its own ends; the program goes on, and still gets its signals and gives its exit code.
"$weir" record $c -q --for 300ms -o for.weir -- bash -c 'trap "exit 6" TERM; echo >ready; while :; do sleep 0.05; done' &
recorder=$!
until [ -e ready ]; do sleep 0.05; done
rm -f ready
for _ in $(seq 100); do
	[ "$(rows for.weir 'select distinct status from sources' 2>/dev/null)" = '[{"status":"ok"}]' ] && break
	sleep 0.1
done
kill -0 $recorder || fail 'weir did not wait for the program'
[ -z "$(pgrep -P $recorder weir:)" ] || fail 'it measures on after --for'
kill -TERM $recorder
wait $recorder
[ $? = 6 ] || fail "SIGTERM after --for: $?"

# While it measures it has no rights, or the one that its target's own need; and it is the user whose process it measures.
status() { awk -v what="$2:" '$1 == what { print $2 }' "/proc/$1/status"; }
attach_to() {
	"$weir" attach "$1" $c -q -o "$2" "${@:3}" &
	recorder=$!
	worker=
	for _ in $(seq 100); do
		worker=$(pgrep -P $recorder weir:well-beha)
		# Sealed comes after opened.
		[ -n "$worker" ] && [ "$(status "$worker" NoNewPrivs)" = 1 ] && return
		sleep 0.1
	done
	fail "no worker, or never sealed: $(cat /proc/$worker/status)"
}
has_rights() { # PID UID ALLOWED
	[ "$(status $1 Uid)" = $2 ] || fail "user $(status $1 Uid), not $2"
	for set in CapEff CapPrm CapInh CapAmb; do
		case $(status $1 $set) in 0000000000000000 | $3) ;; *) fail "$set: $(status $1 $set)" ;; esac
	done
	# A build with AddressSanitizer, which reserves terabytes, has no filter.
	[ "$(awk '/^VmSize/ { print $2 }' /proc/$1/status)" -gt 1073741824 ] || [ "$(status $1 Seccomp)" = 2 ] ||
		fail "not sealed: $(cat /proc/$1/status)"
}
if [ "$(id -u)" = 0 ]; then
	setpriv --reuid 65534 --regid 65534 --clear-groups sleep 60 &
	target=$!
	until [ "$(status $target Uid)" = 65534 ]; do sleep 0.05; done
	attach_to $target nobody.weir
	# Also its group, and no group of the caller's.
	[ "$(awk '$1 == "Gid:" { print $2, $3, $4, $5 }' /proc/$worker/status)" = '65534 65534 65534 65534' ] || fail 'its group'
	[ -z "$(awk '$1 == "Groups:" { print $2 }' /proc/$worker/status)" ] || fail 'groups of the caller'
	has_rights $worker 65534 0000000000000000
	kill -INT $recorder
	wait $recorder
	[ $? = 0 ] || fail "measuring another user's process: $?"
	kill $target
fi
sleep 60 &
target=$!
attach_to $target d.weir
has_rights $worker "$(id -u)" 0000000000080000
# The recording itself may end workers and write where root may, and nothing else of root's; of another user's, nothing.
roots=0000000000000027
for _ in $(seq 100); do
	[ "$(status $recorder NoNewPrivs)" = 1 ] && break
	sleep 0.05
done
for set in CapEff CapPrm; do
	case $(status $recorder $set) in 0000000000000000 | $roots) ;; *) fail "the recording's $set: $(status $recorder $set)" ;; esac
done
kill -INT $recorder
wait $recorder
[ $? = 0 ] || fail "Ctrl-C on attach: $?"
kill -0 $target || fail "attach ended its target"
[ "$(rows d.weir 'select distinct status from sources')" = '[{"status":"ok"}]' ] || fail "after Ctrl-C: $(rows d.weir 'select * from sources')"

# Root's program is root's, as under any other program that root starts, until --user says whose it is to be: then all of
# weir that goes on, the store and the program are that user's.
rights() { awk '$1 ~ /^(Uid|Gid|CapEff):/ { print $2 }' "/proc/$1/status" | tr '\n' ' '; }
if [ "$(id -u)" = 0 ]; then
	export -f rights
	mkdir -m 777 theirs
	chmod 755 . plugins
	mine=$(rights self)
	"$weir" record $c -q --no-ingest -o as-root.weir -- bash -c 'rights self >theirs/program'
	[ "$(cat theirs/program)" = "$mine" ] || fail "root's program: $(cat theirs/program), not $mine"
	(cd theirs && "$weir" record --user nobody $c -q -o s.weir -- bash -c 'rights self; rights $PPID; echo $USER' >rights) ||
		fail "--user: exit code $?"
	nobody="$(id -u nobody) $(id -g nobody) 0000000000000000 "
	[ "$(cat theirs/rights)" = "$nobody$nobody"nobody ] || fail "--user: $(cat theirs/rights)"
	[ "$(stat -c %U theirs/s.weir)" = nobody ] || fail "the store is $(stat -c %U theirs/s.weir)'s"
	[ "$(rows theirs/s.weir 'select distinct status from sources')" = '[{"status":"ok"}]' ] || fail 'what nobody measured'
	attach_to $target theirs/a.weir --user nobody
	until [ "$(status $recorder Uid)" = "$(id -u nobody)" ]; do sleep 0.05; done
	# Its worker is root's, whose process it measures.
	[ "$(status $recorder CapEff)" = 0000000000000020 ] || fail "attach --user: $(status $recorder CapEff)"
	kill -INT $recorder
	wait $recorder
	[ $? = 0 ] || fail "attach --user: $?"
	[ "$(stat -c %U theirs/a.weir)" = nobody ] || fail "the store is $(stat -c %U theirs/a.weir)'s"
	"$weir" record --user 'nobody else' $c -o x.weir -- true 2>err
	[ $? = 2 ] || fail "no such user came out as $?"
	grep -q 'nobody else: there is none' err || fail "not said: $(cat err)"
	setpriv --reuid nobody --clear-groups "$weir" record --user root $c -o theirs/x.weir -- true 2>err
	[ $? = 2 ] || fail "somebody else as root came out as $?"
	grep -q 'only root can' err || fail "not said: $(cat err)"
fi

# What a killed one had handed over counts.
points() { rows e.weir "select count(*) as n from numbers where collector<>'self'" 2>/dev/null | tr -dc 0-9; }
"$weir" attach $target $c -q -o e.weir &
recorder=$!
for _ in $(seq 300); do
	n_before=$(points)
	[ "${n_before:-0}" -ge 50 ] && break
	sleep 0.1
done
kill -KILL $recorder
wait $recorder 2>/dev/null
[ "$(rows e.weir "select s.status,d.code from sources s join diags d using (path) where path<>'live:self'")" = \
	'[{"status":"partial","code":"host.unfinished"}]' ] || fail "after SIGKILL: $(rows e.weir 'select * from diags')"
n=$(points)
[ "$n" -ge 50 ] && [ "$n" -ge "$n_before" ] || fail "$n points are left of the $n_before that were there"

# For a time, and until its target is gone.
"$weir" attach $target $c -q --for 300ms -o f.weir || fail "--for: $?"
attach_to $target f.weir
kill $target
kill -INT $recorder
wait $recorder || fail "a target that ends: $?"
"$weir" attach 4194304 -o f.weir 2>err && fail "a process that does not run was measured"
grep -q 'no such process' err || fail "not said: $(cat err)"
exit 0
