--
-- Calibration: scores against the formulas and against scikit-learn, reasons that
-- add up to them, all forms, parallel plans, what may be set when, and what a
-- damaged registry gives.
--
\getenv abs_srcdir PG_ABS_SRCDIR
\i :abs_srcdir/test/regress/fixture.sql
\i :abs_srcdir/test/regress/golden.sql
SET search_path = risk_test, public;

--
-- What a calibration makes of a margin.  scikit-learn 1.2.1 fitted both on 400
-- pairs drawn at random, _SigmoidCalibration (whose slope and intercept have the
-- other sign) and IsotonicRegression(out_of_bounds='clip'), and predicted these:
-- outside of the curve, at its points, and between them.
--
CREATE TABLE curve (method text, calibration jsonb);
INSERT INTO curve VALUES
	('sigmoid', '{"method": "sigmoid", "slope": 0.9179962229389012, "intercept": -0.9109681780245245}'),
	('isotonic', '{"method": "isotonic",
		"margins": [-5.624, -2.683, -2.652, -1.334, -1.329, -0.909, -0.906, -0.19, -0.177, 0.216, 0.221, 1.019, 1.089,
			1.536, 1.549, 1.621, 1.649, 1.868, 1.973, 3.292],
		"scores": [0.0, 0.0, 0.05825242718446602, 0.05825242718446602, 0.10909090909090909, 0.10909090909090909,
			0.2318840579710145, 0.2318840579710145, 0.3055555555555556, 0.3055555555555556, 0.38095238095238093,
			0.38095238095238093, 0.5, 0.5, 0.6, 0.6, 0.8333333333333334, 0.8333333333333334, 1.0, 1.0]}');
CREATE TABLE predicted (margin float8, isotonic float8, sigmoid float8);
INSERT INTO predicted VALUES
	(-9.0, 0.0, 0.00010380068473820814),
	(-5.624, 0.0, 0.002297166791490548),
	(-3.0, 0.0, 0.0249660145110429),
	(-2.67, 0.02442843720638903, 0.03350381322527084),
	(-2.652, 0.05825242718446602, 0.03404302390916459),
	(-1.331, 0.08875551632833231, 0.10594746771145151),
	(-0.9075, 0.17048748353096405, 0.14879927118871591),
	(-0.5, 0.2318840579710145, 0.20262529292512818),
	(-0.18, 0.2885544407283538, 0.25422438311655887),
	(0.2175, 0.3281746031746032, 0.3293107680132066),
	(0.9, 0.38095238095238093, 0.478819787942114),
	(1.05, 0.4336734693877553, 0.513228875924783),
	(1.5425, 0.55, 0.6236432505812016),
	(1.63, 0.674999999999999, 0.642301109090259),
	(1.9, 0.8841269841269839, 0.6970363321332799),
	(2.0, 1.0, 0.7160647278852477),
	(40.0, 1.0, 0.9999999999999998);
SELECT c.method, count(*),
	max(abs(risk.apply_calibration(p.margin, c.calibration) - CASE c.method
		WHEN 'isotonic' THEN p.isotonic ELSE p.sigmoid END)) < 1e-15 AS same
FROM curve c, predicted p GROUP BY 1 ORDER BY 1;
-- beyond all numbers, and what is none
SELECT c.method, array_agg(risk.apply_calibration(m, c.calibration) ORDER BY m) AS scores
FROM curve c, unnest('{-Infinity, -1e300, 1e300, Infinity, NaN}'::float8[]) m GROUP BY 1 ORDER BY 1;
-- rising, also in the last digit: no margin has a lower score than a smaller one
SELECT c.method, bool_and(score >= before) AS rising, count(DISTINCT score) > 1000 AS vary
FROM curve c, LATERAL (SELECT s.score, lag(s.score, 1, s.score) OVER (ORDER BY m) AS before
	FROM generate_series(-60000, 40000) m,
		LATERAL (SELECT risk.apply_calibration(m / 10000.0, c.calibration) AS score) s) r
