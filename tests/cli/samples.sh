#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# samples.sh WEIR SAMPLE_RUN: profiles over samples: the same heap from the eventlog and from the .hp, its peak and its end
# against SQL, names of metrics in part.
set -eu
weir=$1 sample=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
s=$work/s.weir
"$weir" ingest "$sample" -o "$s" --quiet
flat() { "$weir" profile "$s" --node node-0 --metric heap.residency --json "$@" | jq -S '[.profiles[0].flat[] | {name, self: .self.mean, inclusive: .inclusive.mean}]
	| sort_by(.name, .self, .inclusive)'; }

for census in 'ORDER BY total DESC, t_ns' 'ORDER BY t_ns DESC'; do
	case $census in *DESC,*) at=peak ;; *) at=end ;; esac
	want=$("$weir" sql "$s" "SELECT sum(self) AS total, t_ns FROM weights WHERE metric = 'ghc.heap.residency' AND node = 'node-0' AND
		collector = 'ghc-heap' GROUP BY t_ns $census LIMIT 1" --json | jq '.[0].total')
	got=$("$weir" profile "$s" --node node-0 --metric ghc.heap.residency --collector ghc-heap --at $at --json | jq '.profiles[0].nodes[0].total')
	[ "$want" = "$got" ] || { echo "$at: $got bytes, and SQL says $want"; exit 1; }
	[ "$("$weir" profile "$s" --metric heap --at $at --json | jq -r '.profiles[0].over_time')" = $at ]
	# Each stack of the folded export once, and all of them.
	[ "$("$weir" export "$s" --to folded --node node-0 --metric heap --collector ghc-heap --at $at | awk '{n += $NF} END {print n}')" = "$want" ]
done

[ "$("$weir" profile "$s" --metric alloc --json | jq -r '.profiles[0].metric')" = ghc.profile.alloc ]
[ "$("$weir" profile "$s" --json | jq -r '.profiles[0].metric')" = ghc.profile.ticks ]
for wrong in '--metric profile' '--metric nothing.such' '--metric ticks --at peak --collector ghc-prof' '--collector node-trace'; do
	if "$weir" profile "$s" $wrong > "$work/out" 2> "$work/err"; then echo "$wrong: taken"; exit 1; fi
	[ -s "$work/err" ]
done
grep -q 'no profiles of what was asked for' "$work/err"
"$weir" profile "$s" --metric nothing.such 2>&1 | grep -q 'there are ghc.profile.ticks, '

# What two stores have in common; node-1's report has shares instead of ticks.
for node in node-0 node-1; do "$weir" ingest "$sample/$node/cardano-node.prof" -o "$work/$node.weir" --quiet; done
[ "$("$weir" profile "$work/node-0.weir" --node node-0 --diff "$work/node-1.weir" --json | jq -r '.profiles[0].metric')" = ghc.profile.entries ]
"$weir" ingest "$sample/node-0/cardano-node.hp" --run other --node other -o "$work/hp.weir" --quiet
if "$weir" profile "$work/node-0.weir" --diff "$work/hp.weir" 2> "$work/err"; then echo "a diff of nothing"; exit 1; fi
grep -q 'no profile in common; there are ghc.profile.ticks, ' "$work/err"
if "$weir" profile "$s" --at noon 2> "$work/err"; then exit 1; else [ $? -eq 2 ]; fi

"$weir" plugins list | grep -q ghc-eventlog || exit 0
# One process, one profiler, two files.
flat --collector ghc-heap > "$work/hp"
flat --collector ghc-eventlog > "$work/eventlog"
[ "$(jq length "$work/hp")" -gt 50 ]
cmp "$work/hp" "$work/eventlog"
flat > "$work/both"
cmp "$work/hp" "$work/both"
