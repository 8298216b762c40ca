--
-- What people see of an error: its message, detail and hint, and not a CONTEXT of how
-- functions are made.  (In sql/*_errors.sql errors go through a function that has none.)
--
\getenv abs_srcdir PG_ABS_SRCDIR
\i :abs_srcdir/test/regress/fixture.sql
SET search_path = risk_test, public;
SET client_min_messages = warning;
CREATE TABLE firm AS
SELECT n AS siren, n % 7 AS x, n % 3 = 0 AS y, date '2025-01-01' AS period FROM generate_series(1, 60) n;
SELECT risk.import_model('plain', linear_model(ARRAY['x'], ARRAY[1])) \gset
SELECT risk.train_model('trained', 'SELECT x, y FROM firm', 'y', rounds => 1, validation_share => 0) \gset
SELECT risk.set_thresholds('plain@1', 2, 1), risk.set_thresholds('trained@1', 0.5, 0.2) \gset

-- training
SELECT risk.train_model('trained', 'SELECT x FROM firm', 'y');
SELECT risk.train_model('trained', 'SELECT x, y FROM firm', 'y', rounds => 0);
SELECT risk.train_model('no name', 'SELECT x, y FROM firm', 'y');
SELECT risk.train_model('trained', 'SELECT x, y FROM firm', 'y', parameters => '{"max_dept": 2}');
SELECT FROM risk.cross_validate('SELECT x, y FROM firm', 'z');
SELECT risk.retrain_model('plain@1');
SELECT risk.training_request('plain@1');
-- the caller's own query is shown, with the place in it
SELECT risk.train_model('trained', 'SELECT x, nothing FROM firm', 'y');
SELECT risk.train_model('trained', 'SELECT x / (x - x) AS x, y FROM firm', 'y');
-- evaluation, profiles, drift
SELECT FROM risk.evaluate_model('plain@1', 'SELECT 1 AS z, true AS y', 'y');
SELECT FROM risk.compare_models('plain@1', 'trained@1', 'SELECT 1 AS z, true AS y', 'y');
SELECT FROM risk.compare_alerts('plain@1', 'trained@1', 'SELECT siren, period FROM firm', 'siren');
SELECT risk.profile_model('plain@1', 'SELECT 1 AS z');
SELECT FROM risk.profile('SELECT 1 AS z', ARRAY['x']);
SELECT FROM risk.drift('plain@1', 'SELECT 1 AS x');
SELECT FROM risk.drift_between('SELECT 1 AS x', 'SELECT 2 AS z', ARRAY['x']);
-- administration
SELECT risk.import_model('plain', 'no model');
SELECT risk.promote_model('plain@7');
SELECT risk.rollback_model('plain');
SELECT risk.archive_model('plain');
SELECT risk.drop_model('nobody@1');
SELECT risk.set_thresholds('plain@1', 1, 2);
SELECT risk.set_calibration('plain@1', '{"method": "magic"}');
SELECT risk.describe_features('plain@1', '{"features": {"z": {}}}');
SELECT risk.bind_source('plain@1', 'firm', 'nothing');
-- the context of a caller's own function stays
CREATE FUNCTION mine() RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	RETURN risk.promote_model('plain@7');
END $$;
SELECT mine();
-- and an error can be caught, with the same parts as ever
DO $$
DECLARE
	detail text;
BEGIN
	PERFORM risk.train_model('trained', 'SELECT x, y::text AS y FROM firm', 'y');
EXCEPTION WHEN datatype_mismatch THEN
	GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
	RAISE WARNING '%', detail;
END $$;
SELECT risk.promote_model('plain@1');
