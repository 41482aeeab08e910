-- The database. What the serving role may do to each table is granted by the migration that makes the table.
\set ON_ERROR_STOP on

CREATE DATABASE nam_needs OWNER nam_owner ENCODING 'UTF8' TEMPLATE template0;
REVOKE ALL ON DATABASE nam_needs FROM PUBLIC;
GRANT CONNECT ON DATABASE nam_needs TO nam_server;

-- Before PostgreSQL 15 everybody may make tables here.
\connect nam_needs
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT CREATE ON SCHEMA public TO nam_owner;
