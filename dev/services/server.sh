# Read by every script in this folder: how a server is started, found again and ended, whatever it is.
#
# The script that reads this has set `name`, and defines
#   install_server          puts the program on this machine; returns at once when it is there
#   installed               whether it is
#   launch                  starts it in $place on 127.0.0.1:$port and sets `pid`
#   answers                 whether it does its work, not only listens
#   address                 prints the URL as Minutier's settings take it
# and may define end_signal, patience (seconds until it must answer), also_end (what else to end with it).
#
# A server belongs to the folder it was started in. It is found again by process id *and* start time, so a number that the
# system has given to another process meanwhile is never touched.
set -euo pipefail
umask 022
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
end_signal=TERM patience=60

say() { printf '%s: %s\n' "$name" "$*" >&2; }
die() { say "$*"; exit 1; }

# Programs are kept here. Servers started by root run as nobody, who can't look into root's home.
if [ -n "${MINUTIER_SERVERS_CACHE:-}" ]; then cache=$MINUTIER_SERVERS_CACHE
elif [ "$(id -u)" = 0 ]; then cache=/var/cache/minutier-servers
else cache=${XDG_CACHE_HOME:-$HOME/.cache}/minutier-servers; fi

source "$here/packages.sh"

# --- who runs it, and where
as_user=()
if [ "$(id -u)" = 0 ]; then
  command -v setpriv >/dev/null || die "setpriv is missing (package util-linux); or run this as an ordinary user"
  as_user=(setpriv --reuid=65534 --regid=65534 --clear-groups --no-new-privs)
fi

# The folder of the data: the one given, or, where nobody can't reach that (it lies under /root, say), one under /var/lib.
find_place() {
  place=$(cat "$dir/elsewhere" 2>/dev/null) && return
  place=$dir
  [ "${#as_user[@]}" = 0 ] || "${as_user[@]}" test -x "$dir" || place=/var/lib/minutier-servers/$name-$(cksum <<<"$dir" | cut -d' ' -f1)
}

prepare_place() {
  mkdir -p "$dir"; find_place
  [ "$place" = "$dir" ] || { mkdir -p "$place"; chmod 755 "$(dirname "$place")" "$place"; echo "$place" >"$dir/elsewhere"; }
  mkdir -p "$place/tmp"; touch "$place/log"
}

give_away() { [ "$(id -u)" != 0 ] || chown -R 65534:65534 "$place"; }

# A password made once for each place, readable by the server and by who started it.
password() {
  [ -s "$place/password" ] || (umask 077; head -c 24 /dev/urandom | base64 | tr -d '/+=\n' >"$place/password")
  cat "$place/password"
}

# --- processes
stat_field() { # PID N: field N (from 3 on) of /proc/PID/stat; fails when there is no such process, or only its exit code is left
  local text fields
  text=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
  read -ra fields <<<"${text##*) }"
  [[ ${fields[0]} != [ZX] ]] && echo "${fields[$2 - 3]}"
}
boot() { cat /proc/sys/kernel/random/boot_id; }
remember() { printf '%s %s %s\n' "$2" "$(stat_field "$2" 22)" "$(boot)" >"$place/$1.pid"; }
running() { # NAME: prints the process id of what `remember NAME` noted, if that process still lives
  local number since booted
  read -r number since booted 2>/dev/null <"$place/$1.pid" || return 1
  [ "$booted" = "$(boot)" ] && [ "$(stat_field "$number" 22)" = "$since" ] && echo "$number"
}

# Starts a command in the background, in a process group of its own, with a clean environment, as who shall run it.
spawn() {
  setsid "${as_user[@]}" env -i PATH="$PATH" HOME="$place/tmp" LANG=C.UTF-8 TMPDIR="$place/tmp" "$@" >>"$place/log" 2>&1 </dev/null 9>&- &
  pid=$!
}

