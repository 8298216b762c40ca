--
-- Training: what is refused, how, and that nothing is left of it.
--
\getenv abs_srcdir PG_ABS_SRCDIR
\i :abs_srcdir/test/regress/fixture.sql
SET search_path = risk_test, public;
SET client_min_messages = warning;
CREATE FUNCTION risk_test.training(query text, arguments text DEFAULT '') RETURNS text
LANGUAGE sql AS $$ SELECT outcome(format($q$SELECT risk.train_model('wrong', %L, 'y', rounds => 3 %s)$q$, query,
	arguments)) $$;
CREATE TABLE sound AS
SELECT n AS id, n % 7 AS x, (n * 7919) % 101 AS z, (ARRAY['a', 'b', 'c'])[1 + n % 3] AS c, (n * 37) % 11 < 4 AS y,
	date '2024-01-01' + n % 4 * 31 AS period
FROM generate_series(1, 300) n;

-- ---------- labels and rows
SELECT training('SELECT * FROM sound WHERE false');
SELECT training('SELECT x, z, true AS y FROM sound');
SELECT training('SELECT x, z, 0 AS y FROM sound');
SELECT training('SELECT id, x, z, CASE WHEN id <> 5 THEN y END AS y FROM sound ORDER BY id',
	', key_column => ''id''');
SELECT training('SELECT x, z, CASE WHEN id = 5 THEN ''NaN'' ELSE y::int::float8 END AS y FROM sound ORDER BY id');
SELECT training('SELECT id, x, z, y::int + (id = 7)::int * 2 AS y FROM sound ORDER BY id', ', key_column => ''id''');
SELECT training('SELECT x, z, 0.5 AS y FROM sound');
SELECT training('SELECT x, z, y::text AS y FROM sound');
SELECT training('SELECT x, z FROM sound');
SELECT training('SELECT x, z, y, y FROM sound');
SELECT training('SELECT id AS k, x, z, y FROM sound', ', key_column => ''id''');
SELECT training('SELECT CASE WHEN id > 1 THEN id END AS id, x, z, y FROM sound ORDER BY sound.id',
	', key_column => ''id''');
-- ---------- features
SELECT training('SELECT y FROM sound');
SELECT training('SELECT period, y FROM sound');
SELECT training('SELECT 1 AS x, ''k''::text AS z, y FROM sound');
SELECT training('SELECT x, 1 AS one, NULL::int AS none, y FROM sound', ', features => ''{x,one,none}''');
SELECT training('TABLE sound', ', features => ''{x,w}''');
SELECT training('TABLE sound', ', features => ''{x,period}''');
SELECT training('TABLE sound', ', features => ''{x,x}''');
SELECT training('TABLE sound', ', features => ''{x,y}''');
SELECT training('TABLE sound', ', features => ''{}''');
SELECT training('SELECT x, x, y FROM sound');
SELECT training('SELECT id, CASE id WHEN 9 THEN ''Infinity'' ELSE z::float8 END AS z, y FROM sound ORDER BY id',
	', key_column => ''id''');
SELECT training('SELECT id, CASE id WHEN 9 THEN -1e39::float8 ELSE z::float8 END AS z, y FROM sound ORDER BY id');
SELECT training('SELECT id, CASE id WHEN 9 THEN -(10::numeric ^ 400) ELSE z END AS z, y FROM sound ORDER BY id');
SELECT training('SELECT n % 2 = 0 AS y, ''company '' || n AS name FROM generate_series(1, 1000000) n');
SELECT training('SELECT y, id % 2 AS z, repeat(md5(id::text), 4000) AS report FROM sound');
-- what says whose a row is is no category, unless it is named: by rows, by keys, and by dates where there is no key
CREATE TABLE panel AS
SELECT 'k' || k AS siren, 'd' || (k % 150) / 3 AS commune, 'c' || (k % 12) AS sector, k * 3 % 7 AS x,
	date '2024-01-01' + m * 31 AS period, 'note ' || k || '/' || m AS note,
	timestamp '2024-01-01' + (10 * k + m) * interval '1 second' AS made_at, (k + m) % 5 = 0 AS y
