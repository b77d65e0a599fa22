#!/usr/bin/env bash
# Puts what checks our files for other programs on this machine: docker-compose for docker-compose.yml, promtool for the alerts,
# openssl for the time-stamps that tests ask a local authority for. None needs Docker or a running server.
name=validators
say() { printf '%s: %s\n' "$name" "$*" >&2; }
die() { say "$*"; exit 1; }
set -euo pipefail
cache=${XDG_CACHE_HOME:-$HOME/.cache}/minutier-servers
source "$(dirname "$0")/services/packages.sh"

packages=()
docker compose version >/dev/null 2>&1 || command -v docker-compose >/dev/null || packages+=(docker-compose)
command -v promtool >/dev/null || packages+=(prometheus)
command -v openssl >/dev/null || packages+=(openssl)
[ "${#packages[@]}" = 0 ] || apt_install "${packages[@]}"
