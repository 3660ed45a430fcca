# shellcheck shell=sh
# For inside_chroot and inside_boot, which run as root in a system that is made for them.
set -eu
export LC_ALL=C DEBIAN_FRONTEND=noninteractive PATH=/usr/sbin:/usr/bin:/sbin:/bin

fail() {
  echo "FAILED: $1" >&2
  exit 1
}
say() { echo "- $1"; }
is() { [ "$1" = "$2" ] || fail "it is '$1', not '$2'"; }

# eventually COMMAND…: it succeeds within a minute.
eventually() {
  tenths=600
  until "$@"; do
    tenths=$((tenths - 1))
    [ $tenths -gt 0 ] || fail "not within a minute: $*"
    sleep 0.1
  done
}

# as ACCOUNT COMMAND…
as() {
  account=$1
  shift
  runuser -u "$account" -- env --ignore-environment --chdir="/home/$account" HOME="/home/$account" USER="$account" PATH="$PATH" "$@"
}

# dpkg is loud; it is heard when it fails.
package() { dpkg "$@" >/packages/log 2>&1 || { cat /packages/log; fail "dpkg $*"; }; }

# number NAME: that field of the daemon's own description, such as supervisorPid; what follows is how to ask.
number() {
  name=$1
  shift
  "$@" jobpool --no-autostart call org.jobpool.Pool.Hello | tr ',{}' '\n' | sed -n "s/^ *\"$name\": *//p"
}

program_of() { readlink "/proc/$1/exe"; }
runs_new_program() { [ "$(program_of "$1")" = /usr/bin/jobpoold ]; }

# What runs of jobpool.
our_processes() {
  for process in /proc/[0-9]*; do
    case $(readlink "$process/exe" || true) in /usr/bin/jobpool*) echo "${process#/proc/} $(tr '\0' ' ' <"$process/cmdline")" ;; esac
  done 2>/dev/null
}

# All files but what changes by itself or is the users', and the accounts.
everything() {
  find / -xdev \( -path /proc -o -path /sys -o -path /dev -o -path /tmp -o -path /packages -o -path /home -o -path /var/log -o -path /var/cache \
    -o -path /var/tmp -o -path /var/lib/dpkg -o -path '/etc/*-' \) -prune -o -printf '%p %y %m %u %g %l\n' | sort
  cat /etc/passwd /etc/group /etc/shadow
}
