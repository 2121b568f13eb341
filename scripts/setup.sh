#!/bin/bash
# Installs everything that the demo and the tests need, on Debian 12/13 or Ubuntu 22.04/24.04, as root or with sudo:
# QGIS and its Python libraries as distribution packages, the rest in .venv. Does nothing when nothing is to do.
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

# python3-qgis brings GDAL, numpy and PyQt5; rasterio comes from the distribution because it must use QGIS's own GDAL.
# xvfb, xauth: the desktop without a display.
# strace: sees each socket of the tests (test.sh --sockets).
# fonts-open-sans: QGIS's interface font, which newer versions otherwise try to download at every start.
PACKAGES=(qgis python3-qgis qgis-providers python3-rasterio python3-scipy python3-venv xvfb xauth fonts-open-sans strace)

missing_packages() {
  local package
  for package in "${PACKAGES[@]}"; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || printf '%s\n' "$package"
  done
}

as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  else
    sudo "$@"
  fi
}

# run_logged LOG COMMAND...: silent when it goes well, the end of the log when it does not.
run_logged() {
  local log=$1
  shift
  # Without the lock: a service that a package starts would keep it for ever.
  if ! "$@" >"$log" 2>&1 9>&-; then
    tail -n 15 "$log" >&2
    return 1
  fi
}

install_packages() {
  local missing apt
  mapfile -t missing < <(missing_packages)
  [ ${#missing[@]} -gt 0 ] || return 0
  if [ "$(id -u)" -ne 0 ] && ! command -v sudo >/dev/null; then
    fail "The packages ${missing[*]} cannot be installed" "you are not root and there is no sudo" \
      "Ask an administrator for: apt-get install --no-install-recommends ${missing[*]}"
  fi
  say "Installing ${#missing[@]} distribution packages (a few minutes and about 400 MB on an empty system): ${missing[*]}"
  # env: sudo drops variables. Lock::Timeout: another apt-get may be at work, as on a machine that has just started.
  apt=(env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0)
  run_logged "$BUILD/setup/apt-update.log" as_root "${apt[@]}" update ||
    fail "The package lists cannot be read" "apt-get update failed as shown above" "Check the network and /etc/apt, then run this again."
  run_logged "$BUILD/setup/apt-install.log" as_root "${apt[@]}" install -y --no-install-recommends "${missing[@]}" ||
    fail "The packages ${missing[*]} cannot be installed" "apt-get install failed as shown above" \
      "On Ubuntu the component 'universe' must be enabled: sudo add-apt-repository universe. Then run this again."
}

# Everything that decides what is in .venv; a change of any of it brings it up to date.
fingerprint() {
  cat "$ROOT/pyproject.toml" "$ROOT/scripts/constraints.txt" "$ROOT/scripts/setup.sh" | sha256sum | cut -c1-64
}

# A venv that was moved, or whose Python has been replaced by another version, cannot be mended, only made anew.
identity() { printf '%s %s' "$ROOT" "$("$SYSTEM_PYTHON" -V 2>&1)"; }

make_venv() {
  local stamp="$VENV/firstlight-setup" extras="test,sample" limits=()
  if [ -e "$VENV" ] && [ "$(head -n 1 "$stamp" 2>/dev/null)" != "$(identity)" ]; then
    say "Making .venv anew: it was made elsewhere, by another Python, or is incomplete."
    rm -rf "$VENV"
  fi
  if [ "$(tail -n 1 "$stamp" 2>/dev/null)" = "$(fingerprint)" ] && [ -x "$VENV/bin/flight" ]; then
    return 0
  fi
  say "Installing Python packages into .venv"
  if [ ! -e "$VENV" ]; then
    run_logged "$BUILD/setup/venv.log" "$SYSTEM_PYTHON" -m venv --system-site-packages "$VENV" || {
      rm -rf "$VENV"
      fail "The Python environment $VENV cannot be made" "python3 -m venv failed as shown above" "Is the disk full?"
    }
    identity >"$stamp" # so that an interrupted run goes on here instead of starting anew
  fi
  # GDAL's and QGIS's compiled modules work only with the numpy generation they were built for.
  if [ "$("$VENV/bin/python" -c 'import numpy; print(numpy.__version__.split(".")[0])')" = 1 ]; then
    limits=('numpy<2')
  fi
  # The sample catalogue's server exists for Python 3.11 and newer; scripts/sample_catalog.py knows another way.
  "$VENV/bin/python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || extras="test"
  cd "$ROOT" # pip reads ".[extras]" rightly whatever characters the path holds
  run_logged "$BUILD/setup/pip.log" "$VENV/bin/python" -m pip install --disable-pip-version-check --no-input \
    -c scripts/constraints.txt -e ".[$extras]" 'attrs>=23.2' "${limits[@]}" ||
    fail "The Python packages cannot be installed" "pip failed as shown above" "Check the network and pip's configuration, then run this again."
  check_venv
  printf '%s\n%s\n' "$(identity)" "$(fingerprint)" >"$stamp.part"
  mv "$stamp.part" "$stamp"
}

# A second GDAL, Qt or numpy in one process with QGIS ends in wrong CRS look-ups or a crash: better to stop here.
check_venv() {
  local own name
  own="$(site_packages)"
  for name in rasterio osgeo PyQt5 PyQt6 numpy; do
    [ ! -e "$own/$name" ] ||
      fail "The Python environment is not usable" "pip has put its own $name beside the distribution's" \
        "Some requirement asks for a newer $name than the distribution has: see $BUILD/setup/pip.log."
  done
  "$VENV/bin/python" -c 'import numpy, rasterio; from osgeo import gdal_array; from qgis.core import Qgis' 2>"$BUILD/setup/import.log" || {
    tail -n 5 "$BUILD/setup/import.log" >&2
    fail "The Python environment is not usable" "QGIS, GDAL or rasterio cannot be imported, as shown above" \
      "Remove .venv and run this again."
  }
}

main() {
  command -v apt-get >/dev/null ||
    fail "FirstLight cannot be set up" "this system has no apt-get" "It is set up by itself on Debian 12/13 and Ubuntu 22.04/24.04 only."
  mkdir -p "$BUILD/setup" 2>/dev/null || true
  [ -w "$BUILD/setup" ] || fail "FirstLight cannot be set up" "you may not write to $BUILD/setup" "Run this as the owner of the checkout."
  # One at a time: the demo and the tests may be started together.
  exec 9>"$BUILD/setup/lock"
  flock 9
  install_packages
  make_venv
}

main "$@"
