# SPDX-License-Identifier: MIT
"""measure.py — runs the measuring programs of a build and gathers what they print"""
import json
import subprocess

from callgrind import instructions
from peers import peers

SIZES = (60, 128, 576, 1514)
MODEL = '15us'

PROFILED = tuple(f'{direction}_{size}_{load}_4096_plain'
                 for direction in ('rx', 'tx') for load in ('backlog', 'single')
                 for size in (60, 1514))


def run(program, *arguments):
    result = subprocess.run([program, *arguments], stdout=subprocess.PIPE, check=True)
    return json.loads(result.stdout)


def packet_case(name, models):
    """The keys of one case; what other models of the bus would say is below "at"."""
    figures = dict(models[MODEL])
    frames = figures.pop('frames')
    if name.startswith('idle'):
        return {f'{key}_per_s': figures[key]
                for key in ('calls', 'wakeups', 'selects', 'bytes', 'tap_calls')}
    others = {other: {key: value[key] for key in ('calls', 'bytes', 'frames_per_s', 'share')}
              for other, value in models.items() if other != MODEL}
    return figures | {'frames': frames, 'at': others}


def packets(build, cases=()):
    """Every case of the packet path: exact, the same on every machine."""
    measured = run(build / 'tests/figures/figures', *cases)
    return {name: packet_case(name, models) for name, models in measured.items()}


def display(build):
    """Every case of the display's bus: exact, too."""
    return run(build / 'tests/figures/display_figures')


def profile(build, case, frames):
    """Instructions of our own code per frame; None without valgrind."""
    count = instructions([build / 'tests/figures/figures', '--model', MODEL, case],
                         'packet_bench_measured_turn')
    return None if count is None else round(count / frames, 1)


def exact(build):
    """What is the same on every machine: a key per case, and the peers beside them."""
    return packets(build) | display(build) | {'peers': peers(SIZES)}


def everything(build, progress=lambda text: None):
    """That, and what depends on compiler and machine."""
    progress('packet path')
    figures = exact(build)
    for name in PROFILED:
        progress(f'instructions of {name}')
        count = profile(build, name, figures[name]['frames'])
        if count is not None:
            figures[name]['instructions'] = count
    return figures
