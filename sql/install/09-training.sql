/* ----------
 * Training
 *
 * Trainings run as their caller, without a search_path of their own, because they run
 * the caller's query; so they do nothing but call functions by their full names.
 * risk_internal.train (C) reads and trains, and has risk_internal.store_training, which
 * nobody else can call, import what came out and keep the record, as the owner.  Who
 * may execute a function of risk needs no right to those that it calls: they ask for
 * the right to it.
 * ----------
 */
CREATE VIEW risk.trainings AS
SELECT t.name,
	t.version,
	t.name OPERATOR(pg_catalog.||) '@' OPERATOR(pg_catalog.||) t.version::pg_catalog.text AS reference,
	t.trained_at,
	t.trained_by,
	t.retrained_from,
	t.library_version,
	t.rounds,
	t.rounds_trained,
	t.metric,
	t.metric_value,
	(t.summary OPERATOR(pg_catalog.->>) 'rows')::pg_catalog.int8 AS rows,
	(t.summary OPERATOR(pg_catalog.->>) 'positives')::pg_catalog.int8 AS positives,
	(t.summary OPERATOR(pg_catalog.->>) 'positives')::pg_catalog.float8
		OPERATOR(pg_catalog./) (t.summary OPERATOR(pg_catalog.->>) 'rows')::pg_catalog.float8 AS base_rate,
	(t.summary OPERATOR(pg_catalog.->>) 'known_rows')::pg_catalog.int8 AS known_rows,
	(t.summary OPERATOR(pg_catalog.->>) 'training_rows')::pg_catalog.int8 AS training_rows,
	(t.summary OPERATOR(pg_catalog.->>) 'training_positives')::pg_catalog.int8 AS training_positives,
	(t.summary OPERATOR(pg_catalog.->>) 'validation_rows')::pg_catalog.int8 AS validation_rows,
	(t.summary OPERATOR(pg_catalog.->>) 'validation_positives')::pg_catalog.int8 AS validation_positives,
	(t.summary OPERATOR(pg_catalog.->>) 'test_rows')::pg_catalog.int8 AS test_rows,
	(t.summary OPERATOR(pg_catalog.->>) 'test_positives')::pg_catalog.int8 AS test_positives,
	(t.summary OPERATOR(pg_catalog.->>) 'kept_negatives')::pg_catalog.float8 AS kept_negatives,
	t.summary OPERATOR(pg_catalog.->>) 'first_period' AS first_period,
	t.summary OPERATOR(pg_catalog.->>) 'last_period' AS last_period,
	(t.summary OPERATOR(pg_catalog.->>) 'periods')::pg_catalog.int4 AS periods,
	t.summary OPERATOR(pg_catalog.->>) 'first_held_out_period' AS first_held_out_period,
	t.arguments OPERATOR(pg_catalog.->>) 'label_column' AS label_column,
	t.arguments OPERATOR(pg_catalog.->) 'parameters' AS parameters,
	(t.arguments OPERATOR(pg_catalog.->>) 'seed')::pg_catalog.int8 AS seed,
	t.arguments,
	t.calibration,
	(t.summary OPERATOR(pg_catalog.->>) 'reading_seconds')::pg_catalog.float8 AS reading_seconds,
	(t.summary OPERATOR(pg_catalog.->>) 'sending_seconds')::pg_catalog.float8 AS sending_seconds,
	(t.summary OPERATOR(pg_catalog.->>) 'training_seconds')::pg_catalog.float8 AS training_seconds,
	(t.summary OPERATOR(pg_catalog.->>) 'storing_seconds')::pg_catalog.float8 AS storing_seconds
