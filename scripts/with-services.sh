#!/bin/sh
# Run a command with a PostgreSQL and a Redis of its own, found in DATABASE_URL and REDIS_URL, and gone after it.
#   with-services.sh COMMAND...
#   with-services.sh              only see to it that they, and the browser, are installed
#   FSYNC=off                     PostgreSQL leaves it to the kernel when it writes to the disk: for tests
set -eu
cd "$(dirname "$0")/.."

missing=
command -v redis-server >/dev/null || missing="$missing redis-server"
command -v pg_virtualenv >/dev/null || missing="$missing postgresql-common"
[ -n "$(find /usr/lib/postgresql -path '*/bin/initdb' 2>/dev/null)" ] || missing="$missing postgresql"
command -v chromium >/dev/null || missing="$missing chromium"
# shellcheck disable=SC2086  # a list of packages
[ -z "$missing" ] || scripts/apt-install.sh $missing || {
  echo "\`make test-fast\` needs none of them." >&2
  exit 1
}
[ $# -gt 0 ] || exit 0

tmp=$(mktemp -d)
redis=
# shellcheck disable=SC2317  # reached through the trap
stop() {
  if [ -n "$redis" ] && kill "$redis" 2>/dev/null; then wait "$redis" || true; fi
  rm -rf "$tmp"
}
trap stop EXIT
trap 'exit 130' INT HUP TERM

ports=$(.venv/bin/python -c 'from bench.ports import free_port; print(free_port(), free_port())')
redis_port=${ports% *}
export PGPORT="${ports#* }"  # without it pg_virtualenv takes 5432 or the next, and so does its neighbour at the same moment

redis-server --bind 127.0.0.1 --port "$redis_port" --save '' --appendonly no --dir "$tmp" >"$tmp/redis.log" 2>&1 &
redis=$!
tries=0
until grep -q 'Ready to accept connections' "$tmp/redis.log" 2>/dev/null; do
  tries=$((tries + 1))
  if [ "$tries" -gt 100 ] || ! kill -0 "$redis" 2>/dev/null; then
    echo "Redis did not start:" >&2
    cat "$tmp/redis.log" >&2
    exit 1
  fi
  sleep 0.1
done
export REDIS_URL="redis://127.0.0.1:$redis_port/0"

# -t keeps the cluster out of /etc and /var even for root. A locale, since without one the encoding would be SQL_ASCII.
# pg_virtualenv follows a command that fails with its whole log, so it is told of success and the status takes another way.
export STATUS_FILE="$tmp/status"
# shellcheck disable=SC2016  # expanded by the inner shell, which knows the cluster
pg_virtualenv -t -c '--locale C.UTF-8 --encoding UTF8' -o "fsync=${FSYNC:-on}" sh -c '
  export DATABASE_URL="postgres://$PGUSER:$PGPASSWORD@$PGHOST:$PGPORT/$PGDATABASE"
  status=0
  "$@" >&3 2>&4 3>&- 4>&- || status=$?
  echo "$status" >"$STATUS_FILE"' sh "$@" 3>&1 4>&2 >"$tmp/postgresql.log" 2>&1 || {
  echo "PostgreSQL did not start:" >&2
  cat "$tmp/postgresql.log" >&2
  exit 1
}
exit "$(cat "$STATUS_FILE")"
