#!/usr/bin/env bash
# Measure this board and print its table on stdout, ready to paste into docs/performance.md.
#
# Usage: tools/bench/board.sh [--quick] [--only "NAME…"] [--out DIR]
#
# For a Raspberry Pi, a Jetson or any other machine with Debian or Ubuntu and this checkout. Leave it
# alone meanwhile (no other work, its usual cooling): 15 to 40 minutes. What is missing is installed
# into .venv, which needs the internet once. Peers are run where .venv-peers stands (make
# .cache/peers-environment). Every program's own record stays in DIR (.cache/board).
# --quick: one short round each, to see that all of it runs; its figures are worth nothing.
# --only: of decode, gate, inference, eye, cameras.
set -eu
cd "$(dirname "$0")/../.."
names="decode gate inference eye cameras" out=.cache/board quick=
while [ $# -gt 0 ]; do
  case $1 in
    --quick) quick=yes; shift ;;
    --only) names=${2:?"--only wants names"}; shift 2 ;;
    --out) out=${2:?"--out wants a folder"}; shift 2 ;;
    *) sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
  esac
done
python=.venv/bin/python models=.cache/models
[ -x $python ] && [ -e .cache/test-environment ] || make --no-print-directory .cache/test-environment >&2
.venv/bin/vigie models build ssd-coco15 --models $models >&2
mkdir -p "$out"
rm -f "$out"/*.json

options() {
  [ -n "$quick" ] || return 0
  case $1 in
    decode) echo --rounds 1 --seconds 1 ;;
    gate) echo --rounds 1 ;;
    inference) echo --rounds 1 ;;
    eye) echo --rounds 1 --frames 25 --settled-seconds 2 ;;
    cameras) echo --rounds 1 --seconds 2 --most 2 ;;
  esac
}

$python -m tools.board_table facts > "$out/before.json"
for name in $names; do
  echo "board: measuring $name" >&2
  case $name in inference|eye|cameras) with_models="--models $models" ;; *) with_models= ;; esac
  # shellcheck disable=SC2046,SC2086  # words on purpose
  if ! $python -m "tools.bench.$name" --json $with_models $(options "$name") > "$out/$name.new"; then
    echo "board: $name failed; its rows are left out" >&2
    rm -f "$out/$name.new"
    continue
  fi
  mv "$out/$name.new" "$out/$name.json"
done
$python -m tools.board_table facts > "$out/after.json"
$python -m tools.board_table table "$out"
