-- The two roles of NAM Needs, neither a superuser: one that owns and migrates the database, one that serves from it.
-- Run once by a superuser with psql (14 or later), which takes the passwords from its environment. PostgreSQL's image
-- runs this file by itself when it makes a new database; scripts/lib/postgres.sh runs it for the tests.
\set ON_ERROR_STOP on
\getenv owner_password NAM_OWNER_PASSWORD
\getenv server_password NAM_SERVER_PASSWORD

CREATE ROLE nam_owner LOGIN NOSUPERUSER NOCREATEROLE NOBYPASSRLS PASSWORD :'owner_password';
CREATE ROLE nam_server LOGIN NOSUPERUSER NOCREATEROLE NOBYPASSRLS PASSWORD :'server_password';
