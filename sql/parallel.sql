--
-- Parallel plans: the same bits as serial ones, and the same model, also one that
-- is not committed yet.
--
\getenv abs_srcdir PG_ABS_SRCDIR
\i :abs_srcdir/test/regress/fixture.sql
\i :abs_srcdir/test/regress/golden.sql
SET search_path = risk_test, public;
SELECT risk.import_model('shared', golden_model('logistic-xgb3.3.0', 'ubj'));
SELECT risk.promote_model('shared@1');
CREATE TABLE given AS
SELECT lpad((k * 40 + number)::text, 9, '0') AS siren,
	(SELECT array_agg(x * (1 + k * 0.01) ORDER BY n)
		FROM unnest(string_to_array(line, ',', '')::float8[]) WITH ORDINALITY e (x, n)) AS features
FROM golden_line, generate_series(0, 99) k
WHERE case_name = 'logistic-xgb3.3.0' AND file = 'rows.csv' AND number > 1;
SELECT format('CREATE TABLE big AS SELECT siren, %s FROM given',
	string_agg(format('features[%s] AS %I', position, feature), E',\n\t' ORDER BY position))
FROM risk.model_features WHERE name = 'shared' \gexec
CREATE UNIQUE INDEX ON big (siren);
SELECT risk.bind_source('shared', 'big', 'siren');
ANALYZE big;

SET max_parallel_workers_per_gather = 0;
CREATE TABLE serial_scores AS SELECT siren, score_company(b) AS score, risk.margin(b) AS margin,
	risk.contributions(b) AS contributions FROM big b;

CREATE TABLE serial_importance AS SELECT risk.global_importance(b) AS importance FROM big b;

-- Only workers do the work, wherever they may
SET max_parallel_workers_per_gather = 2;
SET min_parallel_table_scan_size = 0;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET parallel_leader_participation = off;
EXPLAIN (COSTS OFF) SELECT count(*), max(score_company(b)) FROM big b;
CREATE FUNCTION launched(query text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
	line text;
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) ' || query LOOP
		IF line ~ 'Workers Launched: [1-9]' THEN
			RETURN true;
		END IF;
	END LOOP;
	RETURN false;
END
$$;
SELECT launched('SELECT max(score_company(b)) FROM big b') AS workers_were_there;

CREATE TABLE parallel_scores AS SELECT siren, score_company(b) AS score, risk.margin(b) AS margin,
	risk.contributions(b) AS contributions FROM big b;
SELECT count(*), bool_and(same(s.score, p.score)) AS scores, bool_and(same(s.margin, p.margin)) AS margins,
	bool_and(s.contributions = p.contributions) AS contributions
FROM serial_scores s JOIN parallel_scores p USING (siren);
-- in the other forms, look-ups included, compared inside the workers
SELECT count(*), bool_and(score_company(b) = score_company(to_jsonb(b))) AS objects,
	bool_and(score_company(b) = score_company(siren)) AS texts,
	bool_and(score_company(b) = score_company(siren::bigint)) AS bigints FROM big b;
SELECT count(*), bool_and(score_company(features) = score) AS arrays FROM given JOIN serial_scores USING (siren);
SELECT count(*), bool_and(abs(points - score) < 1e-6) AS reasons
FROM (SELECT siren, score_company(b) AS score, (SELECT sum(points) FROM explain_score(b, NULL, 3)) AS points
	FROM big b) r;
SELECT risk.explanation(b) ->> 'model' AS model, count(*) FROM big b GROUP BY 1;
-- sums over all of them, too
SELECT launched('SELECT risk.global_importance(b) FROM big b') AS workers_were_there;
SELECT importance = (SELECT risk.global_importance(b) FROM big b) AS importance FROM serial_importance;

-- Workers see what this transaction has imported, promoted and set
BEGIN;
SELECT risk.import_model('shared', golden_model('logistic-xgb3.3.0', 'ubj'), rounds => 1);
SELECT launched($$SELECT max(score_company(b, 'shared@2')) FROM big b$$) AS workers_were_there;
SELECT count(*), bool_and(score_company(b) = score) AS still_version_1,
	bool_and(score_company(b, 'shared@2') <> score) AS differ
FROM big b JOIN serial_scores USING (siren);
SELECT risk.promote_model('shared@2');
SELECT count(*), bool_and(score_company(b) <> score) AS differ,
	bool_and(score_company(b) = score_company(b, 'shared@2')) AS same,
	bool_and(score_company(b, 'shared@1') = score) AS old FROM big b JOIN serial_scores USING (siren);
SET LOCAL company_risk.default_model = 'shared@1';
SELECT count(*), bool_and(score_company(b) = score) AS same FROM big b JOIN serial_scores USING (siren);
SELECT risk.resolve_model() AS model, count(*) FROM big GROUP BY 1;
ROLLBACK;
SELECT count(*), bool_and(score_company(b) = score) AS same FROM big b JOIN serial_scores USING (siren);

-- Without shared memory, every worker has its own image, and the same bits
BEGIN;
SET LOCAL client_min_messages = error;
SET LOCAL company_risk.shared_memory_limit = 0;
SELECT risk.import_model('alone', golden_model('logistic-xgb3.3.0', 'ubj'),
	feature_names => (SELECT array_agg(feature ORDER BY position) FROM risk.model_features
		WHERE name = 'shared' AND version = 1));
SELECT count(*), bool_and(score_company(b, 'alone@1') = score) AS same FROM big b JOIN serial_scores USING (siren);
ROLLBACK;

-- A query of one row in a worker, as every query may be
SELECT set_config(name, 'on', false) AS forced FROM pg_settings
WHERE name IN ('debug_parallel_query', 'force_parallel_mode');
SELECT score_company('000000002') = score AS texts, score_company(2) = score AS bigints FROM serial_scores
WHERE siren = '000000002';
SELECT count(*) FROM explain_score('000000002');
SELECT outcome($$SELECT score_company('000000002', 'nobody')$$);
SELECT risk.resolve_model();
SELECT count(*) > 0 AS loaded FROM risk.loaded_models WHERE name = 'shared';