FROM generate_series(1, 300) k, generate_series(1, 8) m WHERE (k + m) % 9 > 0 ORDER BY m, k;
SELECT training('SELECT note, x, y FROM panel');
SELECT training('SELECT siren, sector, commune, x, period, y FROM panel');
SELECT training('SELECT siren, sector, commune, x, period, y FROM panel', ', period_column => ''period''');
SELECT training('SELECT *, siren AS name FROM panel', ', key_column => ''siren''');
SELECT outcome($$SELECT FROM risk.cross_validate('SELECT siren, x, period, y FROM panel', 'y', folds => 2)$$);
BEGIN;
SELECT training('SELECT commune, made_at, x, y FROM panel');
SELECT training('TABLE panel', ', features => ''{siren,x}''');
SELECT training('SELECT siren, commune, sector, x, period, y FROM panel', ', key_column => ''siren''');
-- few values are categories in few rows, too
SELECT training('SELECT sector, x, (x + m) % 2 = 0 AS y FROM panel, generate_series(1, 2) m LIMIT 40',
	', validation_share => 0');
-- what the model learns from, by kind
SET client_min_messages = notice;
SELECT risk.train_model('said', 'SELECT *, x + 0.5 AS z, x > 3 AS high FROM panel', 'y', key_column => 'siren',
	rounds => 3, features => '{commune,x,z,high,sector}');
SELECT count(*) FROM risk.cross_validate('SELECT x, period, sector, y FROM panel', 'y', folds => 2, rounds => 1);
ROLLBACK;
-- ---------- weights, periods, marks
SELECT training('SELECT *, x - 1 AS w FROM sound', ', weight_column => ''w''');
SELECT training('SELECT *, CASE WHEN id > 1 THEN 1.5 END AS w FROM sound ORDER BY id', ', weight_column => ''w''');
SELECT training('SELECT *, ''NaN''::float8 AS w FROM sound', ', weight_column => ''w''');
SELECT training('TABLE sound', ', weight_column => ''c''');
SELECT training('SELECT *, 0 AS w FROM sound', ', weight_column => ''w''');
SELECT training('SELECT *, y::int AS w FROM sound', ', weight_column => ''w''');
SELECT training('SELECT *, CASE WHEN y THEN 1e-50 ELSE 1 END AS w FROM sound', ', weight_column => ''w''');
SELECT training('TABLE sound', ', period_column => ''c''');
SELECT training('SELECT x, y, CASE WHEN id > 1 THEN period ELSE ''infinity'' END AS period FROM sound',
	', period_column => ''period''');
