# SPDX-License-Identifier: Apache-2.0
# For scripts that run programs and read what they say; sourced. Leaves them in a folder of their own, $work, that goes
# when they end.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
unset WEIR_PLUGIN_PATH

fail() {
	echo "failed: $*"
	exit 1
}

# CODE COMMAND...: what it printed is in the files out and err. CODE `any`: whatever it is.
expect() {
	local expected=$1 code=0
	shift
	"$@" >out 2>err || code=$?
	[ "$expected" = any ] || [ "$code" = "$expected" ] || fail "$*: exit code $code, not $expected: $(cat err out)"
}
says() { grep -qF -- "$1" out || fail "not said: $1; but: $(cat out)"; }
complains() { grep -qF -- "$1" err || fail "not complained: $1; but: $(cat err)"; }

# BUILD WHERE: what `meson install` would make of its prefix, as the folder WHERE.
stage() {
	DESTDIR=$work/staged meson install -C "$1" --no-rebuild --quiet
	mv "$work/staged$(meson introspect "$1" --buildoptions | jq -r '.[] | select(.name == "prefix").value')" "$2"
}