FROM risk_internal.registry_training t;
COMMENT ON VIEW risk.trainings IS 'How every version that was trained here came about; its query is what risk.training_request returns';
COMMENT ON COLUMN risk.trainings.name IS 'Name of the model';
COMMENT ON COLUMN risk.trainings.version IS 'Number of the version';
COMMENT ON COLUMN risk.trainings.reference IS 'name@version, as functions take it';
COMMENT ON COLUMN risk.trainings.trained_at IS 'When the training was over';
COMMENT ON COLUMN risk.trainings.trained_by IS 'The role that asked for it';
COMMENT ON COLUMN risk.trainings.retrained_from IS 'The version whose training was repeated';
COMMENT ON COLUMN risk.trainings.library_version IS 'Version of libxgboost';
COMMENT ON COLUMN risk.trainings.rounds IS 'Boosting rounds used, of rounds_trained';
COMMENT ON COLUMN risk.trainings.rounds_trained IS 'Boosting rounds trained';
COMMENT ON COLUMN risk.trainings.metric IS 'XGBoost''s metric that was watched on the validation rows';
COMMENT ON COLUMN risk.trainings.metric_value IS 'Its value at the round used; negatives weigh less where some were left out of training';
COMMENT ON COLUMN risk.trainings.rows IS 'Rows of the query';
COMMENT ON COLUMN risk.trainings.positives IS 'Rows whose label is true or 1';
COMMENT ON COLUMN risk.trainings.base_rate IS 'Share of positives among all rows of the query';
COMMENT ON COLUMN risk.trainings.known_rows IS 'Rows marked by known_column';
COMMENT ON COLUMN risk.trainings.training_rows IS 'Rows trained on, after negatives were left out';
COMMENT ON COLUMN risk.trainings.training_positives IS 'Positives among them';
COMMENT ON COLUMN risk.trainings.validation_rows IS 'Held-out rows by which early stopping, calibration and thresholds were chosen';
COMMENT ON COLUMN risk.trainings.validation_positives IS 'Positives among them';
COMMENT ON COLUMN risk.trainings.test_rows IS 'Held-out rows by which nothing was chosen';
COMMENT ON COLUMN risk.trainings.test_positives IS 'Positives among them';
COMMENT ON COLUMN risk.trainings.kept_negatives IS 'Share of negatives among the training rows that was kept; 1 without sampling';
COMMENT ON COLUMN risk.trainings.first_period IS 'First period of the rows; null without period_column';
COMMENT ON COLUMN risk.trainings.last_period IS 'Last period of the rows';
COMMENT ON COLUMN risk.trainings.periods IS 'How many periods the rows have';
COMMENT ON COLUMN risk.trainings.first_held_out_period IS 'First period held out, where validation_periods were';
COMMENT ON COLUMN risk.trainings.label_column IS 'The column with the outcome';
COMMENT ON COLUMN risk.trainings.parameters IS 'XGBoost''s parameters, as given';
COMMENT ON COLUMN risk.trainings.seed IS 'Of the draws and of XGBoost';
COMMENT ON COLUMN risk.trainings.arguments IS 'Arguments of risk.train_model other than name, query and description';
COMMENT ON COLUMN risk.trainings.calibration IS 'The calibration fitted, as risk.set_calibration takes it';
COMMENT ON COLUMN risk.trainings.reading_seconds IS 'Time for the query and for keeping its rows';
COMMENT ON COLUMN risk.trainings.sending_seconds IS 'Time for sending the rows to the trainer';
COMMENT ON COLUMN risk.trainings.training_seconds IS 'Time that libxgboost took, with the margins of held-out rows';
COMMENT ON COLUMN risk.trainings.storing_seconds IS 'Time for import, calibration, thresholds, metrics and profile';
GRANT SELECT ON risk.trainings TO PUBLIC;

CREATE VIEW risk.training_metrics AS
SELECT m.name,
	m.version,
	m.name OPERATOR(pg_catalog.||) '@' OPERATOR(pg_catalog.||) m.version::pg_catalog.text AS reference,
	m.held_out,
	m.known_cases,
	m.rows,
	m.positives,
	m.average_precision,
	m.roc_auc,
	m.ks_statistic,
	m.log_loss,
	m.brier_score,
	m.threshold_strong,
	m.precision_strong,
	m.recall_strong,
	m.f05_strong,
	m.threshold_moderate,
	m.precision_moderate,
	m.recall_moderate,
	m.f2_moderate
