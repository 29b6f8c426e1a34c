# SPDX-License-Identifier: MIT
"""check_cli.py — what "mqttnode" says about files and arguments, and its exit status

Every bad configuration of tests/unit/settings_bad.txt is given to "check" and to
"run", which must both print its messages and exit with 78.

Usage: check_cli.py MQTTNODE ROOT
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import tap


def run(*argv, **env):
    """(exit status, standard output, standard error) of a program."""
    result = subprocess.run([str(a) for a in argv], capture_output=True, check=False, timeout=20,
                            stdin=subprocess.DEVNULL, env={'PATH': os.environ['PATH'], **env})
    return (result.returncode, result.stdout.decode('utf-8', 'replace'),
            result.stderr.decode('utf-8', 'replace'))


def cases(path):
    """(name, bytes of the file, messages) of each bad configuration."""
    for block in re.split(rb'^== ', path.read_bytes(), flags=re.M)[1:]:
        name, _, rest = block.partition(b'\n')
        text, _, messages = rest.partition(b'--\n')
        lines = [m for m in messages.decode().splitlines() if m and not m.startswith('#')]
        yield name.decode(), text, lines


def write_includes():
    """The files beside bad.conf that its includes name, as test_settings_bad.c has them."""
    for name, text in (('inner.conf', 'oled: {\n  adress = 0x3c;\n};\n'),
                       ('broken.conf', 'oled: {\n  address = ;\n};\n'),
                       ('loop.conf', '@include "loop.conf"\n'),
                       ('many.conf', '@include "empty.conf"\n' * 100), ('empty.conf', '')):
        pathlib.Path(name).write_text(text, encoding='utf-8')
    os.mkdir('directory')


def check_bad(program, path, report):
    wrong = []
    count = 0
    for name, text, messages in cases(path):
        pathlib.Path('bad.conf').write_bytes(text)
        count += 1
        for argv in (['check', 'bad.conf'], ['run', '-c', 'bad.conf']):
            status, output, errors = run(program, *argv)
            told = [line for line in errors.splitlines() if line]
            if status != 78 or output or len(told) != len(messages) or \
               not all(t.endswith(m) for t, m in zip(told, messages)):
                wrong.append(f'{name}: {argv[0]} exits with {status}\n{output}{errors}')
    report.case(f'each of {count} bad configurations gets its messages and exit status 78',
                wrong if count >= 40 else ['fewer than 40 cases'])


def expect(report, name, got, status, *words):
    """A case: the exit status, and words that are part of what was printed."""
    printed = got[1] + got[2]
    problems = [f'exit status {got[0]} instead of {status}'] if got[0] != status else []
    problems += [f'"{word}" is not in: {printed}' for word in words if word not in printed]
    report.case(name, problems)


def main():
    program = pathlib.Path(sys.argv[1]).resolve()
    root = pathlib.Path(sys.argv[2]).resolve()
    example, tutorial = root / 'conf/mqttnode.conf', root / 'conf/tutorial.conf'
    report = tap.Tap()

    with tempfile.TemporaryDirectory() as directory:
        os.chdir(directory)
        write_includes()
        check_bad(program, root / 'tests/unit/settings_bad.txt', report)
        expect(report, 'the lesson is right', run(program, 'check', tutorial), 0, 'OK')
        expect(report, 'the example lacks a host', run(program, 'check', example), 78,
               'mqtt.host: not set')
        report.case('--host-set fails for the example and says nothing',
                    [got for got in [run(program, 'check', '--host-set', example)]
                     if got != (1, '', '')])
        expect(report, '--host-set passes the lesson',
               run(program, 'check', '--host-set', tutorial), 0)
        expect(report, '--host-set leaves other mistakes to run',
               run(program, 'check', '--host-set', 'inner.conf'), 0)
        expect(report, 'a file that is absent', run(program, 'check', 'absent'), 78,
               'absent: cannot be read: No such file or directory')
        expect(report, 'a directory', run(program, 'check', '.'), 78, 'is a directory')
        expect(report, '--version', run(program, '--version'), 0, 'mqttnode 0')
        expect(report, '--help', run(program, '--help'), 0, 'Usage:', '--host-set')
        expect(report, 'an unknown option', run(program, '--bogus'), 2, 'Usage:')
        expect(report, 'an unknown command', run(program, 'dance'), 2, 'dance', 'Usage:')
        expect(report, 'too many arguments', run(program, 'check', 'a', 'b'), 2, 'b', 'Usage:')
        expect(report, 'an option of another command', run(program, 'status', '--host-set'), 2,
               'Usage:')
        expect(report, 'status without a daemon',
               run(program, 'status', RUNTIME_DIRECTORY=directory), 1, 'is the daemon running?')
        expect(report, 'screen without a daemon',
               run(program, 'screen', RUNTIME_DIRECTORY=directory), 1, 'is the daemon running?')
        expect(report, 'screen to watch and to write at once',
               run(program, 'screen', '--watch', '--png', 'x.png'), 2, 'do not go together')
        expect(report, 'doctor without a configuration',
               run(program, 'doctor', '-c', 'absent', RUNTIME_DIRECTORY=directory), 78,
               'There is no file absent', 'config-missing', 'No daemon runs')
        expect(report, 'doctor of a configuration with errors, for programs',
               run(program, 'doctor', '--json', '-c', 'inner.conf', RUNTIME_DIRECTORY=directory),
               78, '"cause_id":"config-invalid"', 'oled.adress: unknown key', '"exit_status":78')
        expect(report, 'doctor of the example, which has no host',
               run(program, 'doctor', '-c', example, RUNTIME_DIRECTORY=directory), 78,
               'host-not-set')
        expect(report, 'forget without a daemon',
               run(program, 'forget', RUNTIME_DIRECTORY=directory), 1, 'no daemon runs',
               'systemctl start')
        expect(report, 'an operand for doctor', run(program, 'doctor', 'x'), 2, 'Usage:')
        os.chdir('/')
    return report.finish()


if __name__ == '__main__':
    sys.exit(main())
