#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Installs a build into a temporary folder, moves it, and works with what lies there: installed.sh BUILD SAMPLE_RUN.
set -euo pipefail

build=$1
sample=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
	echo "failed: $*"
	exit 1
}

DESTDIR=$work/staged meson install -C "$build" --no-rebuild --quiet
prefix=$(meson introspect "$build" --buildoptions | jq -r '.[] | select(.name == "prefix").value')
# Nothing may remember where it was installed.
mv "$work/staged$prefix" "$work/moved"
cd "$work/moved"

have() {
	local pattern
	for pattern in "$@"; do
		[ -n "$(find . -path "./$pattern" -size +0 -print -quit)" ] || fail "$pattern: not installed"
	done
}
have bin/weir 'include/weir/host.h' 'include/weir/collector.h' 'include/weir/fail.h' '*/pkgconfig/weir.pc' \
	share/bash-completion/completions/weir share/zsh/site-functions/_weir share/fish/vendor_completions.d/weir.fish
if command -v scdoc >/dev/null; then
	have share/man/man1/weir.1 share/man/man7/weir-collector.7
	for verb in $(bin/weir --verbs); do have "share/man/man1/weir-$verb.1"; done
fi
[ "$(env -i bin/weir --version)" = "weir $(meson introspect "$build" --projectinfo | jq -r .version)" ] || fail "weir --version"

# All of the build's collectors, from where they were installed and not from the build.
for collector in "$build"/collectors/*.so; do
	name=$(basename "$collector" .so)
	bin/weir plugins list | grep -q "^$name .* $PWD/.*/$name.so\$" || fail "$name: an installed weir doesn't find it"
done

# The headers and weir.pc are all that a collector needs.
pc=$PWD/$(dirname "$(find . -name weir.pc)")
ask() {
	PKG_CONFIG_PATH=$pc pkg-config --define-variable=prefix="$PWD" "$@" weir
}
cat >"$work/user.c" <<'TEXT'
#include <weir/collector.h>
extern const struct weir_collector weir_collector;
int main(void)
{
	return (int)weir_collector.abi_major;
}
TEXT
# shellcheck disable=SC2046
cc -std=c11 -Wall $(ask --cflags) -fsyntax-only "$work/user.c" || fail "weir.pc: $(ask --cflags): no headers there"
[ -d "$(ask --variable=plugindir)" ] || [ -z "$(find "$build/collectors" -name '*.so' -print -quit)" ] ||
	fail "weir.pc: plugindir: $(ask --variable=plugindir): not where collectors were installed"