FROM risk_internal.registry_metrics m;
COMMENT ON VIEW risk.training_metrics IS 'How good every version that was trained here is on rows that it did not see';
COMMENT ON COLUMN risk.training_metrics.name IS 'Name of the model';
COMMENT ON COLUMN risk.training_metrics.version IS 'Number of the version';
COMMENT ON COLUMN risk.training_metrics.reference IS 'name@version, as functions take it';
COMMENT ON COLUMN risk.training_metrics.held_out IS 'test: rows by which nothing was chosen; validation: rows by which early stopping, calibration and thresholds were chosen, so that these figures flatter a little';
COMMENT ON COLUMN risk.training_metrics.known_cases IS 'with or without the rows marked by known_column';
COMMENT ON COLUMN risk.training_metrics.rows IS 'Held-out rows';
COMMENT ON COLUMN risk.training_metrics.positives IS 'Positives among them';
COMMENT ON COLUMN risk.training_metrics.average_precision IS 'As risk.average_precision says';
COMMENT ON COLUMN risk.training_metrics.roc_auc IS 'As risk.roc_auc says';
COMMENT ON COLUMN risk.training_metrics.ks_statistic IS 'As risk.ks_statistic says';
COMMENT ON COLUMN risk.training_metrics.log_loss IS 'As risk.log_loss says';
COMMENT ON COLUMN risk.training_metrics.brier_score IS 'As risk.brier_score says';
COMMENT ON COLUMN risk.training_metrics.threshold_strong IS 'The threshold chosen in training, which risk.set_thresholds may have changed since';
COMMENT ON COLUMN risk.training_metrics.precision_strong IS 'Share of true alerts among the strong ones';
COMMENT ON COLUMN risk.training_metrics.recall_strong IS 'Share of the positives with a strong alert';
COMMENT ON COLUMN risk.training_metrics.f05_strong IS 'F0.5 of the strong alerts, which the threshold makes as great as it can be on the validation rows';
COMMENT ON COLUMN risk.training_metrics.threshold_moderate IS 'The threshold of moderate alerts chosen in training';
COMMENT ON COLUMN risk.training_metrics.precision_moderate IS 'Share of true alerts among the moderate and strong ones';
COMMENT ON COLUMN risk.training_metrics.recall_moderate IS 'Share of the positives with a moderate or strong alert';
COMMENT ON COLUMN risk.training_metrics.f2_moderate IS 'F2 of the moderate and strong alerts, likewise';
GRANT SELECT ON risk.training_metrics TO PUBLIC;

CREATE FUNCTION risk_internal.training_state(
	OUT pid integer,
	OUT database text,
	OUT role text,
	OUT model text,
	OUT phase text,
	OUT fold integer,
	OUT folds integer,
	OUT rows_read bigint,
	OUT round integer,
	OUT rounds integer,
	OUT metric text,
	OUT validation_metric double precision,
	OUT started_at timestamptz,
	OUT estimated_end_at timestamptz)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'company_risk_training_state' LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED COST 100 ROWS 1;
COMMENT ON FUNCTION risk_internal.training_state() IS 'Trainings at work; read the view risk.training_progress';

CREATE VIEW risk.training_progress AS
SELECT s.pid, s.database, s.role, s.model, s.phase, s.fold, s.folds, s.rows_read, s.round, s.rounds,
	s.metric, s.validation_metric, s.started_at, s.estimated_end_at
FROM risk_internal.training_state() s;
COMMENT ON VIEW risk.training_progress IS 'Trainings at work on this server: those of the roles that the reader is a member of, all for a member of pg_read_all_stats';
COMMENT ON COLUMN risk.training_progress.pid IS 'Process of the session that trains';
COMMENT ON COLUMN risk.training_progress.database IS 'Where it trains';
COMMENT ON COLUMN risk.training_progress.role IS 'Who trains';
COMMENT ON COLUMN risk.training_progress.model IS 'Name of the model to be, or (cross-validation)';
COMMENT ON COLUMN risk.training_progress.phase IS 'reading rows, sending rows, training, evaluating or importing';
COMMENT ON COLUMN risk.training_progress.fold IS 'Fold of a cross-validation, of folds';
COMMENT ON COLUMN risk.training_progress.folds IS 'How many folds it has; null for other trainings';
COMMENT ON COLUMN risk.training_progress.rows_read IS 'Rows read from the query, or sent to the trainer, so far';
COMMENT ON COLUMN risk.training_progress.round IS 'Boosting rounds done, of at most rounds';
COMMENT ON COLUMN risk.training_progress.rounds IS 'Boosting rounds, at most';
COMMENT ON COLUMN risk.training_progress.metric IS 'XGBoost''s metric that is watched';
COMMENT ON COLUMN risk.training_progress.validation_metric IS 'Its value on the validation rows after that round';
COMMENT ON COLUMN risk.training_progress.started_at IS 'When the training began';
COMMENT ON COLUMN risk.training_progress.estimated_end_at IS 'When all rounds will be done if they go on as they went; early stopping may come before';
GRANT SELECT ON risk.training_progress TO PUBLIC;