GROUP BY 1 ORDER BY 1;
-- as many points as there may be, and another calibration in every row
SELECT bool_and(abs(risk.apply_calibration(m, calibration) - m / 10000) < 1e-15) AS long_curve
FROM (SELECT jsonb_build_object('method', 'isotonic', 'margins', jsonb_agg(i), 'scores',
	jsonb_agg(i / 10000.0)) AS calibration
	FROM generate_series(0, 9999) i) c, unnest('{0, 0.5, 17, 1234.75, 9998.5, 9999}'::float8[]) m;
SELECT bool_and(abs(risk.apply_calibration(1,
	jsonb_build_object('method', 'sigmoid', 'slope', i, 'intercept', -i / 2.0))
	- 1 / (1 + exp(-i / 2.0::float8))) < 1e-15) AS changing FROM generate_series(1, 20) i;

--
-- Calibrated models: two of one content, so of one image, and one as it is
--
SELECT risk.import_model('cal', golden_model('logistic-xgb3.3.0', 'ubj')) FROM generate_series(1, 4);
SELECT risk.set_calibration('cal@2', calibration) FROM curve WHERE method = 'sigmoid';
SELECT risk.set_calibration('cal@3', calibration) FROM curve WHERE method = 'isotonic';
SELECT format('CREATE TABLE company (siren text PRIMARY KEY, %s)',
	string_agg(format('%I float8', feature), E',\n\t' ORDER BY position))
FROM risk.model_features WHERE name = 'cal' AND version = 1 \gexec
INSERT INTO company
SELECT (jsonb_populate_record(NULL::company, (SELECT jsonb_object_agg(f.feature,
		nullif((string_to_array(l.line, ','))[f.position], '')::float8 * (1 + k * f.position * 0.02))
	FROM risk.model_features f WHERE f.name = 'cal' AND f.version = 1)
	|| jsonb_build_object('siren', lpad((k * 40 + l.number)::text, 9, '0')))).*
FROM golden_line l, generate_series(0, 24) k
WHERE l.case_name = 'logistic-xgb3.3.0' AND l.file = 'rows.csv' AND l.number BETWEEN 2 AND 41;
CREATE VIEW company_array AS
SELECT siren, array_agg((to_jsonb(c) ->> f.feature)::float8 ORDER BY f.position) AS features
FROM company c, risk.model_features f WHERE f.name = 'cal' AND f.version = 1 GROUP BY siren;
-- stairs: of every tenth margin, a step in less than float32 rounds
SELECT risk.set_calibration('cal@4', jsonb_build_object('method', 'isotonic',
	'margins', jsonb_agg(m - below ORDER BY m, below DESC), 'scores',
	jsonb_agg((step - (below > 0)::int) / 100.0 ORDER BY m, below DESC)))
FROM (SELECT m, row_number() OVER (ORDER BY m) AS step
	FROM (SELECT m, row_number() OVER (ORDER BY m) AS number
		FROM (SELECT risk.margin(c, 'cal@1') AS m, siren FROM company c) margins) numbered
		WHERE number % 10 = 0) steps,
	unnest('{0, 1e-9}'::float8[]) below;
SELECT risk.bind_source('cal@' || v, 'company', 'siren') FROM generate_series(1, 4) v;
SELECT reference, calibration_method, calibration IS NOT NULL AS parameters,
	content_digest = first_value(content_digest) OVER (ORDER BY version) AS same_content
FROM risk.models WHERE name = 'cal' ORDER BY version;

-- Margins, predictions and contributions are XGBoost's, calibrated or not
SELECT v, bool_and(same(risk.margin(c, 'cal@' || v), risk.margin(c, 'cal@1'))) AS margins,
	bool_and(risk.margins(c, 'cal@' || v) = risk.margins(c, 'cal@1')) AS all_margins,
	bool_and(risk.predict(c, 'cal@' || v) = ARRAY[score_company(c, 'cal@1')]) AS predictions,
	bool_and(risk.contributions(c, 'cal@' || v) = risk.contributions(c, 'cal@1')) AS contributions
