#!/bin/sh
export TRACE_DISPATCHER_LOGGING_HOSTNAME=node-0
/usr/bin/time -o kernel-resource-summary.json -f '{ "wall_clock_s": %e
, "user_cpu_s": %U
, "sys_cpu_s": %S
, "avg_cpu_pct": "%P"
, "rss_peak_kb": %M
, "signals_received": %k
, "ctxsw_involuntary": %c
, "ctxsw_volunt_waits": %w
, "pageflt_major": %F
, "pageflt_minor": %R
, "swaps": %W
, "io_fs_reads": %I
, "io_fs_writes": %O
, "cmdline": "%C"
, "exit_code": %x }' \
cardano-node run --config config.json --topology topology.json --database-path db \
  --host-addr 127.0.0.1 --port 30000 --shutdown-on-slot-synced 120 \
  +RTS -scardano-node.gcstats -RTS +RTS --machine-readable -tcardano-node.stats -pocardano-node -l -P -hc -i0.5 -V0.02 \
  -N2 -I0 -A16m -qg1 -qb1 --disable-delayed-os-memory-return -RTS
echo $? >exit_code
