# shellcheck shell=bash
# shellcheck disable=SC2034
# What the scripts of this folder share: the Debian packages they need, a
# working folder, and throwaway PostgreSQL servers in it.
#
# Everything happens in one temporary folder on a copy of the sources: builds,
# installation, servers.  It is removed at the end, servers stopped first, also
# after an interrupt.  KEEP=1 keeps the folder (not the servers) for a look.
#
# A server refuses to run as root, so root does that part as "nobody", who can
# reach no other database on the machine.

set -euo pipefail

# What other programs say is read here, and compared with what tests expect.
# LANGUAGE goes before every locale but "C", and PostgreSQL's TAP tests forget LC_ALL.
unset LANGUAGE "${!LC_@}"
export LANG=C.UTF-8 LC_ALL=C.UTF-8

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
version=$(sed -n "s/^default_version *= *'\(.*\)'/\1/p" "$top/company_risk.control")
oldest=15				# PostgreSQL's major version
superuser=first_user	# not "postgres", that no test may count on
work=
sockets=
job=
bindir=
no_cluster=
lists_updated=
unprivileged=()

# ---------------------------------------------------------------- packages

build_packages=(gcc libc6-dev libxgboost-dev make)
# Python trains the models that those trained here are compared with.
test_packages=(clang libclang-rt-dev libipc-run-perl perl python3-pandas python3-psycopg python3-xgboost)
bench_packages=(python3-matplotlib python3-pandas python3-xgboost postgresql-plpython3-N)
# PostgreSQL itself: postgresql-N and postgresql-server-dev-N, see below, where
# N is its major version.

refuse()
{
	echo "$*" >&2
	exit 1
}

as_root()
{
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo "$@"
	else
		echo "This needs root, and there is no sudo: $*"
		return 1
	fi
}

