#!/usr/bin/env bash
# MinIO. Built from the last commit of its open-source repository, since nothing built is published any more.
# MINIO_BIN names a server that is there already.
name=minio what="MinIO, an S3 store with object lock"
source "$(dirname "$0")/server.sh"

version=v0.0.0-20260212201848-7aac2a2c5b7c # archived: no later commit will come
binary=${MINIO_BIN:-$cache/minio-${version##*-}}

installed() { [ -x "$binary" ]; }

install_server() {
  installed && return
  need_go
  say "builds MinIO from source: some four minutes on two cores"
  local stamp commit=${version##*-} place=github.com/minio/minio/cmd bin=$cache/.minio-build
  stamp=$(sed -E 's/^v0\.0\.0-(....)(..)(..)(..)(..)(..)-.*/\1-\2-\3T\4:\5:\6Z/' <<<"$version")
  # The linker writes in what a release would say of itself; without it the server calls itself a development build.
  GOBIN=$bin nice go install -ldflags "-s -w -X $place.Version=$stamp -X $place.ReleaseTag=RELEASE.${stamp//:/-} \
    -X $place.CommitID=$commit -X $place.ShortCommitID=$commit -X $place.CopyrightYear=${stamp%%-*}" \
    "github.com/minio/minio@$version" 2>"$cache/.minio-build.log" || { tail -20 "$cache/.minio-build.log" >&2; die "the build failed"; }
  mv "$bin/minio" "$binary"; rm -rf "$bin" "$cache/.minio-build.log"
}

need_go() {
  command -v go >/dev/null || apt_install golang-go
  local minor; minor=$(go env GOVERSION | sed -nE 's/^go1\.([0-9]+).*/\1/p')
  # From 1.21 on, Go fetches the newer version of itself that a program asks for, unless GOTOOLCHAIN=local forbids it.
  [ "${minor:-0}" -ge 24 ] || { [ "${minor:-0}" -ge 21 ] && [ "$(go env GOTOOLCHAIN)" != local ]; } ||
    die "needs Go 1.24 or newer to build MinIO, and found $(go env GOVERSION); or name a built server in MINIO_BIN"
}

launch() {
  mkdir -p "$place/data"; give_away
  # the console listens too, even when it is off: it is kept on loopback
  spawn MINIO_ROOT_USER=minutier MINIO_ROOT_PASSWORD="$(password)" MINIO_BROWSER=off MINIO_UPDATE=off MINIO_CALLHOME_ENABLE=off \
    "$binary" server --quiet --address "127.0.0.1:$port" --console-address 127.0.0.1:0 "$place/data"
}

answers() { [ "$(http_status /minio/health/ready)" = 200 ]; }
address() { echo "s3+http://minutier:$(password)@127.0.0.1:$port/minutier"; }

main "$@"
