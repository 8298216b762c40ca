-- Makes the model of the README's quick start, demo/model.ubj: 30 small trees that know three things
-- of a company. In a database that has the extension (libxgboost 1.7 wrote the file in the repository):
--
--     psql -X -q -v file=model.ubj -f demo/model.sql
--
-- Everything but the file is rolled back.

\set ON_ERROR_STOP on
SET client_min_messages = warning;
BEGIN;

CREATE TEMPORARY TABLE invented AS
SELECT workforce, debt_ratio, age_years,
	   random() < 1 / (1 + exp(3.2 - 0.05 * debt_ratio + 0.06 * coalesce(age_years, 25) + 0.004 * workforce)) AS failed
FROM (SELECT (1 + 250 * random() ^ 2)::int AS workforce, 100 * random() AS debt_ratio,
			 CASE WHEN random() < 0.95 THEN 40 * random() END AS age_years
	  FROM generate_series(1, 20000), setseed(0.5)) company;

SELECT risk.train_model('model', 'SELECT * FROM invented', 'failed', features => '{workforce,debt_ratio,age_years}',
						validation_share => 0, rounds => 30, parameters => '{"max_depth": 3, "eta": 0.25}') AS model \gset
SELECT lo_from_bytea(0, risk.export_model(:'model')) AS object \gset
\lo_export :object :file

ROLLBACK;
