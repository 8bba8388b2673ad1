# SPDX-License-Identifier: Apache-2.0
# Completion of weir for bash. Asks the program itself (`weir help --complete`: verb, option, argument, help, separated
# by tabs), so it knows what the installed weir knows.

_weir() {
	local word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} verb=${COMP_WORDS[1]} table argument
	COMPREPLY=()
	table=$("${COMP_WORDS[0]}" help --complete 2>/dev/null) || return
	if [ "$COMP_CWORD" = 1 ] || { [ "$COMP_CWORD" = 2 ] && [ "$verb" = help ] && [[ $word != -* ]]; }; then
		mapfile -t COMPREPLY < <(compgen -W "$(awk -F'\t' '$2 == "" { print $1 }' <<<"$table")" -- "$word")
		return
	fi
	argument=$(awk -F'\t' -v v="$verb" -v o="$previous" '$1 == v && $2 == o { print $3 }' <<<"$table")
	case $argument in
	*'|'*) mapfile -t COMPREPLY < <(compgen -W "${argument//|/ }" -- "$word") ;;
	'')
		[[ $word != -* ]] ||
			mapfile -t COMPREPLY < <(compgen -W "$(awk -F'\t' -v v="$verb" '$1 == v && $2 != "" { print $2 }' <<<"$table")" -- "$word")
		;;
	esac
}

complete -o bashdefault -o default -F _weir weir
