#!/usr/bin/env bash
# Makes .venv from a lock file: `tools/setup_venv.sh requirements.lock`. Every package is checked against its hash.
set -euo pipefail
cd "$(dirname "$0")/.."
lock=$1
python=$(tools/find_python.sh)
if [ -z "$python" ]; then
  echo "Rollcall needs Python 3.11 or newer: install it, or name it as in: make run PYTHON=/path/to/python3.13" >&2
  exit 1
fi
# A .venv whose making was broken off has a python and no pip.
.venv/bin/python -c 'import pip' 2>/dev/null || "$python" -m venv --clear .venv
# Told apart by the lock's content, not by time: a fresh clone has only new files.
stamp=.venv/.installed-$(basename "$lock")
now=$(cat "$lock" pyproject.toml | cksum)
[ -f "$stamp" ] && [ "$(cat "$stamp")" = "$now" ] && exit 0
echo "Setting up .venv from $lock"
.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r "$lock"
# Rollcall itself, as it lies here; setuptools' advice on that is kept back unless it fails.
if ! said=$(.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e . 2>&1); then
  echo "$said" >&2
  exit 1
fi
echo "$now" >"$stamp"
