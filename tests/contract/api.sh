#!/bin/sh
# Lets schemathesis (PyPI) ask everything that the API's own description promises, and much that it does
# not, of a real daemon: no answer may be a server error or differ from what is described.
#
#   tests/contract/api.sh               SCHEMATHESIS_EXAMPLES requests for each operation and phase [20]
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
cordon serve --json >"$folder/said" 2>"$folder/log" &
daemon=$!
until [ -s "$folder/said" ]; do
  kill -0 "$daemon" || { cat "$folder/log" >&2; exit 1; }
  sleep 0.1
done
url=$(python3 -c 'import json,sys; print("http://" + json.load(open(sys.argv[1]))["listen"])' "$folder/said")
token=$(cordon token new "Kim Lead" --role incident_lead --json |
  python3 -c 'import json,sys; print(json.load(sys.stdin)["token"])')
case=$(cordon case open --email person@corp.example --worker-id W-1 --json |
  python3 -c 'import json,sys; print(json.load(sys.stdin)["case"])')
post() { # post PATH BODY FIELD: what the field of the answer says
  curl -sSf -H "Authorization: Bearer $token" -H 'Content-Type: application/json' -d "$2" "$url/api/v1/cases/$case$1" |
    python3 -c 'import json,sys; print(json.load(sys.stdin)[sys.argv[1]])' "$3"
}
# `positive_data_acceptance` asks that every value of the right type is taken; a case that does not exist
# is of the right type.
cd "$folder" # where it may leave its notes
st run "$url/api/v1/openapi.json" --header "Authorization: Bearer $token" --workers 1 \
  --max-examples "${SCHEMATHESIS_EXAMPLES:-20}" --phases examples,coverage,fuzzing \
  --checks not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,ignored_auth
kill -0 "$daemon"
