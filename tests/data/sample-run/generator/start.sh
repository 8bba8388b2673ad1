#!/bin/sh
export TRACE_DISPATCHER_LOGGING_HOSTNAME=generator
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
tx-generator 127.0.0.1 30000 8 20000 120
echo $? >exit_code
