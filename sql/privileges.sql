--
-- Privileges: what everybody may do, what has to be granted, and who is recorded
-- as having acted.
--
\getenv abs_srcdir PG_ABS_SRCDIR
\i :abs_srcdir/test/regress/fixture.sql
SET search_path = risk_test, public;
CREATE ROLE regress_company_risk_analyst;
CREATE ROLE regress_company_risk_steward;
CREATE ROLE regress_company_risk_team;
CREATE ROLE regress_company_risk_member IN ROLE regress_company_risk_team;
GRANT USAGE ON SCHEMA risk_test TO PUBLIC;
CREATE TABLE firm (siren text, x int);
INSERT INTO firm VALUES ('000000001', 3);
SELECT risk.import_model('guarded', linear_model(ARRAY['x'], ARRAY[1]));
SELECT risk.promote_model('guarded@1');
SELECT risk.set_thresholds('guarded', 5, 2);
SELECT risk.bind_source('guarded', 'firm', 'siren');

-- Anybody may score, explain, and read what models there are
SET ROLE regress_company_risk_analyst;
SELECT score_company('{"x": 2}'::jsonb), risk.margin(ARRAY[2]::float8[]), risk.predict(r),
	risk.alert_level(score_company(r)),
	risk.explanation(r) ->> 'model' AS model FROM (SELECT 2 AS x) r;
SELECT feature, contribution FROM explain_score('{"x": 2}'::jsonb) ORDER BY rank;
-- also step by step: whatever runs an aggregate in pieces runs them as anybody
SELECT risk.global_importance(r) AS importance FROM (SELECT 2 AS x) r;
SELECT risk_internal.importance_final(risk_internal.importance_combine(s, s)) AS of_two
FROM (SELECT risk_internal.importance_add(NULL, r) AS s FROM (SELECT 2 AS x) r) r;
-- but for whoever may not run it as a whole: no step explains a row, not even one that
-- waits in a state of one's own making, or in an aggregate of one's own
RESET ROLE;
BEGIN;
CREATE TABLE waiting AS SELECT risk_internal.importance_add(NULL, r) AS state FROM (SELECT 2 AS x) r;
GRANT SELECT ON waiting TO PUBLIC;
CREATE AGGREGATE own_importance(record) (SFUNC = risk_internal.importance_add,
	STYPE = risk_internal.importance_state);
REVOKE EXECUTE ON FUNCTION risk.global_importance(record) FROM PUBLIC;
SET LOCAL ROLE regress_company_risk_analyst;
SELECT risk_internal.importance_final(state) AS by_the_other_form FROM waiting;
RESET ROLE;
REVOKE EXECUTE ON FUNCTION risk.global_importance(record, text) FROM PUBLIC;
SET LOCAL ROLE regress_company_risk_analyst;
SELECT outcome($$SELECT risk.global_importance(r) FROM (SELECT 2 AS x) r$$);
SELECT outcome($$SELECT risk_internal.importance_add(NULL, r) FROM (SELECT 2 AS x) r$$);
SELECT outcome($$SELECT own_importance(r) FROM (SELECT 2 AS x) r$$);
SELECT outcome($$SELECT risk_internal.importance_final(state) FROM waiting$$);
SELECT outcome($$SELECT risk_internal.importance_combine(state, state) FROM waiting$$);
ROLLBACK;
SET ROLE regress_company_risk_analyst;
SELECT risk.resolve_model(), risk.warm_model() > 0 AS warm;
SELECT reference, state FROM risk.models;
SELECT feature FROM risk.model_features WHERE name = 'guarded';
SELECT event FROM risk.model_events WHERE name = 'guarded' ORDER BY number;
SELECT reference, state, image_state FROM risk.loaded_models WHERE name = 'guarded';

