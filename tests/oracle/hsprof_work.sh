# SPDX-License-Identifier: Apache-2.0
# Sourced by what profiles programs that ghc compiles, with its arguments: PYTHON LIVE SOURCE_ROOT. Ends the test where one of
# both cannot be done; else the working folder is an empty one, and gone at the end.
set -e
python=$1 live=$(realpath "$2") root=$3
command -v ghc >/dev/null || { echo "skipped: there is no ghc"; exit 77; }
capabilities=$(sed -n 's/^CapEff:[[:space:]]*//p' /proc/self/status)
for capability in 38:CAP_PERFMON 39:CAP_BPF; do
	[ $((0x$capabilities >> ${capability%%:*} & 1)) -eq 1 ] || { echo "skipped: it takes ${capability##*:}"; exit 77; }
done
[ -e /sys/kernel/btf/vmlinux ] || { echo "skipped: this kernel shows no types of its own"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
say() { "$python" "$root/tests/oracle/hsprof.py" "$@"; }
