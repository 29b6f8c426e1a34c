# SPDX-License-Identifier: MIT
"""plot.py — share of the bus against the size of a frame, drawn by gnuplot"""
import shutil
import subprocess

from measure import SIZES
from peers import PEERS, peer

# Sizes that the lines of the peers are computed for.
LINE = (60, 80, 100, 128, 180, 256, 360, 512, 576, 720, 1024, 1280, 1514)
# (key, title, dash, directions in which the line is one of its own)
OURS = (('backlog_4096_plain', 'mqttnode, bufsiz 4096', 1, ('rx', 'tx')),
        ('backlog_16384_plain', 'mqttnode, bufsiz 16384', 2, ('rx',)),
        ('backlog_4096_chained', 'chained (an experiment)', 3, ('rx', 'tx')))
COLOURS = ('#7f7f7f', '#e08214', '#35978f', '#8073ac', '#b35806')


def block(name, points):
    lines = '\n'.join(f'{x} {100 * y:.3f}' for x, y in points)
    return f'${name} << EOD\n{lines}\nEOD\n'


def curves(figures, direction):
    """(title, style, points) of each line."""
    for suffix, title, dash, directions in OURS:
        if direction not in directions:
            continue
        points = [(size, figures[f'{direction}_{size}_{suffix}']['share']) for size in SIZES]
        yield title, f'linespoints lw 3 dt {dash} pt 7 ps 0.6 lc rgb "#b2182b"', points
    for name, colour in zip(PEERS, COLOURS):
        points = [(size, peer(name, direction, size)['share']) for size in LINE]
        yield name, f'lines lw 1.5 lc rgb "{colour}"', points


def script(figures, path):
    text = (f'set terminal svg size 960,480 font "sans-serif,12" background "white"\n'
            f'set output "{path}"\n'
            'set multiplot layout 1,2 title "Share of the SPI bus that carries frames, in a '
            'backlog: a model (15 µs a call, 31.25 MHz), not a measurement of hardware"\n'
            'set xrange [60:1514]\nset yrange [0:100]\nset grid lc rgb "#dddddd"\n'
            'set xlabel "bytes in a frame"\nset format y "%g %%"\nset logscale x 2\n'
            'set xtics (60, 128, 256, 576, 1024, 1514)\nset key outside below maxcols 3 samplen 2\n')
    for direction, title in (('rx', 'receiving'), ('tx', 'sending')):
        lines = list(curves(figures, direction))
        plots = ', '.join(f'${direction}{i} with {style} title "{name}"'
                          for i, (name, style, _) in enumerate(lines))
        text += ''.join(block(f'{direction}{i}', points)
                        for i, (_, _, points) in enumerate(lines))
        text += f'set title "{title}"\nplot {plots}\n'
    return text + 'unset multiplot\n'


def data(figures):
    """What the picture shows, as a comment of it: from this a test knows that it is current."""
    points = []
    for direction in ('rx', 'tx'):
        for name, _, values in curves(figures, direction):
            points.append(f'{direction} {name}: ' +
                          ' '.join(f'{x}:{100 * y:.2f}' for x, y in values))
    return '\n'.join(points)


def plot(figures, path):
    if not shutil.which('gnuplot'):
        raise SystemExit('bench: the plot needs gnuplot (package gnuplot-nox)')
    subprocess.run(['gnuplot'], input=script(figures, path), text=True, check=True)
    with open(path, encoding='utf-8') as f:
        svg = '\n'.join(line.rstrip() for line in f)
    svg = svg.replace('</svg>', f'<!--\n{data(figures)}\n-->\n</svg>')
    with open(path, 'w', encoding='utf-8') as f:
        f.write(svg.rstrip('\n') + '\n')
