# SPDX-License-Identifier: MIT
"""report.py — the figures as tables for people"""
from peers import peer

COLUMNS = ('calls', 'transfers', 'selects', 'bytes', 'bus µs', 'frames/s', 'share',
           'at 5 µs', 'at 50 µs', 'CS 0 µs', 'TAP', 'wake-ups', 'instr.')


def row(name, cells):
    print(f'{name:<34}' + ''.join(f'{cell:>10}' for cell in cells))


def percent(value):
    return f'{100 * value:.1f} %'


def packet_row(name, case):
    at = case['at']
    row(name, (f'{case["calls"]:.3f}', f'{case["transfers"]:.2f}', f'{case["selects"]:.2f}',
               f'{case["bytes"]:.1f}', f'{case["bus_us"]:.1f}', f'{case["frames_per_s"]:.0f}',
               percent(case['share']), percent(at['5us']['share']),
               percent(at['50us']['share']), percent(at['15us_no_toggle']['share']),
               f'{case["tap_calls"]:.2f}', f'{case["wakeups"]:.2f}',
               f'{case["instructions"]:.0f}' if 'instructions' in case else ''))


def peer_rows(direction, size, names):
    for name in names:
        base = peer(name, direction, size)
        row(f'    {name}', (f'{base["calls"]:.3f}', '', f'{base["calls"]:.2f}',
                            f'{base["bytes"]:.1f}', f'{base["bus_us"]:.1f}',
                            f'{base["frames_per_s"]:.0f}', percent(base['share']),
                            percent(peer(name, direction, size, 5)['share']),
                            percent(peer(name, direction, size, 50)['share']),
                            percent(base['share']), '', '', ''))


def packets(figures):
    print('The packet path: per frame, on the simulated board. A model: 15 µs a bus call, 10 µs a\n'
          'chip select toggle inside one, bytes at 31.25 MHz; beside it the share of the bus limit\n'
          'at 5 and 50 µs a call, and without the cost of a toggle. Counts are exact. The health\n'
          'tick (4 a second) is in the idle rows only. Of the peers only calls and bytes are known,\n'
          'read from their sources; they were not run.\n')
    row('', COLUMNS)
    for name, case in figures.items():
        if 'share' not in case:
            continue
        packet_row(name, case)
        direction, size, load, bufsiz, _ = name.split('_')
        if load == 'backlog' and bufsiz == '65536' and direction in ('rx', 'tx'):
            peer_rows(direction, int(size), figures['peers'])
    print('\nLink up, nothing to do: per second\n')
    row('', ('calls', 'selects', 'bytes', 'TAP', 'wake-ups'))
    for name, case in figures.items():
        if 'calls_per_s' in case:
            row(name, (f'{case["calls_per_s"]:.2f}', f'{case["selects_per_s"]:.2f}',
                       f'{case["bytes_per_s"]:.1f}', f'{case["tap_calls_per_s"]:.2f}',
                       f'{case["wakeups_per_s"]:.2f}'))


# Read from their sources, for a panel of 128x64; they were not run.
DISPLAY_PEERS = {
    'oled_unchanged': {'luma.oled': 1034, 'u8g2': 1184},
    'oled_one_char': {'luma.oled': 1034, 'u8g2': 18},
    'oled_full': {'luma.oled': 1034, 'u8g2': 1184},
    'oled_address_screen': {'luma.oled': 1034, 'u8g2': 1184},
}


def display(figures):
    print('\nThe display: what a new picture costs on the I2C bus, beside the bytes of libraries\n'
          '(u8g2: one tile for one character, else the whole picture)\n')
    row('', ('calls', 'bytes', 'luma.oled', 'u8g2'))
    for name, others in DISPLAY_PEERS.items():
        row(name, (figures[name]['calls'], figures[name]['bytes'], others['luma.oled'],
                   others['u8g2']))


def mqtt(figures):
    print('\nMQTT on a loopback broker, 64 bytes: messages a second, medians, beside mosquitto_pub\n'
          '-l and mosquitto_sub in the same run\n')
    row('', ('mqttnode', 'mosquitto', 'ratio'))
    for name, case in figures.items():
        if 'ratio' in case:
            row(name, (f'{case["per_s"]:.0f}', f'{case["peer_per_s"]:.0f}',
                       f'{case["ratio"]:.2f}'))
    steady = figures['mqtt_steady']
    print(f'\n100 publications at 10 a second each, and 100 subscriptions to them: '
          f'{steady["cpu_percent"]:.1f} % of a processor,\n{steady["private_kib"]} KiB of private '
          f'memory, {steady["missed"]} beats missed, {steady["received_per_s"]:.0f} messages a '
          f'second received; none later than {steady["late_ms"]:.1f} ms, a bare timer beside '
          f'{steady["control_late_ms"]:.1f} ms')


def tables(figures):
    packets(figures)
    display(figures)
    if 'mqtt_steady' in figures:
        mqtt(figures)
