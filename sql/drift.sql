--
-- Drift: measures against scipy and numpy, the same whatever the order and the
-- plan; profiles against the server's own aggregates; models, queries, privileges.
--
\getenv abs_srcdir PG_ABS_SRCDIR
\i :abs_srcdir/test/regress/fixture.sql
\i :abs_srcdir/test/regress/golden.sql
SET search_path = risk_test, public;

--
-- The aggregates.  The columns are formulas; the true values were computed from the
-- same formulas in Python: shares by counting, with deciles from numpy.quantile(...,
-- method='inverted_cdf') and a bin of its own for a value that is several of them,
-- then scipy.spatial.distance.jensenshannon(p, q, base=2) ** 2 (scipy 1.10.1),
-- scipy.stats.wasserstein_distance, and the definition of the index.
--
CREATE TABLE then_row AS
SELECT i, CASE WHEN i % 13 > 0 THEN (i * 7919 % 1009) / 64.0::float8 END AS plain,
	CASE WHEN i % 5 < 3 THEN 0 ELSE i * 31 % 17 END::float8 AS ties, 3.5::float8 AS constant,
	(i * 7919 % 1009) / 64.0::float8 AS same, exp((i * 7919 % 1009) / 100.0::float8) AS heavy
FROM generate_series(1, 997) i;
CREATE TABLE now_row AS
SELECT i, CASE WHEN i % 17 > 0 THEN (i * 104729 % 1013) / 64.0::float8 * 1.25 + 0.5 END AS plain,
	CASE WHEN i % 7 < 3 THEN -(i % 2) ELSE i * 29 % 19 END::float8 AS ties,
	CASE WHEN i % 10 = 0 THEN 3.25 ELSE 3.5 END::float8 AS constant,
	(i * 7919 % 1009) / 64.0::float8 AS same, exp((i * 7919 % 1009) / 99.0::float8) AS heavy
FROM generate_series(1, 1497) i;
CREATE TABLE both_rows AS SELECT false AS is_now, t.* FROM then_row t UNION ALL SELECT true, n.* FROM now_row n;
CREATE TABLE truth (name text, psi float8, js float8, psi_4 float8, js_4 float8, wasserstein float8,
	difference float8, standardised float8);
INSERT INTO truth VALUES
	('plain', 0.2756078017257965, 0.047621794471282806, 0.1319894602505326, 0.02358413750043462,
		2.4022131000763665, 2.4022131000763656, 0.5291480400026015),
	('ties', 2.0778105855506674, 0.18298152394435885, 2.0641944601386744, 0.18064384172035172,
		2.1634596508295765, 1.734601935398715, 0.34759193261950616),
	('constant', 0.6968237202788389, 0.051647168432138735, 0.6968237202788389, 0.051647168432138735,
		0.02488309953239813, -0.024883099532398312, '-Infinity'),
	('same', 5.1367428097994064e-05, 9.263387805435713e-06, 1.1033305362202857e-05, 1.9897100156011268e-06,
		0.018474417490949805, -0.01847441749094969, -0.00405675580061731),
	('heavy', 0.0010253096993251955, 0.00018484450041818715, 0.00024837739233585937, 4.479056928735096e-05,
		208.39082716033207, 208.38888353450193, 0.043411771458299026);
CREATE FUNCTION near(a float8, b float8) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
	SELECT abs(a - b) <= 1e-12 + 1e-10 * abs(b)
$$;
CREATE VIEW measured AS
SELECT name, is_now, value FROM both_rows b,
	LATERAL (VALUES ('plain', plain), ('ties', ties), ('constant', constant), ('same', same),
		('heavy', heavy)) v (name, value);
SELECT name, near(risk.population_stability_index(value, is_now), max(psi)) AS psi,
	near(risk.population_stability_index(value, is_now, 4), max(psi_4)) AS psi_4,
	near(risk.jensen_shannon(value, is_now), max(js)) AS js,
	near(risk.jensen_shannon(value, is_now, 4), max(js_4)) AS js_4,
	near(risk.wasserstein(value, is_now), max(t.wasserstein)) AS wasserstein
FROM measured JOIN truth t USING (name) GROUP BY name ORDER BY name;
-- the deciles are percentile_disc's: with 997 rows, no rounding has a say
SELECT near((SELECT risk.population_stability_index(same, is_now) FROM both_rows), sum((q - p) * ln(q / p))) AS psi
FROM (SELECT greatest(count(*) FILTER (WHERE NOT is_now) / 997.0::float8, 1e-4) AS p,
	greatest(count(*) FILTER (WHERE is_now) / 1497.0::float8, 1e-4) AS q
	FROM both_rows, LATERAL (SELECT count(*) AS bin
		FROM (SELECT unnest(percentile_disc('{0.1,0.2,0.3,0.4,0.5,0.6,0.7,0.8,0.9}'::float8[])
			WITHIN GROUP (ORDER BY same)) AS bound FROM then_row) b WHERE bound < same) c GROUP BY bin) s;

