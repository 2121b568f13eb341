#!/bin/bash
# Runs scripts/test.sh on the last commit in an empty Debian 13 (QGIS 3.40): a debootstrap in a temporary folder, nothing
# in it but git. About five minutes. Needs root and a Debian mirror among this system's apt sources; says so and ends
# well where it cannot be run, because it is an extra.
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

SUITE=trixie
BOOTSTRAP_LIMIT_S=900
TEST_LIMIT_S=2400

skip() {
  say "Debian 13 check skipped: $*."
  exit 0
}

[ "$(id -u)" -eq 0 ] || skip "it needs root"
unshare --mount true 2>/dev/null || skip "this system allows no mounts"
# The mirror is this system's own: from .sources files, else from sources.list.
mirror="$(cat /etc/apt/sources.list.d/*.sources 2>/dev/null | awk '$1 == "URIs:" && !/security/ {print $2; exit}')"
[ -n "$mirror" ] || mirror="$(awk '$1 == "deb" {for (i = 2; i <= NF; i++) if ($i ~ /^http/) {print $i; exit}}' /etc/apt/sources.list 2>/dev/null || true)"
if [ -z "$mirror" ] || ! grep -q '^ID=debian' /etc/os-release; then
  skip "this system's apt sources name no Debian mirror"
fi
if ! command -v debootstrap >/dev/null; then
  DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends debootstrap >/dev/null 2>&1 ||
    { apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends debootstrap; } >/dev/null 2>&1 ||
    skip "debootstrap cannot be installed"
fi

work="$(mktemp -d "${TMPDIR:-/tmp}/firstlight-debian13.XXXXXX")"
system="$work/system"
# The mounts below are seen by their own process tree only, so nothing of this system is mounted in here when it goes.
trap 'rm -rf --one-file-system "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

began=$SECONDS
timeout "$BOOTSTRAP_LIMIT_S" debootstrap --variant=minbase --include=ca-certificates,git "$SUITE" "$system" "$mirror" \
  >"$work/debootstrap.log" 2>&1 || {
  tail -n 3 "$work/debootstrap.log"
  skip "debootstrap of $SUITE failed, as shown above"
}
say "Debian 13: an empty system after $((SECONDS - began)) s"

# The network as this system sees it: resolver, certificates, proxies and pip's settings.
cp /etc/resolv.conf "$system/etc/resolv.conf"
cp /etc/ssl/certs/ca-certificates.crt "$system/etc/ssl/certs/ca-certificates.crt" 2>/dev/null || true
apt-config dump | grep -E '^Acquire::(http|https)::' >"$system/etc/apt/apt.conf.d/90host" || true
for file in /etc/pip.conf "$HOME/.config/pip/pip.conf" "$HOME/.pip/pip.conf"; do
  [ ! -f "$file" ] || cp "$file" "$system/etc/pip.conf"
done
# No service is to be started in there.
printf '#!/bin/sh\nexit 101\n' >"$system/usr/sbin/policy-rc.d"
chmod +x "$system/usr/sbin/policy-rc.d"
mapfile -t passed_on < <(env | grep -E '^(PIP_[A-Z_]+|[A-Za-z]+_(proxy|PROXY))=' || true)

# Another name than the package's: the checkout may be called anything.
git clone -q "file://$ROOT" "$system/src/checkout"
# shellcheck disable=SC2016 # the variables are the inner shell's
timeout -k 30 "$TEST_LIMIT_S" unshare --mount --propagation private bash -c '
  set -e
  system=$1
  shift
  mount --bind /proc "$system/proc"
  mount --rbind /dev "$system/dev"
  exec chroot "$system" env -i HOME=/root LANG=C.UTF-8 PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@" \
    bash -c "cd /src/checkout && bash scripts/test.sh && git status --porcelain > /tmp/changed && ! grep . /tmp/changed"
' bash "$system" "${passed_on[@]}"
say "Debian 13: all checks passed after $((SECONDS - began)) s"
