#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# `weir plugins new` from an installation: what it writes builds outside the tree, with nothing but what was installed,
# which need not be in PATH, and passes its own tests: scaffold.sh BUILD. One name has dashes, which dotted names cannot
# have.
build=$1
source "$(dirname "$0")/../support/said.sh"

stage "$build" "$work/weir"
pc=$(dirname "$(find "$work/weir" -name weir.pc)")
unset CFLAGS CPATH
export PKG_CONFIG_PATH=$pc
weir() { "$work/weir/bin/weir" "$@"; }

for name in counter my-own-thing-2; do
	weir plugins new "$name" >"$name.said"
	grep -q "cd $name" "$name.said" || fail "$name: new does not say what is next: $(cat "$name.said")"
	[ "$(wc -l <"$name/$name.c")" -lt 80 ] || fail "$name: it has $(wc -l <"$name/$name.c") lines"
	! grep -rEi 'newcomer|arrival' "$name" || fail "$name: something of the template's name is left"
	meson setup "$name/build" "$name" >"$name.log" 2>&1 || fail "$name: meson setup: $(tail "$name.log")"
	! ninja -C "$name/build" 2>&1 | grep -i warning || fail "$name: the compiler warns"
	meson test -C "$name/build" >"$name.log" 2>&1 || fail "$name: meson test: $(cat "$name.log"; tail -40 "$name/build/meson-logs/testlog.txt")"
	weir plugins check --sample "$name/tests/sample.$name" "$name/build/$name.so" >"$name.log" ||
		fail "$name: $(grep -A2 FAIL "$name.log")"
	! grep -q '^warn' "$name.log" || fail "$name: $(grep -A2 '^warn' "$name.log")"
	WEIR_PLUGIN_PATH=$work/$name/build weir plugins list | grep -q "^$name " || fail "$name: not listed"
done

# Golden files are rewritten when asked, and matter when not.
sed -i 's/"value":7/"value":8/' counter/tests/golden.json
! meson test -C counter/build golden >/dev/null 2>&1 || fail "counter: a wrong golden file passes"
WEIR_GOLDEN_UPDATE=1 meson test -C counter/build golden >/dev/null 2>&1 || fail "counter: cannot rewrite"
grep -q '"value":7' counter/tests/golden.json || fail "counter: not rewritten"

# What is there already stays.
weir plugins new counter 2>said && fail "counter: overwritten"
grep -q 'new: counter: is there already' said || fail "counter: $(cat said)"
weir plugins new Counter 2>said && fail "Counter: taken"
grep -q 'new: Counter: not 1 to 32 lower case letters' said || fail "Counter: $(cat said)"
