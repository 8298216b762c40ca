--
-- Metrics against the golden numbers of test/metrics (scikit-learn, SciPy), and
-- against their definitions.
--
\getenv abs_srcdir PG_ABS_SRCDIR
\i :abs_srcdir/test/regress/fixture.sql
SET search_path = risk_test, public;
CREATE TABLE outcome (case_name text, score float8, label boolean, weight float8);
CREATE TABLE golden_value (case_name text, weighted boolean, metric text, parameters float8[], value float8);
CREATE TABLE golden_curve (case_name text, weighted boolean, curve text, threshold float8, x float8, y float8);
\cd :abs_srcdir/test/metrics
\copy outcome FROM rows.csv CSV
\copy golden_value FROM values.csv CSV
\copy golden_curve FROM curves.csv CSV

-- As good as equal: other programs round at every step
CREATE FUNCTION near(a float8, b float8, tolerance float8 DEFAULT 1e-12) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
	SELECT a IS NOT DISTINCT FROM b OR COALESCE(abs(a - b) <= tolerance * greatest(1, abs(b)), false)
$$;
-- A metric of a case, as an aggregate over rows and as a function of outcomes
CREATE FUNCTION metric_of_rows(case_name text, weighted boolean, metric text, parameters float8[]) RETURNS float8
LANGUAGE plpgsql AS $$
DECLARE
	result float8;
	arguments text := array_to_string(ARRAY['score', 'label'] || CASE metric
		WHEN 'calibration_error' THEN ARRAY[parameters[1]::int::text, '''uniform''']
		ELSE parameters::text[] END || CASE WHEN weighted THEN 'weight' END, ', ');
BEGIN
	EXECUTE format('SELECT risk.%I(%s) FROM outcome WHERE case_name = %L', metric, arguments, case_name) INTO result;
	RETURN result;
END
$$;
CREATE FUNCTION metric_of_outcomes(outcomes risk.outcomes, metric text, parameters float8[]) RETURNS float8
LANGUAGE plpgsql AS $$
DECLARE
	result float8;
BEGIN
	EXECUTE format('SELECT risk.%I(%s)', metric, array_to_string(ARRAY['$1'] || CASE metric
		WHEN 'calibration_error' THEN ARRAY[parameters[1]::int::text]
		ELSE parameters::text[] END, ', ')) INTO result USING outcomes;
	RETURN result;
END
$$;
CREATE FUNCTION outcomes_of(case_name text, weighted boolean) RETURNS risk.outcomes LANGUAGE sql STABLE AS $$
	SELECT CASE WHEN weighted THEN risk.outcomes(score, label, weight) ELSE risk.outcomes(score, label) END
	FROM outcome o WHERE o.case_name = outcomes_of.case_name
$$;

--
-- Golden numbers
--
CREATE TABLE answer AS
SELECT g.*, metric_of_rows(case_name, weighted, metric, parameters) AS of_rows,
	metric_of_outcomes(outcomes_of(case_name, weighted), metric, parameters) AS of_outcomes
FROM golden_value g;
SELECT metric, count(*), count(value) AS defined, bool_and(near(of_rows, value)) AS as_golden,
	bool_and(same(of_rows, of_outcomes)) AS both_ways
FROM answer GROUP BY metric ORDER BY metric;
SELECT case_name, weighted, metric, parameters, value, of_rows FROM answer WHERE NOT near(of_rows, value)
ORDER BY 1, 2, 3, 4;
-- with counts for weights, a weight of 1 changes nothing, to the last bit
SELECT bool_and(same(of_rows, (SELECT CASE metric
	WHEN 'roc_auc' THEN risk.roc_auc(score, label, 1.0)
	WHEN 'average_precision' THEN risk.average_precision(score, label, 1.0)
	WHEN 'log_loss' THEN risk.log_loss(score, label, 1.0) WHEN 'brier_score' THEN risk.brier_score(score, label, 1.0)
	WHEN 'ks_statistic' THEN risk.ks_statistic(score, label, 1.0) END
	FROM outcome o WHERE o.case_name = a.case_name))) AS same
FROM answer a WHERE NOT weighted AND case_name <> 'unbounded'
	AND metric IN ('roc_auc', 'average_precision', 'log_loss', 'brier_score', 'ks_statistic');
-- nor does a factor of all weights
SELECT metric, bool_and(near(v.value, of_rows)) AS same
FROM answer a, LATERAL (SELECT CASE metric
		WHEN 'roc_auc' THEN risk.roc_auc(score, label, weight * factor)
		WHEN 'average_precision' THEN risk.average_precision(score, label, weight * factor)
		WHEN 'log_loss' THEN risk.log_loss(score, label, weight * factor)
		WHEN 'ks_statistic' THEN risk.ks_statistic(score, label, weight * factor)
		WHEN 'best_threshold' THEN risk.best_threshold(score, label, parameters[1], weight * factor) END AS value
	FROM outcome o, unnest(ARRAY[1e-200, 1e-290, 1e200, 1e280]::float8[]) factor WHERE o.case_name = a.case_name
	GROUP BY factor) v
WHERE weighted AND case_name NOT IN ('uneven weights', 'unbounded')
	AND metric IN ('roc_auc', 'average_precision', 'log_loss', 'ks_statistic', 'best_threshold')
GROUP BY metric ORDER BY metric;

-- Curves
WITH point AS (
	SELECT case_name, weighted, 'roc' AS curve, threshold, false_positive_rate AS x, true_positive_rate AS y
	FROM (SELECT DISTINCT case_name, weighted FROM golden_curve) c, risk.roc_curve(outcomes_of(case_name, weighted))
	UNION ALL
	SELECT case_name, weighted, 'precision_recall', threshold, precision, recall
	FROM (SELECT DISTINCT case_name, weighted FROM golden_curve) c,
		risk.precision_recall_curve(outcomes_of(case_name, weighted)))
SELECT curve, count(*), count(p.x) FILTER (WHERE threshold = 'Infinity') AS beginnings,
	bool_and(near(p.x, g.x) AND near(p.y, g.y)) FILTER (WHERE threshold < 'Infinity') AS as_golden
FROM golden_curve g FULL JOIN point p USING (case_name, weighted, curve, threshold) GROUP BY curve ORDER BY curve;

