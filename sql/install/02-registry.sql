/* ----------
 * The registry
 *
 * Keys are natural (name, version, position, number), without sequences, so that
 * the same imports give the same rows on every node and a dump restores as it is.
 * Names compare bytewise: C code scans these tables by index.  There are no
 * foreign keys: a parallel restore loads configuration tables in any order.
 * ----------
 */
CREATE FUNCTION risk_internal.languages() RETURNS text[]
	AS 'MODULE_PATHNAME', 'company_risk_languages' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION risk_internal.languages() IS
	'Internal: codes of the languages in which the extension has words of its own';

CREATE FUNCTION risk_internal.alert_word(language text, level text) RETURNS text
	AS 'MODULE_PATHNAME', 'company_risk_alert_word' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION risk_internal.alert_word(text, text) IS
	'Internal: a language''s word for a level of alert, which is strong, moderate, none or out of scope';

CREATE FUNCTION risk_internal.model_name_error(name text) RETURNS text
	AS 'MODULE_PATHNAME', 'company_risk_model_name_error' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION risk_internal.model_name_error(text) IS
	'Internal: why a model may not be called so, a sentence or two; NULL where it may';

CREATE FUNCTION risk_internal.is_model_name(name text) RETURNS boolean
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN risk_internal.model_name_error(name) IS NULL;
COMMENT ON FUNCTION risk_internal.is_model_name(text) IS 'Internal: whether a model may be called so';

CREATE FUNCTION risk_internal.check_model_name(name text) RETURNS void
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF check_model_name.name IS NULL THEN
		RAISE EXCEPTION 'name must not be null' USING ERRCODE = 'null_value_not_allowed';
	END IF;
	IF NOT risk_internal.is_model_name(check_model_name.name) THEN
		RAISE EXCEPTION 'invalid model name "%"', check_model_name.name
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = risk_internal.model_name_error(check_model_name.name);
	END IF;
END
$$;
COMMENT ON FUNCTION risk_internal.check_model_name(text) IS 'Internal: an error where a model may not be called so';

CREATE FUNCTION risk_internal.parse_reference(model text, OUT name text, OUT version integer, OUT digest text)
	AS 'MODULE_PATHNAME', 'company_risk_parse_reference' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION risk_internal.parse_reference(text) IS
	'Internal: what a reference says, as name, name@version or name@version#digest; looks nothing up';

/* Also inside a function that runs as its owner */
CREATE FUNCTION risk_internal.acting_role() RETURNS text
	LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE pg_catalog.current_setting('role') WHEN 'none' THEN SESSION_USER::pg_catalog.text
	ELSE pg_catalog.current_setting('role') END;
COMMENT ON FUNCTION risk_internal.acting_role() IS 'Internal: the role that acts, for the registry''s records';

CREATE TABLE risk_internal.registry (
	name text COLLATE "C" NOT NULL,
	version integer NOT NULL,
	state text COLLATE "C" NOT NULL DEFAULT 'candidate',
	description text,
	imported_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
	imported_by text NOT NULL,
	-- the bytes
	format text NOT NULL,
	bytes bigint NOT NULL,
	digest bytea NOT NULL,
	content_digest bytea NOT NULL,
	-- the model
	xgboost_version text NOT NULL,
	booster text NOT NULL,
	objective text NOT NULL,
	feature_count integer NOT NULL,
	output_groups integer NOT NULL,
	trees integer NOT NULL,
	nodes bigint NOT NULL,
	depth integer NOT NULL,
	rounds integer NOT NULL,
	rounds_total integer NOT NULL,
	image_bytes bigint NOT NULL,
	-- the number that its features have for missing, beside NULL and NaN; NULL: none
	missing_value real,
	-- levels of alert
	threshold_strong double precision,
	threshold_moderate double precision,
	-- of the words around those of the dictionary
	language text NOT NULL DEFAULT 'en',
	-- words for the levels; NULL: the language's
	alert_strong text,
	alert_moderate text,
	alert_none text,
	-- the relation in which companies are looked up, by name, so that it may be
	-- dropped and made again
	source_schema name,
	source_relation name,
	key_column name,
	period_column name,
	-- how its scores are calibrated, by risk.set_calibration
	calibration jsonb,
	-- more of its features' weight than this may not be missing, for a level of alert; NULL: no matter
	max_missing_share double precision,
	-- the word for such companies; NULL: the language's
	alert_out_of_scope text,
	-- the last comparison with libxgboost
	verified_at timestamptz,
	verified_with text,
	verified_rows bigint,
	verified_different bigint,
	CONSTRAINT registry_pkey PRIMARY KEY (name, version),
	CONSTRAINT registry_name_check CHECK (risk_internal.is_model_name(name)),
	CONSTRAINT registry_version_check CHECK (version OPERATOR(pg_catalog.>) 0),
	CONSTRAINT registry_state_check CHECK (
		state OPERATOR(pg_catalog.=) ANY (ARRAY['candidate'::pg_catalog.text, 'production', 'archived'])),
	CONSTRAINT registry_requirements_check CHECK (
		max_missing_share OPERATOR(pg_catalog.>=) 0 AND max_missing_share OPERATOR(pg_catalog.<=) 1),
	CONSTRAINT registry_language_check CHECK (language OPERATOR(pg_catalog.=) ANY (risk_internal.languages())),
	CONSTRAINT registry_thresholds_check CHECK (
		(threshold_strong IS NULL) OPERATOR(pg_catalog.=) (threshold_moderate IS NULL)
		AND (threshold_strong IS NULL OR threshold_moderate OPERATOR(pg_catalog.<=) threshold_strong))
);
COMMENT ON TABLE risk_internal.registry IS 'Versions of models; read the view risk.models';

