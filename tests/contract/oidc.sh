#!/bin/sh
# Signs in through an OpenID provider that is not ours (npm oidc-provider). Needs node and npm;
# downloads about 5 MB once into a cache directory.
#
#   tests/contract/oidc.sh              CORDON_CONTRACT names the cache directory
set -eu
cd "$(dirname "$0")/../.."
dir=${CORDON_CONTRACT:-${XDG_CACHE_HOME:-$HOME/.cache}/cordon/contract}
mkdir -p "$dir"
[ -f "$dir/package.json" ] || echo '{"private":true}' >"$dir/package.json"
(cd "$dir" && npm install --silent --no-audit --no-fund --ignore-scripts oidc-provider@9.13.3)
CORDON_OIDC_PROVIDER=$dir exec cargo test --test it signin::oidc -- --nocapture