SELECT training('SELECT x, y, timestamp ''2024-01-01'' + (400 * id + n) * interval ''1 second'' AS period
	FROM sound, generate_series(1, 400) n', ', period_column => ''period''');
SELECT training('TABLE sound', ', known_column => ''x''');
SELECT training('SELECT *, nullif(x > 3, false) AS k FROM sound', ', known_column => ''k''');
SELECT training('TABLE sound', ', key_column => ''y''');
-- ---------- who is held out
SELECT training('TABLE sound', ', validation_periods => 1');
SELECT training('TABLE sound', ', gap_periods => 1');
SELECT training('TABLE sound', ', period_column => ''period'', validation_periods => 4');
SELECT training('TABLE sound', ', period_column => ''period'', validation_periods => 2, gap_periods => 2');
SELECT training('SELECT *, false AS v FROM sound', ', validation_column => ''v''');
SELECT training('SELECT *, y AS v FROM sound', ', validation_column => ''v''');
SELECT training('TABLE sound', ', validation_share => 1');
SELECT training('TABLE sound', ', validation_share => -0.1');
SELECT training('TABLE sound', ', test_share => 1');
SELECT training('TABLE sound', ', validation_share => 0, early_stopping_rounds => 3');
SELECT training('TABLE sound', ', validation_share => 0, calibration => ''sigmoid''');
SELECT training('TABLE sound', ', positive_share => 0.1');
SELECT training('SELECT * FROM sound ORDER BY id LIMIT 4');
-- ---------- parameters
SELECT training('TABLE sound', $$, parameters => '{"max_dept": 3}'$$);
SELECT training('TABLE sound', $$, parameters => '{"nthread": 3}'$$);
SELECT training('TABLE sound', $$, parameters => '{"device": "cuda"}'$$);
SELECT training('TABLE sound', $$, parameters => '{"num_class": 3}'$$);
SELECT training('TABLE sound', $$, parameters => '{"seed": 3}'$$);
SELECT training('TABLE sound', $$, parameters => '{"objective": "reg:squarederror"}'$$);
SELECT training('TABLE sound', $$, parameters => '{"booster": "forest"}'$$);
SELECT training('TABLE sound', $$, parameters => '{"rate_drop": 0.5}'$$);
SELECT training('TABLE sound', $$, parameters => '{"booster": "gblinear", "skip_drop": 0.5}'$$);
SELECT training('TABLE sound', $$, parameters => '{"booster": "dart", "top_k": 3}'$$);
SELECT training('TABLE sound', $$, parameters => '{"max_depth": [3]}'$$);
SELECT training('TABLE sound', $$, parameters => '[]'$$);
SELECT training('TABLE sound', $$, parameters => '{"monotone_constraints": {"w": 1}}'$$);
SELECT training('TABLE sound', $$, parameters => '{"monotone_constraints": {"x": 2}}'$$);
SELECT training('TABLE sound', $$, parameters => '{"interaction_constraints": ["x", "z"]}'$$);
SELECT training('TABLE sound', $$, parameters => '{"booster": "gblinear"}'$$);
SELECT split_part(training('TABLE sound', $$, parameters => '{"max_depth": "deep"}'$$), ':',
	1) AS refused_by_libxgboost;
SELECT split_part(training('TABLE sound', $$, parameters => '{"eval_metric": "beauty"}'$$), ':',
	1) AS refused_by_libxgboost;
-- ---------- other arguments
SELECT outcome($$SELECT risk.train_model('a b', 'TABLE sound', 'y')$$);
SELECT outcome($$SELECT risk.train_model('a@1', 'TABLE sound', 'y')$$);
SELECT outcome($$SELECT risk.train_model(NULL, 'TABLE sound', 'y')$$);
SELECT outcome($$SELECT risk.train_model('wrong', NULL, 'y')$$);
SELECT outcome($$SELECT risk.train_model('wrong', 'TABLE sound', NULL)$$);
SELECT outcome($$SELECT risk.train_model('wrong', 'TABLE sound', 'y', rounds => 0)$$);
SELECT outcome($$SELECT risk.train_model('wrong', 'TABLE sound', 'y', early_stopping_rounds => 0)$$);
SELECT outcome($$SELECT risk.train_model('wrong', 'TABLE sound', 'y', calibration => 'magic')$$);
SELECT outcome($$SELECT * FROM risk.cross_validate(NULL, 'y')$$);
SELECT outcome($$SELECT * FROM risk.cross_validate('TABLE sound', NULL)$$);
SELECT outcome($$SELECT * FROM risk.cross_validate('TABLE sound', 'y', folds => 1)$$);
SELECT outcome($$SELECT * FROM risk.cross_validate('TABLE sound', 'y', folds => 3, fold_column => 'x')$$);
SELECT outcome($$SELECT * FROM risk.cross_validate('SELECT *, 1 + y::int AS f FROM sound', 'y', folds => 2,
	fold_column => 'f')$$);
