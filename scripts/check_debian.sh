#!/bin/bash
# Runs commands of this checkout's last commit in an empty Debian of another release: a debootstrap, with nothing in it but
# git. Needs root and a Debian mirror among this system's apt sources; says so and ends well where it cannot be run,
# because it is an extra.
#   bash scripts/check_debian.sh trixie "bash scripts/test.sh" "bash scripts/check_package.sh"
#   bash scripts/check_debian.sh --keep FOLDER sid COMMAND...   the system stays in FOLDER, and is used again
#   bash scripts/check_debian.sh --within SECONDS sid COMMAND... it is broken off, and fails, after so long
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

BOOTSTRAP_LIMIT_S=900
COMMAND_LIMIT_S=3000
# Packages of these change every day: that they cannot be installed together today says nothing of FirstLight.
MOVING=" sid experimental "

keep="" ends_s=""
while [[ ${1:-} == --* ]]; do
  case $1 in
    --keep) keep=${2:-} ;;
    --within) ends_s=$((SECONDS + ${2:-0})) ;;
    *) break ;;
  esac
  shift 2
done
[ $# -ge 2 ] || { sed -n '2,7s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2 && exit 2; }
suite=$1
shift

# limit SECONDS: no longer than what is left of all.
limit() {
  local left=$((${ends_s:-$((SECONDS + $1))} - SECONDS))
  [ "$left" -gt 0 ] || fail "Debian $suite is not looked at to its end" "no time is left" "Run it alone."
  echo $((left < $1 ? left : $1))
}

skip() {
  say "Debian $suite: check skipped: $*."
  exit 0
}

# The mirror is this system's own: from .sources files, else from sources.list.
find_mirror() {
  mirror="$(cat /etc/apt/sources.list.d/*.sources 2>/dev/null | awk '$1 == "URIs:" && !/security/ {print $2; exit}')"
  [ -n "$mirror" ] || mirror="$(awk '$1 == "deb" {for (i = 2; i <= NF; i++) if ($i ~ /^http/) {print $i; exit}}' /etc/apt/sources.list 2>/dev/null || true)"
  if [ -z "$mirror" ] || ! grep -q '^ID=debian' /etc/os-release; then
    skip "this system's apt sources name no Debian mirror"
  fi
}

find_debootstrap() {
  command -v debootstrap >/dev/null ||
    DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends debootstrap >/dev/null 2>&1 ||
    { apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends debootstrap; } >/dev/null 2>&1 ||
    skip "debootstrap cannot be installed"
  # An older debootstrap may not know a newer release by its name; all are made alike.
  script="/usr/share/debootstrap/scripts/$suite"
  [ -e "$script" ] || script=/usr/share/debootstrap/scripts/sid
}

make_system() {
  [ ! -e "$system/made" ] || return 0
  rm -rf --one-file-system "$system"
  timeout "$(limit "$BOOTSTRAP_LIMIT_S")" debootstrap --variant=minbase --include=ca-certificates,git "$suite" "$system" "$mirror" \
    "$script" >"$work/debootstrap.log" 2>&1 || {
    tail -n 3 "$work/debootstrap.log"
    skip "debootstrap of $suite failed, as shown above"
  }
  # The network as this system sees it: resolver, certificates, proxies and pip's settings.
  cp /etc/resolv.conf "$system/etc/resolv.conf"
  cp /etc/ssl/certs/ca-certificates.crt "$system/etc/ssl/certs/ca-certificates.crt" 2>/dev/null || true
  apt-config dump | grep -E '^Acquire::(http|https)::' >"$system/etc/apt/apt.conf.d/90host" || true
  # A mirror may lag behind a release that is made anew several times a day. Signatures are checked all the same.
  [[ $MOVING != *" $suite "* ]] || printf 'Acquire::Check-Valid-Until "false";\n' >"$system/etc/apt/apt.conf.d/91moving"
  for file in /etc/pip.conf "$HOME/.config/pip/pip.conf" "$HOME/.pip/pip.conf"; do
    [ ! -f "$file" ] || cp "$file" "$system/etc/pip.conf"
  done
  # No service is to be started in there.
  printf '#!/bin/sh\nexit 101\n' >"$system/usr/sbin/policy-rc.d"
  chmod +x "$system/usr/sbin/policy-rc.d"
  touch "$system/made"
}

# Another name than the package's: the checkout may be called anything. What a kept system has made in it stays.
bring_checkout() {
  local checkout="$system/src/checkout"
  [ -e "$checkout" ] || git clone -q "file://$ROOT" "$checkout"
  git -C "$checkout" fetch -q "file://$ROOT" HEAD
  git -C "$checkout" checkout -q --detach FETCH_HEAD
}

# inside COMMAND: in the system, with its own mounts, which are seen by its process tree only.
inside() {
  # shellcheck disable=SC2016 # the variables are the inner shell's
  timeout -k 30 "$(limit "$COMMAND_LIMIT_S")" unshare --mount --propagation private bash -c '
    set -e
    system=$1 command=$2
    shift 2
    mount --bind /proc "$system/proc"
    mount --rbind /dev "$system/dev"
    exec chroot "$system" env -i HOME=/root LANG=C.UTF-8 PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@" \
      bash -c "cd /src/checkout && $command"
  ' bash "$system" "$1" "${passed_on[@]}"
}

limit 1 >/dev/null
[ "$(id -u)" -eq 0 ] || skip "it needs root"
unshare --mount true 2>/dev/null || skip "this system allows no mounts"
find_mirror
find_debootstrap

work="$(mktemp -d "${TMPDIR:-/tmp}/firstlight-$suite.XXXXXX")"
trap 'rm -rf --one-file-system "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
system="${keep:-$work/system}"
mapfile -t passed_on < <(env | grep -E '^(PIP_[A-Z_]+|[A-Za-z]+_(proxy|PROXY))=' || true)

began=$SECONDS
make_system
bring_checkout
say "Debian $suite: an empty system after $((SECONDS - began)) s"
if ! inside "bash scripts/setup.sh"; then
  [[ $MOVING == *" $suite "* ]] || fail "FirstLight cannot be set up in Debian $suite" "it failed as shown above" "See scripts/setup.sh."
  skip "its packages cannot be installed together today, as shown above"
fi
inside "printf 'QGIS %s, Qt %s, ' \$(/usr/bin/python3 -c 'from qgis.core import Qgis; from qgis.PyQt.QtCore import QT_VERSION_STR; print(Qgis.QGIS_VERSION, QT_VERSION_STR)')
  /usr/bin/python3 -c 'import sys, numpy; from osgeo import gdal; print(\"GDAL\", gdal.__version__ + \", Python\", sys.version.split()[0] + \", numpy\", numpy.__version__)'"
say "Debian $suite: set up after $((SECONDS - began)) s"
for command in "$@"; do
  inside "$command && git status --porcelain > /tmp/changed && ! grep . /tmp/changed"
  say "Debian $suite: '$command' passed, $((SECONDS - began)) s since the start"
done
