#!/usr/bin/env bash
# RabbitMQ, with an Erlang port mapper of its own, so that several live on one machine. RABBITMQ_CONSUMER_TIMEOUT_MS (4 h): how
# long a worker may keep a message. Also: rabbitmq.sh ctl DIR list_queues
name=rabbitmq what="RabbitMQ, the broker"
source "$(dirname "$0")/server.sh"
patience=120

# Debian's wrappers insist on /etc/rabbitmq and on their own user; the scripts behind them take settings.
programs() { ls -d /usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin 2>/dev/null | sort -V | tail -1 | grep .; }
installed() { programs >/dev/null && command -v epmd >/dev/null; }
install_server() { installed || apt_install rabbitmq-server; }

surroundings() {
  local mapper nodes; read -r mapper nodes <"$place/ports"
  variables=(
    RABBITMQ_NODENAME=minutier@localhost RABBITMQ_CONF_ENV_FILE="$place/none"
    RABBITMQ_CONFIG_FILE="$place/rabbitmq.conf" RABBITMQ_ADVANCED_CONFIG_FILE="$place/none.config"
    RABBITMQ_MNESIA_BASE="$place/data" RABBITMQ_LOG_BASE="$place/logs" RABBITMQ_ENABLED_PLUGINS_FILE="$place/enabled_plugins"
    RABBITMQ_PID_FILE="$place/beam.pid" RABBITMQ_DIST_PORT="$nodes" RABBITMQ_CTL_DIST_PORT_MIN=20000 RABBITMQ_CTL_DIST_PORT_MAX=31999
    ERL_EPMD_ADDRESS=127.0.0.1 ERL_EPMD_PORT="$mapper"
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="-kernel inet_dist_use_interface {127,0,0,1}"
  )
}

launch() {
  mkdir -p "$place/data" "$place/logs"
  echo "$(free_port) $(free_port)" >"$place/ports"
  echo '[].' >"$place/enabled_plugins"
  (umask 077; cat >"$place/rabbitmq.conf" <<CONF
listeners.tcp.1 = 127.0.0.1:$port
default_user = minutier
default_pass = $(password)
default_vhost = minutier
vm_memory_high_watermark.relative = 0.2
disk_free_limit.absolute = 1GB
consumer_timeout = ${RABBITMQ_CONSUMER_TIMEOUT_MS:-14400000}
CONF
  )
  rm -f "$place/beam.pid"
  give_away; surroundings
  end epmd KILL
  spawn epmd -address 127.0.0.1 -port "$(cut -d' ' -f1 "$place/ports")"; remember epmd "$pid"
  spawn "${variables[@]}" "$(programs)/rabbitmq-server"
  local starter=$pid i
  for ((i = 0; i < patience * 5; i++)); do
    [ ! -s "$place/beam.pid" ] || { pid=$(cat "$place/beam.pid"); return; }
    stat_field "$starter" 3 >/dev/null || { tail -20 "$place/log" >&2; die "ended while starting; see $place/log"; }
    sleep 0.2
  done
}

# The port is open before the node takes work: asked as a client would, it answers with its own first frame.
answers() {
  [ "$(timeout 5 bash -c 'exec 3<>"/dev/tcp/127.0.0.1/$0" && printf "AMQP\0\0\x09\x01" >&3 && head -c 1 <&3 | od -An -tx1' "$port" 2>/dev/null)" = " 01" ]
}
also_end() { end epmd TERM; }
also_ctl() { surroundings; "${as_user[@]}" env HOME="$place/tmp" LANG=C.UTF-8 "${variables[@]}" "$(programs)/rabbitmqctl" "$@"; }
address() { echo "amqp://minutier:$(password)@127.0.0.1:$port/minutier"; }

main "$@"
