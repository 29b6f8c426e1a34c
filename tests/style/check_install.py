# SPDX-License-Identifier: MIT
"""check_install.py — the tree that "meson install" makes, and the unit in it

Usage: check_install.py BUILD MESON
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import tap

# Endings of paths: the directories before them are systemd's choice.
EXPECTED = [
    'etc/mqttnode.conf',
    'usr/sbin/mqttnode',
    'usr/share/doc/mqttnode/examples/tutorial.conf',
    'usr/share/doc/mqttnode/examples/credentials.conf',
    'usr/share/doc/mqttnode/examples/nftables.conf',
    'usr/share/doc/mqttnode/examples/realtime.conf',
    'usr/share/doc/mqttnode/examples/external/10-mqttnode.network',
    'usr/share/doc/mqttnode/examples/external/50-mqttnode.conf',
    'usr/share/doc/mqttnode/examples/external/mqtt0.nmconnection',
    'usr/share/man/man7/mqttnode.7',
    'usr/share/man/man5/mqttnode.conf.5',
    'usr/share/man/man8/mqttnode.8',
    'usr/share/bash-completion/completions/mqttnode',
    'NetworkManager/conf.d/50-mqttnode.conf',
    'lib/modprobe.d/mqttnode.conf',
    'modules-load.d/mqttnode.conf',
    'sysctl.d/50-mqttnode.conf',
    'sysusers.d/mqttnode.conf',
    'systemd/network/10-mqttnode.link',
    'systemd/network/10-mqttnode.network',
    'systemd/networkd.conf.d/50-mqttnode.conf',
    'systemd/system/mqttnode.service',
    'systemd/system/mqttnode@.service',
    'udev/rules.d/60-mqttnode.rules',
]

# Lines that other parts rely on, in both units and in each of them.
UNIT_LINES = [
    'Type=notify',
    'RestartPreventExitStatus=78',
    'RuntimeDirectoryMode=0755',
    'RuntimeDirectoryPreserve=restart',
    'ProtectProc=invisible',
    'ProcSubset=all',
    'SystemCallErrorNumber=EPERM',
]
UNITS = {
    'mqttnode.service': [
        'ExecCondition=/usr/sbin/mqttnode check --host-set',
        'ExecStart=/usr/sbin/mqttnode run',
        'RuntimeDirectory=mqttnode',
        'StateDirectory=mqttnode',
    ],
    'mqttnode@.service': [
        'ExecCondition=/usr/sbin/mqttnode check --host-set -i %i',
        'ExecStart=/usr/sbin/mqttnode run -i %i',
        'RuntimeDirectory=mqttnode-%i',
        'StateDirectory=mqttnode/%i',
    ],
}

EXPOSURE_MAX = 2.3

# The same with the drop-ins that are installed as examples.
DROP_INS = {'credentials.conf': EXPOSURE_MAX, 'realtime.conf': 2.5}


def run(*argv, **kwargs):
    """Exit status and all output of a program."""
    env = dict(os.environ, LC_ALL='C.UTF-8', SYSTEMD_PAGER='', NO_COLOR='1')
    try:
        result = subprocess.run(argv, text=True, stdout=subprocess.PIPE, check=False,
                                stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                                env=env, timeout=60, **kwargs)
    except FileNotFoundError:
        return 127, f'{argv[0]} is not installed'
    return result.returncode, result.stdout


def failures(*argv):
    status, output = run(*argv)
    return [f'exit status {status}', output] if status or output.strip() else []


def exposure(unit, most=EXPOSURE_MAX):
    """What "systemd-analyze security" says against the unit."""
    status, output = run('systemd-analyze', 'security', '--offline=true', '--no-pager', str(unit))
    found = re.search(r'Overall exposure level.*: (\d+\.\d+)', output)
    if not found:
        return [f'exit status {status}', output]
    if float(found[1]) > most:
        return [f'{found[1]} is more than {most}']
    return []


def verify(unit, tree):
    """The unit with its paths put into the staged tree, seen by systemd."""
    copy = tree / 'verify' / unit.name
    copy.parent.mkdir(exist_ok=True)
    copy.write_text(unit.read_text(encoding='utf-8')
                    .replace('=/usr/sbin/', f'={tree}/usr/sbin/'), encoding='utf-8')
    return failures('systemd-analyze', 'verify', '--man=no', str(copy))


def with_drop_in(tree, unit, name):
    """The unit with an example below it, as systemd reads them; None if there is no such one."""
    drop_in = next(tree.rglob(f'examples/{name}'), None)
    if not drop_in:
        return None
    changed = tree / name / unit.name
    changed.parent.mkdir(exist_ok=True)
    changed.write_text(f'{unit.read_text(encoding="utf-8")}\n'
                       f'{drop_in.read_text(encoding="utf-8")}', encoding='utf-8')
    return changed


def undocumented(manual):
    """The installed files that the manual lacks: manuals and programs document themselves."""
    names = [name for name in EXPECTED if '/man/' not in name and '/sbin/' not in name]
    # A unit has no directory for who reads of it.
    wanted = {name: name.split('/')[-1] if name.endswith('.service') else
              '/'.join(name.split('/')[-2:]) for name in names}
    return [f'{name} is not in the manual' for name, text in wanted.items()
            if not re.search(rf'^\.It Pa .*(?<![\w@-]){re.escape(text)}(?: |$)', manual, re.M)]


def check(tree, report):
    present = [str(p.relative_to(tree)) for p in tap.files(tree, '*')]
    report.case('everything is installed',
                [f'{name} is missing' for name in EXPECTED
                 if not any(p == name or p.endswith('/' + name) for p in present)])
    report.case('nothing else is installed',
                [f'{p}' for p in present
                 if not any(p == name or p.endswith('/' + name) for name in EXPECTED)])

    for name, own_lines in UNITS.items():
        unit = next(iter(tree.rglob(name)), None)
        if not unit:
            continue
        lines = unit.read_text(encoding='utf-8').splitlines()
        report.case(f'{name} says what other parts rely on',
                    [f'{line} is missing' for line in UNIT_LINES + own_lines
                     if line not in lines])
        report.case(f'systemd-analyze security of {name} is at most {EXPOSURE_MAX}',
                    exposure(unit))
        report.case(f'systemd-analyze verify finds nothing in {name}', verify(unit, tree))
        for drop_in, most in DROP_INS.items():
            changed = with_drop_in(tree, unit, drop_in)
            if not changed:
                continue
            report.case(f'with the drop-in {drop_in} {name} is exposed by at most {most}',
                        exposure(changed, most))
            report.case(f'systemd-analyze verify finds nothing in {name} with {drop_in}',
                        verify(changed, tree))
    sysusers = next(tree.rglob('sysusers.d/mqttnode.conf'), None)
    if not sysusers:
        return
    status, output = run('systemd-sysusers', '--dry-run', str(sysusers))
    report.case('systemd-sysusers understands the user', [output] if status else [])


def update(tree, install, report):
    """Installs again over a configuration that somebody has edited."""
    conf = next(tree.rglob('etc/mqttnode.conf'), None)
    if not conf:
        return
    conf.write_text('edited', encoding='utf-8')
    status, output = run(*install)
    report.case('an update leaves the configuration alone',
                [output] if status or conf.read_text(encoding='utf-8') != 'edited' else [])


def main():
    build, meson = sys.argv[1], sys.argv[2]
    report = tap.Tap()
    with tempfile.TemporaryDirectory() as directory:
        install = (meson, 'install', '-C', build, '--no-rebuild', '--destdir', directory)
        status, output = run(*install)
        report.case('meson install works', [output] if status else [])
        check(pathlib.Path(directory), report)
        update(pathlib.Path(directory), install, report)
        manuals = pathlib.Path(directory, 'usr/share/man').glob('*/*')
        report.case('the manuals name every installed file', undocumented(
            '\n'.join(page.read_text(encoding='utf-8') for page in sorted(manuals))))
    return report.finish()


if __name__ == '__main__':
    sys.exit(main())
