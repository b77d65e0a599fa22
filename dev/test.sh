#!/bin/sh
# Runs every check there is, all of them even when one fails, and says at the end which did.
# Arguments go to pytest: dev/test.sh tests/unit -k query
#
# Tests on real servers need these: those of `make servers` when they run, else others, started for the tests alone and removed
# after them. MINUTIER_SERVERS=off starts none; a test whose server is missing says so and is skipped, and fails where CI is set.
set -u
cd "$(dirname "$0")/.."

sh dev/environment.sh dev || exit 1
bin=.venv/bin
failed=""
own=dev/.servers-of-tests
log=$own.log
starting=""

step() {
    name=$1
    shift
    printf '\n== %s: %s\n' "$name" "$*"
    "$@" || failed="$failed $name"
}

servers_run() {
    [ -s dev/.servers/env ] && ! bash dev/servers.sh status | grep -q "does not run"
}

# Servers are installed and started while the checks that need none of them go on.
start_servers() {
    if [ "${MINUTIER_SERVERS:-}" = off ]; then
        echo "No servers (MINUTIER_SERVERS=off): tests that need them are skipped."
    elif servers_run; then
        echo "Tests use the servers that run in dev/.servers."
        . dev/.servers/env
    else
        echo "Servers for the tests start beside the checks; what they say is in $log."
        export ES_JVM="${ES_JVM--XX:TieredStopAtLevel=1}" # half the time to start
        { bash dev/validators.sh; exec bash dev/servers.sh start $own; } >$log 2>&1 &
        starting=$!
    fi
}

await_servers() {
    [ -n "$starting" ] || return 0
    printf '\n== servers\n'
    wait "$starting" || missing="$?"
    cat $log
    [ ! -e $own/env ] || . $own/env
    [ -z "${missing:-}" ] || {
        echo "Without them, the tests that need them are skipped."
        [ -z "${CI:-}" ] || failed="$failed servers"
    }
}

# Runs at every end, also at one by Ctrl-C.
stop_servers() {
    code=$?
    trap - EXIT
    if [ -n "$starting" ]; then
        kill "$starting" 2>/dev/null
        bash dev/servers.sh wipe $own >/dev/null 2>&1
        rm -f $log
    fi
    exit "$code"
}
trap stop_servers EXIT
trap 'exit 130' INT TERM

start_servers
step lint $bin/ruff check .
step format $bin/ruff format --check .
step types $bin/mypy
step layers $bin/lint-imports
await_servers
# More of them than processors, since many tests wait for a server; neighbours stay together and share what was made for them.
step tests $bin/python -m pytest -n "${WORKERS:-3}" --dist worksteal "$@"

if [ -n "$failed" ]; then
    printf '\nFailed:%s\n' "$failed"
    printf 'Packages missing or odd versions? Remove .venv and run again: it is made anew.\n'
    exit 1
fi
printf '\nAll checks passed.\n'
