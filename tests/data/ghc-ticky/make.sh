#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes the report of this folder anew with the ghc that is installed, from the program of ../ghc-heap.
set -e
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$here/../ghc-heap/Reservoir.hs" "$work"
cd "$work"
ghc -v0 -O1 -ticky -rtsopts Reservoir.hs -o reservoir
./reservoir 300 +RTS -r -RTS >/dev/null
mv reservoir.ticky "$here"
