--
-- Model files as people have them: what libxgboost scores is scored as it does, what
-- only needs a word is taken with that word, and what is no model of XGBoost's is
-- called by its name.
--
\getenv abs_srcdir PG_ABS_SRCDIR
\i :abs_srcdir/test/regress/fixture.sql
\cd :abs_srcdir/test/cases
\set sentinel `cat missing_sentinel.json`
\set nan_threshold `cat nan_threshold.json`
\set dup `cat dup.json`
\set emptyname `cat emptyname.json`

--
-- A number that stands for missing: XGBClassifier(missing=-999).  Rows and margins
-- are XGBoost's, of a DMatrix with missing=-999.
--
SELECT risk.import_model('sentinel', convert_to(:'sentinel', 'UTF8'), feature_names => '{a,b,c,d}');
SELECT risk.promote_model('sentinel@1');
SELECT reference, missing_value FROM risk.models;
SELECT details -> 'missing_value' AS missing_value FROM risk.model_events WHERE event = 'import';
CREATE TABLE risk_test.rows AS SELECT lpad(n::text, 9, '0') AS siren, a, b, c, d, margin, score FROM (VALUES
	(1, -999::float4, -0.13210485875606537::float4, 0.6404226422309875::float4, 0.10490011423826218::float4,
		0.17598426342010498::float4, 0.5438828468322754::float4),
	(2, -0.5356693863868713, 0.3615950644016266, 1.3040000200271606, 0.9470809698104858,
		0.47977215051651, 0.617694079875946),
	(3, -2.32503080368042, -999, -1.2459110021591187, -0.7322673797607422, 0.6193122863769531, 0.650062084197998),
	(4, -0.12853465974330902, 1.3664634227752686, -999, 0.35151007771492004, 0.30785712599754333, 0.5763620734214783),
	(5, -0.4577258229255676, 0.22019512951374054, -1.0096181631088257, -999, 0.13580435514450073, 0.5338990092277527))
	r (n, a, b, c, d, margin, score);
SELECT risk.bind_source('sentinel', 'risk_test.rows', 'siren');
-- every form, in every bit: as a whole row, and below by columns, as the planner has it
SELECT n.form, count(*), bool_and(risk_test.same(n.margin, r.margin)) AS same
FROM risk_test.rows r, LATERAL (VALUES
	('row', (SELECT risk.margin(s) FROM (SELECT r.*) s)),
	('jsonb', risk.margin(to_jsonb(r))),
	('array', risk.margin(ARRAY[r.a, r.b, r.c, r.d]::float8[]))) n (form, margin)
GROUP BY n.form ORDER BY n.form;
SELECT siren, risk_test.same(risk.margin(r), margin) AS columns, risk_test.same(score_company(siren), score) AS number,
	risk_test.same(score_company(r), score) AS score,
	abs((SELECT sum(c) FROM unnest(risk.contributions(r)) c) - margin) < 1e-5 AS contributions
FROM risk_test.rows r ORDER BY siren;
SELECT siren, risk.feature_values(r) FROM risk_test.rows r WHERE siren = '000000003';
SELECT feature, value, value_number IS NULL AS no_number FROM explain_score('000000003'::text) WHERE feature = 'b';
-- the same as if it were NULL: many rows at a time, and what is kept of a distribution
CREATE TABLE risk_test.nulls AS
SELECT siren, nullif(a, -999) AS a, nullif(b, -999) AS b, nullif(c, -999) AS c, nullif(d, -999) AS d
FROM risk_test.rows;
SELECT (SELECT risk.global_importance(r) FROM risk_test.rows r)
	= (SELECT risk.global_importance(n) FROM risk_test.nulls n) AS same_importance;
SELECT risk.profile_model('sentinel', 'SELECT * FROM risk_test.rows');
SELECT feature, rows, missing, minimum FROM risk.model_profiles ORDER BY position;
SELECT feature, missing_then, missing_now, psi FROM risk.drift('sentinel', 'SELECT * FROM risk_test.rows')
ORDER BY feature;
SELECT bool_and(psi = 0 AND missing_now = missing_then) AS nulls_are_the_same
FROM risk.drift('sentinel', 'SELECT * FROM risk_test.nulls');
-- libxgboost is told of it, too
SELECT different, verified FROM risk.verify_model('sentinel', rows => 2000);
SELECT different, verified FROM risk.verify_model('sentinel', query => 'SELECT * FROM risk_test.rows');

