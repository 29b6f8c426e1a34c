# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# completion.bash — what bash offers when Tab is pressed after "mqttnode"
#
# A test compares the commands and options with those of src/main.c.

# The words that may follow a command; without one it is "run".
_mqttnode_options() {
	case $1 in
	run | '') echo '-c --config -i --instance --socket' ;;
	check) echo '-c --config -i --instance --host-set' ;;
	doctor) echo '-c --config -i --instance --json --socket' ;;
	status) echo '-i --instance --json --socket --watch' ;;
	forget) echo '-i --instance --socket' ;;
	screen) echo '-i --instance --png --socket --watch' ;;
	esac
}

# The names of the instances that have a configuration.
_mqttnode_instances() {
	local file
	for file in /etc/mqttnode/*.conf; do
		[ -e "$file" ] && basename "$file" .conf
	done
}

_mqttnode() {
	local commands='run check status screen doctor forget'
	local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
	local word command='' words=''

	COMPREPLY=()
	case $previous in
	-c | --config | --png | --socket)
		mapfile -t COMPREPLY < <(compgen -f -- "$current")
		compopt -o filenames 2>/dev/null
		return
		;;
	-i | --instance)
		mapfile -t COMPREPLY < <(compgen -W "$(_mqttnode_instances)" -- "$current")
		return
		;;
	esac

	for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
		[[ " $commands " == *" $word "* ]] && command=$word && break
	done
	words=$(_mqttnode_options "$command")
	if [ -z "$command" ]; then
		words="$commands $words --help --version"
	elif [ "$command" = check ] && [[ $current != -* ]]; then
		mapfile -t COMPREPLY < <(compgen -f -- "$current")
		compopt -o filenames 2>/dev/null
		return
	fi
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}

complete -F _mqttnode mqttnode