SELECT outcome($$SELECT * FROM risk_internal.run_training('TABLE sound', '{"label_column": "y", "colour": "red"}')$$);
SELECT outcome($$SELECT * FROM risk_internal.run_training('SELECT *, 1 AS f FROM sound',
	'{"label_column": "y", "fold_column": "f"}')$$);
-- what the view of trainings could not show is not kept
SELECT arguments, outcome(format($$SELECT risk_internal.train('wrong', 'TABLE sound', %L, NULL)$$,
	arguments)) AS outcome
FROM unnest(ARRAY['{"label_column": "y", "seed": "x"}', '{"label_column": "y", "seed": 1.5}',
	'{"label_column": "y", "seed": 9223372036854775808}', '{"label_column": "y", "rounds": 1.5}',
	'{"label_column": "y", "parameters": []}', '{"label_column": 1}', '{"seed": 1}', '[]',
	'{"label_column": "y", "folds": 2}']) arguments \g (format=unaligned)
SELECT outcome($$SELECT risk_internal.train('wrong', 'TABLE sound', NULL, NULL)$$);
SELECT outcome($$SELECT risk.training_draw('1', 0, 'luck')$$);
-- ---------- keys whose text a setting changes
SELECT type, training(format('SELECT id, x, z, y, %s AS k FROM sound', value), ', key_column => ''k''') AS training
FROM (VALUES ('real', 'id::real'), ('timestamptz', 'period::timestamptz'),
	('interval', 'id * interval ''1 day'''), ('bytea', 'id::text::bytea')) v (type, value) \g (format=unaligned)
-- ---------- the query: one, that only reads
SELECT training('SELEC 1');
SELECT training('SELECT 1; SELECT 2');
-- parameters that XGBoost does not take, or that name no feature, are refused before a row is read
CREATE SEQUENCE risk_test.rows_read;
SELECT parameters, training('SELECT *, nextval(''risk_test.rows_read'') AS n FROM sound',
	format(', parameters => %L', parameters)) ~ '^(22023|38000): ' AS refused
FROM unnest('{"{\"max_depth\": \"deep\"}", "{\"eval_metric\": \"beauty\"}", "{\"eta\": -3}",
	"{\"monotone_constraints\": {\"w\": 1}}",
	"{\"interaction_constraints\": [[\"x\", \"w\"]]}", "{\"max_dept\": 3}"}'::text[]) parameters;
SELECT is_called AS was_run FROM risk_test.rows_read;
DROP SEQUENCE risk_test.rows_read;
SELECT training('DELETE FROM sound');
SELECT training('WITH d AS (DELETE FROM sound RETURNING *) SELECT * FROM d');
SELECT training('SELECT x / (id - 9) AS x, y FROM sound ORDER BY id');
SELECT training('');

-- A cross-validation keeps nothing, so that nothing forbids it
BEGIN READ ONLY;
SELECT training('TABLE sound');
ROLLBACK;
BEGIN READ ONLY;
SELECT count(*) AS folds FROM risk.cross_validate('TABLE sound', 'y', folds => 2, rounds => 1);
COMMIT;

