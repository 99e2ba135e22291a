#!/usr/bin/env bash
# Run the tests: test.sh fast|all [pytest arguments]
#   fast   once, on SQLite and in memory, without those marked `services`
#   all    so, and then on PostgreSQL and Redis, without those marked `embedded`
# Both runs happen even if the first fails; their last lines are repeated at the end.
set -eu -o pipefail
cd "$(dirname "$0")/.."

which=$1
shift
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
trap 'exit 130' INT HUP TERM

pytest=(.venv/bin/python -m pytest --durations=10)
[ ! -t 1 ] || pytest+=(--color=yes)  # a pipe hides the terminal from pytest
selected=$# failed=0 ran=0

run() {  # run NAME COMMAND...: show the output, keep the last line of it
  local name=$1 status=0
  shift
  printf '\n%s\n' "$name"
  "$@" 2>&1 | tee -i "$tmp/output" || status=$?
  printf '%s\n' "$name" "$(tail -n 1 "$tmp/output")" >>"$tmp/closing"
  case $status in
    0) ran=1 ;;
    5) [ "$selected" != 0 ] || failed=1 ;;  # no test: which arguments of ours may well do to one of the two runs
    *) failed=1 ;;
  esac
}

[ "$which" = fast ] || scripts/with-services.sh

run "SQLite, in memory" env -u DATABASE_URL -u REDIS_URL "${pytest[@]}" -m "not services" "$@"
if [ "$which" = all ]; then
  run "PostgreSQL, Redis" scripts/with-services.sh "${pytest[@]}" -m "not embedded" "$@"
  printf '\n'
  cat "$tmp/closing"
fi
[ "$failed" = 0 ] && [ "$ran" = 1 ]
