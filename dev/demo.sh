#!/bin/sh
# Archives the sample documents, or those in the folder FROM, into ./minutier-demo; then searches, shows and verifies.
# Reads the folder and changes nothing in it. Run again, it archives what is new.
set -eu
cd "$(dirname "$0")/.."
sh dev/environment.sh run

samples=tests/samples/files
from=${FROM:-$samples}
case $from in
    "~" | "~/"*) from=$HOME${from#"~"} ;;
esac
[ -e "$from" ] || {
    echo "There is no folder $from. Write: make demo FROM=/path/to/a/folder" >&2
    exit 2
}

minutier=.venv/bin/minutier
bold= plain=
[ ! -t 1 ] || { bold=$(printf '\033[1m'); plain=$(printf '\033[0m'); }
archive=minutier-demo

# Shows a command as it can be typed again, and runs it. Exit code 3 (some documents failed, listed) is no end of the demo.
run() {
    printf '\n%s$ %s --archive %s' "$bold" $minutier $archive
    for word in "$@"; do
        case $word in
            *[!A-Za-z0-9_./:-]*) printf " '%s'" "$word" ;;
            *) printf ' %s' "$word" ;;
        esac
    done
    printf '%s\n' "$plain"
    $minutier --archive $archive "$@" || [ $? -eq 3 ]
}

best_hit() {
    $minutier --archive $archive --json search --limit 1 --no-facets "$@" |
        .venv/bin/python -c 'import json, sys; print(json.loads(sys.stdin.readline()).get("id", ""))'
}

[ -e $archive/archive.json ] || run init
run import "$from"

if [ "$from" = $samples ]; then
    run search --limit 3 'dégât des eaux'
    run search --limit 2 --no-facets '"late payment" date:2023'
    run search --limit 2 --no-facets 'outcome:encrypted'
    hit=$(best_hit 'bail commercial')
else
    run search --limit 5 --sort newest '*'
    hit=$(best_hit '*')
fi
[ -z "$hit" ] || run show "$hit"
run verify

cat <<END

The archive is the folder $archive, the program is in .venv; remove both and nothing is left. To go on:

  $minutier --archive $archive search 'your words' kind:pdf date:2024
  $minutier --archive $archive get ${hit:-ID} -o copy
  $minutier --archive $archive batch list
  $minutier --help

The tutorial: docs/tutorial/first-archive.md
END
