#!/bin/sh
# The Postgres image runs this script once, when it makes a new volume. It creates a role and a database for the service;
# the role is not a superuser.
set -eu
psql --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres <<'SQL'
\getenv password GABLE_PASSWORD
CREATE ROLE gable LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD :'password';
CREATE DATABASE gable OWNER gable;
SQL
