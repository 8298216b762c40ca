--
-- Training: from a query to a candidate with thresholds, metrics and a record of
-- how it came about.  (test/t compares with Python's XGBoost, cancels, and looks at
-- progress from another session.)
--
\getenv abs_srcdir PG_ABS_SRCDIR
\i :abs_srcdir/test/regress/fixture.sql
SET search_path = risk_test, public;
SET extra_float_digits = 0;
SET client_min_messages = warning;

-- Invented companies, by month: the numbers follow from a digest, so that they are
-- the same everywhere.  The risk rises with debt, is higher for one legal form, and
-- a missing age means something, too.
CREATE FUNCTION risk_test.draw(what text) RETURNS float8
LANGUAGE sql IMMUTABLE AS $$ SELECT ('x' || substr(md5(what), 1, 8))::bit(32)::bigint / 4294967296.0::float8 $$;
CREATE TYPE risk_test.size_class AS ENUM ('small', 'large');
CREATE TABLE borrower AS
SELECT lpad(f::text, 9, '0') AS siren, (date '2023-01-01' + m * interval '1 month')::date AS period,
	p.debt, p.workforce, p.age, p.form, p.region, p.size, p.subsidised, p.noted, 'same'::text AS constant,
	p.logit > ln(1 / draw('y' || f || ' ' || m) - 1) AS failed,
	p.logit > 1 AS known
FROM generate_series(1, 400) f, generate_series(0, 5) m,
	LATERAL (SELECT (100 * draw('debt' || f || ' ' || m))::numeric(8, 2) AS debt,
		(10 + 300 * draw('workforce' || f) ^ 3)::integer AS workforce,
		CASE WHEN draw('age' || f) < 0.8 THEN 40 * draw('years' || f) END::real AS age,
		(ARRAY['SARL', 'SAS', 'SA', 'Société étrangère', 'EI'])[1 + floor(5 * draw('form' || f))::int] AS form,
		(ARRAY['Bretagne', 'Corse', NULL])[1 + floor(3 * draw('region' || f))::int]::char(12) AS region,
		CASE WHEN draw('workforce' || f) < 0.5 THEN 'small' ELSE 'large' END::size_class AS size,
		draw('subsidy' || f || ' ' || m) < 0.1 AS subsidised, now() AS noted) raw,
	LATERAL (SELECT raw.*, -4 + 0.06 * raw.debt + CASE raw.form WHEN 'EI' THEN 1.5 ELSE 0 END
			+ CASE WHEN raw.age IS NULL THEN 1 ELSE 0 END AS logit) p
ORDER BY f, m;
CREATE VIEW known_rows AS SELECT siren, period, debt, workforce, age, form, region, size, subsidised, failed,
	known FROM borrower;
SELECT count(*), count(*) FILTER (WHERE failed) AS failed, count(*) FILTER (WHERE known) AS known FROM borrower;

-- ---------- a model

SET client_min_messages = notice;
SELECT risk.train_model('credit', 'SELECT * FROM borrower', 'failed', key_column => 'siren',
	period_column => 'period', known_column => 'known', rounds => 40,
	parameters => '{"max_depth": 3, "eta": 0.2}', description => 'first');
SET client_min_messages = warning;
SELECT state, description, objective, feature_count, rounds, threshold_strong > threshold_moderate AS thresholds,
	threshold_strong BETWEEN 0 AND 1 AS in_range
FROM risk.models WHERE reference = 'credit@1';
SELECT position, feature, kind, categories FROM risk.model_features WHERE name = 'credit' ORDER BY position;

-- The record: who was held out follows from key and seed, and anybody can follow it
SELECT t.rows = b.rows AS rows, t.positives = b.positives AS positives, t.known_rows = b.known AS known,
	t.training_rows = b.training AS training, t.validation_rows = b.validation AS validation,
	t.test_rows = b.test AS test,
	t.test_positives = b.test_positives AS test_positives,
	abs(t.base_rate - b.positives::float8 / b.rows) < 1e-12 AS base_rate,
	t.periods, t.first_period, t.last_period, t.label_column, t.parameters, t.seed, t.kept_negatives, t.calibration,
	t.rounds, t.rounds_trained, t.metric, t.trained_by = current_user AS by_me, t.retrained_from,
	t.library_version ~ '^\d+\.\d+\.\d+$' AS library,
	t.reading_seconds >= 0 AND t.sending_seconds >= 0 AND t.training_seconds > 0 AND t.storing_seconds > 0 AS seconds
