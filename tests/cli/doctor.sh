#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# `weir doctor` as its users meet it, with the collectors of the build and with ladders that are made up: doctor.sh WEIR
# FIXTURES
weir=$(realpath "$1") fixtures=$2
source "$(dirname "$0")/../support/said.sh"

state_of() { jq -r ".[] | select(.collector == \"$1\") | .state" out; }

# Those that are there always work with less privilege, too, and say what they lack.
expect any "$weir" doctor --json
jq -e 'length >= 1 and all(.[]; .parts | type == "array")' out >/dev/null || fail "not JSON: $(cat out)"
[ "$(state_of proc)" = works ] || fail "proc: $(cat out)"
cp out all
expect any setpriv --bounding-set=-all --inh-caps=-all "$weir" doctor --json
[ "$(state_of proc)" = works ] || fail "proc without capabilities: $(cat out)"
if jq -e 'any(.[]; .collector == "disk")' out >/dev/null; then
	[ "$(state_of disk)" = degraded ] || fail "disk without capabilities: $(cat out)"
	jq -e '.[] | select(.collector == "disk") | .parts[0] | .used != .rungs[0].name and (.rungs[0].why_not | length) > 10
		and (.rungs[0].remedy | length) > 10' out >/dev/null || fail "disk does not say why: $(cat out)"
fi

# What a made-up ladder comes to, word for word.
mkdir made
cp "$fixtures"/ladder-{works,fails,crashes}.so made
WEIR_PLUGIN_PATH=$work/made expect 3 "$weir" doctor
sed -n '/^ladder-works/,$p' out >tail
cat >expected <<'TEXT'
ladder-works: degraded
  one                by next: means
                       lacks: a loss
                       not by best: a reason
                         to change that: a remedy
  two                not measured
                       not by only: a reason
                         to change that: a remedy
TEXT
head -8 tail | diff - expected || fail "a ladder is told otherwise"
says 'ladder-crashes: fails'
says 'it crashed while it was asked: SIGABRT'
says 'ladder: it may not'
grep -qE '^weir: doctor: [0-9]+ of [0-9]+ live collectors are not at their best here$' err || fail "$(cat err)"

# A process of one's own, and none.
sleep 60 &
expect any "$weir" doctor $!
# What is only for programs of another kind is no lack of this machine.
if jq -e 'any(.[]; .collector == "rts")' all >/dev/null; then
	[ "$(jq -r '.[] | select(.collector == "rts") | .state' all)" = needs_program ] || fail "rts: $(cat all)"
	expect any "$weir" doctor $! --json
	[ "$(state_of rts)" = not_applicable ] || fail "rts of a sleep: $(cat out)"
fi
kill $!
expect 1 "$weir" doctor 4194305
expect 2 "$weir" doctor x
expect 2 "$weir" doctor 1 2
echo "doctor: all as it should be"
