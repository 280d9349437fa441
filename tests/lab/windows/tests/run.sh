#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Assertions per surface, parameter check, smoke of all states.
#
#   [PWSH=<engine>] [WINLAB_CATALOG=<folder>] [SCENARIOS=<file>] tests/run.sh [case ...]
#
# With WINLAB_CATALOG the parameters are also compared with the raw catalogues of the real cmdlets.
cd "$(dirname "$0")" || exit 2
PWSH=${PWSH:-pwsh}
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
export LAB_PWSH="$PWSH" LAB_STATES="$WORK/states" LAB_DELAY_SCALE=0.01
PSModulePath="$(cd .. && pwd)"
export PSModulePath

PYTHONPATH="$(cd ../../.. && pwd)"
export PYTHONPATH PYTHONDONTWRITEBYTECODE=1
python3 -m lab.windows.states build "$LAB_STATES" ${SCENARIOS:+--scenarios "$SCENARIOS"} || exit 2
passed=0
failed=0

# Each case starts on a fresh copy of the state that its first line names.
run_case() {
  local case=$1 state output ok bad
  state=$(sed -n '1s/^# state: *//p' "$case")
  cp "$LAB_STATES/$state.json" "$WORK/host.json"
  rm -rf "$WORK/host.json.c"
  output=$(LAB_STATE="$WORK/host.json" timeout 300 "$PWSH" -NoProfile -File runner.ps1 "$case" 2>&1)
  ok=$(grep -c '^ok ' <<<"$output")
  bad=$(grep -c '^not ok ' <<<"$output")
  if ! grep -q '^done$' <<<"$output"; then
    bad=$((bad + 1))
    echo "not ok $case did not finish"
    tail -5 <<<"$output"
  fi
  grep '^not ok ' <<<"$output"
  # The canary proves that a wrong expectation is seen.
  if [ "$case" = cases/canary.ps1 ]; then
    if [ "$bad" = 1 ]; then
      ok=1
      bad=0
      echo "(canary failed as it must)"
    else
      bad=1
      echo "not ok canary did not fail"
    fi
  fi
  echo "$case: $ok ok, $bad failed"
  passed=$((passed + ok))
  failed=$((failed + bad))
}

# One assertion: the command exits 0.
run_check() {
  if "$@"; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
}

for case in ${*:-cases/*.ps1}; do
  run_case "$case"
done
if [ $# = 0 ]; then
  run_check python3 baseline_tests.py
  run_check python3 native_tests.py "$WORK"
  LAB_STATE="$LAB_STATES/healthy-2022-member.json" \
    "$PWSH" -NoProfile -File list_parameters.ps1 >"$WORK/parameters.txt" 2>/dev/null
  run_check python3 check_parameters.py "$WORK/parameters.txt"
  if [ -n "$WINLAB_CATALOG" ]; then
    run_check python3 check_parameters.py "$WORK/parameters.txt" "$WINLAB_CATALOG"
  fi
fi
echo "total: $passed ok, $failed failed"
[ "$failed" = 0 ]
