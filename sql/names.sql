--
-- Names: of schemas, models, features and groups, and the database's encoding.  Each
-- kind has one rule, the same in inspection and import.
--
\getenv abs_srcdir PG_ABS_SRCDIR
\i :abs_srcdir/test/regress/fixture.sql
\cd :abs_srcdir/test/cases
\set longname `cat longname.json`
\set damaged `cat ../golden/category-names-xgb3.3.0/model.json`

--
-- Names longer than a column's: a row cannot have them, and is told so; jsonb can
--
SELECT risk.import_model('longname', convert_to(:'longname', 'UTF8'));
SELECT feature AS long_name FROM risk.model_features WHERE position = 1 \gset
SELECT risk_test.outcome($$SELECT risk.margin(r, 'longname@1') FROM (SELECT 1 AS a, 2 AS b) r$$);
-- a column with as much of the name as one can have
SELECT format('SELECT risk.margin(r, ''longname@1'') FROM (SELECT 1 AS %I, 2 AS b) r', left(:'long_name', 63))
	AS query \gset
SELECT risk_test.outcome(:'query');
SELECT risk.margin(jsonb_build_object(:'long_name', 0, 'b', 2), 'longname@1');
SELECT risk.import_model('shorter', convert_to(:'longname', 'UTF8'), feature_names => '{occupation,b}');
SELECT risk.margin(r, 'shorter@1') FROM (SELECT 0 AS occupation, 2 AS b) r;

--
-- Names that the registry's indexes cannot take.  Random ones: they do not compress.
--
CREATE FUNCTION risk_test.long_text(bytes integer) RETURNS text LANGUAGE sql IMMUTABLE AS $$
	SELECT left(string_agg(md5(n::text), '' ORDER BY n), bytes) FROM generate_series(1, 1 + bytes / 32) n
$$;
SELECT risk_test.outcome(
	$$SELECT risk.inspect_model(risk_test.linear_model(ARRAY[risk_test.long_text(2001)], '{1}'))$$) AS inspected \gset
SELECT :'inspected';
SELECT risk_test.outcome(s.statement) = :'inspected' AS same FROM (VALUES
	($$SELECT risk.import_model('n', risk_test.linear_model(ARRAY[risk_test.long_text(2001)], '{1}'))$$),
	($$SELECT risk.import_model('n', risk_test.linear_model('{a}', '{1}'),
		feature_names => ARRAY[risk_test.long_text(2001)])$$),
	($$SELECT risk.inspect_model(risk_test.linear_model('{a}', '{1}'),
		feature_names => ARRAY[risk_test.long_text(2001)])$$))
	s (statement);
-- the longest, of the model with the longest name
SELECT cardinality(features)
FROM risk.inspect_model(risk_test.linear_model(ARRAY[risk_test.long_text(2000)], '{1}'));
SELECT length(risk.import_model(risk_test.long_text(200),
	risk_test.linear_model(ARRAY[risk_test.long_text(2000)], '{1}')));
SELECT risk.margin(jsonb_build_object(risk_test.long_text(2000), 5), risk_test.long_text(200) || '@1');
SELECT length(risk.describe_features(risk_test.long_text(200) || '@1', jsonb_build_object(
	'groups', jsonb_build_object(risk_test.long_text(2000), '{"label": "L"}'::jsonb),
	'features', jsonb_build_object(risk_test.long_text(2000),
		jsonb_build_object('group', risk_test.long_text(2000))))));
SELECT length(feature), length(feature_group), group_label FROM risk.model_features
WHERE name = risk_test.long_text(200);
SELECT risk_test.outcome($$SELECT risk.describe_features('shorter@1', jsonb_build_object(
	'groups', jsonb_build_object(risk_test.long_text(2001), '{}'::jsonb)))$$);
SELECT risk_test.outcome($$SELECT risk.describe_features('shorter@1', jsonb_build_object(
	'features', jsonb_build_object('b', jsonb_build_object('group', risk_test.long_text(2001)))))$$);

