#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# joins.sh WEIR SAMPLE_RUN: what the node's trace says of a thread and what its eventlog says of it are of one thread: the
# numbers match, and what is traced happened while that thread lived, and on the very times at which it ran.
set -eu
weir=$1 sample=$2
"$weir" plugins list | grep -q ghc-eventlog || { echo "skipped: no eventlogs in this build"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
s=$work/s.weir
"$weir" ingest "$sample" -o "$s" --quiet -O ghc-eventlog.detail=threads
ask() { "$weir" sql "$s" --json "$1" | jq -r ".[0] | $2"; }

read -r n n_alive <<END
$(ask "SELECT count(*) AS n, sum(t.t_ns >= l.t_ns - 2000000 AND t.t_ns + t.dur_ns <= l.t_ns + l.dur_ns + 2000000) AS n_alive
	FROM spans t LEFT JOIN spans l ON l.node = t.node AND l.metric = 'ghc.thread.life' AND l.attrs ->> 'label' = 'forge loop'
		AND l.attrs ->> 'thread' = t.attrs ->> 'thread'
	WHERE t.node = 'node-0' AND t.collector = 'node-trace' AND t.metric LIKE 'cardano.forge.%'" '"\(.n) \(.n_alive)"')
END
[ "$n" -gt 100 ] && [ "$n" = "$n_alive" ] || { echo "$n spans of the forge loop, $n_alive while its thread lived"; exit 1; }

# The end of a phase is a line that the thread wrote: within the clock's millisecond of it the thread ran.
read -r n n_ran <<END
$(ask "SELECT count(*) AS n, sum(EXISTS (SELECT 1 FROM spans r WHERE r.node = t.node AND r.metric = 'ghc.thread.run'
		AND r.attrs ->> 'thread' = t.attrs ->> 'thread' AND r.t_ns <= t.t_ns + t.dur_ns + 2000000
		AND r.t_ns + r.dur_ns >= t.t_ns + t.dur_ns - 2000000)) AS n_ran
	FROM spans t WHERE t.node = 'node-0' AND t.collector = 'node-trace' AND t.metric = 'cardano.forge.leadership'" '"\(.n) \(.n_ran)"')
END
[ "$n" -gt 20 ] && [ "$n" = "$n_ran" ] || { echo "$n checks of leadership, $n_ran while the thread ran"; exit 1; }
echo "$n checks of leadership and all phases are of the thread that the eventlog calls forge loop"
