#!/bin/sh
# Opens the Word file of every notice in LibreOffice, which is not ours, and looks at the pages: each file
# has some, and no first page is blank. Needs soffice, pdftoppm and python3.
#
#   tests/contract/documents.sh         DOCUMENTS names the cases [complete sparse hostile]; DOCUMENTS_KEEP
#                                       names a folder that the pages stay in
set -eu
cd "$(dirname "$0")/../.."
cases=${DOCUMENTS:-complete sparse hostile}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/all" "$folder/docx" "$folder/pdf" "$folder/png"
CORDON_DOCUMENTS=$folder/all cargo test --locked --quiet --test it golden::files_of_every_notice >/dev/null
for case in $cases; do
  count=$(find "$folder/all" -name "*.$case.docx" | wc -l)
  [ "$count" -gt 0 ] || { echo "no notice was written for the case $case" >&2; exit 1; }
  mv "$folder/all"/*".$case.docx" "$folder/docx"
done
count=$(find "$folder/docx" -name "*.docx" | wc -l)
# All in one go: most of the time of a single file is the start.
soffice "-env:UserInstallation=file://$folder/home" --headless --convert-to pdf --outdir "$folder/pdf" \
  "$folder/docx"/*.docx >/dev/null 2>"$folder/said" || { cat "$folder/said" >&2; exit 1; }
for file in "$folder/docx"/*.docx; do
  name=$(basename "$file" .docx)
  [ -s "$folder/pdf/$name.pdf" ] || { echo "$name: LibreOffice made nothing of it" >&2; exit 1; }
done
find "$folder/pdf" -name "*.pdf" -print0 | xargs -0 -P "$(nproc)" -I {} sh -c \
  'pdftoppm -r 30 -gray "$1" "$2/$(basename "$1" .pdf)"' draw {} "$folder/png"
# A page in shades of grey is blank when all of it is white: below the header at least one point is dark.
python3 - "$folder/png" "$count" <<'PY'
import pathlib, sys
folder, count = pathlib.Path(sys.argv[1]), int(sys.argv[2])
notices = {}
for page in sorted(folder.glob("*.pgm")):
    notices.setdefault(page.name.rsplit("-", 1)[0], []).append(page)
wrong = [] if len(notices) == count else [f"{len(notices)} of {count} files have pages"]
for name, pages in notices.items():
    data = pages[0].read_bytes()
    _, size, _, dots = data.split(b"\n", 3)
    width, height = map(int, size.split())
    if len(dots) != width * height:
        wrong.append(f"{name}: the page cannot be read")
    body = dots[width * (height // 8):width * (height * 7 // 8)]
    dark = sum(dot < 128 for dot in body)
    if dark < len(body) // 500:
        wrong.append(f"{name}: the first page is blank")
if wrong:
    sys.exit("\n".join(wrong))
print(f"{count} notices, {sum(map(len, notices.values()))} pages, none of the first is blank")
PY
[ -z "${DOCUMENTS_KEEP:-}" ] || { mkdir -p "$DOCUMENTS_KEEP"; cp "$folder/pdf"/*.pdf "$DOCUMENTS_KEEP"; }
