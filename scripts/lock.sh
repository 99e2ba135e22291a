#!/bin/sh
# Resolve Pipfile into Pipfile.lock, in a folder of its own so that .venv can be in use meanwhile.
set -eu
cd "$(dirname "$0")/.."

# A lock holds only what the interpreter that makes it needs, so the oldest one we support makes it: Debian 12's.
python=/usr/bin/python3
[ -x "$python" ] || python=${PYTHON:-python3}

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
trap 'exit 130' INT HUP TERM
"$python" -m venv "$tmp/.venv"
cp Pipfile "$tmp"
here=$PWD
(cd "$tmp" && TMPDIR=$tmp "$here/scripts/pipenv.sh" lock)  # its own TMPDIR, since pipenv leaves files there

# pipenv writes the address of the package index into every lock; without it each machine uses its own.
"$python" - "$tmp/Pipfile.lock" Pipfile.lock <<'PYTHON'
import json, os, sys

made, lock = sys.argv[1:]
with open(made) as file:
    content = json.load(file)
content["_meta"]["sources"] = []
for group in "default", "develop":
    for package in content[group].values():
        package.pop("index", None)
with open(lock + ".new", "w") as file:
    json.dump(content, file, indent=4, sort_keys=True)
    file.write("\n")
os.replace(lock + ".new", lock)
PYTHON
scripts/pipenv.sh verify
