#!/bin/sh
# Runs every check there is, all of them even when one fails, and says at the end which did.
# Arguments go to pytest: dev/test.sh tests/unit -k query
set -u
cd "$(dirname "$0")/.."

sh dev/environment.sh dev || exit 1
bin=.venv/bin
failed=""

step() {
    name=$1
    shift
    printf '\n== %s: %s\n' "$name" "$*"
    "$@" || failed="$failed $name"
}

step lint $bin/ruff check .
step format $bin/ruff format --check .
step types $bin/mypy
step layers $bin/lint-imports
step tests $bin/python -m pytest -n "${WORKERS:-2}" "$@"

if [ -n "$failed" ]; then
    printf '\nFailed:%s\n' "$failed"
    printf 'Packages missing or odd versions? Remove .venv and run again: it is made anew.\n'
    exit 1
fi
printf '\nAll checks passed.\n'
