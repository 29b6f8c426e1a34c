# SPDX-License-Identifier: MIT
"""check_packages.py — every library that meson asks for stands where people look for its package

Usage: check_packages.py ROOT
"""
import pathlib
import re
import sys

import tap

# Package of pkg-config's name, in Debian and Ubuntu. Parts of the compiler have none.
PACKAGES = {
    'cmocka': 'libcmocka-dev',
    'fribidi': 'libfribidi-dev',
    'json-c': 'libjson-c-dev',
    'libconfig': 'libconfig-dev',
    'libcrypto': 'libssl-dev',
    'libgpiod': 'libgpiod-dev',
    'libmnl': 'libmnl-dev',
    'libmosquitto': 'libmosquitto-dev',
    'libpng': 'libpng-dev',
    'libssl': 'libssl-dev',
    'libsystemd': 'libsystemd-dev',
    'sqlite3': 'libsqlite3-dev',
    'threads': None,
    'zlib': 'zlib1g-dev',
}

PLACES = ('tests/prepare.sh', 'debian/control', 'README.md')


def check(root, report):
    text = ''.join(path.read_text(encoding='utf-8') for path in tap.files(root, 'meson.build'))
    asked = sorted(set(re.findall(r"dependency\('([a-z0-9-]+)'(?![^)]*required\s*:\s*false)", text)))
    report.case('the package of every library is known',
                [f'{name}: add it to check_packages.py' for name in asked
                 if name not in PACKAGES] if asked else ['meson asks for nothing'])
    for place in PLACES:
        words = set(re.findall(r'[a-z0-9][a-z0-9.+-]+',
                               (root / place).read_text(encoding='utf-8')))
        report.case(f'{place} names the package of every library',
                    [f'{PACKAGES[name]} is missing' for name in asked
                     if PACKAGES.get(name) and PACKAGES[name] not in words])


def main():
    report = tap.Tap()
    check(pathlib.Path(sys.argv[1]).resolve(), report)
    return report.finish()


if __name__ == '__main__':
    sys.exit(main())
