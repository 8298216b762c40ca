--
-- Scoring: the five forms agree to the last bit, NULLs, which version a statement
-- sees, and models that have no score or several.
--
\getenv abs_srcdir PG_ABS_SRCDIR
\i :abs_srcdir/test/regress/fixture.sql
\i :abs_srcdir/test/regress/golden.sql
SET search_path = risk_test, public;

-- A thousand companies from the golden rows of a real model.
SELECT risk.import_model('real', golden_model('logistic-xgb3.3.0', 'ubj'));
SELECT format('CREATE TABLE company (siren text PRIMARY KEY, %s)',
	string_agg(format('%I float8', feature), E',\n\t' ORDER BY position))
FROM risk.model_features WHERE name = 'real' \gexec
INSERT INTO company
SELECT (jsonb_populate_record(NULL::company, (SELECT jsonb_object_agg(f.feature,
		nullif((string_to_array(l.line, ','))[f.position], '')::float8 * (1 + k * f.position * 0.02))
	FROM risk.model_features f WHERE f.name = 'real')
		|| jsonb_build_object('siren', lpad((k * 40 + l.number)::text, 9, '0')))).*
FROM golden_line l, generate_series(0, 24) k
WHERE l.case_name = 'logistic-xgb3.3.0' AND l.file = 'rows.csv' AND l.number BETWEEN 2 AND 41;
CREATE VIEW company_array AS
SELECT siren, array_agg((to_jsonb(c) ->> f.feature)::float8 ORDER BY f.position) AS features
FROM company c, risk.model_features f WHERE f.name = 'real' GROUP BY siren;
SELECT risk.bind_source('real@1', 'company', 'siren');
SELECT risk.promote_model('real@1');

-- the answers vary, so that comparing them means something
SELECT count(*), count(DISTINCT score_company(c)) > 500 AS vary, min(score_company(c)) > 0 AS above_0,
	max(score_company(c)) < 1 AS below_1 FROM company c;

--
-- Row, object, array, text and bigint number: the same bits
--
SELECT bool_and(same(score_company(c), score_company(to_jsonb(c)))) AS objects,
	bool_and(same(score_company(c), score_company(features))) AS arrays,
	bool_and(same(score_company(c), score_company(a.siren))) AS texts,
	bool_and(same(score_company(c), score_company(a.siren::bigint))) AS bigints,
	bool_and(same(score_company(c), score_company(r))) AS subqueries
FROM company c JOIN company_array a ON a.siren = c.siren, LATERAL (SELECT c.*, 'more' AS further_column) r;
SELECT bool_and(same(risk.margin(c), risk.margin(to_jsonb(c)))) AS objects,
	bool_and(same(risk.margin(c), risk.margin(features))) AS arrays
FROM company c JOIN company_array a USING (siren);
-- margins() and predict() hold the same numbers; the score is the margin's logistic, in float32
SELECT bool_and(risk.margins(c) = ARRAY[risk.margin(c)]) AS margins,
	bool_and(risk.predict(c) = ARRAY[score_company(c)]) AS predictions,
	bool_and(risk.margins(c) = risk.margins(to_jsonb(c))
		AND risk.margins(c) = risk.margins(features)) AS margins_agree,
	bool_and(risk.predict(c) = risk.predict(to_jsonb(c))
		AND risk.predict(c) = risk.predict(features)) AS predictions_agree,
	bool_and(abs(score_company(c) - 1 / (1 + exp(-risk.margin(c)))) < 1e-6) AS logistic,
	bool_and(score_company(c)::float4::float8 = score_company(c)) AS float32
FROM company c JOIN company_array a USING (siren);
SELECT bool_and(risk.contributions(c) = risk.contributions(to_jsonb(c))
		AND risk.contributions(c) = risk.contributions(features)) AS contributions,
	bool_and(risk.explanation(c) = risk.explanation(to_jsonb(c)) AND risk.explanation(c) = risk.explanation(features)
		AND risk.explanation(c) = risk.explanation(siren)
		AND risk.explanation(c) = risk.explanation(siren::bigint)) AS explanations
