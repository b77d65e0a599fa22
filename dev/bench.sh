#!/bin/sh
# Runs the benchmarks that need nothing beside the program, in a short form (minutes). Each file under benchmarks/ says at
# its top how to run it in full: python -m benchmarks.NAME --help
set -eu
cd "$(dirname "$0")/.."
sh dev/environment.sh dev

# Those on servers run when `make servers` has started them.
[ ! -s dev/.servers/env ] || { set -a; . dev/.servers/env; set +a; export MINUTIER_BENCH_INDEX_URL="${MINUTIER_TEST_ELASTICSEARCH%/*}/benchmark"; }

for file in benchmarks/b[0-9]*.py; do
    name=$(basename "$file" .py)
    case $name in
        b8_* | b9_* | b11_*) [ -n "${MINUTIER_TEST_MINIO:-}" ] || { printf '\n== %s: no servers, see make servers\n' "$name"; continue; } ;;
    esac
    case $name in
        b1_import | b2_overhead | b7_again) short="--count 300 --rounds 3" ;;
        b3_scale) short="--documents 10000" ;;
        b4_search) short="--documents 20000 --rounds 3" ;;
        b8_elastic_search) short="--documents 5000 --rounds 2" ;;
        b9_production_import) short="--count 300 --rounds 2" ;;
        b11_steady) short="--documents 3000" ;;
        b15_api_search) short="--documents 3000 --rounds 2" ;;
        b16_api_bytes) short="--seconds 2 --rounds 1" ;;
        b13_access_log) short="--seconds 2" ;;
        b14_audit) short="--entries 50000" ;;
        *) short="" ;;
    esac
    printf '\n== %s %s\n' "$name" "$short"
    # shellcheck disable=SC2086
    .venv/bin/python -m "benchmarks.$name" $short || printf '%s did not finish\n' "$name"
done
