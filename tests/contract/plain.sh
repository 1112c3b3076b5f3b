#!/bin/sh
# A build without features says that it makes no PDF files, and which one does. The tests have every feature, so they
# never see it.
#
#   tests/contract/plain.sh PROGRAM     a program that was built without features
set -eu
program=$1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
echo 'data = "data"' >"$folder/cordon.toml"
cordon() { "$program" --config "$folder/cordon.toml" "$@"; }
field() { python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1"; }
case=$(cordon case open --email person@corp.example --json | field case)
notice=$(cordon notice draft "$case" executive --json | field notice)
cordon notice export "$case" "$notice" "$folder/notice.docx"
status=0
cordon notice export "$case" "$notice" "$folder/notice.pdf" 2>"$folder/said" || status=$?
if [ "$status" != 2 ] || [ -e "$folder/notice.pdf" ] || ! grep -q -e '--features pdf' "$folder/said"; then
  echo "asked for a PDF file, it ended with $status and said:" >&2
  cat "$folder/said" >&2
  exit 1
fi