FROM company c, generate_series(2, 4) v GROUP BY v ORDER BY v;
-- scores are the formula's
SELECT bool_and(abs(score_company(c, 'cal@2')
	- 1 / (1 + exp(-(0.9179962229389012 * risk.margin(c, 'cal@1') - 0.9109681780245245)))) < 1e-15) AS sigmoid,
	bool_and(same(score_company(c, 'cal@3'),
		risk.apply_calibration(risk.margin(c, 'cal@1'), calibration))) AS isotonic,
	count(DISTINCT score_company(c, 'cal@3')) > 10 AS vary,
	bool_and(score_company(c, 'cal@2') <> score_company(c, 'cal@1')) AS others
FROM company c, curve WHERE method = 'isotonic';
SELECT bool_and(same(score_company(c, 'cal@4'),
	risk.apply_calibration(risk.margin(c, 'cal@1'), calibration))) AS stairs,
	count(DISTINCT score_company(c, 'cal@4')) AS steps FROM company c, risk.models WHERE reference = 'cal@4';
-- row, columns, object, array, text and bigint number: the same bits
SELECT v, bool_and(same(score_company(c, 'cal@' || v), score_company(to_jsonb(c), 'cal@' || v))) AS objects,
	bool_and(same(score_company(c, 'cal@' || v), score_company(features, 'cal@' || v))) AS arrays,
	bool_and(same(score_company(c, 'cal@' || v), score_company(a.siren, 'cal@' || v))) AS texts,
	bool_and(same(score_company(c, 'cal@' || v), score_company(a.siren::bigint, 'cal@' || v))) AS bigints,
	bool_and(same(score_company(c, 'cal@' || v), score_company(r, 'cal@' || v))) AS subqueries
FROM company c JOIN company_array a ON a.siren = c.siren, LATERAL (SELECT c.*, 'more' AS further_column) r,
	generate_series(1, 4) v GROUP BY v ORDER BY v;
CREATE TABLE by_columns AS SELECT siren, score_company(c, 'cal@3') AS score FROM company c;
CREATE TABLE by_row AS SELECT siren, score_company(c, 'cal@3') AS score FROM (SELECT * FROM company OFFSET 0) c;
SELECT count(*), bool_and(same(c.score, r.score)) AS same FROM by_columns c JOIN by_row r USING (siren);
-- in workers
SET max_parallel_workers_per_gather = 2;
SET min_parallel_table_scan_size = 0;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET parallel_leader_participation = off;
EXPLAIN (COSTS OFF) SELECT max(score_company(c, 'cal@3')) FROM company c;
SELECT count(*), bool_and(same(score_company(c, 'cal@3'), score)) AS same,
	bool_and(score_company(c, 'cal@1') <> score) AS others
FROM company c JOIN by_columns USING (siren);
RESET max_parallel_workers_per_gather;
RESET min_parallel_table_scan_size;
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
RESET parallel_leader_participation;
-- refreshing on unchanged data changes no row
CREATE MATERIALIZED VIEW scores AS
SELECT siren, score_company(c, 'cal@3') AS score, risk.explanation(c, 'cal@2') AS explanation FROM company c;
CREATE UNIQUE INDEX ON scores (siren);
CREATE TEMPORARY TABLE rows_before AS SELECT ctid AS at, siren FROM scores;
REFRESH MATERIALIZED VIEW CONCURRENTLY scores;
SELECT count(*), bool_and(s.ctid = b.at) AS untouched FROM scores s JOIN rows_before b USING (siren);

--
-- Reasons: points add up to the calibrated score, with the average's
--
SELECT v, bool_and(abs(points - score_company(c, 'cal@' || v)) < 1e-6) AS additive,
	bool_and(abs(points_of_5 - score_company(c, 'cal@' || v)) < 1e-6) AS folded,
	bool_and(abs(points_of_groups - score_company(c, 'cal@' || v)) < 1e-6) AS groups,
	bool_and(abs(sum_of_contributions - risk.margin(c, 'cal@1')) < 1e-5) AS contributions,
	bool_and(signs) AS signs, count(DISTINCT base) AS bases
