#!/bin/sh
# Checks one model with SPIN, exhaustively, and judges what came of it. Run by CTest; by hand:
#
#   run.sh holds   MODEL.pml [-DBOUND=N …] [-- nightly: -DBOUND=N …]   every state within the bounds is fine, and all were looked at
#   run.sh catches TEXT MODEL.pml -DM_… [-DBOUND=N …]                  some state violates the assertion that contains TEXT
#   run.sh reaches MODEL.pml WITNESS [-DBOUND=N …]                     some state is as the expression WITNESS says (the model is not void)
#
# Environment: JOBPOOL_TEST_SIZE=nightly takes the bounds behind "--" where there are some. JOBPOOL_MODEL_MEMORY (MiB) bounds a search.
# KEEP=1 keeps the folder with the checker and, where one was found, the trail: `spin -t -p -g -D… checked.pml` there tells its story.
set -eu

fail() {
  echo "run.sh: $1" >&2
  exit 1
}

here=$(cd "$(dirname "$0")" && pwd)
command -v spin >/dev/null 2>&1 || fail "spin is not installed; run install-deps.sh"

mode=$1
shift
text="" witness=""
case $mode in
  holds) ;;
  catches)
    text=$1
    shift
    ;;
  reaches) ;;
  *) fail "unknown mode '$mode'" ;;
esac
model=$1
shift
if [ "$mode" = reaches ]; then
  witness=$1
  shift
fi

size=${JOBPOOL_TEST_SIZE:-usual}
size=${size%%/*}  # a part of the night is for tests that can be parted
bounds="" nightly="" behind=0
for argument in "$@"; do
  if [ "$argument" = "--" ]; then
    behind=1
  elif [ $behind -eq 1 ]; then
    nightly="$nightly $argument"
  else
    bounds="$bounds $argument"
  fi
done
[ "$size" = nightly ] && [ -n "$nightly" ] && bounds=$nightly

# One MiB of search stack per 10,000 steps or so; the models are a few hundred deep.
depth=100000
case $mode-$size in
  holds-nightly) optimise="-O2 -DCOLLAPSE" hash=27 memory=${JOBPOOL_MODEL_MEMORY:-4000} ;;
  holds-*) optimise="-O1" hash=23 memory=${JOBPOOL_MODEL_MEMORY:-2500} ;;
  # The other order of processes happens to meet the plainest violation first.
  *) optimise="-O0 -DP_REVERSE" hash=20 memory=${JOBPOOL_MODEL_MEMORY:-1000} ;;
esac

work=$(mktemp -d)
[ -n "${KEEP:-}" ] || trap 'rm -rf "$work"' EXIT
cp "$here"/*.pml "$work"
cd "$work"

# By file: spin hands its -D to a shell unquoted.
[ -z "$witness" ] || printf '#define WITNESS %s\n' "$witness" >witness.pml
[ -n "$witness" ] || : >witness.pml
printf '#include "witness.pml"\n#include "%s"\n' "$model" >checked.pml

# Bounds are words on purpose.
# shellcheck disable=SC2086
spin $bounds -a checked.pml >spin.log 2>&1 || true
if grep -q Error spin.log || [ ! -s pan.c ]; then
  cat spin.log >&2
  fail "$model is not understood by spin"
fi
# shellcheck disable=SC2086
${CC:-cc} -w $optimise -DSAFETY -DMEMLIM="$memory" -o pan pan.c || fail "the checker of $model does not compile"

# Hundreds of megabytes, read here and there: huge pages take a third of the time off. (A C library that does not know the word ignores it.)
GLIBC_TUNABLES=glibc.malloc.hugetlb=1 ./pan -m$depth -w$hash >pan.log 2>&1 || true
grep -E 'pan:1: |errors: |states, stored|elapsed time|total actual memory' pan.log || true
[ -n "${KEEP:-}" ] && echo "kept in $work"

# A search that was cut short proves nothing, whatever it says about errors.
if grep -qE 'max search depth too small|out of memory|reached -DMEMLIM|Search not completed|VECTORSZ|hash conflicts.*truncated' pan.log; then
  [ "$mode" = holds ] && fail "the search was incomplete: $(grep -E 'max search depth|memory|MEMLIM|not completed|VECTORSZ' pan.log | head -n 1)"
fi
errors=$(sed -n 's/.*errors: \([0-9][0-9]*\).*/\1/p' pan.log)
[ -n "$errors" ] || fail "the checker did not come to an end: $(tail -n 3 pan.log)"
case $mode in
  holds)
    [ "$errors" -eq 0 ] || fail "$model does not hold: $(grep -m 1 'pan:1' pan.log)"
    ;;
  catches)
    [ "$errors" -gt 0 ] || fail "nothing was wrong: the model would not notice this mistake in the code"
    grep 'pan:1' pan.log | grep -qF "$text" || fail "something else was wrong than '$text': $(grep -m 1 'pan:1' pan.log)"
    ;;
  reaches)
    [ "$errors" -gt 0 ] || fail "no state is as the witness says: the model shows less than it seems to"
    # Expanded, as the checker prints it; what matters is that it was no assertion of the model itself.
    grep 'pan:1' pan.log | grep -qF "assertion violated  !(" || fail "something was wrong before: $(grep -m 1 'pan:1' pan.log)"
    ;;
esac