CREATE FUNCTION risk.training_draw(key text, seed bigint DEFAULT 0, purpose text DEFAULT 'held out') RETURNS double precision
	AS 'MODULE_PATHNAME', 'company_risk_training_draw' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION risk.training_draw(text, bigint, text) IS
	'The draw, from 0 to less than 1, that decides for a key what its rows are for: held out where it is below validation_share; of these, test where the draw "test" is below test_share; fold floor(draw "fold" * folds) + 1 of a cross-validation. By the number of the row, as decimal digits counted from 1: negatives are kept where the draw "negatives" is below the share to keep, and the draw "profile" chooses the rows that are profiled. Without key_column the key is the number of the row. The same on every machine';

CREATE FUNCTION risk.fit_sigmoid(margins double precision[], labels boolean[], weights double precision[] DEFAULT NULL) RETURNS jsonb
	AS 'MODULE_PATHNAME', 'company_risk_fit_sigmoid' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100000;
COMMENT ON FUNCTION risk.fit_sigmoid(double precision[], boolean[], double precision[]) IS
	'Platt scaling, fitted on the margins (log-odds) and outcomes of rows that the model did not see: a calibration for risk.set_calibration';

CREATE FUNCTION risk.fit_isotonic(margins double precision[], labels boolean[], weights double precision[] DEFAULT NULL) RETURNS jsonb
	AS 'MODULE_PATHNAME', 'company_risk_fit_isotonic' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100000;
COMMENT ON FUNCTION risk.fit_isotonic(double precision[], boolean[], double precision[]) IS
	'Isotonic regression, fitted on the margins (log-odds) and outcomes of rows that the model did not see: a calibration for risk.set_calibration';

CREATE TYPE risk_internal.training_run AS (
	fold integer,
	model bytea,
	rounds integer,
	rounds_trained integer,
	metric text,
	metric_value double precision,
	library_version text,
	margins real[],
	scores real[],
	labels boolean[],
	weights real[],
	known boolean[],
	test boolean[],
	profiles risk_internal.column_profile[],
	profiled_margins real[],
	profiled_scores real[],
	summary jsonb
);
COMMENT ON TYPE risk_internal.training_run IS
	'What a training brought: the model''s bytes; for each held-out row its margin, score (of the objective, not calibrated), label, weight and marks; and of a sample of all rows, unless it was one of several folds, the features'' distributions, margins and scores';

CREATE FUNCTION risk_internal.run_training(query text, arguments jsonb) RETURNS SETOF risk_internal.training_run
	AS 'MODULE_PATHNAME', 'company_risk_run_training' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE COST 1000000 ROWS 1;
COMMENT ON FUNCTION risk_internal.run_training(text, jsonb) IS
	'Internal: runs a query as the caller and trains on its rows, one model or one for each fold; keeps nothing. For whoever may execute risk.cross_validate, whose arguments these are, as an object';

/*
 * The calibration of a run: its own rows' where one is to be fitted; else, where
 * negatives were left out, the correction of the odds that undoes it.
 */
CREATE FUNCTION risk_internal.fit_calibration(run risk_internal.training_run, method text) RETURNS jsonb
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	kept double precision := (run.summary ->> 'kept_negatives')::double precision;
	chosen record;
BEGIN
	IF method = 'none' THEN
		RETURN CASE WHEN kept < 1
			THEN jsonb_build_object('method', 'sigmoid', 'slope', 1, 'intercept', ln(kept)) END;
	END IF;
	SELECT array_agg(r.margin) AS margins, array_agg(r.label) AS labels,
		CASE WHEN run.weights IS NOT NULL THEN array_agg(r.weight) END AS weights
	INTO chosen
	FROM ROWS FROM (unnest(run.margins), unnest(run.labels), unnest(run.weights), unnest(run.test))
		AS r (margin, label, weight, test)
	WHERE NOT r.test;
	RETURN CASE method
		WHEN 'sigmoid' THEN risk.fit_sigmoid(chosen.margins, chosen.labels, chosen.weights)
		ELSE risk.fit_isotonic(chosen.margins, chosen.labels, chosen.weights) END;
