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
			AND e.event OPERATOR(pg_catalog.=) ANY (ARRAY['promote'::pg_catalog.text, 'rollback'])) AS promoted_at
FROM risk.registry r;
COMMENT ON VIEW risk.models IS 'Every version of every model: state, what it is, thresholds, bound relation';
COMMENT ON COLUMN risk.models.reference IS 'Reference that pins this version, name@version';
COMMENT ON COLUMN risk.models.state IS 'candidate, production (one version per name) or archived';
COMMENT ON COLUMN risk.models.rounds IS 'Boosting rounds used, of rounds_total in the model';
COMMENT ON COLUMN risk.models.threshold_strong IS 'Scores from here on are a strong alert';
COMMENT ON COLUMN risk.models.threshold_moderate IS 'Scores from here on are at least a moderate alert';
COMMENT ON COLUMN risk.models.bytes IS 'Length of the model as imported';
COMMENT ON COLUMN risk.models.image_bytes IS 'Length of the image that scores, at import';
COMMENT ON COLUMN risk.models.digest IS 'SHA-256 of the bytes as imported';
COMMENT ON COLUMN risk.models.content_digest IS 'SHA-256 of what decides answers: bytes, rounds used, feature names; equal on two servers means equal scores';
COMMENT ON COLUMN risk.models.promoted_at IS 'When this version last came into production';
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

/* ----------
 * Changing the registry
 *
 * All changes take one lock first, so that numbers count up without gaps and one
 * version per name is in production; readers are never blocked.  The functions
 * run as their owner; who called them is recorded.
 * ----------
 */
CREATE FUNCTION risk.record_event(name text, version integer, event text, reason text, details jsonb DEFAULT NULL)
	RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	INSERT INTO risk.registry_event (name, number, version, event, reason, role, details)
	SELECT record_event.name, COALESCE(max(e.number), 0) + 1, record_event.version, record_event.event,
		record_event.reason,
		-- the role that acts, also inside a function that runs as its owner
		CASE current_setting('role') WHEN 'none' THEN session_user::text ELSE current_setting('role') END,
		record_event.details
	FROM risk.registry_event e WHERE e.name = record_event.name;
EXCEPTION WHEN unique_violation THEN
	-- the registry is locked and the number is free in sight: another transaction
	-- was faster than the snapshot of this one
	RAISE EXCEPTION 'could not serialize access due to concurrent change of model "%"', record_event.name
		USING ERRCODE = 'serialization_failure', HINT = 'The transaction might succeed if retried.';
END
$$;
COMMENT ON FUNCTION risk.record_event(text, integer, text, text, jsonb) IS 'Internal: adds to the history of a model';
REVOKE ALL ON FUNCTION risk.record_event(text, integer, text, text, jsonb) FROM PUBLIC;

CREATE FUNCTION risk.lock_version(model text, need_version boolean DEFAULT false)
	RETURNS risk.registry
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	reference text;
	newest integer;
	found_row risk.registry;
BEGIN
	IF lock_version.model IS NULL THEN
		RAISE EXCEPTION 'model must not be null'
			USING ERRCODE = 'null_value_not_allowed', HINT = 'Name the model, as name@version.';
	END IF;
	LOCK TABLE risk.registry IN SHARE ROW EXCLUSIVE MODE;
	IF need_version AND strpos(lock_version.model, '@') = 0 THEN
		SELECT max(r.version) INTO newest FROM risk.registry r WHERE r.name = lock_version.model;
		IF newest IS NULL THEN
			RAISE EXCEPTION 'model "%" does not exist', lock_version.model
				USING ERRCODE = 'undefined_object', HINT = 'See the view risk.models.';
		END IF;
		RAISE EXCEPTION 'reference "%" does not say which version', lock_version.model
			USING ERRCODE = 'invalid_parameter_value',
				HINT = format('Write the version, as %s@%s.', lock_version.model, newest);
	END IF;
	reference := risk.resolve_model(lock_version.model);
	SELECT r.* INTO STRICT found_row FROM risk.registry r
	WHERE r.name = split_part(reference, '@', 1) AND r.version = split_part(reference, '@', 2)::integer;
	RETURN found_row;
END
$$;
COMMENT ON FUNCTION risk.lock_version(text, boolean) IS 'Internal: locks the registry and finds a version';
REVOKE ALL ON FUNCTION risk.lock_version(text, boolean) FROM PUBLIC;

CREATE FUNCTION risk.import_model(
	name text,
	model bytea,
	iterations integer DEFAULT NULL,
	feature_names text[] DEFAULT NULL,
	description text DEFAULT NULL,
	version integer DEFAULT NULL)
	RETURNS text
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	chunk_bytes CONSTANT integer := 1048576;
	new_version integer := import_model.version;
	previous integer;
	damaged_names text;
	found_model record;
