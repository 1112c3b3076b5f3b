#!/bin/sh
# Looks at every page in a real browser: wide and narrow, light and dark, with axe, and on paper; signs in to a
# real daemon with it; and reviews a notice as counsel does, to its receipt. No page may be left out.
#
#   CORDON_BROWSER_CACHE  where npm packages are kept   [default: a new temporary folder]
#   CORDON_BROWSER_SHOTS  where screenshots are put     [default: a new temporary folder]
#   CHROMIUM              the browser                   [default: /usr/bin/chromium]
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cache=${CORDON_BROWSER_CACHE:-$(mktemp -d)}
shots=${CORDON_BROWSER_SHOTS:-$(mktemp -d)}
mkdir -p "$cache" "$shots"
lacks() { ! [ -d "$cache/node_modules/$1" ]; }
if lacks playwright-core || lacks axe-core || lacks oidc-provider; then
    (cd "$cache" && npm install --no-save --no-audit --no-fund --ignore-scripts --silent playwright-core@1.65.1 axe-core@4.14.1 oidc-provider@9.13.3)
fi
cd "$here/../.."
cargo test --test it --no-run
export CORDON_BROWSER_CACHE="$cache" CORDON_BROWSER_SHOTS="$shots"
rm -f "$shots/looked-at.txt"
node "$here/look.mjs"
node "$here/signin.mjs"
node "$here/review.mjs"
node "$here/every.mjs"
echo "screenshots: $shots"
