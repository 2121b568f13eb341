#!/bin/bash
# Makes the plugin's zip from the last commit and proves it as a user meets it: installed by QGIS's own plugin manager
# in a clean profile of the real desktop, its dock opened; then qgis_process in that profile from a search to an index,
# and a run that must fail with its reason. Leaves build/package-check/firstlight.zip.
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

WORK="$BUILD/package-check"
ZIP="$WORK/firstlight.zip"
# As Processing writes an extent: west, east, south, north.
AREA='-67.66,-67.63,-47.86,-47.85'
catalog_pid=""

trap 'if [ -n "$catalog_pid" ]; then kill "$catalog_pid" 2>/dev/null || true; wait "$catalog_pid" || true; fi' EXIT

problem() { fail "The plugin's zip does not pass" "$1" "See $WORK."; }

make_zip() {
  git -C "$ROOT" archive --prefix=firstlight/ -o "$ZIP" HEAD
  "$VENV/bin/python" - "$ZIP" <<'PY'
import sys, zipfile

names = zipfile.ZipFile(sys.argv[1]).namelist()
tops = {name.split("/")[0] for name in names}
unwanted = [n for n in names if n.endswith((".sh", ".bat", ".pyc")) or n.split("/")[1] in ("tests", "scripts", ".ci")]
sys.exit(f"more than one top folder: {tops}" if tops != {"firstlight"} else f"should not be in it: {unwanted}" if unwanted else 0)
PY
}

install_zip() {
  local why
  mkdir -p "$WORK/profiles/default/QGIS"
  printf '[qgis]\ncheckVersion=false\nshowTips=false\n' >"$WORK/profiles/default/QGIS/QGIS3.ini"
  FIRSTLIGHT_ZIP="$ZIP" FIRSTLIGHT_OUTCOME="$WORK/outcome" QT_QPA_PLATFORM=xcb timeout -k 10 90 \
    xvfb-run -a -s "-screen 0 1280x900x24 -nolisten tcp" \
    qgis --nologo --noversioncheck --profiles-path "$WORK" --profile default --code "$ROOT/scripts/check_package_desktop.py" \
    >"$WORK/desktop.log" 2>&1 || problem "QGIS did not end cleanly when the zip was installed"
  why="$(cat "$WORK/outcome" 2>/dev/null || echo "QGIS ended before the zip was installed")"
  [ -z "$why" ] || problem "$why"
}

# Debian 12's qgis_process is a wrapper that passes an option which the program does not know.
process() {
  local program=qgis_process
  [ ! -x /usr/bin/qgis_process.bin ] || program=/usr/bin/qgis_process.bin
  QGIS_CUSTOM_CONFIG_PATH="$WORK" QT_QPA_PLATFORM=offscreen XDG_RUNTIME_DIR="$WORK/run" timeout -k 10 120 "$program" "$@"
}

run_processing() {
  local stack
  mkdir -m 700 "$WORK/run"
  # Installing has enabled it for qgis_process too, which then calls a second time a failure.
  process plugins enable firstlight >"$WORK/enable.log" 2>&1 || grep -q 'already enabled' "$WORK/enable.log" ||
    problem "qgis_process cannot enable the plugin"
  process --json run firstlight:ingest --AREA="$AREA" --START=2019-12-01 --END=2020-01-31 --SENSOR=sentinel2 --CATALOG=sample \
    --OUTPUT="$WORK/results" >"$WORK/ingest.json" 2>"$WORK/ingest.err" || problem "firstlight:ingest failed: $(tail -n 1 "$WORK/ingest.err")"
  stack="$(find "$WORK/results" -name '*_stack.vrt')"
  [ -f "$stack" ] || problem "firstlight:ingest ended well but made no stack"
  process --json run firstlight:index --NAME=NDVI --STACK="$stack" --OUTPUT="$WORK/ndvi.tif" >"$WORK/index.json" 2>"$WORK/index.err" ||
    problem "firstlight:index failed: $(tail -n 1 "$WORK/index.err")"
  [ -s "$WORK/ndvi.tif" ] || problem "firstlight:index ended well but made no file"
  # Nothing listens on the discard port.
  if process --json run firstlight:ingest --AREA="$AREA" --START=2019-12-01 --END=2020-01-31 --SENSOR=sentinel2 \
    --CATALOG=http://127.0.0.1:9 --OUTPUT="$WORK/nothing" >"$WORK/bad.out" 2>"$WORK/bad.err"; then
    problem "firstlight:ingest ends well with a catalogue that does not answer"
  fi
  grep -q '127.0.0.1:9' "$WORK/bad.err" || problem "firstlight:ingest does not say on stderr that the catalogue does not answer"
}

main() {
  bash "$ROOT/scripts/setup.sh"
  rm -rf "$WORK"
  mkdir -p "$WORK"
  PYTHONPATH="$(site_packages)"
  export PYTHONPATH
  make_zip
  install_zip
  say "The zip installs in the desktop, its dock opens"
  start_catalog "$WORK"
  run_processing
  say "qgis_process: ingest and index work, a failing run says why"
  say "Zip: $ZIP"
}

main
