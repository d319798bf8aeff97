#!/bin/sh
# The Postgres image runs this once, when it makes a new volume: the service gets a role and a database of its own, and is
# no superuser.
set -eu
psql --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres <<'SQL'
\getenv password GABLE_PASSWORD
CREATE ROLE gable LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD :'password';
CREATE DATABASE gable OWNER gable;
SQL
