#!/bin/sh
# Makes .venv and installs Minutier into it: `environment.sh run` for using it, `environment.sh server` for using it with servers
# (object store, search engine, broker, database), `environment.sh dev` for working on it.
# Does nothing when that is done already. Touches nothing outside .venv.
set -eu
cd "$(dirname "$0")/.."
purpose=${1:-run}

say() { printf '%s\n' "$*" >&2; }

fits() {
    "$1" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

find_python() {
    for candidate in ${PYTHON:-} python3 python3.14 python3.13 python3.12 python3.11 /usr/bin/python3; do
        if fits "$candidate"; then
            command -v "$candidate"
            return
        fi
    done
    say "Minutier needs Python 3.11 or newer with the venv module, and found none."
    say "  Debian, Ubuntu:  sudo apt install python3 python3-venv"
    say "  Fedora:          sudo dnf install python3"
    say "  macOS:           brew install python@3.13"
    say "Or name one: make PYTHON=/path/to/python3.12 ${MAKECMDGOALS:-demo}"
    return 1
}

make_venv() {
    if [ -d .venv ] && .venv/bin/python -c 'import pip' >/dev/null 2>&1; then
        return
    fi
    python=$(find_python)
    say "Making .venv with $("$python" --version 2>&1)"
    rm -rf .venv
    "$python" -m venv .venv || {
        say "Making a virtual environment failed. On Debian and Ubuntu: sudo apt install python3-venv"
        return 1
    }
}

pip_install() {
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-input "$@" || {
        say "Installing packages failed (see above). Usual causes:"
        say "  no way to the package index: check the network or proxy; behind a mirror, set pip's index address;"
        say "  'no matching distribution': ready-made packages exist for Linux with glibc 2.28 or newer (x86_64, arm64),"
        say "  not for Alpine (musl); on another system try: PYTHON=... another version of Python."
        return 1
    }
}

install() {
    case $purpose in
        run) requirements="requirements.txt requirements-build.txt" ;;
        server) requirements="requirements-server.txt requirements-build.txt" ;;
        dev) requirements="requirements-dev.txt" ;;
        *) say "environment.sh: run, server or dev, not '$purpose'"; return 2 ;;
    esac
    mark=.venv/.installed-$purpose
    # shellcheck disable=SC2086
    wanted=$(cat pyproject.toml $requirements | cksum)
    if [ -x .venv/bin/minutier ] && [ "$(cat "$mark" 2>/dev/null)" = "$wanted $(pwd)" ]; then
        return
    fi
    say "Installing packages into .venv, each checked against its recorded hash (the first time: some 120 MB to fetch, a minute)"
    for file in $requirements; do
        pip_install --require-hashes --only-binary :all: -r "$file"
    done
    pip_install --no-deps --no-build-isolation --editable .
    printf '%s %s' "$wanted" "$(pwd)" > "$mark"
}

make_venv
install
