#!/bin/bash
# Makes the plugin's zip, build/firstlight.zip, from the last commit: what QGIS needs of it, and the pure Python libraries
# of scripts/libraries.txt in a folder of their own, so that nothing else has to be installed. Needs git, python3 with pip,
# and for the libraries, once, pip's registry.
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

ZIP="$BUILD/firstlight.zip"
WORK="$BUILD/zip"
LIBRARIES="$BUILD/libraries"
PYTHON="$SYSTEM_PYTHON"
[ ! -x "$VENV/bin/python" ] || PYTHON="$VENV/bin/python"

# Wheels for any system and Python 3.10, which hold no compiled file, each with the sum that is written down.
fetch_libraries() {
  local wanted
  wanted="$(sha256sum <"$ROOT/scripts/libraries.txt" | cut -c1-64)"
  [ "$(cat "$LIBRARIES/.made-of" 2>/dev/null)" != "$wanted" ] || return 0
  rm -rf "$LIBRARIES" "$LIBRARIES.part"
  "$PYTHON" -m pip install --quiet --disable-pip-version-check --no-input --target "$LIBRARIES.part" --no-deps --no-compile \
    --only-binary=:all: --platform any --python-version 3.10 --implementation py --abi none \
    --require-hashes -r "$ROOT/scripts/libraries.txt" ||
    fail "The libraries of the zip cannot be fetched" "pip failed as shown above" "Check the network and pip's configuration, then run this again."
  # Programs and tests of theirs are no part of what FirstLight uses.
  rm -rf "$LIBRARIES.part/bin"
  find "$LIBRARIES.part" -type d \( -name tests -o -name __pycache__ \) -prune -exec rm -rf {} +
  printf '%s\n' "$wanted" >"$LIBRARIES.part/.made-of"
  mv "$LIBRARIES.part" "$LIBRARIES"
}

main() {
  mkdir -p "$BUILD"
  fetch_libraries
  rm -rf "$WORK"
  mkdir -p "$WORK"
  git -C "$ROOT" archive --prefix=firstlight/ HEAD | tar -x -C "$WORK"
  cp -r "$LIBRARIES" "$WORK/firstlight/libraries"
  rm "$WORK/firstlight/libraries/.made-of"
  # The same bytes from the same commit.
  "$PYTHON" "$ROOT/scripts/package_zip.py" "$WORK" "$ZIP" "$(git -C "$ROOT" log -1 --format=%ct)"
  say "Zip: $ZIP ($(($(stat -c %s "$ZIP") / 1000)) kB)"
}

main
