#!/usr/bin/env bash
# Runs a command with WOTID_TEST_POSTGRES naming a fresh PostgreSQL server of its own, which ends with the command:
#   bash scripts/with-postgres.sh npx vitest run apps/identity
# A server that WOTID_TEST_POSTGRES names already is used as it is. As root, PostgreSQL is installed (Debian) when it is
# missing, and runs as the user postgres. Where it cannot be had, the command runs without, and its tests say so.
set -euo pipefail

if [ -n "${WOTID_TEST_POSTGRES:-}" ]; then exec "$@"; fi

find_bin() { ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1; }
bin=$(find_bin)
if [ -z "$bin" ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  echo 'with-postgres: installing PostgreSQL' >&2
  export DEBIAN_FRONTEND=noninteractive
  { apt-get update -qq && apt-get install -y -qq --no-install-recommends postgresql; } >/dev/null 2>&1 || true
  bin=$(find_bin)
fi
if [ -z "$bin" ] && command -v initdb >/dev/null; then bin=$(dirname "$(command -v initdb)"); fi
if [ -z "$bin" ]; then
  echo 'with-postgres: NO POSTGRESQL HERE, tests that need a server are skipped' >&2
  exec "$@"
fi

dir=$(mktemp -d)
as_server() { "$@"; }
if [ "$(id -u)" = 0 ]; then
  chown postgres "$dir"
  as_server() { setpriv --reuid=postgres --regid=postgres --init-groups env -C "$dir" "$@"; }
fi
stop() {
  as_server "$bin/pg_ctl" -D "$dir/data" -m immediate stop >/dev/null 2>&1 || true
  rm -rf "$dir"
}
trap stop EXIT

port=$(node -e 'const s=require("net").createServer().listen(0,"127.0.0.1",()=>{console.log(s.address().port);s.close()})')
head -c 18 /dev/urandom | base64 | tr '+/' '-_' >"$dir/password"
[ "$(id -u)" = 0 ] && chown postgres "$dir/password"
password=$(cat "$dir/password")
as_server "$bin/initdb" -D "$dir/data" -U wotid --auth=scram-sha-256 --pwfile="$dir/password" -E UTF8 --no-sync >/dev/null
# The data is gone with the command, so nothing waits for the disk.
as_server "$bin/pg_ctl" -D "$dir/data" -l "$dir/log" -w \
  -o "-p $port -k $dir -c listen_addresses=127.0.0.1 -c fsync=off -c max_connections=200" start >/dev/null
export WOTID_TEST_POSTGRES="postgres://wotid:$password@127.0.0.1:$port/postgres"
"$@"