FROM company c, generate_series(2, 4) v,
	LATERAL (SELECT sum(points) AS points, sum(contribution) AS sum_of_contributions,
		bool_and(rank = 0 OR points * contribution >= 0) AS signs,
		max(points) FILTER (WHERE rank = 0) AS base FROM explain_score(c, 'cal@' || v)) r,
	LATERAL (SELECT sum(points) AS points_of_5 FROM explain_score(c, 'cal@' || v, 5)) f,
	LATERAL (SELECT sum(points) AS points_of_groups FROM risk.explain_groups(c, 'cal@' || v)) g
GROUP BY v ORDER BY v;
-- each from its contribution, by the formula; the base row is the calibrated average
SELECT v, bool_and(abs(r.points - r.contribution * (risk.apply_calibration(m.margin, calibration)
	- risk.apply_calibration(b.contribution, calibration))
		/ s.sum) < 1e-6) AS points, bool_and(
		same(b.points, risk.apply_calibration(b.contribution, calibration))) AS base
FROM company c, (VALUES (2, 'sigmoid'), (3, 'isotonic')) version (v, method) JOIN curve USING (method),
	LATERAL (SELECT risk.margin(c, 'cal@1') AS margin) m, LATERAL explain_score(c, 'cal@' || v) r,
	LATERAL explain_score(c, 'cal@' || v) b,
	LATERAL (SELECT sum(contribution) AS sum FROM explain_score(c, 'cal@' || v) WHERE rank > 0) s
WHERE siren < '000000200' AND r.rank > 0 AND b.rank = 0 AND abs(s.sum) > 0.01 GROUP BY v ORDER BY v;
-- the explanation has the calibrated score, its level, and percentage points that add up to it
SELECT risk.set_thresholds('cal@' || v, 0.3, 0.1) FROM generate_series(1, 3) v;
SELECT v, bool_and((e ->> 'score')::float8 = score_company(c, 'cal@' || v)) AS scores,
	bool_and((e ->> 'margin')::float8 = risk.margin(c, 'cal@1')) AS margins,
	bool_and(e ->> 'alert' = risk.alert_level(score_company(c, 'cal@' || v), 'cal@' || v)) AS alerts,
	count(DISTINCT e ->> 'alert') AS levels,
	bool_and(abs((e ->> 'base')::float8 + macro - 100 * score_company(c, 'cal@' || v)) < 1e-4) AS macro
FROM company c, generate_series(1, 3) v, LATERAL (SELECT risk.explanation(c, 'cal@' || v) AS e) e,
	LATERAL (SELECT sum(v::float8) AS macro FROM jsonb_each_text(e -> 'macro_expl') m (k, v)) m
WHERE siren < '000000200' GROUP BY v ORDER BY v;
-- levels are those of the calibrated score
SELECT count(*) > 0 AS differ FROM company c
WHERE risk.alert_level(score_company(c, 'cal@2'), 'cal@2') <> risk.alert_level(score_company(c, 'cal@1'), 'cal@1');

-- Where contributions cancel each other out the slope of P takes the quotient's place: x and y
-- pull the margin by 1 and -1, from a bias of 0.5
SELECT risk.import_model('pull', tree_model(ARRAY['x', 'y'],
	'[[[2, 0, 0, 1, 2, 1], [1, -1], [1, 1]], [[2, 1, 0, 1, 2, 1], [1, -1], [1, 1]], [[2, 0.5]]]'))
	FROM generate_series(1, 3);
SELECT risk.set_calibration('pull@1', '{"method": "sigmoid", "slope": 2, "intercept": 0.25}');
SELECT risk.set_calibration('pull@2', '{"method": "isotonic", "margins": [0, 1, 2.5], "scores": [0.1, 0.3, 1]}');
-- at a point, the slope of what follows
SELECT risk.set_calibration('pull@3', '{"method": "isotonic", "margins": [0, 0.5, 1.5], "scores": [0.1, 0.3, 1]}');
SELECT v, feature, round(contribution::numeric, 9) AS contribution, round(points::numeric, 9) AS points,
	round(CASE v WHEN 1 THEN 2 * p * (1 - p) WHEN 2 THEN 0.2 ELSE 0.7 END::numeric, 9) AS slope
FROM generate_series(1, 3) v, explain_score('{"x": 1, "y": -1}'::jsonb, 'pull@' || v) r,
	LATERAL (SELECT 1 / (1 + exp(-1.25::float8)) AS p) p
