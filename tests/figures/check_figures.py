# SPDX-License-Identifier: MIT
"""check_figures.py — the committed figures and picture are those of this source

Counts of bus calls and bytes are exact, so any change of them is either a mistake or an
improvement: tests/bench --update then makes figures and picture anew.

Usage: check_figures.py BUILD
"""
import json
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / 'style'))

import bench
import callgrind
import measure
import peers
import plot
import tap


def differences(committed, measured):
    """What differs, case by case."""
    problems = [f'{name}: committed, but there is no such case'
                for name in committed.keys() - measured.keys()]
    for name, case in measured.items():
        if name not in committed:
            problems.append(f'{name}: not committed')
        elif committed[name] != case:
            problems.append(f'{name}: committed {json.dumps(committed[name])}')
            problems.append(f'{name}: measured  {json.dumps(case)}')
    return problems


def plan_rows(figures):
    """The rows of the README's table of both plans."""
    for size in (1514, 60):
        for direction, title in (('rx', 'received'), ('tx', 'sent')):
            plain, chained = (figures[f'{direction}_{size}_backlog_4096_{plan}']
                              for plan in ('plain', 'chained'))
            yield (f'| {size} bytes, {title} | {100 * plain["share"]:.1f} % | '
                   f'{100 * chained["share"]:.1f} % | {plain["frames_per_s"]:.0f} | '
                   f'{chained["frames_per_s"]:.0f} |')


DISPLAY_LIMITS = {
    'oled_unchanged': {'bytes': 0, 'calls': 0},
    'oled_one_char': {'bytes': 15, 'calls': 1},
    'oled_full': {'bytes': 1080, 'calls': 8},
    'oled_address_screen': {'bytes': 746},
}

# One function of ours that calls one of ours and one of a library.
PROFILE = '''fl=(1) ../src/hw/a.c
ob=(1) /x/figures
fn=(1) a
1 10
cfn=(2) b
calls=1 5
2 100
cob=(2) /lib/libc.so
cfn=(3) memcpy
calls=1 0
3 7
fl=(1)
fn=(2) b
5 100
fl=(2) ../tests/sim/board.c
fn=(4) c
6 1000
'''


def main():
    report = tap.Tap()
    build = pathlib.Path(sys.argv[1])
    committed = json.loads(bench.COMMITTED.read_text(encoding='utf-8'))
    measured = measure.exact(build)

    report.case('the committed figures are those of this source',
                differences(committed, json.loads(json.dumps(measured))))
    picture = bench.PICTURE.read_text(encoding='utf-8')
    report.case('the picture shows the committed figures',
                [] if plot.data(committed) in picture else ['tests/bench --update draws it anew'])
    report.case('the picture says that it shows a model',
                [] if 'a model' in picture else ['it does not'])
    readme = bench.COMMITTED.parents[2].joinpath('README.md').read_text(encoding='utf-8')
    report.case('the README compares both plans by the committed figures',
                [row for row in plan_rows(committed) if row not in readme])
    report.case('the display costs no more than its limits',
                [f'{name}: {measured[name]}, at most {limit}'
                 for name, limit in DISPLAY_LIMITS.items()
                 if any(measured[name][key] > limit[key] for key in limit)])
    report.case('a difference is noticed',
                [] if differences({'a': {'calls': 1}}, {'a': {'calls': 2}}) else ['it is not'])
    # From the design: what the model makes of what the kernel's driver does.
    share = peers.peer('Linux w5100-spi', 'rx', 1514)['share']
    report.case('the model is that of the design',
                [] if round(share, 3) == 0.774 else [f'share {share}'])
    cost = callgrind.own_cost(PROFILE)
    report.case('our instructions are told from others', [] if cost == 117 else [f'{cost}'])
    return report.finish()


if __name__ == '__main__':
    sys.exit(main())
