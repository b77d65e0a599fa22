#!/usr/bin/env bash
# PostgreSQL: passwords by SCRAM, pages with checksums. PG_OPTS: more options for the server (-c name=value).
name=postgres what="PostgreSQL, the catalogue"
source "$(dirname "$0")/server.sh"
end_signal=INT # ends sessions and then itself; TERM would wait for them

programs() { ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -1 | grep . || dirname "$(command -v initdb)" 2>/dev/null; }
installed() { [ -x "$(programs)/initdb" ]; }
install_server() { installed || apt_install postgresql; }

launch() {
  password >/dev/null; give_away
  local programs; programs=$(programs)
  if [ ! -s "$place/data/PG_VERSION" ]; then
    rm -rf "$place/data" # of a first start that was cut off
    "${as_user[@]}" env HOME="$place/tmp" "$programs/initdb" -D "$place/new" -U minutier --pwfile="$place/password" -A scram-sha-256 -E UTF8 \
      --locale=C.UTF-8 --data-checksums >>"$place/log" 2>&1 || { tail -5 "$place/log" >&2; rm -rf "$place/new"; die "initdb failed"; }
    mv "$place/new" "$place/data"
  fi
  forget_crash
  # no socket in the file system: its path could be too long, and nothing needs it
  # shellcheck disable=SC2086
  spawn "$programs/postgres" -D "$place/data" -p "$port" -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c max_connections=200 ${PG_OPTS:-}
}

# After a crash the server refuses to start while the process of its lock file seems to live: a number given to another process
# by now, or one that nobody has collected. Here it is known to have ended. The lock file also guards against sessions that
# outlived it; these sit in the folder of the data, so they are waited for, and the file is removed when there are none.
forget_crash() {
  local i
  [ -e "$place/data/postmaster.pid" ] || return 0
  for ((i = 0; i < 300; i++)); do sessions | grep -q . || { rm -f "$place/data/postmaster.pid"; return 0; }; sleep 0.1; done
  die "processes of the server before are still at work in $place/data: $(sessions | tr '\n' ' ')"
}
sessions() { find /proc -maxdepth 2 -path '/proc/[0-9]*/cwd' -lname "$place/data" 2>/dev/null | cut -d/ -f3; }

ask() { PGPASSWORD=$(password) PGCONNECT_TIMEOUT=5 "$(programs)/psql" -X -h 127.0.0.1 -p "$port" -U minutier -d postgres -Atqc "$1" 2>/dev/null; }
answers() { [ "$(ask "select 1 from pg_database where datname = 'minutier'")" = 1 ] || { ask 'create database minutier'; false; }; }
address() { echo "postgresql+psycopg://minutier:$(password)@127.0.0.1:$port/minutier"; }

main "$@"