FROM risk.trainings t,
	(SELECT count(*) AS rows, count(*) FILTER (WHERE failed) AS positives, count(*) FILTER (WHERE known) AS known,
		count(*) FILTER (WHERE NOT held_out) AS training, count(*) FILTER (WHERE held_out AND NOT test) AS validation,
		count(*) FILTER (WHERE held_out AND test) AS test,
		count(*) FILTER (WHERE held_out AND test AND failed) AS test_positives
	FROM borrower, LATERAL (SELECT risk.training_draw(siren, 0) < 0.3 AS held_out,
		risk.training_draw(siren, 0, 'test') < 0.5 AS test) d) b
WHERE t.reference = 'credit@1' \gx

-- The metrics are those of the candidate's own scores on these very rows
SELECT m.held_out, m.known_cases, m.rows = s.rows AS rows, m.positives = s.positives AS positives,
	abs(m.roc_auc - s.roc_auc) < 1e-12 AS roc_auc,
	abs(m.average_precision - s.average_precision) < 1e-12 AS average_precision,
	abs(m.log_loss - s.log_loss) < 1e-9 AS log_loss, abs(m.brier_score - s.brier_score) < 1e-9 AS brier_score,
	abs(m.precision_strong - s.precision_strong) < 1e-12 AS precision_strong,
	abs(m.recall_moderate - s.recall_moderate) < 1e-12 AS recall_moderate, m.roc_auc > 0.75 AS good
FROM risk.training_metrics m,
	LATERAL (SELECT count(*) AS rows, count(*) FILTER (WHERE failed) AS positives,
		risk.roc_auc(score, failed) AS roc_auc, risk.average_precision(score, failed) AS average_precision,
		risk.log_loss(score, failed) AS log_loss, risk.brier_score(score, failed) AS brier_score,
		count(*) FILTER (WHERE failed AND level = 'Strong alert')::float8 / count(*)
		FILTER (WHERE level = 'Strong alert') AS precision_strong,
		count(*) FILTER (WHERE failed AND level <> 'No alert')::float8 / count(*)
		FILTER (WHERE failed) AS recall_moderate
	FROM borrower b, LATERAL (SELECT score_company(b, 'credit@1')) s (score),
		LATERAL (SELECT risk.alert_level(score, 'credit@1')) l (level)
	WHERE risk.training_draw(siren, 0) < 0.3
		AND (risk.training_draw(siren, 0, 'test') < 0.5) = (m.held_out = 'test')
		AND (m.known_cases = 'with' OR NOT known)) s
WHERE m.reference = 'credit@1' ORDER BY 1, 2 \gx
-- and the thresholds are the best ones on the validation rows, of 2000 tried
SELECT bool_and(f05 <= (SELECT f05_strong FROM risk.training_metrics
	WHERE reference = 'credit@1' AND held_out = 'validation' AND known_cases = 'with') + 1e-12) AS strong,
	bool_and(f2 <= (SELECT f2_moderate FROM risk.training_metrics
		WHERE reference = 'credit@1' AND held_out = 'validation' AND known_cases = 'with') + 1e-12) AS moderate
FROM generate_series(0, 1, 0.0005) t,
	LATERAL (SELECT 1.25 * tp / nullif(0.25 * positives + alerts, 0) AS f05,
		5 * tp / nullif(4.0 * positives + alerts, 0) AS f2
		FROM (SELECT count(*) FILTER (WHERE failed AND score >= t)::float8 AS tp,
			count(*) FILTER (WHERE failed) AS positives,
			count(*) FILTER (WHERE score >= t) AS alerts
		FROM (SELECT failed, score_company(b, 'credit@1') AS score FROM borrower b
			WHERE risk.training_draw(siren, 0) < 0.3 AND risk.training_draw(siren, 0, 'test') >= 0.5) s) c) f;

