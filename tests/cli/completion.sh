#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Asks each shell what it would complete: completion.sh WEIR. Once with the real program, once with one whose options are
# known.
set -euo pipefail

weir=$(realpath "$1")
here=$(realpath "$(dirname "$0")/../../cli/completion")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/real" "$work/fake"
ln -s "$weir" "$work/real/weir"
cat >"$work/fake/weir" <<'TEXT'
#!/bin/sh
printf 'help\t\t\tmore\nexport\t\t\twrite files\nexport\t--to\tcsv|folded\tformat\nexport\t-o\tPATH\twhere to\nexport\t--json\t\tas JSON\n'
TEXT
chmod +x "$work/fake/weir"
for shell in bash zsh fish; do
	command -v $shell >/dev/null || { echo "skipped: $shell is not installed" && exit 77; }
done

# Each prints the candidates for `weir WORD...`, the last word being the one to complete, one a line.
ask_bash() {
	bash -c 'source "$1/weir.bash"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _weir; printf "%s\n" "${COMPREPLY[@]}"' \
		bash "$here" "$@"
}

ask_zsh() {
	zsh -fc '
		_describe() { [[ $1 == -o ]] && shift; print -l -- "${(@)${(@P)2}%%:*}"; }
		compadd() { shift; print -l -- "$@"; }
		_files() { print FILES; }
		file=$1/_weir; shift
		words=("$@"); CURRENT=$#; PREFIX=$words[CURRENT]
		source $file' zsh "$here" "$@"
}

ask_fish() {
	fish -c 'source $argv[1]/weir.fish; complete -C (string join " " -- $argv[2..])' "$here" "$@" | cut -f1
}

expect() {
	local shell=$1 line=$2 want=$3 got
	shift 3
	got=$("ask_$shell" "$@" | sort -u | tr '\n' ' ')
	for word in $want; do
		[[ " $got" == *" $word "* ]] || { echo "failed: $shell: $line: completes to [ $got], without $word" && exit 1; }
	done
	for word in ${WITHOUT-}; do
		[[ " $got" != *" $word "* ]] || { echo "failed: $shell: $line: completes to [ $got], with $word" && exit 1; }
	done
	echo "$shell: $line: $got"
}

for shell in bash zsh fish; do
	PATH=$work/real:$PATH expect $shell 'weir <TAB>' "$("$weir" --verbs | tr '\n' ' ')" weir ''
	PATH=$work/real:$PATH expect $shell 'weir help --<TAB>' '--complete --help' weir help --
	export PATH=$work/fake:$PATH
	WITHOUT='--to' expect $shell 'weir <TAB>' 'help export' weir ''
	WITHOUT='csv' expect $shell 'weir export --<TAB>' '--to --json' weir export --
	WITHOUT='--json' expect $shell 'weir export --to <TAB>' 'csv folded' weir export --to ''
	WITHOUT='csv --json' expect $shell 'weir help <TAB>' 'help export' weir help ''
	PATH=${PATH#*:}
done
