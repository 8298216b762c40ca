--
-- Models in libxgboost's eyes: its margins against ours to the bit, and the old
-- binary format.  The installed libxgboost may be of any version, so nothing here
-- says which; models of 1.7.4 can be read by all of them.
--
\getenv abs_srcdir PG_ABS_SRCDIR
\i :abs_srcdir/test/regress/fixture.sql
\i :abs_srcdir/test/regress/golden.sql
SET search_path = risk_test, public;

-- Every golden model of 1.7.4, on rows that look for trouble
CREATE TEMPORARY TABLE verified AS
SELECT g.case_name, risk.import_model('verified', golden_model(g.case_name, 'ubj'),
	version => g.number::integer) AS model
FROM (SELECT case_name, row_number() OVER (ORDER BY case_name) AS number FROM golden
	WHERE case_name LIKE '%-xgb1.7.4') g;
SELECT count(*) >= 15 AS many, bool_and(v.verified) AS verified, sum(v.different) AS different,
	sum(v.largest_difference) AS difference,
	bool_and(v.rows_compared = 500) AS rows, bool_and(v.reference = model) AS reference,
	bool_and(v.library_version ~ '^\d+\.\d+\.\d+$') AS version
FROM verified, risk.verify_model(model, rows => 500, seed => 3) v;
SELECT case_name, v.* FROM verified, risk.verify_model(model, rows => 500, seed => 4) v WHERE NOT v.verified
ORDER BY 1;
-- No memory at all is not the same as no limit
SELECT outcome('SET company_risk.trainer_memory_limit = 0');
SELECT outcome('SET company_risk.trainer_memory_limit = -2') ~ '^22023: -2 MB is outside the valid range' AS refused;
SET company_risk.trainer_memory_limit = -1;
SHOW company_risk.trainer_memory_limit;
RESET company_risk.trainer_memory_limit;
-- the outcome is kept, and is an event
BEGIN;
SELECT rows_compared FROM risk.verify_model('verified@1', rows => 7);
SELECT verified_at = now() AS now, verified_with ~ '^\d' AS version, verified_rows, verified_different
FROM risk.models WHERE reference = 'verified@1';
COMMIT;
SELECT event, version, details ->> 'rows' AS rows, details ->> 'different' AS different FROM risk.model_events
WHERE name = 'verified' AND version = 1 ORDER BY number;
-- Rows from a query: by name, of any type that scoring takes, and as the caller
-- (libxgboost reads no whole number where it wants a decimal one)
SELECT risk.import_model('sampled', convert_to('{"version": [1, 7, 0], "learner": {"attributes": {},
	"feature_names": ["debt", "staff"], "feature_types": ["float", "float"],
	"learner_model_param": {"base_score": "5E-1", "num_class": "0", "num_feature": "2", "num_target": "1"},
	"objective": {"name": "binary:logistic", "reg_loss_param": {"scale_pos_weight": "1"}},
	"gradient_booster": {"name": "gbtree", "model": {
		"gbtree_model_param": {"num_parallel_tree": "1", "num_trees": "2", "size_leaf_vector": "0"},
		"tree_info": [0, 0], "trees": [
			{"id": 0, "tree_param": {"num_deleted": "0", "num_feature": "2", "num_nodes": "3",
				"size_leaf_vector": "0"},
			"left_children": [1, -1, -1], "right_children": [2, -1, -1], "parents": [2147483647, 0, 0],
			"split_indices": [0, 0, 0], "split_conditions": [1.5E0, -5E-1, 5E-1], "split_type": [0, 0, 0],
			"default_left": [1, 0, 0],
			"base_weights": [0E0, 0E0, 0E0], "loss_changes": [0E0, 0E0, 0E0], "sum_hessian": [8E0, 6E0, 2E0],
			"categories": [], "categories_nodes": [], "categories_segments": [], "categories_sizes": []},
			{"id": 1, "tree_param": {"num_deleted": "0", "num_feature": "2", "num_nodes": "3",
				"size_leaf_vector": "0"},
			"left_children": [1, -1, -1], "right_children": [2, -1, -1], "parents": [2147483647, 0, 0],
			"split_indices": [1, 0, 0], "split_conditions": [1E1, 2.5E-1, -1.25E-1], "split_type": [0, 0, 0],
			"default_left": [0, 0, 0],
			"base_weights": [0E0, 0E0, 0E0], "loss_changes": [0E0, 0E0, 0E0], "sum_hessian": [8E0, 3E0, 5E0],
			"categories": [], "categories_nodes": [], "categories_segments": [], "categories_sizes": []}]}}}}',
			'UTF8'));
SELECT rows_compared, different, verified FROM risk.verify_model('sampled@1',
	$$SELECT n AS id, n::numeric / 2 AS debt, nullif(n, 3)::smallint AS staff FROM generate_series(1, 2500) n
		-- a comment$$);
