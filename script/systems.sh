# shellcheck shell=bash
# shellcheck disable=SC2154
# What the scripts share that test on other systems than this one: minimal Debian
# systems, made once in a cache folder, and commands run in them.
#
#   MATRIX_ROOT=...    the cache folder; remove it to start afresh
#
# To be sourced after common.sh, and needs root.  A command has namespaces of its
# own: its processes and mounts end with it.  It is not in a chroot, where user
# namespaces, which tests need, could not be made: the system is its root.
#
# Exits with 77 where such systems cannot be made.

cache=${MATRIX_ROOT:-${XDG_CACHE_HOME:-${HOME:-/var/cache}/.cache}/company_risk}
if [ "$(id -u)" -ne 0 ]; then
	exec sudo env MATRIX_ROOT="$cache" ONLY="${ONLY:-}" "$0" "$@"
fi

isolate=(unshare --mount --propagation private --ipc --pid --fork --kill-child)

cannot()
{
	echo "${0##*/}: $1"
	exit 77
}

# The mirror that this machine's apt uses; elsewhere than on Debian debootstrap's
# own default.
mirror()
{
	# shellcheck disable=SC2016
	apt-get indextargets --format '$(LABEL) $(REPO_URI)' | awk '$1 == "Debian" { print $2; exit }'
}

prepare_systems()
{
	make_work_folder
	command -v apt-get >/dev/null || cannot "only on Debian and its relatives"
	install_packages debootstrap || cannot "debootstrap cannot be installed"
	[ -n "$(mirror)" ] || update_lists
	"${isolate[@]}" true 2>/dev/null || cannot "namespaces are not permitted here"
	eval "$(apt-config shell http_proxy Acquire::http::Proxy)"
	export http_proxy
	mkdir -p "$cache"
}

# make_system SUITE PACKAGE,...: unless it is there already, in $cache/SUITE.
make_system()
{
	local suite=$1 root=$cache/$1

	[ ! -d "$root" ] || return 0
	echo "Making a minimal Debian $suite in $root"
	rm -rf "$root.new"
	# shellcheck disable=SC2046
	if ! in_group debootstrap --variant=minbase --include="$2" "$suite" "$root.new" \
		$(mirror) >"$work/debootstrap.log" 2>&1; then
		tail -n 5 "$work/debootstrap.log"
		rm -rf "$root.new"
		cannot "debootstrap of $suite failed"
	fi
	mv "$root.new" "$root"
}

# in_system ROOT COMMAND...: with an empty environment.
in_system()
{
	cp -L /etc/resolv.conf "$1/etc/resolv.conf" 2>/dev/null || true
	[ -z "${http_proxy:-}" ] ||
		echo "Acquire::http::Proxy \"$http_proxy\";" >"$1/etc/apt/apt.conf.d/99proxy"
	# shellcheck disable=SC2016
	"${isolate[@]}" sh -c '
		set -e
		mount --bind "$1" "$1"
		cd "$1"
		mount -t proc proc proc
		mount -t tmpfs -o mode=1777 tmpfs dev/shm
		[ -z "$2" ] || mount --bind "$2" var/cache/apt/archives
		pivot_root . mnt
		umount -l mnt
		shift 2
		exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root "$@"
	' sh "$1" "${archives:-}" "${@:2}"
}
