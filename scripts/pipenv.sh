#!/bin/sh
# The pipenv in .tools, the same for everyone: it keeps to ./.venv, whatever environment is active.
# Without [[source]] pipenv takes the index from pip's configuration, and so does the hash of Pipfile: `lock` and
# `verify` must not see it or they disagree from machine to machine. `sync` does, for the sake of mirrors and certificates.
set -eu
export PIPENV_IGNORE_VIRTUALENVS=1 PIPENV_VENV_IN_PROJECT=1 PIPENV_NOSPIN=1 PIP_DISABLE_PIP_VERSION_CHECK=1
case $1 in lock | verify)
  export PIP_CONFIG_FILE=/dev/null
  unset PIP_INDEX_URL PIP_EXTRA_INDEX_URL PIPENV_PYPI_MIRROR
  ;;
esac
exec "$(dirname "$0")/../.tools/bin/python" -m pipenv "$@"
