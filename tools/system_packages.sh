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

chromium_is_there() {
  local name folder application
  for name in chromium chromium-browser google-chrome; do
    command -v "$name" >/dev/null 2>&1 && return
  done
  [ -n "${ROLLCALL_CHROMIUM:-}" ] && [ -x "$ROLLCALL_CHROMIUM" ] && return
  [ "$(uname)" = Darwin ] || return 1
  # As agents/browser/executables.py looks for them.
  for folder in /Applications "${HOME:-}/Applications"; do
    for application in Chromium "Google Chrome" "Google Chrome for Testing"; do
      [ -x "$folder/$application.app/Contents/MacOS/$application" ] && return
    done
  done
  return 1
}

python=$("${BASH_SOURCE%/*}/find_python.sh")
if [ -z "$python" ]; then
  # Without a Python nothing could tell whether its venv is there, and Debian's python3 comes without.
  needed+=(python3 python3-venv); missing+=("Python 3.11 or newer")
elif ! "$python" -c 'import venv, ensurepip' 2>/dev/null; then
  needed+=(python3-venv); missing+=("Python's venv")
fi
if ! chromium_is_there; then
  needed+=(chromium); missing+=(chromium)
fi
need ffmpeg ffmpeg
need espeak-ng espeak-ng   # the voices of the rehearsal's scripted people
if [ "$(uname)" = Darwin ] && [ "$(uname -m)" = x86_64 ]; then
  need cargo rust          # cryptography has no wheels for Macs with an Intel processor any more, and is built
fi
if [ "$for_what" = test ]; then
  [ -d /usr/lib/postgresql ] || need initdb postgresql
  need redis-server redis-server
  need rabbitmq-server rabbitmq-server
  need node nodejs npm
fi
wished=()          # packages that not every distribution has; Rollcall runs without them
if [ "$for_what" = test ] && [ "$(uname)" = Linux ]; then
  need ip iproute2
  # Debian 13 has no janus: its tests are left out there, and say so. CI shall have all.
  if [ -n "${CI:-}" ]; then
    need janus janus janus-demos libjs-janus-gateway
  elif ! command -v janus >/dev/null; then
    wished+=(janus janus-demos libjs-janus-gateway)
  fi
fi
if [ "$(uname)" = Linux ] && command -v apt-get >/dev/null; then
  # Half the memory where no picture is recorded.
  command -v chromium-headless-shell >/dev/null || wished+=(chromium-headless-shell)
  # Chromium's sandbox where the kernel gives ordinary users no namespaces; Debian's package only recommends it.
  [ "$(id -u)" -eq 0 ] || [ -u /usr/lib/chromium/chrome-sandbox ] || wished+=(chromium-sandbox)
fi
# By what it prints: it also succeeds for a name that other packages merely mention.
known() { [ -n "$(apt-cache show "$1" 2>/dev/null)" ]; }
there=()           # those of the wished that this distribution has, as far as is known before apt-get update
for package in ${wished[@]+"${wished[@]}"}; do if known "$package"; then there+=("$package"); fi; done

[ $((${#needed[@]} + ${#there[@]})) -eq 0 ] && exit 0
echo "Rollcall needs:" ${missing[@]+"${missing[@]}"} ${there[@]+"${there[@]}"}
if [ "$(uname)" = Darwin ]; then
  case " ${needed[*]-} " in *" rust "*) rust=" rust" ;; *) rust="" ;; esac
  # Not Homebrew's chromium: nobody has signed that one, so macOS does not let it run.
  echo "Install them first, for example: brew install python@3.13 ffmpeg espeak-ng$rust && brew install --cask google-chrome" >&2
  [ "$for_what" != test ] || echo "And for the tests: brew install postgresql@17 redis rabbitmq node" >&2
  exit 1
fi
if ! command -v apt-get >/dev/null 2>&1; then
  echo "This is not Debian or Ubuntu: install these with your system's package manager, then run make again." >&2
  exit 1
fi
sudo=()
if [ "$(id -u)" -ne 0 ]; then
  if ! command -v sudo >/dev/null 2>&1; then
    if [ ${#needed[@]} -eq 0 ]; then
      echo "It goes without; as root, 'apt-get install ${there[*]}' brings it."
      exit 0
    fi
    echo "Installing needs root: run 'apt-get install ${needed[*]-} ${wished[*]-}' as root, then run make again." >&2
    exit 1
  fi
  sudo=(sudo)
fi
log=$(mktemp)
failed() {
  tail -n 15 "$log" >&2
  echo "apt-get could not $1: see above, install by hand what Rollcall needs, then run make again." >&2
  exit 1
}
${sudo[@]+"${sudo[@]}"} apt-get update >"$log" 2>&1 || failed update
for package in ${wished[@]+"${wished[@]}"}; do if known "$package"; then needed+=("$package"); fi; done
echo "Installing ${needed[*]} with apt-get"
# Services that a package would start by itself are not wanted: the tests start their own on loopback.
${sudo[@]+"${sudo[@]}"} env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y --no-install-recommends ${needed[@]+"${needed[@]}"} >"$log" 2>&1 ||
  failed "install ${needed[*]}"
rm -f "$log"
