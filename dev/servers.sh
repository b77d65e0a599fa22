#!/usr/bin/env bash
# The six real servers on loopback, without Docker: `servers.sh start`, `stop`, `status`, `install`, `wipe`.
# A second argument names another folder than dev/.servers. `start` uses again what runs, and writes two files of mode 600
# there: `env` with the variables of the tests, `minutier.env` with those of the program. SERVERS="minio redis": only these.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=$(realpath -m -- "${2:-dev/.servers}")
# MinIO first: it is built from source on a new machine, and that takes longest.
read -ra names <<<"${SERVERS:-minio elasticsearch rabbitmq tika postgres redis}"

say() { printf '%s\n' "$*" >&2; }
server() { bash "dev/services/$1.sh" "${@:2}"; }

port_of() { # the one it had, else the first free one
  local noted; noted=$(cat "$folder/$1.port" 2>/dev/null || true)
  if server "$1" pid "$folder/$1" >/dev/null 2>&1 || { [ -n "$noted" ] && is_free "$noted"; }; then echo "$noted"; return; fi
  local try=${MINUTIER_SERVERS_PORT:-27100} name
  for name in "${names[@]}"; do [ "$name" = "$1" ] && break; try=$((try + 1)); done
  while ! is_free "$try"; do try=$((try + 10)); done
  echo "$try"
}
is_free() { ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

bring_up() {
  local since=$SECONDS
  server "$1" install >&2
  [ $((SECONDS - since)) -lt 3 ] || say "$1: installed in $((SECONDS - since)) s"
  port_of "$1" >"$folder/$1.port.new"; mv "$folder/$1.port.new" "$folder/$1.port"
  server "$1" start "$folder/$1" "$(cat "$folder/$1.port")"
}

start() {
  local name failed="" since=$SECONDS
  mkdir -p "$folder"; chmod 711 "$folder"
  exec 7>"$folder/.lock"; flock 7
  declare -A job
  trap 'kill "${job[@]}" 2>/dev/null; exit 130' INT TERM
  for name in "${names[@]}"; do bring_up "$name" 7>&- & job[$name]=$!; done
  for name in "${names[@]}"; do wait "${job[$name]}" || failed="$failed $name"; done
  write_variables
  if [ -n "$failed" ]; then say "Not started:$failed. The rest runs; see above for why."; return 1; fi
  say "All run, after $((SECONDS - since)) s. Their addresses are in $(shown "$folder")/env (for tests) and minutier.env (for minutier)."
}

shown() { realpath --relative-to=. -- "$1"; }

setting_of() {
  case $1 in
    minio) echo MINUTIER_OBJECTS_URL ;; elasticsearch) echo MINUTIER_INDEX_URL ;; tika) echo MINUTIER_TIKA_URL ;;
    rabbitmq) echo MINUTIER_BROKER_URL ;; postgres) echo MINUTIER_CATALOG_URL ;;
  esac
}

write_variables() {
  local name url
  umask 077
  : >"$folder/env.new"; : >"$folder/minutier.env.new"
  for name in "${names[@]}"; do
    server "$name" pid "$folder/$name" >/dev/null 2>&1 || continue
    url=$(server "$name" url "$folder/$name")
    echo "export MINUTIER_TEST_${name^^}='$url'" >>"$folder/env.new"
    [ -z "$(setting_of "$name")" ] || echo "export $(setting_of "$name")='$url'" >>"$folder/minutier.env.new"
    printf '  %-14s %s\n' "$name" "$(sed -E 's#(://[^:@]*):[^@]*@#\1:***@#' <<<"$url")"
  done
  mv "$folder/env.new" "$folder/env"; mv "$folder/minutier.env.new" "$folder/minutier.env"
}

each() { # COMMAND: for all at once, whatever becomes of the others
  local name
  for name in "${names[@]}"; do [ ! -d "$folder/$name" ] || server "$name" "$1" "$folder/$name" & done
  wait
}

status() {
  local name number
  for name in "${names[@]}"; do
    number=$(server "$name" pid "$folder/$name" 2>/dev/null) && echo "$name runs, process $number, port $(cat "$folder/$name.port")" || echo "$name does not run"
  done
}

case ${1:-} in
  install) for name in "${names[@]}"; do server "$name" install & done; wait ;;
  start) start ;;
  stop) each stop; rm -f "$folder/env" "$folder/minutier.env" ;;
  wipe) each stop; each wipe; rm -rf "$folder" ;;
  status) status ;;
  *) sed -n '2,4p' "$0" >&2; exit 2 ;;
esac
