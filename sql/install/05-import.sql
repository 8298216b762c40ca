CREATE FUNCTION risk_internal.store_model(
	name text,
	model_bytes bytea,
	rounds integer DEFAULT NULL,
	feature_names text[] DEFAULT NULL,
	description text DEFAULT NULL,
	version integer DEFAULT NULL,
	verify boolean DEFAULT false,
	missing double precision DEFAULT NULL,
	retrained_from integer DEFAULT NULL)
	RETURNS text
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	chunk_bytes CONSTANT integer := 1048576;
	new_version integer := store_model.version;
	previous integer;
	damaged_names text;
	found_model record;
	converted boolean := false;
	verified record;
BEGIN
	PERFORM risk_internal.check_model_name(store_model.name);
	IF store_model.model_bytes IS NULL THEN
		RAISE EXCEPTION 'model_bytes must not be null' USING ERRCODE = 'null_value_not_allowed';
	END IF;
	IF new_version NOT BETWEEN 1 AND 999999999 THEN
		RAISE EXCEPTION 'invalid model version %', new_version
			USING ERRCODE = 'invalid_parameter_value', DETAIL = 'Versions count from 1 to 999999999.';
	END IF;

	-- a compressed value would be decompressed again for each piece
	IF pg_column_size(store_model.model_bytes) < octet_length(store_model.model_bytes) THEN
		store_model.model_bytes := store_model.model_bytes || ''::bytea;
	END IF;

	-- everything is read and checked before the registry is locked
	IF risk_internal.is_binary_model(store_model.model_bytes) THEN
		store_model.model_bytes := risk.convert_model(store_model.model_bytes);
		converted := true;
	END IF;
	found_model := risk.inspect_model(store_model.model_bytes, store_model.rounds, store_model.feature_names,
		store_model.missing);
	IF converted THEN
		found_model.format := 'binary';
	END IF;

	LOCK TABLE risk_internal.registry IN SHARE ROW EXCLUSIVE MODE;
	IF new_version IS NULL THEN
		-- the number of a dropped version is not given again
		SELECT COALESCE(max(e.version), 0) + 1 INTO new_version
		FROM risk_internal.registry_event e WHERE e.name = store_model.name;
	ELSIF EXISTS (SELECT FROM risk_internal.registry_event e
				  WHERE e.name = store_model.name AND e.version = new_version) THEN
		RAISE EXCEPTION 'version % of model "%" already exists or existed', new_version, store_model.name
			USING ERRCODE = 'duplicate_object',
				HINT = 'Give a new version, or none to have the next one.';
	END IF;
	-- a retraining follows the version that it repeats; others that in production, else the newest
	SELECT r.version INTO previous FROM risk_internal.registry r
	WHERE r.name = store_model.name
	ORDER BY r.version = store_model.retrained_from IS TRUE DESC, r.state = 'production' DESC, r.version DESC LIMIT 1;

	PERFORM risk_internal.record_event(store_model.name, new_version, 'import', store_model.description,
		jsonb_build_object('digest', found_model.digest, 'content_digest', found_model.content_digest,
			'rounds', found_model.rounds, 'rounds_total', found_model.rounds_total)
		|| CASE WHEN found_model.missing_value IS NULL THEN '{}'
			ELSE jsonb_build_object('missing_value', found_model.missing_value::text) END);

	INSERT INTO risk_internal.registry (name, version, description, imported_by,
		format, bytes, digest, content_digest, xgboost_version, booster, objective, feature_count,
		output_groups, trees, nodes, depth, rounds, rounds_total, image_bytes, missing_value)
	VALUES (store_model.name, new_version, store_model.description,
		risk_internal.acting_role(),
		found_model.format, found_model.bytes, decode(found_model.digest, 'hex'),
		decode(found_model.content_digest, 'hex'),
		found_model.xgboost_version, found_model.booster, found_model.objective,
		cardinality(found_model.features), found_model.output_groups, found_model.trees, found_model.nodes,
		found_model.depth, found_model.rounds, found_model.rounds_total, found_model.image_bytes,
		found_model.missing_value);

	INSERT INTO risk_internal.registry_chunk (name, version, number, data)
	SELECT store_model.name, new_version, n, substring(store_model.model_bytes FROM (n - 1) * chunk_bytes + 1 FOR chunk_bytes)
	FROM generate_series(1, ((found_model.bytes + chunk_bytes - 1) / chunk_bytes)::integer) n;

	-- dictionary, its language and bound relation go over from there; thresholds and words
	-- for them belong to the version
	INSERT INTO risk_internal.registry_group (name, version, feature_group, label, description)
	SELECT g.name, new_version, g.feature_group, g.label, g.description
	FROM risk_internal.registry_group g WHERE g.name = store_model.name AND g.version = previous;

	INSERT INTO risk_internal.registry_feature (name, version, position, feature, kind, used, categories,
		label, feature_group, source, unit, description)
	SELECT store_model.name, new_version, f.position, f.feature, f.kind, f.used,
		(SELECT array_agg(c.value ORDER BY c.ordinality)
			FROM jsonb_array_elements_text(found_model.categories -> f.feature) WITH ORDINALITY c),
		o.label, o.feature_group, o.source, o.unit, o.description
	FROM ROWS FROM (unnest(found_model.features), unnest(found_model.kinds), unnest(found_model.used))
			WITH ORDINALITY f (feature, kind, used, position)
		LEFT JOIN risk_internal.registry_feature o
			ON o.name = store_model.name AND o.version = previous AND o.feature = f.feature;

	UPDATE risk_internal.registry r
	SET language = o.language, source_schema = o.source_schema, source_relation = o.source_relation,
		key_column = o.key_column, period_column = o.period_column,
		max_missing_share = o.max_missing_share, alert_out_of_scope = o.alert_out_of_scope
	FROM risk_internal.registry o
	WHERE r.name = store_model.name AND r.version = new_version
		AND o.name = store_model.name AND o.version = previous;

	IF store_model.verify THEN
		verified := risk.verify_model(store_model.name || '@' || new_version);
		IF NOT verified.verified THEN
			RAISE EXCEPTION 'model "%" was not imported: its margins are not those of libxgboost %',
				store_model.name, verified.library_version
				USING ERRCODE = 'data_exception',
					DETAIL = format('%s of %s generated rows differ, by up to %s.', verified.different, verified.rows_compared,
						verified.largest_difference),
					HINT = 'Please report this, with the model: it should not happen.';
		END IF;
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
		RAISE WARNING 'model "%" has lost the end of some category names', store_model.name || '@' || new_version
			USING DETAIL = damaged_names,
				HINT = 'XGBoost before 3.4 cuts names that are not ASCII short when it saves a model. A text with the same beginning and the same number of characters is taken for such a name; to be certain, train with ASCII names.';
	END IF;
	RETURN store_model.name || '@' || new_version;
