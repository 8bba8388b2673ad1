#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What locli reads, read with jq as the workbench does, and held against a second reading of the reports by awk:
# locli.sh WEIR SAMPLE_RUN.
command -v jq >/dev/null || { echo "skipped: jq is not installed" && exit 77; }
weir=$(realpath "$1") sample=$(realpath "$2")
source "$(dirname "$0")/../support/said.sh"
cp -r "$sample" run
mkdir run/analysis

# As analyse.sh leaves it, with a number that no double holds and keys in an order of their own.
cat >run/analysis/log-manifest-db.json <<'TEXT'
{ "rlHostLogs": {
    "node-1": { "hlProfile": [{"peFunc": "old"}], "hlRawLines": 123456789012345678901,
                "hlLogs": ["logs-node-1.sqlite3", null], "hlRawTraceFreqs": {}, "hlRawLogfiles": ["stdout"] },
    "node-0": { "hlRawLogfiles": ["stdout"], "hlRawLines": 0, "hlRawTraceFreqs": {},
                "hlLogs": ["logs-node-0.sqlite3", null], "hlProfile": [] } },
  "rlFilterDate": "2026-11-21T03:02:00Z" }
TEXT
cp run/analysis/log-manifest-db.json before.json

"$weir" ingest run -o s.weir -q 2>/dev/null || [ $? = 3 ] || fail "ingest"
"$weir" export s.weir --to locli -o run >/dev/null || fail "export"

manifest=run/analysis/log-manifest-db.json
for node in node-0 node-1; do
	rows=run/analysis/logs-$node.flt.prof.json
	# The workbench's own step, over what weir wrote, changes nothing.
	jq --slurpfile profile "$rows" '.rlHostLogs["'$node'"] += { hlProfile: $profile }' "$manifest" >again.json
	cmp <(jq -S . "$manifest") <(jq -S . again.json) || fail "$node: manifest and rows differ"
	jq -es 'length > 0 and all(.[]; keys == ["peAlloc", "peFunc", "peModule", "peSrcLoc", "peTime"]
		and ([.peFunc, .peModule, .peSrcLoc] | all(type == "string")) and ([.peTime, .peAlloc] | all(type == "number")))
		and ([.[].peFunc] | length == (unique | length))
		and (map(.peTime) == (map(.peTime) | sort | reverse))' "$rows" >/dev/null || fail "$node: shape of rows"
done
grep -q 123456789012345678901 "$manifest" || fail "a number was rewritten"
cmp <(jq -c 'del(.rlHostLogs[].hlProfile)' before.json) <(jq -c 'del(.rlHostLogs[].hlProfile)' "$manifest") ||
	fail "more than profiles has changed"

# A second reading: rows of the tree, from the right, added up by label and module.
read_report() {
	awk '
		/^COST CENTRE .* no\. / { in_tree = 1; exact = / bytes/; next }
		!in_tree || NF < 9 { next }
		exact { time = $(NF - 1); alloc = $NF }
		!exact { time = $(NF - 3); alloc = $(NF - 2) }
		{ key = $1 "\t" $2; times[key] += time; allocs[key] += alloc; all_time += time; all_alloc += alloc }
		END {
			if (!exact) all_time = all_alloc = 100
			for (key in times)
				printf "%s\t%.6f\t%.6f\n", key, 100 * times[key] / all_time, 100 * allocs[key] / all_alloc
		}' "$1"
}
for node in node-0 node-1; do
	read_report run/$node/cardano-node.prof >$node.tsv
done
# Names that stand for more than one module, on whatever node.
cat node-?.tsv | cut -f1,2 | sort -u | cut -f1 | sort | uniq -d >twice
for node in node-0 node-1; do
	awk -F'\t' 'NR == FNR { twice[$1]; next } { print ($1 in twice ? $2 "." $1 : $1) "\t" $2 "\t" $3 "\t" $4 }' twice $node.tsv |
		sort >expected
	jq -r '[.peFunc, .peModule, (.peTime, .peAlloc | tostring)] | join("\t")' run/analysis/logs-$node.flt.prof.json |
		awk -F'\t' '{ printf "%s\t%s\t%.6f\t%.6f\n", $1, $2, $3, $4 }' | sort >found
	[ -s expected ] || fail "$node: the second reading found nothing"
	diff <(cut -f1,2 expected) <(cut -f1,2 found) || fail "$node: functions"
	paste expected found | awk -F'\t' '
		function off(a, b) { return a > b ? a - b : b - a }
		off($3, $7) > 2e-6 || off($4, $8) > 2e-6 { print; bad = 1 }
		END { exit bad }' || fail "$node: percentages"
done
[ -s twice ] || fail "the sample has no two functions of one name: this test proves less than it should"

# The same again gives the same bytes.
cp -r run/analysis first
"$weir" export s.weir --to locli -o run >/dev/null 2>&1 || fail "export"
diff -r first run/analysis || fail "the second time differs"
# A manifest that is not JSON stays as it is, and is said.
echo '{"rlHostLogs": {' >run/analysis/log-manifest.json
if "$weir" export s.weir --to locli -o run >/dev/null 2>said; then fail "a broken manifest was not said"; fi
grep -q 'log-manifest.json: offset' said || fail "the sentence about a broken manifest"
[ "$(cat run/analysis/log-manifest.json)" = '{"rlHostLogs": {' ] || fail "a broken manifest was touched"

# With the logs in one go: both manifests of a run that had none have the profiles of both nodes.
cp -r "$sample" whole
"$weir" ingest whole -o whole.weir --locli -q 2>/dev/null || [ $? = 3 ] || fail "ingest --locli"
for manifest in whole/analysis/log-manifest.json whole/analysis/log-manifest-db.json; do
	jq -e --slurpfile one whole/analysis/logs-node-1.flt.prof.json '.rlHostLogs["node-1"].hlProfile == $one
		and (.rlHostLogs["node-0"].hlProfile | length > 0) and (.rlHostLogs["node-0"].hlRawLogfiles | length == 1)' \
		"$manifest" >/dev/null || fail "$manifest"
done

# A run does not choose what is written over: a link among its files goes, what it led to stays, and so does what a link
# in the place of its analysis/ leads to.
cp -r "$sample" linked
mkdir -p linked/analysis elsewhere
echo precious >precious
for file in logs-node-0.flt.prof.json logs-node-0.flt.json logs-node-0.tracefreq.json logs-node-0.sqlite3 hash-timeline.json; do
	ln -s ../../precious linked/analysis/$file
done
"$weir" ingest linked -o linked.weir --locli -q || fail "a run with links"
[ "$(cat precious)" = precious ] || fail "what a link led to was written over"
diff -r --exclude='log-manifest*' --exclude=SHA256SUMS --exclude='*.sqlite3' whole/analysis linked/analysis || fail "links changed what was written"
[ -z "$(find linked/analysis -type l)" ] || fail "links are left"
rm -r linked/analysis
ln -s ../elsewhere linked/analysis
code=0
"$weir" ingest linked -o linked.weir --locli -q 2>said || code=$?
[ $code = 3 ] || fail "analysis/ is a link: exit code $code"
grep -q 'linked/analysis: a link that leads out of the run' said || fail "analysis/ is a link: $(cat said)"
[ -z "$(ls elsewhere)" ] || fail "what was linked was written to: $(ls elsewhere)"
# Within the run it may be one.
mkdir linked/results
ln -sfn results linked/analysis
"$weir" ingest linked -o linked.weir --locli -q || fail "a link within the run"
[ -e linked/results/log-manifest.json ] || fail "a link within the run: $(ls linked/results)"
