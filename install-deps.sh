#!/bin/sh
# Installs the packages that building and testing jobpool needs, on Debian 12, Debian 13 and Ubuntu 24.04. As root, or with sudo.
# Does nothing, says nothing and asks no server when all of them are there already. Installs only distribution packages; removes nothing.
set -eu

packages="g++ cmake ninja-build ccache pkg-config
  libasio-dev nlohmann-json3-dev libspdlog-dev libfmt-dev libsqlite3-dev libcli11-dev libtomlplusplus-dev
  catch2 socat python3 spin systemd"

fail() {
  echo "install-deps.sh: $1" >&2
  exit 1
}

system="unknown"
if [ -r /etc/os-release ]; then
  # shellcheck source=/dev/null
  system=$(. /etc/os-release && echo "${ID:-unknown} ${VERSION_ID:-unknown}")
fi
# The fuzzers' compiler, and its runtime of the same version: libFuzzer and the sanitizers.
case $system in
  "debian 12") packages="$packages clang libclang-rt-14-dev" ;;
  "debian 13") packages="$packages clang libclang-rt-19-dev" ;;
  "ubuntu 24.04") packages="$packages clang libclang-rt-18-dev" ;;
  *) fail "this system ($system) is not supported; Debian 12, Debian 13 and Ubuntu 24.04 are. Elsewhere install by hand what these give: $packages" ;;
esac

is_installed() {
  [ "$(dpkg-query --show --showformat='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

missing=""
for package in $packages; do
  is_installed "$package" || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

as_root=""
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null 2>&1 || fail "missing:$missing. Run this as root, or install sudo"
  as_root="sudo"
fi

echo "install-deps.sh: installing$missing"
# The variable is given behind sudo, which would not pass it on. The lists are read as words on purpose.
$as_root env DEBIAN_FRONTEND=noninteractive apt-get update --quiet
# shellcheck disable=SC2086
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet --no-install-recommends $missing
echo "install-deps.sh: done"
