# SPDX-License-Identifier: MIT
"""selftest.py — each checker passes a good tree and fails on a bad one

A check that cannot fail proves nothing: here each rule is broken once, and the
checker must say so.

Usage: selftest.py SETTINGS_KEYS ROOT
"""
import contextlib
import io
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import check_cli
import check_completion
import check_docs
import check_install
import check_layers
import check_leftovers
import check_man
import check_packages
import check_size
import tap

GOOD = {
    'include/mqttnode/bytes.h': '// SPDX-License-Identifier: MIT\n',
    'include/mqttnode/fd.h': '// SPDX-License-Identifier: MIT\n#include "mqttnode/bytes.h"\n',
    'include/mqttnode/tap.h': '// SPDX-License-Identifier: MIT\n#include "mqttnode/fd.h"\n',
    'include/mqttnode/gpio.h': '// SPDX-License-Identifier: MIT\n',
    'include/mqttnode/node.h': '// SPDX-License-Identifier: MIT\n',
    'src/base/fd.c': '// SPDX-License-Identifier: MIT\n#include "mqttnode/fd.h"\n',
    'src/hw/gpio_v1.c': '// SPDX-License-Identifier: MIT\n#include "mqttnode/gpio.h"\n'
                        '#include <gpiod.h>\n#include "own.h"\n',
    'src/hw/own.h': '// SPDX-License-Identifier: MIT\n',
    'src/net/tap.c': '// SPDX-License-Identifier: MIT\n#include <linux/if_tun.h>\n'
                     '#include "mqttnode/tap.h"\n#include "mqttnode/gpio.h"\n',
    'src/node.c': '// SPDX-License-Identifier: MIT\n#include "mqttnode/tap.h"\n',
    'src/main.c': '// SPDX-License-Identifier: MIT\n#include "mqttnode/node.h"\n',
}


def outcome(check, *arguments):
    """The lines "not ok" of a checker, and what it says about them."""
    output = io.StringIO()
    report = tap.Tap()
    with contextlib.redirect_stdout(output):
        check(*arguments, report)
        status = report.finish()
    text = output.getvalue()
    assert (status == 1) == ('not ok' in text)
    return text if status else ''


def on_tree(check, changes):
    """The outcome for the good tree with some files changed or added."""
    with tempfile.TemporaryDirectory() as directory:
        root = pathlib.Path(directory)
        for name, text in (GOOD | changes).items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding='utf-8')
        return outcome(check, root)


def expect(report, name, text, *words):
    """A case: the checker failed and said these words; without words: it passed."""
    if not words:
        report.case(name, [text] if text else [])
    else:
        report.case(name, [f'"{word}" is not in what it said: {text or "(nothing)"}'
                           for word in words if word not in text])


def line(text):
    return '// SPDX-License-Identifier: MIT\n' + text + '\n'


