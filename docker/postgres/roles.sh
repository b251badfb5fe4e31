#!/bin/sh
# Makes the role that the server connects as, when the volume is new; docs/upgrade.md says when to run it again.
set -e
psql --set=ON_ERROR_STOP=1 --no-psqlrc --quiet --username="$POSTGRES_USER" --dbname="$POSTGRES_DB" <<'SQL'
\getenv roles RISKGRAPH_ROLES
\getenv password POSTGRES_PLATFORM_PASSWORD
\i :roles
ALTER ROLE riskgraph_platform PASSWORD :'password';
SQL
