\set ECHO none
--
-- The golden cases of test/golden, for the tests that use them: what they are, every
-- line of their CSV files, and the models in both formats.  Read by the client, so
-- that the server need not see the files.  Included after fixture.sql.
--
CREATE TABLE risk_test.golden_line (case_name text COLLATE "C", file text, number integer, line text,
	PRIMARY KEY (case_name, file, number));
CREATE TABLE risk_test.golden_file (case_name text COLLATE "C", file text, hex text,
	PRIMARY KEY (case_name, file));
\cd :abs_srcdir/test/golden
\copy risk_test.golden_line FROM PROGRAM 'sh ../regress/golden.sh lines'
\copy risk_test.golden_file FROM PROGRAM 'sh ../regress/golden.sh files'
CREATE TABLE risk_test.golden AS
SELECT f.case_name, d.description ->> 'objective' AS objective, d.description ->> 'booster' AS booster,
	(d.description ->> 'features')::integer AS features,
	(d.description ->> 'output_groups')::integer AS output_groups,
	(d.description ->> 'iterations')::integer AS iterations
FROM risk_test.golden_file f,
	LATERAL (SELECT convert_from(decode(f.hex, 'hex'), 'UTF8')::jsonb AS description) d
WHERE f.file = 'case.json';
CREATE FUNCTION risk_test.golden_model(case_name text, format text) RETURNS bytea
LANGUAGE sql STABLE AS $$
	SELECT decode(f.hex, 'hex') FROM risk_test.golden_file f
	WHERE f.case_name = golden_model.case_name AND f.file = 'model.' || format
$$;

\set ECHO all