--
-- Definitions, by brute force
--
SELECT count(*), bool_and(near(auc, pairs)) AS pairs, bool_and(near(best, threshold)) AS best
FROM (SELECT case_name, risk.roc_auc(score, label) AS auc, risk.best_threshold(score, label, 0.5) AS best
	FROM outcome GROUP BY 1) m,
	LATERAL (SELECT avg(CASE WHEN a.score > b.score THEN 1.0
		WHEN a.score = b.score THEN 0.5 ELSE 0 END)::float8 AS pairs
		FROM outcome a, outcome b WHERE a.case_name = m.case_name AND b.case_name = m.case_name AND a.label
			AND NOT b.label) p,
	LATERAL (SELECT t.score AS threshold
		FROM (SELECT DISTINCT score FROM outcome o WHERE o.case_name = m.case_name) t,
			LATERAL (SELECT count(*) FILTER (WHERE o.label AND o.score >= t.score) AS hits,
				count(*) FILTER (WHERE o.score >= t.score) AS alerts,
				count(*) FILTER (WHERE o.label) AS failures FROM outcome o WHERE o.case_name = m.case_name) c
		ORDER BY 1.25 * hits / nullif(0.25 * failures + alerts, 0) DESC, t.score DESC LIMIT 1) b
WHERE auc IS NOT NULL;
-- the highest scores: of equal ones at the end, the expected number
CREATE FUNCTION top_failures(case_name text, cases numeric) RETURNS float8 LANGUAGE sql AS $$
	SELECT sum(label::int * greatest(0, least(1, (cases - above) / same)))::float8
	FROM (SELECT label, count(*) OVER (ORDER BY score DESC RANGE UNBOUNDED PRECEDING EXCLUDE GROUP) AS above,
		count(*) OVER (PARTITION BY score) AS same
		FROM outcome o WHERE o.case_name = top_failures.case_name) r
$$;
SELECT case_name, bool_and(near(risk.precision_at_k(o, cases),
	top_failures(case_name, cases) / least(cases, n))) AS cases,
	bool_and(near(risk.lift_at_k(o, cases),
		top_failures(case_name, cases) / least(cases, n) / nullif(rate, 0))) AS lift,
	bool_and(near(risk.precision_at_share(o, share),
		top_failures(case_name, share::numeric * n) / (share * n))) AS shares,
	bool_and(near(risk.lift_at_share(o, share),
		top_failures(case_name, share::numeric * n) / (share * n) / nullif(rate, 0))) AS share_lift
FROM (SELECT case_name, risk.outcomes(score, label) AS o, count(*) AS n, avg(label::int)::float8 AS rate
	FROM outcome GROUP BY 1) c,
	(VALUES (1, 0.01::float8), (2, 0.05), (7, 0.5), (100, 0.9), (5000, 1)) k (cases, share)
GROUP BY case_name ORDER BY case_name;
SELECT risk.precision_at_k(score, label, 10) = risk.precision_at_k(risk.outcomes(score, label), 10) AS k,
	risk.precision_at_share(score, label, 0.05) = risk.precision_at_share(risk.outcomes(score, label), 0.05) AS share,
	risk.precision_at_k(score, label, 10, weight)
	= risk.precision_at_k(risk.outcomes(score, label, weight), 10) AS weighted,
	risk.lift_at_k(score, label, 10, weight) = risk.lift_at_k(risk.outcomes(score, label, weight), 10) AS lift,
	risk.lift_at_share(score, label, 0.05, weight)
	= risk.lift_at_share(risk.outcomes(score, label, weight), 0.05) AS lift_share
FROM outcome WHERE case_name = 'rare';
-- no literal makes a share of a number of cases, nor a number of cases of a share
SELECT call, literal, split_part(outcome(format('SELECT risk.%s(%s, %s) FROM outcome WHERE case_name = ''rare''',
	call, argument, literal)), E'\n', 1) AS outcome
FROM (VALUES ('precision_at_k'), ('precision_at_share'), ('lift_at_k'), ('lift_at_share')) c (call),
	(VALUES ('score, label'), ('risk.outcomes(score, label)')) a (argument),
	unnest(ARRAY['0.05', '1', '1.0', '5', '''5''', 'count(*)']) literal
WHERE argument <> 'score, label' OR literal <> 'count(*)' \g (format=unaligned)
SELECT near(risk.precision_at_k(o, 1), top_failures('rare', 1)) AS one,
	near(risk.precision_at_k(o, '5'), top_failures('rare', 5) / 5) AS five,
	near(risk.precision_at_share(o, 1), rate) AS everybody, risk.lift_at_share(o, 1.0) AS lift_of_everybody
FROM (SELECT risk.outcomes(score, label) AS o, avg(label::int)::float8 AS rate
	FROM outcome WHERE case_name = 'rare') r;
-- quantile bins: of equal size where there are no ties
SELECT near(risk.calibration_error(score, label, 10, 'quantile'), (SELECT sum(abs(s - l)) / 200
	FROM (SELECT sum(score) AS s, sum(label::int) AS l FROM (SELECT *, ntile(10) OVER (ORDER BY score) AS bin
		FROM outcome WHERE case_name = 'plain') r GROUP BY bin) b)) AS quantile,
	risk.calibration_error(score, label) = risk.calibration_error(score, label, 10, 'uniform') AS by_default,
	near(risk.calibration_error(score, label, 4, 'quantile', 3),
		risk.calibration_error(score, label, 4, 'quantile')) AS weights
FROM outcome WHERE case_name = 'plain';

--
-- NULLs, nothing, one class
--
SELECT risk.roc_auc(score, label), risk.average_precision(score, label), risk.log_loss(score, label),
	risk.brier_score(score, label),
	risk.fbeta_at(score, label, 0.5, 1), risk.outcomes(score, label) IS NULL AS outcomes,
	risk.merge_outcomes(NULL) IS NULL AS merged
FROM outcome WHERE false;
SELECT risk.roc_auc(x, NULL), risk.roc_auc(NULL, true), risk.log_loss(NULL, true, 1),
	risk.precision_at(0.5, true, NULL),
	risk.roc_auc(0.5, true, NULL) FROM generate_series(1, 3) x;
SELECT risk.roc_auc(s, l) AS auc, risk.roc_auc(s, l, w) AS weighted,
	round(risk.log_loss(s, l, w)::numeric, 12) AS log_loss,
	risk.precision_at(s, l, 0.5, w)
FROM (VALUES (0.1::float8, false, 1::float8), (0.8, true, 2), (NULL, true, 1), (0.3, NULL, 1),
	(0.5, true, NULL), (0.99, false, 0)) v (s, l, w) WHERE w IS DISTINCT FROM 0;
-- rows of weight 0 do not count; all of them are nothing
SELECT risk.roc_auc(s, l, w), risk.log_loss(s, l, w), risk.precision_at(s, l, 0.5, w),
	risk.outcomes(s, l, w) IS NULL AS outcomes
