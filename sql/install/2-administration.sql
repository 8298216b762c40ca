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
	version integer DEFAULT NULL,
	verify boolean DEFAULT false)
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
	converted boolean := false;
	verified record;
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
	IF risk.is_binary_model(import_model.model) THEN
		import_model.model := risk.convert_model(import_model.model);
		converted := true;
	END IF;
	found_model := risk.inspect_model(import_model.model, import_model.iterations, import_model.feature_names);
	IF converted THEN
		found_model.format := 'binary';
	END IF;

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

	IF import_model.verify THEN
		verified := risk.verify_model(import_model.name || '@' || new_version);
		IF NOT verified.verified THEN
			RAISE EXCEPTION 'model "%" was not imported: its margins are not those of libxgboost %',
				import_model.name, verified.library_version
				USING ERRCODE = 'data_exception',
					DETAIL = format('%s of %s generated rows differ, by up to %s.', verified.different, verified.rows_compared,
						verified.largest_difference),
					HINT = 'Please report this, with the model: it should not happen.';
		END IF;
	END IF;

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
COMMENT ON FUNCTION risk.import_model(text, bytea, integer, text[], text, integer, boolean) IS
	'Checks an XGBoost model (JSON or UBJSON; the old binary format is converted with libxgboost) and keeps it as the next version of its name, a candidate; returns name@version. iterations: boosting rounds to use (default: best_iteration + 1 where the model says so, else all). feature_names: names for the features, in order, instead of the model''s own. verify: compare with libxgboost (risk.verify_model) and import only what agrees to the bit';
REVOKE ALL ON FUNCTION risk.import_model(text, bytea, integer, text[], text, integer, boolean) FROM PUBLIC;

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
	DELETE FROM risk.registry_profile p WHERE p.name = chosen.name AND p.version = chosen.version;
	DELETE FROM risk.registry_training t WHERE t.name = chosen.name AND t.version = chosen.version;
	DELETE FROM risk.registry_metrics m WHERE m.name = chosen.name AND m.version = chosen.version;
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

CREATE FUNCTION risk.apply_calibration(margin double precision, calibration jsonb) RETURNS double precision
	AS 'MODULE_PATHNAME', 'company_risk_apply_calibration' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION risk.apply_calibration(double precision, jsonb) IS
	'The score, 0 to 1, that a calibration makes of a margin; to try one before risk.set_calibration';

CREATE FUNCTION risk.set_calibration(model text, calibration jsonb) RETURNS text
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	chosen risk.registry := risk.lock_version(set_calibration.model, true);
	reference text := chosen.name || '@' || chosen.version;
BEGIN
	IF chosen.state <> 'candidate' THEN
		RAISE EXCEPTION 'model "%" is not a candidate', reference
			USING ERRCODE = 'object_not_in_prerequisite_state',
				DETAIL = format('Its state is %s; another calibration would change scores that were approved.', chosen.state),
				HINT = 'Import the model again, as a new version, and calibrate that before it is promoted.';
	END IF;
	IF set_calibration.calibration IS NOT NULL THEN
		IF chosen.objective <> ALL (ARRAY['binary:logistic', 'reg:logistic', 'binary:logitraw'])
			OR chosen.output_groups <> 1 THEN
			RAISE EXCEPTION 'scores of model "%" cannot be calibrated', reference
				USING ERRCODE = 'feature_not_supported',
					DETAIL = format('Its objective "%s" has %s; a calibration makes a probability of one margin in log-odds.',
						chosen.objective, CASE chosen.output_groups WHEN 1 THEN 'no probability'
							ELSE chosen.output_groups || ' output groups' END),
					HINT = 'Models of binary:logistic, reg:logistic and binary:logitraw can be calibrated.';
		END IF;
		-- reads all of it, and errors if it is none
		PERFORM risk.apply_calibration(0, set_calibration.calibration);
	END IF;
	UPDATE risk.registry r SET calibration = set_calibration.calibration
	WHERE r.name = chosen.name AND r.version = chosen.version;
	-- scores of before are no reference for those to come
	DELETE FROM risk.registry_profile p
	WHERE p.name = chosen.name AND p.version = chosen.version AND p.position = 0
		AND chosen.calibration IS DISTINCT FROM set_calibration.calibration;
	PERFORM risk.record_event(chosen.name, chosen.version, 'calibrate', NULL,
		jsonb_build_object('calibration', set_calibration.calibration));
	IF chosen.threshold_strong IS NOT NULL AND chosen.calibration IS DISTINCT FROM set_calibration.calibration THEN
		RAISE NOTICE 'thresholds of model "%" apply to other scores now', reference
			USING HINT = 'Set them anew with risk.set_thresholds.';
	END IF;
	RETURN reference;
END
$$;
COMMENT ON FUNCTION risk.set_calibration(text, jsonb) IS
	'Says how the scores of a candidate (name@version) are made from its margins: {"method": "sigmoid", "slope": a, "intercept": b} or {"method": "isotonic", "margins": [...], "scores": [...]}; NULL removes it. Margins and contributions stay as they are. Returns name@version';
REVOKE ALL ON FUNCTION risk.set_calibration(text, jsonb) FROM PUBLIC;

CREATE FUNCTION risk.alert_level(score double precision, model text DEFAULT NULL) RETURNS text
	AS 'MODULE_PATHNAME', 'company_risk_alert_level' LANGUAGE C STABLE PARALLEL SAFE COST 10;
COMMENT ON FUNCTION risk.alert_level(double precision, text) IS
	'The level of alert of a score under a model''s thresholds, in the model''s words; NULL for a NULL score';

