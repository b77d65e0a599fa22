#!/bin/sh
# Pins every package with its hashes, for every Python and platform we support, and writes no address of any index.
set -eu
cd "$(dirname "$0")/.."

command -v uv >/dev/null || {
    echo "This needs uv: pipx install uv, or pip install uv." >&2
    exit 1
}
pin() { uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header --only-binary :all: "$@"; }

pin pyproject.toml -o requirements.txt
pin pyproject.toml --extra server --extra trust -c requirements.txt -o requirements-server.txt
pin pyproject.toml --extra server --extra trust --group dev -c requirements.txt -o requirements-dev.txt
printf 'hatchling\neditables\n' | pin - -c requirements-dev.txt -o requirements-build.txt