end() { # NAME SIGNAL: ends what `remember NAME` noted, and its children with it
  local number group i
  number=$(running "$1") || { rm -f "$place/$1.pid"; return 0; }
  group=$(stat_field "$number" 5) || group=$number
  [ "$2" = KILL ] || kill "-$2" "$number" 2>/dev/null || true
  for ((i = 0; i < 300; i++)); do
    [ "$2" != KILL ] && running "$1" >/dev/null || break
    sleep 0.1
  done
  kill -KILL -- "-$group" 2>/dev/null || true # children that are left; all of them when it did not end in 30 s
  for ((i = 0; i < 50; i++)); do running "$1" >/dev/null || break; sleep 0.1; done
  rm -f "$place/$1.pid"
}

is_free() { ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
free_port() { # one that nothing listens on, outside the range from which outgoing connections take theirs
  local try
  while :; do try=$((20000 + RANDOM % 12000)); is_free "$try" && { echo "$try"; return; }; done
}

http_status() { # PATH [USER:PASSWORD]: the status of a GET
  local auth=
  [ -z "${2:-}" ] || auth="Authorization: Basic $(printf %s "$2" | base64 -w0)"
  ASK="$auth" timeout 5 bash -c 'exec 3<>"/dev/tcp/127.0.0.1/$0" && printf "GET %s HTTP/1.0\r\nHost: localhost\r\n%s\r\n\r\n" "$1" "$ASK" >&3 &&
    read -r _ status _ <&3 && echo "$status"' "$port" "$1" 2>/dev/null
}

# --- the commands
start() {
  local since=$SECONDS
  mkdir -p "$dir"; exec 9>"$dir/.lock"; flock 9
  prepare_place
  if pid=$(running server); then
    [ "$(cat "$place/port")" = "$port" ] || die "runs already in $dir, on port $(cat "$place/port"): stop it first"
    await; say "runs already on 127.0.0.1:$port, process $pid"; return
  fi
  installed || die "not installed: run $0 install"
  is_free "$port" || die "port $port is taken by another process"
  echo "$port" >"$place/port"
  password >/dev/null
  launch
  remember server "$pid"
  await
  say "runs on 127.0.0.1:$port, process $pid, after $((SECONDS - since)) s"
}

await() {
  local until=$((SECONDS + patience))
  until answers; do
    running server >/dev/null || { tail -20 "$place/log" >&2; die "ended while starting; see $place/log"; }
    [ $SECONDS -lt $until ] || { tail -20 "$place/log" >&2; die "does not answer after $patience s; see $place/log"; }
    sleep 0.2
  done
}

also_end() { :; }

stop() { # [SIGNAL]
  [ -d "$dir" ] || { say "not running"; return 0; }
  exec 9>"$dir/.lock"; flock 9
  find_place
  if running server >/dev/null; then end server "${1:-$end_signal}"; also_end; say "ended"; else also_end; say "not running"; fi
}

wipe() {
  [ -d "$dir" ] || return 0
  find_place
  running server >/dev/null && die "stop it first"
  rm -rf "$place" "$dir"; say "its data is removed"
}

usage() {
  cat >&2 <<END
$(basename "$0"): $what
  install           put the program on this machine (does nothing when it is there)
  start DIR PORT    start it on 127.0.0.1:PORT with its data in DIR; returns when it answers
  stop DIR          end it;  kill DIR: end it at once, without a word, as a crash would
  url DIR           print its URL, password included;  pid DIR: print its process id
  wipe DIR          remove its data
END
  exit 2
}

main() {
  local command=${1:-}
  [ "$command" = install ] || [ $# -ge 2 ] || usage
  dir=$(realpath -m -- "${2:-.}")
  case $command in
    install) with_lock "$name" install_server ;;
    start) port=${3:-}; [[ $port =~ ^[0-9]+$ ]] || usage; start ;;
    stop) stop ;;
    kill) stop KILL ;;
    pid) find_place; running server ;;
    url) find_place; port=$(cat "$place/port" 2>/dev/null) || die "was never started in $dir"; address ;;
    wipe) wipe ;;
    *) if declare -F "also_$command" >/dev/null; then find_place; shift 2; "also_$command" "$@"; else usage; fi ;;
  esac
}
