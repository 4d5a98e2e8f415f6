#!/usr/bin/env bash
# Prints the Python to use, or nothing: $PYTHON if it will do (3.11 or newer), else one whose locked packages need no compiler.
# A Mac's own python3 is 3.9, and Homebrew's may be newer than there are wheels for, so a versioned one is looked for too.
set -uo pipefail

is_between() { # is_between PYTHON LEAST BEYOND, as 3,11
  "$1" -c "import sys; sys.exit(not (($2) <= sys.version_info < ($3)))" >/dev/null 2>&1
}

asked=${PYTHON:-python3}
if [ "$asked" != python3 ] && is_between "$asked" 3,11 4,0; then
  echo "$asked"
  exit 0
fi
for python in python3 python3.13 python3.12 python3.11; do
  if is_between "$python" 3,11 3,14; then
    echo "$python"
    exit 0
  fi
done
if is_between python3 3,11 4,0; then echo python3; fi
