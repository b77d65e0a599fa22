#!/usr/bin/env bash
# Redis as a broker: everything it holds is written to disk, and it refuses rather than forgets when memory is short.
# REDIS_MAXMEMORY (0: no limit), REDIS_FSYNC (everysec).
name=redis what="Redis, the other broker"
source "$(dirname "$0")/server.sh"

installed() { command -v redis-server >/dev/null; }
install_server() { installed || apt_install redis-server; }

launch() {
  mkdir -p "$place/data"
  (umask 077; cat >"$place/redis.conf" <<CONF
bind 127.0.0.1
port $port
requirepass $(password)
daemonize no
dir $place/data
appendonly yes
appendfsync ${REDIS_FSYNC:-everysec}
save ""
maxmemory ${REDIS_MAXMEMORY:-0}
maxmemory-policy noeviction
CONF
  )
  give_away
  spawn redis-server "$place/redis.conf"
}

answers() {
  local said
  said=$(PASSWORD=$(password) timeout 5 bash -c 'exec 3<>"/dev/tcp/127.0.0.1/$0" && printf "AUTH %s\r\nPING\r\n" "$PASSWORD" >&3 &&
    read -r _ <&3 && read -r said <&3 && echo "$said"' "$port" 2>/dev/null) && [ "${said%$'\r'}" = +PONG ]
}
address() { echo "redis://:$(password)@127.0.0.1:$port/0"; }

main "$@"