--
-- Models' names: what cannot be seen is not in them, whatever the locale
--
SELECT to_hex(c) AS character, regexp_replace(o.outcome, '^(.*model name).*"\n  detail: .* and nothing', '\1: ...')
FROM unnest('{1,9,10,27,32,127,133,160,173,847,1564,5760,8203,8206,8232,8239,8288,10240,12288,12644}'::int[]
		|| '{65039,65279,65532,917536}'::int[]) c,
	risk_test.outcome(format($$SELECT risk.import_model(%L, risk_test.linear_model('{a}', '{1}'))$$,
		'a' || chr(c) || 'b')) o (outcome);
SELECT risk_internal.is_model_name(n) AS allowed, n FROM unnest(ARRAY['défaillance', '失敗', 'Ünïcode-2026.1',
	'a_b', 'a#b', 'a/b', E'e\u0301', '🏢', '', 'a@1', repeat('é', 100), repeat('é', 101)]) n
\g (format=unaligned)

--
-- A schema that is no ordinary name
--
CREATE SCHEMA "risk_test 50%s";
CREATE TABLE risk_test.kept AS
SELECT risk_test.linear_model('{a,b}', '{1,-0.5}', objective => 'binary:logistic') AS model;
DROP EXTENSION company_risk CASCADE;
CREATE EXTENSION company_risk SCHEMA "risk_test 50%s";
SELECT risk.import_model('m', model), risk.promote_model('m@1') FROM risk_test.kept;
SELECT risk.import_model('n', model) FROM risk_test.kept;
CREATE TABLE risk_test.companies AS
SELECT n::text AS siren, n % 7 - 3 AS a, n % 5 AS b, n % 3 = 0 AS failed FROM generate_series(1, 30) n;
SELECT risk.bind_source('m', 'risk_test.companies', 'siren');
SELECT risk.set_thresholds('m@1', 0.7, 0.5), risk.set_thresholds('n@1', 0.6, 0.3);
SELECT round("risk_test 50%s".score_company(c)::numeric, 6),
	round("risk_test 50%s".score_company(siren)::numeric, 6)
FROM risk_test.companies c ORDER BY siren LIMIT 2;
SELECT risk.profile_model('m@1', 'SELECT * FROM risk_test.companies');
SELECT feature, psi FROM risk.drift('m', 'SELECT * FROM risk_test.companies') ORDER BY feature;
SELECT metric, round(value::numeric, 6)
FROM risk.evaluate_model('m', 'SELECT * FROM risk_test.companies', 'failed') LIMIT 1;
SELECT count(*) > 0 AS compared FROM risk.compare_models('m', 'n@1', 'SELECT * FROM risk_test.companies');
SELECT count(*) > 0 AS changed FROM risk.compare_alerts('m', 'n@1', 'SELECT * FROM risk_test.companies', 'siren');
SET client_min_messages = warning;
SELECT risk.train_model('trained', 'SELECT * FROM risk_test.companies', 'failed', key_column => 'siren', rounds => 2,
	validation_share => 0);
RESET client_min_messages;

--
-- A database that cannot write every name
--
\set regression :DBNAME
SET client_min_messages = warning;
DROP DATABASE IF EXISTS regress_company_risk_latin1;
RESET client_min_messages;
CREATE DATABASE regress_company_risk_latin1 TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C';
\c regress_company_risk_latin1
SET client_encoding = 'UTF8';
CREATE EXTENSION company_risk;
-- the mark of what XGBoost lost
SELECT risk.inspect_model(convert_to(:'damaged', 'UTF8'));
\set euro `sed 's/"x"/"\\u20acuros"/' nan_threshold.json`
SELECT risk.inspect_model(convert_to(:'euro', 'UTF8'));
SELECT risk.import_model('euros', convert_to(:'euro', 'UTF8'), feature_names => '{délai}');
SELECT risk.margin('{"délai": 1}'::jsonb, 'euros@1');
SELECT risk_internal.is_model_name('défaillance') AS accents, risk_internal.is_model_name(E'a\u00a0b') AS blank;
\c :regression
DROP DATABASE regress_company_risk_latin1;