END
$$;
COMMENT ON FUNCTION risk_internal.fit_calibration(risk_internal.training_run, text) IS 'Internal: the calibration that a training calls for';

CREATE FUNCTION risk_internal.store_training(
	name text,
	query text,
	arguments jsonb,
	description text,
	retrained_from integer,
	run risk_internal.training_run)
	RETURNS text
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	begun CONSTANT timestamptz := clock_timestamp();
	reference text;
	new_version integer;
	calibration jsonb;
	strong double precision;
	moderate double precision;
BEGIN
	calibration := risk_internal.fit_calibration(run, COALESCE(arguments ->> 'calibration', 'none'));
	reference := risk_internal.store_model(store_training.name, run.model, description => store_training.description,
		retrained_from => store_training.retrained_from);
	new_version := (risk_internal.parse_reference(reference)).version;
	IF run.rounds <> run.rounds_trained THEN
		RAISE NOTICE 'model "%" uses the first % of its % boosting rounds', reference, run.rounds, run.rounds_trained
			USING DETAIL = format('After these, %s of the validation rows was best.', run.metric),
				HINT = 'A larger early_stopping_rounds waits longer for a better round; without it, all rounds are used.';
	END IF;
	IF calibration IS NOT NULL THEN
		PERFORM risk.set_calibration(reference, calibration);
	END IF;

	IF cardinality(run.margins) > 0 THEN
		SELECT risk.best_threshold(h.score, h.label, 0.5), risk.best_threshold(h.score, h.label, 2)
		INTO strong, moderate
		FROM risk_internal.held_out_scores(run, calibration) h WHERE NOT h.test;
		-- the few strong alerts are among the many moderate ones
		moderate := least(strong, moderate);
		PERFORM risk.set_thresholds(reference, strong, moderate);

		INSERT INTO risk_internal.registry_metrics (name, version, held_out, known_cases, rows, positives,
			average_precision, roc_auc, ks_statistic, log_loss, brier_score,
			threshold_strong, precision_strong, recall_strong, f05_strong,
			threshold_moderate, precision_moderate, recall_moderate, f2_moderate)
		SELECT store_training.name, new_version,
			CASE WHEN h.test THEN 'test' ELSE 'validation' END,
			CASE WHEN k.without THEN 'without' ELSE 'with' END,
			count(*), count(*) FILTER (WHERE h.label),
			risk.average_precision(h.score, h.label),
			risk.roc_auc(h.score, h.label),
			risk.ks_statistic(h.score, h.label),
			risk.log_loss(h.score, h.label),
			risk.brier_score(h.score, h.label),
			strong,
			risk.precision_at(h.score, h.label, strong),
			risk.recall_at(h.score, h.label, strong),
			risk.fbeta_at(h.score, h.label, strong, 0.5),
			moderate,
			risk.precision_at(h.score, h.label, moderate),
			risk.recall_at(h.score, h.label, moderate),
			risk.fbeta_at(h.score, h.label, moderate, 2)
		FROM risk_internal.held_out_scores(run, calibration) h
			CROSS JOIN (VALUES (false), (true)) k (without)
		WHERE NOT k.without OR NOT h.known
		GROUP BY h.test, k.without;
	END IF;

	INSERT INTO risk_internal.registry_training (name, version, query, arguments, retrained_from, trained_by,
		library_version, rounds, rounds_trained, metric, metric_value, calibration, summary)
	VALUES (store_training.name, new_version, store_training.query, store_training.arguments,
		store_training.retrained_from,
		risk_internal.acting_role(),
		run.library_version, run.rounds, run.rounds_trained, run.metric, run.metric_value, calibration,
		run.summary || jsonb_build_object('storing_seconds', extract(epoch FROM clock_timestamp() - begun)));
	PERFORM risk_internal.store_profile(reference,
		ARRAY(SELECT '(score)' UNION ALL SELECT jsonb_array_elements_text(run.summary -> 'features')),
		(SELECT risk_internal.profile_column(COALESCE(risk.apply_calibration(s.margin, calibration), s.score), NULL, 1)
			FROM ROWS FROM (unnest(run.profiled_margins), unnest(run.profiled_scores)) AS s (margin, score)) || run.profiles);
	RETURN reference;