-- The trainer's margins of the held-out rows are those that the model answers here
SELECT count(*), bool_and(same(m.margin, risk.margin(b, 'credit@1'))) AS same_margins
FROM risk_internal.run_training('SELECT * FROM borrower',
	(SELECT arguments FROM risk.trainings WHERE reference = 'credit@1')) r,
	LATERAL unnest(r.margins) WITH ORDINALITY m (margin, n)
	JOIN (SELECT *, row_number() OVER (ORDER BY siren, period) AS n FROM borrower
		WHERE risk.training_draw(siren, 0) < 0.3) b USING (n);

-- ---------- the same again

SELECT risk.train_model('credit', 'SELECT * FROM borrower', 'failed', key_column => 'siren',
	period_column => 'period', known_column => 'known', rounds => 40,
	parameters => '{"max_depth": 3, "eta": 0.2}', threads => 1);
SELECT count(DISTINCT digest) AS one_digest FROM risk.models WHERE name = 'credit';
-- The key may come in another type: the same companies are held out
SELECT risk.train_model('credit', 'SELECT debt, workforce, age, form, region, size, subsidised, failed,
	siren::char(20) AS siren, period FROM borrower', 'failed', key_column => 'siren',
	rounds => 40, parameters => '{"max_depth": 3, "eta": 0.2}',
	features => '{debt,workforce,age,form,region,size,subsidised}');
SELECT count(DISTINCT digest) AS one_digest FROM risk.models WHERE name = 'credit';
-- Another seed, other rows
SELECT risk.train_model('credit', 'SELECT * FROM borrower', 'failed', key_column => 'siren', rounds => 40,
	known_column => 'known',
	parameters => '{"max_depth": 3, "eta": 0.2}', seed => 1);
SELECT count(DISTINCT digest) AS two_digests FROM risk.models WHERE name = 'credit';

-- Repeated on today's data, under the same arguments
DELETE FROM borrower WHERE period = '2023-01-01';
SELECT risk.retrain_model('credit@1', 'a month less');
SELECT t.version, t.retrained_from, t.rows, m.description, t.arguments = o.arguments AS arguments, t.first_period
FROM risk.trainings t JOIN risk.models m USING (reference), risk.trainings o
WHERE t.reference = 'credit@5' AND o.reference = 'credit@1';
SELECT name, version, query FROM risk.training_request('credit@5');

-- ---------- who is held out

-- the last periods, a gap before them: 3 of 5 months to train on is 1 + gap 2 + held out 2
SELECT risk.train_model('periods', 'TABLE known_rows', 'failed', key_column => 'siren', period_column => 'period',
	validation_periods => 2, gap_periods => 2, rounds => 5, test_share => 0.4);
SELECT first_period, last_period, first_held_out_period, training_rows, validation_rows + test_rows AS held_out,
	test_rows = (SELECT count(*) FROM borrower
		WHERE period >= '2023-05-01' AND risk.training_draw(siren, 0, 'test') < 0.4) AS test
FROM risk.trainings WHERE name = 'periods';
-- those that a column marks; the same rows choose and judge
SELECT risk.train_model('marked', 'SELECT *, draw(siren) < 0.25 AS mine FROM known_rows', 'failed',
	validation_column => 'mine', key_column => 'siren',
	rounds => 5, test_share => 0);
SELECT training_rows = (SELECT count(*) FROM borrower WHERE draw(siren) >= 0.25) AS training, test_rows
FROM risk.trainings WHERE name = 'marked';
SELECT held_out, known_cases, rows = (SELECT count(*) FROM borrower WHERE draw(siren) < 0.25) AS rows
FROM risk.training_metrics WHERE name = 'marked';
-- nobody
SELECT risk.train_model('all', 'TABLE known_rows', 'failed', features => '{debt}', validation_share => 0,
	rounds => 5);
SELECT t.training_rows = t.rows AS all_rows, m.threshold_strong,
	(SELECT count(*) FROM risk.training_metrics WHERE name = 'all') AS metrics
