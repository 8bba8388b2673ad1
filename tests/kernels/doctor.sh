#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Which rungs `weir doctor` chooses: doctor.sh WEIR COLLECTOR=RUNG...
weir=$1
shift
"$weir" doctor
code=$?
[ $code = 0 ] || [ $code = 3 ] || exit $code
said=$(mktemp)
trap 'rm -f "$said"' EXIT
"$weir" doctor --json >"$said" 2>/dev/null
for pair in "$@"; do
	used=$(jq -r ".[] | select(.collector == \"${pair%%=*}\") | .parts[0].used" "$said")
	[ "$used" = "${pair#*=}" ] || {
		echo "${pair%%=*}: measures by $used, not by ${pair#*=}"
		exit 1
	}
done
