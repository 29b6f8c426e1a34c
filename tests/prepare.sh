# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# prepare.sh — what tests/demo, tests/check and .ci/run do first: packages, build, broker
#
# To be sourced. Packages are installed from Debian's own archive and stay; none of them starts a
# service (dnsmasq-base has none; mosquitto and NetworkManager, which would, are only unpacked into
# the build folder).

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=$top/build-check

packages_libraries=(libmosquitto-dev libgpiod-dev libconfig-dev libsystemd-dev libssl-dev
	libmnl-dev libjson-c-dev libsqlite3-dev libfribidi-dev libpng-dev libcmocka-dev)
packages_build=(gcc libc6-dev meson ninja-build pkgconf "${packages_libraries[@]}")
packages_run=(busybox dnsmasq-base mosquitto-clients openssl iproute2 iputils-ping util-linux
	python3)
packages_check=(mandoc nftables systemd)

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }

fail() {
	echo "$(basename "$0"): $*" >&2
	exit 1
}

need_root() {
	[ "$(id -u)" = 0 ] || fail "network namespaces and packages need root: sudo $0"
	command -v apt-get >/dev/null || fail "this is for Debian and its relatives; see README.md"
}

is_installed() { dpkg-query -W -f='${db:Status-Abbrev}' "$1" 2>/dev/null | grep -q '^ii'; }

# Installs those of the packages that are missing, after naming them.
install_packages() {
	local missing=() package
	for package in "$@"; do
		is_installed "$package" || missing+=("$package")
	done
	[ ${#missing[@]} = 0 ] && return
	say "Installing Debian packages (they stay): ${missing[*]}"
	apt_install "${missing[@]}"
}

apt_install() {
	DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends install "$@" \
		>/dev/null 2>&1 && return
	# The lists of packages may be old or missing.
	apt-get -qq update
	DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends install "$@" >/dev/null
}

# Downloads a package into the current directory.
download() {
	apt-get -qq download "$1" 2>/dev/null && return
	# The lists of packages may be old or missing.
	apt-get -qq update
	apt-get -qq download "$1" 2>/dev/null
}

# Whether a program that was unpacked fits the libraries as they are now.
fits() { [ -x "$1" ] && [[ $(ldd "$1" 2>&1) != *"not found"* ]]; }

# A program without the service of its package, which is only unpacked; its libraries are installed.
# Of several packages it is in the first that the archive has, and unpacked into a directory with
# the name of the one named first: PROGRAM PACKAGE...
unpack() {
	local program=$1 files=$build/$2 package libraries
	shift
	[ -x "/$program" ] || fits "$files/$program" && return
	say "Unpacking $(basename "$program") into ${files#"$top"/} (the package itself is not installed)"
	rm -rf "$files.deb" "$files" && mkdir -p "$files.deb"
	for package in "$@"; do
		(cd "$files.deb" && download "$package") && break
	done
	libraries=$(dpkg-deb -f "$files.deb"/*.deb Depends |
		tr ',' '\n' | sed 's/[(|].*//; s/ //g' | grep '^lib' | sort -u)
	# shellcheck disable=SC2086
	install_packages $libraries
	dpkg-deb -x "$files.deb"/*.deb "$files"
	rm -rf "$files.deb"
	fits "$files/$program" ||
		fail "$(basename "$program") does not fit the libraries that are installed: upgrade them"
}

unpack_mosquitto() { unpack usr/sbin/mosquitto mosquitto; }

# With the bus that it needs, which was in the package of its service before Debian 12.
unpack_networkmanager() {
	unpack usr/sbin/NetworkManager network-manager
	unpack usr/bin/dbus-daemon dbus-daemon dbus
}

# Configures a build directory, or brings an existing one up to date: DIRECTORY OPTIONS...
configure() {
	local where=$1
	shift
	if [ -f "$where/build.ninja" ]; then
		meson setup --reconfigure "$@" "$where" "$top" >"$where/setup.log" 2>&1
	else
		mkdir -p "$where"
		meson setup "$@" "$where" "$top" >"$where/setup.log" 2>&1
	fi || { tail -n 30 "$where/setup.log" >&2; fail "meson setup failed"; }
}

# Compiles: DIRECTORY
compile() {
	ninja -C "$1" >"$1/compile.log" 2>&1 || { tail -n 60 "$1/compile.log" >&2; fail "the build failed"; }
}
