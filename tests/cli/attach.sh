#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# weir attach on a run directory, and what live collectors are told: attach.sh WEIR FOLDER-OF-FIXTURES
weir=$(realpath "$1")
fixtures=$(realpath "$2")
source "$(dirname "$0")/../support/said.sh"
set +eo pipefail
trap 'kill $(jobs -p) 2>/dev/null; rm -rf "$work"' EXIT
mkdir -p plugins run/supervisor run/genesis run/node-0 run/node-1 run/node-2
cp "$fixtures/asks-live.so" plugins
export WEIR_PLUGIN_PATH=$work/plugins

rows() { "$weir" sql "$1" "$2" --json | tr -d ' \n'; }

sleep 60 &
first=$!
sleep 60 &
second=$!
true &
gone=$!
wait $gone
printf '{"node-0": %d, "node-1": %d, "node-2": %d}' $first $second $gone >run/supervisor/node2pid.map
printf '{"systemStart": "2026-11-21T05:00:00Z", "slotLength": 0.2, "epochLength": 600, "securityParam": 10, "activeSlotsCoeff": 0.05}' \
	>run/genesis/genesis.shelley.json

# Each node that runs is measured under its own name; one that doesn't is said.
"$weir" attach run -c asks-live --interval 50ms --for 500ms -o a.weir >out 2>err || fail "exit code $?: $(cat err)"
grep -q 'node-2: process .* does not run' err || fail "the node that is gone: $(cat err)"
grep -q '4 live sources' out || fail "out: $(cat out)"
[ "$(rows a.weir "select run,node,status from sources where collector<>'self' order by node")" = \
	'[{"run":"run","node":"node-0","status":"ok"},{"run":"run","node":"node-1","status":"ok"}]' ] ||
	fail "sources: $(rows a.weir 'select * from sources')"
told() { rows "$1" "select value from facts where collector='asks-live' and node='$2' and name='$3'"; }
[ "$(told a.weir node-0 process.pid)" = "[{\"value\":\"$first\"}]" ] || fail "whose process: $(told a.weir node-0 process.pid)"
[ "$(told a.weir node-1 process.pid)" = "[{\"value\":\"$second\"}]" ] || fail "whose process: $(told a.weir node-1 process.pid)"

# They are told the chain's constants, from the run's genesis or the one that was named, and the store has them.
for fact in genesis.system_start_ns=1795237200000000000 genesis.slot_length_ns=200000000 genesis.epoch_length_slots=600 \
	genesis.security_param=10 genesis.active_slots_coeff=0.05; do
	[ "$(told a.weir node-1 ${fact%=*})" = "[{\"value\":\"${fact#*=}\"}]" ] || fail "$fact: $(told a.weir node-1 ${fact%=*})"
	[ "$(rows a.weir "select value from facts where name='${fact%=*}' and collector is null")" = "[{\"value\":\"${fact#*=}\"}]" ] ||
		fail "${fact%=*} of the run: $(rows a.weir "select * from facts where name='${fact%=*}'")"
done
"$weir" attach $first -c asks-live --genesis run/genesis/genesis.shelley.json --interval 50ms --for 300ms -q -o b.weir ||
	fail "exit code $?"
[ "$(told b.weir sleep genesis.epoch_length_slots)" = '[{"value":"600"}]' ] || fail "--genesis: $(rows b.weir 'select * from facts')"
"$weir" attach $first -c asks-live --interval 50ms --for 300ms -q -o c.weir || fail "exit code $?"
[ "$(told c.weir sleep genesis.epoch_length_slots)" = '[]' ] || fail "constants of no chain"

# A collector that is named twice measures once.
"$weir" attach $first -c asks-live,asks-live --interval 50ms --for 300ms -q -o twice.weir || fail "named twice: exit code $?"
[ "$(rows twice.weir "select count(*) as n from sources where collector='asks-live'")" = '[{"n":1}]' ] ||
	fail "named twice: $(rows twice.weir 'select collector,path from sources')"

# A link to a run directory is the run: it is called as `weir ingest` calls it, and so is its store.
ln -s run current
"$weir" attach current/ -c asks-live --interval 50ms --for 300ms -q || fail "a link: exit code $?"
[ "$(rows run.weir 'select run from runs')" = '[{"run":"run"}]' ] || fail "a link: $(rows run.weir 'select run from runs')"
# What a run calls itself is a name, and leads nowhere.
printf '{"meta": {"tag": "../../tmp/elsewhere"}}' >run/meta.json
"$weir" attach run -c asks-live --interval 50ms --for 300ms -q || fail "a tag with slashes: exit code $?"
[ -e _._.._tmp_elsewhere.weir ] || fail "a tag with slashes: $(ls)"
rm run/meta.json

# A number that is too large for a process is nobody's, not that of its last bits.
"$weir" attach $((4294967296 + first)) -c asks-live --for 300ms -o e.weir 2>err
[ $? = 1 ] || fail "a number too large: $?"
grep -q 'no such process' err || fail "a number too large: $(cat err)"
printf '{"node-0": %d, "node-1": %d}' $first $((4294967296 + second)) >run/supervisor/node2pid.map
"$weir" attach run -c asks-live --interval 50ms --for 300ms -o e.weir >out 2>err || fail "exit code $?: $(cat err)"
grep -q "node-1: process $((4294967296 + second)) does not run" err || fail "a number too large: $(cat err)"
printf '{"node-0": %d, "node-1": %d, "node-2": %d}' $first $second $gone >run/supervisor/node2pid.map

# A node that ends costs nothing; when all have, so has the recording.
"$weir" attach run -c asks-live --interval 50ms -q -o d.weir &
recorder=$!
until [ "$(pgrep -c -P $recorder weir:asks-live)" = 2 ]; do sleep 0.05; done
kill $first $second
wait $recorder
[ $? = 0 ] || fail "after its targets' end: $?"

# Nobody is left.
"$weir" attach run -c asks-live -o e.weir 2>err
[ $? = 1 ] || fail "no node: $?"
grep -q 'none of its nodes runs' err || fail "no node: $(cat err)"
"$weir" attach $first -c asks-live -o e.weir 2>err
[ $? = 1 ] || fail "no process: $?"
grep -q 'no such process' err || fail "no process: $(cat err)"
echo all of it