BEGIN
	IF import_model.name IS NULL OR import_model.model IS NULL THEN
		RAISE EXCEPTION 'name and model must not be null' USING ERRCODE = 'null_value_not_allowed';
	END IF;
	IF import_model.name !~ '^[^@[:space:]]+$' THEN
		RAISE EXCEPTION 'invalid model name "%"', import_model.name
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = 'A model name is not empty and holds no space and no "@".';
	END IF;
	IF octet_length(import_model.name) > 200 THEN
		RAISE EXCEPTION 'model name is too long'
			USING ERRCODE = 'name_too_long', DETAIL = 'It may have 200 bytes.';
	END IF;
	IF new_version NOT BETWEEN 1 AND 999999999 THEN
		RAISE EXCEPTION 'invalid model version %', new_version
			USING ERRCODE = 'invalid_parameter_value', DETAIL = 'Versions count from 1 to 999999999.';
	END IF;

	-- a compressed value would be decompressed again for each piece
	IF pg_column_size(import_model.model) < octet_length(import_model.model) THEN
		import_model.model := import_model.model || ''::bytea;
	END IF;

	-- everything is read and checked before the registry is locked
	found_model := risk.inspect_model(import_model.model, import_model.iterations, import_model.feature_names);

	LOCK TABLE risk.registry IN SHARE ROW EXCLUSIVE MODE;
	IF new_version IS NULL THEN
		-- the number of a dropped version is not given again
		SELECT COALESCE(max(e.version), 0) + 1 INTO new_version
		FROM risk.registry_event e WHERE e.name = import_model.name;
	ELSIF EXISTS (SELECT FROM risk.registry_event e
				  WHERE e.name = import_model.name AND e.version = new_version) THEN
		RAISE EXCEPTION 'version % of model "%" already exists or existed', new_version, import_model.name
			USING ERRCODE = 'duplicate_object',
				HINT = 'Give a new version, or none to have the next one.';
	END IF;
	SELECT max(r.version) INTO previous FROM risk.registry r
	WHERE r.name = import_model.name AND r.version < new_version;

	PERFORM risk.record_event(import_model.name, new_version, 'import', import_model.description,
		jsonb_build_object('digest', encode(found_model.digest, 'hex'),
			'content_digest', encode(found_model.content_digest, 'hex'),
			'rounds', found_model.rounds, 'rounds_total', found_model.rounds_total));

	INSERT INTO risk.registry (name, version, description, imported_by,
		format, bytes, digest, content_digest, xgboost_version, booster, objective, features,
		output_groups, trees, nodes, depth, rounds, rounds_total, image_bytes)
	VALUES (import_model.name, new_version, import_model.description,
		CASE current_setting('role') WHEN 'none' THEN session_user::text ELSE current_setting('role') END,
		found_model.format, found_model.bytes, found_model.digest, found_model.content_digest,
		found_model.xgboost_version, found_model.booster, found_model.objective,
		cardinality(found_model.features), found_model.output_groups, found_model.trees, found_model.nodes,
		found_model.depth, found_model.rounds, found_model.rounds_total, found_model.image_bytes);

	INSERT INTO risk.registry_chunk (name, version, number, data)
	SELECT import_model.name, new_version, n, substring(import_model.model FROM (n - 1) * chunk_bytes + 1 FOR chunk_bytes)
	FROM generate_series(1, ((found_model.bytes + chunk_bytes - 1) / chunk_bytes)::integer) n;

	-- dictionary and bound relation follow the name; thresholds belong to the version
	INSERT INTO risk.registry_group (name, version, feature_group, label, description)
	SELECT g.name, new_version, g.feature_group, g.label, g.description
	FROM risk.registry_group g WHERE g.name = import_model.name AND g.version = previous;

	INSERT INTO risk.registry_feature (name, version, position, feature, kind, used, categories,
		label, feature_group, source, unit, description)
	SELECT import_model.name, new_version, f.position, f.feature, f.kind, f.used,
		(SELECT array_agg(c.value ORDER BY c.ordinality)
			FROM jsonb_array_elements_text(found_model.categories -> f.feature) WITH ORDINALITY c),
		o.label, o.feature_group, o.source, o.unit, o.description
	FROM ROWS FROM (unnest(found_model.features), unnest(found_model.kinds), unnest(found_model.used))
			WITH ORDINALITY f (feature, kind, used, position)
		LEFT JOIN risk.registry_feature o
			ON o.name = import_model.name AND o.version = previous AND o.feature = f.feature;

	UPDATE risk.registry r
	SET source_schema = o.source_schema, source_relation = o.source_relation,
		key_column = o.key_column, period_column = o.period_column
	FROM risk.registry o
	WHERE r.name = import_model.name AND r.version = new_version
		AND o.name = import_model.name AND o.version = previous;

	IF found_model.rounds <> found_model.rounds_total THEN
		RAISE NOTICE 'model "%" uses the first % of its % boosting rounds',
			import_model.name || '@' || new_version, found_model.rounds, found_model.rounds_total
			USING DETAIL = CASE WHEN import_model.iterations IS NULL
				THEN 'This is the model''s best iteration; pass iterations to use another number.'
				ELSE 'This is what the argument iterations says.' END;
	END IF;
	-- U+FFFD is the mark of a lost character; other encodings cannot even name it
	IF getdatabaseencoding() = 'UTF8' THEN
		SELECT string_agg(format('Feature "%s": %s.', c.key, v.value), ' ' ORDER BY c.key, v.ordinality)
		INTO damaged_names
		FROM jsonb_each(found_model.categories) c
			CROSS JOIN LATERAL jsonb_array_elements_text(c.value) WITH ORDINALITY v
		WHERE strpos(v.value, chr(65533)) > 0;
	END IF;
	IF damaged_names IS NOT NULL THEN
		RAISE WARNING 'model "%" has lost the end of some category names', import_model.name || '@' || new_version
			USING DETAIL = damaged_names,
				HINT = 'XGBoost before 3.4 cuts names that are not ASCII short when it saves a model. A text with the same beginning and the same number of characters is taken for such a name; to be certain, train with ASCII names.';
	END IF;
	RETURN import_model.name || '@' || new_version;
END
$$;
COMMENT ON FUNCTION risk.import_model(text, bytea, integer, text[], text, integer) IS
	'Checks an XGBoost model (JSON or UBJSON) and keeps it as the next version of its name, a candidate; returns name@version. iterations: boosting rounds to use (default: best_iteration + 1 where the model says so, else all). feature_names: names for the features, in order, instead of the model''s own';
REVOKE ALL ON FUNCTION risk.import_model(text, bytea, integer, text[], text, integer) FROM PUBLIC;

CREATE FUNCTION risk.promote_model(model text, reason text DEFAULT NULL) RETURNS text
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	chosen risk.registry := risk.lock_version(promote_model.model, true);
	current_version integer;
BEGIN
	IF chosen.state = 'production' THEN
		RAISE EXCEPTION 'model "%@%" is already in production', chosen.name, chosen.version
			USING ERRCODE = 'object_not_in_prerequisite_state';
	END IF;
	SELECT r.version INTO current_version FROM risk.registry r
	WHERE r.name = chosen.name AND r.state = 'production';
	PERFORM risk.record_event(chosen.name, chosen.version, 'promote', promote_model.reason,
		jsonb_build_object('replaced', current_version));
	UPDATE risk.registry r SET state = 'archived' WHERE r.name = chosen.name AND r.state = 'production';
	UPDATE risk.registry r SET state = 'production' WHERE r.name = chosen.name AND r.version = chosen.version;
	RETURN chosen.name || '@' || chosen.version;
END
$$;
COMMENT ON FUNCTION risk.promote_model(text, text) IS
	'Puts a version (name@version) into production; the version that was there is archived. Returns name@version';
REVOKE ALL ON FUNCTION risk.promote_model(text, text) FROM PUBLIC;

CREATE FUNCTION risk.rollback_model(name text, reason text) RETURNS text
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	-- versions in the order in which they came into production, as a stack: a
	-- rollback takes the top away for good, so two of them never go back and forth;
	-- 0 stands for a time without a version in production
	stack integer[] := '{}';
	happened record;
	target integer;
	current_version integer;
BEGIN
	IF rollback_model.name IS NULL THEN
		RAISE EXCEPTION 'name must not be null' USING ERRCODE = 'null_value_not_allowed';
	END IF;
	LOCK TABLE risk.registry IN SHARE ROW EXCLUSIVE MODE;
	IF NOT EXISTS (SELECT FROM risk.registry r WHERE r.name = rollback_model.name) THEN
		RAISE EXCEPTION 'model "%" does not exist', rollback_model.name
			USING ERRCODE = 'undefined_object',
				HINT = CASE WHEN strpos(rollback_model.name, '@') > 0
					THEN 'A rollback takes a name, without a version.' ELSE 'See the view risk.models.' END;
	END IF;
	SELECT r.version INTO current_version FROM risk.registry r
	WHERE r.name = rollback_model.name AND r.state = 'production';

	FOR happened IN
		SELECT e.event, e.version, e.details FROM risk.registry_event e
		WHERE e.name = rollback_model.name ORDER BY e.number
	LOOP
		IF happened.event = 'promote' THEN
			stack := stack || happened.version;
		ELSIF happened.event = 'archive' AND (happened.details ->> 'from') = 'production' THEN
			stack := stack || 0;
		ELSIF happened.event = 'rollback' THEN
			-- back to its target: what stood above is gone
			stack := stack[1 : (happened.details ->> 'depth')::integer];
		END IF;
	END LOOP;

	FOR depth IN REVERSE cardinality(stack) - 1 .. 1 LOOP
		target := stack[depth];
		IF target <> 0 AND target IS DISTINCT FROM current_version
			AND EXISTS (SELECT FROM risk.registry r WHERE r.name = rollback_model.name AND r.version = target) THEN
			PERFORM risk.record_event(rollback_model.name, target, 'rollback', rollback_model.reason,
				jsonb_build_object('replaced', current_version, 'depth', depth));
			UPDATE risk.registry r SET state = 'archived'
			WHERE r.name = rollback_model.name AND r.state = 'production';
			UPDATE risk.registry r SET state = 'production'
			WHERE r.name = rollback_model.name AND r.version = target;
			RETURN rollback_model.name || '@' || target;
		END IF;
	END LOOP;
	RAISE EXCEPTION 'model "%" has no earlier production version to go back to', rollback_model.name
		USING ERRCODE = 'object_not_in_prerequisite_state',
			HINT = 'See the view risk.model_events; risk.promote_model puts any version into production.';
