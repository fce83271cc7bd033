#!/bin/sh
# Builds the web page anew, into src/roundhouse/web/static.
set -eu
cd "$(dirname "$0")/.."
. scripts/environment.sh
. scripts/page.sh
build_page