FROM risk.trainings t JOIN risk.models m USING (reference) WHERE t.name = 'all';
-- without a key each row stands for itself
SELECT risk.train_model('rows', 'TABLE known_rows', 'failed', features => '{debt}', rounds => 2, seed => 7);
SELECT validation_rows + test_rows = (SELECT count(*) FROM generate_series(1, 2000) n
	WHERE risk.training_draw(n::text, 7) < 0.3) AS by_number
FROM risk.trainings WHERE name = 'rows';

-- ---------- early stopping, weights, constraints

SELECT risk.train_model('stopped', 'TABLE known_rows', 'failed', key_column => 'siren', rounds => 500,
	early_stopping_rounds => 10,
	parameters => '{"eval_metric": ["auc", "logloss"], "eta": 0.5}');
SELECT t.rounds < 200 AS stopped, t.rounds_trained = t.rounds + 10 AS ten_more, t.metric,
	t.metric_value < 0.69 AS better, m.rounds = t.rounds AS used
FROM risk.trainings t JOIN risk.models m USING (reference) WHERE t.name = 'stopped';
-- A weight of 2 is the row twice
SELECT risk.train_model('weighted', 'SELECT (debt / 10)::int AS debt, workforce / 20 AS workforce, failed,
	2 AS weight FROM borrower ORDER BY siren, period', 'failed',
	weight_column => 'weight', validation_share => 0, rounds => 10);
SELECT risk.train_model('weighted', 'SELECT (debt / 10)::int AS debt, workforce / 20 AS workforce, failed
	FROM borrower, generate_series(1, 2) ORDER BY siren, period', 'failed',
	validation_share => 0, rounds => 10);
SELECT count(*), max(abs(risk.margin(r, 'weighted@1') - risk.margin(r, 'weighted@2'))) < 1e-4 AS alike
FROM (SELECT (debt / 10)::int AS debt, workforce / 20 AS workforce FROM borrower) r;
-- The score may not fall with debt, whatever chance has made of the rows
SELECT risk.train_model('monotone', 'TABLE known_rows', 'failed', features => '{age,debt,form}', rounds => 30,
	parameters => '{"monotone_constraints": {"debt": 1}, "interaction_constraints": [["age", "debt"], ["form"]]}');
SELECT bool_and(score >= before) AS rises FROM (
	SELECT score, lag(score) OVER (PARTITION BY siren, period ORDER BY d) AS before
	FROM borrower b, generate_series(0, 100, 2) d,
		LATERAL (SELECT score_company(jsonb_build_object('age', age, 'form', form, 'debt', d),
			'monotone@1') AS score) s
	WHERE siren < '000000030') x;
-- The other boosters
SELECT risk.train_model('dart', 'TABLE known_rows', 'failed', features => '{age,debt}', rounds => 5,
	parameters => '{"booster": "dart", "rate_drop": 0.5}');
SELECT risk.train_model('linear', 'TABLE known_rows', 'failed', features => '{debt,workforce}', rounds => 5,
	parameters => '{"booster": "gblinear"}');
-- which cannot go back to its best round when it is stopped: the record says what the registry says
SELECT risk.train_model('halted', 'TABLE known_rows', 'failed', features => '{debt,workforce}', rounds => 300,
	early_stopping_rounds => 2,
	parameters => '{"booster": "gblinear", "eta": 1, "lambda": 0, "eval_metric": "auc"}');
SELECT t.rounds < 300 AS stopped, t.rounds = t.rounds_trained AS all_used, t.rounds = m.rounds AS as_registered
FROM risk.trainings t JOIN risk.models m USING (reference) WHERE t.reference = 'halted@1';
SELECT name, booster FROM risk.models WHERE name IN ('dart', 'linear') ORDER BY 1;

-- ---------- fewer negatives

SELECT risk.train_model('fewer', 'TABLE known_rows', 'failed', key_column => 'siren', positive_share => 0.6,
	rounds => 10);
SELECT abs(training_positives / (training_rows * 0.6) - 1) < 0.05 AS share, kept_negatives < 1 AS fewer,
	calibration ->> 'method' AS method, (calibration ->> 'slope')::float8 AS slope,
	abs((calibration ->> 'intercept')::float8 - ln(kept_negatives)) < 1e-9 AS corrected,
	validation_rows = (SELECT count(*) FROM borrower
		WHERE risk.training_draw(siren, 0) < 0.3
			AND risk.training_draw(siren, 0, 'test') >= 0.5) AS validation_is_whole