END
$$;
COMMENT ON FUNCTION risk_internal.store_training(text, text, jsonb, text, integer, risk_internal.training_run) IS
	'Internal: imports what a training brought as the next version of a model, calibrates it, chooses its thresholds, and keeps its metrics, its profile and how it came about. For risk_internal.train alone, which calls it as the owner. Returns name@version';
REVOKE ALL ON FUNCTION risk_internal.store_training(text, text, jsonb, text, integer, risk_internal.training_run) FROM PUBLIC;

CREATE FUNCTION risk_internal.held_out_scores(
	run risk_internal.training_run,
	calibration jsonb,
	OUT score double precision,
	OUT label boolean,
	OUT known boolean,
	OUT test boolean)
	RETURNS SETOF record
	LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 100000
	SET search_path = pg_catalog, pg_temp
AS $$
	SELECT COALESCE(risk.apply_calibration(r.margin, calibration), r.score), r.label, r.known, r.test
	FROM ROWS FROM (unnest(run.margins), unnest(run.scores), unnest(run.labels), unnest(run.known), unnest(run.test))
		AS r (margin, score, label, known, test)
$$;
COMMENT ON FUNCTION risk_internal.held_out_scores(risk_internal.training_run, jsonb) IS
	'The held-out rows of a training with their scores, as score_company gives them with this calibration; NULL is none';

/* Everything that can be refused before the query is run */
CREATE FUNCTION risk_internal.check_training(name text, arguments jsonb) RETURNS void
	LANGUAGE plpgsql STABLE PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM risk_internal.check_model_name(check_training.name);
	IF COALESCE(arguments ->> 'calibration', 'none') <> ALL (ARRAY['none', 'sigmoid', 'isotonic']) THEN
		RAISE EXCEPTION 'unknown calibration "%"', arguments ->> 'calibration'
			USING ERRCODE = 'invalid_parameter_value', HINT = 'It is none, sigmoid or isotonic.';
	END IF;
	IF COALESCE(arguments ->> 'calibration', 'none') <> 'none' AND (arguments ->> 'validation_share')::double precision = 0
		AND NOT arguments ?| ARRAY['validation_periods', 'validation_column'] THEN
		RAISE EXCEPTION 'calibration "%" needs validation rows', arguments ->> 'calibration'
			USING ERRCODE = 'invalid_parameter_value', HINT = 'Give a validation_share greater than 0.';
	END IF;
	IF pg_is_in_recovery() OR current_setting('transaction_read_only')::boolean THEN
		RAISE EXCEPTION 'cannot train a model in a read-only transaction'
			USING ERRCODE = 'read_only_sql_transaction';
	END IF;
END
$$;
COMMENT ON FUNCTION risk_internal.check_training(text, jsonb) IS 'Internal: refuses what a training could not end well with';

CREATE FUNCTION risk_internal.train(name text, query text, arguments jsonb, description text) RETURNS text
	AS 'MODULE_PATHNAME', 'company_risk_train' LANGUAGE C VOLATILE PARALLEL UNSAFE COST 1000000;
COMMENT ON FUNCTION risk_internal.train(text, text, jsonb, text) IS
	'Internal: trains by arguments as risk.trainings shows them, and keeps the model. For whoever may execute risk.train_model. Returns name@version';

CREATE FUNCTION risk.train_model(
	name text,
	query text,
	label_column name,
	features text[] DEFAULT NULL,
	key_column name DEFAULT NULL,
	period_column name DEFAULT NULL,
	weight_column name DEFAULT NULL,
	known_column name DEFAULT NULL,
	parameters jsonb DEFAULT NULL,
	rounds integer DEFAULT 100,
	early_stopping_rounds integer DEFAULT NULL,
	validation_share double precision DEFAULT 0.3,
	validation_periods integer DEFAULT NULL,
	gap_periods integer DEFAULT NULL,
	validation_column name DEFAULT NULL,
	test_share double precision DEFAULT 0.5,
	positive_share double precision DEFAULT NULL,
	calibration text DEFAULT 'none',
	seed bigint DEFAULT 0,
	threads integer DEFAULT NULL,
	description text DEFAULT NULL)
	RETURNS text
	LANGUAGE company_risk_plpgsql VOLATILE PARALLEL UNSAFE COST 1000000
