#!/usr/bin/env bash
# Run the tests: test.sh fast|all [pytest arguments]
#   fast   once, on SQLite and in memory, without those marked `services`
#   all    so, and then on PostgreSQL and Redis, without those marked `embedded`; beside both, those that mostly wait
# All runs happen even if one fails; their last lines are repeated at the end.
set -eu -o pipefail
cd "$(dirname "$0")/.."

which=$1
shift
export FSYNC=off  # the tests kill servers, and not the machine; a busy disk makes them wait for nothing
tmp=$(mktemp -d)
beside=
trap '[ -z "$beside" ] || kill -- "-$beside" 2>/dev/null || true; rm -rf "$tmp"' EXIT
trap 'exit 130' INT HUP TERM

pytest=(.venv/bin/python -m pytest --durations=10)
[ ! -t 1 ] || pytest+=(--color=yes)  # a pipe hides the terminal from pytest
selected=$# failed=0 ran=0

run() {  # run NAME COMMAND...: show the output, keep the last line of it
  local name=$1 status=0
  shift
  printf '\n%s\n' "$name"
  "$@" 2>&1 | tee -i "$tmp/output" || status=$?
  note "$name" "$status"
}

note() {  # note NAME STATUS: keep the last line of the output, and what the run came to
  printf '%s\n' "$1" "$(tail -n 1 "$tmp/output")" >>"$tmp/closing"
  case $2 in
    0) ran=1 ;;
    5) [ "$selected" != 0 ] || failed=1 ;;  # no test: which arguments of ours may well do to one of the runs
    *) failed=1 ;;
  esac
}

if [ "$which" = all ]; then
  scripts/with-services.sh
  # A group of its own, so that it can be ended as a whole.
  setsid scripts/with-services.sh "${pytest[@]}" -m "(browser or faults or stalls) and not embedded" "$@" >"$tmp/browser" 2>&1 &
  beside=$!
fi

run "SQLite, in memory" env -u DATABASE_URL -u REDIS_URL "${pytest[@]}" -m "not services" "$@"
if [ "$which" = all ]; then
  run "PostgreSQL, Redis" scripts/with-services.sh "${pytest[@]}" -m "not embedded and not browser and not faults and not stalls" "$@"
  status=0
  wait "$beside" || status=$?
  beside=
  printf '\n%s\n' "Browser, faults, stalls"
  tee "$tmp/output" <"$tmp/browser"
  note "Browser, faults, stalls" "$status"
  printf '\n'
  cat "$tmp/closing"
fi
[ "$failed" = 0 ] && [ "$ran" = 1 ]