CREATE TABLE firm (id integer, debt real, staff integer);
INSERT INTO firm VALUES (1, 1.5, 10), (2, '-0', NULL), (3, NULL, 11), (4, 'NaN', 9);
SELECT rows_compared, different, verified FROM risk.verify_model('sampled@1', 'TABLE firm');
SELECT outcome($$SELECT risk.verify_model('sampled@1', 'SELECT 1 AS debt')$$);
SELECT outcome($$SELECT risk.verify_model('sampled@1', 'TABLE firm LIMIT 0')$$);
SELECT outcome($$SELECT risk.verify_model('sampled@1', 'DELETE FROM firm')$$);
SELECT outcome($$SELECT risk.verify_model('sampled@1', 'SELECT 1; SELECT 2')$$);
-- a semicolon and a comment behind it are no second statement, and a column may have any name but the rows'
SELECT rows_compared, different, verified FROM risk.verify_model('sampled@1', 'TABLE firm ; -- a comment');
SELECT rows_compared, different, verified
FROM risk.verify_model('sampled@1', 'SELECT f.debt, f.staff, '';''::text AS r FROM firm f;');
SELECT outcome($$SELECT risk.verify_model('sampled@1', 'SELECT *, 1 AS company_risk_row FROM firm')$$);
-- nor can it reach beyond its parentheses, or the query's parameters
SELECT outcome($$SELECT risk.verify_model('sampled@1', 'SELECT 1 AS debt, 1 AS staff) r, (SELECT 1')$$);
SELECT outcome($$SELECT risk.verify_model('sampled@1', 'SELECT 1 AS debt, length($1) AS staff')$$);
SELECT outcome($$SELECT risk.verify_model('sampled@1', 'SELECT 1e39::float8 AS debt, 1 AS staff')$$);
SELECT outcome($$SELECT risk.verify_model('sampled@1', rows => 0)$$);
SELECT outcome($$SELECT risk.verify_model('sampled')$$);
SELECT outcome($$SELECT risk.verify_model('nobody@1')$$);
-- what was recorded is that of the last time that it went well
SELECT verified_rows, verified_different FROM risk.models WHERE reference = 'sampled@1';
BEGIN READ ONLY;
SELECT verified FROM risk.verify_model('sampled@1', rows => 10);
COMMIT;

-- A difference is found.  Images are found by the digest of the content, so this
-- makes us answer for other bytes than libxgboost gets.
BEGIN;
SELECT risk.warm_model('sampled@1') > 0 AS warm;
UPDATE risk_internal.registry_chunk SET data
	= convert_to(replace(convert_from(data, 'UTF8'), '2.5E-1', '7.5E-1'), 'UTF8') WHERE name = 'sampled';
UPDATE risk_internal.registry SET digest
	= (SELECT sha256(data) FROM risk_internal.registry_chunk WHERE name = 'sampled') WHERE name = 'sampled';
SELECT rows_compared, different, largest_difference, verified FROM risk.verify_model('sampled@1', 'TABLE firm');
SELECT verified_rows, verified_different FROM risk.models WHERE reference = 'sampled@1';
-- but where the model is newer than the library, that is no wonder
UPDATE risk_internal.registry_chunk SET data
	= convert_to(replace(convert_from(data, 'UTF8'), '[1, 7, 0]', '[3, 99, 0]'), 'UTF8') WHERE name = 'sampled';
UPDATE risk_internal.registry SET digest = c.digest, bytes = c.bytes
FROM (SELECT sha256(data) AS digest, length(data) AS bytes FROM risk_internal.registry_chunk
	WHERE name = 'sampled') c WHERE name = 'sampled';
SELECT regexp_replace(outcome($$SELECT risk.verify_model('sampled@1', 'TABLE risk_test.firm')$$),
	'libxgboost \d+\.\d+\.\d+', 'libxgboost N') \g (format=unaligned)
ROLLBACK;

-- Who may: the caller's rights on the rows, the owner's on the registry
CREATE ROLE regress_company_risk_verifier;
GRANT USAGE ON SCHEMA risk_test TO regress_company_risk_verifier;
SET ROLE regress_company_risk_verifier;
SELECT outcome($$SELECT risk.verify_model('sampled@1')$$);
RESET ROLE;
GRANT EXECUTE ON FUNCTION risk.verify_model(text, text, integer, bigint) TO regress_company_risk_verifier;
SET ROLE regress_company_risk_verifier;
SELECT outcome($$SELECT risk.verify_model('sampled@1', 'TABLE risk_test.firm')$$);
SELECT outcome($$SELECT risk_internal.record_verification('sampled@1', '9.9.9', 1000000, 0, 0)$$);
SELECT rows_compared FROM risk.verify_model('sampled@1', rows => 11);
SELECT current_user;
RESET ROLE;
SELECT verified_rows FROM risk.models WHERE reference = 'sampled@1';
SELECT role FROM risk.model_events WHERE name = 'sampled' ORDER BY number DESC LIMIT 1;
REVOKE ALL ON FUNCTION risk.verify_model(text, text, integer, bigint) FROM regress_company_risk_verifier;
REVOKE ALL ON SCHEMA risk_test FROM regress_company_risk_verifier;
DROP ROLE regress_company_risk_verifier;