-- The same bits in every order, in groups and from workers' states
CREATE TABLE measures AS
SELECT name, risk.population_stability_index(value, is_now) AS psi, risk.jensen_shannon(value, is_now) AS js,
	risk.wasserstein(value, is_now) AS w FROM measured GROUP BY name;
SELECT count(*), bool_and(same(m.psi, o.psi) AND same(m.js, o.js) AND same(m.w, o.w)) AS same
FROM measures m JOIN (SELECT name, risk.population_stability_index(value, is_now
	ORDER BY md5(value::text || is_now)) AS psi,
	risk.jensen_shannon(value, is_now ORDER BY value DESC) AS js,
	risk.wasserstein(value, is_now ORDER BY is_now, value) AS w
	FROM measured GROUP BY name) o USING (name);
SET max_parallel_workers_per_gather = 2;
SET min_parallel_table_scan_size = 0;
SET parallel_setup_cost = 0;
SET parallel_leader_participation = off;
EXPLAIN (COSTS OFF) SELECT risk.population_stability_index(plain, is_now) FROM both_rows;
SELECT same(risk.population_stability_index(plain, is_now), (SELECT psi FROM measures WHERE name = 'plain')) AS plain,
	same(risk.jensen_shannon(plain, is_now), (SELECT js FROM measures WHERE name = 'plain')) AS js,
	same(risk.wasserstein(ties, is_now), (SELECT w FROM measures WHERE name = 'ties')) AS w,
	same(risk.population_stability_index(ties, is_now, 10),
		(SELECT psi FROM measures WHERE name = 'ties')) AS ten FROM both_rows;
RESET max_parallel_workers_per_gather;
RESET min_parallel_table_scan_size;
RESET parallel_setup_cost;
RESET parallel_leader_participation;
-- a copy of everything changes no share; many equal values take no room
SELECT near(risk.population_stability_index(plain, is_now), (SELECT psi FROM measures WHERE name = 'plain')) AS psi,
	near(risk.wasserstein(plain, is_now), (SELECT w FROM measures WHERE name = 'plain')) AS w
	FROM both_rows, generate_series(1, 3);
SELECT risk.wasserstein(i % 3, i % 2 = 0) < 1e-5 AS same FROM generate_series(1, 200000) i;
-- over windows
SELECT i, risk.wasserstein(x, i % 2 = 0) OVER (ORDER BY i) AS w
FROM (VALUES (1, 1.0::float8), (2, 3), (3, 3), (4, 3)) v (i, x) ORDER BY i;

-- Nothing to compare; missing, infinite and equal values
SELECT name, round(risk.population_stability_index(v, n)::numeric, 12) AS psi,
	round(risk.jensen_shannon(v, n)::numeric, 12) AS js, risk.wasserstein(v, n) AS w
FROM (VALUES ('constant', 1::float8, false), ('constant', 1, true), ('constant', 1, true),
		('moved', 1, false), ('moved', 2, true),
		('then only', 1, false), ('now only', 1, true), ('neither', 1, NULL),
		('neither counts', 1, false), ('neither counts', 5, NULL), ('neither counts', 1, true),
		('all missing', NULL, false), ('all missing', 'NaN', false), ('all missing', NULL, true),
		('missing then', NULL, false), ('missing then', 1, true),
		('missing now', 1, false), ('missing now', 'NaN', true),
		('infinite', 'Infinity', false), ('infinite', 1, false), ('infinite', 1, true),
		('infinite', 'Infinity', true),
		('infinite now', 1, false), ('infinite now', 'Infinity', true), ('infinite then', '-Infinity', false),
		('infinite then', 0, true),
		('all infinite', '-Infinity', false), ('all infinite', 'Infinity', false),
		('all infinite', '-Infinity', true),
		('minus zero', 0, false), ('minus zero', '-0', true),
		('huge', 1.7e308, false), ('huge', -1.7e308, true)) v (name, v, n)
