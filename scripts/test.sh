#!/bin/bash
# Runs every check: style, types, core tests without QGIS, plugin and dock tests in QGIS without a window, and the
# demo in the real desktop in a virtual display. Does all of its set-up (scripts/setup.sh). Stops at the first failure.
#   bash scripts/test.sh                 everything
#   bash scripts/test.sh -- -k paging    only pytest, with these words for it (no style, types, desktop)
#   bash scripts/test.sh -- -m thorough  the many combinations that only CI runs
#   bash scripts/test.sh --sockets       everything, and that no socket of it leaves this computer (strace)
#   bash scripts/test.sh --qgis          only plugin and dock in QGIS
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

REPORTS="$BUILD/test"
words=()
watched=""
only_qgis=no
case ${1:-} in
  "") ;;
  --sockets) watched=1 ;;
  --qgis) only_qgis=yes ;;
  --) shift && words=("$@") ;;
  *) sed -n '2,8s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2 && exit 2 ;;
esac

# step TITLE COMMAND...: the heading, the command, how long it took.
step() {
  local title=$1 began=$SECONDS code=0
  shift
  printf '\n== %s\n' "$title"
  "$@" || code=$?
  if [ "$code" -ne 0 ]; then
    say "== $title: FAILED after $((SECONDS - began)) s" >&2
    exit 1
  fi
  say "== $title: passed in $((SECONDS - began)) s"
}

check_style() {
  "$VENV/bin/ruff" check . && "$VENV/bin/ruff" format --check .
}

check_types() {
  # mypy looks for a folder called firstlight, and the checkout may be called anything.
  mkdir -p "$BUILD/package"
  ln -sfn "$ROOT" "$BUILD/package/firstlight"
  MYPYPATH="$BUILD/package:$ROOT/tests" "$VENV/bin/mypy" \
    -p firstlight.core -p firstlight.plugin -p firstlight.ui -p support
}

# run_pytest NAME LIMIT_S WORDS...: with a report for the total at the end; a test that takes longer than LIMIT_S hangs.
run_pytest() {
  local name=$1 limit=$2 code=0 watch=()
  shift 2
  [ -z "$watched" ] || watch=("$VENV/bin/python" scripts/check_sockets.py --trace "$REPORTS/$name.trace")
  # A test that hangs is shown with what every thread is doing, and ends the run.
  "${watch[@]}" "$VENV/bin/python" -m pytest --junitxml="$REPORTS/$name.xml" -o faulthandler_timeout="$limit" \
    -o faulthandler_exit_on_timeout=true "$@" "${words[@]}" || code=$?
  # 5 is "no test collected": fine where words choose some tests of the other half, a failure where everything is to run.
  [ "$code" -eq 0 ] || { [ "$code" -eq 5 ] && [ ${#words[@]} -gt 0 ]; }
}

# As on a server: no display, and no plugin of pytest that would start a QGIS. Its settings in pyproject.toml are then unknown.
# Three processes, each file in one of them: a part of the time goes into waiting for servers and processes.
# One that dies is not started anew, which with whole files hangs: the run ends and names its test.
test_core() (
  unset DISPLAY WAYLAND_DISPLAY
  # The other half is one process, which would take longest: it goes first.
  renice -n 5 -p "$BASHPID" >/dev/null
  run_pytest core 600 -n 3 --dist loadfile --max-worker-restart=0 -p no:pytest_qgis -p no:pytest-qt -W ignore::pytest.PytestConfigWarning \
    -m "not qgis and not thorough" tests --ignore=tests/plugin --ignore=tests/ui --ignore=tests/desktop --ignore=tests/qt6 --ignore=tests/benchmarks
)

test_qgis() {
  QT_QPA_PLATFORM=offscreen run_pytest qgis 600 -m "not thorough" tests/plugin tests/ui
}

# Both halves at once: each waits for servers and processes a part of the time.
test_halves() {
  local code=0 qgis
  test_qgis >"$REPORTS/qgis.log" 2>&1 &
  qgis=$!
  # shellcheck disable=SC2064 # expanded now; Ctrl-C does not reach what runs in the background
  trap "pkill -P $qgis || true" EXIT
  test_core || code=1
  wait "$qgis" || code=1
  trap - EXIT
  printf '\n-- plugin and dock, QGIS without a window\n'
  cat "$REPORTS/qgis.log"
  return "$code"
}

test_desktop() {
  run_pytest desktop 600 -p no:pytest_qgis -p no:pytest-qt -W ignore::pytest.PytestConfigWarning tests/desktop
}

# One line for all runs of pytest together; no report at all is a failure.
print_total() {
  "$VENV/bin/python" - "$REPORTS" <<'PY'
import pathlib, sys, xml.etree.ElementTree as tree

total = dict.fromkeys(("tests", "failures", "errors", "skipped"), 0)
for report in pathlib.Path(sys.argv[1]).glob("*.xml"):
    for suite in tree.parse(report).getroot().iter("testsuite"):
        for word in total:
            total[word] += int(suite.get(word, 0))
bad = total["failures"] + total["errors"]
good = total["tests"] - bad - total["skipped"]
print(f"{good} passed, {bad} failed" + (f", {total['skipped']} skipped" if total["skipped"] else ""))
sys.exit(bad > 0 or good == 0)
PY
}

cd "$ROOT"
began=$SECONDS
bash scripts/setup.sh
[ -z "$watched" ] || strace -qq true ||
  fail "Sockets cannot be watched" "strace may not trace here, as shown above" "Allow ptrace, or run this without --sockets."
# What the sample is made of is fetched as Python packages are: part of the set-up, not of what is watched.
[ -z "$watched" ] || "$VENV/bin/python" scripts/sample_catalog.py make "$BUILD/sample"
rm -rf "$REPORTS"
mkdir -p "$REPORTS"
if [ "$only_qgis" = yes ]; then
  step "Plugin and dock, QGIS without a window" test_qgis
  print_total
  exit
fi
if [ ${#words[@]} -eq 0 ]; then
  step "Style" check_style
  step "Types" check_types
fi
step "Core without QGIS; beside it plugin and dock, QGIS without a window" test_halves
if [ ${#words[@]} -eq 0 ]; then
  step "Desktop, real QGIS in a virtual display" test_desktop
fi
say "Spark: skipped here; scripts/test_spark.sh installs it and tries it"
printf '\nAll checks passed in %s s\n' "$((SECONDS - began))"
print_total