-- As a condition of an import
SELECT risk.import_model('checked', golden_model('logistic-xgb1.7.4', 'ubj'), verify => true);
SELECT verified_rows, verified_different FROM risk.models WHERE name = 'checked';
-- libxgboost refuses an objective that it does not know; the import is undone
SELECT split_part(outcome($$SELECT risk.import_model('checked',
	linear_model(ARRAY['x'], ARRAY[1], objective => 'reg:nobody'), verify => true)$$), E'\n', 1);
SELECT split_part(outcome($$SELECT risk.import_model('checked',
	linear_model(ARRAY['x'], ARRAY[1], objective => 'reg:nobody'))$$), E'\n', 1);
SELECT split_part(outcome($$SELECT risk.verify_model('checked@2')$$), E'\n', 1);
SELECT reference, verified_at IS NOT NULL AS verified FROM risk.models WHERE name = 'checked' ORDER BY version;

-- The old binary format: read where libxgboost still does, else refused with advice
SELECT risk_internal.is_binary_model(golden_model('stumps-xgb1.7.4', 'binary')) AS marked,
	-- up to 1.2 without the mark
	risk_internal.is_binary_model(substr(golden_model('stumps-xgb1.7.4', 'binary'), 5)) AS unmarked,
	risk_internal.is_binary_model(golden_model('stumps-xgb1.7.4', 'ubj')) AS ubjson,
	risk_internal.is_binary_model(golden_model('stumps-xgb1.7.4', 'json')) AS json,
	risk_internal.is_binary_model(''::bytea) AS nothing;
SET client_min_messages = warning;
CREATE TEMPORARY TABLE outcome AS
SELECT 'binary' AS name, outcome($$SELECT risk.import_model('binary',
	risk_test.golden_model('stumps-xgb1.7.4', 'binary'))$$)
UNION ALL
SELECT 'unmarked', outcome($$SELECT risk.import_model('unmarked',
	substr(risk_test.golden_model('stumps-xgb1.7.4', 'binary'), 5))$$);
RESET client_min_messages;
-- (a libxgboost that does not know the format finds other words for each)
SELECT o.name, CASE WHEN o.outcome = 'ok' THEN (
		SELECT m.format = 'binary' AND j.format = 'json' AND m.trees = v.trees
			AND m.xgboost_version = j.xgboost_version
		FROM risk.models m, risk.inspect_model(risk.export_model(m.reference)) j,
			verified JOIN risk.models v ON v.reference = verified.model
		WHERE m.reference = o.name || '@1' AND verified.case_name = 'stumps-xgb1.7.4')
	ELSE o.outcome ~ '^38000: libxgboost could not load the model\n  detail: .*\n  hint: XGBoost reads its old '
		'binary format up to version 3.0' END AS as_it_should
FROM outcome o ORDER BY o.name;
SELECT count(DISTINCT outcome = 'ok') = 1 AS both_or_none FROM outcome;
-- inspecting takes the same bytes, and says what the import kept, or the same error
CREATE FUNCTION risk_test.inspected() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	i record;
BEGIN
	i := risk.inspect_model(golden_model('stumps-xgb1.7.4', 'binary'));
	RETURN concat_ws(' ', i.format, i.bytes, i.digest, i.content_digest);
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE;
END
$$;
SELECT CASE WHEN o.outcome = 'ok'
	THEN (SELECT concat_ws(' ', m.format, m.bytes, m.digest, m.content_digest)
		FROM risk.models m WHERE m.name = 'binary')
	ELSE split_part(o.outcome, ':', 1) END = inspected() AS inspected
FROM outcome o WHERE o.name = 'binary';
-- and then it is the same model
SELECT count(*) AS different FROM risk.models m, golden_line l,
	LATERAL (SELECT array_agg(nullif(value, '')::float8 ORDER BY ordinality) AS features
		FROM string_to_table(l.line, ',') WITH ORDINALITY t (value, ordinality)) r
WHERE m.name IN ('binary', 'unmarked') AND l.case_name = 'stumps-xgb1.7.4' AND l.file = 'rows.csv' AND l.number > 1
	AND NOT same(risk.margin(r.features, m.reference),
		(SELECT risk.margin(r.features, model) FROM verified v WHERE v.case_name = 'stumps-xgb1.7.4'));
SELECT split_part(outcome($$SELECT risk.import_model('binary', 'binf and then nothing'::bytea)$$), ':',
	1) IN ('38000', '53200') AS refused;
SELECT outcome($$SELECT risk.convert_model(risk_test.golden_model('stumps-xgb1.7.4', 'ubj'))$$);
