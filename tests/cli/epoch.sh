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
