#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# devtools.sh WEIR SAMPLE_RUN: what the trace engine of Chrome's DevTools makes of our timelines. Skipped where node and its npm
# package are not installed (`npm install -g @paulirish/trace_engine`, or WEIR_TRACE_ENGINE is its folder).
set -eu
weir=$1 sample=$2 here=$(dirname "$0")
command -v node > /dev/null || { echo "skipped: no node"; exit 77; }
package=${WEIR_TRACE_ENGINE:-$(npm root -g 2> /dev/null || true)/@paulirish/trace_engine}
[ -d "$package/models" ] || { echo "skipped: the npm package @paulirish/trace_engine is not installed"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$weir" ingest "$sample" -o "$work/s.weir" --quiet
"$weir" export "$work/s.weir" --to chrome -o "$work/s.json"
node "$here/devtools_import.mjs" "$package" "$work/s.json"
if "$weir" plugins list | grep -q ghc-eventlog; then
	"$weir" ingest "$sample/node-0/cardano-node.eventlog" -o "$work/t.weir" -O ghc-eventlog.detail=threads --quiet
	"$weir" export "$work/t.weir" --to chrome -o "$work/t.json"
	node "$here/devtools_import.mjs" "$package" "$work/t.json"
fi
