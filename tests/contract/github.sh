#!/bin/sh
# Holds the GitHub provider, and the simulated GitHub, to GitHub's own OpenAPI file: every call goes
# through a validating proxy. Needs node and npm; downloads about 90 MB once into a cache directory.
#
#   tests/contract/github.sh            CORDON_CONTRACT names the cache directory
set -eu
cd "$(dirname "$0")/../.."
dir=${CORDON_CONTRACT:-${XDG_CACHE_HOME:-$HOME/.cache}/cordon/contract}
mkdir -p "$dir"
[ -f "$dir/package.json" ] || echo '{"private":true}' >"$dir/package.json"
(cd "$dir" && npm install --silent --no-audit --no-fund --ignore-scripts \
    @octokit/openapi@23.0.2 @stoplight/prism-cli@5.16.0)
# ghec.json points at three files that it does not come with; nothing that we call uses them.
node -e '
const fs = require("fs"), dir = process.argv[1];
const spec = JSON.parse(fs.readFileSync(dir + "/node_modules/@octokit/openapi/generated/ghec.json"));
let dangling = 0;
const visit = (node) => {
  if (!node || typeof node !== "object") return;
  for (const [key, value] of Object.entries(node)) {
    if (value && typeof value.$ref === "string" && !value.$ref.startsWith("#")) {
      node[key] = { type: "object" };
      dangling += 1;
    } else visit(value);
  }
};
visit(spec);
fs.writeFileSync(dir + "/ghec.json", JSON.stringify(spec));
console.log("replaced dangling references:", dangling);
' "$dir"
CORDON_CONTRACT=$dir exec cargo test --test it github::contract -- --nocapture
