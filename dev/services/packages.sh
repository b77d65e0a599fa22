# Read by server.sh: what servers need on this machine, installed by package name, or said plainly when that can't be.

# Runs a command while holding the lock NAME, so that two installations at once wait for each other.
with_lock() {
  local lock=$cache/.$1.lock; shift
  mkdir -p "$cache"
  ( exec 8>"$lock"; flock 8; "$@" )
}

# Installs packages of Debian or Ubuntu. Services that come with them are not started.
apt_install() {
  if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    die "needs $*. On Debian and Ubuntu: sudo apt install $*"
  fi
  say "installs $*"
  with_lock apt _apt_install "$@" || die "installing $* failed (see above)"
}

_apt_install() {
  local guard=/usr/sbin/policy-rc.d options=(-y -qq -o DPkg::Lock::Timeout=600 --no-install-recommends) made=
  [ -e $guard ] || { printf '#!/bin/sh\nexit 101\n' >$guard; chmod +x $guard; made=1; }
  if [ ! -e /etc/postgresql-common/createcluster.conf ]; then
    mkdir -p /etc/postgresql-common; echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.conf
  fi
  export DEBIAN_FRONTEND=noninteractive
  local failed=0
  # Lists of packages may be absent or old: they are fetched when the first try fails.
  apt-get install "${options[@]}" "$@" >/dev/null 2>&1 ||
    { apt-get update -qq && apt-get install "${options[@]}" "$@" >/dev/null; } || failed=1
  [ -z "$made" ] || rm -f $guard
  return $failed
}

java_major() { "$1/bin/java" -XshowSettings:properties -version 2>&1 | sed -n 's/.*java\.specification\.version = \([0-9]*\).*/\1/p'; }

# Prints the home of the newest Java of at least version $1; fails when there is none.
find_java() {
  local home major best=0 found= on_path
  on_path=$(command -v java) && on_path=$(dirname "$(dirname "$(readlink -f "$on_path")")")
  for home in /usr/lib/jvm/*/ ${JAVA_HOME:-} ${on_path:-}; do
    [ -x "$home/bin/java" ] && major=$(java_major "$home") || continue
    [ "${major:-0}" -ge "$1" ] && [ "$major" -gt "$best" ] && { best=$major; found=${home%/}; }
  done
  [ -n "$found" ] && echo "$found"
}

need_java() { # VERSION
  local version
  find_java "$1" >/dev/null && return
  if [ "$(id -u)" = 0 ] && command -v apt-cache >/dev/null; then
    has_candidate openjdk-17-jre-headless || with_lock apt apt-get update -qq || true
    for version in 21 25 17; do
      if [ "$version" -ge "$1" ] && has_candidate "openjdk-$version-jre-headless"; then apt_install "openjdk-$version-jre-headless"; return; fi
    done
  fi
  die "needs Java $1 or newer, which this system's packages don't have: put a JDK under /usr/lib/jvm, or name one in JAVA_HOME"
}

has_candidate() { [[ $(apt-cache policy "$1" 2>/dev/null) =~ Candidate:\ [0-9] ]]; }

need_maven() { command -v mvn >/dev/null || apt_install maven; }

# Fetches one artifact of the Maven repository into the folder OUT and checks its digest. A repository folder of its own is
# used and removed again: archives of hundreds of megabytes are not kept twice. (Later versions of the plugin also ask for the
# descriptions of parents, which the repository does not have for all.)
maven_artifact() { # GROUP:NAME:VERSION[:TYPE] SHA256 OUT
  local work=$3/.maven file
  mkdir -p "$work"
  (cd "$work" && mvn -q -B -ntp -Dmaven.repo.local="$work/repository" org.apache.maven.plugins:maven-dependency-plugin:2.10:copy \
    -Dartifact="$1" -DoutputDirectory="$work/out") >"$work/log" 2>&1 || { tail -20 "$work/log" >&2; die "could not fetch $1"; }
  file=$(find "$work/out" -type f)
  sha256sum -c --quiet <<<"$2  $file" >&2 || die "$1 is not what it was: its digest differs"
  mv "$file" "$3/"
  rm -rf "$work"
}
