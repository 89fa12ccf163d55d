#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# LIMIT: 900
# A Corral with a made-up fleet, for tests/browser/run.js, whose output this is. Screenshots go to build/screenshots.
# shellcheck source=tests/lib/testlib.sh
. "$(dirname "$0")/../lib/testlib.sh"
need node npm jq zstd /usr/bin/chromium

# What package-lock.json names, and nothing else; again only when that has changed.
if [ tests/browser/package-lock.json -nt tests/browser/node_modules/.package-lock.json ]; then
    if ! (cd tests/browser && npm ci --no-audit --no-fund) >"$WORK/npm" 2>&1; then
        diag "$(cat "$WORK/npm")"
        bail 'npm ci installs playwright-core and axe-core'
    fi
fi

# A checkout with the line that crashes.
mkdir -p "$STACK/conf" "$WORK/checkout/src"
for ((i = 1; i < 160; i++)); do
    echo "    process(order, $i, \"a rather long line <script>window.hostile = $i</script> that does not fit into a narrow window\");"
done >"$WORK/checkout/src/app.c"
echo "source_roots = /build/ordersd-2.5.0=$WORK/checkout" >"$STACK/conf/dashd.extra"
# shellcheck disable=SC2119
stack_up
stack stop ingestd workerd sender >"$WORK/.output" 2>&1 || bail 'only dashd and the database are needed'
PASSWORD=$(cat "$STACK/password")
FIXTURE="host=$(cat "$STACK/sockets") user=postgres dbname=corral|$STACK/data"
export URL=$CORRAL_URL NAME=admin PASSWORD STACK FIXTURE SCREENSHOTS=$ROOT/build/screenshots
# The plan is the script's; without one it counts as failed.
PLANNED=yes
node tests/browser/run.js || FAILED=1
[ "$FAILED" = 0 ]
