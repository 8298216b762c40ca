-- A small copy of the ministry's database, and the extension. Run in this folder on an empty database:
--
--     psql -X -q -f load.sql -f train.sql -f show.sql
--
-- ./run does so and makes the database; "make demo" at the top does so on a throwaway server.

\set ON_ERROR_STOP on
\set QUIET on
\encoding UTF8
SET client_min_messages = warning;

\echo '=== CREATE EXTENSION company_risk'
CREATE EXTENSION company_risk;

\echo '=== 3 000 invented companies, 70 months (schema.sql, companies.sql)'
\ir schema.sql
\ir companies.sql

\echo '=== Features, one row per company and month (features.sql)'
\ir features.sql
RESET search_path;

SELECT format('    %s debt events, %s months of contributions; %s rows of features for %s companies',
			  (SELECT count(*) FROM sfdata.clean_debit), (SELECT count(*) FROM sfdata.stg_cotisation),
			  count(*), count(DISTINCT siren)) AS loaded
FROM sfdata.company_features \gset
\echo :loaded