def trees(report):
    include = '#include "mqttnode/%s.h"'
    for module in (check_layers, check_size, check_leftovers):
        expect(report, f'{module.__name__} passes a good tree', on_tree(module.check, {}))

    for name, changes, word in (
        ('base that includes hw', {'src/base/fd.c': line(include % 'gpio')},
         'src/base/fd.c: mqttnode/gpio.h is in hw, to the left of base'),
        ('hw that includes net', {'src/hw/gpio_v1.c': line(include % 'tap')},
         'mqttnode/tap.h is in net'),
        ('net that includes node', {'src/net/tap.c': line(include % 'node')},
         'mqttnode/node.h is in node'),
        ('a header that includes to the left', {'include/mqttnode/fd.h': line(include % 'tap')},
         'include/mqttnode/fd.h: mqttnode/tap.h is in net'),
        ('an include with spaces', {'src/base/fd.c': line('  #  include "mqttnode/tap.h"')},
         'mqttnode/tap.h is in net'),
        ('a header of nobody', {'src/node.c': line(include % 'ghost')}, 'belongs to no layer'),
        ('a header without a module', {'include/mqttnode/ghost.h': line('')}, 'layer None'),
        ('a folder that is no layer', {'src/misc/a.c': line('')}, 'layer misc is none of'),
        ('a header of another folder', {'src/net/tap.c': line('#include "own.h"')},
         '"own.h" is not in the same folder'),
        ('a path out of the folder', {'src/net/tap.c': line('#include "../hw/own.h"')},
         'leaves its folder'),
        ('a second user of a library', {'src/node.c': line('#include <gpiod.h>')},
         'src/node.c includes it'),
        ('a foreign interface in a header',
         {'include/mqttnode/tap.h': line('#include <linux/if_tun.h>')},
         'include/mqttnode/tap.h includes it'),
    ):
        expect(report, f'check_layers refuses {name}', on_tree(check_layers.check, changes), word)
    with tempfile.TemporaryDirectory() as empty:
        expect(report, 'check_layers refuses an empty tree',
               outcome(check_layers.check, pathlib.Path(empty)), 'none found')

    body = '\tx();\n' * 90
    for name, changes, word in (
        ('a file of 651 lines', {'src/base/long.c': '\n' * 651}, 'src/base/long.c: 651 lines'),
        ('a test of 751 lines', {'tests/long.c': '\n' * 751}, 'tests/long.c: 751 lines'),
        ('a function of 92 lines', {'src/base/long.c': f'static int f(void)\n{{\n{body}}}\n'},
         'src/base/long.c:2: f() has 92 lines'),
        ('a long function whose head is two lines',
         {'src/base/long.c': f'static int long_one(int a,\n\t\tint b)\n{{\n{body}}}\n'},
         'long_one() has 92 lines'),
    ):
        expect(report, f'check_size refuses {name}', on_tree(check_size.check, changes), word)

    for name, text, word in (
        ('a note to oneself', line('/* TO' 'DO: later */'), 'src/base/x.c:2: /* TO'),
        ('another note', line('/* FIX' 'ME */'), 'FIX' 'ME'),
        ('a merge conflict', line('<' * 7 + ' HEAD'), '<' * 7),
        ('white space at the end of a line', line('int x; '), 'white space'),
        ('a source without a licence', 'int x;\n', 'no SPDX line'),
    ):
        expect(report, f'check_leftovers refuses {name}',
               on_tree(check_leftovers.check, {'src/base/x.c': text}), word)


def docs(report, program, root):
    conf = (root / 'conf/mqttnode.conf').read_text(encoding='utf-8')
    manual = (root / 'man/mqttnode.conf.5').read_text(encoding='utf-8')
    manual8 = (root / 'man/mqttnode.8').read_text(encoding='utf-8')

    def keys(conf, manual):
        return outcome(check_docs.check_keys, program, conf, manual)

    expect(report, 'check_docs passes the tree', keys(conf, manual))
    for name, old, new, word in (
        ('a key that is missing', '    //port = 1883;\n', '', 'mqtt.port is not in the example'),
        ('a wrong default', 'port = 1883;', 'port = 1884;', 'mqtt.port is shown as 1884'),
        ('an unknown key', 'port = 1883;', 'port = 1883;\n    //tls = true;',
         'mqtt.tls is in the example but not in the code'),
        ('a key shown twice', 'port = 1883;', 'port = 1883;\n    //port = 1883;', 'twice'),
        ('an example that is refused', '"home/garage"', '"home/#"', '"#" is a wildcard'),
    ):
        assert old in conf
        expect(report, f'check_docs refuses {name} in the example',
               keys(conf.replace(old, new, 1), manual), word)
    for name, old, new, word in (
        ('a key that is missing', '.It Ic port\n', '', 'mqtt.port is not in the manual'),
        ('a key that is always refused', '.It Ic port\n', '.It Ic password\n', 'mqtt.password is in the manual'),
        ('a wrong default', 'Default: 1883.', 'Default: 8883.', 'mqtt.port: "Default: 1883."'),
        ('a missing "No default"', 'No default; must be set.', 'None.', 'mqtt.host: "No default."'),
        ('an example that is refused', '.Dl port = 18830;', '.Dl port = 0;', 'found 0'),
        ('a complete example that is refused', 'host      = "mq', 'hots      = "mq', 'mqtt.hots'),
    ):
        assert old in manual
        expect(report, f'check_docs refuses {name} in the manual',
               keys(conf, manual.replace(old, new, 1)), word)

    expect(report, 'check_docs refuses a variable that the manual lacks',
           outcome(check_docs.check_variables, root, conf, manual.replace('{seq}', '{number}')),
           '{seq} is not in the manual')
    expect(report, 'check_docs passes the manual of the program',
           outcome(check_docs.check_interface, root, manual8))
    for name, old, new in (
        ('an option', 'Fl -host-set\nWith', 'Fl -hostset\nWith'),
        ('a command', '.It Cm status', '.It Cm state'),
        ('a counter', '.It Ic chip_lost', '.It Ic chip'),
        ('a journal field', 'Dv MQTT_SIZE ,', ','),
        ('an event', '.Sq broker-unreachable\n', '.Sq elsewhere\n'),
        ('a signal', '.It Dv SIGHUP', '.It Dv SIGUSR1'),
        ('an exit status', '.It 78', '.It 79'),
    ):
        assert old in manual8
        expect(report, f'check_docs refuses {name} that the manual lacks',
               outcome(check_docs.check_interface, root, manual8.replace(old, new)),
               'is not there')
    expect(report, 'check_docs passes the answers in the manual',
           outcome(check_docs.check_answers, root, manual8))
    for name, old, new, word in (
        ('a member of the status', '.Ic link\n', '.Ic link_up\n', 'chip.link is not there'),
        ('a member that another part has', '.Ic cause_id\nif it is not present', 'if not',
         'display.cause_id is not there'),
        ('a counter of the second object', '.It Ic chip_lost\n', '.It Ic lost\n',
         'chip.counters.chip_lost is not there'),
        ('a member of what doctor prints', '.Sq meaning\n', '', 'meaning is not there'),
        ('an exit status of doctor', '.It 19\n', '.It 21\n', 'publish: 19 is not there'),
    ):
        assert old in manual8
        expect(report, f'check_docs refuses {name} that the manual lacks',
               outcome(check_docs.check_answers, root, manual8.replace(old, new)), word)
    expect(report, 'check_docs refuses an environment variable that the manual lacks',
           outcome(check_docs.check_environment, root, manual8.replace('Ev NO_COLOR', 'Ev COLOR')),
           'NO_COLOR is not there')