FROM (VALUES (0.1::float8, false, 0::float8), (0.8, true, 0)) v (s, l, w);
-- 0 and -0 are one score; infinite scores have a rank
SELECT risk.roc_auc(s, l), (risk.count_outcomes(risk.outcomes(s, l))).*
FROM (VALUES ('-0'::float8, true), ('0', false), ('Infinity', true), ('-Infinity', false),
	('Infinity', true)) v (s, l);

--
-- What is refused
--
SELECT outcome($$SELECT risk.roc_auc('NaN', true)$$);
SELECT outcome($$SELECT risk.log_loss('NaN', true)$$);
SELECT outcome($$SELECT risk.log_loss(1.5, true)$$);
SELECT outcome($$SELECT risk.brier_score('-Infinity', true)$$);
SELECT outcome($$SELECT risk.calibration_error(-0.1, true)$$);
SELECT outcome($$SELECT risk.log_loss(risk.outcomes(2, true))$$);
SELECT outcome($$SELECT risk.calibration_error(risk.outcomes('Infinity', true), 10, 'quantile')$$);
SELECT outcome($$SELECT risk.roc_auc(0.5, true, -1)$$);
SELECT outcome($$SELECT risk.roc_auc(0.5, true, 'NaN')$$);
SELECT outcome($$SELECT risk.precision_at(0.5, true, 0.5, 'Infinity')$$);
SELECT outcome($$SELECT risk.precision_at(0.5, true, 'NaN')$$);
SELECT outcome($$SELECT risk.best_threshold(0.5, true, -1)$$);
SELECT outcome($$SELECT risk.fbeta_at(0.5, true, 0.5, 'Infinity')$$);
SELECT outcome($$SELECT risk.precision_at_k(0.5, true, 0)$$);
SELECT outcome($$SELECT risk.precision_at_share(0.5, true, 1.5)$$);
SELECT outcome($$SELECT risk.lift_at_share(0.5, true, 200::bigint)$$);
SELECT outcome($$SELECT risk.calibration_error(0.5, true, 0, 'uniform')$$);
SELECT outcome($$SELECT risk.calibration_error(0.5, true, 10, 'equal')$$);
SELECT outcome($$SELECT risk.precision_at(0.5, true, x) FROM generate_series(1, 2) x$$);
SELECT outcome($$SELECT risk.best_threshold(0.5, true, x) FROM generate_series(1, 2) x$$);
-- weights of any size are not, though their sum is no double
SELECT risk.brier_score(0.5, true, 1e308) AS brier_score,
	risk.precision_at(0.5, x > 15, 0.5, 1e308) AS precision_at,
	risk.roc_auc(x * 0.1, x > 2, 1e308) AS roc_auc FROM generate_series(1, 20) x;
SELECT outcome($$SELECT risk.merge_outcomes(o)
	FROM (VALUES (risk.outcomes(0.5, true)), (risk.outcomes(0.5, true, 2))) v (o)$$);

--
-- Any order, any tree of partial states, any plan: the same bits
--
SELECT setseed(0.5);
CREATE TABLE many AS
SELECT n, siren, period, score, random() < score AS label, (random() * 5)::float8 AS weight, n % 7 AS part
FROM (SELECT n, n / 12 AS siren, n % 12 AS period,
	CASE WHEN n % 3 = 0 THEN round(random()::numeric, 2)::float8 ELSE random() ^ 2 END AS score
	FROM generate_series(1, 30000) n) r;
ANALYZE many;
CREATE VIEW all_metrics AS
SELECT part, risk.roc_auc(score, label) AS a, risk.roc_auc(score, label, weight) AS b,
	risk.average_precision(score, label) AS c,
	risk.average_precision(score, label, weight) AS d, risk.ks_statistic(score, label, weight) AS e,
	risk.best_threshold(score, label, 1) AS f,
	risk.best_threshold(score, label, 0.5) AS g, risk.best_threshold(score, label, 2, weight) AS h,
	risk.log_loss(score, label) AS i,
	risk.log_loss(score, label, weight) AS j, risk.brier_score(score, label) AS k,
	risk.brier_score(score, label, weight) AS l,
	risk.precision_at(score, label, 0.3, weight) AS m, risk.recall_at(score, label, 0.3) AS n,
	risk.recall_at(score, label, 0.3, weight) AS o,
	risk.balanced_accuracy_at(score, label, 0.3, weight) AS p, risk.fbeta_at(score, label, 0.3, 2, weight) AS q,
	risk.precision_at_k(score, label, 200) AS r, risk.lift_at_share(score, label, 0.05, weight) AS s,
	risk.calibration_error(score, label) AS t, risk.calibration_error(score, label, 7, 'quantile', weight) AS u,
	risk.lift_at_k(score, label, 200) AS v, md5(risk.outcomes(score, label)::text) AS w,
	md5(risk.outcomes(score, label, weight)::text) AS x,
	md5(risk.clustered_outcomes(score, label, siren::text)::text) AS y,
	md5(risk.clustered_outcomes(score, label, siren::text, weight)::text) AS z
FROM many GROUP BY GROUPING SETS ((part), ());
SET max_parallel_workers_per_gather = 0;
CREATE TABLE serial_metrics AS SELECT * FROM all_metrics;
SELECT count(*), count(a + b + c + d + e + f + g + h + i + j + k + l + m + n + o + p + q + r + s + t + u
	+ v) AS defined FROM serial_metrics;
-- in parallel, by workers only
CREATE VIEW all_parallel AS SELECT risk.roc_auc(score, label) AS a, risk.roc_auc(score, label, weight) AS b,
	risk.average_precision(score, label) AS c,
	risk.average_precision(score, label, weight) AS d, risk.ks_statistic(score, label, weight) AS e,
	risk.best_threshold(score, label, 1) AS f,
	risk.best_threshold(score, label, 0.5) AS g, risk.best_threshold(score, label, 2, weight) AS h,
	risk.log_loss(score, label) AS i,
	risk.log_loss(score, label, weight) AS j, risk.brier_score(score, label) AS k,
	risk.brier_score(score, label, weight) AS l,
	risk.precision_at(score, label, 0.3, weight) AS m, risk.recall_at(score, label, 0.3) AS n,
	risk.recall_at(score, label, 0.3, weight) AS o,
	risk.balanced_accuracy_at(score, label, 0.3, weight) AS p, risk.fbeta_at(score, label, 0.3, 2, weight) AS q,
	risk.precision_at_k(score, label, 200) AS r, risk.lift_at_share(score, label, 0.05, weight) AS s,
	risk.calibration_error(score, label) AS t, risk.calibration_error(score, label, 7, 'quantile', weight) AS u,
	risk.lift_at_k(score, label, 200) AS v, md5(risk.outcomes(score, label)::text) AS w,
	md5(risk.outcomes(score, label, weight)::text) AS x,
	md5(risk.clustered_outcomes(score, label, siren::text)::text) AS y,
	md5(risk.clustered_outcomes(score, label, siren::text, weight)::text) AS z FROM many;
