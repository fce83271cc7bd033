# Sourced by ./roundhouse and ./test: makes a virtual environment from a lock file, once. POSIX sh.
#
#   make_environment DIRECTORY LOCK_FILE
#
# Finds a Python 3.11 to 3.13, uses uv (the machine's, else one of our own in .tools), checks hashes, works under a lock so
# that two first calls do not meet, says what it does on stderr, and costs a few milliseconds when all is there.
# Nothing outside the checkout and the package cache is written.

environment_say() { printf '\033[2m• %s\033[0m\n' "$*" >&2; }

environment_fail() {
  printf 'roundhouse: %s\n' "$*" >&2
  exit 1
}

find_python() {
  for candidate in "${ROUNDHOUSE_PYTHON:-python3}" python3.13 python3.12 python3.11; do
    # Run it: a shim on PATH may name a version that is not there.
    if "$candidate" -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; then
      "$candidate" -c 'import sys; print(sys.executable)'
      return
    fi
  done
  environment_fail "no Python 3.11 to 3.13 with venv was found on PATH; install one (Debian: apt-get install python3 python3-venv) or name it in ROUNDHOUSE_PYTHON."
}

find_uv() {
  if command -v uv >/dev/null 2>&1; then
    command -v uv
    return
  fi
  if [ ! -x .tools/bin/uv ]; then
    environment_say "fetching uv, the package installer, into .tools"
    rm -rf .tools
    "$1" -m venv .tools >&2 && .tools/bin/pip install --quiet --disable-pip-version-check 'uv>=0.9,<1' >&2 ||
      environment_fail "uv could not be installed; look at the lines above, or install it yourself and put it on PATH."
  fi
  echo .tools/bin/uv
}

fill_environment() {
  # Another call may have made it while we waited for the lock.
  environment_is_current "$1" "$2" && return
  python=$(find_python) || exit 1
  uv=$(find_uv "$python") || exit 1
  environment_say "installing the locked packages of $2 into $1 (once; about a minute on a cold cache)"
  rm -rf "$1"
  UV_PYTHON_DOWNLOADS=never "$uv" venv --quiet --python "$python" "$1" >&2 &&
    UV_PYTHON_DOWNLOADS=never "$uv" pip install --quiet --python "$1/bin/python" --require-hashes -r "$2" >&2 ||
    environment_fail "the packages of $2 could not be installed; look at the lines above, then call this again."
  # A path file instead of a build: the package itself needs no build tools then.
  site=$("$1/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
  printf '%s/src\n' "$PWD" >"$site/roundhouse.pth"
  printf '#!%s/%s/bin/python\nimport sys\nfrom roundhouse.cli.main import main\nsys.exit(main())\n' "$PWD" "$1" >"$1/bin/roundhouse"
  chmod +x "$1/bin/roundhouse"
  cp "$2" "$1/lock.stamp"
  printf '%s\n' "$PWD" >"$1/place.stamp"
}

# A moved checkout has a wrong path file, a new lock file other packages: both make it anew.
environment_is_current() {
  [ -f "$1/lock.stamp" ] && cmp -s "$2" "$1/lock.stamp" && read -r place <"$1/place.stamp" && [ "$place" = "$PWD" ]
}

make_environment() {
  environment_is_current "$1" "$2" && return
  under_lock fill_environment "$1" "$2"
}

# Runs a command of ours while no other call in this checkout runs one.
under_lock() {
  if command -v flock >/dev/null 2>&1; then
    exec 9>.environment.lock
    flock 9
    lock_result=0
    "$@" || lock_result=$?
    exec 9>&-
  else
    # A folder can be made only once. One that a killed call left behind is named in the message.
    until mkdir .environment.lock.d 2>/dev/null; do
      environment_say "waiting for another call to finish (if there is none, remove $PWD/.environment.lock.d)"
      sleep 2
    done
    trap 'rmdir .environment.lock.d' EXIT
    lock_result=0
    "$@" || lock_result=$?
    rmdir .environment.lock.d
    trap - EXIT
  fi
  return "$lock_result"
}