CREATE UNIQUE INDEX registry_production ON risk_internal.registry (name)
	WHERE state OPERATOR(pg_catalog.=) 'production'::pg_catalog.text;
CREATE INDEX registry_content ON risk_internal.registry (content_digest);

CREATE TABLE risk_internal.registry_group (
	name text COLLATE "C" NOT NULL,
	version integer NOT NULL,
	feature_group text COLLATE "C" NOT NULL,
	label text,
	description text,
	CONSTRAINT registry_group_pkey PRIMARY KEY (name, version, feature_group)
);
COMMENT ON TABLE risk_internal.registry_group IS 'Groups of features of a model; read the view risk.model_features';

CREATE TABLE risk_internal.registry_feature (
	name text COLLATE "C" NOT NULL,
	version integer NOT NULL,
	position integer NOT NULL,
	feature text COLLATE "C" NOT NULL,
	kind text NOT NULL,
	used boolean NOT NULL,
	categories text[],
	label text,
	feature_group text COLLATE "C",
	source text,
	unit text,
	description text,
	CONSTRAINT registry_feature_pkey PRIMARY KEY (name, version, position),
	CONSTRAINT registry_feature_feature_key UNIQUE (name, version, feature)
);
COMMENT ON TABLE risk_internal.registry_feature IS 'Features of a model; read the view risk.model_features';

CREATE TABLE risk_internal.registry_chunk (
	name text COLLATE "C" NOT NULL,
	version integer NOT NULL,
	number integer NOT NULL,
	data bytea NOT NULL,
	CONSTRAINT registry_chunk_pkey PRIMARY KEY (name, version, number)
);
ALTER TABLE risk_internal.registry_chunk ALTER COLUMN data SET STORAGE EXTERNAL;
COMMENT ON TABLE risk_internal.registry_chunk IS 'Bytes of models, as imported, in pieces; read with risk.export_model';

CREATE TABLE risk_internal.registry_event (
	name text COLLATE "C" NOT NULL,
	number integer NOT NULL,
	version integer NOT NULL,
	event text NOT NULL,
	reason text,
	role text NOT NULL,
	happened_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
	details jsonb,
	CONSTRAINT registry_event_pkey PRIMARY KEY (name, number)
);
COMMENT ON TABLE risk_internal.registry_event IS 'What happened to models; read the view risk.model_events';

SELECT pg_catalog.pg_extension_config_dump('risk_internal.registry', '');
SELECT pg_catalog.pg_extension_config_dump('risk_internal.registry_group', '');
SELECT pg_catalog.pg_extension_config_dump('risk_internal.registry_feature', '');
SELECT pg_catalog.pg_extension_config_dump('risk_internal.registry_chunk', '');
SELECT pg_catalog.pg_extension_config_dump('risk_internal.registry_event', '');

CREATE TABLE risk_internal.registry_profile (
	name text COLLATE "C" NOT NULL,
	version integer NOT NULL,
	position integer NOT NULL,
	feature text COLLATE "C" NOT NULL,
	kind text NOT NULL,
	rows bigint NOT NULL,
	missing bigint NOT NULL,
	mean double precision,
	stddev double precision,
	minimum double precision,
	maximum double precision,
	quantiles double precision[],
	slices double precision[],
	bounds double precision[],
	categories text[],
	counts bigint[] NOT NULL,
	others bigint,
	CONSTRAINT registry_profile_pkey PRIMARY KEY (name, version, position)
);
COMMENT ON TABLE risk_internal.registry_profile IS 'Reference distributions of versions of models; read the view risk.model_profiles';
SELECT pg_catalog.pg_extension_config_dump('risk_internal.registry_profile', '');

CREATE TABLE risk_internal.registry_training (
	name text COLLATE "C" NOT NULL,
	version integer NOT NULL,
	-- what was asked for
	query text NOT NULL,
	arguments jsonb NOT NULL,
	retrained_from integer,
	trained_by text NOT NULL,
	trained_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
	-- what came out
	library_version text NOT NULL,
	rounds integer NOT NULL,
	rounds_trained integer NOT NULL,
	metric text,
	metric_value double precision,
	calibration jsonb,
	summary jsonb NOT NULL,
	CONSTRAINT registry_training_pkey PRIMARY KEY (name, version),
	CONSTRAINT registry_training_rounds CHECK (rounds > 0 AND rounds_trained >= rounds),
	CONSTRAINT registry_training_retrained_from CHECK (retrained_from > 0)
);
COMMENT ON TABLE risk_internal.registry_training IS 'Trainings of models; read the view risk.trainings';

CREATE TABLE risk_internal.registry_metrics (
	name text COLLATE "C" NOT NULL,
	version integer NOT NULL,
	held_out text COLLATE "C" NOT NULL,
	known_cases text COLLATE "C" NOT NULL,
	rows bigint NOT NULL,
	positives bigint NOT NULL,
	average_precision double precision,
	roc_auc double precision,
	ks_statistic double precision,
	log_loss double precision,
	brier_score double precision,
	threshold_strong double precision,
	precision_strong double precision,
	recall_strong double precision,
	f05_strong double precision,
	threshold_moderate double precision,
	precision_moderate double precision,
	recall_moderate double precision,
	f2_moderate double precision,
	CONSTRAINT registry_metrics_pkey PRIMARY KEY (name, version, held_out, known_cases)
);
COMMENT ON TABLE risk_internal.registry_metrics IS 'Metrics of trained models on rows held out; read the view risk.training_metrics';

SELECT pg_catalog.pg_extension_config_dump('risk_internal.registry_training', '');
SELECT pg_catalog.pg_extension_config_dump('risk_internal.registry_metrics', '');