SET max_parallel_workers_per_gather = 2;
SET min_parallel_table_scan_size = 0;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET parallel_leader_participation = off;
ALTER TABLE many SET (parallel_workers = 2);
EXPLAIN (COSTS OFF) SELECT risk.roc_auc(score, label), risk.log_loss(score, label) FROM many;
SELECT count(*) AS same FROM (SELECT *
	FROM all_parallel INTERSECT SELECT a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x,
		y, z FROM serial_metrics WHERE part IS NULL) r;
EXPLAIN (COSTS OFF) SELECT part, risk.roc_auc(score, label), risk.log_loss(score, label) FROM many GROUP BY part;
SELECT count(*) AS same FROM (SELECT part, risk.roc_auc(score, label, weight) AS b,
	risk.log_loss(score, label, weight) AS j, risk.lift_at_k(score, label, 200) AS v
	FROM many GROUP BY part) p JOIN serial_metrics s USING (part, b, j, v);
RESET max_parallel_workers_per_gather;
RESET min_parallel_table_scan_size;
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
RESET parallel_leader_participation;
SET max_parallel_workers_per_gather = 0;
-- in other orders
SELECT bool_and(s.j = o.j AND s.b = o.b AND s.x = o.x AND s.m = o.m) AS same
FROM serial_metrics s, LATERAL (
	SELECT risk.log_loss(score, label, weight) AS j, risk.roc_auc(score, label, weight) AS b,
		md5(risk.outcomes(score, label, weight)::text) AS x, risk.precision_at(score, label, 0.3, weight) AS m
	FROM (SELECT * FROM many ORDER BY score DESC, weight) r
	UNION ALL SELECT risk.log_loss(score, label, weight), risk.roc_auc(score, label, weight),
	md5(risk.outcomes(score, label, weight)::text), risk.precision_at(score, label, 0.3, weight)
	FROM (SELECT * FROM many ORDER BY score, weight DESC) r
	UNION ALL SELECT risk.log_loss(score, label, weight ORDER BY md5(n::text)),
	risk.roc_auc(score, label, weight ORDER BY md5(n::text)),
		md5(risk.outcomes(score, label, weight ORDER BY md5(n::text))::text),
		risk.precision_at(score, label, 0.3, weight ORDER BY md5(n::text)) FROM many) o
WHERE s.part IS NULL;
-- merged in random trees, with the combine function and with the aggregate
CREATE FUNCTION merged(parts anyarray, combine text) RETURNS anyelement LANGUAGE plpgsql AS $$
DECLARE
	i int;
	j int;
	sum parts%TYPE;
BEGIN
	WHILE cardinality(parts) > 1 LOOP
		i := 1 + floor(random() * cardinality(parts));
		j := 1 + (i + floor(random() * (cardinality(parts) - 1))::int) % cardinality(parts);
		EXECUTE format('SELECT ARRAY[risk_internal.%I($1, $2)]', combine) INTO sum USING parts[i], parts[j];
		parts := ARRAY(SELECT p FROM unnest(parts) WITH ORDINALITY u (p, o) WHERE o NOT IN (i, j)) || sum;
	END LOOP;
	RETURN parts[1];
END
$$;
-- (an aggregate without a final function shows the state)
CREATE AGGREGATE threshold_state(float8, boolean, float8, float8) (SFUNC = risk_internal.metric_add_parameter,
	STYPE = risk_internal.metric_state, COMBINEFUNC = risk_internal.metric_combine);
CREATE TABLE piece AS
SELECT floor(random() * 40) AS piece, risk.outcomes(score, label, weight) AS outcomes,
	threshold_state(score, label, 0.3, weight) AS state FROM many GROUP BY 1;
SELECT count(DISTINCT merged(outcomes, 'outcomes_combine')::text) AS outcomes,
	count(DISTINCT merged(states, 'metric_combine')::text) AS states
FROM (SELECT array_agg(outcomes) AS outcomes, array_agg(state) AS states FROM piece) p, generate_series(1, 10);
SELECT md5(risk.merge_outcomes(outcomes)::text) = x AS outcomes,
	risk.merge_outcomes(outcomes)::text = merged(array_agg(outcomes), 'outcomes_combine')::text AS trees,
	risk_internal.precision_at_final(merged(array_agg(state), 'metric_combine')) = m AS precision
FROM piece, serial_metrics WHERE part IS NULL GROUP BY m, x;
-- pieces themselves are as they were
SELECT count(DISTINCT outcomes::text) AS pieces, sum((risk.count_outcomes(outcomes)).rows) AS rows FROM piece;

-- Running, over a window, and with FILTER
SELECT count(*), bool_and(same(running, direct)) AS auc, bool_and(same(running_loss, direct_loss)) AS loss,
	bool_and(same(running_precision, direct_precision)) AS precision
FROM (SELECT n, risk.roc_auc(score, label) OVER w AS running, risk.log_loss(score, label) OVER w AS running_loss,
		risk.precision_at(score, label, 0.2) OVER w AS running_precision FROM many WHERE n <= 200
		WINDOW w AS (ORDER BY n)) r,
	LATERAL (SELECT risk.roc_auc(score, label) AS direct, risk.log_loss(score, label) AS direct_loss,
		risk.precision_at(score, label, 0.2) AS direct_precision
		FROM many m WHERE m.n <= r.n) d;
SELECT count(*), bool_and(same(sliding, direct)) AS same
FROM (SELECT n, risk.roc_auc(score, label, weight)
	OVER (ORDER BY n ROWS BETWEEN 30 PRECEDING AND CURRENT ROW) AS sliding FROM many WHERE n <= 200) r,
	LATERAL (SELECT risk.roc_auc(score, label, weight) AS direct FROM many m WHERE m.n BETWEEN r.n - 30 AND r.n) d;
SELECT same(risk.roc_auc(score, label) FILTER (WHERE part = 3),
	(SELECT a FROM serial_metrics WHERE part = 3)) AS filtered FROM many;
-- many groups, spilled from memory
SET work_mem = '64kB';
SET enable_sort = off;
CREATE TABLE small_groups AS SELECT siren, count(*) AS n, risk.roc_auc(score, label) AS auc,
	risk.log_loss(score, label) AS loss FROM many GROUP BY siren;