FROM company c JOIN company_array a USING (siren) WHERE siren < '000000200';
SELECT count(*) AS reasons, bool_and(r IS NOT DISTINCT FROM t) AS by_text,
	bool_and(r IS NOT DISTINCT FROM b) AS by_bigint,
	bool_and((o.rank, o.feature, o.value_number, o.contribution, o.points)
		IS NOT DISTINCT FROM (r.rank, r.feature, r.value_number, r.contribution, r.points)) AS objects,
	bool_and((x.rank, x.feature, x.value_number, x.contribution, x.points)
		IS NOT DISTINCT FROM (r.rank, r.feature, r.value_number, r.contribution, r.points)) AS arrays
FROM company c JOIN company_array a USING (siren), explain_score(c) r, explain_score(siren) t,
	explain_score(siren::bigint) b,
	explain_score(to_jsonb(c)) o, explain_score(features) x
WHERE siren < '000000050' AND r.rank = t.rank AND r.rank = b.rank AND r.rank = o.rank AND r.rank = x.rank;
SELECT count(*) AS groups, bool_and(r IS NOT DISTINCT FROM t AND r IS NOT DISTINCT FROM b AND r IS NOT DISTINCT FROM o
	AND r IS NOT DISTINCT FROM x) AS agree
FROM company c JOIN company_array a USING (siren), risk.explain_groups(c) r, risk.explain_groups(siren) t,
	risk.explain_groups(siren::bigint) b, risk.explain_groups(to_jsonb(c)) o, risk.explain_groups(a.features) x
WHERE siren < '000000050' AND r.rank = t.rank AND r.rank = b.rank AND r.rank = o.rank AND r.rank = x.rank;
-- what-if: another value, another score, as if it stood in the row
CREATE TEMPORARY TABLE what_if AS SELECT * FROM company WHERE siren = '000000005';
UPDATE what_if SET dette_sociale = 3;
SELECT same(score_company(to_jsonb(c) || '{"dette_sociale": 3}'), score_company(w)) AS same,
	score_company(c) <> score_company(w) AS other
FROM company c JOIN what_if w USING (siren);
DROP TABLE what_if;
-- the order of evaluation has no say: alone, in a crowd, sorted, repeated
SELECT bool_and(same(score_company(c), (SELECT score_company(d) FROM company d WHERE d.siren = c.siren))) AS alone
FROM (SELECT * FROM company ORDER BY md5(siren)) c;

-- NULL in, NULL out; all missing is something else
SELECT score_company(NULL::company) IS NULL AS row, score_company(NULL::jsonb) IS NULL AS object,
	score_company(NULL::float8[]) IS NULL AS array, score_company(NULL::text) IS NULL AS text,
	score_company(NULL::bigint) IS NULL AS bigint, risk.alert_level(NULL) IS NULL AS level,
	risk.explanation(NULL::company) IS NULL AS explanation,
	(SELECT count(*) FROM explain_score(NULL::company)) AS reasons;
SELECT same(score_company(array_fill(NULL::float8, ARRAY[12])),
	score_company(array_fill('NaN'::float8, ARRAY[12]))) AS missing,
	score_company(array_fill(NULL::float8, ARRAY[12])) <> score_company(array_fill(0::float8, ARRAY[12])) AS not_zero;

--
-- Which version a statement sees
--
-- version n answers n
SELECT risk.import_model('v', linear_model(ARRAY['x'], ARRAY[0], n)) FROM generate_series(1, 5) n;
SELECT risk.promote_model('v@1', beside_others => true);
PREPARE one AS SELECT score_company(ARRAY[1]::float8[], 'v');
PREPARE many(text) AS SELECT DISTINCT score_company(ARRAY[1]::float8[], $1) FROM generate_series(1, 1000);
EXECUTE one;
EXECUTE many('v');
SELECT risk.promote_model('v@2');
EXECUTE one;
EXECUTE many('v');
EXECUTE many('v@1');
-- one statement, one version, also when it promotes another one itself
SELECT n, CASE n WHEN 2 THEN risk.promote_model('v@3') END AS promoted,
	score_company(ARRAY[1]::float8[], 'v') AS score,
	risk.resolve_model('v')
