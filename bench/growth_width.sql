-- A table of so many real columns, those that the model reads evenly among
-- them, the last at the end.  Variables: width, used.
\set ON_ERROR_STOP on

DROP TABLE IF EXISTS wide;
SELECT format('CREATE UNLOGGED TABLE wide WITH (autovacuum_enabled = off) AS SELECT %s FROM company',
	string_agg(coalesce(f.name, format('(id %% %s)::real AS c%s', n + 1, n)), ', ' ORDER BY n))
FROM generate_series(1, :width) n
LEFT JOIN (
	SELECT 'f' || i AS name, (i + 1) * :width / :used AS place FROM generate_series(0, :used - 1) i
) f ON f.place = n \gexec
VACUUM FREEZE wide;
SELECT count(*) = :width AND count(*) FILTER (WHERE attname ~ '^f\d+$') = :used AS as_wished
FROM pg_attribute WHERE attrelid = 'wide'::regclass AND attnum > 0 \gset

-- the same answers, whichever way the row goes
\set model bench :used
SET company_risk.default_model = :'model';
SELECT bool_and(score_company(t) = score_company(r)) AND :'as_wished' AS all_equal
FROM wide t, LATERAL (SELECT t AS r OFFSET 0) s \gset
\if :all_equal
\else
	\warn 'The wide table is not as it should be.'
	SELECT 1 / 0;
\endif
