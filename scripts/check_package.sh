#!/bin/bash
# Makes the plugin's zip from the last commit and proves it as a user meets it: installed by QGIS's own plugin manager
# in a clean profile of the real desktop, its dock opened; then qgis_process in that profile from a search to an index
# and to the map of an event, and a run that must fail with its reason. No Python package is beside the zip but those of
# the distribution's QGIS, and rasterio is hidden, as QGIS for Windows and macOS has none; at the end an index with it.
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

WORK="$BUILD/package-check"
ZIP="$BUILD/firstlight.zip"
HIDE="$WORK/without-rasterio"
# As Processing writes an extent: west, east, south, north.
AREA='-67.66,-67.63,-47.86,-47.85'
FIRE_AREA='-27.34,-27.26,41.965,42.027'
FIRE_DATE=2024-07-20T14:00Z
catalog_pid=""

trap 'if [ -n "$catalog_pid" ]; then kill "$catalog_pid" 2>/dev/null || true; wait "$catalog_pid" || true; fi' EXIT

problem() { fail "The plugin's zip does not pass" "$1" "See $WORK."; }

# Python reads sitecustomize at its start, also inside QGIS.
hide_rasterio() {
  mkdir -p "$HIDE"
  cat >"$HIDE/sitecustomize.py" <<'PY'
import sys


class Hide:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("rasterio", "affine"):
            raise ModuleNotFoundError(f"No module named {name!r}")


sys.meta_path.insert(0, Hide())
PY
}

install_zip() {
  local why
  mkdir -p "$WORK/profiles/default/QGIS"
  printf '[qgis]\ncheckVersion=false\nshowTips=false\n' >"$WORK/profiles/default/QGIS/QGIS3.ini"
  FIRSTLIGHT_ZIP="$ZIP" FIRSTLIGHT_OUTCOME="$WORK/outcome" QT_QPA_PLATFORM=xcb timeout -k 10 180 \
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
  QGIS_CUSTOM_CONFIG_PATH="$WORK" QT_QPA_PLATFORM=offscreen XDG_RUNTIME_DIR="$WORK/run" timeout -k 10 300 "$program" "$@"
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
  make_index "$stack" ndvi
  PYTHONPATH='' FIRSTLIGHT_READER=rasterio make_index "$stack" ndvi-rasterio
  cmp -s "$WORK/ndvi.tif" "$WORK/ndvi-rasterio.tif" || problem "an index is not the same with and without rasterio"
  process --json run firstlight:event --EVENT=wildfire --AREA="$FIRE_AREA" --DATE="$FIRE_DATE" --CATALOG=sample \
    --OUTPUT="$WORK/fire" >"$WORK/event.json" 2>"$WORK/event.err" || problem "firstlight:event failed: $(tail -n 1 "$WORK/event.err")"
  [ -s "$WORK/fire/report.html" ] || problem "firstlight:event ended well but made no report"
  # Nothing listens on the discard port.
  if process --json run firstlight:ingest --AREA="$AREA" --START=2019-12-01 --END=2020-01-31 --SENSOR=sentinel2 \
    --CATALOG=http://127.0.0.1:9 --OUTPUT="$WORK/nothing" >"$WORK/bad.out" 2>"$WORK/bad.err"; then
    problem "firstlight:ingest ends well with a catalogue that does not answer"
  fi
  grep -q '127.0.0.1:9' "$WORK/bad.err" || problem "firstlight:ingest does not say on stderr that the catalogue does not answer"
}

# make_index STACK NAME
make_index() {
  process --json run firstlight:index --NAME=NDVI --STACK="$1" --OUTPUT="$WORK/$2.tif" >"$WORK/$2.json" 2>"$WORK/$2.err" ||
    problem "firstlight:index failed: $(tail -n 1 "$WORK/$2.err")"
  [ -s "$WORK/$2.tif" ] || problem "firstlight:index ended well but made no file"
}

main() {
  bash "$ROOT/scripts/setup.sh"
  bash "$ROOT/scripts/package.sh"
  rm -rf "$WORK"
  mkdir -p "$WORK"
  start_catalog "$WORK"
  hide_rasterio
  # Neither .venv nor anything else of Python: only what hides rasterio.
  export PYTHONPATH="$HIDE" XDG_CACHE_HOME="$WORK/cache"
  install_zip
  say "The zip installs in the desktop without any package beside it, its dock opens"
  run_processing
  say "qgis_process: ingest, index and event work without rasterio, a failing run says why"
}

main
