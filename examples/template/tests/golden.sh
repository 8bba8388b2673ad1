#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# golden.sh WEIR COLLECTOR SAMPLE GOLDEN: what it says of the sample is what it said before. WEIR_GOLDEN_UPDATE=1 rewrites
# the golden file instead.
set -eu

said=$(mktemp)
trap 'rm -f "$said"' EXIT
# 3: the sample has a bad line on purpose.
"$1" plugins try "$2" "$3" >"$said" || [ $? -eq 3 ]
[ -z "${WEIR_GOLDEN_UPDATE:-}" ] || cp "$said" "$4"
diff -u "$4" "$said"
