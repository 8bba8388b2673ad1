#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Each program for the kernel compiles for AArch64 too, without a word. usage: arm64.sh CLANG SOURCE_ROOT
set -e
headers=/usr/aarch64-linux-gnu/include
[ -e $headers/asm/ptrace.h ] || { echo "skipped: no kernel headers of AArch64 (linux-libc-dev-arm64-cross)"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
n=0
for source in "$2"/bpf/*.bpf.c; do
	"$1" -target bpf -D__TARGET_ARCH_arm64 -mcpu=v3 -O2 -g -Wall -Wextra -Wshadow -Werror -Wno-unused-parameter \
		-Wno-missing-field-initializers -Wno-address-of-packed-member -I "$2" -idirafter $headers -c "$source" -o "$work/o"
	n=$((n + 1))
done
echo "$n programs"
[ $n -ge 5 ]
