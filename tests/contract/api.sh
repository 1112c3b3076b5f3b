#!/bin/sh
# Lets schemathesis (PyPI) ask everything that the API's own description promises, and much that it does
# not, of a real daemon: no answer may be a server error or differ from what is described. Once with names
# of any kind, and once with those of a case that has a notice, a clock, a contact and the rest, so that the
# work behind each operation is reached.
#
#   tests/contract/api.sh               SCHEMATHESIS_EXAMPLES requests for each operation and phase [10],
#                                       SCHEMATHESIS_SEED which ones [20261122]: a landing does not fail by chance
set -eu
cd "$(dirname "$0")/../.."
python3 -c 'import schemathesis' 2>/dev/null || python3 -m pip install -q schemathesis
cargo build --locked --quiet
folder=$(mktemp -d)
daemon=
trap 'test -z "$daemon" || kill "$daemon" 2>/dev/null; wait 2>/dev/null; rm -rf "$folder"' EXIT
cat >"$folder/cordon.toml" <<'TOML'
data = "data"
[serve]
listen = "127.0.0.1:0"
[[people]]
name = "Kim Lead"
roles = ["incident_lead"]
emails = ["kim@corp.example"]
[[people]]
name = "Ash Legal"
roles = ["legal"]
emails = ["ash@corp.example"]
TOML
program=$PWD/target/debug/cordon
cordon() { "$program" --config "$folder/cordon.toml" "$@"; }
"$program" --config "$folder/cordon.toml" serve --json >"$folder/said" 2>"$folder/log" &
daemon=$!
until [ -s "$folder/said" ]; do
  kill -0 "$daemon" || { cat "$folder/log" >&2; exit 1; }
  sleep 0.1
done
field() { python3 -c 'import json, sys; print(eval("said" + sys.argv[1], {"said": json.load(sys.stdin)}))' "$1"; }
url=http://$(field '["listen"]' <"$folder/said")
token=$(cordon token new "Kim Lead" --role incident_lead --json | field '["token"]')
case=$(cordon case open --email person@corp.example --worker-id W-1 --json | field '["case"]')
ask() { # ask PATH [BODY]: the answer
  curl -sSf -H "Authorization: Bearer $token" -H 'Content-Type: application/json' ${2:+-d "$2"} \
    "$url/api/v1/cases/$case$1"
}
fuzz() { # fuzz CONFIG PHASES: not the one operation with which a token revokes itself
  st --config-file "$1" run "$url/api/v1/openapi.json" --header "Authorization: Bearer $token" --workers 1 \
    --max-examples "${SCHEMATHESIS_EXAMPLES:-10}" --seed "${SCHEMATHESIS_SEED:-20261122}" \
    --phases "$2" --exclude-operation-id revoke_own_token \
    --checks not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,ignored_auth
  kill -0 "$daemon"
}
cd "$folder" # where it may leave its notes
: >any.toml
fuzz any.toml coverage
# What the rest is about. The fuzzer may have closed or restricted the case: another one.
case=$(cordon case open --email other@corp.example --json | field '["case"]')
notice=$(ask /notices '{"notice": "ic3"}' | field '["notice"]')
ask "/notices/$notice/comments" '{"text": "Who says so?"}' >/dev/null
instant=$(ask /instants '{"what": "suspected", "at": "2026-03-13T02:34:11Z", "note": "a call"}' | field '["instant"]["id"]')
contact=$(ask /contacts '{"channel": "call", "direction": "in", "from": "x", "text": "pay"}' | field '["id"]')
link=$(ask /recall-links '{}' | field '["name"]')
evidence=$(ask /evidence | field '["items"][0]["id"]')
clock=$(ask /clocks | field '["items"][0]["id"]')
ask /facts '{"key": "company.name", "value": "Corp", "standing": "suspicion"}' >/dev/null
cat >known.toml <<TOML
[parameters]
"path.case" = "$case"
"path.notice" = "$notice"
"path.comment" = 1
"path.instant" = "$instant"
"path.contact" = "$contact"
"path.link" = "$link"
"path.evidence" = "$evidence"
"path.clock" = "$clock"
"path.fact" = "company.name"
TOML
fuzz known.toml coverage,fuzzing
