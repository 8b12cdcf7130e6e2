#!/usr/bin/env bash
# Installs what `make run` (setup.sh run) or `make test` (setup.sh dev) needs: Debian packages where they are missing,
# .venv, and every Python package pinned with its hash. Where it may not install, it says which packages are missing.
set -euo pipefail
cd "$(dirname "$0")/.."

want=${1:-run}
requirements=requirements.txt
[ "$want" = dev ] && requirements=requirements-dev.txt

say() { printf '[setup] %s\n' "$*"; }

has_library() {
  local cache
  cache=$(PATH="$PATH:/sbin:/usr/sbin" ldconfig -p 2>/dev/null || true)
  grep -q "$1" <<<"$cache"
}

find_python() {
  local candidate
  for candidate in ${PYTHON:-} python3.11 python3; do
    if "$candidate" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null; then
      command -v "$candidate"
      return
    fi
  done
}

can_make_venv() { "$1" -c 'import ensurepip, venv' 2>/dev/null; }

missing=()
python=$(find_python)
[ -n "$python" ] || missing+=(python3.11)
if [ ! -x .venv/bin/python ] && { [ -z "$python" ] || ! can_make_venv "$python"; }; then missing+=(python3.11-venv); fi
has_library libpango-1.0.so.0 || missing+=(libpango-1.0-0)
has_library libpangoft2-1.0.so.0 || missing+=(libpangoft2-1.0-0)
has_library libharfbuzz-subset.so.0 || missing+=(libharfbuzz-subset0)
if [ "$want" = dev ]; then
  command -v pdftotext >/dev/null || missing+=(poppler-utils)
  command -v qpdf >/dev/null || missing+=(qpdf)
  command -v chromium >/dev/null || missing+=(chromium)
  command -v git >/dev/null || missing+=(git)
fi

if [ ${#missing[@]} -gt 0 ]; then
  as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
      say "missing: ${missing[*]}. Install them as root: apt-get install ${missing[*]}"
      exit 1
    fi
    as_root=(sudo)
    [ -t 0 ] || as_root=(sudo -n)
  fi
  if ! command -v apt-get >/dev/null; then
    say "missing, and no apt-get to install them with: ${missing[*]} (Debian's names)"
    exit 1
  fi
  say "installing ${missing[*]}"
  log=$(mktemp)
  if ! { "${as_root[@]}" apt-get update -qq &&
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"; } \
    >"$log" 2>&1 </dev/null; then
    tail -n 15 "$log" | sed 's/^/    /'
    say "could not install ${missing[*]}; install them as root: apt-get install ${missing[*]}"
    rm -f "$log"
    exit 1
  fi
  rm -f "$log"
  python=$(find_python)
fi

stamp=.venv/installed-$(cat requirements-setup.txt requirements.txt "$requirements" | sha256sum | cut -c1-16)
if [ -e "$stamp" ] && .venv/bin/python -c '' 2>/dev/null; then exit 0; fi

if ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
  say "making .venv"
  rm -rf .venv
  "$python" -m venv .venv
fi
say "installing the pinned packages of $requirements"
.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-setup.txt
.venv/bin/uv pip install --quiet --python .venv/bin/python --require-hashes -r "$requirements"
touch "$stamp"
say "ready"
