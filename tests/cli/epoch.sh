#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# epoch.sh WEIR SAMPLE_RUN: the sample run's nodes wrote down which slots they really missed, in a file that weir does not
# read. `weir epoch` must find these and no others.
set -eu
weir=$1 sample=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$weir" ingest "$sample" -o "$work/s.weir" --quiet || [ $? -eq 3 ]
"$weir" epoch "$work/s.weir" --window -20,+20 --json > "$work/epoch.json"
for node in node-0 node-1; do
	jq -s 'map(select(.epoch != null) | .missed) | unique' "$sample/$node/truth.jsonl" > "$work/truth"
	jq --arg node "$node" '[.boundaries[] | select(.node == $node) | .missed.runs[] | range(.first_slot; .first_slot + .slots)]
		| unique' "$work/epoch.json" > "$work/found"
	cmp "$work/truth" "$work/found" || { diff "$work/truth" "$work/found"; exit 1; }
	[ "$(jq length "$work/found")" -gt 0 ]
	echo "$node: $(jq length "$work/found") missed slots, as it wrote itself"
done
jq -e '.boundaries | all(.missed.window == ([.missed.runs[].slots] | add // 0))' "$work/epoch.json" > /dev/null
jq -e '[.boundaries[] | select(.missed.window > 0) | .stands_out] | length > 0 and all(test("missed"))' "$work/epoch.json" > /dev/null
"$weir" epoch "$work/s.weir" | grep -q 'missed slots: .* in the window'

# An epoch that begins where the log ends has no after: of the last boundary there is nothing to tell.
jq -e '[.boundaries[].epoch] | unique == [1, 2]' "$work/epoch.json" > /dev/null
# A window that nobody asked for leaves half of a short epoch to compare with; CI only where both sides have six values.
"$weir" epoch "$work/s.weir" --json > "$work/default.json"
jq -e '.boundaries | all((.to_ns - .from_ns) <= 4000000000 and (.phases | all(if .n_window >= 6 and .n_base >= 6
	then .low <= .high else .low == null and .high == null end)) and ([.phases[] | select(.n_base >= 30)] | length >= 4))' "$work/default.json" > /dev/null
# CPU time in the window, from the trace lines themselves: the mean of rates is what the counter says between first and last.
jq -e '.boundaries | all(.gauges | map(select(.name == "CPU")) | all(.collector == "node-trace" and .window > 0))' "$work/default.json" > /dev/null

# A log that leaves out years is told as quickly as any: its missed slots are reckoned and not counted.
mkdir -p "$work/gap/node-0" "$work/gap/genesis"
echo '{"systemStart":"1970-01-01T00:00:00Z","slotLength":1,"epochLength":1000000000}' > "$work/gap/genesis/genesis.shelley.json"
for epoch in 1 2 3; do
	seq $((epoch * 1000000000 - 20)) $((epoch * 1000000000 + 19))
done | jq -c '{at: todate, ns: "Forge.Loop.StartLeadershipCheck", data: {kind: "TraceStartLeadershipCheck", slot: .}, sev: "Info",
	thread: "50", host: "node-0"}' > "$work/gap/node-0/stdout"
"$weir" ingest "$work/gap" -o "$work/gap.weir" --quiet
timeout 60 "$weir" epoch "$work/gap.weir" --json > "$work/gap.json"
jq -e '.boundaries | map([.missed.window, .missed.base]) == [[180, 999999780], [220, 1999999480], [40, 999999740]]
	and (.[0].missed.runs == [{first_slot: 1000000020, slots: 180, pause_s: null}])' "$work/gap.json" > /dev/null || {
	jq -c '.boundaries[].missed' "$work/gap.json"
	exit 1
}

# Pauses: where there is an eventlog they are taken from it, and their overlap with missed slots is what SQL makes of it.
[ "$(jq -r '[.boundaries[] | select(.node == "node-1") | .gc.from] | unique[]' "$work/epoch.json")" = resources ]
"$weir" plugins list | grep -q ghc-eventlog || exit 0
[ "$(jq -r '[.boundaries[] | select(.node == "node-0") | .gc.from] | unique[]' "$work/epoch.json")" = eventlog ]
"$weir" sql "$work/s.weir" "SELECT sum(max(0, min(p.t_ns + p.dur_ns, m.t_ns + m.dur_ns) - max(p.t_ns, m.t_ns))) AS ns FROM spans p, spans m
	WHERE p.node = 'node-0' AND m.node = 'node-0' AND p.metric = 'ghc.gc.pause' AND m.metric = 'cardano.slot.missed'" --json > "$work/overlap"
jq -e --slurpfile o "$work/overlap" '[.boundaries[] | select(.node == "node-0") | .missed.runs[].pause_s] | add
	| (. * 1e9 - $o[0][0].ns | fabs) < 1000 and . > 0.05' "$work/epoch.json" > /dev/null
jq -r '.boundaries[] | select(.node == "node-0") | "\(.from_ns) \(.to_ns) \(.gc.pauses)"' "$work/epoch.json" |
	while read -r from to pauses; do
		found=$("$weir" sql "$work/s.weir" "SELECT count(*) AS n FROM spans WHERE node = 'node-0' AND metric = 'ghc.gc.pause'
			AND t_ns < $to AND t_ns + dur_ns > $from" --json | jq '.[0].n')
		[ "$found" = "$pauses" ] || { echo "$pauses pauses in the window, and SQL counts $found"; exit 1; }
	done
"$weir" epoch "$work/s.weir" --node node-0 | grep -q 'of the missed slots'