ORDER BY v, rank;
-- outside of the curve nothing has an effect on the score
SELECT risk.import_model('pull', tree_model(ARRAY['x', 'y'],
	'[[[2, 0, 0, 1, 2, 1], [1, -1], [1, 1]], [[2, 1, 0, 1, 2, 1], [1, -1], [1, 1]], [[2, 0.5]]]'));
SELECT risk.set_calibration('pull@4', '{"method": "isotonic", "margins": [10, 11], "scores": [0.1, 0.3]}');
SELECT x, feature, contribution, points FROM unnest('{1, -1}'::int[]) x,
	explain_score(jsonb_build_object('x', x, 'y', -1), 'pull@4') ORDER BY x, rank;

-- binary:logitraw gives log-odds; calibrated, a probability, and reasons in its unit
SELECT risk.import_model('raw', golden_model('logitraw-xgb3.3.0', 'ubj')) FROM generate_series(1, 2);
SELECT risk.set_calibration('raw@2', '{"method": "sigmoid", "slope": 1, "intercept": 0}');
SELECT same(score_company(x, 'raw@1'), risk.margin(x, 'raw@1')) AS margin,
	abs(score_company(x, 'raw@2') - 1 / (1 + exp(-risk.margin(x, 'raw@1')))) < 1e-15 AS probability,
	abs((SELECT sum(points) FROM explain_score(x, 'raw@2')) - score_company(x, 'raw@2')) < 1e-6 AS additive,
	abs((e ->> 'base')::float8 + (SELECT sum(v::float8) FROM jsonb_each_text(e -> 'macro_expl') m (k, v))
		- 100 * score_company(x, 'raw@2')) < 1e-4 AS percent
FROM (SELECT array_fill(1::float8, ARRAY[feature_count]) AS x FROM risk.models WHERE reference = 'raw@1') r,
	LATERAL (SELECT risk.explanation(x, 'raw@2') AS e) e;

--
-- Setting it
--
-- not without a version, of no other state, for no other kind of score
SELECT outcome($$SELECT risk.set_calibration(NULL, NULL)$$);
SELECT outcome($$SELECT risk.set_calibration('cal', NULL)$$);
SELECT outcome($$SELECT risk.set_calibration('cal@9', NULL)$$);
SELECT risk.promote_model('cal@2', 'calibrated');
SELECT outcome($$SELECT risk.set_calibration('cal@2', '{"method": "sigmoid", "slope": 1, "intercept": 0}')$$);
SELECT outcome($$SELECT risk.set_calibration('cal@2', NULL)$$);
SELECT risk.archive_model('cal@2');
SELECT outcome($$SELECT risk.set_calibration('cal@2', NULL)$$);
SELECT risk.import_model('not_one', golden_model(case_name, 'ubj'))
FROM unnest('{softprob-xgb3.3.0, poisson-xgb3.3.0, rank-xgb3.0.0, multi-target-xgb3.3.0}'::text[]) case_name;
SELECT risk.import_model('not_one', linear_model(ARRAY['x'], ARRAY[1], 0, objective))
FROM unnest('{binary:hinge, custom:loss}'::text[]) objective;
SELECT outcome(format($$SELECT risk.set_calibration('not_one@%s',
	'{"method": "sigmoid", "slope": 1, "intercept": 0}')$$, v))
FROM generate_series(1, 6) v \g (format=unaligned)
SELECT risk.set_calibration('not_one@1', NULL);
-- thresholds of probabilities are from 0 to 1, those of other scores anything; several outputs have none
SELECT reference, objective, calibration_method AS method, o.outcome
FROM (VALUES ('cal@1', 60, 30), ('cal@1', 0.5, -3), ('cal@1', 'Infinity', 0.5), ('cal@1', 1, 0),
	('cal@3', 1.5, 0.5), ('raw@1', 60, -3), ('raw@2', 60, -3), ('raw@2', 0.6, 0.3),
	('not_one@1', 0.5, 0.2), ('not_one@2', 60, 30), ('not_one@3', 3, -3), ('not_one@4', 0.5, 0.2),
	('not_one@5', 1, 0.5), ('not_one@6', 0.5, 0.2)) v (reference, strong, moderate)
	JOIN risk.models m USING (reference),
	LATERAL (SELECT outcome(format('SELECT risk.set_thresholds(%L, %L, %L)', reference, strong, moderate))) o
