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

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
version=$(sed -n "s/^default_version *= *'\(.*\)'/\1/p" "$top/company_risk.control")
work=
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

as_root()
{
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	else
		sudo "$@"
	fi
}

# The newest PostgreSQL with both a server and its development files.
installed_pg_config()
{
	local bin

	for bin in $(printf '%s\n' /usr/lib/postgresql/*/bin | sort -rV); do
		if [ -x "$bin/postgres" ] && [ -f "$("$bin/pg_config" --pgxs 2>/dev/null)" ]; then
			echo "$bin/pg_config"
			return
		fi
	done
}

# Installs what is missing of the given Debian packages; asks the network for
# nothing when nothing is missing.
install_packages()
{
	local package missing=()

	for package; do
		if [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" != installed ]; then
			missing+=("$package")
		fi
	done
	[ ${#missing[@]} -gt 0 ] || return 0

	echo "Installing Debian packages:" "${missing[@]}"
	update_lists
	# A first installation would create and start a server that nobody asked for.
	if [ ! -d /etc/postgresql-common ]; then
		no_cluster=/etc/postgresql-common/createcluster.d/company_risk.conf
		as_root mkdir -p "${no_cluster%/*}"
		echo "create_main_cluster = false" | as_root tee "$no_cluster" >/dev/null
	fi
	as_root env DEBIAN_FRONTEND=noninteractive \
		apt-get install -y -qq --no-install-recommends "${missing[@]}" >"$work/apt.log" 2>&1 </dev/null || {
			cat "$work/apt.log"
			return 1
		}
}

update_lists()
{
	[ -z "$lists_updated" ] || return 0
	as_root apt-get update -qq || echo "apt-get update failed; trying with the package lists at hand"
	lists_updated=1
}

# The packages given and PostgreSQL; sets PG_CONFIG unless the caller chose one.
require_packages()
{
	local newest

	if [ -z "${PG_CONFIG:-}" ] || [ "$PG_CONFIG" = pg_config ]; then
		PG_CONFIG=$(installed_pg_config)
	fi
	if ! command -v apt-get >/dev/null; then
		echo "Not Debian or Ubuntu: PostgreSQL with its development files and what these packages hold must be there:" "$@"
		[ -n "$PG_CONFIG" ] || PG_CONFIG=$(command -v pg_config)
		return
	fi
	if [ -z "$PG_CONFIG" ]; then
		update_lists
		newest=$(apt-cache depends postgresql | sed -n 's/.*Depends: postgresql-\([0-9]*\)$/\1/p' | head -n 1)
		install_packages "${@/%-N/-$newest}" "postgresql-$newest" "postgresql-server-dev-$newest"
		PG_CONFIG=$(installed_pg_config)
	else
		install_packages "${@/%-N/-$(major_version)}"
	fi
}

major_version()
{
	"$PG_CONFIG" --version | sed 's/[^0-9]*\([0-9]*\).*/\1/'
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
	[ -z "$no_cluster" ] || as_root rm -f "$no_cluster"
	if [ -n "$job" ]; then
		kill -TERM -- "-$job" 2>/dev/null || true
		wait "$job" 2>/dev/null || true
	fi
	find "$work" -name postmaster.pid 2>/dev/null | while read -r pidfile; do
		as_user "$bindir/pg_ctl" stop -s -m immediate -D "${pidfile%/*}" >/dev/null 2>&1 || true
	done
	if [ -n "${KEEP:-}" ]; then
		echo "Kept $work"
	else
		rm -rf "$work"
	fi
}

make_work_folder()
{
	work=$(mktemp -d "${TMPDIR:-/tmp}/company_risk.XXXXXX")
	trap clean_up EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM
	trap 'exit 129' HUP
}

# Sees that the packages given and PostgreSQL are there, and copies the sources
# to the working folder.  From here on everything is run by as_user.
prepare()
{
	make_work_folder

	require_packages "$@"
	bindir=$("$PG_CONFIG" --bindir)
	major=$(major_version)

	mkdir "$work/source" "$work/tmp" "$work/log"
	tar -C "$top" --exclude=./.git --exclude='*.o' --exclude='*.so' \
		--exclude=./trainer/company_risk_trainer -cf - . |
		tar -C "$work/source" --no-same-owner -xf -
	chmod -R u=rwX,go=rX "$work"
	if [ "$(id -u)" -eq 0 ]; then
		chown -R "nobody:$(id -gn nobody)" "$work"
		unprivileged=(setpriv --reuid=nobody --regid="$(id -gn nobody)" --clear-groups)
	fi
	cd "$work"

	# Nothing in the caller's environment may lead to another server.
	unset "${!PG@}"
	export PGHOST=$work/tmp PGPORT=5432 PGUSER=postgres PGDATABASE=postgres
	export TMPDIR=$work/tmp HOME=$work LC_ALL=C.UTF-8 PATH=$bindir:$PATH
}

# ---------------------------------------------------------------- build, serve

# build FOLDER [ARGUMENT...]: make, outside of the source tree.
build()
{
	as_user mkdir -p "$work/$1"
	as_user make -C "$work/$1" -f "$work/source/Makefile" --no-print-directory \
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
	as_user "$bindir/initdb" -D "$work/$1" -U postgres -A trust --no-sync \
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
