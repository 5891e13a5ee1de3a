#!/bin/sh
# A role and a database for every service, of which each may enter only its own; run once by the PostgreSQL image.
set -eu
for name in catalog user booking seat_inventory pricing payment notification ticket sandbox_provider; do
  psql -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" <<SQL
create role "$name" login password '$SERVICE_PASSWORD';
create database "$name" owner "$name" template template0 encoding 'UTF8' locale 'C';
revoke connect on database "$name" from public;
SQL
done