END
$$;
COMMENT ON FUNCTION risk_internal.store_model(text, bytea, integer, text[], text, integer, boolean, double precision, integer) IS
	'Internal: checks a model and keeps it as a version of its name, with the dictionary and bound relation of the version that it follows. For risk.import_model and for trainings, which call it as the owner. Returns name@version';
REVOKE ALL ON FUNCTION risk_internal.store_model(text, bytea, integer, text[], text, integer, boolean, double precision, integer) FROM PUBLIC;

CREATE FUNCTION risk.import_model(
	name text,
	model_bytes bytea,
	rounds integer DEFAULT NULL,
	feature_names text[] DEFAULT NULL,
	description text DEFAULT NULL,
	version integer DEFAULT NULL,
	verify boolean DEFAULT false,
	missing double precision DEFAULT NULL)
	RETURNS text
	LANGUAGE company_risk_plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	imported text := risk_internal.store_model(import_model.name, import_model.model_bytes, import_model.rounds,
		import_model.feature_names, import_model.description, import_model.version, import_model.verify,
		import_model.missing);
	found record;
BEGIN
	SELECT m.rounds, m.rounds_total, m.missing_value INTO STRICT found FROM risk.models m WHERE m.reference = imported;
	IF found.rounds <> found.rounds_total THEN
		RAISE NOTICE 'model "%" uses the first % of its % boosting rounds', imported, found.rounds, found.rounds_total
			USING DETAIL = CASE WHEN import_model.rounds IS NULL
				THEN 'This is the model''s best iteration; pass rounds to use another number.'
				ELSE 'This is what the argument rounds says.' END;
	END IF;
	IF found.missing_value IS NOT NULL THEN
		RAISE NOTICE 'model "%" takes % for a missing value', imported, found.missing_value
			USING DETAIL = CASE WHEN import_model.missing IS NULL
				THEN 'Its attribute scikit_learn says so; pass missing => ''NaN'' if its features have no such value.'
				ELSE 'This is what the argument missing says.' END;
	END IF;
	RETURN imported;
END
$$;
COMMENT ON FUNCTION risk.import_model(text, bytea, integer, text[], text, integer, boolean, double precision) IS
	'Checks an XGBoost model (JSON or UBJSON; the old binary format is converted with libxgboost) and keeps it as the next version of its name, a candidate, with the dictionary and bound relation of the version in production, else of the newest; returns name@version. rounds: boosting rounds to use (default: best_iteration + 1 where the model says so, else all). feature_names: names for the features, in order, instead of the model''s own. missing: the number that stands for a missing value in its features, beside NULL and NaN, as missing=-999 in XGBoost''s Python; default: what the model says (XGBClassifier and the like, up to XGBoost 1.7, note it); NaN: none. verify: compare with libxgboost (risk.verify_model) and import only what agrees to the bit';
REVOKE ALL ON FUNCTION risk.import_model(text, bytea, integer, text[], text, integer, boolean, double precision) FROM PUBLIC;