ORDER BY reference, strong, moderate \g (format=unaligned)
-- what is none, and says why
SELECT outcome($$SELECT risk.set_calibration('cal@1', '{}')$$) \g (format=unaligned)
SELECT c AS calibration, (regexp_match(outcome(format($$SELECT risk.set_calibration('cal@1', %L)$$, c)),
	'^22023: invalid calibration\n  detail: ([^\n]*)\n  hint: '))[1] AS detail FROM unnest(ARRAY[
	'null', '[]', '3', '{"method": null}', '{"method": "Sigmoid"}', '{"method": ["sigmoid"]}',
	'{"method": "sigmoid"}', '{"method": "sigmoid", "slope": 1}',
	'{"method": "sigmoid", "slope": "1", "intercept": 0}',
	'{"method": "sigmoid", "slope": 0, "intercept": 0}', '{"method": "sigmoid", "slope": -1, "intercept": 0}',
	'{"method": "sigmoid", "slope": 1e400, "intercept": 0}', '{"method": "sigmoid", "slope": 1, "intercept": null}',
	'{"method": "sigmoid", "slope": 1, "intercept": 0, "margins": []}',
	'{"method": "sigmoid", "slope": 1, "intercept": 0, "Method": 1}',
	'{"method": "isotonic"}', '{"method": "isotonic", "margins": [1, 2]}',
	'{"method": "isotonic", "margins": {}, "scores": []}',
	'{"method": "isotonic", "margins": [], "scores": []}', '{"method": "isotonic", "margins": [1], "scores": [1]}',
	'{"method": "isotonic", "margins": [1, 2], "scores": [1]}',
	'{"method": "isotonic", "margins": [1, 1], "scores": [0, 1]}',
	'{"method": "isotonic", "margins": [2, 1], "scores": [0, 1]}',
	'{"method": "isotonic", "margins": [1, 2], "scores": [0.5, 0.4]}',
	'{"method": "isotonic", "margins": [1, 2], "scores": [0, 1.01]}',
	'{"method": "isotonic", "margins": [1, 2], "scores": [-0.01, 1]}',
	'{"method": "isotonic", "margins": [1, "2"], "scores": [0, 1]}',
	'{"method": "isotonic", "margins": [1, [2]], "scores": [0, 1]}',
	'{"method": "isotonic", "margins": [1, 1e39], "scores": [0, 1]}',
	'{"method": "isotonic", "margins": [1, 2], "scores": [0, 1], "slope": 1}']) c \g (format=unaligned)
SELECT split_part(outcome(format($$SELECT risk.set_calibration('cal@1', %L)$$,
	jsonb_build_object('method', 'isotonic',
	'margins', (SELECT jsonb_agg(i) FROM generate_series(1, 10001) i), 'scores', '[]'::jsonb))), E'\n', 2) AS detail;
SELECT reference, calibration_method FROM risk.models WHERE reference = 'cal@1';
-- it can be replaced and removed, before and after thresholds, which then say something else
SELECT risk.set_calibration('cal@1', '{"method": "sigmoid", "slope": 2, "intercept": -1}');
SELECT risk.set_calibration('cal@1', '{"slope": 2.0, "method": "sigmoid", "intercept": -1}');
SELECT reference, calibration_method, calibration FROM risk.models WHERE reference = 'cal@1';
-- one statement, one calibration: the next sees the new one, and after a rollback the old one
SELECT score_company(features, 'cal@1') AS before FROM company_array WHERE siren = '000000005' \gset
BEGIN;
SELECT risk.set_calibration('cal@1', '{"method": "sigmoid", "slope": 3, "intercept": -1}');
SELECT score_company(features, 'cal@1') <> :before AS other FROM company_array WHERE siren = '000000005';
ROLLBACK;
SELECT same(score_company(features, 'cal@1'), :before) AS as_before FROM company_array WHERE siren = '000000005';
SELECT risk.set_calibration('cal@1', NULL);
SELECT same(score_company(features, 'cal@1'), (risk.predict(features, 'cal@1'))[1]) AS own_score
FROM company_array WHERE siren = '000000005';
-- in a function that goes on, too
DO $$
DECLARE
	score float8;
	previous float8 := -1;