-- For those who only know it; and for those who know better
SELECT risk.import_model('told', convert_to(:'sentinel', 'UTF8'), feature_names => '{a,b,c,d}', missing => -1);
SELECT risk.import_model('told', convert_to(:'sentinel', 'UTF8'), feature_names => '{a,b,c,d}', missing => 'NaN');
SELECT risk.import_model('told', convert_to(:'sentinel', 'UTF8'), feature_names => '{a,b,c,d}', missing => -999);
SELECT risk.import_model('told', convert_to(:'sentinel', 'UTF8'), feature_names => '{a,b,c,d}',
	missing => '-Infinity');
SELECT m.reference, m.missing_value, m.content_digest = s.content_digest AS same_content,
	risk.margin('{-999, -0.13, 0.64, 0.1}'::float8[], m.reference) AS "-999",
	risk.margin('{-1, -0.13, 0.64, 0.1}'::float8[], m.reference) AS "-1",
	risk.margin('{-Infinity, -0.13, 0.64, 0.1}'::float8[], m.reference) AS "-Infinity",
	risk.margin('{NULL, -0.13, 0.64, 0.1}'::float8[], m.reference) AS "null"
FROM risk.models m, risk.models s WHERE m.name = 'told' AND s.name = 'sentinel' ORDER BY m.version;
SELECT bool_and(verified) AS verified FROM generate_series(1, 4) n, risk.verify_model('told@' || n);
SELECT missing_value,
	content_digest = (SELECT content_digest FROM risk.models WHERE reference = 'told@1') AS same_content
FROM risk.inspect_model(convert_to(:'sentinel', 'UTF8'), feature_names => '{a,b,c,d}', missing => -1);
SELECT risk_test.outcome($$SELECT risk.inspect_model(risk_test.linear_model('{a}', '{1}'), missing => 1e300)$$);
-- an attribute that says something else is no reason to guess
SELECT risk_test.outcome(format($$SELECT risk.inspect_model(risk_test.edit(risk_test.linear_model('{a}', '{1}'),
	'{learner,attributes}', %L))$$, '{"scikit_learn": "{\"missing\": \"-999\"}"}'));
SELECT missing_value FROM risk.inspect_model(risk_test.edit(risk_test.linear_model('{a}', '{1}'),
	'{learner,attributes}', '{"scikit_learn": "{\"missing\": \"-999\"}"}'), missing => -999);
-- it counts for codes of categories, and linear models leave it out
SELECT risk.import_model('codes', risk_test.tree_model('{c}', '[[[4, 0, [2], 1, 2, 1], [2, 10], [2, 20]]]',
	types => '{c}'), missing => 2);
SELECT risk.margin('{2}'::float8[], 'codes@1'), risk.margin('{NULL}'::float8[], 'codes@1');
SELECT risk.import_model('linear', risk_test.linear_model('{a,b}', '{1,1}'), missing => -999);
SELECT risk.margin('{-999,5}'::float8[], 'linear@1');

--
-- Thresholds that are not numbers: nothing is less than NaN
--
SELECT risk.import_model('nan', convert_to(:'nan_threshold', 'UTF8'));
SELECT x, risk.margin(ARRAY[x], 'nan@1') FROM unnest('{-1e30,-1,0,0.5,2,1e30,NULL}'::float8[]) x;
SELECT verified FROM risk.verify_model('nan@1');

--
-- Names that cannot be used, where others are given
--
SELECT risk_test.outcome(format('SELECT risk.import_model(%L, convert_to(%L, %L))', 'dup', :'dup', 'UTF8'));
SELECT risk_test.outcome(format('SELECT risk.inspect_model(convert_to(%L, %L))', :'emptyname', 'UTF8'));
SELECT risk.import_model('dup', convert_to(:'dup', 'UTF8'), feature_names => '{one,two}');
SELECT risk.import_model('empty', convert_to(:'emptyname', 'UTF8'), feature_names => '{one}');
SELECT risk.margin('{"one": 1, "two": 0}'::jsonb, 'dup@1'), risk.margin('{"one": 1}'::jsonb, 'empty@1');

