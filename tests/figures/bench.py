# SPDX-License-Identifier: MIT
"""bench.py — what tests/bench does once there is a build

Usage: bench.py BUILD TOOLS [--json] [--plot FILE] [--mqtt] [--update]
"""
import argparse
import json
import pathlib
import sys

import measure
import mqtt_bench
import plot
import report

HERE = pathlib.Path(__file__).resolve().parent
COMMITTED = HERE / 'figures.json'
PICTURE = HERE / 'share.svg'


def dump(figures):
    """One case a line, so that a difference can be read."""
    return '{\n' + ',\n'.join(f'{json.dumps(name)}: {json.dumps(case)}'
                              for name, case in figures.items()) + '\n}\n'


def arguments():
    parser = argparse.ArgumentParser(prog='tests/bench')
    parser.add_argument('build', type=pathlib.Path, help=argparse.SUPPRESS)
    parser.add_argument('tools', type=pathlib.Path, help=argparse.SUPPRESS)
    parser.add_argument('--json', action='store_true', help='one object for machines')
    parser.add_argument('--plot', metavar='FILE', help='also draw share against size (SVG)')
    parser.add_argument('--mqtt', action='store_true',
                        help='also measure publishing and receiving, beside mosquitto')
    parser.add_argument('--update', action='store_true',
                        help='only make the committed figures and picture anew')
    return parser.parse_args()


def progress(text):
    print(f'measuring: {text}', file=sys.stderr)


def update(build):
    figures = measure.exact(build)
    COMMITTED.write_text(dump(figures), encoding='utf-8')
    plot.plot(figures, PICTURE)


def main():
    options = arguments()
    if options.update:
        return update(options.build)
    figures = measure.everything(options.build, progress)
    if options.mqtt:
        figures |= mqtt_bench.measure(options.build, options.tools, progress)
    if options.plot:
        plot.plot(figures, options.plot)
    if options.json:
        print(json.dumps(figures))
    else:
        report.tables(figures)
    return None


if __name__ == '__main__':
    main()
