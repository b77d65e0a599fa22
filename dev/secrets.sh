#!/bin/sh
# Writes a password for every variable that docker-compose.yml can't do without into .env, which git does not know.
# What is there stays as it is: databases remember the passwords they were made with.
set -eu
cd "$(dirname "$0")/.."
umask 077
touch .env
chmod 600 .env
made=0
for name in $(sed -n 's/.*\${\([A-Z_]*\):?.*/\1/p' docker-compose.yml | sort -u); do
    grep -q "^$name=." .env && continue
    password=$(head -c 64 /dev/urandom | base64 | tr -d '/+=\n' | head -c 32)
    printf '%s=%s\n' "$name" "$password" >>.env
    made=$((made + 1))
done
echo "$made made, $(grep -c '=' .env) in .env. Keep a copy of it apart: without it nobody gets into the databases."