AS $$
BEGIN
	RETURN risk_internal.train(name, query,
		pg_catalog.jsonb_strip_nulls(pg_catalog.jsonb_build_object(
			'label_column', label_column, 'features', features, 'key_column', key_column, 'period_column', period_column,
			'weight_column', weight_column, 'known_column', known_column, 'parameters', parameters,
			'rounds', rounds, 'early_stopping_rounds', early_stopping_rounds, 'validation_share', COALESCE(validation_share, 0.3),
			'validation_periods', validation_periods, 'gap_periods', gap_periods,
			'validation_column', validation_column, 'test_share', COALESCE(test_share, 0.5),
			'positive_share', positive_share, 'calibration', calibration, 'seed', seed, 'threads', threads)),
		description);
END
$$;
COMMENT ON FUNCTION risk.train_model(text, text, name, text[], name, name, name, name, jsonb, integer, integer,
		double precision, integer, integer, name, double precision, double precision, text, bigint, integer, text) IS
	'Runs a query as the caller, trains an XGBoost model (binary:logistic) on its rows, and keeps it as the next version of a name, a candidate, with calibration, thresholds, metrics and all that was asked for. Returns name@version. label_column: the outcome; features: columns to learn from (default: all usable ones, but a text column in which most values identify rows or keys is an error); a notice says which they are; key_column: whose row it is, so that a company is on one side; known_column: rows that are known cases, for metrics without them; positive_share: of positives in training, by leaving out negatives';
REVOKE ALL ON FUNCTION risk.train_model(text, text, name, text[], name, name, name, name, jsonb, integer, integer,
		double precision, integer, integer, name, double precision, double precision, text, bigint, integer, text) FROM PUBLIC;

CREATE FUNCTION risk.training_request(
	model text,
	OUT name text,
	OUT version integer,
	OUT query text,
	OUT arguments jsonb)
	LANGUAGE company_risk_plpgsql STABLE PARALLEL SAFE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	reference text := risk.resolve_model(training_request.model);
BEGIN
	SELECT t.name, t.version, t.query, t.arguments
	INTO training_request.name, training_request.version, training_request.query, training_request.arguments
	FROM risk_internal.registry_training t
	WHERE (t.name, t.version) = (SELECT p.name, p.version FROM risk_internal.parse_reference(reference) p);
	IF NOT FOUND THEN
		RAISE EXCEPTION 'model "%" was not trained here', reference
			USING ERRCODE = 'object_not_in_prerequisite_state',
				DETAIL = 'It was imported, so that nothing is known of its training.',
				HINT = 'See the view risk.trainings.';
	END IF;
END
$$;
COMMENT ON FUNCTION risk.training_request(text) IS
	'What a model was trained with: its query, and the arguments of risk.train_model';
REVOKE ALL ON FUNCTION risk.training_request(text) FROM PUBLIC;

CREATE FUNCTION risk.retrain_model(model text, description text DEFAULT NULL) RETURNS text
	AS 'MODULE_PATHNAME', 'company_risk_retrain_model' LANGUAGE C VOLATILE PARALLEL UNSAFE COST 1000000;
COMMENT ON FUNCTION risk.retrain_model(text, text) IS
	'Repeats the training of a model, as the caller and on today''s data, as the next version of its name, with the dictionary and bound relation of the version that is repeated. Returns name@version';
REVOKE ALL ON FUNCTION risk.retrain_model(text, text) FROM PUBLIC;

CREATE FUNCTION risk_internal.fold_metrics(run risk_internal.training_run,
	OUT rows bigint,
	OUT positives bigint,
	OUT average_precision double precision,
	OUT roc_auc double precision,
	OUT log_loss double precision,
	OUT brier_score double precision,
	OUT rows_without_known bigint,
	OUT positives_without_known bigint,
	OUT average_precision_without_known double precision,
	OUT roc_auc_without_known double precision)
	LANGUAGE sql STABLE PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
