# SPDX-License-Identifier: MIT
"""check_layers.py — the include lines of src/ and include/ against the layers

main -> cli -> node -> app -> net -> hw -> base: a file includes what stands to its
right, rarely what stands beside it, never what stands to its left. The layer of
include/mqttnode/NAME.h is the folder of src/*/NAME.c or src/*/NAME_*.c.

Each foreign interface has one file that knows it (one pair for libgpiod, one
module of a few files for netlink).

Usage: check_layers.py ROOT
"""
import pathlib
import re
import sys

import tap

LAYERS = ['base', 'hw', 'net', 'app', 'node', 'cli', 'main']

# Headers without a source file, and those that meson makes.
HEADER_ONLY = {
    'bytes': 'base', 'cleanup': 'base', 'paths': 'base', 'version': 'base',
    'w5500_regs': 'hw',
}

OWNERS = {
    'libconfig.h': r'src/base/settings_file\.c',
    'mosquitto.h': r'src/app/mqtt_client(_[a-z]+)?\.[ch]',
    'sqlite3.h': r'src/app/spool_store(_open|_internal)?\.[ch]',
    'gpiod.h': r'src/hw/gpio_v[12]\.c',
    'openssl/ssl.h': r'src/app/mqtt_tls\.c',
    'libmnl/libmnl.h': r'src/net/netlink\w*\.[ch]',
    'linux/spi/spidev.h': r'src/hw/spidev\.c',
    'linux/i2c-dev.h': r'src/hw/i2cdev\.c',
    'linux/if_tun.h': r'src/net/tap\.c',
    'png.h': r'src/cli/cli_png\.c',
    'iconv.h': r'src/base/charset\.c',
    'fribidi.h': r'src/hw/bidi\.c',
}

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)


def layer_of_source(path, root):
    """The layer of a file in src/: its folder, or main by its name."""
    parts = path.relative_to(root / 'src').parts
    if len(parts) > 1:
        return parts[0]
    return re.match(r'[a-z0-9]*', path.name)[0]


def layer_of_header(name, root):
    """The layer of mqttnode/NAME.h, or None."""
    if name in HEADER_ONLY:
        return HEADER_ONLY[name]
    for pattern in (f'{name}.c', f'*/{name}.c', f'*/{name}_*.c'):
        for path in sorted((root / 'src').glob(pattern)):
            return layer_of_source(path, root)
    return None


def include_problem(root, path, layer, kind, target):
    """What is wrong with one include line, or None."""
    if target.startswith('mqttnode/'):
        name = target[len('mqttnode/'):-len('.h')]
        other = layer_of_header(name, root)
        if other is None:
            return f'{target} belongs to no layer: there is no src/*/{name}.c'
        if LAYERS.index(other) > LAYERS.index(layer):
            return f'{target} is in {other}, to the left of {layer}'
    elif kind == '"' and not (path.parent / target).is_file():
        return f'"{target}" is not in the same folder'
    elif '..' in target:
        return f'"{target}" leaves its folder'
    return None


def check(root, report):
    direction, unknown = [], []
    users = {header: [] for header in OWNERS}
    sources = tap.files(root / 'src', '*.c', '*.h')
    headers = tap.files(root / 'include', '*.h')

    for path in sources + headers:
        where = path.relative_to(root)
        if path in headers:
            layer = layer_of_header(path.stem, root)
        else:
            layer = layer_of_source(path, root)
        if layer not in LAYERS:
            unknown.append(f'{where}: layer {layer} is none of {", ".join(LAYERS)}')
            continue
        for kind, target in INCLUDE.findall(path.read_text(encoding='utf-8')):
            if target in users:
                users[target].append(str(where))
            problem = include_problem(root, path, layer, kind, target)
            if problem:
                direction.append(f'{where}: {problem}')

    report.case('there are sources and headers', [] if sources and headers else ['none found'])
    report.case('every file belongs to a layer', unknown)
    report.case('no file includes what stands to its left', direction)
    for header, owner in OWNERS.items():
        report.case(f'{header} is known to one module only',
                    [f'{user} includes it; it belongs to {owner}'
                     for user in users[header] if not re.fullmatch(owner, user)])


def main():
    report = tap.Tap()
    check(pathlib.Path(sys.argv[1]).resolve(), report)
    return report.finish()


if __name__ == '__main__':
    sys.exit(main())
