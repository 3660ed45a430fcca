#!/bin/sh
# Installs what the benches compare jobpool with, and what counts costs: Debian's task-spooler (tsp), nq, GNU parallel, gearmand and
# libgearman-dev (its own client and worker library), beanstalkd, python3; libbenchmark-dev (Google Benchmark), strace, valgrind. As root, or with
# sudo. The two libraries are built against: configure and build again after.
# Does nothing when all of them are there already. Installs only distribution packages; removes nothing. The benches start private servers of
# their own: where the packages would start theirs (gearmand, beanstalkd), that is prevented while this installs.
set -eu

packages="task-spooler nq parallel gearman-job-server libgearman-dev beanstalkd python3 libbenchmark-dev strace valgrind"
policy=/usr/sbin/policy-rc.d

is_installed() {
  [ "$(dpkg-query --show --showformat='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

missing=""
for package in $packages; do
  is_installed "$package" || missing="$missing $package"
done
if [ -z "$missing" ]; then
  echo "install-peers.sh: all there"
  exit 0
fi

if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null 2>&1 || { echo "install-peers.sh: missing:$missing. Run this as root, or install sudo" >&2; exit 1; }
  exec sudo "$0"
fi

echo "install-peers.sh: installing$missing"
if [ ! -e "$policy" ]; then
  # Asked by the packages before they start a service: 101 means no. See invoke-rc.d(8).
  trap 'rm -f "$policy"' EXIT
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update --quiet
# The list is read as words on purpose.
# shellcheck disable=SC2086
apt-get install --yes --quiet --no-install-recommends $missing
echo "install-peers.sh: done"
