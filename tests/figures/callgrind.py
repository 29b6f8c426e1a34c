# SPDX-License-Identifier: MIT
"""callgrind.py — how many instructions of our own code a program executed

Valgrind counts them exactly. Ours are those of src/ and include/, with what they call in
libraries; the simulated board that stands in for the kernel is not.
"""
import pathlib
import re
import shutil
import subprocess
import tempfile

OURS = re.compile(r'(?:^|/)(?:src/(?:base|hw|net|app|node|cli)|include/mqttnode)/[^/]+$')
POSITION = re.compile(r'(c?)(ob|fl|fi|fe|fn)=(?:\((\d+)\))? ?(.*)')
COST = re.compile(r'[+*-]?\d* (\d+)')


def own_cost(profile):
    """Sums up a profile in callgrind's format: self cost of our files, inclusive of libraries."""
    names = {}
    here = {'ob': '', 'fl': ''}
    called = {}
    total = 0
    is_call = False
    for line in profile.splitlines():
        position = POSITION.fullmatch(line)
        if position:
            of_callee, kind, number, name = position.groups()
            kind = 'fl' if kind in ('fi', 'fe') else kind
            if name:
                names[kind, number] = name
            (called if of_callee else here)[kind] = name or names[kind, number]
        elif line.startswith('calls='):
            is_call = True
        else:
            cost = COST.fullmatch(line)
            if cost and OURS.search(here['fl']):
                elsewhere = called.get('ob', here['ob']) != here['ob']
                if not is_call or elsewhere:
                    total += int(cost[1])
            if is_call and cost:
                called, is_call = {}, False
    return total


def instructions(program, within):
    """What a command executed below the function named; None without valgrind."""
    if not shutil.which('valgrind'):
        return None
    with tempfile.TemporaryDirectory() as directory:
        out = pathlib.Path(directory) / 'out'
        subprocess.run(['valgrind', '--quiet', '--tool=callgrind', '--collect-atstart=no',
                        f'--toggle-collect={within}', f'--callgrind-out-file={out}', *program],
                       stdout=subprocess.DEVNULL, check=True)
        return own_cost(out.read_text(encoding='utf-8'))