FROM risk.trainings WHERE name = 'fewer';
-- The correction gives back the base rate that training on so many positives took away
SELECT abs(avg(1 / (1 + exp(-(risk.margin(b, 'fewer@1') + (t.calibration ->> 'intercept')::float8))))
		- avg(failed::int)) < 0.05 AS corrected,
	avg(1 / (1 + exp(-risk.margin(b, 'fewer@1')))) - avg(failed::int) > 0.05 AS was_wrong
FROM borrower b, risk.trainings t WHERE t.name = 'fewer' GROUP BY t.calibration;

-- by the number of the row, so that another program can tell which are left out
SELECT risk.train_model('numbered', 'SELECT debt, age, failed FROM borrower ORDER BY siren, period', 'failed',
	validation_share => 0, positive_share => 0.6, seed => 11, rounds => 2);
SELECT training_rows - training_positives = (
	SELECT count(*) FROM (SELECT failed, row_number() OVER (ORDER BY siren, period) AS number FROM borrower) b
	WHERE NOT failed AND risk.training_draw(number::text, 11, 'negatives')
		< positives * 0.4 / 0.6 / (rows - positives)) AS by_draw
FROM risk.trainings WHERE name = 'numbered';

-- ---------- the draw, which is the same everywhere: these are of a few lines of Python

SELECT key, seed, purpose FROM (VALUES ('', 0, 'held out', 0.937415377652326),
	('1', 0, 'held out', 0.7388097389541741), ('1', 0, 'test', 0.16564629501907624),
	('1', 0, 'fold', 0.9389470222504384), ('1', 0, 'negatives', 0.9762246851541787),
	('1', 0, 'profile', 0.03269377991582001), ('552100554', 18, 'held out', 0.4761092767982663),
	('552100554', -1, 'held out', 0.8010201694937139),
	('552100554', 9223372036854775807, 'test', 0.6669893774957233),
	('societ' || U&'\00E0' || ' n' || U&'\00B0' || ' 7', 5, 'fold', 0.6345344905575616)) v (key, seed, purpose, draw)
WHERE NOT same(risk.training_draw(key, seed, purpose), draw);
SELECT same(risk.training_draw('552100554'), risk.training_draw('552100554', 0, 'held out')) AS by_default;
SELECT risk.train_model('seeds', 'SELECT debt, failed FROM borrower', 'failed', rounds => 1,
	seed => -9223372036854775808);
SELECT seed FROM risk.trainings WHERE name = 'seeds';

-- ---------- calibration, fitted on the validation rows

SELECT risk.train_model('platt', 'TABLE known_rows', 'failed', key_column => 'siren', rounds => 10,
	calibration => 'sigmoid');
SELECT risk.train_model('isotonic', 'TABLE known_rows', 'failed', key_column => 'siren', rounds => 10,
	calibration => 'isotonic', positive_share => 0.5);
SELECT t.name, t.calibration = CASE t.name
	WHEN 'platt' THEN risk.fit_sigmoid(v.margins, v.labels)
	ELSE risk.fit_isotonic(v.margins, v.labels) END AS by_validation_rows
FROM risk.trainings t, LATERAL (SELECT array_agg(risk.margin(b, t.reference) ORDER BY siren, period) AS margins,
		array_agg(failed ORDER BY siren, period) AS labels
	FROM borrower b WHERE risk.training_draw(siren, 0) < 0.3 AND risk.training_draw(siren, 0, 'test') >= 0.5) v
WHERE t.name IN ('platt', 'isotonic') ORDER BY 1;

-- ---------- the profile that is kept

