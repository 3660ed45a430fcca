#!/bin/bash
# Counts the system calls that one `apply @noop`, or one item of a map, costs each process: broker, worker, client. Needs strace, and leave to
# trace.
#   syscalls.sh BUILD_FOLDER [CALLS]
#   syscalls.sh BUILD_FOLDER ITEMS map
# strace makes every call slow, so that the processes batch less than they otherwise would: the counts are an upper bound.
set -euo pipefail
build=${1:?usage: syscalls.sh BUILD_FOLDER [CALLS]}
calls=${2:-5000}
what=${3:+--map=1}
folder=$(mktemp -d /tmp/jobpool-bench-XXXXXX)
socket=$folder/socket

"$build/bin/jobpoold" --socket "$socket" --state-dir "$folder/state" -j 1 --log-level warn 2>"$folder/log" &
daemon=$!
trap 'kill "$daemon" 2>/dev/null; wait "$daemon" 2>/dev/null; rm -rf "$folder"' EXIT
until "$build/bin/jobpool" --no-autostart --socket "$socket" ping >"$folder/ping" 2>&1; do kill -0 "$daemon"; sleep 0.01; done
"$build/bench/jobpool_bench" noop_calls --socket="$socket" --calls=100

child() { ps -o pid=,comm= --ppid "$daemon" | awk -v name="$1" 'index($2, name) == 1 {print $1; exit}'; }
tracers=()
for name in jobpool-broker jobpool-worker; do
  strace -f -qq -c -o "$folder/$name" -p "$(child "$name")" 2>"$folder/strace" &
  tracers+=($!)
done
for tracer in "${tracers[@]}"; do
  # Attached, when some process says that this one traces it.
  until grep -qs "^TracerPid:[[:space:]]*$tracer\$" /proc/[0-9]*/status; do kill -0 "$tracer"; done
done
strace -f -qq -c -o "$folder/noop_calls" "$build/bench/jobpool_bench" noop_calls --socket="$socket" --calls="$calls" ${what:+"$what"}
kill -INT "${tracers[@]}"
wait "${tracers[@]}" || true

for name in noop_calls jobpool-broker jobpool-worker; do
  if [ -n "$what" ]; then
    awk -v name="$name" -v items="$calls" '$4 ~ /^[0-9]+$/ && $NF != "total" {all += $4} END {printf "%10.6f  an item: %s\n", all / items, name}' "$folder/$name"
    continue
  fi
  echo "== $name, per call"
  awk -v calls="$calls" '$4 ~ /^[0-9]+$/ && $NF != "total" && $4 >= calls / 100 {printf "%8.2f  %s\n", $4 / calls, $NF}' "$folder/$name"
done
