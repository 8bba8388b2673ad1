#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# speedscope.sh WEIR SAMPLE_RUN: what speedscope's own importer makes of our timelines, profiles and folded stacks. Skipped
# where node and the npm package `speedscope` are not installed (`npm install -g speedscope`, or WEIR_SPEEDSCOPE is its folder).
set -eu
weir=$1 sample=$2 here=$(dirname "$0")
command -v node > /dev/null || { echo "skipped: no node"; exit 77; }
package=${WEIR_SPEEDSCOPE:-$(npm root -g 2> /dev/null || true)/speedscope}
[ -d "$package/dist" ] || { echo "skipped: the npm package speedscope is not installed"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
import() { node "$here/speedscope_import.js" "$package" "$@"; }
"$weir" ingest "$sample" -o "$work/s.weir" --quiet

"$weir" export "$work/s.weir" --to chrome -o "$work/s.json"
import "$work/s.json" > "$work/timeline"
jq -e 'map(.name) | any(contains("forge loop")) and any(contains("missed slots"))' "$work/timeline" > /dev/null

for metric in ghc.profile.ticks ghc.profile.entries ghc.heap.residency; do
	"$weir" export "$work/s.weir" --to speedscope --metric $metric -o "$work/$metric.speedscope.json"
	import "$work/$metric.speedscope.json" > "$work/evented"
	"$weir" profile "$work/s.weir" --metric $metric --json > "$work/profile"
	# Profile by profile: as many, and what its nodes sum up to.
	jq -e --slurpfile p "$work/profile" '([.[].total] | add) as $got | ([$p[0].profiles[].nodes[].total] | add) as $want
		| length == ([$p[0].profiles[].nodes[]] | length) and (($got - $want) | fabs) <= 1e-6 * $want' "$work/evented" > /dev/null ||
		{ echo "$metric: speedscope reads $(cut -c1-200 "$work/evented")"; exit 1; }
	"$weir" export "$work/s.weir" --to folded --metric $metric -o "$work/$metric.folded.txt"
	import "$work/$metric.folded.txt" > "$work/folded"
	# Whole numbers: each stack is rounded.
	jq -e --slurpfile p "$work/profile" --argjson n "$(wc -l < "$work/$metric.folded.txt")" '([.[].total] | add) as $got
		| ([$p[0].profiles[].nodes[].total] | add) as $want | (($got - $want) | fabs) <= $n' "$work/folded" > /dev/null
done