-- but not change anything, nor see the weights, nor other people's tables
SELECT outcome($$SELECT objective FROM risk.inspect_model(linear_model(ARRAY['x'], ARRAY[1]))$$);
SELECT outcome($$SELECT risk.import_model('mine', linear_model(ARRAY['x'], ARRAY[1]))$$);
SELECT outcome($$SELECT risk.promote_model('guarded@1')$$);
SELECT outcome($$SELECT risk.rollback_model('guarded', 'why')$$);
SELECT outcome($$SELECT risk.archive_model('guarded@1')$$);
SELECT outcome($$SELECT risk.drop_model('guarded@1')$$);
SELECT outcome($$SELECT risk.describe_features('guarded', '{}')$$);
SELECT outcome($$SELECT risk.bind_source('guarded', 'pg_class', 'relname')$$);
SELECT outcome($$SELECT risk.set_thresholds('guarded', 1, 0)$$);
SELECT outcome($$SELECT risk.set_calibration('guarded@1', NULL)$$);
SELECT outcome($$SELECT risk.export_model('guarded')$$);
SELECT outcome($$SELECT risk_internal.record_event('guarded', 1, 'promote', 'never happened')$$);
SELECT outcome($$SELECT risk_internal.lock_version('guarded')$$);
SELECT outcome($$SELECT FROM risk_internal.registry$$);
SELECT outcome($$SELECT FROM risk_internal.registry_chunk$$);
SELECT outcome($$SELECT FROM risk_internal.registry_feature$$);
SELECT outcome($$SELECT FROM risk_internal.registry_group$$);
SELECT outcome($$SELECT FROM risk_internal.registry_event$$);
SELECT outcome($$UPDATE risk.models SET state = 'production'$$);
SELECT outcome($$DELETE FROM risk.model_events$$);
SELECT outcome($$CREATE TABLE risk.mine (x int)$$);
SELECT outcome($$SELECT score_company('000000001')$$);
SELECT outcome($$SELECT score_company(f) FROM firm f$$);
-- the settings: which model is meant, everybody's choice; how much memory, not
SET company_risk.default_model = 'guarded@1';
SELECT score_company('{"x": 4}'::jsonb);
RESET company_risk.default_model;
SELECT outcome($$SET company_risk.shared_memory_limit = 0$$) LIKE '42501:%' AS refused;
RESET ROLE;

-- A view lends its owner's right to the table
CREATE VIEW firm_scores AS SELECT siren, score_company(f) AS score FROM firm f;
GRANT SELECT ON firm_scores TO regress_company_risk_analyst;
SET ROLE regress_company_risk_analyst;
SELECT * FROM firm_scores;
RESET ROLE;
-- a look-up is made by the caller, also when a view makes it
CREATE VIEW firm_lookups AS SELECT score_company('000000001') AS score;
GRANT SELECT ON firm_lookups TO regress_company_risk_analyst;
SET ROLE regress_company_risk_analyst;
SELECT outcome($$SELECT * FROM firm_lookups$$);
RESET ROLE;

-- Each right is granted by itself, and enough by itself
GRANT EXECUTE ON FUNCTION risk.import_model(text, bytea, integer, text[], text, integer,
	boolean, double precision) TO regress_company_risk_steward;
SET ROLE regress_company_risk_steward;
SELECT risk.import_model('guarded', linear_model(ARRAY['x'], ARRAY[2]), description => 'by the steward');
SELECT outcome($$SELECT risk.promote_model('guarded@2')$$);
RESET ROLE;
GRANT EXECUTE ON FUNCTION risk.promote_model(text, text, boolean) TO regress_company_risk_steward;
SELECT risk.set_thresholds('guarded@2', 5, 2);
SET ROLE regress_company_risk_steward;
SELECT risk.promote_model('guarded@2', 'approved');
SELECT outcome($$SELECT risk.rollback_model('guarded', 'why')$$);
RESET ROLE;
GRANT EXECUTE ON FUNCTION risk.rollback_model(text, text, text) TO regress_company_risk_steward;
SET ROLE regress_company_risk_steward;
SELECT risk.rollback_model('guarded', 'complaints');
SELECT outcome($$SELECT risk.archive_model('guarded@2')$$);
RESET ROLE;
GRANT EXECUTE ON FUNCTION risk.archive_model(text, text), risk.drop_model(text, text),
	risk.describe_features(text, jsonb),
	risk.bind_source(text, regclass, name, name), risk.set_thresholds(text, double precision, double precision)
	TO regress_company_risk_steward;