RESET work_mem;
RESET enable_sort;
SELECT count(*), sum(n) AS rows, count(auc) > 2000 AS defined, bool_and(near(auc, pairs)) AS auc,
	bool_and(near(g.loss, l.loss)) AS loss
FROM small_groups g JOIN (SELECT siren, avg(-ln(CASE WHEN label THEN score ELSE 1 - score END)) AS loss FROM many
		WHERE score > 0 AND score < 1 GROUP BY siren HAVING count(*) = 12) l USING (siren)
	LEFT JOIN (SELECT siren, avg(CASE WHEN a.score > b.score THEN 1.0
		WHEN a.score = b.score THEN 0.5 ELSE 0 END)::float8 AS pairs
		FROM many a JOIN many b USING (siren) WHERE a.label AND NOT b.label GROUP BY siren) p USING (siren);

--
-- Sums of losses: as numeric has them
--
CREATE TABLE square AS SELECT p, l, w, (p - l::int) * (p - l::int) AS loss FROM (
	SELECT random() ^ (1 + n % 40)::float8 AS p, random() < 0.5 AS l, (2.0::float8 ^ (n % 60 - 30)) AS w
	FROM generate_series(1, 3000) n) r;
SELECT near(risk.brier_score(p, l), (sum(loss::numeric) / count(*))::float8, 1e-15) AS unweighted,
	near(risk.brier_score(p, l, w), (sum(loss::numeric * w::numeric) / sum(w::numeric))::float8,
		1e-15) AS weighted FROM square;
-- nothing is lost between large and small
SELECT risk.brier_score(p, false, w) AS of_one, risk.precision_at(0.5, p = 0, 0.5, w) AS share
FROM (VALUES (1::float8, 1e300::float8), (0, 1), (1, 1e-300)) v (p, w);
SELECT risk.precision_at(0.5, l, 0.1, w) = 1.0 / 3 AS third
FROM (SELECT n % 3 = 0 AS l, 2.0::float8 ^ (-1074) AS w FROM generate_series(1, 300) n) r;

--
-- The type: as text
--
SELECT risk.outcomes(s, l) AS plain, risk.outcomes(s, l, 1.5) AS weighted
FROM (VALUES (0.1::float8, false), (0.30000000000000004, true), (0.1, false), ('-0', true), ('Infinity', true),
	('-Infinity', false), (5e-324, true), (1e22, false), (-1.7976931348623157e308, false)) v (s, l) \gx
SELECT risk.clustered_outcomes(0.5, true, 'a') AS clustered,
	risk.clustered_outcomes(0.5, true, 'a', 2) AS weighted \gx
-- what it says reads back as the same, whatever extra_float_digits says
SET extra_float_digits = -10;
SELECT count(*), bool_and(o *= again) AS same FROM (SELECT ROW(o) AS o, ROW(o::text::risk.outcomes) AS again
	FROM (SELECT outcomes_of(case_name, weighted) AS o
			FROM (SELECT DISTINCT case_name FROM outcome) c, (VALUES (false), (true)) w (weighted)
		UNION ALL SELECT risk.clustered_outcomes(score, label, n::text) FROM many
		UNION ALL SELECT risk.clustered_outcomes(score, label, n::text, weight) FROM many) o) r;
SET extra_float_digits = 1;
-- entries in any order, twice, as people write numbers
SELECT ' 1  score,label,rows:  5e-1,t,1
	0.10,f,2 0.5,t,3 -0,f,1 1e0,t,1 '::risk.outcomes;
SELECT risk.roc_auc('1 score,label,rows: 0.2,f,3 0.7,t,1 0.1,t,1'),
	(risk.count_outcomes('1 score,label,rows:')).rows AS none;
-- what it is not
SELECT input, outcome(format('SELECT %L::risk.outcomes', input)) FROM unnest(ARRAY['', '1',
	'2 score,label,rows: 0.5,t,1', 'score,label,rows: 0.5,t,1', '1 score,label: 0.5,t', '1 score,label,rows 0.5,t,1',
	'1 score,label,rows: NaN,t,1', '1 score,label,rows: 1e999,t,1', '1 score,label,rows: 1e-999,t,1',
	'1 score,label,rows: x,t,1', '1 score,label,rows: 0.5,x,1', '1 score,label,rows: 0.5,t,0',
	'1 score,label,rows: 0.5,t,-1', '1 score,label,rows: 0.5,t,9007199254740993',
	'1 score,label,rows: 0.5,t,99999999999999999999999', '1 score,label,rows: 0.5,t,1.5',
	'1 score,label,rows: 0.5,t,1,2', '1 score,label,rows: 0.5,t,1;0.6,f,1',
	'1 score,weight,label,rows: 0.5,0,t,1', '1 score,weight,label,rows: 0.5,-1,t,1',
	'1 score,weight,label,rows: 0.5,Infinity,t,1', '1 score,cluster,label,rows: 0.5,00,t,1',
	'1 score,cluster,label,rows: 0.5,000000000000000X,t,1', '1 value,now,rows: 0.5,t,1',
	'1 [0.5] score,label,rows: 0.5,t,1', '\x43524f01', 'éé',
	'1 score,label,rows: 0.5,t,1 ééééééééééééééééééééééééé']) input \g (format=unaligned)
-- counts whose sum is no number of rows
SELECT outcome($$SELECT '1 score,label,rows: 0.1,t,9007199254740992 0.2,f,1'::risk.outcomes$$);
SELECT outcome($$SELECT '1 score,label,rows: 0.1,t,9007199254740992 0.1,t,1'::risk.outcomes$$);
CREATE TABLE endless AS SELECT '1 score,label,rows: 0,f,9007199254740992'::risk.outcomes AS low,
	'1 score,label,rows: 1,t,9007199254740992'::risk.outcomes AS high;
SELECT outcome(format('SELECT %s FROM endless', call)) AS outcome
FROM unnest(ARRAY['risk.bootstrap(high, ''average_precision'', 1)', 'risk_internal.outcomes_combine(low, low)',
	'risk_internal.outcomes_combine(low, high)']) c (call);
SELECT outcome($$SELECT risk.merge_outcomes(o) FROM endless, LATERAL (VALUES (low), (high)) v (o)$$);
SELECT risk.roc_auc(low), risk.count_outcomes(low) FROM endless;
-- any single character changed: the error of a type, or outcomes that functions can take
SELECT kind, count(*) AS tried, bool_and(result ~ '^(ok|22P02|22003|22023|54000)') AS as_expected,
	bool_or(result = 'ok') AS some_answered, bool_or(result LIKE '22P02%') AS some_refused