def pages(report):
    with tempfile.NamedTemporaryFile('w', suffix='.8') as page:
        page.write('.Dd November 22, 2026\n.Dt X 8\n.Os\n.Sh NAME\n.Nm x\n.Nd y\n.Bogus\n')
        page.flush()
        report.case('check_man refuses an unknown macro',
                    [] if any('Bogus' in text for text in check_man.lint(page.name))
                    else ['nothing said'])


def cli(report, root):
    cases = (root / 'tests/unit/settings_bad.txt').read_bytes().split(b'\n== ')
    with tempfile.TemporaryDirectory() as directory:
        os.chdir(directory)
        path = pathlib.Path('few.txt') # each of hundreds would be four processes
        path.write_bytes(b'\n== '.join(cases[:41]))
        expect(report, 'check_cli refuses a program that finds nothing',
               outcome(check_cli.check_bad, 'true', path), 'check exits with 0')
        liar = pathlib.Path('liar')
        liar.write_text('#!/bin/sh\necho bad.conf:1: other >&2\nexit 78\n', encoding='utf-8')
        liar.chmod(0o755)
        expect(report, 'check_cli refuses a program that says something else',
               outcome(check_cli.check_bad, liar.resolve(), path), 'check exits with 78')
        os.chdir(root)


def packages(report):
    places = {name: 'libmnl-dev' for name in check_packages.PLACES}
    meson = "a = dependency('libmnl')\nb = dependency('zlib', required : false)\n"
    good = places | {'meson.build': meson}
    expect(report, 'check_packages passes a good tree', on_tree(check_packages.check, good))
    expect(report, 'check_packages refuses a library that nobody knows',
           on_tree(check_packages.check, good | {'meson.build': "dependency('ghost')"}),
           'ghost: add it')
    for name in check_packages.PLACES:
        expect(report, f'check_packages refuses {name} without a package',
               on_tree(check_packages.check, good | {name: 'libmnl0'}), 'libmnl-dev is missing')


def completion(report, root):
    files = {name: (root / name).read_text(encoding='utf-8')
             for name in ('src/main.c', 'src/cli/completion.bash')}
    expect(report, 'check_completion passes the tree', on_tree(check_completion.check, files))
    for name, where, old, new, word in (
        ('a command that is not offered', 'src/main.c', '{ "status", cli_status,',
         '{ "dance", cli_dance, "c" },\n\t{ "status", cli_status,', 'dance is not offered'),
        ('an option that is not offered', 'src/cli/completion.bash', ' --png', '',
         '--png is not offered'),
        ('an option that is not taken', 'src/cli/completion.bash', ' --json', ' --json --xml',
         '--xml is offered'),
    ):
        assert old in files[where]
        changed = files | {where: files[where].replace(old, new, 1)}
        expect(report, f'check_completion refuses {name}',
               on_tree(check_completion.check, changed), word)


