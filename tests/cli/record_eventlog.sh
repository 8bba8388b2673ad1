#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# `weir record --eventlog`: record_eventlog.sh WEIR FAKE LOG, FAKE being a program that behaves as GHC's do.
weir=$(realpath "$1") fake=$(realpath "$2") log=$(realpath "$3")
source "$(dirname "$0")/../support/said.sh"
unset GHCRTS
ask() { "$weir" sql --json "$1" "$2" | jq -r "$3"; }
sources="select status, read, sha256 from sources where collector = 'ghc-eventlog'"

"$weir" ingest -q -o whole.weir "$log"
read -r status n_read hash < <(ask whole.weir "$sources" '.[0] | "\(.status) \(.read) \(.sha256)"')
[ "$status" = ok ] || fail "the log itself: $status"

# While the program runs its log is read; the program's exit code is weir's.
"$weir" record -q --no-ingest --eventlog -c proc -o live.weir -- "$fake" "$log" exit 7 >out &
pid=$!
for _ in $(seq 60); do
	seen=$(ask live.weir "$sources" '.[0] | "\(.status) \(.read)"' 2>/dev/null) || seen=
	case $seen in "partial "[1-9]*) break ;; esac
	sleep 0.05
done
case $seen in "partial "[1-9]*) ;; *) fail "nothing was read while the program ran: '$seen'" ;; esac
code=0
wait $pid || code=$?
[ "$code" = 7 ] || fail "exit code $code, not 7"
[ "$(cat out)" = done ] || fail "the program's output: $(cat out)"
[ "$(ask live.weir "$sources" '.[0] | "\(.status) \(.read) \(.sha256)"')" = "$status $n_read $hash" ] ||
	fail "live: $(ask live.weir "$sources" .)"

# What GHCRTS said before, however long, stays in front.
cat >shows-flags <<'END'
#!/bin/sh
# GHCRTS -ol<file>
echo "$GHCRTS" >flags
END
chmod +x shows-flags
before=$(printf -- '-A1m %.0s' $(seq 2000))
GHCRTS=$before "$weir" record -q --no-ingest --eventlog -c proc -o flags.weir -- ./shows-flags >/dev/null 2>&1 || true
[ "$(cat flags)" = "$before -l -olshows-flags.eventlog" ] || fail "GHCRTS: $(tail -c 100 flags)"

# With the files that it left there is one source, the file's.
"$weir" record -q --eventlog -c proc -o left.weir -- "$fake" "$log" exit 0 >out
[ "$(ask left.weir "$sources" 'length')" = 1 ] || fail "left: $(ask left.weir "$sources" .)"
[ "$(ask left.weir "$sources" '.[0] | "\(.status) \(.read) \(.sha256)"')" = "$status $n_read $hash" ] || fail "left"

# A program that hangs at its end is ended, and all of its log is there; one that only has nothing to do is not.
for how in hang join; do
	code=0
	"$weir" record -q --no-ingest --eventlog -c proc -o $how.weir -- "$fake" "$log" $how 0 >out 2>err || code=$?
	[ "$code" = 137 ] || fail "$how: exit code $code, not 137"
	grep -q 'hung at its end for 5 s' err || fail "$how: $(cat err)"
	[ "$(ask $how.weir "$sources" '.[0] | "\(.status) \(.read)"')" = "$status $n_read" ] ||
		fail "$how: $(ask $how.weir "$sources" .)"
done
"$weir" record -q --no-ingest --eventlog -c proc -o idle.weir -- "$fake" "$log" idle 0 >out 2>err || fail "idle: $(cat err)"

# What cannot write one.
code=0
"$weir" record -q --eventlog -o no.weir -- sleep 1 2>err || code=$?
[ "$code" = 1 ] && grep -q 'not a program that GHC compiled' err || fail "sleep: $code: $(cat err)"
[ ! -e no.weir ] || fail "a store was made for nothing"
echo "eventlogs are read while they are written"
