# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# roots.sh — bare Debians of other suites in which tests build and run
#
# To be sourced after prepare.sh. Each suite is unpacked once into build-check/roots and
# copied from there; a caller removes its copies.

packages_roots=(debootstrap debian-archive-keyring systemd-container)
# What a container needs to boot, and a test to drive it.
packages_in_root=systemd,systemd-sysv,dbus,udev,iproute2,python3,dnsmasq-base
roots=$build/roots

# The archive that this machine itself uses; nothing: debootstrap knows one.
mirror() {
	apt-get indextargets --format '$(SITE)' 'Created-By: Packages' 2>/dev/null |
		grep -m 1 '/debian/*$' || true
}

# A bare root of a suite, made once: SUITE
bare_root() {
	local tar=$roots/$1.tar mirror
	[ -f "$tar" ] && return
	mkdir -p "$roots"
	mirror=$(mirror)
	debootstrap --variant=minbase --include="$packages_in_root" "$1" "$roots/$1.new" \
		${mirror:+"$mirror"} >"$roots/$1.log" 2>&1 || { tail -n 20 "$roots/$1.log" >&2; return 1; }
	tar -C "$roots/$1.new" -cf "$tar.new" .
	rm -rf "$roots/$1.new"
	mv "$tar.new" "$tar"
}

# A fresh copy of it: SUITE DIRECTORY
fresh() {
	rm -rf "$2"
	mkdir -p "$2"
	tar -C "$2" -xf "$roots/$1.tar"
}

# Copies the tree as it is, without what is ignored: DIRECTORY
copy_tree() {
	mkdir -p "$1"
	git -C "$top" ls-files -z --cached --others --exclude-standard |
		(cd "$top" && tar -c --null -T - --ignore-failed-read) | tar -x -C "$1"
}

# A container without a service manager of its own, with the machine's network: ROOT COMMAND...
inside() {
	local root=$1
	shift
	systemd-nspawn --quiet --register=no --keep-unit --as-pid2 --pipe --directory="$root" \
		--setenv=DEBIAN_FRONTEND=noninteractive --setenv=LC_ALL=C.UTF-8 "$@"
}

# As inside(), but with all that root may do: what makes network namespaces needs it. Mounts
# end with it. Not by chroot: after unshare(CLONE_NEWNS) in one, /proc/self/exe has a path of
# the world outside: ROOT COMMAND...
inside_with_all_rights() {
	local root=$1
	shift
	# shellcheck disable=SC2016
	unshare --mount --pid --fork --kill-child sh -ec '
		cp --remove-destination /etc/resolv.conf "$1/etc/resolv.conf"
		mount --bind "$1" "$1"
		cd "$1"; shift
		mount --rbind /dev dev
		mount --rbind /sys sys
		mount -t proc proc proc
		mount -t tmpfs -o mode=0755 run run
		mount -t tmpfs -o mode=1777 tmp tmp
		pivot_root . mnt
		cd /
		umount --lazy /mnt
		exec env -i DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 HOME=/root \
			PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"
	' sh "$root" "$@"
}