def units(report, root):
    text = (root / 'systemd/mqttnode.service.in').read_text(encoding='utf-8')
    with tempfile.TemporaryDirectory() as directory:
        tree = pathlib.Path(directory)
        unit = tree / 'mqttnode.service'
        for word, value in (('SBINDIR', '/usr/sbin'), ('WHICH', ''), ('INSTANCE', ''), ('OF', ''),
                            ('RUNTIME', 'mqttnode'), ('STATE', 'mqttnode')):
            text = text.replace(f'@{word}@', value)
        unit.write_text(text.replace('NoNewPrivileges=yes\n', '')
                        .replace('CapabilityBoundingSet=', '#'), encoding='utf-8')
        report.case('check_install refuses a unit that is open',
                    [] if any('is more than' in p for p in check_install.exposure(unit))
                    else ['nothing said'])
        unit.write_text(text + 'NoSuchKey=1\n', encoding='utf-8')
        report.case('check_install refuses a unit with an unknown key',
                    [] if 'NoSuchKey' in '\n'.join(check_install.verify(unit, tree))
                    else ['nothing said'])
    with tempfile.TemporaryDirectory() as directory:
        tree = pathlib.Path(directory)
        shutil.copy(root / 'conf/tutorial.conf', tree / 'stray.conf')
        expect(report, 'check_install refuses an incomplete tree with a stray file',
               outcome(check_install.check, tree), 'etc/mqttnode.conf is missing', 'stray.conf')


def counted(root, results, subtests=()):
    """(exit status, output) of .ci/count.py for a build directory: @results are (program, meson's
    word, output), @subtests (program, name, failed)."""
    with tempfile.TemporaryDirectory() as directory:
        logs = pathlib.Path(directory) / 'meson-logs'
        logs.mkdir()
        (logs / 'testlog.json').write_text(''.join(json.dumps(
            {'name': name, 'result': word, 'returncode': int(word != 'OK'), 'stdout': said}) + '\n'
            for name, word, said in results), encoding='utf-8')
        (logs / 'testlog.junit.xml').write_text('<testsuites>' + ''.join(
            f'<testsuite name="p.{name}"><testcase name="{case}">'
            f'{"<failure/>" if failed else ""}</testcase></testsuite>'
            for name, case, failed in subtests) + '</testsuites>', encoding='utf-8')
        (logs.parent / 'compile.log').write_text('x.c:1: no such thing\n', encoding='utf-8')
        done = subprocess.run([sys.executable, root / '.ci/count.py', directory], check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        return done.returncode, done.stdout


def count(report, root):
    good = ('fd', 'OK', 'ok 1 - opens\n')
    bad = ('e2e', 'ERROR', 'ok 1 - a\nnot ok 2 - b works\n# it was broken\n'
           '# --- log\n' + ''.join(f'# line {n}\n' for n in range(99)) + 'ok 3 - c\n')
    passed = [('fd', 'opens', False)]
    for name, results, subtests, status, words in (
        ('passes a good build', [good], passed, 0, []),
        ('counts a case that fails, and says why', [good, bad],
         passed + [('e2e', 'b works', True)], 1,
         ['\n# it was broken\n# --- log\n# ... 87 lines ...\n# line 87\n',
          ': e2e: not ok 2 - b works\n# it was broken\n1 passed, 1 failed\n']),
        ('counts a program that breaks off after good cases', [('fd', 'TIMEOUT', 'ok 1 - opens\n')],
         passed, 1, [': fd: TIMEOUT, status 1\n1 passed, 1 failed\n']),
        ('counts a build that failed', [], [], 1,
         ['x.c:1: no such thing', 'not built, or not run\n0 passed, 1 failed\n']),
    ):
        got, said = counted(root, results, subtests)
        report.case(f'count.py {name}', [f'status {got}, not "{word}" in: {said}'
                                         for word in words or ['1 passed, 0 failed']
                                         if got != status or word not in said])


def main():
    program, root = sys.argv[1], pathlib.Path(sys.argv[2]).resolve()
    report = tap.Tap()
    trees(report)
    docs(report, program, root)
    pages(report)
    cli(report, root)
    packages(report)
    completion(report, root)
    units(report, root)
    count(report, root)
    return report.finish()


if __name__ == '__main__':
    sys.exit(main())
