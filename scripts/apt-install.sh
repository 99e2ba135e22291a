#!/bin/sh
# Install Debian packages when we may, and start none of the services in them; else say what to install.
#   apt-install.sh PACKAGE...
set -eu

if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
  printf '%s\n' "This machine lacks: $*" "On Debian or Ubuntu: sudo apt-get install --no-install-recommends $*" >&2
  exit 1
fi

log=$(mktemp)
undo=$log
trap 'rm -f $undo' EXIT
trap 'exit 130' INT HUP TERM

# Both files exist for this: the first refuses any start of a service, the second the making of a "main" database cluster.
# Where there is a policy already, it is the owner's and stays.
if [ ! -e /usr/sbin/policy-rc.d ]; then
  undo="$undo /usr/sbin/policy-rc.d"
  printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
  chmod +x /usr/sbin/policy-rc.d
fi
case $* in *postgresql*)
  no_cluster=/etc/postgresql-common/createcluster.d/no-main-cluster.conf
  undo="$undo $no_cluster"
  mkdir -p "${no_cluster%/*}"
  echo 'create_main_cluster = false' >"$no_cluster"
  ;;
esac

printf '%s\n' "setup: installing $* (apt-get)" >&2
export DEBIAN_FRONTEND=noninteractive
apt() { apt-get -o DPkg::Lock::Timeout=300 "$@" >>"$log" 2>&1; }
if ! { apt update && apt install --yes --no-install-recommends "$@"; }; then
  cat "$log" >&2
  exit 1
fi
