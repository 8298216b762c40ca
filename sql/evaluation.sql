--
-- Models tried on the rows of a query: evaluated, and compared.
--
\getenv abs_srcdir PG_ABS_SRCDIR
\i :abs_srcdir/test/regress/fixture.sql
SET search_path = risk_test, public;
-- Numbers between 0 and 1, the same everywhere
CREATE FUNCTION uniform(n int, stream int) RETURNS float8 LANGUAGE sql IMMUTABLE AS $$
	SELECT ('x' || left(md5(n || ' ' || stream), 8))::bit(32)::bigint / 4294967296.0::float8
$$;
CREATE TABLE tested AS
SELECT lpad(n::text, 9, '0') AS siren, (date '2024-01-01' + (n % 3) * interval '1 month')::date AS period,
	CASE n % 4 WHEN 0 THEN NULL WHEN 1 THEN 'Bretagne' ELSE 'Corse' END AS region,
	debt, staff, n % 10 = 0 AS known, CASE
	WHEN n % 50 <> 0 THEN uniform(n, 3) < 1 / (1 + exp(3 - 3 * debt + staff)) END AS failed,
	1 + n % 3 AS weight, n AS cash
FROM (SELECT n, (uniform(n, 1) * 2)::float4 AS debt, (uniform(n, 2) * 2 - 1)::float4 AS staff
	FROM generate_series(1, 2000) n) r;
SELECT risk.import_model('old', linear_model(ARRAY['debt', 'staff'], ARRAY[2, -1], -2, 'binary:logistic'));
SELECT risk.import_model('new', linear_model(ARRAY['debt', 'staff', 'cash'], ARRAY[3, -1, 0], -3, 'binary:logistic'));
SELECT risk.describe_features(reference,
	'{"groups": {"debts": {"label": "Dettes"}, "size": {"label": "Effectif"}},
		"features": {"debt": {"group": "debts"}, "staff": {"group": "size"}}}')
FROM risk.models ORDER BY reference;
SELECT risk.set_thresholds('old@1', 0.7, 0.4);
SELECT risk.set_thresholds('new@1', 0.8, 0.3);
SELECT risk.import_model('bare', linear_model(ARRAY['debt'], ARRAY[1]));

-- Everything about one model
CREATE TABLE evaluated AS
SELECT * FROM risk.evaluate_model('new@1', 'SELECT * FROM tested', 'failed', '{region, period}', 'known',
	'weight', 200);
SELECT breakdown, segment, known_cases, rows, positives, count(*) AS metrics, count(value) AS defined
FROM evaluated GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3;
SELECT metric, level, round(parameter::numeric, 3) AS parameter, round(value::numeric, 3) AS value
FROM evaluated WHERE breakdown = '(all)' AND known_cases = 'with';
-- as by hand
CREATE VIEW scored AS SELECT *, score_company(t, 'new@1') AS score FROM tested t;
SELECT count(*), bool_and(same(e.value, h.value)) AS as_by_hand
FROM (SELECT 'with' AS known_cases, 'roc_auc' AS metric, NULL AS level,
	risk.roc_auc(score, failed, weight) AS value FROM scored
	UNION ALL SELECT 'without', 'roc_auc', NULL,
	risk.roc_auc(score, failed, weight) FILTER (WHERE NOT known) FROM scored
	UNION ALL SELECT 'with', 'precision_at', 'strong', risk.precision_at(score, failed, 0.8, weight) FROM scored
	UNION ALL SELECT 'with', 'recall_at', 'moderate', risk.recall_at(score, failed, 0.3, weight) FROM scored
	UNION ALL SELECT 'with', 'fbeta_at', 'moderate', risk.fbeta_at(score, failed, 0.3, 2, weight) FROM scored
	UNION ALL SELECT 'with', 'best_threshold', 'strong', risk.best_threshold(score, failed, 0.5, weight) FROM scored
	UNION ALL SELECT 'with', 'alerts', 'strong', sum(weight) FILTER (WHERE score >= 0.8) FROM scored
	WHERE failed IS NOT NULL
	UNION ALL SELECT 'without', 'precision_at_k', NULL,
	risk.precision_at_k(score, failed, 200, weight) FILTER (WHERE NOT known) FROM scored) h
	LEFT JOIN evaluated e ON breakdown = '(all)' AND e.known_cases = h.known_cases AND e.metric = h.metric
		AND e.level IS NOT DISTINCT FROM h.level;
SELECT count(*), bool_and(same(e.value, h.value) AND e.rows = h.rows) AS as_by_hand
FROM evaluated e JOIN (SELECT COALESCE(region, '(none)') AS segment,
	risk.average_precision(score, failed, weight) AS value, count(failed) AS rows FROM scored
	GROUP BY 1) h USING (segment)
