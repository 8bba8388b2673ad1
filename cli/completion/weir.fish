# SPDX-License-Identifier: Apache-2.0
# Completion of weir for fish. Asks the program itself (`weir help --complete`: verb, option, argument, help, separated
# by tabs), so it knows what the installed weir knows.

function __weir_table
	set -l words (commandline -opc)
	command $words[1] help --complete 2>/dev/null
end

function __weir_verbs
	__weir_table | string replace -rf '^([^\t]+)\t\t\t(.*)$' '$1\t$2'
end

function __weir_options
	set -l words (commandline -opc)
	__weir_table | string replace -rf "^$words[2]\t(-[^\t]*)\t[^\t]*\t(.*)\$" '$1\t$2'
end

# The choices of the option that stands before the cursor, when it names them.
function __weir_choices
	set -l words (commandline -opc)
	__weir_table | string replace -rf "^$words[2]\t$words[-1]\t([^\t]*\|[^\t]*)\t.*\$" '$1' | string split '|'
end

function __weir_at_verb
	set -l words (commandline -opc)
	string match -qv -- "-*" (commandline -ct)
	and begin
		test (count $words) -eq 1; or test (count $words) -eq 2 -a "$words[2]" = help
	end
end

complete -c weir -n __weir_at_verb -f -a '(__weir_verbs)'
complete -c weir -n 'not __weir_at_verb; and string match -q -- "-*" (commandline -ct)' -a '(__weir_options)'
complete -c weir -n 'not __weir_at_verb; and test -n "$(__weir_choices)"' -f -a '(__weir_choices)'