END
$$;
COMMENT ON FUNCTION risk.rollback_model(text, text) IS
	'Puts the previous production version of a model back; repeated, it goes further back and never forth. Returns name@version';
REVOKE ALL ON FUNCTION risk.rollback_model(text, text) FROM PUBLIC;

CREATE FUNCTION risk.archive_model(model text, reason text DEFAULT NULL) RETURNS text
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	chosen risk.registry := risk.lock_version(archive_model.model, true);
BEGIN
	IF chosen.state = 'archived' THEN
		RAISE EXCEPTION 'model "%@%" is already archived', chosen.name, chosen.version
			USING ERRCODE = 'object_not_in_prerequisite_state';
	END IF;
	UPDATE risk.registry r SET state = 'archived' WHERE r.name = chosen.name AND r.version = chosen.version;
	PERFORM risk.record_event(chosen.name, chosen.version, 'archive', archive_model.reason,
		jsonb_build_object('from', chosen.state));
	RETURN chosen.name || '@' || chosen.version;
END
$$;
COMMENT ON FUNCTION risk.archive_model(text, text) IS
	'Archives a version (name@version): it still answers by its full reference. Returns name@version';
REVOKE ALL ON FUNCTION risk.archive_model(text, text) FROM PUBLIC;

CREATE FUNCTION risk.drop_model(model text, reason text DEFAULT NULL) RETURNS text
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	chosen risk.registry := risk.lock_version(drop_model.model, true);
BEGIN
	IF chosen.state = 'production' THEN
		RAISE EXCEPTION 'model "%@%" is in production', chosen.name, chosen.version
			USING ERRCODE = 'object_in_use', HINT = 'Promote another version, or archive this one, first.';
	END IF;
	DELETE FROM risk.registry_chunk c WHERE c.name = chosen.name AND c.version = chosen.version;
	DELETE FROM risk.registry_feature f WHERE f.name = chosen.name AND f.version = chosen.version;
	DELETE FROM risk.registry_group g WHERE g.name = chosen.name AND g.version = chosen.version;
	DELETE FROM risk.registry r WHERE r.name = chosen.name AND r.version = chosen.version;
	PERFORM risk.record_event(chosen.name, chosen.version, 'drop', drop_model.reason,
		jsonb_build_object('digest', encode(chosen.digest, 'hex')));
	RETURN chosen.name || '@' || chosen.version;
END
$$;
COMMENT ON FUNCTION risk.drop_model(text, text) IS
	'Removes a version (name@version) that is not in production, with its bytes; its history stays. Returns name@version';
REVOKE ALL ON FUNCTION risk.drop_model(text, text) FROM PUBLIC;

CREATE FUNCTION risk.describe_features(model text, dictionary jsonb) RETURNS text
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	chosen risk.registry;
	unknown text;
BEGIN
	IF jsonb_typeof(dictionary) IS DISTINCT FROM 'object' THEN
		RAISE EXCEPTION 'dictionary must be a JSON object'
			USING ERRCODE = 'invalid_parameter_value',
				HINT = 'Its form is {"groups": {"debts": {"label": "Social debts"}}, "features": {"debt": {"label": "Debt", "group": "debts", "source": "Urssaf", "unit": "EUR", "description": "..."}}}.';
	END IF;
	chosen := risk.lock_version(describe_features.model);

	SELECT string_agg(format('%I', key), ', ') INTO unknown
	FROM jsonb_object_keys(dictionary) key WHERE key <> ALL (ARRAY['groups', 'features']);
	IF unknown IS NOT NULL THEN
		RAISE EXCEPTION 'dictionary has unknown keys: %', unknown
			USING ERRCODE = 'invalid_parameter_value', HINT = 'Known keys are "groups" and "features".';
	END IF;
	SELECT string_agg(k.part, ', ') INTO unknown
	FROM (SELECT key AS part FROM jsonb_each(dictionary) WHERE jsonb_typeof(value) <> 'object'
		UNION ALL
		SELECT d.key || '.' || e.key FROM jsonb_each(dictionary) d
			CROSS JOIN LATERAL jsonb_each(CASE jsonb_typeof(d.value) WHEN 'object' THEN d.value ELSE '{}' END) e
		WHERE jsonb_typeof(e.value) <> 'object') k;
	IF unknown IS NOT NULL THEN
		RAISE EXCEPTION 'dictionary entries must be JSON objects: %', unknown
			USING ERRCODE = 'invalid_parameter_value';
	END IF;
	SELECT string_agg(format('%s.%s.%s', d.key, e.key, a.key), ', ') INTO unknown
	FROM jsonb_each(dictionary) d
		CROSS JOIN LATERAL jsonb_each(d.value) e
		CROSS JOIN LATERAL jsonb_each(e.value) a
	WHERE jsonb_typeof(a.value) <> ALL (ARRAY['string', 'null'])
		OR a.key <> ALL (CASE d.key WHEN 'groups' THEN ARRAY['label', 'description']
			ELSE ARRAY['label', 'group', 'source', 'unit', 'description'] END);
	IF unknown IS NOT NULL THEN
		RAISE EXCEPTION 'dictionary has unknown or non-text attributes: %', unknown
			USING ERRCODE = 'invalid_parameter_value',
				HINT = 'A group has label and description; a feature has label, group, source, unit and description.';
	END IF;
	SELECT string_agg(format('%I', key), ', ') INTO unknown
	FROM jsonb_object_keys(COALESCE(dictionary -> 'features', '{}')) key
	WHERE NOT EXISTS (SELECT FROM risk.registry_feature f
		WHERE f.name = chosen.name AND f.version = chosen.version AND f.feature = key);
	IF unknown IS NOT NULL THEN
		RAISE EXCEPTION 'model "%@%" has no such features: %', chosen.name, chosen.version, unknown
			USING ERRCODE = 'undefined_object', HINT = 'See the view risk.model_features.';
	END IF;

	-- what is named is replaced, what is not named stays; a group that features
	-- name without describing it is made with its code alone
	INSERT INTO risk.registry_group AS g (name, version, feature_group, label, description)
	SELECT chosen.name, chosen.version, key, value ->> 'label', value ->> 'description'
	FROM jsonb_each(COALESCE(dictionary -> 'groups', '{}'))
	ON CONFLICT (name, version, feature_group) DO UPDATE
	SET label = CASE WHEN dictionary -> 'groups' -> g.feature_group ? 'label' THEN excluded.label ELSE g.label END,
		description = CASE WHEN dictionary -> 'groups' -> g.feature_group ? 'description'
			THEN excluded.description ELSE g.description END;
	INSERT INTO risk.registry_group (name, version, feature_group)
	SELECT DISTINCT chosen.name, chosen.version, value ->> 'group'
	FROM jsonb_each(COALESCE(dictionary -> 'features', '{}')) WHERE value ->> 'group' IS NOT NULL
	ON CONFLICT DO NOTHING;
	UPDATE risk.registry_feature f
	SET label = CASE WHEN value ? 'label' THEN value ->> 'label' ELSE f.label END,
		feature_group = CASE WHEN value ? 'group' THEN value ->> 'group' ELSE f.feature_group END,
		source = CASE WHEN value ? 'source' THEN value ->> 'source' ELSE f.source END,
		unit = CASE WHEN value ? 'unit' THEN value ->> 'unit' ELSE f.unit END,
		description = CASE WHEN value ? 'description' THEN value ->> 'description' ELSE f.description END
	FROM jsonb_each(COALESCE(dictionary -> 'features', '{}'))
	WHERE f.name = chosen.name AND f.version = chosen.version AND f.feature = key;

	PERFORM risk.record_event(chosen.name, chosen.version, 'describe', NULL, dictionary);
	RETURN chosen.name || '@' || chosen.version;
