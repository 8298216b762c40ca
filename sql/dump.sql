--
-- What a dump carries: the rows of every table of the registry, and nothing that
-- a restore could not put back.  (test/t dumps and restores.)
--
\getenv abs_srcdir PG_ABS_SRCDIR
\i :abs_srcdir/test/regress/fixture.sql
\i :abs_srcdir/test/regress/golden.sql
SELECT c.oid::regclass AS relation, CASE
	WHEN c.oid = ANY (e.extconfig) THEN 'rows are dumped' ELSE 'rows are lost' END AS dump,
	e.extcondition[array_position(e.extconfig, c.oid)] AS condition
FROM pg_extension e
	JOIN pg_depend d ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND d.deptype = 'e'
	JOIN pg_class c ON d.classid = 'pg_class'::regclass AND c.oid = d.objid
WHERE e.extname = 'company_risk' AND c.relkind IN ('r', 'p', 'S', 'm', 'f')
ORDER BY c.oid::regclass::text COLLATE "C";
-- Nothing in a dump of the rows is computed at restore, or asks for an order: no
-- sequence, trigger, foreign key, generated or identity column
SELECT count(*) FILTER (WHERE a.attidentity <> '' OR a.attgenerated <> '') AS computed_columns,
	(SELECT count(*) FROM pg_constraint WHERE contype = 'f'
		AND conrelid::regclass::text LIKE 'risk_internal.%') AS foreign_keys,
	(SELECT count(*) FROM pg_trigger t WHERE t.tgrelid::regclass::text LIKE 'risk_internal.%'
		AND NOT t.tgisinternal) AS triggers,
	(SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE n.nspname = 'risk_internal' AND c.relkind = 'S') AS sequences
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'risk_internal' AND c.relkind = 'r' AND a.attnum > 0;
-- Copied out and in again, as a dump does, models answer as before
SET search_path = risk_test, public;
SELECT risk.import_model('dumped', golden_model('category-names-xgb3.3.0', 'ubj'), description => 'äöü	"tab"');
SELECT risk.set_calibration('dumped@1',
	'{"method": "isotonic", "margins": [-3.5, 0.1, 2], "scores": [0.001, 0.25, 0.75]}');
SELECT risk.promote_model('dumped@1', 'why \ not');
SELECT risk.describe_features('dumped',
	'{"groups": {"g": {"label": "Groupe"}}, "features": {"dette": {"label": "Dette", "group": "g"}}}');
SELECT risk.set_thresholds('dumped', 0.1, 0.01);
SELECT risk.profile_model('dumped@1',
	'SELECT n / 100.0 AS dette, CASE WHEN n % 3 > 0 THEN ''Corse'' END AS region, ''SA'' AS forme, n AS effectif
		FROM generate_series(1, 200) n');
SELECT risk.explanation('{"dette": 1.3, "region": "Corse", "forme": "SA",
	"effectif": 4}'::jsonb) AS explanation_before,
	md5(risk.export_model('dumped')::text) AS bytes_before \gset
CREATE TEMPORARY TABLE registry AS SELECT * FROM risk_internal.registry;
CREATE TEMPORARY TABLE registry_group AS SELECT * FROM risk_internal.registry_group;
CREATE TEMPORARY TABLE registry_feature AS SELECT * FROM risk_internal.registry_feature;
CREATE TEMPORARY TABLE registry_chunk AS SELECT * FROM risk_internal.registry_chunk;
CREATE TEMPORARY TABLE registry_event AS SELECT * FROM risk_internal.registry_event;
CREATE TEMPORARY TABLE registry_profile AS SELECT * FROM risk_internal.registry_profile;
TRUNCATE risk_internal.registry, risk_internal.registry_group, risk_internal.registry_feature,
	risk_internal.registry_chunk, risk_internal.registry_event, risk_internal.registry_profile;
SELECT outcome($$SELECT score_company('{}'::jsonb)$$) LIKE '42704:%' AS gone;
INSERT INTO risk_internal.registry SELECT * FROM pg_temp.registry;
INSERT INTO risk_internal.registry_group SELECT * FROM pg_temp.registry_group;
INSERT INTO risk_internal.registry_feature SELECT * FROM pg_temp.registry_feature;
INSERT INTO risk_internal.registry_chunk SELECT * FROM pg_temp.registry_chunk;
INSERT INTO risk_internal.registry_event SELECT * FROM pg_temp.registry_event;
INSERT INTO risk_internal.registry_profile SELECT * FROM pg_temp.registry_profile;
SELECT risk.explanation('{"dette": 1.3, "region": "Corse", "forme": "SA", "effectif": 4}'::jsonb)
	= :'explanation_before'::jsonb AS same_explanation,
	md5(risk.export_model('dumped')::text) = :'bytes_before' AS same_bytes;
SELECT reference, state, description, threshold_strong, calibration FROM risk.models \gx
SELECT feature, psi, jensen_shannon, wasserstein, mean_difference, verdict
FROM risk.drift('dumped', 'SELECT n / 100.0 AS dette, CASE WHEN n % 3 > 0 THEN ''Corse'' END AS region,
	''SA'' AS forme, n AS effectif FROM generate_series(1, 200) n');
SELECT event, reason FROM risk.model_events WHERE name = 'dumped' ORDER BY number;
SELECT risk.import_model('dumped', linear_model(ARRAY['x'], ARRAY[1]));
