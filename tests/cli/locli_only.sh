#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# `weir ingest --locli-only` leaves what `--locli` leaves, and nothing else: locli_only.sh WEIR SAMPLE_RUN.
weir=$(realpath "$1") sample=$(realpath "$2")
source "$(dirname "$0")/../support/said.sh"
cp -r "$sample" run
mkdir tmp
export TMPDIR=$work/tmp SOURCE_DATE_EPOCH=1764572400

run_weir() {
	code=0
	"$weir" "$@" >out 2>err || code=$?
}

# The same bytes, from two workers and from one, and no store.
run_weir ingest run -o s.weir --locli -j 1
[ $code = 0 ] || [ $code = 3 ] || fail "--locli: $code: $(cat err)"
mv run/analysis with-store
rm s.weir
run_weir ingest run --locli-only -j 2
[ $code = 0 ] || fail "--locli-only: $code: $(cat err)"
diff -r with-store run/analysis || fail "--locli-only and --locli differ"
grep -q peFunc run/analysis/log-manifest.json || fail "the manifest has no cost centres"
[ -z "$(ls tmp)" ] || fail "something stays in TMPDIR"
[ "$(echo *)" = "err out run tmp with-store" ] || fail "there is more than the run: $(echo *)"

# Checksums, by who always did them.
(cd run/analysis && sha256sum --quiet --strict -c SHA256SUMS) || fail "checksums"
[ "$(wc -l <run/analysis/SHA256SUMS)" = "$(ls run/node-*/stdout* run/node-*/node-[0-9]*.json 2>/dev/null | wc -l)" ] ||
	fail "not one checksum a log"
for node in node-0 node-1; do
	grep -q "^$node/stdout: $(wc -l <run/$node/stdout) lines read: " out || fail "$node: ledger: $(cat out)"
done

# Damage: each bad line is said with its place, and the ledger adds up.
first=$(grep -m 1 '^{' run/node-0/stdout)
at=$(stat -c %s run/node-0/stdout)
printf '{"at":"2025-12-01T07:00:59Z","ns":}\n%s\nhello\n{"at":"2025-12' "$first" >>run/node-0/stdout
read_before=$(grep '^node-0/stdout' out | sed 's/.*read: \([0-9]*\) stored, \([0-9]*\) skipped.*/\1 \2/')
run_weir ingest run --locli-only
[ $code = 3 ] || fail "damage: $code"
grep -q "node-0/stdout: offset $((at + 34)): " err || fail "the first bad line: $(cat err)"
grep -q "node-0/stdout: offset $((at + 36 + ${#first} + 1 + 6)): the last line was cut" err || fail "the cut line: $(cat err)"
tail -n 1 err | grep -q '2 lines of 1 log is bad' || fail "the last line: $(cat err)"
read -r stored skipped <<<"$read_before"
grep -q "^node-0/stdout: $((stored + skipped + 4)) lines read: $((stored + 1)) stored, $((skipped + 1)) skipped, 2 bad" out ||
	fail "ledger: $(cat out)"
(cd run/analysis && sha256sum --quiet -c SHA256SUMS) || fail "checksums of damaged logs"
mv run/analysis damaged
run_weir ingest run -o s.weir --locli
diff -r damaged run/analysis || fail "--locli-only and --locli differ on a damaged log"
# Again with the same store: nothing is old, so nothing is made. Without its checksums it is.
rm run/analysis/SHA256SUMS
run_weir ingest run -o s.weir --locli
diff -r damaged run/analysis || fail "the second --locli differs"

# What makes no sense.
for argument in "-o s.weir" --true-io --verify --locli; do
	run_weir ingest run --locli-only $argument
	[ $code = 2 ] || fail "$argument: $code"
done
run_weir ingest run/node-0/stdout --locli-only
[ $code = 2 ] || fail "a loose file: $code"
mkdir empty
run_weir ingest empty --locli-only
[ $code = 3 ] || fail "no logs: $code: $(cat err)"

# Killed at any time, and on a full disk: what is there is whole.
grep '^{.*}$' "$sample/node-0/stdout" >one
for i in $(seq 10); do cat one one >two && mv two one; done
while [ "$(stat -c %s one)" -lt 150000000 ]; do cat one one >two && mv two one; done
rm -rf run && mkdir -p run/node-0 run/node-1
mv one run/node-0/stdout
ln run/node-0/stdout run/node-1/stdout
run_weir ingest run --locli-only
[ $code = 0 ] || fail "big logs: $code: $(cat err)"
mv run/analysis whole
check_whole() {
	for file in run/analysis/*; do
		[ ! -e "$file" ] || cmp "$file" "whole/${file##*/}" || fail "$1 leaves $file"
	done
}
n_killed=0
for signal in KILL TERM INT; do
	for delay in 0.01 0.03 0.1 0.2; do
		rm -rf run/analysis
		code=0
		env --default-signal=INT timeout -s $signal $delay "$weir" ingest run --locli-only -q || code=$?
		[ $code = 0 ] || [ $code = 3 ] || n_killed=$((n_killed + 1))
		# The readers go with their parent, which takes a moment.
		sleep 0.1
		check_whole "SIG$signal after $delay s"
	done
done
[ $n_killed -gt 0 ] || fail "no run was killed while it ran: this test proves less than it should"
rm -rf run/analysis
code=0
(ulimit -f 20000 && trap '' XFSZ && exec "$weir" ingest run --locli-only) >out 2>err || code=$?
[ $code = 1 ] || fail "a full disk: $code: $(cat err)"
check_whole "a full disk"
[ -z "$(ls tmp)" ] || fail "something stays in TMPDIR"
echo "the files and nothing else"