END
$$;
COMMENT ON FUNCTION risk.describe_features(text, jsonb) IS
	'Sets labels, groups, sources, units and descriptions of a model''s features; what the dictionary does not name stays. Returns name@version';
REVOKE ALL ON FUNCTION risk.describe_features(text, jsonb) FROM PUBLIC;

CREATE FUNCTION risk.bind_source(model text, source regclass, key_column name, period_column name DEFAULT NULL)
	RETURNS text
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	chosen risk.registry := risk.lock_version(bind_source.model);
	missing text;
	unsuitable text;
BEGIN
	IF source IS NULL OR key_column IS NULL THEN
		RAISE EXCEPTION 'source and key_column must not be null' USING ERRCODE = 'null_value_not_allowed';
	END IF;
	IF NOT EXISTS (SELECT FROM pg_class c WHERE c.oid = bind_source.source
			AND c.relkind = ANY (ARRAY['r', 'p', 'v', 'm', 'f']::"char"[])) THEN
		RAISE EXCEPTION '"%" is not a table or view', source USING ERRCODE = 'wrong_object_type';
	END IF;
	IF EXISTS (SELECT FROM pg_class c WHERE c.oid = bind_source.source AND c.relpersistence = 't') THEN
		RAISE EXCEPTION '"%" is a temporary relation', source
			USING ERRCODE = 'wrong_object_type',
				DETAIL = 'The relation bound to a model is looked up by all sessions.';
	END IF;
	SELECT string_agg(format('%I', wanted), ', ') INTO missing
	FROM (SELECT key_column::text AS wanted
		UNION ALL SELECT period_column::text WHERE period_column IS NOT NULL
		UNION ALL SELECT f.feature FROM risk.registry_feature f
			WHERE f.name = chosen.name AND f.version = chosen.version) w
	WHERE NOT EXISTS (SELECT FROM pg_attribute a
		WHERE a.attrelid = bind_source.source AND a.attname::text = w.wanted AND a.attnum > 0 AND NOT a.attisdropped);
	-- a key compares exactly, and periods have an order that is theirs
	SELECT format('column "%s" of type %s cannot be the %s', a.attname, format_type(a.atttypid, a.atttypmod),
			CASE WHEN a.attname = key_column THEN 'key' ELSE 'period' END)
	INTO unsuitable
	FROM pg_attribute a
		CROSS JOIN LATERAL (WITH RECURSIVE base AS (
				SELECT t.* FROM pg_type t WHERE t.oid = a.atttypid
				UNION ALL SELECT t.* FROM base b JOIN pg_type t ON t.oid = b.typbasetype)
			SELECT b.oid, b.typcategory FROM base b WHERE b.typbasetype = 0) t
	WHERE a.attrelid = bind_source.source AND a.attnum > 0 AND NOT a.attisdropped
		AND (a.attname = key_column AND t.typcategory <> 'S'
				AND t.oid <> ALL (ARRAY['smallint', 'integer', 'bigint', 'numeric']::regtype[])
			OR a.attname = period_column AND t.oid <> 'date'::regtype);
	IF missing IS NULL AND unsuitable IS NOT NULL THEN
		RAISE EXCEPTION '%', unsuitable
			USING ERRCODE = 'datatype_mismatch',
				DETAIL = 'A key is text, an integer or numeric; a period is a date.';
	END IF;
	IF missing IS NOT NULL THEN
		RAISE EXCEPTION 'relation "%" lacks columns: %', source, missing
			USING ERRCODE = 'undefined_column',
				DETAIL = format('The relation bound to model "%s" holds its key and a column for each of its features.',
					chosen.name || '@' || chosen.version);
	END IF;

	UPDATE risk.registry r
	SET source_schema = n.nspname, source_relation = c.relname,
		key_column = bind_source.key_column, period_column = bind_source.period_column
	FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
	WHERE c.oid = bind_source.source AND r.name = chosen.name AND r.version = chosen.version;
	PERFORM risk.record_event(chosen.name, chosen.version, 'bind', NULL,
		jsonb_build_object('source', source::text, 'key_column', key_column, 'period_column', period_column));
	RETURN chosen.name || '@' || chosen.version;
END
$$;
COMMENT ON FUNCTION risk.bind_source(text, regclass, name, name) IS
	'Says in which relation score_company(siren) looks companies up: by which column, and by which period. Returns name@version';
REVOKE ALL ON FUNCTION risk.bind_source(text, regclass, name, name) FROM PUBLIC;

CREATE FUNCTION risk.set_thresholds(model text, strong double precision, moderate double precision) RETURNS text
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	chosen risk.registry := risk.lock_version(set_thresholds.model);
BEGIN
	IF strong IS NULL OR moderate IS NULL THEN
		RAISE EXCEPTION 'thresholds must not be null' USING ERRCODE = 'null_value_not_allowed';
	END IF;
	IF strong = 'NaN' OR moderate = 'NaN' OR moderate > strong THEN
		RAISE EXCEPTION 'invalid thresholds: strong %, moderate %', strong, moderate
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = 'The threshold of a strong alert is at least that of a moderate one.';
	END IF;
	UPDATE risk.registry r SET threshold_strong = strong, threshold_moderate = moderate
	WHERE r.name = chosen.name AND r.version = chosen.version;
	PERFORM risk.record_event(chosen.name, chosen.version, 'thresholds', NULL,
		jsonb_build_object('strong', strong, 'moderate', moderate));
	RETURN chosen.name || '@' || chosen.version;
END
$$;
COMMENT ON FUNCTION risk.set_thresholds(text, double precision, double precision) IS
	'Sets from which scores on risk.alert_level answers a strong and a moderate alert. Returns name@version';
REVOKE ALL ON FUNCTION risk.set_thresholds(text, double precision, double precision) FROM PUBLIC;

CREATE FUNCTION risk.alert_level(score double precision, model text DEFAULT NULL) RETURNS text
	AS 'MODULE_PATHNAME', 'company_risk_alert_level' LANGUAGE C STABLE PARALLEL SAFE COST 10;
COMMENT ON FUNCTION risk.alert_level(double precision, text) IS
	'The level of alert of a score under a model''s thresholds, in the model''s words; NULL for a NULL score';

/* ----------
 * Scoring and explaining
 *
 * Each verb in five forms: a row, a JSON object, an array, and a company's number
 * as text or as bigint; the C function behind them finds out which it is.  None
 * of them writes.  No SET clause: it would cost more than the score.  What a
 * bound relation's views run is not ours to vouch for: those forms stay out of
 * parallel workers.
 * ----------
 */
