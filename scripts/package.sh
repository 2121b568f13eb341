#!/bin/bash
# Makes the plugin's zip, build/firstlight.zip, from the last commit: what QGIS needs of it. Needs git and python3.
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

ZIP="$BUILD/firstlight.zip"
WORK="$BUILD/zip"

main() {
  mkdir -p "$BUILD"
  rm -rf "$WORK"
  mkdir -p "$WORK"
  git -C "$ROOT" archive --prefix=firstlight/ HEAD | tar -x -C "$WORK"
  # The same bytes from the same commit.
  "$SYSTEM_PYTHON" "$ROOT/scripts/package_zip.py" "$WORK" "$ZIP" "$(git -C "$ROOT" log -1 --format=%ct)"
  say "Zip: $ZIP ($(($(stat -c %s "$ZIP") / 1000)) kB)"
}

main