-- of all rows, if they are not too many: as risk.profile_model makes it of them, with the calibrated score
CREATE TABLE of_training AS SELECT * FROM risk.model_profiles WHERE name = 'platt';
SELECT risk.profile_model('platt@1', 'TABLE known_rows');
SELECT count(*) AS differ FROM (TABLE of_training EXCEPT SELECT * FROM risk.model_profiles WHERE name = 'platt') d;
SELECT count(*) AS profiled, bool_and(rows = (SELECT count(*) FROM known_rows)) AS all_rows FROM of_training;
-- of a sample else, whose companies are those of the whole, by whatever rule these are ordered
CREATE TABLE panel AS
SELECT f, m, f % 1000 / 7.0::float8 AS debt, (ARRAY['a', 'b', 'c'])[1 + m % 3] AS season,
	(f * 7919 + m * 31) % 97 < 12 + m AS failed
FROM generate_series(1, 10000) f, generate_series(1, 12) m ORDER BY f, m;
SELECT risk.train_model('panel', 'SELECT debt, m, season, failed FROM panel', 'failed', rounds => 3,
	parameters => '{"max_depth": 3}');
SELECT feature, kind, rows_then, rows_now, psi < 0.001 AS stable, abs(mean_difference) < 0.02 AS same_mean, unseen
FROM risk.drift('panel@1', 'TABLE panel');
SELECT risk.retrain_model('panel@1');
SELECT count(*) AS differ FROM (SELECT position, counts, mean FROM risk.model_profiles
	WHERE name = 'panel' AND version = 1
	EXCEPT SELECT position, counts, mean FROM risk.model_profiles WHERE name = 'panel' AND version = 2) d;

-- labels and relation are those of the version repeated, not those in production
BEGIN;
SELECT risk.promote_model('panel@2');
SELECT feature AS described FROM risk.model_features WHERE reference = 'panel@1' ORDER BY position LIMIT 1 \gset
SELECT count(risk.describe_features(reference, jsonb_build_object('language', language,
	'features', jsonb_build_object(:'described', jsonb_build_object('label', reference)))))
FROM (VALUES ('panel@1', 'fr'), ('panel@2', 'en')) v (reference, language);
SELECT risk.retrain_model('panel@1');
SELECT m.language, f.label FROM risk.models m JOIN risk.model_features f USING (reference)
WHERE m.reference = 'panel@3' AND f.feature = :'described';
ROLLBACK;

-- fewer rounds than were trained, as what the validation rows say contradicts the others
CREATE TABLE contrary AS SELECT x, (x > 50) <> held_out AS failed, held_out
FROM generate_series(1, 100) x, unnest('{f,t}'::boolean[]) held_out;
SET client_min_messages = notice;
SELECT risk.train_model('contrary', 'TABLE contrary', 'failed', validation_column => 'held_out', test_share => 0,
	rounds => 20, early_stopping_rounds => 2);
SET client_min_messages = warning;

-- ---------- who is held out, whatever the session's settings

CREATE TABLE keyed AS SELECT i AS debt, i % 3 = 0 AS failed, date '2020-01-01' + i / 2 AS day,
	timestamp '2020-01-01' + i / 2 * interval '1 hour' AS hour,
	(i / 2)::numeric(8, 2) AS amount, md5((i / 2)::text)::uuid AS id FROM generate_series(1, 600) i;
CREATE FUNCTION risk_test.train_keyed(key name) RETURNS text LANGUAGE sql AS
	$$ SELECT risk.train_model('keyed', 'SELECT debt, failed, ' || key || ' FROM keyed', 'failed',
		key_column => key, rounds => 1) $$;
SELECT count(train_keyed(key)) FROM unnest('{day,hour,amount,id}'::text[]) key;
SET datestyle = 'German';
SET intervalstyle = 'iso_8601';
SET extra_float_digits = 3;
SET timezone = 'Asia/Tokyo';
SELECT count(train_keyed(key)) FROM unnest('{day,hour,amount,id}'::text[]) key;
RESET datestyle;
RESET intervalstyle;
RESET timezone;
SET extra_float_digits = 0;
SELECT a.arguments ->> 'key_column' AS key, a.training_rows = b.training_rows AND a.test_rows = b.test_rows
	AND a.test_positives = b.test_positives AS same,
	a.training_rows = (SELECT count(*) FROM keyed,
		LATERAL (SELECT CASE a.arguments ->> 'key_column' WHEN 'day' THEN to_json(day) #>> '{}'
			WHEN 'hour' THEN to_json(hour) #>> '{}'
		WHEN 'amount' THEN trim_scale(amount)::text ELSE id::text END) k (key)
		WHERE risk.training_draw(key, 0) >= 0.3) AS as_drawn
