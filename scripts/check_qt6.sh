#!/bin/bash
# Checks for QGIS 4, which is made with Qt 6 and is in no Debian: every name of Qt that plugin and ui use is one of PyQt6,
# every name of QGIS one of its library's; and the widgets run on the real PyQt6, with a stand-in for QGIS's own.
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

QT6="$BUILD/qt6"
STUBS="$QT6/stubs"

install_tools() {
  local wanted
  wanted="$(sha256sum <"$ROOT/scripts/qt6_tools.txt" | cut -c1-64) $("$SYSTEM_PYTHON" -V)"
  [ "$(cat "$QT6/made-of" 2>/dev/null)" != "$wanted" ] || return 0
  rm -rf "$QT6"
  # With the distribution's GDAL and numpy; its QGIS is hidden by the stand-in.
  "$SYSTEM_PYTHON" -m venv --system-site-packages "$QT6"
  "$QT6/bin/pip" install --quiet --disable-pip-version-check --no-input -r "$ROOT/scripts/qt6_tools.txt" ||
    fail "PyQt6 cannot be installed" "pip failed as shown above" "Check the network and pip's configuration, then run this again."
  make_stubs
  printf '%s\n' "$wanted" >"$QT6/made-of"
}

# The published names of QGIS's library are written for Qt 5: here they are of Qt 6, with qgis.PyQt as QGIS 4 has it.
make_stubs() {
  local module
  rm -rf "$STUBS"
  mkdir -p "$STUBS"
  cp -r "$("$QT6/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/qgis-stubs" "$STUBS/qgis"
  grep -rl PyQt5 "$STUBS/qgis" --include='*.py*' | xargs sed -i 's/PyQt5/PyQt6/g'
  mkdir "$STUBS/qgis/PyQt"
  touch "$STUBS/qgis/PyQt/__init__.pyi"
  for module in QtCore QtGui QtNetwork QtWidgets sip; do
    printf 'from PyQt6.%s import *\n' "$module" >"$STUBS/qgis/PyQt/$module.pyi"
  done
}

check_names() {
  mkdir -p "$BUILD/package"
  ln -sfn "$ROOT" "$BUILD/package/firstlight"
  "$VENV/bin/python" "$ROOT/scripts/qt6_names.py" "$BUILD/package" "$STUBS" "$QT6/bin/python"
}

run_widgets() {
  QT_QPA_PLATFORM=offscreen PYTHONPATH="$ROOT/tests/qt6/standin:$BUILD/package:$ROOT/tests" "$QT6/bin/python" -m pytest \
    -p no:pytest_qgis -p standin_fixtures -W ignore::pytest.PytestConfigWarning -o qt_api=pyqt6 -o faulthandler_timeout=300 \
    "$ROOT/tests/qt6" "$ROOT/tests/ui/test_panels.py" "$ROOT/tests/ui/test_plain.py"
}

cd "$ROOT"
bash scripts/setup.sh
install_tools
check_names
run_widgets