BEGIN
	FOR slope IN 1 .. 3 LOOP
		PERFORM risk.set_calibration('cal@3',
			jsonb_build_object('method', 'sigmoid', 'slope', slope, 'intercept', 0));
		score := score_company('{}'::jsonb || to_jsonb(c), 'cal@3') FROM company c WHERE siren = '000000005';
		IF abs(score - 1 / (1 + exp(-slope * risk.margin(to_jsonb(c), 'cal@1')))) > 1e-15 FROM company c
		WHERE siren = '000000005' THEN
			RAISE 'slope % has score %', slope, score;
		END IF;
		IF score = previous THEN
			RAISE 'unchanged';
		END IF;
		previous := score;
	END LOOP;
END
$$;
-- the history has all of it; the next version has none
SELECT version, CASE WHEN version = 3 THEN details #- '{calibration,margins}' #- '{calibration,scores}'
	ELSE details END AS details,
	role = session_user AS by_me FROM risk.model_events
WHERE name = 'cal' AND event = 'calibrate' AND version <> 4 ORDER BY number \g (format=unaligned)
SELECT risk.import_model('cal', golden_model('logistic-xgb3.3.0', 'ubj'));
SELECT reference, calibration_method FROM risk.models WHERE name = 'cal' ORDER BY version;
-- not everybody's to change; to apply, yes
SELECT has_function_privilege('public', 'risk.set_calibration(text, jsonb)', 'execute') AS set,
	has_function_privilege('public', 'risk.apply_calibration(double precision, jsonb)', 'execute') AS apply;

--
-- A registry that was tampered with does no harm but to the scores it is about
--
UPDATE risk_internal.registry SET calibration = '{"method": "isotonic", "margins": [3, 2], "scores": [0, 1]}'
WHERE name = 'cal' AND version = 1;
UPDATE risk_internal.registry SET calibration = '{"method": "sigmoid", "slope": 1, "intercept": 0}'
WHERE name = 'not_one' AND version IN (1, 2);
SELECT outcome($$SELECT score_company(features, 'cal@1') FROM company_array$$);
SELECT outcome($$SELECT e FROM company_array, explain_score(features, 'cal@1') e$$) LIKE 'XX001:%' AS refused;
SELECT outcome($$SELECT risk.explanation(features, 'cal@1') FROM company_array$$) LIKE 'XX001:%' AS refused;
SELECT outcome($$SELECT risk.margin(features, 'cal@1') FROM company_array$$);
SELECT outcome($$SELECT risk.alert_level(0.5, 'cal@1')$$);
SELECT outcome($$SELECT score_company(array_fill(1::float8, ARRAY[feature_count]), 'not_one@2') FROM risk.models
	WHERE reference = 'not_one@2'$$);
SELECT outcome($$SELECT score_company(array_fill(1::float8, ARRAY[feature_count]), 'not_one@1') FROM risk.models
	WHERE reference = 'not_one@1'$$);
SELECT count(*) FROM risk.models WHERE name = 'cal';

-- A margin that is no number has no score to speak of, and no level
SELECT risk.import_model('infinite', linear_model(ARRAY['x', 'y'], ARRAY[3e38, -3e38], 0, 'binary:logistic'));
SELECT risk.set_calibration('infinite@1', '{"method": "sigmoid", "slope": 1, "intercept": 0}');
SELECT risk.set_thresholds('infinite@1', 0.5, 0.25);
SELECT x, y, risk.margin(ARRAY[x, y], 'infinite@1'), score_company(ARRAY[x, y], 'infinite@1'),
	risk.explanation(ARRAY[x, y], 'infinite@1') -> 'score' AS score,
	risk.explanation(ARRAY[x, y], 'infinite@1') -> 'alert' AS alert
FROM (VALUES (10::float8, 0::float8), (0, 10), (10, 10)) v (x, y);