FROM risk.trainings a JOIN risk.trainings b ON a.name = b.name AND b.version = a.version + 4
WHERE a.name = 'keyed' AND a.version <= 4 ORDER BY a.version;
-- arguments given as null are as if not given
SELECT risk.train_model('keyed', 'TABLE keyed', 'failed', features => '{debt}', rounds => NULL,
	validation_share => NULL, test_share => NULL, seed => NULL, calibration => NULL);
SELECT validation_rows > 60, test_rows > 60, rounds FROM risk.trainings WHERE name = 'keyed' AND version = 9;

-- ---------- cross-validation

-- by key: the folds are of the draw, and every row is in one
SELECT v.fold, v.rows = b.rows AS rows, v.positives = b.positives AS positives,
	v.training_rows = 2000 - b.rows AS training,
	v.rows_without_known = b.unknown AS unknown, v.rounds_used, v.roc_auc > 0.7 AS good,
	v.average_precision > 0.3 AS precise
FROM risk.cross_validate('SELECT * FROM borrower', 'failed', folds => 3, key_column => 'siren',
	known_column => 'known', rounds => 10) v
	JOIN (SELECT 1 + floor(risk.training_draw(siren, 0, 'fold') * 3)::integer AS fold, count(*) AS rows,
		count(*) FILTER (WHERE failed) AS positives, count(*) FILTER (WHERE NOT known) AS unknown
	FROM borrower GROUP BY 1) b USING (fold) ORDER BY 1;
-- by a column: a fold is what a training says that holds the same rows out
SELECT risk.train_model('part', format(
	'SELECT debt, age, failed, 1 + extract(month FROM period)::int %% 2 = %s AS held_out FROM borrower', n),
	'failed', validation_column => 'held_out', test_share => 0, rounds => 10) FROM generate_series(1, 2) n;
SELECT v.fold, abs(v.roc_auc - m.roc_auc) < 1e-12 AS roc_auc, abs(v.log_loss - m.log_loss) < 1e-9 AS log_loss
FROM risk.cross_validate('SELECT debt, age, failed, 1 + extract(month FROM period)::int % 2 AS part
	FROM borrower', 'failed', folds => 2, fold_column => 'part', rounds => 10) v
	JOIN risk.training_metrics m ON m.name = 'part' AND m.version = v.fold AND m.known_cases = 'with' ORDER BY 1;
SELECT count(*), bool_and(rounds_used < 300) AS stopped, bool_and(training_rows < 1400) AS validation_is_set_apart
FROM risk.cross_validate('TABLE known_rows', 'failed', folds => 4, key_column => 'siren', rounds => 300,
	early_stopping_rounds => 5, validation_share => 0.3, parameters => '{"eta": 1}');

-- ---------- progress, as the training's own query sees it

-- (a column that is 0 in all rows would be refused)
SELECT risk.train_model('observing', $$SELECT b.*,
	debt * (SELECT count(*) FROM risk.training_progress WHERE pid = pg_backend_pid()
		AND phase = 'reading rows' AND model = 'observing' AND database = current_database()
		AND role = current_user) AS seen
	FROM borrower b$$, 'failed', features => '{debt,seen}', rounds => 2);
SELECT count(*) AS none_now FROM risk.training_progress;

-- ---------- removed with the version

SELECT risk.drop_model('credit@1');
SELECT count(*) FILTER (WHERE version = 1) AS dropped, count(*) AS left FROM risk.trainings WHERE name = 'credit';
SELECT count(*) FILTER (WHERE version = 1) AS dropped, count(*) > 0 AS left FROM risk.training_metrics
WHERE name = 'credit';
SELECT outcome($$SELECT risk.retrain_model('credit@1')$$);
SELECT risk.import_model('foreign', linear_model(ARRAY['debt'], ARRAY[1]));
SELECT outcome($$SELECT risk.retrain_model('foreign@1')$$);