SET ROLE regress_company_risk_steward;
SELECT risk.describe_features('guarded', '{"features": {"x": {"label": "X", "group": "g"}}}');
SELECT risk.set_thresholds('guarded', 5, 1);
-- whoever binds a relation need not be able to read it; whoever looks up has to
SELECT risk.bind_source('guarded', 'risk_test.firm', 'siren');
SELECT risk.drop_model('guarded@2', 'unused');
SELECT risk.archive_model('guarded@1', 'end');
SELECT risk.rollback_model('guarded', 'not yet');
SELECT outcome($$SELECT risk.export_model('guarded')$$);
RESET ROLE;
GRANT EXECUTE ON FUNCTION risk.export_model(text) TO regress_company_risk_steward;
SET ROLE regress_company_risk_steward;
SELECT risk.export_model('guarded') = linear_model(ARRAY['x'], ARRAY[1]) AS exported;
-- still no way to the tables
SELECT outcome($$SELECT FROM risk_internal.registry_chunk$$);
RESET ROLE;

-- Who acted: the role in force, not the functions' owner, also by way of a function
-- of another owner, and by membership
CREATE FUNCTION risk_test.release(text) RETURNS text LANGUAGE sql SECURITY DEFINER
	AS $$ SELECT risk.promote_model($1, 'release') $$;
SELECT risk.import_model('guarded', linear_model(ARRAY['x'], ARRAY[3]));
SELECT risk.set_thresholds('guarded@3', 5, 1);
SET ROLE regress_company_risk_analyst;
SELECT risk_test.release('guarded@3');
RESET ROLE;
GRANT EXECUTE ON FUNCTION risk.rollback_model(text, text, text),
	risk.promote_model(text, text, boolean) TO regress_company_risk_team;
SET SESSION AUTHORIZATION regress_company_risk_member;
SELECT risk.rollback_model('guarded', 'by a member');
SET ROLE regress_company_risk_team;
SELECT risk.promote_model('guarded@3', 'as the team');
RESET ROLE;
RESET SESSION AUTHORIZATION;
SELECT number, version, event, reason, CASE WHEN role = session_user THEN '(me)' ELSE role END AS role
FROM risk.model_events WHERE name = 'guarded' ORDER BY number;
SELECT reference, CASE WHEN imported_by = session_user THEN '(me)' ELSE imported_by END AS imported_by
FROM risk.models WHERE name = 'guarded' ORDER BY version;

