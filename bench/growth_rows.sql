-- So many rows, by repeating those at hand.  Variables: rows.
\set ON_ERROR_STOP on

DROP TABLE IF EXISTS many;
CREATE UNLOGGED TABLE many WITH (autovacuum_enabled = off) AS
SELECT c.* FROM generate_series(1, greatest(1, :rows / 20000)) g CROSS JOIN company c LIMIT :rows;
VACUUM (FREEZE, ANALYZE) many;