FROM (SELECT kind, outcome(format('SELECT %s FROM (SELECT %L::%s AS s) f', call,
		overlay(text PLACING change FROM n FOR 1), type)) AS result
	FROM (SELECT 'plain' AS kind, 'risk.outcomes' AS type, risk.outcomes(score, label)::text AS text,
				'risk.average_precision(risk_internal.outcomes_combine(s, s))' AS call
			FROM outcome WHERE case_name = 'tiny'
		UNION ALL SELECT 'weighted', 'risk.outcomes', risk.outcomes(score, label, weight)::text,
				'risk.brier_score(s)' FROM outcome WHERE case_name = 'tiny'
		UNION ALL SELECT 'clustered', 'risk.outcomes',
				risk.clustered_outcomes(score, label, weight::text, weight)::text,
				'risk.bootstrap(s, ''average_precision'', 3)' FROM outcome WHERE case_name = 'tiny'
		UNION ALL SELECT 'state', 'risk_internal.metric_state', threshold_state(score, label, 0.4, weight)::text,
				'risk_internal.precision_at_final(risk_internal.metric_combine(s, s))'
			FROM outcome WHERE case_name = 'tiny') t,
		LATERAL generate_series(1, length(text)) n,
		unnest(ARRAY['', ' ', ',', ':', '-', '0', '9', 'e', 't', '[', E'\n', 'é']) change) r
GROUP BY kind ORDER BY kind;

-- States are everybody's to call, and say what they are not
SELECT threshold_state(score, label, 0.4, weight) FROM outcome WHERE case_name = 'tiny';
SELECT call, outcome(format('SELECT risk_internal.%s', call)) FROM unnest(ARRAY['outcomes_add(NULL, 0.5, true)',
	'metric_add_parameter(NULL, 0.5, true, 1)',
	'precision_at_final(''1 [NaN] score,label,rows: 0.5,t,1'')',
	'precision_at_final(''1 score,label,rows: 0.5,t,1'')',
	'precision_at_share_final(''1 [2] score,label,rows: 0.5,t,1'')',
	'precision_at_k_final(''1 [1.5] score,label,rows: 0.5,t,1'')',
	'fbeta_at_final(''1 [0.5] score,label,rows: 0.5,t,1'')',
	'fbeta_at_final(''1 [0.5,1,2] score,label,rows: 0.5,t,1'')',
	'calibration_error_final(''1 [1e6,1] score,label,rows: 0.5,t,1''::risk_internal.metric_state)',
	'best_threshold_final(''1 [1] value,now,rows: 0.5,t,1'')',
	'samples_wasserstein(''1 [10] score,label,rows: 0.5,t,1'')',
	'metric_combine(''1 [1] score,label,rows: 0.5,t,1'', ''1 [2] score,label,rows: 0.5,t,1'')',
	'metric_combine(''1 [1] score,label,rows: 0.5,t,1'', ''1 [1] value,now,rows: 0.5,t,1'')']) call
	\g (format=unaligned)
-- so that somebody without any rights can gather states of other servers, as text or in binary
CREATE ROLE regress_company_risk_coordinator;
GRANT USAGE ON SCHEMA risk_test TO regress_company_risk_coordinator;
CREATE VIEW sent AS SELECT outcomes::text AS outcomes, state::text AS state, piece FROM piece;
GRANT SELECT ON sent, serial_metrics TO regress_company_risk_coordinator;
SET ROLE regress_company_risk_coordinator;
SELECT risk.roc_auc(risk.merge_outcomes(outcomes::risk.outcomes)) = b AS auc,
	risk.log_loss(risk.merge_outcomes(outcomes::risk.outcomes)) = j AS log_loss,
	risk_internal.precision_at_final(merged(array_agg(state::risk_internal.metric_state), 'metric_combine')) = m
		AS precision,
	length(risk_internal.outcomes_send(risk_internal.outcomes_combine(min(outcomes)::risk.outcomes, NULL))) > 100
		AS sent
FROM sent, serial_metrics WHERE part IS NULL GROUP BY b, j, m;
RESET ROLE;
-- as a state to begin with, too
CREATE AGGREGATE begun(float8, boolean) (SFUNC = risk_internal.outcomes_add, STYPE = risk.outcomes,
	FINALFUNC = risk.roc_auc, INITCOND = '1 score,label,rows: 0.1,f,1');
SELECT begun(0.5, true) FROM generate_series(1, 3);
CREATE AGGREGATE begun(float8, boolean, float8) (SFUNC = risk_internal.outcomes_add, STYPE = risk.outcomes,
	FINALFUNC = risk.roc_auc, INITCOND = '1 score,label,rows: 0.1,f,1');
SELECT outcome($$SELECT begun(0.5, true, 2)$$);
SELECT outcome($$CREATE AGGREGATE forged(float8, boolean) (SFUNC = risk_internal.outcomes_add,
	STYPE = risk.outcomes, FINALFUNC = risk.roc_auc, INITCOND = 'anything')$$);
-- no bytes are outcomes by themselves
SELECT outcome($$SELECT '\x00'::bytea::risk.outcomes$$), outcome($$SELECT risk.outcomes(1, true)::bytea$$);
SELECT outcome($$CREATE CAST (bytea AS risk.outcomes) WITHOUT FUNCTION$$);
-- compressed, out of line, with a short header in a row
CREATE TABLE stored AS SELECT 1::"char" AS c, risk.outcomes(score, label) AS o, '2'::"char" AS d
	FROM outcome WHERE case_name = 'plain';
INSERT INTO stored SELECT '1', risk.outcomes(0.5, true), '2';
INSERT INTO stored SELECT '1', risk.outcomes(n % 10, n % 2 = 0, 1 + n % 5), '2' FROM generate_series(1, 30000) n;
SELECT pg_column_size(o) < 60 AS short, pg_column_compression(o) IS NOT NULL AS compressed,
	risk.roc_auc(o) IS NOT NULL AS auc, risk.roc_auc(o) = risk.roc_auc(o::text::risk.outcomes) AS same,
	risk.roc_auc(risk_internal.outcomes_combine(o, o)) = risk.roc_auc(o) AS doubled FROM stored;

--
-- Tables
--
SELECT * FROM risk.confusion_matrix((SELECT risk.outcomes(score, label) FROM outcome WHERE case_name = 'tiny'), 0.4);
SELECT * FROM risk.confusion_matrix(
	(SELECT risk.outcomes(score, label, weight) FROM outcome WHERE case_name = 'tiny'), 0.4);