-- Names of categories are values of the rows trained on: for those who may read the bound relation or the model
SELECT risk.import_model('named', edit(edit(tree_model(ARRAY['form'], '[[[8, 0, [0], 1, 2, 1], [7, 0], [1, 1]]]',
	'reg:squarederror', '0E0', ARRAY['c']), '{version}', '[3, 4, 0]'),
	'{learner,gradient_booster,model,cats}', '{"feature_segments": [0, 2], "sorted_idx": [0, 1],
		"enc": [{"offsets": [0, 2, 6], "values": [83, 65, 83, 65, 82, 76]}]}'));
CREATE SCHEMA risk_test_closed;
CREATE TABLE risk_test_closed.firm (siren text, form text, salary int);
SELECT risk.bind_source('named@1', 'risk_test_closed.firm', 'siren');
GRANT SELECT ON risk_test_closed.firm TO regress_company_risk_team;
CREATE VIEW seen AS SELECT current_user::text AS role, string_agg(categories::text, '; ') AS categories
FROM risk.model_features WHERE name = 'named';
GRANT SELECT ON seen TO PUBLIC;
SELECT categories FROM seen;
SET ROLE regress_company_risk_analyst;
TABLE seen;
SELECT feature, kind, categories FROM risk.model_features WHERE name IN ('guarded', 'named') ORDER BY name;
SELECT count(*) FROM risk.model_features WHERE 'SARL' = ANY (categories);
SET ROLE regress_company_risk_member;
TABLE seen;
RESET ROLE;
GRANT USAGE ON SCHEMA risk_test_closed TO regress_company_risk_team, regress_company_risk_analyst;
GRANT SELECT (siren, form) ON risk_test_closed.firm TO regress_company_risk_analyst;
SET ROLE regress_company_risk_member;
TABLE seen;
SET ROLE regress_company_risk_analyst;
TABLE seen;
RESET ROLE;
GRANT EXECUTE ON FUNCTION risk.export_model(text) TO regress_company_risk_analyst;
SET ROLE regress_company_risk_analyst;
TABLE seen;
RESET ROLE;
REVOKE EXECUTE ON FUNCTION risk.export_model(text) FROM regress_company_risk_analyst;
-- a relation that is gone is nobody's to read
DROP SCHEMA risk_test_closed CASCADE;
SET ROLE regress_company_risk_member;
TABLE seen;
RESET ROLE;
SELECT risk.drop_model('named@1');
DROP VIEW seen;

-- A caller's objects do not get between: the functions that run as their owner have
-- a search_path of their own
SET SESSION AUTHORIZATION regress_company_risk_member;
CREATE FUNCTION pg_temp.max(integer) RETURNS integer LANGUAGE plpgsql AS $$ BEGIN RAISE 'trapped'; END $$;
CREATE FUNCTION pg_temp.split_part(text, text, integer) RETURNS text LANGUAGE plpgsql
	AS $$ BEGIN RAISE 'trapped'; END $$;
CREATE TEMPORARY TABLE registry (name text, version int, state text);
CREATE TEMPORARY TABLE pg_class (oid oid);
SET search_path = pg_temp, pg_catalog;
SELECT risk.rollback_model('guarded', 'not trapped');
DISCARD TEMP;
RESET search_path;
RESET SESSION AUTHORIZATION;

-- and those that run as their caller name the schema of all that they use: also of types, for
-- which a temporary schema comes first of all; in a session that has compiled none of them
\c -
CREATE DOMAIN pg_temp.text AS pg_catalog.text CHECK (VALUE IS NULL);
CREATE DOMAIN pg_temp.record AS pg_catalog.text CHECK (VALUE IS NULL);
SELECT count(*) > 0 AS evaluated
FROM risk.evaluate_model('guarded@1', 'SELECT x, x > 2 AS label FROM risk_test.firm', 'label');
SELECT count(*) > 0 AS compared FROM risk.compare_models('guarded@1', 'guarded@3', 'SELECT * FROM risk_test.firm');
SELECT count(*) AS alerts FROM risk.compare_alerts('guarded@1', 'guarded@1', 'SELECT * FROM risk_test.firm', 'siren');
SELECT count(*) AS profiled FROM risk.profile('SELECT x FROM risk_test.firm');
SELECT risk.profile_model('guarded@1', 'SELECT x FROM risk_test.firm');
SELECT count(*) AS drift FROM risk.drift('guarded@1', 'SELECT x FROM risk_test.firm');
SELECT count(*) AS drift_between
FROM risk.drift_between('SELECT x FROM risk_test.firm', 'SELECT x FROM risk_test.firm');
DISCARD TEMP;

SET search_path = risk_test, public;
SELECT p.oid::regprocedure AS owner_rights, array_to_string(p.proconfig, ' ') AS settings
FROM pg_depend d JOIN pg_proc p ON p.oid = d.objid
WHERE d.classid = 'pg_proc'::regclass AND d.refclassid = 'pg_extension'::regclass
	AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'company_risk') AND p.prosecdef
ORDER BY p.oid::regprocedure::text COLLATE "C" \g (format=unaligned)

DROP OWNED BY regress_company_risk_analyst, regress_company_risk_steward, regress_company_risk_member,
	regress_company_risk_team;
DROP ROLE regress_company_risk_analyst, regress_company_risk_steward, regress_company_risk_member,
	regress_company_risk_team;
