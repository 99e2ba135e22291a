#!/bin/sh
# Everything about the code that needs no running: each check runs, whatever the one before it said.
set -u
cd "$(dirname "$0")/.." || exit

python=.venv/bin/python
failed=

check() {  # check NAME COMMAND...
  printf '%s\n' "── $1"
  name=$1
  shift
  "$@" || failed="$failed $name"
}

check format $python -m ruff format --check .
check lint $python -m ruff check .
check types $python -m mypy .
check imports .venv/bin/lint-imports --no-logo
check migrations $python manage.py makemigrations --check --dry-run
check lock scripts/pipenv.sh verify
check docs $python -m pytest --quiet tests/docs

[ -z "$failed" ] || {
  printf '\n%s\n' "failed:$failed"
  exit 1
}