WHERE metric = 'average_precision' AND known_cases = 'with' AND breakdown = 'region';
-- without a choice of anything; queries as people write them
SELECT DISTINCT breakdown, segment, known_cases, rows, positives
FROM risk.evaluate_model('old@1', E'SELECT *, failed::int AS f FROM tested;\n', 'f');
SELECT count(*) FROM risk.evaluate_model('old@1', 'SELECT * FROM tested -- all of them', 'failed');
SELECT count(*) FROM risk.evaluate_model('old@1', 'VALUES (1, 2, true)', 'column3') WHERE false;
-- a label is what a training takes for one
SELECT type, rows, positives FROM unnest('{smallint,bigint,numeric,real,double precision}'::text[]) type,
	LATERAL (SELECT DISTINCT rows, positives
		FROM risk.evaluate_model('old@1', format('SELECT *, failed::int::%s AS f FROM tested', type), 'f')) e;
SELECT outcome($$SELECT count(*) FROM risk.evaluate_model('old@1', 'SELECT *, 2 * failed::int AS f FROM tested',
	'f')$$);
SELECT outcome($$SELECT count(*) FROM risk.compare_models('old@1', 'new@1',
	'SELECT *, failed::text AS f FROM tested', 'f')$$);
SELECT outcome($$SELECT count(*) FROM risk.compare_models('old@1', 'new@1', 'TABLE tested', 'nope')$$);
SELECT outcome($$SELECT count(*) FROM risk.compare_alerts('old@1', 'new@1', 'TABLE tested', 'nope')$$);
-- scores that are no probabilities, no thresholds, nothing to go by
SELECT metric, level, parameter FROM risk.evaluate_model('bare@1', 'SELECT * FROM tested', 'failed');
SELECT count(*) FROM risk.evaluate_model('bare@1', 'SELECT * FROM tested WHERE false', 'failed');
SELECT outcome($$SELECT * FROM risk.evaluate_model('old@1', 'SELECT * FROM tested', NULL)$$);
SELECT outcome($$SELECT * FROM risk.evaluate_model('old@1', NULL, 'failed')$$);
SELECT outcome($$SELECT * FROM risk.evaluate_model('old@1', 'TABLE tested', 'failed', '{region, NULL}')$$);
SELECT outcome($$SELECT * FROM risk.evaluate_model('old@1', 'TABLE tested', 'failed', '{{region, period}}')$$);
SELECT outcome($$SELECT * FROM risk.evaluate_model('old@1', 'SELECT * FROM tested', 'Failed')$$);
SELECT outcome($$SELECT * FROM risk.evaluate_model('nobody', 'SELECT * FROM tested', 'failed')$$);
SELECT outcome($$SELECT * FROM risk.evaluate_model('old@1', 'DELETE FROM tested RETURNING *', 'failed')$$);
SELECT outcome($$SELECT * FROM risk.evaluate_model('old@1',
	'WITH d AS (DELETE FROM tested RETURNING *) SELECT * FROM d', 'failed')$$);
-- names are names, whatever is in them
SELECT outcome($$SELECT count(*) FROM risk.evaluate_model('old@1',
	'SELECT *, failed AS "it''s; -- failed" FROM tested', 'it''s; -- failed', ARRAY['it''s; -- failed'])$$);
-- the name of the rows is taken: a jsonb column of that name would be scored in their place
SELECT outcome($$SELECT count(*) FROM risk.evaluate_model('old@1',
	'SELECT *, to_jsonb(t) AS company_risk_row FROM tested t', 'failed')$$);
SELECT outcome($$SELECT count(*) FROM risk.compare_models('old@1', 'new@1', 'SELECT 1 AS x; SELECT 2')$$);
-- and no column is taken for the row
CREATE VIEW with_letters AS SELECT t.*, q, q AS s, q AS l, q AS c, q AS d, q AS g
FROM tested t, (VALUES ('{"debt": 1, "staff": 1, "cash": 1}'::jsonb)) v (q);
SELECT count(*), count(DISTINCT e) FROM (SELECT *
	FROM risk.evaluate_model('old@1', 'TABLE tested', 'failed', '{region}')
	UNION ALL SELECT * FROM risk.evaluate_model('old@1', 'TABLE with_letters', 'failed', '{region}')) e;
SELECT count(*), count(DISTINCT e) FROM (SELECT * FROM risk.compare_models('old@1', 'new@1', 'TABLE tested', 'failed')
	UNION ALL SELECT * FROM risk.compare_models('old@1', 'new@1', 'TABLE with_letters', 'failed')) e;
