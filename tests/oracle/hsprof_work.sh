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

# What the machine under this one takes away meanwhile is in FILE.stolen: a sampling clock runs on, a process's does not.
stolen() { awk -v hz="$(getconf CLK_TCK)" '$1 == "cpu" { printf "%.0f\n", $9 * 1e9 / hz }' /proc/stat; }
watch() # FILE COMMAND...
{
	out=$1 taken=$(stolen) elapsed=$(date +%s%N)
	shift
	"$@" 3>"$out"
	taken=$(($(stolen) - taken)) elapsed=$(($(date +%s%N) - elapsed))
	echo $taken >"$out.stolen"
}

# Of a run that lost much to others no time can be checked: a timer that falls due often while the processor is away fires
# once when it is back, and the process's clock may not know of all that was taken. Such a run is made anew. most is how many
# hundredths may be stolen, 10 where nothing is said.
undisturbed() # watch, or what calls it, FILE...
{
	for _ in 1 2 3 4 5 6; do
		"$@"
		[ $((100 * taken)) -ge $((${most:-10} * elapsed)) ] || return 0
		echo "made anew: $2, from which $((taken / 1000000)) ms of $((elapsed / 1000000)) were stolen" >&2
	done
}
