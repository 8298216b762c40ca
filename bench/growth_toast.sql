-- 40 real columns and a report of 20,000 characters, stored out of line
\set ON_ERROR_STOP on

CREATE UNLOGGED TABLE toasted (LIKE company);
ALTER TABLE toasted ADD report text;
ALTER TABLE toasted ALTER report SET STORAGE EXTERNAL;
ALTER TABLE toasted SET (autovacuum_enabled = off);
INSERT INTO toasted SELECT c.*, repeat('0123456789', 2000) FROM company c;
VACUUM FREEZE toasted;