AS $$
	SELECT count(*), count(*) FILTER (WHERE h.label),
		risk.average_precision(h.score, h.label),
		risk.roc_auc(h.score, h.label),
		risk.log_loss(h.score, h.label),
		risk.brier_score(h.score, h.label),
		CASE WHEN run.known IS NOT NULL THEN count(*) FILTER (WHERE NOT h.known) END,
		CASE WHEN run.known IS NOT NULL THEN count(*) FILTER (WHERE h.label AND NOT h.known) END,
		risk.average_precision(h.score, h.label) FILTER (WHERE NOT h.known),
		risk.roc_auc(h.score, h.label) FILTER (WHERE NOT h.known)
	FROM risk_internal.held_out_scores(run, risk_internal.fit_calibration(run, 'none')) h
	WHERE h.test
$$;
COMMENT ON FUNCTION risk_internal.fold_metrics(risk_internal.training_run) IS 'Internal: metrics of one fold';

CREATE FUNCTION risk.cross_validate(
	query text,
	label_column name,
	folds integer DEFAULT 5,
	features text[] DEFAULT NULL,
	key_column name DEFAULT NULL,
	period_column name DEFAULT NULL,
	weight_column name DEFAULT NULL,
	known_column name DEFAULT NULL,
	fold_column name DEFAULT NULL,
	parameters jsonb DEFAULT NULL,
	rounds integer DEFAULT 100,
	early_stopping_rounds integer DEFAULT NULL,
	validation_share double precision DEFAULT 0.2,
	positive_share double precision DEFAULT NULL,
	seed bigint DEFAULT 0,
	threads integer DEFAULT NULL)
	RETURNS TABLE (fold integer, training_rows bigint, rounds_used integer, rows bigint, positives bigint,
		average_precision double precision, roc_auc double precision, log_loss double precision,
		brier_score double precision, rows_without_known bigint, positives_without_known bigint,
		average_precision_without_known double precision, roc_auc_without_known double precision)
	LANGUAGE company_risk_plpgsql VOLATILE PARALLEL UNSAFE COST 1000000 ROWS 5
AS $$
#variable_conflict use_column
BEGIN
	IF cross_validate.query IS NULL THEN
		RAISE EXCEPTION 'query must not be null' USING ERRCODE = 'null_value_not_allowed';
	END IF;
	RETURN QUERY
	SELECT r.fold, (pg_catalog.jsonb_extract_path_text(r.summary, 'training_rows'))::pg_catalog.int8, r.rounds, m.*
	FROM risk_internal.run_training(cross_validate.query,
			pg_catalog.jsonb_strip_nulls(pg_catalog.jsonb_build_object(
				'label_column', cross_validate.label_column, 'folds', COALESCE(cross_validate.folds, 5),
				'features', cross_validate.features, 'key_column', cross_validate.key_column,
				'period_column', cross_validate.period_column, 'weight_column', cross_validate.weight_column,
				'known_column', cross_validate.known_column, 'fold_column', cross_validate.fold_column,
				'parameters', cross_validate.parameters, 'rounds', cross_validate.rounds,
				'early_stopping_rounds', cross_validate.early_stopping_rounds,
				'validation_share', COALESCE(cross_validate.validation_share, 0.2),
				'positive_share', cross_validate.positive_share, 'seed', cross_validate.seed,
				'threads', cross_validate.threads))) r
		CROSS JOIN LATERAL risk_internal.fold_metrics(r) m;
END
$$;
COMMENT ON FUNCTION risk.cross_validate(text, name, integer, text[], name, name, name, name, name, jsonb, integer, integer,
		double precision, double precision, bigint, integer) IS
	'Trains once for each fold on the others'' rows and returns the metrics on its own; the query is run once, as the caller; nothing is kept. Arguments are those of risk.train_model; fold_column: a whole number, 1 to folds, instead of a draw by key; validation_share: of the other folds'' keys, for early stopping only';
REVOKE ALL ON FUNCTION risk.cross_validate(text, name, integer, text[], name, name, name, name, name, jsonb, integer, integer,
		double precision, double precision, bigint, integer) FROM PUBLIC;
