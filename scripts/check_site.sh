#!/bin/bash
# Makes the plugin's zip from the last commit and scans it as the QGIS plugin site does (scripts/scan_zip.py), with the
# site's tools in an environment of their own. Any finding is a failure.
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

TOOLS="$BUILD/site-tools"

install_tools() {
  local wanted
  wanted="$(sha256sum <"$ROOT/scripts/site_tools.txt" | cut -c1-64) $("$SYSTEM_PYTHON" -V)"
  [ "$(cat "$TOOLS/made-of" 2>/dev/null)" != "$wanted" ] || return 0
  rm -rf "$TOOLS"
  "$SYSTEM_PYTHON" -m venv "$TOOLS"
  "$TOOLS/bin/pip" install --quiet --disable-pip-version-check --no-input -r "$ROOT/scripts/site_tools.txt" ||
    fail "The site's tools cannot be installed" "pip failed as shown above" "Check the network and pip's configuration, then run this again."
  printf '%s\n' "$wanted" >"$TOOLS/made-of"
}

mkdir -p "$BUILD"
install_tools
bash "$ROOT/scripts/package.sh"
PATH="$TOOLS/bin:$PATH" "$TOOLS/bin/python" "$ROOT/scripts/scan_zip.py" "$BUILD/firstlight.zip"
