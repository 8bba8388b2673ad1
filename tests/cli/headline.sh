#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# headline.sh WEIR SAMPLE_RUN: what `weir summary` says first, against what the runtime itself counted for the same process,
# and against the trace lines.
set -eu
weir=$(realpath "$1") sample=$2
"$weir" plugins list | grep -q ghc-eventlog || { echo "skipped: no eventlog collector in this build"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$weir" ingest "$sample" -o "$work/s.weir" --quiet
"$weir" summary "$work/s.weir" --json > "$work/s.json"
of() { jq -r --arg node "$1" --arg name "$2" '.runs[0].headline[] | select(.node == $node and .name == $name) | .value' "$work/s.json"; }
from() { jq -r --arg node "$1" --arg name "$2" '.runs[0].headline[] | select(.node == $node and .name == $name) | .collector' "$work/s.json"; }
same() { [ "$1" = "$2" ] || { echo "$3: $1, and it should be $2"; exit 1; }; }
stat() { sed -n "s/.*(\"$2\", \"\([0-9.]*\)\").*/\1/p" "$sample/$1/cardano-node.stats" | head -1; }

# The runtime's own report counts the same collections as the eventlog.
same "$(from node-0 gc_count)" ghc-eventlog "where the pauses come from"
same "$(from node-1 gc_count)" ghc-rts-stats "where there is no eventlog"
for node in node-0 node-1; do
	same "$(of $node gc_count)" "$(stat $node num_GCs)" "$node: collections"
	same "$(of $node live_peak)" "$(stat $node max_bytes_used)" "$node: live"
done
same "$(of node-0 heap_peak)" $((1048576 * $(stat node-0 peak_megabytes_allocated))) "node-0: heap"
# Pauses contain the collections' own time, and a bit more.
jq -e --argjson gc "$(stat node-0 GC_wall_seconds)" '.runs[0].headline | map(select(.node == "node-0")) | map({(.name): .value}) | add
	| .gc_total / 1e9 > $gc and .gc_total / 1e9 < 1.5 * $gc and .gc_longest < .gc_total
	and ((.gc_share - .gc_total / .wall) | fabs) < 1e-9' "$work/s.json" > /dev/null
for node in node-0 node-1; do
	same "$(of $node slots_missed)" "$(jq -s 'map(select(.epoch != null)) | length' "$sample/$node/truth.jsonl")" "$node: missed slots"
	same "$(of $node slots_started)" "$(grep -c StartLeadershipCheck "$sample/$node/stdout")" "$node: slots"
done
# What was not measured is not there.
jq -e '[.runs[0].headline[] | select(.node == "generator") | .name] | sort == ["cpu", "disk_read", "disk_written", "resident_peak", "wall"]' "$work/s.json" > /dev/null
"$weir" summary "$work/s.weir" > "$work/s.txt"
grep -Eq '^  node +wall +CPU +productivity +GCs +GC time +of wall +longest +heap peak' "$work/s.txt"
if grep -Eq "^  node.* gaps( |$)" "$work/s.txt"; then echo "damage in a whole log"; exit 1; fi

# A histogram's mean is that of what it counted, not of its rows.
"$weir" sql "$work/s.weir" "SELECT sum(sum) / sum(count) / 1000 AS us FROM histograms WHERE metric = 'ghc.gc.sync'" --json |
	jq -r '.[0].us' > "$work/mean"
awk -v mean="$(cat "$work/mean")" '$1 == "ghc.gc.sync" { right = $7 == "us" && ($6 - mean) ^ 2 < 1e-4 * mean ^ 2 } END { exit !right }' \
	"$work/s.txt" || { echo "ghc.gc.sync: its mean is not $(cat "$work/mean") us"; exit 1; }

# A log without its end, and one with a hole.
head -c 200001 "$sample/node-0/cardano-node.eventlog" > "$work/cut.eventlog"
cp "$sample/node-0/cardano-node.eventlog" "$work/hole.eventlog"
head -c 400 /dev/zero | tr '\0' '\377' | dd of="$work/hole.eventlog" bs=1 seek=120001 conv=notrunc 2> "$work/dd"
for log in cut hole; do
	"$weir" ingest "$work/$log.eventlog" -o "$work/$log.weir" --quiet 2> "$work/err" || [ $? -eq 3 ]
	"$weir" summary "$work/$log.weir" --json | jq -e '[.runs[0].headline[] | select(.name == "damages") | .value] | length == 1 and .[0] >= 1' > /dev/null ||
		{ echo "$log: no damage is shown"; exit 1; }
	"$weir" summary "$work/$log.weir" | grep -Eq "^  node.* gaps( |$)"
	# The bytes are those that the warnings name.
	"$weir" sql "$work/$log.weir" "SELECT message FROM diags WHERE code IN ('eventlog.gap', 'eventlog.short')" --json |
		jq '[.[].message | capture("(?<n>[0-9]+) bytes").n | tonumber] | add' > "$work/named"
	"$weir" summary "$work/$log.weir" --json | jq '[.runs[0].headline[] | select(.name == "damaged") | .value][0]' | cmp - "$work/named"
done
# Who wrote it, from the log alone.
"$weir" summary "$work/hole.weir" | grep -Eq "^  main .* 9.0.2 +rts_thr_p " || { echo "no version, or no way"; exit 1; }

# A heap profile alone: its largest census, as the file has it.
"$weir" ingest "$sample/node-0/cardano-node.hp" -o "$work/hp.weir" --node n --quiet
awk '/^BEGIN_SAMPLE/ { sum = 0 } $NF ~ /^[0-9]+$/ && !/_SAMPLE/ { sum += $NF } /^END_SAMPLE/ && sum > most { most = sum } END { print most }' \
	"$sample/node-0/cardano-node.hp" > "$work/most"
"$weir" summary "$work/hp.weir" --json | jq '[.runs[].headline[] | select(.node == "n" and .name == "heap_profile_peak") | .value][0]' | cmp - "$work/most"

# What a recording cost, of the store's own figures.
(cd "$work" && "$weir" record -q -c proc,self -o live.weir -- sleep 1.2)
"$weir" sql "$work/live.weir" "SELECT (SELECT sum(m) FROM (SELECT max(value) m FROM numbers WHERE metric = 'weir.cost.cpu' GROUP BY attrs)) cpu,
	(SELECT sum(m) FROM (SELECT max(value) - min(value) m FROM numbers WHERE metric IN ('weir.cost.cpu', 'weir.cost.bpf.time') GROUP BY metric, attrs)) grown,
	(SELECT t_last_ns - t_first_ns FROM sources WHERE collector = 'self') life" --json > "$work/cost.json"
"$weir" summary "$work/live.weir" --json | jq -e --slurpfile c "$work/cost.json" '.runs[0].headline | map({(.name): .value}) | add
	| .weir_cpu == $c[0][0].cpu and .weir_memory > 1e6 and ((.weir_share * $c[0][0].life - $c[0][0].grown) | fabs) < 1' > /dev/null ||
	{ echo "what weir cost: $(cat "$work/cost.json")"; exit 1; }
"$weir" summary "$work/live.weir" | grep -q '^  node .*weir itself, CPU .*of a core'