FROM generate_series(1, 3) n;
EXECUTE one;
-- each statement of a function its own
CREATE FUNCTION promoting() RETURNS TABLE (version text, score float8, expression float8, margin float8)
	LANGUAGE plpgsql AS $$
BEGIN
	FOR n IN 4 .. 6 LOOP
		PERFORM risk.promote_model('v@' || n - 3);
		SELECT score_company(ARRAY[1]::float8[], 'v') INTO score;
		expression := score_company('{"x": 1}'::jsonb, 'v');
		margin := (SELECT max(risk.margin(r, 'v')) FROM (SELECT generate_series(1, 10) AS x) r);
		version := risk.resolve_model('v');
		RETURN NEXT;
	END LOOP;
END
$$;
SELECT risk.promote_model('v@5');
SELECT * FROM promoting();
SELECT risk.promote_model('v@5');
-- a promotion that is undone while the function runs is undone for it, too
CREATE FUNCTION undoing() RETURNS SETOF float8 LANGUAGE plpgsql AS $$
BEGIN
	FOR n IN 1 .. 2 LOOP
		RETURN NEXT score_company(ARRAY[1]::float8[], 'v');
		BEGIN
			PERFORM risk.promote_model('v@1');
			RETURN NEXT score_company(ARRAY[1]::float8[], 'v');
			RAISE division_by_zero;
		EXCEPTION WHEN division_by_zero THEN
			NULL;
		END;
	END LOOP;
	RETURN NEXT score_company(ARRAY[1]::float8[], 'v');
END
$$;
SELECT undoing();
-- a cursor stays with the version it began with
BEGIN;
DECLARE scores CURSOR FOR SELECT score_company(ARRAY[n]::float8[], 'v') FROM generate_series(1, 3) n;
FETCH scores;
SELECT risk.promote_model('v@1');
FETCH scores;
EXECUTE one;
FETCH scores;
ROLLBACK;
-- several models in one query, one of them by a reference that varies by row
SELECT n, score_company(ARRAY[1]::float8[], 'v@' || n) FROM generate_series(1, 5) n;
SELECT name || '@' || version AS model, score_company(ARRAY[1]::float8[], name || '@' || version)
FROM risk.models WHERE name = 'v' ORDER BY version DESC;
SELECT score_company(ARRAY[1]::float8[], 'v'), score_company(ARRAY[1]::float8[], 'v@1'),
	score_company(ARRAY[1]::float8[], 'v@2');
-- in SQL functions, views, defaults, generated queries
CREATE FUNCTION risk_of(float8) RETURNS float8 LANGUAGE sql STABLE AS $$ SELECT score_company(ARRAY[$1], 'v') $$;
CREATE VIEW risk_view AS SELECT n, score_company(ARRAY[n]::float8[], 'v') AS score FROM generate_series(1, 2) n;
SELECT risk_of(1);
SELECT * FROM risk_view ORDER BY n;
SELECT risk.promote_model('v@4');
SELECT risk_of(1);
SELECT * FROM risk_view ORDER BY n;

--
-- Models without a score of their own
--
SELECT risk.import_model('custom', tree_model(ARRAY['x'], '[[[2, 0, 0, 1, 2, 1], [1, -1], [1, 1]]]',
	'ministry:loss', '0E0'));