--
-- What is no model of XGBoost's, by its first bytes; test/unit/test_recognise.c has them all
--
\pset format unaligned
\pset tuples_only on
SELECT risk_test.outcome(format('SELECT risk.inspect_model(%L)', bytes))
FROM (VALUES ('\x80049528c2000000000000008c0c7867626f6f73742e636f726594'::bytea),
	(E'ccopy_reg\\012_reconstructor\\012p0\\012(cxgboost.core\\012Booster\\012'),
	('\x0000000262696e660000003f'), ('\x789ced59'), ('tree' || '\x0a'::bytea || 'version=v4'),
	('{"name": "tree", "version": "v4"}'), ('version https://git-lfs.github.com/spec/v1'),
	('<!DOCTYPE html>'), ('eyJsZWFybmVyIjp7ImF0dHJpYnV0ZXMiOnt9')) f (bytes);
-- both functions say the same
SELECT risk_test.outcome($$SELECT risk.import_model('m', '\x04224d186440')$$)
	= risk_test.outcome($$SELECT risk.inspect_model('\x04224d186440')$$) AS same;

--
-- What XGBoost's own interfaces refuse in a row is scored, and said once in a statement
--
\pset format aligned
\pset tuples_only off
\set shapes `cat ../golden/category-names-xgb3.3.0/model.json`
SET client_min_messages = error;
SELECT risk.import_model('shapes', convert_to(:'shapes', 'UTF8'));
RESET client_min_messages;
SET max_parallel_workers_per_gather = 0;
CREATE TABLE risk_test.shapes AS SELECT n AS dette, 12 AS effectif, f AS forme, 'Corse'::text AS region
FROM unnest('{SARL,Mars,SAS,Venus}'::text[]) WITH ORDINALITY u (f, n);
SELECT forme, risk.margin(s, 'shapes@1') IS NOT NULL AS scored FROM risk_test.shapes s ORDER BY dette;
SELECT count(risk.margin(to_jsonb(s), 'shapes@1')) FROM risk_test.shapes s;
SELECT count(risk.margin(s, 'shapes@1')) FROM risk_test.shapes s WHERE forme <> ALL ('{Mars,Venus}');
CREATE TABLE risk_test.extremes AS SELECT n::text AS siren, a::float8, 1 AS b, 1 AS c, 1 AS d
FROM unnest('{-Infinity,1,Infinity,NaN,1e300}'::float8[]) WITH ORDINALITY u (a, n);
SELECT a, risk.margin(e, 'sentinel@1') = CASE sign(a) WHEN -1 THEN risk.margin('{-1e38,1,1,1}'::float8[], 'sentinel@1')
	WHEN 1 THEN risk.margin(ARRAY[least(a, 1e38), 1, 1, 1], 'sentinel@1')
	ELSE risk.margin('{NULL,1,1,1}'::float8[], 'sentinel@1') END AS as_beyond_all FROM risk_test.extremes e;
-- where infinity stands for missing, there is nothing to say
SELECT a, risk.margin(ARRAY[a, 1, 1, 1], 'told@4') = risk.margin('{NULL,1,1,1}'::float8[], 'told@4') AS missing
FROM risk_test.extremes WHERE a = '-Infinity';

--
-- A relation by which nobody can say what must be refreshed first
--
CREATE MATERIALIZED VIEW risk_test.features AS SELECT * FROM risk_test.rows;
CREATE VIEW risk_test.over_features AS SELECT f.* FROM risk_test.features f;
SELECT risk.bind_source('sentinel', 'risk_test.features', 'siren');
SELECT risk.bind_source('sentinel', 'risk_test.over_features', 'siren');
SELECT risk.bind_source('sentinel', 'risk_test.rows', 'siren');