SELECT * FROM risk.threshold_table((SELECT risk.outcomes(score, label) FROM outcome WHERE case_name = 'tiny'),
	4, 1, 10) \gx
SELECT threshold, alerts, cost FROM risk.threshold_table(
	(SELECT risk.outcomes(score, label, weight) FROM outcome WHERE case_name = 'tiny'), NULL);
-- each line says what the metrics say
SELECT case_name, weighted, count(*),
	bool_and(same(precision, risk.precision_at(o, threshold)) AND same(recall, risk.recall_at(o, threshold))
	AND same(f05, risk.fbeta_at(o, threshold, 0.5))
	AND same(f1, risk.fbeta_at(o, threshold, 1))
	AND same(f2, risk.fbeta_at(o, threshold, 2)) AND same(t.balanced_accuracy, risk.balanced_accuracy_at(o, threshold))
	AND cost = false_positives + 20 * false_negatives) AS as_metrics, min(threshold), max(threshold)
FROM (SELECT DISTINCT case_name, weighted FROM golden_curve) c,
	LATERAL (SELECT outcomes_of(case_name, weighted) AS o OFFSET 0) o,
	risk.threshold_table(o, cost_false_positive => 1, cost_false_negative => 20) t
GROUP BY 1, 2 ORDER BY 1, 2;
SELECT count(*) = (SELECT count(DISTINCT score) FROM outcome WHERE case_name = 'plain') AS every_score
FROM risk.threshold_table(outcomes_of('plain', false), NULL);
SELECT bin, low, high, rows, positives, round(mean_score::numeric, 4) AS mean_score,
	round(positive_rate::numeric, 4) AS positive_rate FROM risk.calibration_table(outcomes_of('ties', false), 5);
SELECT bin, low, high, rows, positives, round(mean_score::numeric, 4) AS mean_score,
	round(positive_rate::numeric, 4) AS positive_rate
	FROM risk.calibration_table(outcomes_of('ties', false), 5, 'quantile');
SELECT case_name, bool_and(near(risk.calibration_error(o, bins, strategy), error)) AS as_metric
FROM (SELECT case_name, outcomes_of(case_name, weighted) AS o FROM golden_curve
	WHERE case_name <> 'unbounded' GROUP BY case_name, weighted) c, (VALUES (3), (10), (17)) b (bins),
		(VALUES ('uniform'), ('quantile')) s (strategy),
	LATERAL (SELECT sum(rows * abs(mean_score - positive_rate)) / sum(rows) AS error
		FROM risk.calibration_table(o, bins, strategy)) t GROUP BY 1 ORDER BY 1;
SELECT bin, low, high, rows, positives, round(lift::numeric, 3) AS lift, cumulative_rows,
	cumulative_positives, round(cumulative_recall::numeric, 3) AS cumulative_recall,
	round(cumulative_lift::numeric, 3) AS cumulative_lift
FROM risk.lift_table(outcomes_of('ties', false), 4) \g (format=unaligned)
SELECT bool_and(near(cumulative_lift, risk.lift_at_share(outcomes_of('plain', false), bin * 0.1))) AS as_metric,
	bool_and(rows = 20) AS equal FROM risk.lift_table(outcomes_of('plain', false));
-- fewer points: both ends, and the area remains
SELECT points, count(*) <= points AS at_most, count(*) > points * 0.5 AS not_far_fewer,
	min(true_positive_rate) = 0 AND max(true_positive_rate) = 1 AS ends,
	abs(sum((false_positive_rate - before_x) * (true_positive_rate + before_y) / 2)
		- (SELECT a FROM serial_metrics WHERE part IS NULL)) < 2.0 / points AS area
FROM (VALUES (2), (10), (100), (1000)) p (points),
	LATERAL (SELECT *, lag(false_positive_rate) OVER w AS before_x, lag(true_positive_rate) OVER w AS before_y
	FROM risk.roc_curve((SELECT risk.outcomes(score, label) FROM many), points)
	WINDOW w AS (ORDER BY threshold DESC)) c GROUP BY points ORDER BY points;
SELECT * FROM risk.roc_curve(risk_internal.outcomes_combine(NULL, NULL));
SELECT * FROM risk.roc_curve((SELECT risk.outcomes(0.5, true)));
SELECT outcome($$SELECT * FROM risk.roc_curve(NULL, 1)$$);
SELECT outcome($$SELECT * FROM risk.threshold_table(NULL, 0)$$);
SELECT outcome($$SELECT * FROM risk.threshold_table(NULL, 10, 'NaN', 1)$$);
SELECT outcome($$SELECT * FROM risk.calibration_table(risk_internal.outcomes_combine(NULL, NULL), 10, 'deciles')$$);

-- metrics as rows are called like what computes them
SELECT metric AS no_function FROM risk.outcome_metrics(outcomes_of('plain', false), 0.8, 0.4, 10)
WHERE metric NOT IN (SELECT proname FROM pg_proc WHERE pronamespace = 'risk'::regnamespace) GROUP BY metric ORDER BY 1;
SELECT count(*), bool_and(same(m.value, metric_of_outcomes(o, m.metric, array_remove(ARRAY[m.parameter,
	CASE m.metric WHEN 'fbeta_at' THEN CASE m.level WHEN 'strong' THEN 0.5 ELSE 2 END END], NULL)))) AS as_functions
FROM (SELECT outcomes_of('plain', true) AS o) o, risk.outcome_metrics(o, 0.8, 0.4, 10) m
WHERE m.metric NOT IN ('alerts', 'best_fbeta');

--
-- Bootstrap
--
CREATE TABLE sampled AS SELECT risk.outcomes(score, label) AS o, risk.outcomes(score, label, weight) AS w,
	risk.outcomes(round(score::numeric, 2), label) AS r,
	risk.clustered_outcomes(score, label, siren::text) AS c, risk.clustered_outcomes(score, label, n::text) AS s
	FROM many WHERE n <= 3000;
SELECT metric, same(b.estimate, risk_test.metric_of_outcomes(o, metric, parameters)) AS estimate,
	b.low < b.estimate AND b.estimate < b.high AS inside,
	b.resamples_used, b = again AS repeatable, b <> other AS by_seed
FROM sampled, (VALUES ('roc_auc', '{}'::float8[]), ('average_precision', '{}'),
	('ks_statistic', '{}'), ('log_loss', '{}'), ('brier_score', '{}'),
		('precision_at', '{0.3}'), ('recall_at', '{0.3}'),
		('balanced_accuracy_at', '{0.3}'), ('fbeta_at', '{0.3, 2}')) m (metric, parameters),
	risk.bootstrap(o, metric, 100, parameters => parameters) b,
	risk.bootstrap(o, metric, 100, parameters => parameters) again,
	risk.bootstrap(o, metric, 100, 43, parameters => parameters) other ORDER BY metric;
