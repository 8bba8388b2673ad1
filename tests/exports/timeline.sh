#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# timeline.sh WEIR SAMPLE_RUN: the timeline of the sample run, against the format's document and against the store.
set -eu
weir=$1 sample=$2 here=$(dirname "$0")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$weir" ingest "$sample" -o "$work/s.weir" --quiet
"$weir" export "$work/s.weir" --to chrome -o "$work/s.json"
"$here/check_chrome.py" "$work/s.json" "$weir" "$work/s.weir"
"$weir" export "$work/s.weir" --to chrome --node node-1 | jq -e '[.traceEvents[] | select(.name == "process_name") | .args.name] == ["node-1"]' > /dev/null
# Nodes and runs that are not there, and options that mean nothing here.
for wrong in '--node node-9' '--metric ghc.gc.pause'; do
	if "$weir" export "$work/s.weir" --to chrome -o "$work/wrong.json" $wrong 2> "$work/err"; then echo "$wrong: taken"; exit 1; fi
	[ -s "$work/err" ] && [ ! -e "$work/wrong.json" ]
done
if "$weir" plugins list | grep -q ghc-eventlog; then
	"$weir" ingest "$sample/node-0/cardano-node.eventlog" -o "$work/t.weir" --node node-0 -O ghc-eventlog.detail=threads --quiet
	"$weir" export "$work/t.weir" --to chrome -o "$work/t.json"
	jq -e '[.traceEvents[] | select(.name == "thread_name") | .args.name] | contains(["capability 0", "capability 1", "collections"])' "$work/t.json" > /dev/null
	"$here/check_chrome.py" "$work/t.json" "$weir" "$work/t.weir"
fi
