#!/bin/bash
# Run once, by the image of PostgreSQL, when its database cluster is new: the program's role and its database, and no more.
set -euo pipefail
psql -v ON_ERROR_STOP=1 -v password="$CATALOG_PASSWORD" -U "$POSTGRES_USER" -d postgres <<'SQL'
CREATE ROLE minutier LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD :'password';
CREATE DATABASE minutier OWNER minutier ENCODING 'UTF8';
REVOKE CONNECT ON DATABASE minutier FROM PUBLIC;
SQL
