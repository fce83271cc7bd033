# Sourced by ./test: the browser that the tests of the page drive. POSIX sh. Needs scripts/environment.sh.
#
#   make_chromium   installs Debian's Chromium if there is none; milliseconds if there is; exits with a message if it cannot
#
# It is not pinned to a version: Debian keeps one in each of its releases, with security fixes, and removes the others.
# An oldest one is asked for instead. CHROMIUM may name another browser of its kind.

CHROMIUM_OLDEST=120

make_chromium() {
  chromium_path >/dev/null || under_lock install_chromium
  chromium_major=$("$(chromium_path)" --version 2>/dev/null | sed -n 's/^[^0-9]*\([0-9][0-9]*\)\..*/\1/p')
  [ "${chromium_major:-0}" -ge "$CHROMIUM_OLDEST" ] ||
    environment_fail "the tests of the page need Chromium $CHROMIUM_OLDEST or newer, and $(chromium_path) says it is ${chromium_major:-none}; upgrade it, or name another one in CHROMIUM."
} >&2

chromium_path() {
  command -v "${CHROMIUM:-chromium}" 2>/dev/null
}

install_chromium() {
  # Another call may have installed it while we waited for the lock.
  chromium_path >/dev/null && return
  [ -z "${CHROMIUM:-}" ] || environment_fail "CHROMIUM names $CHROMIUM, which is no program."
  how="install it (Debian: apt-get install chromium), or name one in CHROMIUM"
  command -v apt-get >/dev/null 2>&1 || environment_fail "the tests of the page need Chromium; $how."
  [ "$(id -u)" -eq 0 ] || environment_fail "the tests of the page need Chromium, and only root can install it here; $how."
  environment_say "installing Chromium with apt-get"
  {
    apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install --yes --no-install-recommends chromium
  } >/dev/null || environment_fail "Chromium could not be installed; look at the lines above; $how."
}
