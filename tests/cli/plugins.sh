#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# `weir plugins` as its users meet it: plugins.sh WEIR EXAMPLES SOURCE_EXAMPLES FIXTURES VICES, the last two being folders
# of collectors that misbehave and that break the contract.
weir=$(realpath "$1") examples=$2 sources=$3 fixtures=$4 vices=$5
source "$(dirname "$0")/../support/said.sh"

# CODE ARGS...
run() {
	local code=$1
	shift
	expect "$code" "$weir" plugins "$@"
}

# list
run 0 list
[ "$(head -1 out | tr -s ' ')" = 'name version ABI claims path' ] || fail "list: $(head -1 out)"
! grep -q '^csv ' out || fail "an example is listed without being asked for"
cp out listed
run 0
cmp -s out listed || fail "without a part it is not list"
WEIR_PLUGIN_PATH=$examples run 0 list
grep -qE "^csv +1\.0 +1\.1 +\*\.csv +$examples/csv\.so$" out || fail "list: $(cat out)"
WEIR_PLUGIN_PATH=$examples run 0 list --json
[ "$(jq -c '.[] | select(.name == "phases") | [.version, .abi, .claims]' out)" = \
	'["1.0","1.1",[{"kind":"file","pattern":"*.phases"}]]' ] || fail "list --json: $(cat out)"

# Collectors that end their process cost nobody else's line.
mkdir bad
cp "$fixtures/exit-load.so" "$fixtures/crash-load.so" bad
WEIR_PLUGIN_PATH=$work/bad:$examples run 0 list
says csv
complains crash-load
# An ingest without them says so, reads the rest, and is not all of it.
printf '1,2\n3,4\n' >a.csv
WEIR_PLUGIN_PATH=$work/bad:$examples expect 3 "$weir" ingest a.csv -o bad.weir
complains 'SIGSEGV at address 0x10'
complains 'ingest: bad.weir: 2 collectors were left out'
[ "$("$weir" sql bad.weir "select status from sources" --json | jq -r '.[].status')" = ok ] || fail "the rest was not read"

# show
WEIR_PLUGIN_PATH=$examples run 0 show csv
says 'csv 1.0: tables of numbers, one row a time'
says 'number, gauge, real, unit 1'
says 'one of comma, semicolon, tab; default comma'
run 0 show "$examples/phases.so"
says 'claims     *.phases, and looks at the first bytes'
says 'companions {stem}.names'
says 'weight, gauge, integer, unit ns, less is better, from 0'
WEIR_PLUGIN_PATH=$examples run 0 show phases --json
[ "$(jq -c '[.metrics[] | select(.shape == "weight")][0] | [.kind, .type, .range]' out)" = '["gauge","i64","0.."]' ] ||
	fail "show --json has other words than the dictionary: $(cat out)"
run 0 show --json "$vices/well-behaved.so"
[ "$(jq -c '.options[0] | [.name, .type, .default, .min, .max]' out)" = '["depth","int","5","1","10"]' ] || fail "show --json: $(cat out)"
[ "$(jq -r .sha256 out)" = "$(sha256sum <"$vices/well-behaved.so" | cut -d' ' -f1)" ] || fail "show --json: sha256"
WEIR_PLUGIN_PATH=$examples run 1 show cvs
complains 'plugins: cvs: there is no such collector; nearest is csv'
run 1 show "$work/nothing.so"

# try
run 3 try "$examples/csv.so" "$sources/csv/tests/room.csv"
cmp out "$sources/csv/tests/room.json" || fail "try says something else than the golden file"
WEIR_PLUGIN_PATH=$examples run 0 try csv -O separator=tab --option unit=ms "$sources/csv/tests/tabs.csv"
cmp out "$sources/csv/tests/tabs.json" || fail "try with options says something else than the golden file"
run 3 try "$examples/phases.so" "$sources/phases/tests/build.phases"
says '"module":"Parser"'
run 1 try -O separator=dot "$examples/csv.so" "$sources/csv/tests/tabs.csv"
complains "option: separator: 'dot' is not one of comma, semicolon, tab"
run 1 try -O seperator=tab "$examples/csv.so" "$sources/csv/tests/tabs.csv"
complains 'option: seperator: csv has no such option; nearest is separator'
run 1 try "$examples/csv.so" "$work/nothing.csv"
complains 'nothing.csv: No such file or directory'
printf '%041d' 0 >41.txt
run 1 try "$vices/crashes-at-41-bytes.so" 41.txt
complains 'crashes-at-41-bytes.so: killed by SIGABRT; --in-process shows where to a debugger'
run 0 try --in-process "$examples/lines.so" "$sources/lines/tests/three.txt"
cmp out "$sources/lines/tests/three.json" || fail "try --in-process"

# check
run 0 check "$examples/csv.so" --sample "$sources/csv/tests/room.csv"
grep -qE '^[0-9]{2} passed, [0-9]+ warned, 0 failed, [0-9]+ skipped$' out || fail "check: $(tail -1 out)"
says 'skip  takes_a_missing_companion: it has no companions'
[ "$(grep -cE '^(pass|warn|skip) ' out)" -ge 40 ] || fail "check: fewer than 40 tests"
run 1 check "$vices/closes-without-looking.so"
says 'FAIL  closes_nothing'
# A sanitizer meets the signal first and ends the process itself.
grep -qE 'but: (killed by SIGSEGV \(Segmentation fault\)|it ended the process, with code 1)' out || fail "check: $(grep but: out)"
says "weir plugins check --in-process --seed 1 --only '^TEST\$' $vices/closes-without-looking.so"
run 0 check --only '^(sniff|opens)_' "$vices/closes-without-looking.so"
[ "$(grep -c '^pass' out)" = 4 ] || fail "check --only: $(cat out)"
run 1 check --json --seed 7 "$vices/goes-below-zero.so"
[ "$(jq -c '[.seed, .totals.fail, (.tests | map(select(.outcome == "fail").test))]' out)" = '[7,1,["stays_in_its_ranges"]]' ] ||
	fail "check --json: $(jq -c .totals out)"
[ "$(jq '.tests | length' out)" = "$(jq '.totals | add' out)" ] || fail "check --json: the totals do not add up"
run 2 check --only nonsense "$examples/csv.so"
complains 'check: --only nonsense: no test is called like that'
run 1 check --only '(' "$examples/csv.so"
complains 'check: (: no regular expression'
run 1 check "$sources/csv/csv.c"
complains 'csv.c: not an ELF file'
run 1 check "$work/nothing.so"
complains 'check: '"$work"'/nothing.so: No such file or directory'
run 1 check --sample "$work/nothing" "$examples/csv.so"
complains 'check: '"$work"'/nothing: No such file or directory'

# Misuse
run 2 lst
complains 'plugins: lst: there is no such part; nearest is list'
run 2 show
complains 'plugins: show: it takes the name or the file of a collector'
run 2 try "$examples/csv.so"
run 2 list --only x
complains 'plugins: list: --only is not for it'
run 2 try -O tab "$examples/csv.so" "$sources/csv/tests/tabs.csv"
complains "plugins: --option: 'tab': not of the form NAME=VALUE"
run 2 check --seed 0 "$examples/csv.so"
run 0 --help
says 'usage: weir plugins [list | show NAME'
