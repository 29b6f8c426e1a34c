# SPDX-License-Identifier: MIT
"""check_completion.py — what bash offers after "mqttnode" is what the program takes

Usage: check_completion.py ROOT
"""
import pathlib
import re
import subprocess
import sys
import tempfile

import tap

# Asks bash what it would offer for the last of the words given.
ASK = '''
. "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
_mqttnode
printf '%s\\n' "${COMPREPLY[@]}"
'''


def offered(script, *words, cwd='/'):
    """What is offered when Tab is pressed at the end of "mqttnode WORDS"."""
    result = subprocess.run(['bash', '-c', ASK, 'bash', script, 'mqttnode', *words], check=True,
                            capture_output=True, text=True, cwd=cwd)
    return set(result.stdout.split()) | ({result.stderr} if result.stderr else set())


def code(main):
    """(options of each command, options of all): from the tables of main.c."""
    long = dict(re.findall(r'\{ "([a-z-]+)", (?:no|required)_argument, NULL, (\S+) \}', main))
    short = {letter: name for name, (letter,) in
             ((name, re.findall(r"^'(\w)'$", value)) for name, value in long.items()
              if value.startswith("'"))}
    letters = {name: re.search(rf"case {re.escape(value)}:.*?note_use\(line->used, '(\w)'\)",
                               main, re.S) for name, value in long.items()}
    commands = {}
    for command, taken in re.findall(r'\{ "([a-z]+)", cli_\w+, "(\w*)" \}', main):
        commands[command] = {f'--{name}' for name, found in letters.items()
                             if name not in ('help', 'version') and found and found[1] in taken}
        commands[command] |= {f'-{letter}' for letter, name in short.items()
                              if f'--{name}' in commands[command]}
    return commands


def difference(what, got, wanted):
    return ([f'{what}: {word} is not offered' for word in sorted(wanted - got)] +
            [f'{what}: {word} is offered' for word in sorted(got - wanted)])


def check(root, report):
    script = root / 'src/cli/completion.bash'
    commands = code((root / 'src/main.c').read_text(encoding='utf-8'))
    problems = [] if len(commands) > 2 else ['no commands found in main.c']
    problems += difference('mqttnode', offered(script, ''),
                           set(commands) | commands.get('run', set()) | {'--help', '--version'})
    for command, options in commands.items():
        problems += difference(command, offered(script, command, '-'), options)
    report.case('every command is offered with its options', problems)

    with tempfile.TemporaryDirectory() as directory:
        for name in ('one.conf', 'two.conf'):
            pathlib.Path(directory, name).touch()
        problems = []
        for words in (['check', ''], ['-c', ''], ['run', '--config', ''], ['screen', '--png', '']):
            problems += difference(' '.join(words), offered(script, *words, cwd=directory),
                                   {'one.conf', 'two.conf'})
        problems += difference('sta', offered(script, 'sta', cwd=directory), {'status'})
        problems += difference('run -i', offered(script, 'run', '-i', 'no-such-', cwd=directory),
                               set())
        report.case('files are offered where a file is meant, and nothing of which nothing begins '
                    'so', problems)


def main():
    report = tap.Tap()
    check(pathlib.Path(sys.argv[1]).resolve(), report)
    return report.finish()


if __name__ == '__main__':
    sys.exit(main())
