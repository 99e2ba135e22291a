#!/bin/sh
# Set up, once, what a verb of the Makefile needs: bootstrap.sh tools | runtime | dev
#   tools     .tools, with pipenv in it
#   runtime   .venv, with what the server needs
#   dev       .venv, with what tests and checks need too
# A copy of Pipfile.lock in .venv says what was installed, so that a second run only compares files.
set -eu
cd "$(dirname "$0")/.."

kind=$1
python=${PYTHON:-python3}
pipenv=pipenv==2026.10.3

say() { printf '%s\n' "setup: $*" >&2; }
die() { say "$*"; exit 1; }

tools_ready() { [ -e ".tools/.$pipenv" ] && .tools/bin/python -c '' 2>/dev/null; }

# A runtime is part of a dev environment. The import tells whether the Python under .venv is still the one it was made with.
venv_ready() {
  cmp -s Pipfile.lock .venv/.synced-dev || { [ "$kind" = runtime ] && cmp -s Pipfile.lock .venv/.synced-runtime; } || return 1
  .venv/bin/python -c 'import asgiref' 2>/dev/null
}

ready() { if [ "$kind" = tools ]; then tools_ready; else venv_ready; fi; }

require_python() {
  command -v "$python" >/dev/null || die "no $python here. Install Python 3.11 or newer, or name one: make PYTHON=/path/to/python3 …"
  "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    die "Python 3.11 or newer is needed; $(command -v "$python") is $("$python" -V). Name another: make PYTHON=/path/to/python3 …"
  # Debian leaves both out of its python3.
  "$python" -c 'import venv, ensurepip' 2>/dev/null ||
    scripts/apt-install.sh "$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')"
}

# Run a command; what it prints matters only if it fails, and pages of hashes not even then.
quietly() {
  log=$(mktemp)
  if "$@" >"$log" 2>&1; then rm -f "$log"; return; fi
  grep -v -e '--hash=' "$log" >&2 || true
  rm -f "$log"
  die "failed: $*"
}

make_tools() {
  say "installing $pipenv into .tools"
  "$python" -m venv --clear .tools
  quietly .tools/bin/python -m pip install --disable-pip-version-check "$pipenv"
  touch ".tools/.$pipenv"
}

make_venv() {
  scripts/pipenv.sh verify >/dev/null 2>&1 || die "Pipfile.lock does not belong to Pipfile; run: make lock"
  # .syncing is left only by a run that was cut short: pip takes half a package for a whole one, so begin anew.
  # Pip itself is left out of .venv, which saves 3 s: pipenv brings its own.
  if [ -e .venv/.syncing ] || ! .venv/bin/python -c '' 2>/dev/null; then
    "$python" -m venv --clear --without-pip .venv
  fi
  say "installing the locked packages ($kind) into .venv; half a minute or so"
  cp Pipfile.lock .venv/.syncing
  rm -f .venv/.synced-*
  case $kind in
    runtime) quietly scripts/pipenv.sh sync ;;
    dev) quietly scripts/pipenv.sh sync --dev ;;
  esac
  mv .venv/.syncing ".venv/.synced-$kind"
}

case $kind in tools | runtime | dev) ;; *) die "tools, runtime or dev?" ;; esac
ready && exit

require_python
# One set-up at a time. The lock belongs to the open file, so it ends with this process and its children, however they end.
exec 9<scripts/bootstrap.sh
"$python" -c 'import fcntl; fcntl.flock(9, fcntl.LOCK_EX | fcntl.LOCK_NB)' 2>/dev/null || {
  say "another set-up is running in this folder; waiting for it"
  "$python" -c 'import fcntl; fcntl.flock(9, fcntl.LOCK_EX)'
}
ready && exit
tools_ready || make_tools
[ "$kind" = tools ] || make_venv
say "ready"
