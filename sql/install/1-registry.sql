/* company_risk 1.0.0: the objects of the extension */

\echo Use "CREATE EXTENSION company_risk" to load this file. \quit

/* ----------
 * The registry
 *
 * Keys are natural (name, version, position, number), without sequences, so that
 * the same imports give the same rows on every node and a dump restores as it is.
 * Names compare bytewise: C code scans these tables by index.  There are no
 * foreign keys: a parallel restore loads configuration tables in any order.
 * ----------
 */
CREATE SCHEMA risk;
COMMENT ON SCHEMA risk IS 'company_risk: registry, administration and further functions';
GRANT USAGE ON SCHEMA risk TO PUBLIC;

CREATE TABLE risk.registry (
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
	features integer NOT NULL,
	output_groups integer NOT NULL,
	trees integer NOT NULL,
	nodes bigint NOT NULL,
	depth integer NOT NULL,
	rounds integer NOT NULL,
	rounds_total integer NOT NULL,
	image_bytes bigint NOT NULL,
	-- levels of alert
	threshold_strong double precision,
	threshold_moderate double precision,
	alert_strong text NOT NULL DEFAULT 'Alerte seuil F1',
	alert_moderate text NOT NULL DEFAULT 'Alerte seuil F2',
	alert_none text NOT NULL DEFAULT 'Pas d''alerte',
	-- the relation in which companies are looked up, by name, so that it may be
	-- dropped and made again
	source_schema name,
	source_relation name,
	key_column name,
	period_column name,
	-- how its scores are calibrated, by risk.set_calibration
	calibration jsonb,
	-- the last comparison with libxgboost
	verified_at timestamptz,
	verified_with text,
	verified_rows bigint,
	verified_different bigint,
	CONSTRAINT registry_pkey PRIMARY KEY (name, version),
	CONSTRAINT registry_name_check CHECK (name OPERATOR(pg_catalog.~) '^[^@[:space:]]+$'),
	CONSTRAINT registry_version_check CHECK (version OPERATOR(pg_catalog.>) 0),
	CONSTRAINT registry_state_check CHECK (
		state OPERATOR(pg_catalog.=) ANY (ARRAY['candidate'::pg_catalog.text, 'production', 'archived'])),
	CONSTRAINT registry_thresholds_check CHECK (
		(threshold_strong IS NULL) OPERATOR(pg_catalog.=) (threshold_moderate IS NULL)
		AND (threshold_strong IS NULL OR threshold_moderate OPERATOR(pg_catalog.<=) threshold_strong))
);
COMMENT ON TABLE risk.registry IS 'Versions of models; read the view risk.models';

CREATE UNIQUE INDEX registry_production ON risk.registry (name)
	WHERE state OPERATOR(pg_catalog.=) 'production'::pg_catalog.text;
CREATE INDEX registry_content ON risk.registry (content_digest);

CREATE TABLE risk.registry_group (
	name text COLLATE "C" NOT NULL,
	version integer NOT NULL,
	feature_group text COLLATE "C" NOT NULL,
	label text,
	description text,
	CONSTRAINT registry_group_pkey PRIMARY KEY (name, version, feature_group)
);
COMMENT ON TABLE risk.registry_group IS 'Groups of features of a model; read the view risk.model_features';