SELECT count(*), count(DISTINCT e) FROM (SELECT * FROM risk.compare_alerts('old@1', 'new@1', 'TABLE tested', 'siren')
	UNION ALL SELECT * FROM risk.compare_alerts('old@1', 'new@1', 'TABLE with_letters', 'siren')) e;
DROP VIEW with_letters;

-- Two models side by side
SELECT measure, level, parameter, round(a::numeric, 3) AS a, round(b::numeric, 3) AS b,
	round(difference::numeric, 3) AS difference, round(together::numeric, 3) AS together
FROM risk.compare_models('old@1', 'new@1', 'SELECT * FROM tested', 'failed');
CREATE VIEW paired AS SELECT siren, a, b, CASE WHEN a >= 0.7 THEN 2 WHEN a >= 0.4 THEN 1 ELSE 0 END AS level_a,
	CASE WHEN b >= 0.8 THEN 2 WHEN b >= 0.3 THEN 1 ELSE 0 END AS level_b
FROM (SELECT siren, score_company(t, 'old@1') AS a, score_company(t, 'new@1') AS b FROM tested t) s;
SELECT same(a, (SELECT count(*) FROM paired WHERE level_a = 2)) AS a,
	same(b, (SELECT count(*) FROM paired WHERE level_b = 2)) AS b,
	same(together, (SELECT count(*) FROM paired WHERE level_a = 2 AND level_b = 2)) AS together
FROM risk.compare_models('old@1', 'new@1', 'SELECT * FROM tested') WHERE measure = 'alerts' AND level = 'strong';
SELECT sum(together) = 2000 AS all_levels FROM risk.compare_models('old@1', 'new@1', 'SELECT * FROM tested')
WHERE measure = 'level in a and b';
SELECT measure, abs(together - value) < 1e-12 AS as_by_hand
FROM risk.compare_models('old@1', 'new@1', 'SELECT * FROM tested')
	JOIN (SELECT 'same level, kappa' AS measure, (po - pe) / (1 - pe) AS value
		FROM (SELECT avg((level_a = level_b)::int)::float8 AS po,
			(SELECT sum(x.p * y.p) FROM (SELECT level_a, count(*) / 2000.0::float8 AS p FROM paired
				GROUP BY 1) x JOIN (SELECT level_b, count(*) / 2000.0::float8 AS p FROM paired
				GROUP BY 1) y ON x.level_a = y.level_b) AS pe FROM paired) k
		UNION ALL SELECT 'same level, share', avg((level_a = level_b)::int) FROM paired
		UNION ALL SELECT 'score correlation', corr(a, b) FROM paired) h USING (measure) ORDER BY 1;
-- with itself; with a model that has no thresholds; on nothing
SELECT measure, together FROM risk.compare_models('old@1', 'old@1', 'SELECT * FROM tested')
WHERE together IS NOT NULL AND measure NOT LIKE 'level%';
SELECT count(*) FILTER (WHERE difference <> 0) AS differences
FROM risk.compare_models('old@1', 'old@1', 'SELECT * FROM tested', 'failed', 'weight');
SELECT DISTINCT measure, level FROM risk.compare_models('old@1', 'bare@1', 'SELECT * FROM tested', 'failed')
ORDER BY 1, 2;
SELECT measure, a, b, together FROM risk.compare_models('old@1', 'new@1', 'SELECT * FROM tested WHERE false',
	'failed') WHERE measure <> 'level in a and b';
SELECT outcome($$SELECT * FROM risk.compare_models('old@1', 'new', 'SELECT * FROM tested')$$);

-- Who enters the list and who leaves it, and why
SELECT company, change, level_a, level_b, round(score_a::numeric, 3) AS score_a,
	round(score_b::numeric, 3) AS score_b, threshold_a, threshold_b, rank, feature_group, group_label,
	round(difference::numeric, 3) AS difference
FROM risk.compare_alerts('old@1', 'new@1', $$SELECT * FROM tested WHERE siren < '000000030'$$, 'siren', NULL)
\g (format=unaligned)
CREATE TABLE changed AS SELECT * FROM risk.compare_alerts('old@1', 'new@1', 'SELECT * FROM tested', 'siren', NULL);
SELECT change, count(DISTINCT company) AS companies, count(*) FROM changed GROUP BY 1 ORDER BY 1;
SELECT count(*) AS companies, bool_and(c.change = CASE WHEN level_a = 0 THEN 'enters'
	WHEN level_b = 0 THEN 'leaves' WHEN level_b > level_a THEN 'rises' ELSE 'falls' END) AS change,
	bool_and(abs(c.difference - (b - a)) < 1e-6) AS adds_up,
	bool_and(same(c.score_a, a) AND same(c.score_b, b)) AS scores