is_installed()
{
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# Installs what is missing of the given Debian packages; asks the network for
# nothing when nothing is missing.
install_packages()
{
	local package status=0 missing=()

	for package; do
		is_installed "$package" || missing+=("$package")
	done
	[ ${#missing[@]} -gt 0 ] || return 0

	echo "Installing Debian packages:" "${missing[@]}"
	update_lists
	# The package of a server would create and start a cluster that nobody asked for.
	no_cluster=/etc/postgresql-common/createcluster.d/company_risk.conf
	as_root mkdir -p "${no_cluster%/*}"
	echo "create_main_cluster = false" | as_root tee "$no_cluster" >/dev/null
	as_root env DEBIAN_FRONTEND=noninteractive \
		apt-get install -y -qq --no-install-recommends "${missing[@]}" >"$work/apt.log" 2>&1 </dev/null || status=$?
	create_clusters_again
	[ "$status" -eq 0 ] || cat "$work/apt.log"
	return "$status"
}

create_clusters_again()
{
	[ -z "$no_cluster" ] || as_root rm -f "$no_cluster"
	no_cluster=
}

update_lists()
{
	[ -z "$lists_updated" ] || return 0
	as_root apt-get update -qq || echo "apt-get update failed; trying with the package lists at hand"
	lists_updated=1
}

# candidate PACKAGE FIELD: of what apt would install.
candidate()
{
	{ apt-cache show --no-all-versions "$1" 2>/dev/null || true; } | sed -n "s/^$2: //p"
}

# ---------------------------------------------------------------- PostgreSQL

# major_version PG_CONFIG
major_version()
{
	"$1" --version | sed 's/[^0-9]*\([0-9]*\).*/\1/'
}

# why_not PG_CONFIG: what keeps us from using that PostgreSQL; nothing if it is fine.
why_not()
{
	local version

	if ! version=$(major_version "$1" 2>/dev/null); then
		echo "$1 does not work"
	elif [ "$version" -lt "$oldest" ]; then
		echo "PostgreSQL $version is too old: company_risk needs $oldest or newer"
	elif [ ! -x "$("$1" --bindir)/postgres" ]; then
		echo "PostgreSQL $version has no server here, only programs for clients"
	# Debian's package for clients has the makefiles, but not the headers.
	elif [ ! -f "$("$1" --pgxs)" ] || [ ! -f "$("$1" --includedir-server)/postgres.h" ]; then
		echo "PostgreSQL $version has no development files here (postgres.h)"
	fi
}

# Debian's pg_configs, the newest first.
debian_pg_configs()
{
	find /usr/lib/postgresql -path '*/bin/pg_config' 2>/dev/null | sort -rV
}

usable_pg_config()
{
	local file

	for file in $(debian_pg_configs); do
		if [ -z "$(why_not "$file")" ]; then
			echo "$file"
			return
		fi
	done
}

# The version to install: of a server that lacks its development files only, or
# Debian's choice.
version_to_install()
{
	local file version

	for file in $(debian_pg_configs); do
		version=$(major_version "$file")
		if [ "$version" -ge "$oldest" ] && [ -x "${file%/*}/postgres" ] &&
			[ -n "$(candidate "postgresql-server-dev-$version" Version)" ]; then
			echo "$version"
			return
		fi
	done
	candidate postgresql Depends | sed -n 's/.*postgresql-\([0-9]*\).*/\1/p'
}

# The packages given and PostgreSQL; sets PG_CONFIG unless the caller chose one.
require_packages()
{
	local packages=("$@") version reason

	[ "${PG_CONFIG:-}" != pg_config ] || PG_CONFIG=
	PG_CONFIG=${PG_CONFIG:-$(usable_pg_config)}
	if ! command -v apt-get >/dev/null; then
		echo "Not Debian or Ubuntu: PostgreSQL with its development files and what these packages hold must be there:" "$@"
		PG_CONFIG=${PG_CONFIG:-$(command -v pg_config || echo pg_config)}
	else
		if [ -z "$PG_CONFIG" ]; then
			update_lists
			PG_CONFIG=/usr/lib/postgresql/$(version_to_install)/bin/pg_config
		fi
		version=$(sed -n 's|^/usr/lib/postgresql/\([0-9]*\)/.*|\1|p' <<<"$PG_CONFIG")
		if [ -n "$version" ] && [ "$version" -lt "$oldest" ]; then
			refuse "This system brings PostgreSQL $version, which is too old: company_risk needs $oldest or newer" \
				"(https://apt.postgresql.org has it)"
		fi
		if [ -n "$version" ] && [ -n "$(why_not "$PG_CONFIG")" ]; then
			packages+=("postgresql-$version" "postgresql-server-dev-$version")
		fi
		install_packages "${packages[@]/%-N/-${version:-$(major_version "$PG_CONFIG" 2>/dev/null)}}"
	fi
	reason=$(why_not "$PG_CONFIG")
	[ -z "$reason" ] || refuse "$reason"
}

# ---------------------------------------------------------------- the folder

# Runs a command as a user who may run a server.
as_user()
{
	"${unprivileged[@]}" "$@"
}

# Runs a command in its own process group, so that an interrupt ends all of it.
in_group()
{
	local status=0

	set -m
	"$@" </dev/null &
	job=$!
	set +m
	wait "$job" || status=$?
	job=
	return "$status"
}

clean_up()
{
	local pidfile

	trap '' INT TERM HUP
	create_clusters_again
	if [ -n "$job" ]; then
		kill -TERM -- "-$job" 2>/dev/null || true
		wait "$job" 2>/dev/null || true
	fi
	find "$work" -name postmaster.pid 2>/dev/null | while read -r pidfile; do
		as_user "$bindir/pg_ctl" stop -s -m immediate -D "${pidfile%/*}" >/dev/null 2>&1 || true
	done
	if [ -n "${KEEP:-}" ]; then
		echo "Kept $work"
		work=
	fi
	rm -rf "$work" "$sockets"
}

make_work_folder()
{
	work=$(mktemp -d "${TMPDIR:-/tmp}/company_risk.XXXXXX")
	work=$(realpath "$work")
	trap clean_up EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM
	trap 'exit 129' HUP
}

# copy_sources FOLDER: the sources, without what make and its tests leave among
# them, which is what git ignores; there need not be a git.
copy_sources()
{
	tar -C "$top" --exclude=./.git --exclude-from=<(sed -n 's|^/|./|; s|/$||; /^[^#]/p' "$top/.gitignore") -cf - . |
		tar -C "$1" --no-same-owner -xf -
}

# Where sockets and the short-lived files of tests go: their paths have to be
# short (a socket's has 107 bytes at most) and plain.
choose_sockets()
{
	sockets=$work/tmp
	if [ ${#sockets} -gt 60 ] || [[ "$sockets" = *[!A-Za-z0-9/._-]* ]]; then
		sockets=$(mktemp -d /tmp/company_risk.XXXXXX)
	fi
}

# Sees that the packages given and PostgreSQL are there, and copies the sources
# to the working folder.  From here on everything is run by as_user.
prepare()
{
	make_work_folder
	if [[ "$work" = *[\'\"\`\$\\:,%#]* ]]; then
		refuse "make and PostgreSQL cannot work in $work: choose another TMPDIR"
	fi

	require_packages "$@"
	bindir=$("$PG_CONFIG" --bindir)
	major=$(major_version "$PG_CONFIG")

	mkdir "$work/source" "$work/tmp" "$work/log"
	choose_sockets
	copy_sources "$work/source"
	chmod -R u=rwX,go=rX "$work" "$sockets"
	if [ "$(id -u)" -eq 0 ]; then
		chown -R "nobody:$(id -gn nobody)" "$work" "$sockets"
		unprivileged=(setpriv --reuid=nobody --regid="$(id -gn nobody)" --clear-groups)
	fi
	if ! as_user test -w "$work/log"; then
		refuse "nobody, who runs the server for root, cannot reach $work: choose another TMPDIR"
	fi
	cd "$work"

	# Nothing in the caller's environment may lead to another server.
	unset "${!PG@}"
	export PGHOST=$sockets PGPORT=5432 PGUSER=$superuser PGDATABASE=postgres
	export TMPDIR=$sockets HOME=$work PATH=$bindir:$PATH
}

# ---------------------------------------------------------------- build, serve

# build FOLDER [ARGUMENT...]: make, outside of the source tree, which it is told
# of by a path that has no blank, whatever the working folder's is.
build()
{
	as_user mkdir -p "$work/$1"
	as_user make -C "$work/$1" -f ../source/Makefile --no-print-directory \
		PG_CONFIG="$bindir/pg_config" "${@:2}"
}

# install_extension FOLDER: installs a build under the working folder, and
# writes the settings that make a server look there.
install_extension()
{
	local installed=$work/installed

	if [ "$major" -lt 18 ] && ! grep -q extension_destdir "$("$bindir/pg_config" --sharedir)/postgresql.conf.sample"; then
		echo "This PostgreSQL $major has no extension_destdir: take Debian's, or version 18 or newer"
		return 1
	fi
	build "$1" install -s DESTDIR="$installed" || return
	{
		# Up to 17 Debian's own addition, from 18 on PostgreSQL's.
		if [ "$major" -ge 18 ]; then
			echo "extension_control_path = '$installed$("$bindir/pg_config" --sharedir):\$system'"
		else
			echo "extension_destdir = '$installed'"
		fi
		echo "dynamic_library_path = '$installed$("$bindir/pg_config" --pkglibdir):\$libdir'"
	} | as_user tee "$work/extension.conf" >/dev/null
}

# start_server NAME: a server on a socket in the working folder and nowhere
# else.  psql and the test drivers find it by the environment set in prepare.
start_server()
{
	as_user "$bindir/initdb" -D "$work/$1" -U "$superuser" -A trust --no-sync \
		--encoding=UTF8 --locale=C.UTF-8 >"$work/log/initdb" || return
	{
		cat "$work/extension.conf"
		echo "listen_addresses = ''"
		echo "unix_socket_directories = '$PGHOST'"
		echo "fsync = off"
	} | as_user tee -a "$work/$1/postgresql.conf" >/dev/null
	as_user "$bindir/pg_ctl" start -s -w -D "$work/$1" -l "$work/log/server"
}

stop_server()
{
	as_user "$bindir/pg_ctl" stop -s -w -m fast -D "$work/$1"
}