CREATE TABLE risk.registry_feature (
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
COMMENT ON TABLE risk.registry_feature IS 'Features of a model; read the view risk.model_features';

CREATE TABLE risk.registry_chunk (
	name text COLLATE "C" NOT NULL,
	version integer NOT NULL,
	number integer NOT NULL,
	data bytea NOT NULL,
	CONSTRAINT registry_chunk_pkey PRIMARY KEY (name, version, number)
);
ALTER TABLE risk.registry_chunk ALTER COLUMN data SET STORAGE EXTERNAL;
COMMENT ON TABLE risk.registry_chunk IS 'Bytes of models, as imported, in pieces; read with risk.export_model';

CREATE TABLE risk.registry_event (
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
COMMENT ON TABLE risk.registry_event IS 'What happened to models; read the view risk.model_events';

SELECT pg_catalog.pg_extension_config_dump('risk.registry', '');
SELECT pg_catalog.pg_extension_config_dump('risk.registry_group', '');
SELECT pg_catalog.pg_extension_config_dump('risk.registry_feature', '');
SELECT pg_catalog.pg_extension_config_dump('risk.registry_chunk', '');
SELECT pg_catalog.pg_extension_config_dump('risk.registry_event', '');

/* ----------
 * Reading the registry
 * ----------
 */
CREATE VIEW risk.models AS
SELECT r.name,
	r.version,
	r.name OPERATOR(pg_catalog.||) '@' OPERATOR(pg_catalog.||) r.version::pg_catalog.text AS reference,
	r.state,
	r.description,
	r.objective,
	r.booster,
	r.features,
	r.output_groups,
	r.trees,
	r.nodes,
	r.depth,
	r.rounds,
	r.rounds_total,
	r.threshold_strong,
	r.threshold_moderate,
	r.alert_strong,
	r.alert_moderate,
	r.alert_none,
	r.calibration OPERATOR(pg_catalog.->>) 'method'::pg_catalog.text AS calibration,
	r.calibration AS calibration_parameters,
	r.source_schema::pg_catalog.text AS source_schema,
	r.source_relation::pg_catalog.text AS source_relation,
	r.key_column::pg_catalog.text AS key_column,
	r.period_column::pg_catalog.text AS period_column,
	r.xgboost_version,
	r.format,
	r.bytes,
	r.image_bytes,
	pg_catalog.encode(r.digest, 'hex') AS digest,
	pg_catalog.encode(r.content_digest, 'hex') AS content_digest,
	r.imported_at,
	r.imported_by,
	(SELECT pg_catalog.max(e.happened_at)
		FROM risk.registry_event e
		WHERE e.name OPERATOR(pg_catalog.=) r.name
			AND e.version OPERATOR(pg_catalog.=) r.version
			AND e.event OPERATOR(pg_catalog.=) ANY (ARRAY['promote'::pg_catalog.text, 'rollback'])) AS promoted_at,
	-- risk.verify_model
	r.verified_at,
	r.verified_with,
	r.verified_rows,
	r.verified_different
FROM risk.registry r;
COMMENT ON VIEW risk.models IS 'Every version of every model: state, what it is, thresholds, bound relation';
COMMENT ON COLUMN risk.models.reference IS 'Reference that pins this version, name@version';
COMMENT ON COLUMN risk.models.state IS 'candidate, production (one version per name) or archived';
COMMENT ON COLUMN risk.models.rounds IS 'Boosting rounds used, of rounds_total in the model';
COMMENT ON COLUMN risk.models.threshold_strong IS 'Scores from here on are a strong alert';
COMMENT ON COLUMN risk.models.threshold_moderate IS 'Scores from here on are at least a moderate alert';
COMMENT ON COLUMN risk.models.calibration IS 'How scores are made from margins: sigmoid or isotonic; NULL when they are the objective''s own';
COMMENT ON COLUMN risk.models.calibration_parameters IS 'The calibration as risk.set_calibration takes it';
COMMENT ON COLUMN risk.models.bytes IS 'Length of the model as imported';
COMMENT ON COLUMN risk.models.image_bytes IS 'Length of the image that scores, at import';
COMMENT ON COLUMN risk.models.digest IS 'SHA-256 of the bytes as imported';
COMMENT ON COLUMN risk.models.content_digest IS 'SHA-256 of what decides margins: bytes, rounds used, feature names; equal on two servers means equal margins, and equal scores where calibration_parameters are equal, too';
COMMENT ON COLUMN risk.models.promoted_at IS 'When this version last came into production';
COMMENT ON COLUMN risk.models.format IS 'What the bytes were when they were imported: json, ubjson, or binary (converted to JSON)';
COMMENT ON COLUMN risk.models.verified_at IS 'When risk.verify_model last compared this version with libxgboost; null: never';
COMMENT ON COLUMN risk.models.verified_with IS 'Version of libxgboost that it was compared with';
COMMENT ON COLUMN risk.models.verified_rows IS 'Rows compared';
COMMENT ON COLUMN risk.models.verified_different IS 'Rows whose margins were not the same to the bit: 0 is how it should be';
GRANT SELECT ON risk.models TO PUBLIC;

CREATE VIEW risk.model_features AS
SELECT f.name,
	f.version,
	f.position,
	f.feature,
	f.kind,
	f.used,
	f.label,
	f.feature_group,
	g.label AS group_label,
	f.source,
	f.unit,
	f.description,
	pg_catalog.array_to_string(f.categories, ', ') AS categories
FROM risk.registry_feature f
	LEFT JOIN risk.registry_group g
		ON g.name OPERATOR(pg_catalog.=) f.name
		AND g.version OPERATOR(pg_catalog.=) f.version
		AND g.feature_group OPERATOR(pg_catalog.=) f.feature_group;
COMMENT ON VIEW risk.model_features IS 'Features of every version of every model, with their dictionary';
COMMENT ON COLUMN risk.model_features.position IS 'Position in the model, from 1: the subscript in float8[] arguments';
COMMENT ON COLUMN risk.model_features.kind IS 'numeric, category names (takes text) or category codes (takes integers)';
COMMENT ON COLUMN risk.model_features.used IS 'Whether any split of the model reads the feature';
GRANT SELECT ON risk.model_features TO PUBLIC;

CREATE VIEW risk.model_events AS
SELECT e.name, e.number, e.version, e.event, e.reason, e.role, e.happened_at, e.details
FROM risk.registry_event e;
COMMENT ON VIEW risk.model_events IS 'History of every model: what was done to which version, by whom, when and why';
GRANT SELECT ON risk.model_events TO PUBLIC;

CREATE FUNCTION risk.library_version() RETURNS text
	AS 'MODULE_PATHNAME', 'company_risk_library_version' LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION risk.library_version() IS
	'Version of the library at work; another than pg_extension.extversion asks for ALTER EXTENSION company_risk UPDATE';

CREATE FUNCTION risk.resolve_model(model text DEFAULT NULL) RETURNS text
	AS 'MODULE_PATHNAME', 'company_risk_resolve_model' LANGUAGE C STABLE PARALLEL SAFE COST 50;
COMMENT ON FUNCTION risk.resolve_model(text) IS
	'The version, as name@version, that a model reference means in this statement. NULL: company_risk.default_model, else the only model in production; name: its production version';

CREATE FUNCTION risk.inspect_model(
	model bytea,
	iterations integer DEFAULT NULL,
	feature_names text[] DEFAULT NULL,
	OUT format text,
	OUT bytes bigint,
	OUT digest bytea,
	OUT content_digest bytea,
	OUT xgboost_version text,
	OUT booster text,
	OUT objective text,
	OUT output_groups integer,
	OUT trees integer,
	OUT nodes bigint,
	OUT depth integer,
	OUT rounds integer,
	OUT rounds_total integer,
	OUT image_bytes bigint,
	OUT features text[],
	OUT kinds text[],
	OUT used boolean[],
	OUT categories jsonb)
	AS 'MODULE_PATHNAME', 'company_risk_inspect_model' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100000;
COMMENT ON FUNCTION risk.inspect_model(bytea, integer, text[]) IS
	'Reads and checks an XGBoost model (JSON or UBJSON, 1.0 to 3.4) as an import would, and says what it is; changes nothing';
REVOKE ALL ON FUNCTION risk.inspect_model(bytea, integer, text[]) FROM PUBLIC;

CREATE FUNCTION risk.image_state(
	OUT content_digest bytea,
	OUT bytes bigint,
	OUT place text,
	OUT state text,
	OUT backends integer,
	OUT loads bigint,
	OUT loaded_at timestamptz,
	OUT last_used timestamptz,
	OUT superseded boolean)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'company_risk_loaded_models' LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED COST 100 ROWS 10;
COMMENT ON FUNCTION risk.image_state() IS
	'Images of models of this database in shared memory, and private ones of this session; read the view risk.loaded_models';

CREATE VIEW risk.loaded_models AS
SELECT r.name, r.version, r.state AS model_state, i.bytes, i.place, i.state, i.backends, i.loads,
	i.loaded_at, i.last_used, i.superseded, pg_catalog.encode(i.content_digest, 'hex') AS content_digest
FROM risk.image_state() i
	LEFT JOIN risk.registry r ON r.content_digest OPERATOR(pg_catalog.=) i.content_digest;
COMMENT ON VIEW risk.loaded_models IS 'Models in memory now: size, place, sessions attached; a model dropped but still in memory has no name';
COMMENT ON COLUMN risk.loaded_models.place IS 'shared (one copy for all sessions) or private (of this session)';
COMMENT ON COLUMN risk.loaded_models.backends IS 'Sessions and workers attached now';
COMMENT ON COLUMN risk.loaded_models.loads IS 'How often the image was built since it has its place in memory';
COMMENT ON COLUMN risk.loaded_models.superseded IS 'No candidate or production version has this content any more: freed once nobody is attached';
GRANT SELECT ON risk.loaded_models TO PUBLIC;

CREATE FUNCTION risk.warm_model(model text DEFAULT NULL) RETURNS bigint
	AS 'MODULE_PATHNAME', 'company_risk_warm_model' LANGUAGE C VOLATILE PARALLEL UNSAFE COST 10000;
COMMENT ON FUNCTION risk.warm_model(text) IS
	'Loads a model ahead of its first use; returns the bytes of its image';

CREATE FUNCTION risk.export_model(model text) RETURNS bytea
	AS 'MODULE_PATHNAME', 'company_risk_export_model' LANGUAGE C STABLE STRICT PARALLEL SAFE COST 10000;
COMMENT ON FUNCTION risk.export_model(text) IS
	'The bytes of a model exactly as they were imported, their digest checked';
REVOKE ALL ON FUNCTION risk.export_model(text) FROM PUBLIC;

