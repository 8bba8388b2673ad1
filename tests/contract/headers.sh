#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Each public header compiles alone, in C11 and in C++17, with everything that a pedant can ask for; so does a collector
# in either language: headers.sh INCLUDE CC CXX. The pair of the contract needs nothing but libc's integer headers.
set -euo pipefail

include=$1 cc=$2 cxx=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
n=0

compile() {
	local compiler=$1 standard=$2 language=$3 file=$4
	"$compiler" -std="$standard" -x "$language" -I"$include" -pedantic-errors -Wall -Wextra -Werror -Wshadow -Wundef \
		-fsyntax-only "$file" || {
		echo "failed: $(basename "$file") with $compiler as $standard"
		exit 1
	}
	n=$((n + 1))
}

for header in "$include"/weir/*.h; do
	name=weir/$(basename "$header")
	printf '#include <%s>\n#include <%s>\n' "$name" "$name" >"$work/alone.c"
	compile "$cc" c11 c "$work/alone.c"
	command -v "$cxx" >/dev/null && compile "$cxx" c++17 c++ "$work/alone.c"
done

cat >"$work/collector.c" <<'TEXT'
#include <weir/collector.h>
static int poll_it(struct weir_instance *i, int64_t now_ns, struct weir_error *reterr)
{
	return i && now_ns && reterr ? WEIR_END : -1;
}
static int open_it(const struct weir_host *h, struct weir_instance **ret, struct weir_error *reterr)
{
	*ret = 0;
	(void)reterr;
	return WEIR_HAS(h, diag) && h->abi_major == WEIR_ABI_MAJOR ? WEIR_OK : -1;
}
static void close_it(struct weir_instance *i)
{
	(void)i;
}
const struct weir_collector weir_collector = {
	WEIR_ABI_MAJOR, WEIR_ABI_MINOR, sizeof(struct weir_collector), 0, "a", "1", "s", "l",
	0, 0, 0, 0, 0, 0, 0, 0, 0, open_it, poll_it, close_it, 0
};
TEXT
compile "$cc" c11 c "$work/collector.c"
command -v "$cxx" >/dev/null && compile "$cxx" c++17 c++ "$work/collector.c"

# What the pair pulls in, beyond itself.
printf '#include <weir/collector.h>\n' >"$work/alone.c"
direct=$(grep -hoE '^#include <[^>]+>' "$include"/weir/{host,collector}.h | sort -u | tr '\n' ' ')
[ "$direct" = '#include <stddef.h> #include <stdint.h> #include <weir/host.h> ' ] || {
	echo "failed: the contract includes $direct"
	exit 1
}
command -v "$cxx" >/dev/null || echo "no C++ compiler: only C11 was tried"
echo "$n compilations"
