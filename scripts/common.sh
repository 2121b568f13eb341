# Sourced by the scripts beside it: where things are, a clean environment, and how to speak.
# shellcheck shell=bash
# shellcheck disable=SC2034 # the variables are for those who source this

ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)"
VENV="$ROOT/.venv"
BUILD="$ROOT/build"
# Not just any python3 on PATH: only the distribution's has qgis and osgeo.
SYSTEM_PYTHON=/usr/bin/python3

# What a person has in their own account must not decide what the tests see: packages in ~/.local are visible in
# a venv with system packages, and PROJ or GDAL folders of another installation make CRS look-ups fail.
export PYTHONNOUSERSITE=1
# Programs start as they do for users, with what Python compiled the last time: the tests start hundreds.
unset PYTHONDONTWRITEBYTECODE
unset PYTHONHOME PYTHONPATH PROJ_LIB PROJ_DATA GDAL_DATA GDAL_DRIVER_PATH QGIS_PREFIX_PATH QT_PLUGIN_PATH
# The catalogue and the test servers are on this computer: no proxy in between.
export NO_PROXY="127.0.0.1,localhost${NO_PROXY:+,$NO_PROXY}" no_proxy="127.0.0.1,localhost${no_proxy:+,$no_proxy}"
# Numbers with points and messages in one language, whatever the locale.
export LC_ALL=C.UTF-8

say() { printf '%s\n' "$*"; }

# fail WHAT WHY HINT: one sentence on stderr, then the end.
fail() {
  printf '%s: %s. %s\n' "$1" "$2" "$3" >&2
  exit 1
}

site_packages() { "$VENV/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))'; }

# start_catalog FOLDER [WORDS...]: makes the sample scene if needed and serves it, with more words for `serve`; logs go to FOLDER. Sets FIRSTLIGHT_SAMPLE_URL and
# catalog_pid, which the caller ends.
start_catalog() {
  local folder=$1 i
  shift
  "$VENV/bin/python" "$ROOT/scripts/sample_catalog.py" make "$BUILD/sample" 2>"$folder/scene.log" || {
    cat "$folder/scene.log" >&2
    exit 1
  }
  "$VENV/bin/python" "$ROOT/scripts/sample_catalog.py" serve "$BUILD/sample" --ready-file "$folder/catalog.json" "$@" \
    >/dev/null 2>"$folder/catalog.log" &
  catalog_pid=$!
  for ((i = 0; i < 600; i++)); do
    if [ -s "$folder/catalog.json" ] || ! kill -0 "$catalog_pid" 2>/dev/null; then
      break
    fi
    sleep 0.1
  done
  if [ ! -s "$folder/catalog.json" ]; then
    cat "$folder/catalog.log" >&2
    fail "The sample catalogue cannot be used" "it does not answer" "See $folder/catalog.log."
  fi
  FIRSTLIGHT_SAMPLE_URL="$("$VENV/bin/python" -c 'import json, sys; print(json.load(open(sys.argv[1]))["catalog_url"])' \
    "$folder/catalog.json")"
  export FIRSTLIGHT_SAMPLE_URL
}