GROUP BY name ORDER BY name;
SELECT risk.population_stability_index(x, true) AS no_rows, risk.wasserstein(x, true) AS no_rows
FROM (SELECT 1::float8 AS x WHERE false) r;
-- arguments
SELECT outcome(format('SELECT risk.population_stability_index(i, i %% 2 = 0, %s)
	FROM generate_series(1, 10) i', bins))
FROM unnest(ARRAY['1', '1001', 'NULL', 'i + 1']) bins;
SELECT risk.population_stability_index(i, i % 2 = 0, 1000) >= 0 AS many FROM generate_series(1, 10) i;

-- States: merged in any order, of the right kind, and with any character changed an answer or an error
SELECT outcome($$SELECT risk_internal.metric_add_sample(NULL, 1, true)$$);
CREATE AGGREGATE drift_state(float8, boolean, integer) (SFUNC = risk_internal.metric_add_sample,
	STYPE = risk_internal.metric_state, COMBINEFUNC = risk_internal.metric_combine);
CREATE AGGREGATE merge_states(risk_internal.metric_state) (SFUNC = risk_internal.metric_combine,
	STYPE = risk_internal.metric_state, COMBINEFUNC = risk_internal.metric_combine);
SELECT drift_state(v, n, 4) FROM (VALUES (1.5::float8, false), (NULL, true), ('-Infinity', true), ('NaN', true),
	(1.5, false), ('-0', false)) r (v, n);
CREATE TABLE drift_part AS SELECT i % 7 AS part, drift_state(plain, is_now, 10) AS state FROM both_rows GROUP BY 1;
SELECT name, same(risk_internal.samples_stability_index(merged), psi) AS psi,
	same(risk_internal.samples_jensen_shannon(merged), js) AS js,
	same(risk_internal.samples_wasserstein(merged), w) AS w
FROM measures, (SELECT merge_states(state ORDER BY part) AS merged FROM drift_part UNION ALL
	SELECT merge_states(state ORDER BY part DESC)::text::risk_internal.metric_state FROM drift_part) m
WHERE name = 'plain';
SELECT outcome($$SELECT risk_internal.samples_wasserstein('\x00')$$);
SELECT outcome($$SELECT risk_internal.samples_wasserstein('1 [10] score,label,rows: 0.5,t,1')$$);
-- samples are no outcomes: another type
SELECT outcome($$SELECT risk.roc_auc(state) FROM drift_part$$) LIKE '42883:%' AS auc,
	outcome($$SELECT risk.merge_outcomes(state) FROM drift_part$$) LIKE '42883:%' AS merge;
SELECT outcome($$SELECT merge_states(state)
	FROM (SELECT drift_state(1, true, 10) AS state UNION ALL SELECT drift_state(1, true, 9)) s$$);
SELECT call, count(*) AS tried, bool_and(result ~ '^(ok|22P0[23]|22003|22023|54000)') AS as_expected,
	bool_or(result = 'ok') AS some_answered, bool_or(result LIKE '22P02%') AS some_refused
FROM (SELECT call, outcome(format('SELECT risk_internal.%s(%L)', call,
	overlay(s PLACING change FROM n FOR 1))) AS result
	FROM (SELECT drift_state(plain, is_now, 4)::text AS s FROM both_rows WHERE i <= 5 OR i IN (13, 17)) g,
		(VALUES ('samples_stability_index'), ('samples_wasserstein')) c (call),
		LATERAL generate_series(1, length(s)) n, unnest(ARRAY['', ' ', ',', '-', '0', '9', 'N', 't']) change) r
GROUP BY call ORDER BY call;

-- from counts
SELECT near(risk.population_stability_index('{10, 20, 70}'::bigint[], '{30, 20, 50}'::bigint[]),
	0.2 * ln(3.0::float8) + 0.2 * ln(7 / 5.0::float8)) AS psi,
	near(risk.population_stability_index('{10, 0}'::bigint[], '{0, 10}'::bigint[]),
		2 * 0.9999 * ln(1 / 0.0001::float8)) AS nothing_in_common,
	risk.jensen_shannon('{10, 0}'::bigint[], '{0, 10}'::bigint[]) AS one_bit,
	risk.jensen_shannon('{1, 2}'::bigint[], '{10, 20}'::bigint[]) AS same,
	risk.population_stability_index('{0, 0}'::bigint[], '{0, 10}'::bigint[]) AS no_rows,
	risk.population_stability_index('{}'::bigint[], '{}'::bigint[]) AS none,
	risk.jensen_shannon(NULL, '{1}'::bigint[]) AS unknown;
SELECT outcome($$SELECT risk.population_stability_index('{1, 2}'::bigint[], '{1}'::bigint[])$$);
SELECT outcome($$SELECT risk.jensen_shannon('{1, -2}'::bigint[], '{1, 2}'::bigint[])$$);
SELECT outcome($$SELECT risk.jensen_shannon('{1, NULL}'::bigint[], '{1, 2}'::bigint[])$$);

--
-- Profiles: against the server's own aggregates
--
CREATE TABLE wide AS
SELECT t.*, (ARRAY['SARL', 'SA', 'SAS', '', 'Entreprise individuelle'])[1 + i % 5] AS form,
	CASE WHEN i % 11 > 0 THEN i % 3 = 0 END AS flag,
	i::smallint AS small, (i % 4)::numeric AS code, 'x'::char(5) AS padded, date '2024-01-01' AS day,
	'{}'::jsonb AS document
FROM then_row t;
SELECT p.feature, p.kind, p.rows, near(p.missing, s.missing) AS missing, near(p.mean, s.mean) AS mean,
	near(p.stddev, s.stddev) AS stddev,
	p.minimum = s.minimum AS minimum, p.maximum = s.maximum AS maximum, cardinality(p.quantiles) AS quantiles,
	p.quantiles[1 : 2] || p.quantiles[11] || p.quantiles[21] = s.quantiles AS same_quantiles,
	cardinality(slices) AS slices,
	near((SELECT avg(x) FROM unnest(slices) x), s.mean) AS mean_of_slices,
	(SELECT sum(c) FROM unnest(counts) c) + round(p.missing * p.rows) = p.rows AS counts,
	cardinality(bounds) + 1 = cardinality(counts) AS bins
FROM risk.profile('SELECT plain, ties, constant, same, heavy, small FROM wide') p JOIN
	(SELECT name, 1 - count(value) / 997.0::float8 AS missing, avg(value) AS mean, stddev(value) AS stddev,
		min(value) AS minimum, max(value) AS maximum,
		percentile_disc('{0, 0.05, 0.5, 1}'::float8[]) WITHIN GROUP (ORDER BY value) AS quantiles
	FROM wide, LATERAL (VALUES ('plain', plain), ('ties', ties), ('constant', constant), ('same', same),
		('heavy', heavy), ('small', small)) v (name, value)
	GROUP BY name) s ON s.name = p.feature \g (format=unaligned)
SELECT feature, bounds, counts FROM risk.profile('SELECT ties, constant, small / 100 AS hundreds FROM wide');
-- categories, booleans; what is no number, boolean, text or enum is left out unless it is wanted
SELECT feature, kind, rows, round(missing::numeric, 4) AS missing, mean, bounds, categories, counts, others
FROM risk.profile('SELECT form, flag, padded, day, document FROM wide') \gx
SELECT feature, kind FROM risk.profile('SELECT * FROM wide', '{code, form, i}');
SELECT outcome($$SELECT risk.profile('SELECT * FROM wide', '{form, day}')$$);
SELECT outcome($$SELECT risk.profile('SELECT * FROM wide', '{nothing, "No one", i}')$$);
SELECT outcome($$SELECT risk.profile('SELECT day FROM wide')$$);
-- a row has no order: the same bits; the sort on disk, too
CREATE TABLE profile_before AS SELECT * FROM risk.profile('SELECT plain, ties, heavy, form FROM wide');
SELECT bool_and(p IS NOT DISTINCT FROM b) AS same
FROM risk.profile('SELECT plain, ties, heavy, form FROM wide ORDER BY md5(i::text)') p
	JOIN profile_before b USING (feature);
BEGIN;
SET LOCAL work_mem = '64kB';
SELECT near(mean, 100001.5) AS mean, minimum, maximum, quantiles[11] AS median, counts
FROM risk.profile('SELECT (i * 7919::bigint) % 200003 + 0 AS v FROM generate_series(1, 200002) i') p
	WHERE (SELECT count(*) FROM unnest(slices)) = 100;
SELECT cardinality(categories) AS categories, counts[1] AS most, counts[1000] AS least, others, categories[1] AS first
FROM risk.profile('SELECT CASE WHEN i % 2 = 0 THEN ''frequent'' ELSE repeat(md5((i / 10)::text), 2) END AS c
	FROM generate_series(0, 99999) i');
COMMIT;

--
-- Between two queries: the aggregates' numbers
--
SELECT feature, rows_then, rows_now,
	near(missing_then, CASE feature WHEN 'plain' THEN 76 / 997.0 ELSE 0 END) AS missing_then,
	near(d.psi, t.psi) AS psi, near(d.jensen_shannon, t.js) AS js,
	near(d.mean_now - d.mean_then, t.difference) AS means,
	near(d.mean_difference, t.standardised) OR d.mean_difference = t.standardised AS standardised,
	-- slices know a little less
	d.wasserstein <= t.wasserstein * (1 + 1e-9) AND d.wasserstein > 0.97 * t.wasserstein AS wasserstein, verdict
FROM risk.drift_between('SELECT plain, ties, constant, same, heavy FROM then_row', 'TABLE now_row;') d
	JOIN truth t ON t.name = d.feature;
-- nothing moves where nothing moved; a shift is the distance
SELECT feature, mean_difference, psi, jensen_shannon, wasserstein, unseen, unseen_categories, verdict
FROM risk.drift_between('SELECT plain, ties, form, flag FROM wide',
	E'SELECT * FROM wide ORDER BY md5(i::text) -- the same\n');
SELECT feature, near(wasserstein, 3) AS shift, rows_now
FROM risk.drift_between('SELECT plain FROM wide', 'SELECT plain + 3 AS plain FROM wide');
-- categories: unseen ones by weight, vanished ones, missing ones
SELECT feature, kind, missing_then, missing_now,
	near(psi, (0.5 - 0.0001) * ln(0.5 / 0.0001::float8) + 0.1 * ln(0.3 / 0.2::float8)
		+ 0.3 * ln(0.5 / 0.2::float8) + (0.3 - 0.0001) * ln(0.3 / 0.0001::float8)) AS psi,
	near(jensen_shannon, 0.5 * (0.5 + 0.3 * log(2, 0.3 / 0.25) + 0.2 * log(2, 0.2 / 0.35))
		+ 0.5 * (0.2 * log(2, 0.2 / 0.25) + 0.3 + 0.5 * log(2, 0.5 / 0.35))) AS js,
	unseen, unseen_categories, verdict
FROM risk.drift_between($$SELECT CASE WHEN i < 5 THEN 'gone' WHEN i < 8 THEN 'here' END AS c
	FROM generate_series(0, 9) i$$,
	$$SELECT CASE WHEN i < 1 THEN 'new' WHEN i < 3 THEN 'newer' WHEN i < 5 THEN 'here' END AS c
		FROM generate_series(0, 9) i$$);
-- who is new is not known when not all were kept
SELECT unseen, unseen_categories, round(psi::numeric, 9) AS psi
FROM risk.drift_between('SELECT i::text AS c FROM generate_series(1, 1500) i',
	'SELECT i::text AS c FROM generate_series(1, 1500) i');
SELECT unseen, cardinality(unseen_categories) AS named, unseen_categories[1] AS first
FROM risk.drift_between('SELECT i::text AS c FROM generate_series(1, 900) i',
	'SELECT (i % 1000)::text AS c FROM generate_series(901, 1999) i');
-- bounds are compared with all their digits, and quotes, commas and braces are no more than that in a name
SET extra_float_digits = -10;
SELECT feature, psi = 0 AND jensen_shannon = 0 AS same, unseen
FROM risk.drift_between('SELECT sqrt(i / 7.0) AS x, sqrt(i / 7.0)::numeric AS y FROM then_row',
	'SELECT sqrt(i / 7.0) AS x, sqrt(i / 7.0)::numeric AS y FROM then_row');
SET extra_float_digits = 1;
SELECT feature, categories FROM risk.profile($$SELECT unnest(
	ARRAY['it''s', 'a,b', '{c}', '"d"', '\e', 'NULL', ' f ', '']) AS c$$);
SELECT feature, psi, unseen FROM risk.drift_between($$SELECT unnest(
	ARRAY['it''s', 'a,b', '{c}', '"d"', '\e', 'NULL', ' f ', '']) AS c$$,
	$$SELECT unnest(ARRAY['it''s', 'a,b', '{c}', '"d"', '\e', 'NULL', ' f ', '']) AS c$$);
-- no rows, all missing, infinities
SELECT feature, rows_then, rows_now, missing_now, mean_then, mean_now, mean_difference, psi, jensen_shannon,
	wasserstein, unseen, verdict
FROM risk.drift_between('SELECT plain, form FROM wide', 'SELECT * FROM wide WHERE false') \gx
SELECT feature, rows_then, rows_now, psi, verdict
FROM risk.drift_between('SELECT plain, form FROM wide WHERE false', 'SELECT * FROM wide');
SELECT feature, rows_then, rows_now, psi, verdict
FROM risk.drift_between('SELECT plain, form FROM wide WHERE false', 'SELECT * FROM wide WHERE false');
SELECT feature, missing_then, missing_now, mean_now, mean_difference, round(psi::numeric, 6) AS psi,
	jensen_shannon, wasserstein, verdict
FROM risk.drift_between('SELECT same, form FROM wide',
	'SELECT ''NaN''::float8 AS same, NULL::text AS form FROM wide') \g (format=unaligned)
SELECT feature, missing_then, missing_now, psi > 9 AS psi, jensen_shannon, wasserstein, verdict
FROM risk.drift_between('SELECT ''NaN''::float8 AS same, NULL::text AS form FROM wide',
	'SELECT same, form FROM wide');
SELECT feature, mean_then, mean_now, mean_difference, psi, wasserstein, verdict
FROM risk.drift_between('SELECT ''Infinity''::float8 AS a,
	CASE WHEN i = 1 THEN ''-Infinity''::float8 ELSE i END AS b FROM then_row',
	'SELECT ''Infinity''::float8 AS a, CASE WHEN i = 1 THEN ''-Infinity''::float8 ELSE i END AS b FROM then_row');

--
-- Models
--
SET client_min_messages = error;	-- names that XGBoost has cut
SELECT risk.import_model('drifting', golden_model('category-names-xgb3.3.0', 'json')) FROM generate_series(1, 2);
CREATE TABLE trained AS
SELECT i, (i * 7919 % 1009) / 200.0 AS dette, (ARRAY['Corse', 'Bretagne', 'Occitanie'])[1 + i % 3] AS region,
	CASE i % 4 WHEN 0 THEN 'SA' WHEN 1 THEN 'SARL' END AS forme,
	i % 50 AS effectif FROM generate_series(1, 600) i;
SELECT feature, kind FROM risk.model_features WHERE name = 'drifting' AND version = 1 ORDER BY position;
SELECT outcome($$SELECT risk.drift('drifting@1', 'SELECT * FROM trained')$$) \g (format=unaligned)
SELECT risk.profile_model('drifting@1', 'SELECT * FROM trained');
SELECT position, feature, kind, rows, missing, round(mean::numeric, 6) AS mean, categories, counts, others
FROM risk.model_profiles WHERE name = 'drifting' ORDER BY position \g (format=unaligned)
-- the score's distribution is that of score_company
SELECT near(p.mean, s.mean) AS mean, near(p.maximum, s.maximum) AS maximum
FROM risk.model_profiles p, (SELECT avg(score_company(t, 'drifting@1')) AS mean,
	max(score_company(t, 'drifting@1')) AS maximum FROM trained t) s
WHERE p.name = 'drifting' AND p.position = 0;
SELECT feature, kind, psi, jensen_shannon, wasserstein, unseen, verdict
FROM risk.drift('drifting@1', 'SELECT * FROM trained');
SELECT feature, rows_now, missing_now, psi > 0.25 AS moved, unseen, unseen_categories, verdict
FROM risk.drift('drifting@1', $$SELECT dette * 3 AS dette, 'Corse' AS region, 'EI' AS forme, effectif
	FROM trained WHERE i <= 300$$);
-- numbers of the score are what drift_between says of two queries with scores
SELECT near(m.psi, q.psi) AS psi, near(m.wasserstein, q.wasserstein) AS wasserstein,
	near(m.mean_difference, q.mean_difference) AS difference, m.verdict = q.verdict AS verdict, m.psi > 0 AS moved
FROM risk.drift('drifting@1', 'SELECT dette + 1 AS dette, region, forme, effectif FROM trained') m,
	risk.drift_between($$SELECT score_company(t, 'drifting@1') AS s FROM trained t$$,
		$$SELECT score_company(t, 'drifting@1') AS s
			FROM (SELECT dette + 1 AS dette, region, forme, effectif FROM trained) t$$) q WHERE m.kind = 'score';
-- of a calibrated model, the calibrated score's; the profile of scores goes with another calibration
SELECT risk.set_calibration('drifting@2', '{"method": "sigmoid", "slope": 2, "intercept": 1}');
SELECT risk.profile_model('drifting@2', 'SELECT * FROM trained');
SELECT near(p.mean, (SELECT avg(score_company(t, 'drifting@2')) FROM trained t)) AS calibrated
FROM risk.model_profiles p WHERE name = 'drifting' AND version = 2 AND position = 0;
SELECT risk.set_calibration('drifting@2', '{"method": "sigmoid", "slope": 2, "intercept": 1}');
SELECT count(*) FROM risk.drift('drifting@2', 'SELECT * FROM trained');
SELECT risk.set_calibration('drifting@2', NULL);
SELECT count(*) FROM risk.drift('drifting@2', 'SELECT * FROM trained');
-- replaced as a whole; in the history; not handed on; gone with the version
SELECT risk.profile_model('drifting@1', 'SELECT * FROM trained WHERE i <= 100');
SELECT DISTINCT rows FROM risk.model_profiles WHERE name = 'drifting' AND version = 1;
SELECT version, event, details FROM risk.model_events WHERE name = 'drifting' AND event = 'profile' ORDER BY number;
SELECT risk.import_model('drifting', golden_model('category-names-xgb3.3.0', 'json'));
RESET client_min_messages;
SELECT outcome($$SELECT risk.drift('drifting@3', 'SELECT * FROM trained')$$) LIKE '55000:%' AS none;
SELECT risk.drop_model('drifting@1');
SELECT version, count(*) FROM risk_internal.registry_profile WHERE name = 'drifting' GROUP BY version;
-- imported, profiled and compared in one transaction
BEGIN;
SELECT risk.import_model('hasty', linear_model(ARRAY['i', 'effectif'], ARRAY[0.001, 0.01], 0, 'binary:logistic'));
SELECT risk.profile_model('hasty@1', 'TABLE trained');
SELECT feature, mean_difference > 0 AS more, verdict
FROM risk.drift('hasty@1', 'SELECT i + 600 AS i, effectif FROM trained');
ROLLBACK;
SELECT count(*) FROM risk_internal.registry_profile WHERE name = 'hasty';
-- a production version by its name, the only model by none
SELECT risk.promote_model('drifting@2');
SELECT risk.profile_model('drifting@2', 'SELECT * FROM trained'), count(*)
FROM risk.drift('drifting', 'SELECT * FROM trained');
SELECT count(*) FROM risk.drift(NULL, 'SELECT * FROM trained');
SELECT outcome($$SELECT risk.profile_model('drifting@2', 'SELECT * FROM trained WHERE false')$$);
SELECT outcome($$SELECT risk.profile_model('drifting@2', 'SELECT dette, region FROM trained')$$);
SELECT outcome($$SELECT risk.profile_model('drifting@2',
	'SELECT dette, 3 AS region, forme, ''many'' AS effectif FROM trained')$$);
SELECT outcome($$SELECT risk.profile_model('nobody@1', 'SELECT 1')$$) LIKE '42704:%' AS unknown;
SELECT outcome($$SELECT risk.drift('drifting', 'SELECT dette, region, forme FROM trained')$$);
-- a model without a score, and one with codes: 1 is 1.0
SELECT risk.import_model('drift_classes', golden_model('softprob-xgb3.3.0', 'ubj'));
SELECT risk.profile_model('drift_classes@1',
	format('SELECT %s FROM trained', string_agg(format('dette AS %I', feature), ', '))) FROM risk.model_features
	WHERE name = 'drift_classes';
SELECT kind, count(*) FROM risk.model_profiles WHERE name = 'drift_classes' GROUP BY kind;
SELECT risk.import_model('drift_coded',
	tree_model(ARRAY['debt', 'form'], '[[[10, 1, [0, 2], 1, 2, 0], [5, -0.25], [1, 0.125]]]',
		types => ARRAY['float', 'c']));
SELECT risk.profile_model('drift_coded@1', 'SELECT i AS debt, i % 3 AS form FROM trained');
SELECT feature, psi, unseen, verdict
FROM risk.drift('drift_coded@1', 'SELECT i AS debt, (i % 3)::numeric(3, 1) AS form FROM trained');
-- values are those that the model sees: what is beyond float4 is infinite, also beyond float8
SELECT feature, missing_now, mean_now, verdict
FROM risk.drift('drift_coded@1', 'SELECT CASE i WHEN 1 THEN 1e400::numeric ELSE i END AS debt, i % 3 AS form
	FROM trained') WHERE feature = 'debt';

-- a state to begin with is checked, too
CREATE AGGREGATE forged_drift(float8, boolean) (SFUNC = risk_internal.metric_add_sample,
	STYPE = risk_internal.metric_state, FINALFUNC = risk_internal.samples_wasserstein,
	INITCOND = '1 score,label,rows:');
SELECT outcome($$SELECT forged_drift(1, true)$$);

--
-- Queries: one SELECT, run as the caller, with the caller's search_path
--
SELECT q AS query, outcome(format('SELECT risk.profile(%L)', q)) AS outcome FROM unnest(ARRAY[
	'SELECT 1 AS a', 'VALUES (1)', 'WITH w AS (SELECT 1 AS a) TABLE w ; ', 'SELECT 1 AS a; -- the first',
	'; SELECT 1 AS "é" -- é
; /* é */', 'SELECT 1 AS a; SELECT 2', '', 'nonsense', 'DELETE FROM wide', 'SHOW work_mem',
	'INSERT INTO wide (i) VALUES (1) RETURNING i', 'WITH w AS (DELETE FROM wide RETURNING i) SELECT i FROM w',
	'SELECT 1 AS a) q; DROP TABLE wide; --',
	'SELECT 1 AS a) q, (SELECT 2', 'SELECT $1 AS a', 'SELECT i FROM wide FOR UPDATE', 'SELECT 1 AS a, 2 AS a',
	'SELECT FROM wide', 'SELECT i INTO made FROM wide']) q \g (format=unaligned)
SELECT outcome('SELECT risk.profile(NULL)'),
	outcome($$SELECT risk.drift('drifting', NULL)$$) LIKE '22004:%' AS refused;
SELECT count(*) FROM wide;
SELECT feature, mean FROM risk.profile('SELECT 1 AS "Quoted ""name""", 2 AS "query", 3 AS q, 4 AS "select"');
CREATE SCHEMA risk_test_other;
CREATE TABLE risk_test_other.wide AS SELECT 7 AS i;
SET search_path = risk_test_other, risk_test, public;
SELECT feature, mean FROM risk.profile('SELECT i FROM wide');
SET search_path = risk_test, public;
DROP TABLE risk_test_other.wide;
DROP SCHEMA risk_test_other;
-- the profile of a model says what its companies were like: granted, not public
CREATE ROLE regress_company_risk_watcher;
GRANT USAGE ON SCHEMA risk_test TO regress_company_risk_watcher;
GRANT SELECT ON now_row TO regress_company_risk_watcher;
SET ROLE regress_company_risk_watcher;
SELECT count(*) FROM risk.drift_between('TABLE now_row', 'TABLE now_row');
SELECT outcome($$SELECT risk.profile('TABLE wide')$$);
SELECT outcome($$SELECT risk.drift('drift_coded@1', 'SELECT 1 AS debt, 1 AS form')$$);
SELECT outcome($$SELECT FROM risk.model_profiles$$);
SELECT outcome($$SELECT FROM risk_internal.registry_profile$$);
SELECT outcome($$SELECT risk.profile_model('drift_coded@1', 'SELECT 1 AS debt, 1 AS form')$$);
SELECT outcome($$SELECT risk_internal.store_profile('drift_coded@1', '{debt}', NULL)$$);
RESET ROLE;
GRANT SELECT ON risk.model_profiles TO regress_company_risk_watcher;
SET ROLE regress_company_risk_watcher;
SELECT feature, rows_now FROM risk.drift('drift_coded@1', 'SELECT 1 AS debt, 1 AS form');
RESET ROLE;
REVOKE SELECT ON risk.model_profiles FROM regress_company_risk_watcher;
-- the one right is enough to have a profile kept, and not enough to make one up
GRANT EXECUTE ON FUNCTION risk.profile_model(text, text) TO regress_company_risk_watcher;
SET ROLE regress_company_risk_watcher;
SELECT risk.profile_model('drift_coded@1', 'SELECT 1 AS debt, 1 AS form');
SELECT outcome($$SELECT risk_internal.store_profile(reference, features, profiles)
	FROM risk_internal.make_profile('drift_coded@1', 'SELECT 1 AS debt, 1 AS form')$$);
SELECT outcome($$SELECT risk.profile_model('drift_coded@1', 'SELECT i AS debt, 1 AS form FROM wide')$$);
RESET ROLE;
SELECT role, details FROM risk.model_events WHERE name = 'drift_coded' AND event = 'profile' AND role <> session_user;
REVOKE ALL ON FUNCTION risk.profile_model(text, text) FROM regress_company_risk_watcher;
-- what is stored is checked
SELECT outcome($$SELECT risk.profile_model('drift_coded@1',
	'SELECT i AS debt, 1 AS form, 2 AS company_risk_row FROM wide')$$);
SELECT outcome($$SELECT risk_internal.store_profile('drift_coded@1', '{debt, nobody}', NULL)$$);
SELECT outcome($$SELECT risk_internal.store_profile('drift_coded@1', '{debt, form}',
	ARRAY[NULL::risk_internal.column_profile])$$);
SELECT outcome($$SELECT risk_internal.store_profile('drift_coded@1', '{debt}',
	ARRAY[NULL::risk_internal.column_profile])$$);

DROP OWNED BY regress_company_risk_watcher;
DROP ROLE regress_company_risk_watcher;