FROM (SELECT company AS siren, change, score_a, score_b, sum(difference) AS difference FROM changed
	GROUP BY 1, 2, 3, 4) c
	FULL JOIN (SELECT * FROM paired WHERE level_a <> level_b) p USING (siren);
SELECT bool_and(abs(difference) <= abs(before)) AS by_size
FROM (SELECT difference, lag(difference) OVER (PARTITION BY company ORDER BY rank) AS before FROM changed) d
WHERE before IS NOT NULL;
SELECT max(rank), count(*) = count(DISTINCT company) AS one_each
FROM risk.compare_alerts('old@1', 'new@1', 'SELECT * FROM tested', 'siren', 1);
SELECT count(*) FROM risk.compare_alerts('old@1', 'old@1', 'SELECT * FROM tested', 'siren');
SELECT outcome($$SELECT * FROM risk.compare_alerts('old@1', 'bare@1', 'SELECT * FROM tested', 'siren')$$);
SELECT outcome($$SELECT * FROM risk.compare_alerts('old@1', 'new@1', 'SELECT * FROM tested', NULL)$$);
SELECT outcome($$SELECT * FROM risk.compare_alerts('old@1', 'new@1', 'SELECT * FROM tested', 'siren', 0)$$);
-- groups that are called like what has none, and like the base
BEGIN;
SELECT risk.describe_features(reference, jsonb_build_object('features', features)) AS described
FROM (SELECT reference, jsonb_object_agg(feature, jsonb_build_object('group',
		CASE position % 3 WHEN 0 THEN '' WHEN 1 THEN '(base)' END)) AS features
	FROM risk.model_features WHERE reference IN ('old@1', 'new@1') GROUP BY reference) f ORDER BY reference;
SELECT bool_and(abs(difference - (score_b - score_a)) < 1e-6) AS adds_up
FROM (SELECT company, score_a, score_b, sum(difference) AS difference
	FROM risk.compare_alerts('old@1', 'new@1', 'SELECT * FROM tested', 'siren', NULL) GROUP BY 1, 2, 3) c;
ROLLBACK;

-- The caller's rights, and the search_path of a refresh
CREATE ROLE regress_company_risk_evaluator;
GRANT USAGE ON SCHEMA risk_test TO regress_company_risk_evaluator;
SET ROLE regress_company_risk_evaluator;
SELECT outcome($$SELECT * FROM risk.evaluate_model('old@1', 'SELECT * FROM tested', 'failed')$$);
RESET ROLE;
GRANT SELECT ON tested TO regress_company_risk_evaluator;
SET ROLE regress_company_risk_evaluator;
SELECT count(*) > 10 AS metrics FROM risk.evaluate_model('old@1', 'SELECT * FROM tested', 'failed', '{region}');
SELECT count(*) > 10 AS measures FROM risk.compare_models('old@1', 'new@1', 'SELECT * FROM tested', 'failed');
SELECT count(*) > 10 AS changes FROM risk.compare_alerts('old@1', 'new@1', 'SELECT * FROM tested', 'siren');
SELECT count(*) = 101 AS thresholds FROM risk.threshold_table(
	(SELECT risk.outcomes(score_company(t, 'old@1'), failed) FROM tested t));
SELECT (risk.bootstrap(risk.clustered_outcomes(score_company(t, 'old@1'), failed, siren), 'roc_auc',
	10)).resamples_used FROM tested t;
RESET ROLE;
REVOKE ALL ON SCHEMA risk_test FROM regress_company_risk_evaluator;
REVOKE ALL ON tested FROM regress_company_risk_evaluator;
DROP ROLE regress_company_risk_evaluator;
BEGIN;
SET LOCAL search_path = pg_catalog, pg_temp;
SELECT count(*) > 10 AS metrics FROM risk.evaluate_model('old@1', 'SELECT * FROM risk_test.tested', 'failed',
	'{region}', 'known', 'weight', 10);
SELECT count(*) > 10 AS measures FROM risk.compare_models('old@1', 'new@1', 'SELECT * FROM risk_test.tested',
	'failed', 'weight');
SELECT count(*) > 10 AS changes FROM risk.compare_alerts('old@1', 'new@1', 'SELECT * FROM risk_test.tested', 'siren');
COMMIT;
CREATE MATERIALIZED VIEW model_quality AS SELECT *
FROM risk.evaluate_model('old@1', 'SELECT * FROM risk_test.tested', 'failed', '{region}');
CREATE TABLE before_refresh AS SELECT * FROM model_quality;
REFRESH MATERIALIZED VIEW model_quality;
SELECT count(*) > 10 AS rows, (SELECT count(*)
	FROM (SELECT * FROM model_quality EXCEPT ALL SELECT * FROM before_refresh) d) AS changed FROM model_quality;
