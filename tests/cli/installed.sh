#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Installs a build into a temporary folder, moves it, and works with what lies there: installed.sh BUILD SAMPLE_RUN.
build=$1
sample=$2
source "$(dirname "$0")/../support/said.sh"

# Nothing may remember where it was installed.
stage "$build" "$work/moved"
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

# It reads the sample run like the build does.
env -i PATH="$PATH" bin/weir ingest "$sample" -o "$work/installed.weir" --quiet || fail "ingest: exit code $?"
"$build/weir" ingest "$sample" -o "$work/built.weir" --quiet
for query in "select run, node, collector, path, sha256, status, read, stored, skipped, bad from sources order by 1, 2, 3, 4" \
	"select node, metric, stack, self, inclusive from weights order by 1, 2, 3, 4, 5"; do
	[ "$(bin/weir sql "$work/installed.weir" "$query" --json)" = "$("$build/weir" sql "$work/built.weir" "$query" --json)" ] ||
		fail "sql: $query: not what the build says"
done

# A collector from its template, built outside of everything with what was installed.
PKG_CONFIG_PATH=$(dirname "$(find "$PWD" -name weir.pc)")
export PKG_CONFIG_PATH PATH=$PWD/bin:$PATH
[ "$(pkg-config --variable=plugindir weir)" -ef "$(dirname "$(find "$PWD" -name "$name.so")")" ] ||
	fail "weir.pc: plugindir: $(pkg-config --variable=plugindir weir): not where collectors were installed"
quietly() {
	"$@" >"$work/log" 2>&1 || { cat "$work/log" && fail "$*"; }
}
cd "$work"
quietly weir plugins new newcomer
quietly meson setup newcomer/build newcomer
quietly meson test -C newcomer/build
quietly weir plugins check --sample newcomer/tests/sample.newcomer newcomer/build/newcomer.so