-- The session goes on, and nothing came of all this
SELECT count(*) AS models FROM risk.models;
SELECT count(*) AS trainings FROM risk.trainings;
SELECT count(*) AS at_work FROM risk.training_progress;
SELECT training('TABLE sound', ', key_column => ''id''');
SELECT feature_count, state FROM risk.models WHERE name = 'wrong';
-- A failure after the training: there is nothing to calibrate
SELECT training('SELECT 0.0::float8 * id AS x, z % 2 AS z, y FROM sound',
	', features => ''{z}'', calibration => ''sigmoid'',
		parameters => ''{"max_depth": 1, "base_score": 0.9, "min_child_weight": 1e9}''');
SELECT count(*) FROM risk.models;
-- and so does a rollback
BEGIN;
SELECT training('TABLE sound');
SELECT count(*) FROM risk.trainings;
ROLLBACK;
SELECT count(*) FROM risk.trainings;

-- ---------- who may train: one grant, and the caller's own rights to the rows
CREATE ROLE regress_company_risk_trainer;
GRANT USAGE ON SCHEMA risk_test TO regress_company_risk_trainer;
SET ROLE regress_company_risk_trainer;
SELECT training('TABLE sound');
-- what a training is made of is not a way around it
SELECT outcome($$SELECT risk_internal.train('wrong', 'TABLE sound', '{"label_column": "y"}', NULL)$$);
SELECT outcome($$SELECT risk_internal.run_training('TABLE sound', '{"label_column": "y"}')$$);
RESET ROLE;
GRANT EXECUTE ON FUNCTION risk.train_model TO regress_company_risk_trainer;
SET ROLE regress_company_risk_trainer;
SELECT training('TABLE sound');
SELECT training('SELECT 1 AS x FROM pg_authid');
RESET ROLE;
GRANT SELECT ON sound TO regress_company_risk_trainer;
SET ROLE regress_company_risk_trainer;
SELECT training('TABLE sound');
-- nobody makes a record up
SELECT outcome($$SELECT risk_internal.store_training('wrong', 'q', '{}', NULL, NULL, NULL)$$);
SELECT outcome($$SELECT risk_internal.run_training('TABLE sound', '{"label_column": "y"}')$$);
SELECT outcome($$SELECT risk.retrain_model('wrong@1')$$);
SELECT outcome($$SELECT risk.training_request('wrong@1')$$);
SELECT outcome($$SELECT FROM risk_internal.registry_training$$);
SELECT outcome($$SELECT risk.cross_validate('TABLE sound', 'y')$$);
SELECT name, version, trained_by FROM risk.trainings WHERE trained_by = current_user;
SELECT count(*) > 0 AS metrics FROM risk.training_metrics;
-- more threads than the setting says are for those who may set it
SELECT training('TABLE sound', ', threads => 2');
RESET ROLE;
GRANT SET ON PARAMETER company_risk.trainer_threads TO regress_company_risk_trainer;
SET ROLE regress_company_risk_trainer;
SELECT training('TABLE sound', ', threads => 2');
RESET ROLE;
REVOKE SET ON PARAMETER company_risk.trainer_threads FROM regress_company_risk_trainer;
-- each of the functions is enough for itself, and the query of a training stays hidden
REVOKE EXECUTE ON FUNCTION risk.train_model FROM regress_company_risk_trainer;
GRANT EXECUTE ON FUNCTION risk.retrain_model, risk.cross_validate TO regress_company_risk_trainer;
-- Row-level security holds for the rows trained on
CREATE POLICY mine ON sound TO regress_company_risk_trainer USING (id <= 200);
ALTER TABLE sound ENABLE ROW LEVEL SECURITY;
SET ROLE regress_company_risk_trainer;
SELECT outcome($$SELECT risk.retrain_model('wrong@1')$$);
SELECT sum(rows) FROM risk.cross_validate('TABLE sound', 'y', folds => 2, rounds => 2);
SELECT outcome($$SELECT risk.training_request('wrong@1')$$);
RESET ROLE;
SELECT version, rows, trained_by = session_user AS by_me FROM risk.trainings WHERE name = 'wrong' ORDER BY 1;
BEGIN READ ONLY;
SELECT outcome($$SELECT risk.train_model('wrong', 'TABLE sound', 'y')$$);
ROLLBACK;
-- A name in the caller's search_path that is also one of ours does no harm
CREATE FUNCTION risk_test.jsonb_strip_nulls(jsonb) RETURNS jsonb LANGUAGE sql AS $$ SELECT '{}'::jsonb $$;
SET search_path = risk_test, pg_catalog;
SELECT training('TABLE sound') AS still_works;
SET search_path = risk_test, public;
DROP FUNCTION risk_test.jsonb_strip_nulls(jsonb);

DROP OWNED BY regress_company_risk_trainer;
DROP ROLE regress_company_risk_trainer;
