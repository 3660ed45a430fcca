#!/bin/sh
# A walk through jobpool with a private daemon of its own, in a temporary folder that is gone afterwards.
# demo.sh BIN_DIR PLUGIN_DIR: where the built programs and the example plugin are. Exits 0 when everything went as it is told here.
set -eu

[ $# -eq 2 ] || { echo "usage: demo.sh BIN_DIR PLUGIN_DIR" >&2; exit 2; }
plugins=$2
PATH=$1:$PATH
folder=$(mktemp -d)
export JOBPOOL_SOCKET="$folder/socket"
daemon=""

finish() {
  status=$?
  trap - EXIT INT TERM
  if [ -n "$daemon" ]; then
    kill "$daemon" 2>/dev/null || true
    wait "$daemon" || true
  fi
  [ "$status" -eq 0 ] || { echo "demo failed (exit $status); the daemon's log:" >&2; cat "$folder/log" >&2; }
  rm -rf "$folder"
  exit "$status"
}
trap finish EXIT
trap 'exit 130' INT TERM

say() { printf '\n# %s\n' "$1"; }
# Shows a command, runs it, and checks its exit code: show 0 jobpool ping
show() {
  expected=$1
  shift
  printf '$'
  for word in "$@"; do
    case $word in
      *[!A-Za-z0-9_@./=:,-]* | "") printf " '%s'" "$word" ;;
      *) printf ' %s' "$word" ;;
    esac
  done
  printf '\n'
  code=0
  "$@" || code=$?
  [ "$code" -eq 0 ] || echo "(exit $code)"
  [ "$code" -eq "$expected" ] || { echo "expected exit $expected" >&2; exit 1; }
}

start_daemon() {
  printf '$ jobpoold -j 2 --plugin-dir %s &\n' "$plugins"
  jobpoold --socket "$JOBPOOL_SOCKET" --state-dir "$folder/state" -j 2 --plugin-dir "$plugins" 2>>"$folder/log" &
  daemon=$!
  until jobpool --no-autostart ping 2>/dev/null; do
    kill -0 "$daemon" || { echo "jobpoold did not start" >&2; exit 1; }
  done
}

say "A private daemon with two workers that know the functions of the example plugin"
start_daemon

say "apply: run a command in the pool as if it ran here"
show 0 jobpool apply -- echo hello from the pool
show 3 jobpool apply -- sh -c 'echo out; echo err >&2; exit 3'
printf '$ printf "pear\\napple\\n" | jobpool apply -- sort\n'
printf 'pear\napple\n' | jobpool apply -- sort

say "apply-async and get: submit now, collect later"
first=$(jobpool apply-async -- sh -c 'sleep 1; echo first')
second=$(jobpool apply-async -- sh -c 'sleep 1; echo second')
third=$(jobpool apply-async -- sh -c 'echo third; exit 7')
# shellcheck disable=SC2016
printf '$ first=$(jobpool apply-async -- sh -c "sleep 1; echo first")   # prints only the id: %s\n' "$first"
show 124 jobpool get --timeout 100ms "$first"
show 0 jobpool get "$first"
show 0 jobpool get "$second"
show 7 jobpool get "$third"

say "A C++ function from the plugin, called inside a preforked worker"
show 0 jobpool apply @cube 3
show 1 jobpool apply @divide 1 0

say "Cancel: nothing of the job's tree stays alive"
id=$(jobpool apply-async -- sh -c 'sleep 1000 & setsid sleep 1000 & wait')
show 0 jobpool cancel "$id"
show 125 jobpool get "$id"

say "Kill a worker in the middle of a job: only that job pays, and it is told so"
mkfifo "$folder/started"
# shellcheck disable=SC2016  # the job's own $PPID: its worker
id=$(jobpool apply-async -- sh -c 'echo $PPID >"$0"; sleep 1000' "$folder/started")
read -r worker <"$folder/started"
show 0 kill -KILL "$worker"
show 125 jobpool get "$id"
show 0 jobpool apply @add 20 22
show 0 jobpool status

say "Kill everything: what was accepted is still there, and is done by the next daemon"
later=$(jobpool apply-async --delay 1s -- echo "still here")
# shellcheck disable=SC2016
printf '$ later=$(jobpool apply-async --delay 1s -- echo "still here")   # committed before the id is printed: %s\n' "$later"
printf '$ kill -KILL %s   # the daemon; its workers die with it\n' "$daemon"
kill -KILL "$daemon"
wait "$daemon" 2>/dev/null || true
start_daemon
show 0 jobpool get "$later"
show 0 jobpool show "$first"

say "map: once for each item, several at a time, the results in the items' order"
show 0 jobpool map @cube ::: 1 2 3
show 2 jobpool map -- sh -c 'exit {}' ::: 0 1 0 7
show 1 jobpool map -n 3 @divide 12 ::: 1 0 4
show 0 jobpool map -n 2 -- echo {} ::: a b c

say "map --async: all of it under one durable id"
batch=$(jobpool map --async @cube ::: 1 2 3 4)
# shellcheck disable=SC2016
printf '$ batch=$(jobpool map --async @cube ::: 1 2 3 4)   # %s\n' "$batch"
show 0 jobpool get "$batch"

say "copy: a folder, with the pool's workers; run again, it goes on where it was"
mkdir "$folder/photos"
for number in 1 2 3; do echo "picture $number" >"$folder/photos/$number.jpg"; done
cd "$folder"
show 0 jobpool copy photos
show 0 diff -r photos "photos[复件]"
show 1 jobpool copy photos
show 0 jobpool copy --merge --verify photos "photos[复件]"

say "A pool of its own: two workers, each set up by an initializer; then closed, joined, deleted"
show 0 jobpool pool create translators -j 2 --init @learn '{"yes":"oui","no":"non"}' --max-tasks-per-worker 1000
show 0 jobpool apply --pool translators @translate yes
show 0 jobpool pool show translators
show 125 jobpool join translators
show 0 jobpool close translators
show 125 jobpool apply --pool translators @translate no
show 0 jobpool join translators
show 0 jobpool pool list
show 0 jobpool pool delete translators

say "Workers with threads: functions side by side, cheaper and without isolation"
show 0 jobpool pool create threads -j 2 --threads 3
show 0 jobpool map --pool threads --async -n 1 @sleep ::: 1 1 1 1
until jobpool pool show threads | grep -q "4 running"; do :; done
show 0 jobpool pool show threads
show 125 jobpool apply --pool threads -- true

say "Queues: between jobs and clients, bounded or not, and durable ones on disk"
show 0 jobpool queue create mail --maxsize 2 --durable
show 0 jobpool queue put mail '{"to": 7}' hello
show 75 jobpool queue put mail more --no-wait
show 0 jobpool queue get mail
id=$(jobpool apply-async -- sh -c 'jobpool queue get mail; jobpool queue get mail')
# shellcheck disable=SC2016
printf '$ id=$(jobpool apply-async -- sh -c "jobpool queue get mail; jobpool queue get mail")\n'
until jobpool list --state waiting | grep -q mail; do :; done
show 0 jobpool list "$id"
show 0 jobpool queue put mail bye
show 0 jobpool get "$id"

say "The end: running jobs may finish, then everything stops"
show 0 jobpool shutdown
wait "$daemon"
daemon=""
echo
echo "demo: done"
