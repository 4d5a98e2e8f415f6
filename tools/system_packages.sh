#!/usr/bin/env bash
# Brings the programs that Rollcall runs and that pip cannot bring: `tools/system_packages.sh run|test`.
# Does nothing where they are all there; otherwise installs Debian's or Ubuntu's packages (as root or by sudo), or says what to install.
set -euo pipefail

for_what=${1:-run}
needed=()          # packages
missing=()         # what they are for

need() { # need COMMAND PACKAGE...: PACKAGE is installed unless COMMAND can be run
  local command=$1; shift
  command -v "$command" >/dev/null 2>&1 && return
  [ -x "/usr/sbin/$command" ] && return
  needed+=("$@"); missing+=("$command")
}

python=${PYTHON:-python3}
if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
  if command -v python3.11 >/dev/null 2>&1; then python=python3.11; else needed+=(python3); missing+=("Python 3.11 or newer"); fi
fi
if command -v "$python" >/dev/null 2>&1 && ! "$python" -c 'import venv, ensurepip' 2>/dev/null; then
  needed+=(python3-venv); missing+=("Python's venv")
fi
if [ "$(uname)" != Darwin ] && ! command -v chromium >/dev/null && ! command -v chromium-browser >/dev/null && ! command -v google-chrome >/dev/null; then
  needed+=(chromium); missing+=(chromium)
fi
need ffmpeg ffmpeg
need espeak-ng espeak-ng   # the voices of the rehearsal's scripted people
if [ "$for_what" = test ]; then
  [ -d /usr/lib/postgresql ] || need postgres-server postgresql
  need redis-server redis-server
  need rabbitmq-server rabbitmq-server
  need node nodejs npm
  need janus janus janus-demos libjs-janus-gateway
  need ip iproute2
fi
if [ "$(uname)" = Linux ] && command -v apt-cache >/dev/null && ! command -v chromium-headless-shell >/dev/null; then
  # Half the memory where no picture is recorded; not every distribution has it.
  if apt-cache show chromium-headless-shell >/dev/null 2>&1; then needed+=(chromium-headless-shell); missing+=(chromium-headless-shell); fi
fi

[ ${#needed[@]} -eq 0 ] && exit 0
echo "Rollcall needs: ${missing[*]}"
if [ "$(uname)" = Darwin ]; then
  echo "Install them first, for example: brew install python@3.12 ffmpeg espeak-ng && brew install --cask chromium" >&2
  exit 1
fi
if ! command -v apt-get >/dev/null 2>&1; then
  echo "This is not Debian or Ubuntu: install these with your system's package manager, then run make again." >&2
  exit 1
fi
sudo=()
if [ "$(id -u)" -ne 0 ]; then
  if ! command -v sudo >/dev/null 2>&1; then
    echo "Installing needs root: run 'apt-get install ${needed[*]}' as root, then run make again." >&2
    exit 1
  fi
  sudo=(sudo)
fi
echo "Installing ${needed[*]} with apt-get"
log=$(mktemp)
# Services that a package would start by itself are not wanted: the tests start their own on loopback.
if ! { "${sudo[@]}" apt-get update && "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y --no-install-recommends "${needed[@]}"; } >"$log" 2>&1; then
  tail -n 15 "$log" >&2
  echo "apt-get could not install ${needed[*]}: see above, install them by hand, then run make again." >&2
  exit 1
fi
rm -f "$log"