SELECT risk.margin(ARRAY[3]::float8[], 'custom@1'), risk.margins(ARRAY[3]::float8[], 'custom@1');
SELECT outcome($$SELECT score_company(ARRAY[3]::float8[], 'custom@1')$$);
SELECT outcome($$SELECT risk.predict(ARRAY[3]::float8[], 'custom@1')$$);
SELECT rank, feature, round(contribution::numeric, 9) AS contribution, points
FROM explain_score(ARRAY[3]::float8[], 'custom@1') ORDER BY rank;
SELECT e - 'macro_expl' - 'micro_expl' AS explanation, round((e #>> '{macro_expl,No group}')::numeric, 9) AS macro,
	round((e #>> '{micro_expl,No group,x}')::numeric, 9) AS micro
FROM risk.explanation(ARRAY[3]::float8[], 'custom@1') e;

--
-- Models with several outputs
--
SELECT risk.import_model('classes', golden_model('softprob-xgb3.3.0', 'json'));
SELECT risk.import_model('class', golden_model('softmax-xgb3.3.0', 'json'));
SELECT risk.import_model('targets', golden_model('multi-target-xgb3.3.0', 'json'));
CREATE TEMPORARY VIEW nothing AS SELECT array_fill(NULL::float8, ARRAY[12]) AS x;
SELECT outcome($$SELECT score_company(x, 'classes@1') FROM nothing$$);
SELECT outcome($$SELECT score_company(x, 'targets@1') FROM nothing$$);
SELECT outcome($$SELECT risk.margin(x, 'classes@1') FROM nothing$$);
SELECT outcome($$SELECT risk.margin(x, 'class@1') FROM nothing$$);
SELECT outcome($$SELECT explain_score(x, 'classes@1') FROM nothing$$);
SELECT outcome($$SELECT risk.explain_groups(x, 'classes@1') FROM nothing$$);
SELECT outcome($$SELECT risk.explanation(x, 'classes@1') FROM nothing$$);
SELECT cardinality(risk.margins(x, 'classes@1')) AS margins, cardinality(risk.predict(x, 'classes@1')) AS predictions,
	abs((SELECT sum(p) FROM unnest(risk.predict(x, 'classes@1')) p) - 1) < 1e-6 AS sum_to_one,
	array_dims(risk.contributions(x, 'classes@1')) AS contributions FROM nothing;
-- the likeliest class is one value, and so a score
SELECT cardinality(risk.margins(x, 'class@1')) AS margins,
	risk.predict(x, 'class@1') = ARRAY[score_company(x, 'class@1')] AS one_value,
	score_company(x, 'class@1') = (SELECT ordinality - 1
		FROM unnest(risk.margins(x, 'class@1')) WITH ORDINALITY m ORDER BY m DESC LIMIT 1)
		AS largest FROM nothing;
SELECT cardinality(risk.margins(x, 'targets@1')) AS margins, cardinality(risk.predict(x, 'targets@1')) AS predictions,
	array_dims(risk.contributions(x, 'targets@1')) AS contributions FROM nothing;
-- a score that is no probability
SELECT risk.import_model('hinge', linear_model(ARRAY['x'], ARRAY[1], -2, 'binary:hinge'));
SELECT risk.import_model('count', linear_model(ARRAY['x'], ARRAY[1], 0, 'reg:squarederror'));
SELECT x, score_company(ARRAY[x], 'hinge@1') AS hinge, risk.margin(ARRAY[x], 'hinge@1') AS margin,
	score_company(ARRAY[x], 'count@1') AS identity
FROM unnest('{1, 2, 3}'::float8[]) x;

-- A margin that is NaN, as terms that overflow make it, is NaN wherever it goes: it is no
-- low score, and none above every threshold.  libxgboost 1.7.4 answers nan for this model.
SELECT risk.import_model('overflow', linear_model(ARRAY['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l'],
	'{10, -10, 10, 3.0690163e-08, -0.014269036, 0.2899468, 0.012753587, -0.022882871, 0.016579626, 0.0030000845,
	0.052760374, -0.03529927}', -0.872718, 'binary:logistic')) FROM generate_series(1, 3);
SELECT risk.set_calibration('overflow@2', '{"method": "sigmoid", "slope": 1.1, "intercept": -0.3}');
SELECT risk.set_calibration('overflow@3', '{"method": "isotonic", "margins": [-2, 0, 2], "scores": [0.1, 0.2, 0.7]}');
SELECT risk.set_thresholds(format('overflow@%s', n), 0.7, 0.5) FROM generate_series(1, 3) n;
CREATE TABLE overflow AS SELECT 1 AS siren, n AS large, v[1] AS a, v[2] AS b, v[3] AS c, v[4] AS d, v[5] AS e,
	v[6] AS f, v[7] AS g, v[8] AS h, v[9] AS i, v[10] AS j, v[11] AS k, v[12] AS l, v
FROM (VALUES (false, array_fill(0.25::float8, ARRAY[12])), (true, array_fill(3e38::float8, ARRAY[12])),
	(true, array_fill('Infinity'::float8, ARRAY[12]))) o (n, v);
SELECT model, large, risk.margin(v, model) AS margin, score_company(v, model) AS score, score_company(o, model) AS row,
	risk.predict(v, model), risk.alert_level(score_company(v, model), model) AS level,
	risk.explanation(v, model) -> 'score' AS score, risk.explanation(v, model) ->> 'alert' AS alert,
	risk.explanation(v, model) -> 'micro_expl' -> 'No group' ->> 'a' AS points_of_a
FROM overflow o, unnest('{overflow@1,overflow@2,overflow@3}'::text[]) model ORDER BY model, v;
SELECT large, rank, feature, contribution, points FROM overflow o, explain_score(o, 'overflow@1', 2) WHERE large
ORDER BY v, rank;
SELECT rank, contribution, points FROM overflow o, risk.explain_groups(o, 'overflow@2') WHERE large AND a < 'Infinity';
-- what is infinite without being NaN has a score; it cannot be shared out
SELECT score_company(v, 'overflow@1') AS score, rank, feature, contribution, points
FROM (SELECT array_fill(0::float8, ARRAY[11]) || '-Infinity'::float8) o (v), explain_score(v, 'overflow@1', 1);
-- XGBoost makes 0 of NaN for this objective, and so does risk.predict; the score is none
SELECT risk.import_model('overflow_hinge', linear_model(ARRAY['a', 'b'], ARRAY[10, -10], 0, 'binary:hinge'));
SELECT risk.predict(v, 'overflow_hinge@1'), score_company(v, 'overflow_hinge@1'),
	risk.explanation(v, 'overflow_hinge@1') -> 'score' AS score FROM (SELECT '{3e38,3e38}'::float8[]) o (v);
-- nobody counts such rows, or puts them on a list
SELECT outcome($$SELECT risk.roc_auc(score_company(o, 'overflow@1'), large) FROM overflow o$$);
SELECT outcome($$SELECT * FROM risk.evaluate_model('overflow@1', 'TABLE overflow', 'large')$$);
SELECT outcome($$SELECT * FROM risk.compare_models('overflow@1', 'overflow@2', 'TABLE overflow')$$);
SELECT outcome($$SELECT * FROM risk.compare_alerts('overflow@1', 'overflow@2', 'TABLE overflow', 'siren')$$);
SELECT count(*) FROM risk.compare_alerts('overflow@1', 'overflow@2',
	'SELECT * FROM overflow WHERE NOT large', 'siren');

--
-- A company of which too little is known has a score, and no level
--
-- Splits on a explain 0.75 * 0.25 * 2.5 ^ 2 of the variance, those on b 0.75 * 0.25 * 1 ^ 2; none reads c.
SELECT risk.import_model('scope', tree_model(ARRAY['a', 'b', 'c'],
	'[[[8, 0, 0, 1, 2, 1], [2, -1], [6, 1, 0, 3, 4, 0], [3, 1], [3, 2]]]'));
SELECT risk.set_thresholds('scope@1', 0.5, 0.2);
CREATE TABLE known (siren text PRIMARY KEY, a float8, b float8, c float8);
INSERT INTO known VALUES ('000000001', 1, 1, 1), ('000000002', 1, NULL, NULL), ('000000003', NULL, 1, 1),
	('000000004', NULL, 'NaN', 1);
SELECT risk.bind_source('scope@1', 'known', 'siren');
SELECT k.siren, m.*,
	m.share = (1.171875 * (a IS NULL)::int + 0.1875 * (b IS NULL OR b = 'NaN')::int)::float8 / 1.359375 AS right,
	m = risk.missing_features(to_jsonb(k), 'scope@1') AS objects,
	m = risk.missing_features(ARRAY[a, b, c], 'scope@1') AS arrays,
	m = risk.missing_features(siren, 'scope@1') AS texts, m = risk.missing_features(siren::int, 'scope@1') AS numbers
FROM known k, risk.missing_features(k, 'scope@1') m ORDER BY siren;
SELECT risk.missing_features(NULL::known, 'scope@1') IS NULL AS of_null,
	risk.missing_features('999999999', 'scope@1') IS NULL AS unknown;
CREATE VIEW levels AS SELECT siren, risk.alert_level(score_company(k, 'scope@1'), 'scope@1') AS of_score,
	risk.alert_company(k, 'scope@1') AS of_company, risk.explanation(k, 'scope@1') ->> 'alert' AS explained,
	num_nonnulls(nullif(risk.alert_company(to_jsonb(k), 'scope@1'), risk.alert_company(k, 'scope@1')),
		nullif(risk.alert_company(ARRAY[a, b, c], 'scope@1'), risk.alert_company(k, 'scope@1')),
		nullif(risk.alert_company(siren, 'scope@1'), risk.alert_company(k, 'scope@1')),
		nullif(risk.alert_company(siren::int, 'scope@1'), risk.alert_company(k, 'scope@1'))) AS other_forms
FROM known k;
SELECT * FROM levels ORDER BY siren;
SELECT risk.set_requirements('scope@1', 0.5);
SELECT * FROM levels ORDER BY siren;
-- as much as is allowed may be missing
SELECT risk.set_requirements('scope@1', (risk.missing_features('000000002', 'scope@1')).share);
SELECT siren, of_company FROM levels ORDER BY siren;
SELECT risk.set_requirements('scope@1', 0), risk.describe_features('scope@1', '{"language": "fr"}');
SELECT siren, of_company FROM levels ORDER BY siren;
SELECT risk.set_requirements('scope@1', 0.5, 'Hors périmètre');
SELECT siren, of_company, explained FROM levels ORDER BY siren;
SELECT max_missing_share, alert_out_of_scope FROM risk.models WHERE name = 'scope';
SELECT event, details FROM risk.model_events WHERE name = 'scope' AND event = 'requirements' ORDER BY number;
-- the next version takes it over, as it does the bound relation
SELECT risk.import_model('scope', tree_model(ARRAY['a', 'b', 'c'], '[[[1, 3]]]'));
SELECT reference, max_missing_share, alert_out_of_scope, source_relation FROM risk.models WHERE name = 'scope'
ORDER BY version;
-- nothing is read: nothing is missing; a linear model's weights are its weights
SELECT risk.missing_features(k, 'scope@2') FROM known k WHERE siren = '000000004';
SELECT risk.import_model('scope', linear_model(ARRAY['a', 'b', 'c'], ARRAY[-3, 1, 0]));
SELECT siren, (risk.missing_features(k, 'scope@3')).* FROM known k ORDER BY siren;
SELECT risk.set_requirements('scope@1', NULL);
SELECT siren, of_company FROM levels ORDER BY siren;
SELECT outcome($$SELECT risk.alert_company(k, 'scope@2') FROM known k$$);
SELECT outcome(format('SELECT risk.set_requirements(%L, %L)', 'scope@1', share))
FROM unnest('{-0.1,1.1,NaN}'::float8[]) share;
