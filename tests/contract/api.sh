#!/bin/sh
# Lets schemathesis (PyPI) ask everything that the API's own description promises, and much that it does
# not, of a real daemon: no answer may be a server error or differ from what is described. Once with names
# of any kind, and once with those of a case that has a notice, a clock, a contact and the rest, so that the
# work behind each operation is reached; then what only administrators may. No pass may revoke the token
# that it asks with.
#
#   tests/contract/api.sh               SCHEMATHESIS_EXAMPLES requests for each operation and phase [10],
#                                       SCHEMATHESIS_SEED which ones [20261122]: a landing does not fail by chance
set -eu
cd "$(dirname "$0")/../.."
python3 -c 'import schemathesis' 2>/dev/null || python3 -m pip install -q schemathesis
cargo test --locked --quiet --test it --no-run
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
[[people]]
name = "Bo Root"
roles = ["administrator"]
emails = ["bo@corp.example"]
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
fuzz() { # fuzz TOKEN CONFIG PHASES OPTION...
  asks=$1 config=$2 phases=$3
  shift 3
  st --config-file "$config" run "$url/api/v1/openapi.json" --header "Authorization: Bearer $asks" --workers 1 \
    --max-examples "${SCHEMATHESIS_EXAMPLES:-10}" --seed "${SCHEMATHESIS_SEED:-20261122}" --phases "$phases" "$@" \
    --checks not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,ignored_auth
  kill -0 "$daemon"
}
answers() { # answers STATUS TOKEN PATH
  got=$(curl -sS -o /dev/null -w '%{http_code}' -H "Authorization: Bearer $2" "$url/api/v1$3")
  test "$got" = "$1" || { echo "$3 answers $got, not $1" >&2; return 1; }
}
cd "$folder" # where it may leave its notes
: >any.toml
fuzz "$token" any.toml coverage --exclude-operation-id revoke_own_token
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
fuzz "$token" known.toml coverage,fuzzing --exclude-operation-id revoke_own_token

spare() { # spare NAME ROLE CONFIG: a token that a pass may revoke; the token
  made=$(cordon token new "$1" --role "$2" --json)
  printf '[parameters]\n"path.token" = "%s"\n' "$(printf %s "$made" | field '["about"]["id"]')" >"$3"
  printf %s "$made" | field '["token"]'
}
own=$(spare "Kim Lead" incident_lead own.toml)
answers 200 "$own" /me
fuzz "$token" own.toml coverage,fuzzing --include-operation-id revoke_own_token
answers 401 "$own" /me
answers 200 "$token" /me
administrator=$(cordon token new "Bo Root" --role administrator --json | field '["token"]')
theirs=$(spare "Ash Legal" legal theirs.toml)
answers 200 "$theirs" /me
fuzz "$administrator" theirs.toml coverage,fuzzing --include-operation-id list_people \
  --include-operation-id list_tokens --include-operation-id revoke_token --include-operation-id revoke_person
answers 401 "$theirs" /me
answers 200 "$administrator" /people