-- the standard error of a mean is known
SELECT b.standard_error / (SELECT stddev_pop((score - label::int) ^ 2) / sqrt(3000) FROM many
	WHERE n <= 3000) BETWEEN 0.93 AND 1.07 AS rows,
	r.standard_error / (SELECT stddev_pop((round(score::numeric, 2)::float8 - label::int) ^ 2) / sqrt(3000)
		FROM many WHERE n <= 3000) BETWEEN 0.93 AND 1.07 AS shared_entries,
	c.standard_error / (SELECT stddev_pop(s) / avg(n) / sqrt(count(*))
		FROM (SELECT sum((score - label::int) ^ 2 - m) AS s, count(*) AS n
		FROM many, (SELECT avg((score - label::int) ^ 2) AS m FROM many WHERE n <= 3000) a WHERE n <= 3000
		GROUP BY siren) x) BETWEEN 0.93 AND 1.07 AS clusters,
	s.standard_error / b.standard_error BETWEEN 0.93 AND 1.07 AS clusters_of_one,
	b.high - b.low BETWEEN 3.7 * b.standard_error AND 4.1 * b.standard_error AS normal
FROM sampled, risk.bootstrap(o, 'brier_score', 2000) b, risk.bootstrap(r, 'brier_score', 2000) r,
	risk.bootstrap(c, 'brier_score', 2000) c, risk.bootstrap(s, 'brier_score', 2000) s;
-- doubled rows in clusters do not make more certain; as rows they would
SELECT near(sqrt(2) * twice.standard_error / once.standard_error, 1, 0.1) AS rows,
	near(clustered.standard_error / once.standard_error, 1, 0.1) AS clusters
FROM (SELECT risk.outcomes(score, label) AS o, risk.clustered_outcomes(score, label, n::text) AS c
	FROM many, generate_series(1, 2) WHERE n <= 1000) d,
	(SELECT risk.outcomes(score, label) AS o FROM many WHERE n <= 1000) s,
	risk.bootstrap(s.o, 'roc_auc', 1500) once, risk.bootstrap(d.o, 'roc_auc', 1500) twice,
	risk.bootstrap(d.c, 'roc_auc', 1500) clustered;
SELECT b.* FROM risk.bootstrap(outcomes_of('failures only', false), 'roc_auc', 10) b;
SELECT b.* FROM risk.bootstrap(risk_internal.outcomes_combine(NULL, NULL), 'roc_auc', 10) b;
SELECT b.* FROM risk.bootstrap(outcomes_of('failures only', true), 'average_precision', 10) b;
SELECT resamples_used < 200 AS some_undefined, resamples_used > 100 AS most_defined
FROM risk.bootstrap(outcomes_of('tiny', false), 'roc_auc', 200);
SELECT c.estimate = risk.precision_at_k(w, 100) AS cases, s.estimate = risk.precision_at_share(w, 0.1) AS share
FROM sampled, LATERAL (SELECT (risk.bootstrap(w, 'precision_at_k', 10, parameters => '{100}')).estimate) c,
	risk.bootstrap(w, 'precision_at_share', 10, parameters => '{0.1}') s;
-- weights of any size: the resamples' sums are in range where the sample's is
SELECT metric, bool_and(near(b.estimate, o.estimate) AND near(b.low, o.low) AND near(b.high, o.high)
	AND near(b.standard_error, o.standard_error)) AS same,
	min(b.resamples_used) AS resamples_used
FROM (SELECT factor, risk.outcomes(score, label, ceil(weight)) AS o,
	risk.outcomes(score, label, ceil(weight) * factor) AS w
		FROM many, unnest(ARRAY[1e-300, 1e300, 3e307]::float8[]) factor WHERE n <= 500 GROUP BY factor) s,
	(VALUES ('roc_auc', '{}'::float8[]), ('average_precision', '{}'), ('log_loss', '{}'), ('brier_score', '{}'),
		('fbeta_at', '{0.3, 2}'), ('lift_at_share', '{0.1}')) m (metric, parameters),
	risk.bootstrap(o, metric, 50, parameters => parameters) o,
	risk.bootstrap(w, metric, 50, parameters => parameters) b GROUP BY metric ORDER BY metric;
-- with cases that are a sum of weights, too
SELECT near(b.estimate, o.estimate) AND near(b.low, o.low) AND near(b.high, o.high) AS cases
FROM (SELECT risk.outcomes(score, label, 1.0) AS o,
	risk.outcomes(score, label, 2.0 ^ (CASE WHEN score > 0.5 THEN 0 ELSE 400 END)) AS w FROM many WHERE n <= 500) s,
	risk.bootstrap(o, 'precision_at_k', 50, parameters => '{20}') o,
	risk.bootstrap(w, 'precision_at_k', 50, parameters => '{20}') b;
SELECT outcome($$SELECT risk.bootstrap(NULL, 'auc')$$) \g (format=unaligned)
SELECT outcome($$SELECT risk.bootstrap(NULL, NULL)$$);
SELECT outcome($$SELECT risk.bootstrap(NULL, 'roc_auc', 0)$$);
SELECT outcome($$SELECT risk.bootstrap(NULL, 'roc_auc', confidence => 1)$$);
SELECT outcome($$SELECT risk.bootstrap(NULL, 'fbeta_at', parameters => '{0.5}')$$);
SELECT outcome($$SELECT risk.bootstrap(NULL, 'precision_at', parameters => '{NULL}')$$);
SELECT outcome($$SELECT risk.bootstrap(risk.outcomes(2, true), 'log_loss')$$);
-- numbers that are whole are whole
SELECT outcome($$SELECT risk.bootstrap(NULL, 'precision_at_k', parameters => '{1.5}')$$);
SELECT outcome($$SELECT risk.bootstrap(NULL, 'lift_at_k', parameters => '{3e9}')$$);
SELECT outcome($$SELECT risk.bootstrap(NULL, 'lift_at_share', parameters => '{NaN}')$$);
SELECT outcome($$SELECT risk.bootstrap(NULL, 'lift_at_share', parameters => '{-1}')$$);
SELECT outcome($$SELECT risk.bootstrap(NULL, 'calibration_error', parameters => '{10.9}')$$);
SELECT outcome($$SELECT risk.bootstrap(NULL, 'calibration_error', parameters => '{0}')$$);
SELECT outcome($$SELECT risk.bootstrap(NULL, 'calibration_error', parameters => '{Infinity}')$$);