CREATE FUNCTION risk.planner_support(internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'company_risk_support' LANGUAGE C STRICT PARALLEL SAFE;
COMMENT ON FUNCTION risk.planner_support(internal) IS
	'The planner asks it to make whole rows into columns, and about cost and rows';

CREATE FUNCTION score_company(company record, model text DEFAULT NULL)
	RETURNS double precision
	AS 'MODULE_PATHNAME', 'company_risk_score' LANGUAGE C STABLE PARALLEL SAFE COST 500 SUPPORT risk.planner_support;
COMMENT ON FUNCTION score_company(record, text) IS
	'The model''s score: the objective''s output, for a probability between 0 and 1; of any row, whose columns are matched to features by name';

CREATE FUNCTION score_company(features jsonb, model text DEFAULT NULL)
	RETURNS double precision
	AS 'MODULE_PATHNAME', 'company_risk_score' LANGUAGE C STABLE PARALLEL SAFE COST 500 SUPPORT risk.planner_support;
COMMENT ON FUNCTION score_company(jsonb, text) IS
	'The model''s score: the objective''s output, for a probability between 0 and 1; of a JSON object, whose keys are matched to features by name';

CREATE FUNCTION score_company(features double precision[], model text DEFAULT NULL)
	RETURNS double precision
	AS 'MODULE_PATHNAME', 'company_risk_score' LANGUAGE C STABLE PARALLEL SAFE COST 500 SUPPORT risk.planner_support;
COMMENT ON FUNCTION score_company(double precision[], text) IS
	'The model''s score: the objective''s output, for a probability between 0 and 1; of an array with the features in the model''s order (NULL is missing, categories by code)';

CREATE FUNCTION score_company(siren text, model text DEFAULT NULL, period date DEFAULT NULL)
	RETURNS double precision
	AS 'MODULE_PATHNAME', 'company_risk_score' LANGUAGE C STABLE PARALLEL RESTRICTED COST 500 SUPPORT risk.planner_support;
COMMENT ON FUNCTION score_company(text, text, date) IS
	'The model''s score: the objective''s output, for a probability between 0 and 1; of a company in the relation bound to the model, at a period or the latest; an unknown company has none';

CREATE FUNCTION score_company(siren bigint, model text DEFAULT NULL, period date DEFAULT NULL)
	RETURNS double precision
	AS 'MODULE_PATHNAME', 'company_risk_score' LANGUAGE C STABLE PARALLEL RESTRICTED COST 500 SUPPORT risk.planner_support;
COMMENT ON FUNCTION score_company(bigint, text, date) IS
	'The model''s score: the objective''s output, for a probability between 0 and 1; of a company in the relation bound to the model, its number padded to nine digits';

CREATE FUNCTION explain_score(company record, model text DEFAULT NULL, top integer DEFAULT NULL)
	RETURNS TABLE (rank integer, feature text, label text, feature_group text, group_label text,
		value text, contribution double precision, points double precision, source text)
	AS 'MODULE_PATHNAME', 'company_risk_explain_score' LANGUAGE C STABLE PARALLEL SAFE COST 5000 ROWS 40 SUPPORT risk.planner_support;
COMMENT ON FUNCTION explain_score(record, text, integer) IS
	'Why a company has its score: rank 0 is the average, then the features by weight; contributions, in margin units (log-odds), add up to the margin, points, in the score''s unit, to the score; top keeps so many and folds the others into one row; of any row, whose columns are matched to features by name';

CREATE FUNCTION explain_score(features jsonb, model text DEFAULT NULL, top integer DEFAULT NULL)
	RETURNS TABLE (rank integer, feature text, label text, feature_group text, group_label text,
		value text, contribution double precision, points double precision, source text)
	AS 'MODULE_PATHNAME', 'company_risk_explain_score' LANGUAGE C STABLE PARALLEL SAFE COST 5000 ROWS 40 SUPPORT risk.planner_support;
COMMENT ON FUNCTION explain_score(jsonb, text, integer) IS
	'Why a company has its score: rank 0 is the average, then the features by weight; contributions, in margin units (log-odds), add up to the margin, points, in the score''s unit, to the score; top keeps so many and folds the others into one row; of a JSON object, whose keys are matched to features by name';

CREATE FUNCTION explain_score(features double precision[], model text DEFAULT NULL, top integer DEFAULT NULL)
	RETURNS TABLE (rank integer, feature text, label text, feature_group text, group_label text,
		value text, contribution double precision, points double precision, source text)
	AS 'MODULE_PATHNAME', 'company_risk_explain_score' LANGUAGE C STABLE PARALLEL SAFE COST 5000 ROWS 40 SUPPORT risk.planner_support;
COMMENT ON FUNCTION explain_score(double precision[], text, integer) IS
	'Why a company has its score: rank 0 is the average, then the features by weight; contributions, in margin units (log-odds), add up to the margin, points, in the score''s unit, to the score; top keeps so many and folds the others into one row; of an array with the features in the model''s order (NULL is missing, categories by code)';

CREATE FUNCTION explain_score(siren text, model text DEFAULT NULL, period date DEFAULT NULL, top integer DEFAULT NULL)
	RETURNS TABLE (rank integer, feature text, label text, feature_group text, group_label text,
		value text, contribution double precision, points double precision, source text)
	AS 'MODULE_PATHNAME', 'company_risk_explain_score' LANGUAGE C STABLE PARALLEL RESTRICTED COST 5000 ROWS 40 SUPPORT risk.planner_support;
COMMENT ON FUNCTION explain_score(text, text, date, integer) IS
	'Why a company has its score: rank 0 is the average, then the features by weight; contributions, in margin units (log-odds), add up to the margin, points, in the score''s unit, to the score; top keeps so many and folds the others into one row; of a company in the relation bound to the model, at a period or the latest; an unknown company has none';

CREATE FUNCTION explain_score(siren bigint, model text DEFAULT NULL, period date DEFAULT NULL, top integer DEFAULT NULL)
	RETURNS TABLE (rank integer, feature text, label text, feature_group text, group_label text,
		value text, contribution double precision, points double precision, source text)
	AS 'MODULE_PATHNAME', 'company_risk_explain_score' LANGUAGE C STABLE PARALLEL RESTRICTED COST 5000 ROWS 40 SUPPORT risk.planner_support;
COMMENT ON FUNCTION explain_score(bigint, text, date, integer) IS
	'Why a company has its score: rank 0 is the average, then the features by weight; contributions, in margin units (log-odds), add up to the margin, points, in the score''s unit, to the score; top keeps so many and folds the others into one row; of a company in the relation bound to the model, its number padded to nine digits';

CREATE FUNCTION risk.margin(company record, model text DEFAULT NULL)
	RETURNS double precision
	AS 'MODULE_PATHNAME', 'company_risk_margin' LANGUAGE C STABLE PARALLEL SAFE COST 500 SUPPORT risk.planner_support;
COMMENT ON FUNCTION risk.margin(record, text) IS
	'The model''s margin (before the objective''s transform), bit-equal to XGBoost''s output_margin; of any row, whose columns are matched to features by name';

CREATE FUNCTION risk.margin(features jsonb, model text DEFAULT NULL)
	RETURNS double precision
	AS 'MODULE_PATHNAME', 'company_risk_margin' LANGUAGE C STABLE PARALLEL SAFE COST 500 SUPPORT risk.planner_support;
COMMENT ON FUNCTION risk.margin(jsonb, text) IS
	'The model''s margin (before the objective''s transform), bit-equal to XGBoost''s output_margin; of a JSON object, whose keys are matched to features by name';

CREATE FUNCTION risk.margin(features double precision[], model text DEFAULT NULL)
	RETURNS double precision
	AS 'MODULE_PATHNAME', 'company_risk_margin' LANGUAGE C STABLE PARALLEL SAFE COST 500 SUPPORT risk.planner_support;
COMMENT ON FUNCTION risk.margin(double precision[], text) IS
	'The model''s margin (before the objective''s transform), bit-equal to XGBoost''s output_margin; of an array with the features in the model''s order (NULL is missing, categories by code)';

CREATE FUNCTION risk.margin(siren text, model text DEFAULT NULL, period date DEFAULT NULL)
	RETURNS double precision
	AS 'MODULE_PATHNAME', 'company_risk_margin' LANGUAGE C STABLE PARALLEL RESTRICTED COST 500 SUPPORT risk.planner_support;
COMMENT ON FUNCTION risk.margin(text, text, date) IS
	'The model''s margin (before the objective''s transform), bit-equal to XGBoost''s output_margin; of a company in the relation bound to the model, at a period or the latest; an unknown company has none';

CREATE FUNCTION risk.margin(siren bigint, model text DEFAULT NULL, period date DEFAULT NULL)
	RETURNS double precision
	AS 'MODULE_PATHNAME', 'company_risk_margin' LANGUAGE C STABLE PARALLEL RESTRICTED COST 500 SUPPORT risk.planner_support;
COMMENT ON FUNCTION risk.margin(bigint, text, date) IS
	'The model''s margin (before the objective''s transform), bit-equal to XGBoost''s output_margin; of a company in the relation bound to the model, its number padded to nine digits';

CREATE FUNCTION risk.margins(company record, model text DEFAULT NULL)
	RETURNS double precision[]
	AS 'MODULE_PATHNAME', 'company_risk_margins' LANGUAGE C STABLE PARALLEL SAFE COST 500 SUPPORT risk.planner_support;
COMMENT ON FUNCTION risk.margins(record, text) IS
	'The margins of all output groups of the model; of any row, whose columns are matched to features by name';

CREATE FUNCTION risk.margins(features jsonb, model text DEFAULT NULL)
	RETURNS double precision[]
	AS 'MODULE_PATHNAME', 'company_risk_margins' LANGUAGE C STABLE PARALLEL SAFE COST 500 SUPPORT risk.planner_support;
COMMENT ON FUNCTION risk.margins(jsonb, text) IS
	'The margins of all output groups of the model; of a JSON object, whose keys are matched to features by name';

CREATE FUNCTION risk.margins(features double precision[], model text DEFAULT NULL)
	RETURNS double precision[]
	AS 'MODULE_PATHNAME', 'company_risk_margins' LANGUAGE C STABLE PARALLEL SAFE COST 500 SUPPORT risk.planner_support;
COMMENT ON FUNCTION risk.margins(double precision[], text) IS
	'The margins of all output groups of the model; of an array with the features in the model''s order (NULL is missing, categories by code)';

CREATE FUNCTION risk.margins(siren text, model text DEFAULT NULL, period date DEFAULT NULL)
	RETURNS double precision[]
	AS 'MODULE_PATHNAME', 'company_risk_margins' LANGUAGE C STABLE PARALLEL RESTRICTED COST 500 SUPPORT risk.planner_support;
COMMENT ON FUNCTION risk.margins(text, text, date) IS
	'The margins of all output groups of the model; of a company in the relation bound to the model, at a period or the latest; an unknown company has none';

CREATE FUNCTION risk.margins(siren bigint, model text DEFAULT NULL, period date DEFAULT NULL)
	RETURNS double precision[]
	AS 'MODULE_PATHNAME', 'company_risk_margins' LANGUAGE C STABLE PARALLEL RESTRICTED COST 500 SUPPORT risk.planner_support;
COMMENT ON FUNCTION risk.margins(bigint, text, date) IS
	'The margins of all output groups of the model; of a company in the relation bound to the model, its number padded to nine digits';

CREATE FUNCTION risk.predict(company record, model text DEFAULT NULL)
	RETURNS double precision[]
	AS 'MODULE_PATHNAME', 'company_risk_predict' LANGUAGE C STABLE PARALLEL SAFE COST 500 SUPPORT risk.planner_support;
COMMENT ON FUNCTION risk.predict(record, text) IS
	'All outputs of the model, as XGBoost''s predict: one per class, target or quantile; of any row, whose columns are matched to features by name';

CREATE FUNCTION risk.predict(features jsonb, model text DEFAULT NULL)
	RETURNS double precision[]
	AS 'MODULE_PATHNAME', 'company_risk_predict' LANGUAGE C STABLE PARALLEL SAFE COST 500 SUPPORT risk.planner_support;
COMMENT ON FUNCTION risk.predict(jsonb, text) IS
	'All outputs of the model, as XGBoost''s predict: one per class, target or quantile; of a JSON object, whose keys are matched to features by name';

CREATE FUNCTION risk.predict(features double precision[], model text DEFAULT NULL)
	RETURNS double precision[]
	AS 'MODULE_PATHNAME', 'company_risk_predict' LANGUAGE C STABLE PARALLEL SAFE COST 500 SUPPORT risk.planner_support;
COMMENT ON FUNCTION risk.predict(double precision[], text) IS
	'All outputs of the model, as XGBoost''s predict: one per class, target or quantile; of an array with the features in the model''s order (NULL is missing, categories by code)';

CREATE FUNCTION risk.predict(siren text, model text DEFAULT NULL, period date DEFAULT NULL)
	RETURNS double precision[]
	AS 'MODULE_PATHNAME', 'company_risk_predict' LANGUAGE C STABLE PARALLEL RESTRICTED COST 500 SUPPORT risk.planner_support;
COMMENT ON FUNCTION risk.predict(text, text, date) IS
	'All outputs of the model, as XGBoost''s predict: one per class, target or quantile; of a company in the relation bound to the model, at a period or the latest; an unknown company has none';

CREATE FUNCTION risk.predict(siren bigint, model text DEFAULT NULL, period date DEFAULT NULL)
	RETURNS double precision[]
	AS 'MODULE_PATHNAME', 'company_risk_predict' LANGUAGE C STABLE PARALLEL RESTRICTED COST 500 SUPPORT risk.planner_support;
COMMENT ON FUNCTION risk.predict(bigint, text, date) IS
	'All outputs of the model, as XGBoost''s predict: one per class, target or quantile; of a company in the relation bound to the model, its number padded to nine digits';

CREATE FUNCTION risk.contributions(company record, model text DEFAULT NULL)
	RETURNS double precision[]
	AS 'MODULE_PATHNAME', 'company_risk_contributions' LANGUAGE C STABLE PARALLEL SAFE COST 5000 SUPPORT risk.planner_support;
COMMENT ON FUNCTION risk.contributions(record, text) IS
	'Shapley values as a two-dimensional array: one line per output group, one column per feature in the model''s order, the bias last; each line adds up to its margin; of any row, whose columns are matched to features by name';

CREATE FUNCTION risk.contributions(features jsonb, model text DEFAULT NULL)
	RETURNS double precision[]
	AS 'MODULE_PATHNAME', 'company_risk_contributions' LANGUAGE C STABLE PARALLEL SAFE COST 5000 SUPPORT risk.planner_support;
COMMENT ON FUNCTION risk.contributions(jsonb, text) IS
	'Shapley values as a two-dimensional array: one line per output group, one column per feature in the model''s order, the bias last; each line adds up to its margin; of a JSON object, whose keys are matched to features by name';

CREATE FUNCTION risk.contributions(features double precision[], model text DEFAULT NULL)
	RETURNS double precision[]
	AS 'MODULE_PATHNAME', 'company_risk_contributions' LANGUAGE C STABLE PARALLEL SAFE COST 5000 SUPPORT risk.planner_support;
COMMENT ON FUNCTION risk.contributions(double precision[], text) IS
	'Shapley values as a two-dimensional array: one line per output group, one column per feature in the model''s order, the bias last; each line adds up to its margin; of an array with the features in the model''s order (NULL is missing, categories by code)';

CREATE FUNCTION risk.contributions(siren text, model text DEFAULT NULL, period date DEFAULT NULL)
	RETURNS double precision[]
	AS 'MODULE_PATHNAME', 'company_risk_contributions' LANGUAGE C STABLE PARALLEL RESTRICTED COST 5000 SUPPORT risk.planner_support;
COMMENT ON FUNCTION risk.contributions(text, text, date) IS
	'Shapley values as a two-dimensional array: one line per output group, one column per feature in the model''s order, the bias last; each line adds up to its margin; of a company in the relation bound to the model, at a period or the latest; an unknown company has none';

CREATE FUNCTION risk.contributions(siren bigint, model text DEFAULT NULL, period date DEFAULT NULL)
	RETURNS double precision[]
	AS 'MODULE_PATHNAME', 'company_risk_contributions' LANGUAGE C STABLE PARALLEL RESTRICTED COST 5000 SUPPORT risk.planner_support;
COMMENT ON FUNCTION risk.contributions(bigint, text, date) IS
	'Shapley values as a two-dimensional array: one line per output group, one column per feature in the model''s order, the bias last; each line adds up to its margin; of a company in the relation bound to the model, its number padded to nine digits';

CREATE FUNCTION risk.explain_groups(company record, model text DEFAULT NULL)
	RETURNS TABLE (rank integer, feature_group text, group_label text,
		contribution double precision, points double precision, features integer)
	AS 'MODULE_PATHNAME', 'company_risk_explain_groups' LANGUAGE C STABLE PARALLEL SAFE COST 5000 ROWS 6 SUPPORT risk.planner_support;
COMMENT ON FUNCTION risk.explain_groups(record, text) IS
	'Why a company has its score, by group of features: contributions and points of explain_score summed; rank 0 is the average; of any row, whose columns are matched to features by name';

CREATE FUNCTION risk.explain_groups(features jsonb, model text DEFAULT NULL)
	RETURNS TABLE (rank integer, feature_group text, group_label text,
		contribution double precision, points double precision, features integer)
	AS 'MODULE_PATHNAME', 'company_risk_explain_groups' LANGUAGE C STABLE PARALLEL SAFE COST 5000 ROWS 6 SUPPORT risk.planner_support;
COMMENT ON FUNCTION risk.explain_groups(jsonb, text) IS
	'Why a company has its score, by group of features: contributions and points of explain_score summed; rank 0 is the average; of a JSON object, whose keys are matched to features by name';

CREATE FUNCTION risk.explain_groups(features double precision[], model text DEFAULT NULL)
	RETURNS TABLE (rank integer, feature_group text, group_label text,
		contribution double precision, points double precision, features integer)
	AS 'MODULE_PATHNAME', 'company_risk_explain_groups' LANGUAGE C STABLE PARALLEL SAFE COST 5000 ROWS 6 SUPPORT risk.planner_support;
COMMENT ON FUNCTION risk.explain_groups(double precision[], text) IS
	'Why a company has its score, by group of features: contributions and points of explain_score summed; rank 0 is the average; of an array with the features in the model''s order (NULL is missing, categories by code)';

CREATE FUNCTION risk.explain_groups(siren text, model text DEFAULT NULL, period date DEFAULT NULL)
	RETURNS TABLE (rank integer, feature_group text, group_label text,
		contribution double precision, points double precision, features integer)
	AS 'MODULE_PATHNAME', 'company_risk_explain_groups' LANGUAGE C STABLE PARALLEL RESTRICTED COST 5000 ROWS 6 SUPPORT risk.planner_support;
COMMENT ON FUNCTION risk.explain_groups(text, text, date) IS
	'Why a company has its score, by group of features: contributions and points of explain_score summed; rank 0 is the average; of a company in the relation bound to the model, at a period or the latest; an unknown company has none';

CREATE FUNCTION risk.explain_groups(siren bigint, model text DEFAULT NULL, period date DEFAULT NULL)
	RETURNS TABLE (rank integer, feature_group text, group_label text,
		contribution double precision, points double precision, features integer)
	AS 'MODULE_PATHNAME', 'company_risk_explain_groups' LANGUAGE C STABLE PARALLEL RESTRICTED COST 5000 ROWS 6 SUPPORT risk.planner_support;
COMMENT ON FUNCTION risk.explain_groups(bigint, text, date) IS
	'Why a company has its score, by group of features: contributions and points of explain_score summed; rank 0 is the average; of a company in the relation bound to the model, its number padded to nine digits';

CREATE FUNCTION risk.explanation(company record, model text DEFAULT NULL)
	RETURNS jsonb
	AS 'MODULE_PATHNAME', 'company_risk_explanation' LANGUAGE C STABLE PARALLEL SAFE COST 5000 SUPPORT risk.planner_support;
COMMENT ON FUNCTION risk.explanation(record, text) IS
	'Score, level and reasons of a company as one jsonb: macro_expl by group and micro_expl by group and feature, in percentage points that add up to the score with base; of any row, whose columns are matched to features by name';

CREATE FUNCTION risk.explanation(features jsonb, model text DEFAULT NULL)
	RETURNS jsonb
	AS 'MODULE_PATHNAME', 'company_risk_explanation' LANGUAGE C STABLE PARALLEL SAFE COST 5000 SUPPORT risk.planner_support;
COMMENT ON FUNCTION risk.explanation(jsonb, text) IS
	'Score, level and reasons of a company as one jsonb: macro_expl by group and micro_expl by group and feature, in percentage points that add up to the score with base; of a JSON object, whose keys are matched to features by name';

CREATE FUNCTION risk.explanation(features double precision[], model text DEFAULT NULL)
	RETURNS jsonb
	AS 'MODULE_PATHNAME', 'company_risk_explanation' LANGUAGE C STABLE PARALLEL SAFE COST 5000 SUPPORT risk.planner_support;
COMMENT ON FUNCTION risk.explanation(double precision[], text) IS
	'Score, level and reasons of a company as one jsonb: macro_expl by group and micro_expl by group and feature, in percentage points that add up to the score with base; of an array with the features in the model''s order (NULL is missing, categories by code)';

CREATE FUNCTION risk.explanation(siren text, model text DEFAULT NULL, period date DEFAULT NULL)
	RETURNS jsonb
	AS 'MODULE_PATHNAME', 'company_risk_explanation' LANGUAGE C STABLE PARALLEL RESTRICTED COST 5000 SUPPORT risk.planner_support;
COMMENT ON FUNCTION risk.explanation(text, text, date) IS
	'Score, level and reasons of a company as one jsonb: macro_expl by group and micro_expl by group and feature, in percentage points that add up to the score with base; of a company in the relation bound to the model, at a period or the latest; an unknown company has none';

CREATE FUNCTION risk.explanation(siren bigint, model text DEFAULT NULL, period date DEFAULT NULL)
	RETURNS jsonb
	AS 'MODULE_PATHNAME', 'company_risk_explanation' LANGUAGE C STABLE PARALLEL RESTRICTED COST 5000 SUPPORT risk.planner_support;
COMMENT ON FUNCTION risk.explanation(bigint, text, date) IS
	'Score, level and reasons of a company as one jsonb: macro_expl by group and micro_expl by group and feature, in percentage points that add up to the score with base; of a company in the relation bound to the model, its number padded to nine digits';

/* ----------
 * Many companies
 * ----------
 */
CREATE FUNCTION risk.importance_add(state bytea, company record) RETURNS bytea
	AS 'MODULE_PATHNAME', 'company_risk_importance_add' LANGUAGE C STABLE PARALLEL SAFE COST 5000 SUPPORT risk.planner_support;
COMMENT ON FUNCTION risk.importance_add(bytea, record) IS 'Internal: step of risk.global_importance';
REVOKE ALL ON FUNCTION risk.importance_add(bytea, record) FROM PUBLIC;

CREATE FUNCTION risk.importance_add(state bytea, company record, model text) RETURNS bytea
	AS 'MODULE_PATHNAME', 'company_risk_importance_add' LANGUAGE C STABLE PARALLEL SAFE COST 5000 SUPPORT risk.planner_support;
COMMENT ON FUNCTION risk.importance_add(bytea, record, text) IS 'Internal: step of risk.global_importance';
REVOKE ALL ON FUNCTION risk.importance_add(bytea, record, text) FROM PUBLIC;

CREATE FUNCTION risk.importance_combine(a bytea, b bytea) RETURNS bytea
	AS 'MODULE_PATHNAME', 'company_risk_importance_combine' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION risk.importance_combine(bytea, bytea) IS 'Internal: adds states of risk.global_importance';
REVOKE ALL ON FUNCTION risk.importance_combine(bytea, bytea) FROM PUBLIC;

CREATE FUNCTION risk.importance_final(state bytea) RETURNS jsonb
	AS 'MODULE_PATHNAME', 'company_risk_importance_final' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION risk.importance_final(bytea) IS 'Internal: result of risk.global_importance';
REVOKE ALL ON FUNCTION risk.importance_final(bytea) FROM PUBLIC;

CREATE AGGREGATE risk.global_importance(company record) (
	SFUNC = risk.importance_add, STYPE = bytea, SSPACE = 1024,
	COMBINEFUNC = risk.importance_combine, FINALFUNC = risk.importance_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE risk.global_importance(record) IS
	'Mean |contribution| of every feature over many companies, in margin units, as a JSON object; companies that are NULL do not count';

CREATE AGGREGATE risk.global_importance(company record, model text) (
	SFUNC = risk.importance_add, STYPE = bytea, SSPACE = 1024,
	COMBINEFUNC = risk.importance_combine, FINALFUNC = risk.importance_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE risk.global_importance(record, text) IS
	'Mean |contribution| of every feature over many companies, in margin units, as a JSON object; companies that are NULL do not count';

/* ----------
 * What the planner makes of a row: its columns, with their names before them
 * (src/support.c).  Only plans call these.
 * ----------
 */
CREATE FUNCTION risk.score_columns(names text[], model text, VARIADIC columns "any")
	RETURNS double precision
	AS 'MODULE_PATHNAME', 'company_risk_score' LANGUAGE C STABLE PARALLEL SAFE COST 500 SUPPORT risk.planner_support;
COMMENT ON FUNCTION risk.score_columns(text[], text, "any") IS
	'What score_company(record, text) becomes in a plan; not for direct use';

CREATE FUNCTION risk.margin_columns(names text[], model text, VARIADIC columns "any")
	RETURNS double precision
	AS 'MODULE_PATHNAME', 'company_risk_margin' LANGUAGE C STABLE PARALLEL SAFE COST 500 SUPPORT risk.planner_support;
COMMENT ON FUNCTION risk.margin_columns(text[], text, "any") IS
	'What risk.margin(record, text) becomes in a plan; not for direct use';

CREATE FUNCTION risk.margins_columns(names text[], model text, VARIADIC columns "any")
	RETURNS double precision[]
	AS 'MODULE_PATHNAME', 'company_risk_margins' LANGUAGE C STABLE PARALLEL SAFE COST 500 SUPPORT risk.planner_support;
COMMENT ON FUNCTION risk.margins_columns(text[], text, "any") IS
	'What risk.margins(record, text) becomes in a plan; not for direct use';

CREATE FUNCTION risk.predict_columns(names text[], model text, VARIADIC columns "any")
	RETURNS double precision[]
	AS 'MODULE_PATHNAME', 'company_risk_predict' LANGUAGE C STABLE PARALLEL SAFE COST 500 SUPPORT risk.planner_support;
COMMENT ON FUNCTION risk.predict_columns(text[], text, "any") IS
	'What risk.predict(record, text) becomes in a plan; not for direct use';

CREATE FUNCTION risk.contributions_columns(names text[], model text, VARIADIC columns "any")
	RETURNS double precision[]
	AS 'MODULE_PATHNAME', 'company_risk_contributions' LANGUAGE C STABLE PARALLEL SAFE COST 5000 SUPPORT risk.planner_support;
COMMENT ON FUNCTION risk.contributions_columns(text[], text, "any") IS
	'What risk.contributions(record, text) becomes in a plan; not for direct use';

CREATE FUNCTION risk.explain_score_columns(names text[], model text, top integer, VARIADIC columns "any")
	RETURNS TABLE (rank integer, feature text, label text, feature_group text, group_label text,
		value text, contribution double precision, points double precision, source text)
	AS 'MODULE_PATHNAME', 'company_risk_explain_score' LANGUAGE C STABLE PARALLEL SAFE COST 5000 ROWS 40 SUPPORT risk.planner_support;
COMMENT ON FUNCTION risk.explain_score_columns(text[], text, integer, "any") IS
	'What explain_score(record, text, integer) becomes in a plan; not for direct use';

CREATE FUNCTION risk.explain_groups_columns(names text[], model text, VARIADIC columns "any")
	RETURNS TABLE (rank integer, feature_group text, group_label text,
		contribution double precision, points double precision, features integer)
	AS 'MODULE_PATHNAME', 'company_risk_explain_groups' LANGUAGE C STABLE PARALLEL SAFE COST 5000 ROWS 6 SUPPORT risk.planner_support;
COMMENT ON FUNCTION risk.explain_groups_columns(text[], text, "any") IS
	'What risk.explain_groups(record, text) becomes in a plan; not for direct use';

CREATE FUNCTION risk.explanation_columns(names text[], model text, VARIADIC columns "any")
	RETURNS jsonb
	AS 'MODULE_PATHNAME', 'company_risk_explanation' LANGUAGE C STABLE PARALLEL SAFE COST 5000 SUPPORT risk.planner_support;
COMMENT ON FUNCTION risk.explanation_columns(text[], text, "any") IS
	'What risk.explanation(record, text) becomes in a plan; not for direct use';
