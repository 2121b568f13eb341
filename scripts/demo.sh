#!/bin/bash
# Shows FirstLight at work in the real QGIS desktop: NDVI of real Sentinel-2 pixels, then a simulated wildfire and a
# simulated flood mapped from area and date alone, all from a catalogue on this computer.
#   bash scripts/demo.sh             with a display: QGIS opens, press Search, then Run
#   bash scripts/demo.sh --headless  without: the same in a virtual display; the dock's buttons are pressed for you
#   bash scripts/demo.sh --outage    as --headless, and the server is killed in mid-download and started again
# Does all of its set-up (scripts/setup.sh). Leaves pictures and results in build/demo.
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

LIMIT_S=240
DEMO="$BUILD/demo"
SCENE="$BUILD/sample"
headless=no
outage=no
children=()

# The screen's size fits the window that demo_desktop.py sets.
SCREEN="1440x900x24"

usage() { sed -n '2,7s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; }

for word in "$@"; do
  case $word in
    --headless) headless=yes ;;
    --outage) headless=yes outage=yes ;;
    -h | --help) usage && exit 0 ;;
    *) usage >&2 && exit 2 ;;
  esac
done
[ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ] || headless=yes

# Ends what this script started, by its own process ids and nothing else.
end_children() {
  local pid
  for pid in "${children[@]}"; do
    kill "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
  done
}
trap end_children EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# A clean profile with FirstLight enabled, so that neither the person's own settings nor their other plugins matter.
make_profile() {
  local profile="$DEMO/profile/profiles/demo"
  mkdir -p "$profile/python/plugins" "$profile/QGIS"
  # The plugin is found under its package's name, whatever the checkout is called.
  ln -s "$ROOT" "$profile/python/plugins/firstlight"
  # No news, tips, version check or questions at the end: each of them can wait for an answer for ever.
  cat >"$profile/QGIS/QGIS3.ini" <<INI
[PythonPlugins]
firstlight=true
[qgis]
checkVersion=false
showTips=false
[core]
NewsFeed\\httpsfeedqgisorg\\disabled=true
[app]
askToSaveMemoryLayers=false
INI
}

run_qgis() {
  local order=(qgis --nologo --noversioncheck --profiles-path "$DEMO/profile" --profile demo --code "$ROOT/scripts/demo_desktop.py")
  export FIRSTLIGHT_DEMO_DIR="$DEMO" FIRSTLIGHT_DEMO_SCENE="$SCENE" FIRSTLIGHT_DEMO_PYTHON="$VENV/bin/python"
  export FIRSTLIGHT_DEMO_SERVER="$ROOT/scripts/sample_catalog.py"
  # QGIS runs the distribution's Python; this is how the packages of .venv reach it.
  PYTHONPATH="$(site_packages)"
  export PYTHONPATH
  if [ "$headless" = yes ]; then
    unset WAYLAND_DISPLAY
    export FIRSTLIGHT_DEMO_HEADLESS=1 QT_QPA_PLATFORM=xcb
    [ "$outage" = no ] || export FIRSTLIGHT_DEMO_OUTAGE=1 FIRSTLIGHT_RETRY_DELAY_S=0.2
    order=(timeout -k 10 "$LIMIT_S" xvfb-run -a -s "-screen 0 $SCREEN -nolisten tcp" "${order[@]}")
  fi
  # In the background, so that a signal to this script is heard at once and not when QGIS ends.
  "${order[@]}" >"$DEMO/qgis.log" 2>&1 &
  children+=($!)
  local code=0
  wait $! || code=$?
  return "$code"
}

# check_outcome CODE: the reason on stderr and a failure, unless everything went well.
check_outcome() {
  local problem
  problem="$("$VENV/bin/python" - "$DEMO/outcome.json" <<'PY'
import json, pathlib, sys

path = pathlib.Path(sys.argv[1])
print(json.loads(path.read_text())["problem"] if path.is_file() else "QGIS ended before the demo did")
PY
)"
  if [ -z "$problem" ] && [ "$1" -ne 0 ]; then
    problem="QGIS did not quit cleanly, its exit code is $1"
    [ "$1" -ne 124 ] || problem="QGIS was still open after $LIMIT_S s"
  fi
  if [ -n "$problem" ]; then
    tail -n 20 "$DEMO/qgis.log" >&2
    fail "The demo failed" "$problem" "See $DEMO (failure.png, qgis.log)."
  fi
  "$VENV/bin/python" "$ROOT/scripts/check_demo.py" "$DEMO" "$SCENE"
}

main() {
  local code=0
  # Tests run in what is set up already; a set-up goes to the network.
  [ "${FIRSTLIGHT_SET_UP:-}" = done ] || bash "$ROOT/scripts/setup.sh"
  mkdir -p "$BUILD"
  exec 8>"$BUILD/demo.lock"
  flock -n 8 || fail "The demo cannot start" "another one is running from this folder" "Close its QGIS first."
  rm -rf "$DEMO"
  mkdir -p "$DEMO/results"
  local pace=()
  [ "$outage" = no ] || pace=(--pause 0.1)
  start_catalog "$DEMO" "${pace[@]}"
  children+=("$catalog_pid")
  make_profile
  say "Sample catalogue: $FIRSTLIGHT_SAMPLE_URL (real Sentinel-2 pixels, on this computer)"
  if [ "$headless" = yes ]; then
    say "Starting QGIS in a virtual display; its dock's buttons are pressed by scripts/demo_desktop.py"
  else
    say "Starting QGIS: press Search in FirstLight's dock, then Run. Close QGIS to end the demo."
  fi
  run_qgis || code=$?
  if [ "$headless" = yes ]; then
    check_outcome "$code"
    say "Pictures: $DEMO/*.png"
  fi
  say "Results:  $DEMO/results"
  say "Log:      $DEMO/qgis.log"
}

main
