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
	r.feature_count,
	r.output_groups,
	r.trees,
	r.nodes,
	r.depth,
	r.rounds,
	r.rounds_total,
	r.missing_value,
	r.threshold_strong,
	r.threshold_moderate,
	r.language,
	COALESCE(r.alert_strong, risk_internal.alert_word(r.language, 'strong')) AS alert_strong,
	COALESCE(r.alert_moderate, risk_internal.alert_word(r.language, 'moderate')) AS alert_moderate,
	COALESCE(r.alert_none, risk_internal.alert_word(r.language, 'none')) AS alert_none,
	r.max_missing_share,
	COALESCE(r.alert_out_of_scope, risk_internal.alert_word(r.language, 'out of scope')) AS alert_out_of_scope,
	r.calibration OPERATOR(pg_catalog.->>) 'method'::pg_catalog.text AS calibration_method,
	r.calibration,
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
		FROM risk_internal.registry_event e
		WHERE e.name OPERATOR(pg_catalog.=) r.name
			AND e.version OPERATOR(pg_catalog.=) r.version
			AND e.event OPERATOR(pg_catalog.=) ANY (ARRAY['promote'::pg_catalog.text, 'rollback'])) AS promoted_at,
	-- risk.verify_model
	r.verified_at,
	r.verified_with,
	r.verified_rows,
	r.verified_different
FROM risk_internal.registry r;
COMMENT ON VIEW risk.models IS 'Every version of every model: state, what it is, thresholds, bound relation';
COMMENT ON COLUMN risk.models.name IS 'Name of the model, the same for all its versions';
COMMENT ON COLUMN risk.models.version IS 'Number of the version, counted from 1; that of a dropped one is not given again';
COMMENT ON COLUMN risk.models.reference IS 'Reference to this version, name@version; risk.pin_model adds its content';
COMMENT ON COLUMN risk.models.state IS 'candidate, production (one version per name) or archived';
COMMENT ON COLUMN risk.models.description IS 'What the import was told';
COMMENT ON COLUMN risk.models.objective IS 'What the model was trained for, as XGBoost calls it';
COMMENT ON COLUMN risk.models.booster IS 'gbtree, dart or gblinear';
COMMENT ON COLUMN risk.models.feature_count IS 'How many features it reads; see risk.model_features';
COMMENT ON COLUMN risk.models.output_groups IS 'How many margins it gives for a company';
COMMENT ON COLUMN risk.models.trees IS 'Trees in the model, of all its rounds';
COMMENT ON COLUMN risk.models.nodes IS 'Nodes of those trees, leaves included';
COMMENT ON COLUMN risk.models.depth IS 'Splits on the longest way to a leaf';
COMMENT ON COLUMN risk.models.rounds IS 'Boosting rounds used, of rounds_total in the model';
COMMENT ON COLUMN risk.models.rounds_total IS 'Boosting rounds in the model';
COMMENT ON COLUMN risk.models.missing_value IS 'The number that stands for a missing value in its features, beside NULL and NaN: from the model itself or the argument missing; NULL: none does';
COMMENT ON COLUMN risk.models.threshold_strong IS 'Scores from here on are a strong alert';
COMMENT ON COLUMN risk.models.threshold_moderate IS 'Scores from here on are at least a moderate alert';
COMMENT ON COLUMN risk.models.language IS 'Language, en or fr, of the words that stand among the dictionary''s: base, others, levels of alert';
COMMENT ON COLUMN risk.models.alert_strong IS 'What risk.alert_level answers from threshold_strong on';
COMMENT ON COLUMN risk.models.alert_moderate IS 'What risk.alert_level answers from threshold_moderate on';
COMMENT ON COLUMN risk.models.alert_none IS 'What risk.alert_level answers below threshold_moderate';
COMMENT ON COLUMN risk.models.max_missing_share IS 'Companies that lack more than this share of the weight of its features are out of scope (risk.set_requirements); NULL: none is';
COMMENT ON COLUMN risk.models.alert_out_of_scope IS 'What risk.alert_company answers for a company that is out of scope';
COMMENT ON COLUMN risk.models.calibration_method IS 'How scores are made from margins: sigmoid or isotonic; NULL when they are the objective''s own';
COMMENT ON COLUMN risk.models.calibration IS 'The calibration, as risk.set_calibration takes it';
COMMENT ON COLUMN risk.models.source_schema IS 'Schema of the relation in which companies are looked up (risk.bind_source)';
COMMENT ON COLUMN risk.models.source_relation IS 'Its name';
COMMENT ON COLUMN risk.models.key_column IS 'Its column with the company''s number';
COMMENT ON COLUMN risk.models.period_column IS 'Its column with the period; NULL when it has none';
COMMENT ON COLUMN risk.models.xgboost_version IS 'Version of XGBoost that wrote the model';
COMMENT ON COLUMN risk.models.format IS 'What the bytes were when they were imported: json, ubjson, or binary (converted to JSON)';
COMMENT ON COLUMN risk.models.bytes IS 'Length of the model as imported';
COMMENT ON COLUMN risk.models.image_bytes IS 'Length of the image that scores, at import';
COMMENT ON COLUMN risk.models.digest IS 'SHA-256 of the bytes as imported';
COMMENT ON COLUMN risk.models.content_digest IS 'SHA-256 of what decides margins: bytes, rounds used, feature names, missing_value; equal on two servers means equal margins, and equal scores where calibration is equal, too';
COMMENT ON COLUMN risk.models.imported_at IS 'When it was imported';
COMMENT ON COLUMN risk.models.imported_by IS 'By which role';
COMMENT ON COLUMN risk.models.promoted_at IS 'When this version last came into production';
COMMENT ON COLUMN risk.models.verified_at IS 'When risk.verify_model last compared this version with libxgboost; NULL: never';
COMMENT ON COLUMN risk.models.verified_with IS 'Version of libxgboost that it was compared with';
COMMENT ON COLUMN risk.models.verified_rows IS 'Rows compared';
COMMENT ON COLUMN risk.models.verified_different IS 'Rows whose margins were not the same to the bit: 0 is how it should be';
GRANT SELECT ON risk.models TO PUBLIC;

CREATE VIEW risk.model_features AS
SELECT f.name,
	f.version,
	f.name OPERATOR(pg_catalog.||) '@' OPERATOR(pg_catalog.||) f.version::pg_catalog.text AS reference,
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
	-- they are values of the rows that it was trained on
	CASE WHEN (SELECT pg_catalog.has_function_privilege('risk.export_model(pg_catalog.text)', 'EXECUTE'))
		OR (f.categories IS NOT NULL AND EXISTS (SELECT
			FROM risk_internal.registry r
				JOIN pg_catalog.pg_namespace n ON n.nspname OPERATOR(pg_catalog.=) r.source_schema
				JOIN pg_catalog.pg_class c ON c.relnamespace OPERATOR(pg_catalog.=) n.oid
					AND c.relname OPERATOR(pg_catalog.=) r.source_relation
			WHERE r.name OPERATOR(pg_catalog.=) f.name
				AND r.version OPERATOR(pg_catalog.=) f.version
				AND pg_catalog.has_schema_privilege(n.oid, 'USAGE')
				AND pg_catalog.has_table_privilege(c.oid, 'SELECT')))
		THEN f.categories END AS categories
FROM risk_internal.registry_feature f
	LEFT JOIN risk_internal.registry_group g
		ON g.name OPERATOR(pg_catalog.=) f.name
		AND g.version OPERATOR(pg_catalog.=) f.version
		AND g.feature_group OPERATOR(pg_catalog.=) f.feature_group;
COMMENT ON VIEW risk.model_features IS 'Features of every version of every model, with their dictionary';
COMMENT ON COLUMN risk.model_features.name IS 'Name of the model';
COMMENT ON COLUMN risk.model_features.version IS 'Number of the version';
COMMENT ON COLUMN risk.model_features.reference IS 'Reference to the version, name@version';
COMMENT ON COLUMN risk.model_features.position IS 'Position in the model, from 1: the subscript in float8[] arguments';
COMMENT ON COLUMN risk.model_features.feature IS 'Name of the feature, as columns and keys are called that feed it';
COMMENT ON COLUMN risk.model_features.kind IS 'numeric, category names (takes text) or category codes (takes integers)';
COMMENT ON COLUMN risk.model_features.used IS 'Whether any split of the model reads the feature';
COMMENT ON COLUMN risk.model_features.label IS 'What readers call it (risk.describe_features)';
COMMENT ON COLUMN risk.model_features.feature_group IS 'Code of the group that it is summed up in';
COMMENT ON COLUMN risk.model_features.group_label IS 'What readers call that group';
COMMENT ON COLUMN risk.model_features.source IS 'Where its values come from';
COMMENT ON COLUMN risk.model_features.unit IS 'What its values are counted in';
COMMENT ON COLUMN risk.model_features.description IS 'What it is';
COMMENT ON COLUMN risk.model_features.categories IS 'The names of its categories, in the order of their codes; NULL for a role that may neither read the relation that the model is bound to (risk.bind_source) nor execute risk.export_model';
GRANT SELECT ON risk.model_features TO PUBLIC;

CREATE VIEW risk.model_events AS
SELECT e.name,
	e.number,
	e.version,
	e.name OPERATOR(pg_catalog.||) '@' OPERATOR(pg_catalog.||) e.version::pg_catalog.text AS reference,
	e.event,
	e.reason,
	e.role,
	e.happened_at,
	e.details
FROM risk_internal.registry_event e;
COMMENT ON VIEW risk.model_events IS 'History of every model: what was done to which version, by whom, when and why';
COMMENT ON COLUMN risk.model_events.name IS 'Name of the model';
COMMENT ON COLUMN risk.model_events.number IS 'Counts the model''s events, from 1';
COMMENT ON COLUMN risk.model_events.version IS 'Number of the version that it was done to';
COMMENT ON COLUMN risk.model_events.reference IS 'Reference to the version, name@version; the version may be gone';
COMMENT ON COLUMN risk.model_events.event IS 'What was done: import, promote, rollback, archive, drop, describe, bind, thresholds, alert words, calibrate, profile or verify';
COMMENT ON COLUMN risk.model_events.reason IS 'Why, in the words of whoever did it; of an import its description';
COMMENT ON COLUMN risk.model_events.role IS 'The role that did it';
COMMENT ON COLUMN risk.model_events.happened_at IS 'When';
COMMENT ON COLUMN risk.model_events.details IS 'With what: what was replaced, set or found';
GRANT SELECT ON risk.model_events TO PUBLIC;

CREATE FUNCTION risk.resolve_model(model text DEFAULT NULL) RETURNS text
	AS 'MODULE_PATHNAME', 'company_risk_resolve_model' LANGUAGE C STABLE PARALLEL SAFE COST 50;
COMMENT ON FUNCTION risk.resolve_model(text) IS
	'The version, as name@version, that a model reference means in this statement. NULL: company_risk.default_model, else the only model in production; name: its production version; name@version: that version; name@version#digest: that version, and an error if its content digest does not begin so';

CREATE FUNCTION risk.pin_model(model text DEFAULT NULL) RETURNS text
	AS 'MODULE_PATHNAME', 'company_risk_pin_model' LANGUAGE C STABLE PARALLEL SAFE COST 50;
COMMENT ON FUNCTION risk.pin_model(text) IS
	'The version that a model reference means in this statement, as name@version#digest: a reference that is an error wherever that version has another content';

CREATE FUNCTION risk_internal.image_state(
	OUT content_digest bytea,
	OUT bytes bigint,
	OUT place text,
	OUT image_state text,
	OUT backends integer,
	OUT loads bigint,
	OUT loaded_at timestamptz,
	OUT last_used_at timestamptz,
	OUT superseded boolean)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'company_risk_loaded_models' LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED COST 100 ROWS 10;
COMMENT ON FUNCTION risk_internal.image_state() IS
	'Internal: images of models of this database in shared memory, and private ones of this session; read the view risk.loaded_models';

CREATE VIEW risk.loaded_models AS
SELECT r.name,
	r.version,
	r.name OPERATOR(pg_catalog.||) '@' OPERATOR(pg_catalog.||) r.version::pg_catalog.text AS reference,
	r.state,
	i.image_state,
	i.place,
	i.bytes,
	i.backends,
	i.loads,
	i.loaded_at,
	i.last_used_at,
	i.superseded,
	pg_catalog.encode(i.content_digest, 'hex') AS content_digest
FROM risk_internal.image_state() i
	LEFT JOIN risk_internal.registry r ON r.content_digest OPERATOR(pg_catalog.=) i.content_digest;
COMMENT ON VIEW risk.loaded_models IS 'Models in memory now: size, place, sessions attached; a model dropped but still in memory has no name';
COMMENT ON COLUMN risk.loaded_models.name IS 'Name of the model; NULL: dropped, or not visible yet';
COMMENT ON COLUMN risk.loaded_models.version IS 'Number of the version; versions of one content share an image, and have a row each';
COMMENT ON COLUMN risk.loaded_models.reference IS 'Reference to the version, name@version';
COMMENT ON COLUMN risk.loaded_models.state IS 'State of the version: candidate, production or archived';
COMMENT ON COLUMN risk.loaded_models.image_state IS 'State of the image: ready, or loading (then its size and times are not known)';
COMMENT ON COLUMN risk.loaded_models.place IS 'shared (one copy for all sessions) or private (of this session)';
COMMENT ON COLUMN risk.loaded_models.bytes IS 'Length of the image';
COMMENT ON COLUMN risk.loaded_models.backends IS 'Sessions and workers attached now';
COMMENT ON COLUMN risk.loaded_models.loads IS 'How often the image was built since it has its place in memory';
COMMENT ON COLUMN risk.loaded_models.loaded_at IS 'When it was built';
COMMENT ON COLUMN risk.loaded_models.last_used_at IS 'When a statement that used it last began';
COMMENT ON COLUMN risk.loaded_models.superseded IS 'No candidate or production version has this content any more: freed once nobody is attached';
COMMENT ON COLUMN risk.loaded_models.content_digest IS 'Content digest of the versions that it serves';
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
CREATE FUNCTION risk_internal.record_event(name text, version integer, event text, reason text, details jsonb DEFAULT NULL)
	RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	INSERT INTO risk_internal.registry_event (name, number, version, event, reason, role, details)
	SELECT record_event.name, COALESCE(max(e.number), 0) + 1, record_event.version, record_event.event,
		record_event.reason, risk_internal.acting_role(), record_event.details
	FROM risk_internal.registry_event e WHERE e.name = record_event.name;
EXCEPTION WHEN unique_violation THEN
	-- the registry is locked and the number is free in sight: another transaction
	-- was faster than the snapshot of this one
	RAISE EXCEPTION 'could not serialize access due to concurrent change of model "%"', record_event.name
		USING ERRCODE = 'serialization_failure', HINT = 'The transaction might succeed if retried.';
END
$$;
COMMENT ON FUNCTION risk_internal.record_event(text, integer, text, text, jsonb) IS 'Internal: adds to the history of a model';
REVOKE ALL ON FUNCTION risk_internal.record_event(text, integer, text, text, jsonb) FROM PUBLIC;

CREATE FUNCTION risk_internal.lock_version(model text, need_version boolean DEFAULT false)
	RETURNS risk_internal.registry
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	asked record;
	found record;
	newest integer;
	in_production integer;
	found_row risk_internal.registry;
BEGIN
	IF lock_version.model IS NULL THEN
		RAISE EXCEPTION 'model must not be null'
			USING ERRCODE = 'null_value_not_allowed', HINT = 'Name the model, as name@version.';
	END IF;
	asked := risk_internal.parse_reference(lock_version.model);
	LOCK TABLE risk_internal.registry IN SHARE ROW EXCLUSIVE MODE;
	IF need_version AND asked.version IS NULL THEN
		SELECT max(r.version), max(r.version) FILTER (WHERE r.state = 'production')
		INTO newest, in_production
		FROM risk_internal.registry r WHERE r.name = asked.name;
		IF newest IS NULL THEN
			RAISE EXCEPTION 'model "%" does not exist', lock_version.model
				USING ERRCODE = 'undefined_object', HINT = 'See the view risk.models.';
		END IF;
		RAISE EXCEPTION 'reference "%" does not say which version', lock_version.model
			USING ERRCODE = 'invalid_parameter_value',
				HINT = format('Write the version: the newest is %s, and %s is in production.',
					asked.name || '@' || newest, COALESCE(asked.name || '@' || in_production, 'none'));
	END IF;
	found := risk_internal.parse_reference(risk.resolve_model(lock_version.model));
	SELECT r.* INTO STRICT found_row FROM risk_internal.registry r
	WHERE r.name = found.name AND r.version = found.version;
	RETURN found_row;
END
$$;
COMMENT ON FUNCTION risk_internal.lock_version(text, boolean) IS 'Internal: locks the registry and finds a version';
REVOKE ALL ON FUNCTION risk_internal.lock_version(text, boolean) FROM PUBLIC;

/* A statement that binds a version, to be shown in a hint. */
CREATE FUNCTION risk_internal.bind_statement(model text, source text, key_column name, period_column name) RETURNS text
	LANGUAGE sql STABLE PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
AS $$
	SELECT format('SELECT risk.bind_source(%L, %L, %L%s);', bind_statement.model, bind_statement.source,
		bind_statement.key_column, ', ' || quote_literal(bind_statement.period_column))
$$;
COMMENT ON FUNCTION risk_internal.bind_statement(text, text, name, name) IS
	'Internal: the call of risk.bind_source that says so, for hints';

/*
 * What keeps companies from being looked up in a relation, and its rows from being
 * scored; nothing when they can.  risk.bind_source asks before it binds, and what
 * puts versions into production asks again: relations are dropped, made anew and
 * altered, and a new version takes over a binding that was never made for it.
 */
CREATE FUNCTION risk_internal.source_problems(model_name text, model_version integer, source oid, key_column name,
	period_column name, OUT subject text, OUT code text, OUT message text, OUT detail text, OUT hint text)
	RETURNS SETOF record
	LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 1
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	named_after constant text := model_name || '@' || model_version;
	relation pg_class;
	found text;
BEGIN
	SELECT c.* INTO relation FROM pg_class c WHERE c.oid = source_problems.source;
	subject := 'relation';
	code := 'wrong_object_type';
	IF relation.relkind IS NULL OR relation.relkind <> ALL (ARRAY['r', 'p', 'v', 'm', 'f']::"char"[]) THEN
		message := format('"%s" is not a table or view', source::regclass);
		detail := 'Companies are looked up in the rows of a table or view.';
		hint := 'Bind one with risk.bind_source.';
		RETURN NEXT;
		RETURN;
	END IF;
	IF relation.relpersistence = 't' THEN
		message := format('"%s" is a temporary relation', source::regclass);
		detail := 'The relation bound to a model is looked up by all sessions.';
		hint := 'Bind a permanent one with risk.bind_source.';
		RETURN NEXT;
		RETURN;
	END IF;

	subject := 'columns';
	code := 'undefined_column';
	SELECT string_agg(quote_ident(w.wanted), ', ' ORDER BY w.position) FILTER (WHERE w.position <= 10)
		|| CASE WHEN count(*) > 10 THEN format(' and %s more', count(*) - 10) ELSE '' END
	INTO found
	FROM (SELECT w.wanted, row_number() OVER (ORDER BY w.position) AS position
		FROM (SELECT key_column::text AS wanted, -1 AS position
			UNION ALL SELECT period_column::text, 0 WHERE period_column IS NOT NULL
			UNION ALL SELECT f.feature, f.position FROM risk_internal.registry_feature f
				WHERE f.name = model_name AND f.version = model_version) w
		WHERE NOT EXISTS (SELECT FROM pg_attribute a
			WHERE a.attrelid = relation.oid AND a.attname::text = w.wanted AND a.attnum > 0 AND NOT a.attisdropped)) w;
	IF found IS NOT NULL THEN
		message := format('relation "%s" lacks columns: %s', source::regclass, found);
		detail := format('The relation bound to model "%s" holds its key and a column for each of its features.',
			named_after);
		hint := 'Add them: names must match exactly, and NULL stands for what is not known.';
		RETURN NEXT;
	END IF;

	-- a key compares exactly, and periods have an order that is theirs
	subject := 'key and period';
	code := 'datatype_mismatch';
	SELECT format('column "%s" of type %s cannot be the %s', a.attname, format_type(a.atttypid, a.atttypmod),
			CASE WHEN a.attname = key_column THEN 'key' ELSE 'period' END)
	INTO found
	FROM pg_attribute a
		CROSS JOIN LATERAL (WITH RECURSIVE base AS (
				SELECT t.* FROM pg_type t WHERE t.oid = a.atttypid
				UNION ALL SELECT t.* FROM base b JOIN pg_type t ON t.oid = b.typbasetype)
			SELECT b.oid, b.typcategory FROM base b WHERE b.typbasetype = 0) t
	WHERE a.attrelid = relation.oid AND a.attnum > 0 AND NOT a.attisdropped
		AND (a.attname = key_column AND t.typcategory <> 'S'
				AND t.oid <> ALL (ARRAY['smallint', 'integer', 'bigint', 'numeric']::regtype[])
			OR a.attname = period_column AND t.oid <> 'date'::regtype)
	ORDER BY a.attname = key_column DESC LIMIT 1;
	IF found IS NOT NULL THEN
		message := found;
		detail := 'A key is text, an integer or numeric; a period is a date.';
		hint := 'Convert the column.';
		RETURN NEXT;
	END IF;

	subject := 'types';
	SELECT string_agg(format('%I (%s, for a feature of %s)', w.attname, w.type, w.kind), ', ' ORDER BY w.position)
			FILTER (WHERE w.position <= 10)
		|| CASE WHEN count(*) > 10 THEN format(' and %s more', count(*) - 10) ELSE '' END
	INTO found
	FROM (SELECT a.attname, format_type(a.atttypid, a.atttypmod) AS type,
			CASE f.kind WHEN 'numeric' THEN 'numbers' ELSE f.kind END AS kind,
			row_number() OVER (ORDER BY f.position) AS position
		FROM risk_internal.registry_feature f
			JOIN pg_attribute a ON a.attrelid = relation.oid AND a.attname::text = f.feature
				AND a.attnum > 0 AND NOT a.attisdropped
		WHERE f.name = model_name AND f.version = model_version
			AND NOT risk_internal.type_may_feed(a.atttypid, f.kind = 'category names')) w;
	IF found IS NOT NULL THEN
		message := format('columns of relation "%s" cannot feed model "%s": %s', source::regclass, named_after, found);
		detail := 'Category names are text or an enum; numbers and category codes are an integer, float, numeric or boolean.';
		hint := 'Convert the columns.';
		RETURN NEXT;
	END IF;
END
$$;
COMMENT ON FUNCTION risk_internal.source_problems(text, integer, oid, name, name) IS
	'Internal: why a relation cannot feed a version, as errors would say it; no row when it can';
REVOKE ALL ON FUNCTION risk_internal.source_problems(text, integer, oid, name, name) FROM PUBLIC;

/*
 * Can a version be used in production, as the one there is used now?  One answer a
 * check, for those who ask (risk.check_model) and for what must not go wrong
 * (risk.promote_model, risk.rollback_model).  A failure is what makes calls fail,
 * or answer nothing, that do not now.
 */
CREATE FUNCTION risk_internal.model_findings(chosen risk_internal.registry,
	OUT "check" text, OUT result text, OUT detail text, OUT hint text)
	RETURNS SETOF record
	LANGUAGE plpgsql STABLE PARALLEL UNSAFE ROWS 7
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	reference constant text := chosen.name || '@' || chosen.version;
	present risk_internal.registry;
	source oid;
	problem record;
	others text[];
BEGIN
	SELECT r.* INTO present FROM risk_internal.registry r WHERE r.name = chosen.name AND r.state = 'production';

	-- where companies are looked up
	"check" := 'relation';
	SELECT c.oid INTO source FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
	WHERE n.nspname = chosen.source_schema AND c.relname = chosen.source_relation;
	IF chosen.source_relation IS NULL AND present.source_relation IS NOT NULL THEN
		result := 'failure';
		detail := format('No relation is bound to it; companies of "%s@%s" are looked up in %I.%I.',
			present.name, present.version, present.source_schema, present.source_relation);
		hint := format('Bind it: %s', risk_internal.bind_statement(reference,
			format('%I.%I', present.source_schema, present.source_relation), present.key_column, present.period_column));
	ELSIF chosen.source_relation IS NULL THEN
		result := 'ok';
		detail := 'No relation is bound to it: rows are scored, and companies not looked up by number.';
	ELSIF source IS NULL THEN
		result := 'failure';
		detail := format('Relation %I.%I, bound to it, does not exist.', chosen.source_schema, chosen.source_relation);
		hint := format('Create it again, or bind another: %s',
			risk_internal.bind_statement(reference, '...', chosen.key_column, chosen.period_column));
	ELSE
		SELECT p.* INTO problem
		FROM risk_internal.source_problems(chosen.name, chosen.version, source, chosen.key_column, chosen.period_column) p
		WHERE p.subject = 'relation';
		result := CASE WHEN problem IS NULL THEN 'ok' ELSE 'failure' END;
		detail := COALESCE(problem.message || '.', format('Companies are looked up in %I.%I.', chosen.source_schema,
			chosen.source_relation));
		hint := CASE WHEN result = 'failure' THEN format('Bind a table or view: %s',
			risk_internal.bind_statement(reference, '...', chosen.key_column, chosen.period_column)) END;
	END IF;
	RETURN NEXT;
	IF source IS NOT NULL AND result = 'ok' THEN
		FOR problem IN
			SELECT s.subject, s.fine, p.message, p.detail, p.hint
			FROM (VALUES (1, 'columns', 'It has a column for each feature.'),
					(2, 'key and period', 'Their types can be looked up.'),
					(3, 'types', 'Each column can feed its feature.')) s (number, subject, fine)
				LEFT JOIN risk_internal.source_problems(chosen.name, chosen.version, source, chosen.key_column,
					chosen.period_column) p USING (subject)
			ORDER BY s.number
		LOOP
			"check" := problem.subject;
			result := CASE WHEN problem.message IS NULL THEN 'ok' ELSE 'failure' END;
			detail := COALESCE(upper(left(problem.message, 1)) || substr(problem.message, 2) || '. ' || problem.detail,
				problem.fine);
			hint := CASE WHEN problem.message IS NOT NULL THEN problem.hint || format(' A view that has it right is bound by: %s',
				risk_internal.bind_statement(reference, '...', chosen.key_column, chosen.period_column)) END;
			RETURN NEXT;
		END LOOP;
	END IF;

	"check" := 'thresholds';
	result := 'ok';
	hint := NULL;
	IF chosen.threshold_strong IS NOT NULL THEN
		detail := format('Strong from %s on, moderate from %s on.', chosen.threshold_strong, chosen.threshold_moderate);
	ELSIF present.threshold_strong IS NOT NULL THEN
		result := 'failure';
		detail := format('It has no thresholds, and "%s@%s" has: risk.alert_level would answer NULL.',
			present.name, present.version);
		hint := format('Choose them by its own scores, or take the same ones: SELECT risk.set_thresholds(%L, %L, %L);',
			reference, present.threshold_strong, present.threshold_moderate);
	ELSE
		detail := 'None: risk.alert_level answers NULL.';
	END IF;
	RETURN NEXT;

	"check" := 'calibration';
	result := 'ok';
	hint := NULL;
	detail := 'None: scores are the objective''s own.';
	IF chosen.calibration IS NOT NULL THEN
		detail := format('By %s.', chosen.calibration ->> 'method');
		BEGIN
			PERFORM risk.apply_calibration(0, chosen.calibration);
		EXCEPTION WHEN data_exception THEN
			result := 'failure';
			detail := format('It cannot be read: %s.', SQLERRM);
			hint := format('Import the model again, and calibrate that: SELECT risk.set_calibration(''%s@...'', ...);', chosen.name);
		END;
	END IF;
	RETURN NEXT;

	-- a SET of this session is no default for others: what counts is where sessions begin
	"check" := 'calls without a model';
	result := 'ok';
	hint := NULL;
	SELECT array_agg(r.name ORDER BY r.name) INTO others
	FROM risk_internal.registry r WHERE r.state = 'production' AND r.name <> chosen.name;
	IF others IS NULL THEN
		detail := 'No other name is in production.';
	ELSIF EXISTS (SELECT FROM pg_settings s WHERE s.name = 'company_risk.default_model' AND s.reset_val <> '')
		OR EXISTS (SELECT FROM pg_db_role_setting s CROSS JOIN LATERAL unnest(s.setconfig) c
			WHERE s.setrole = 0 AND c LIKE 'company\_risk.default\_model=_%'
				AND s.setdatabase IN (0, (SELECT d.oid FROM pg_database d WHERE d.datname = current_database()))) THEN
		detail := 'They mean what company_risk.default_model says.';
	ELSIF cardinality(others) = 1 AND present.name IS NULL THEN
		result := 'failure';
		detail := format('It would be a second name in production: calls that name no model mean "%s" now, and would fail.',
			others[1]);
		hint := format('Say what they mean: ALTER DATABASE %I SET company_risk.default_model = %L; '
				'or, if all calls name a model: SELECT risk.promote_model(%L, beside_others => true);',
			current_database(), others[1], reference);
	ELSE
		result := 'warning';
		detail := format('They fail: there is no company_risk.default_model, and in production is also "%s".',
			array_to_string(others, '", "'));
		hint := format('Say what they mean: ALTER DATABASE %I SET company_risk.default_model = %L;',
			current_database(), chosen.name);
	END IF;
	RETURN NEXT;
END
$$;
COMMENT ON FUNCTION risk_internal.model_findings(risk_internal.registry) IS
	'Internal: whether a version can be used in production, one row a check; result is ok, warning or failure';
REVOKE ALL ON FUNCTION risk_internal.model_findings(risk_internal.registry) FROM PUBLIC;

CREATE FUNCTION risk_internal.require_fitness(chosen risk_internal.registry, beside_others boolean) RETURNS void
	LANGUAGE plpgsql STABLE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	finding record;
BEGIN
	FOR finding IN
		SELECT f.* FROM risk_internal.model_findings(chosen) f
		WHERE f.result = 'failure' AND NOT (beside_others AND f.check = 'calls without a model')
	LOOP
		RAISE EXCEPTION 'model "%@%" cannot go into production as it is', chosen.name, chosen.version
			USING ERRCODE = 'object_not_in_prerequisite_state', DETAIL = finding.detail, HINT = finding.hint;
	END LOOP;
END
$$;
COMMENT ON FUNCTION risk_internal.require_fitness(risk_internal.registry, boolean) IS
	'Internal: an error unless a version can be used in production';
REVOKE ALL ON FUNCTION risk_internal.require_fitness(risk_internal.registry, boolean) FROM PUBLIC;

CREATE FUNCTION risk.check_model(model text DEFAULT NULL, OUT "check" text, OUT result text, OUT detail text)
	RETURNS SETOF record
	LANGUAGE company_risk_plpgsql STABLE PARALLEL UNSAFE SECURITY DEFINER ROWS 7
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	asked record := risk_internal.parse_reference(risk.resolve_model(check_model.model));
	chosen risk_internal.registry;
BEGIN
	SELECT r.* INTO STRICT chosen FROM risk_internal.registry r WHERE r.name = asked.name AND r.version = asked.version;
	RETURN QUERY SELECT f.check, f.result, concat_ws(' ', f.detail, f.hint) FROM risk_internal.model_findings(chosen) f;
END
$$;
COMMENT ON FUNCTION risk.check_model(text) IS
	'Whether a version can be used in production, as risk.promote_model asks before it puts it there: relation, columns, key and period, types, thresholds, calibration, calls without a model. result: ok, warning or failure';

CREATE FUNCTION risk.promote_model(model text, reason text DEFAULT NULL, beside_others boolean DEFAULT false) RETURNS text
	LANGUAGE company_risk_plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	chosen risk_internal.registry := risk_internal.lock_version(promote_model.model, true);
	current_version integer;
BEGIN
	IF chosen.state = 'production' THEN
		RAISE EXCEPTION 'model "%@%" is already in production', chosen.name, chosen.version
			USING ERRCODE = 'object_not_in_prerequisite_state';
	END IF;
	PERFORM risk_internal.require_fitness(chosen, COALESCE(promote_model.beside_others, false));
	SELECT r.version INTO current_version FROM risk_internal.registry r
	WHERE r.name = chosen.name AND r.state = 'production';
	PERFORM risk_internal.record_event(chosen.name, chosen.version, 'promote', promote_model.reason,
		jsonb_build_object('replaced', current_version));
	UPDATE risk_internal.registry r SET state = 'archived' WHERE r.name = chosen.name AND r.state = 'production';
	UPDATE risk_internal.registry r SET state = 'production' WHERE r.name = chosen.name AND r.version = chosen.version;
	RETURN chosen.name || '@' || chosen.version;
END
$$;
COMMENT ON FUNCTION risk.promote_model(text, text, boolean) IS
	'Puts a version (name@version) into production; the version that was there is archived. Refused where risk.check_model finds a failure; beside_others: a second name may be in production though calls that name no model fail then. Returns name@version';
REVOKE ALL ON FUNCTION risk.promote_model(text, text, boolean) FROM PUBLIC;

/*
 * The versions of a model in the order in which they came into production, as a
 * stack: a rollback takes the top away for good, so two of them never go back and
 * forth; 0 stands for a time without a version in production.
 */
CREATE FUNCTION risk_internal.production_stack(name text) RETURNS integer[]
	LANGUAGE plpgsql STABLE PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	stack integer[] := '{}';
	happened record;
BEGIN
	FOR happened IN
		SELECT e.event, e.version, e.details FROM risk_internal.registry_event e
		WHERE e.name = production_stack.name ORDER BY e.number
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
	RETURN stack;
END
$$;
COMMENT ON FUNCTION risk_internal.production_stack(text) IS
	'Internal: the versions of a model that were in production, as risk.rollback_model goes back through them';
REVOKE ALL ON FUNCTION risk_internal.production_stack(text) FROM PUBLIC;

CREATE FUNCTION risk.rollback_model(model text, reason text DEFAULT NULL, target text DEFAULT NULL) RETURNS text
	LANGUAGE company_risk_plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	asked record;
	wanted record;
	wanted_version integer;
	stack integer[];
	back_to integer;
	current_version integer;
BEGIN
	IF rollback_model.model IS NULL THEN
		RAISE EXCEPTION 'model must not be null' USING ERRCODE = 'null_value_not_allowed';
	END IF;
	asked := risk_internal.parse_reference(rollback_model.model);
	IF asked.version IS NOT NULL THEN
		RAISE EXCEPTION 'reference "%" says which version', rollback_model.model
			USING ERRCODE = 'invalid_parameter_value',
				HINT = format('A rollback is of a name, as %s; the version to go back to may be given as target.', asked.name);
	END IF;
	-- by position the reason comes before the target, and is not it
	IF rollback_model.target IS NULL AND rollback_model.reason !~ '\s'
		AND starts_with(rollback_model.reason, asked.name || '@') THEN
		RAISE EXCEPTION 'reason "%" reads as a reference to a version', rollback_model.reason
			USING ERRCODE = 'invalid_parameter_value',
				HINT = format('The version to go back to is given by name, as target => %L; a reason is in words.',
					rollback_model.reason);
	END IF;
	LOCK TABLE risk_internal.registry IN SHARE ROW EXCLUSIVE MODE;
	IF NOT EXISTS (SELECT FROM risk_internal.registry r WHERE r.name = asked.name) THEN
		RAISE EXCEPTION 'model "%" does not exist', rollback_model.model
			USING ERRCODE = 'undefined_object', HINT = 'See the view risk.models.';
	END IF;
	IF rollback_model.target IS NOT NULL THEN
		wanted := risk_internal.parse_reference(rollback_model.target);
		IF wanted.name IS DISTINCT FROM asked.name OR wanted.version IS NULL THEN
			RAISE EXCEPTION 'target "%" is no version of model "%"', rollback_model.target, asked.name
				USING ERRCODE = 'invalid_parameter_value', HINT = format('Write the version, as %s@1.', asked.name);
		END IF;
		-- exists, and has the content that the reference may ask for
		PERFORM risk.resolve_model(rollback_model.target);
		wanted_version := wanted.version;
	END IF;
	SELECT r.version INTO current_version FROM risk_internal.registry r
	WHERE r.name = asked.name AND r.state = 'production';

	stack := risk_internal.production_stack(asked.name);
	FOR depth IN REVERSE cardinality(stack) - 1 .. 1 LOOP
		back_to := stack[depth];
		CONTINUE WHEN back_to = 0 OR back_to IS NOT DISTINCT FROM current_version
			OR back_to <> wanted_version
			OR NOT EXISTS (SELECT FROM risk_internal.registry r WHERE r.name = asked.name AND r.version = back_to);
		PERFORM risk_internal.require_fitness(r, false)
		FROM risk_internal.registry r WHERE r.name = asked.name AND r.version = back_to;
		PERFORM risk_internal.record_event(asked.name, back_to, 'rollback', rollback_model.reason,
			jsonb_build_object('replaced', current_version, 'depth', depth));
		UPDATE risk_internal.registry r SET state = 'archived'
		WHERE r.name = asked.name AND r.state = 'production';
		UPDATE risk_internal.registry r SET state = 'production'
		WHERE r.name = asked.name AND r.version = back_to;
		RETURN asked.name || '@' || back_to;
	END LOOP;
	RAISE EXCEPTION '%', CASE WHEN wanted_version IS NULL
			THEN format('model "%s" has no earlier production version to go back to', asked.name)
			ELSE format('version %s of model "%s" is no earlier production version to go back to',
				wanted_version, asked.name) END
		USING ERRCODE = 'object_not_in_prerequisite_state',
			HINT = 'See the view risk.model_events; risk.promote_model puts any version into production.';
END
$$;
COMMENT ON FUNCTION risk.rollback_model(text, text, text) IS
	'Puts the previous production version of a model (a name) back, or the one that target names (name@version), if it was in production before; repeated, it goes further back and never forth. Refused where risk.check_model finds a failure, and where a reason reads as a version of that name. Returns name@version';
REVOKE ALL ON FUNCTION risk.rollback_model(text, text, text) FROM PUBLIC;

CREATE FUNCTION risk.archive_model(model text, reason text DEFAULT NULL) RETURNS text
	LANGUAGE company_risk_plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	chosen risk_internal.registry := risk_internal.lock_version(archive_model.model, true);
BEGIN
	IF chosen.state = 'archived' THEN
		RAISE EXCEPTION 'model "%@%" is already archived', chosen.name, chosen.version
			USING ERRCODE = 'object_not_in_prerequisite_state';
	END IF;
	UPDATE risk_internal.registry r SET state = 'archived' WHERE r.name = chosen.name AND r.version = chosen.version;
	PERFORM risk_internal.record_event(chosen.name, chosen.version, 'archive', archive_model.reason,
		jsonb_build_object('from', chosen.state));
	RETURN chosen.name || '@' || chosen.version;
END
$$;
COMMENT ON FUNCTION risk.archive_model(text, text) IS
	'Archives a version (name@version): it still answers by its full reference. Returns name@version';
REVOKE ALL ON FUNCTION risk.archive_model(text, text) FROM PUBLIC;

CREATE FUNCTION risk.drop_model(model text, reason text DEFAULT NULL) RETURNS text
	LANGUAGE company_risk_plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	chosen risk_internal.registry := risk_internal.lock_version(drop_model.model, true);
BEGIN
	IF chosen.state = 'production' THEN
		RAISE EXCEPTION 'model "%@%" is in production', chosen.name, chosen.version
			USING ERRCODE = 'object_in_use', HINT = 'Promote another version, or archive this one, first.';
	END IF;
	DELETE FROM risk_internal.registry_chunk c WHERE c.name = chosen.name AND c.version = chosen.version;
	DELETE FROM risk_internal.registry_feature f WHERE f.name = chosen.name AND f.version = chosen.version;
	DELETE FROM risk_internal.registry_group g WHERE g.name = chosen.name AND g.version = chosen.version;
	DELETE FROM risk_internal.registry_profile p WHERE p.name = chosen.name AND p.version = chosen.version;
	DELETE FROM risk_internal.registry_training t WHERE t.name = chosen.name AND t.version = chosen.version;
	DELETE FROM risk_internal.registry_metrics m WHERE m.name = chosen.name AND m.version = chosen.version;
	DELETE FROM risk_internal.registry r WHERE r.name = chosen.name AND r.version = chosen.version;
	PERFORM risk_internal.record_event(chosen.name, chosen.version, 'drop', drop_model.reason,
		jsonb_build_object('digest', encode(chosen.digest, 'hex')));
	RETURN chosen.name || '@' || chosen.version;
END
$$;
COMMENT ON FUNCTION risk.drop_model(text, text) IS
	'Removes a version (name@version) that is not in production, with its bytes; its history stays. Returns name@version';
REVOKE ALL ON FUNCTION risk.drop_model(text, text) FROM PUBLIC;

CREATE FUNCTION risk.describe_features(model text, dictionary jsonb) RETURNS text
	LANGUAGE company_risk_plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	chosen risk_internal.registry;
	entries jsonb;
	unknown text;
	-- as for the names of features (src/models/names.c)
	name_bytes_max CONSTANT integer := 2000;
BEGIN
	IF jsonb_typeof(dictionary) IS DISTINCT FROM 'object' THEN
		RAISE EXCEPTION 'dictionary must be a JSON object'
			USING ERRCODE = 'invalid_parameter_value',
				HINT = 'Its form is {"language": "en", "groups": {"debts": {"label": "Social debts"}}, "features": {"debt": {"label": "Debt", "group": "debts", "source": "Urssaf", "unit": "EUR", "description": "..."}}}.';
	END IF;
	chosen := risk_internal.lock_version(describe_features.model);

	SELECT string_agg(format('%I', key), ', ') INTO unknown
	FROM jsonb_object_keys(dictionary) key WHERE key <> ALL (ARRAY['language', 'groups', 'features']);
	IF unknown IS NOT NULL THEN
		RAISE EXCEPTION 'dictionary has unknown keys: %', unknown
			USING ERRCODE = 'invalid_parameter_value', HINT = 'Known keys are "language", "groups" and "features".';
	END IF;
	IF dictionary -> 'language' <> ALL (SELECT to_jsonb(code) FROM unnest(risk_internal.languages()) code) THEN
		RAISE EXCEPTION 'dictionary has an unknown language: %', dictionary -> 'language'
			USING ERRCODE = 'invalid_parameter_value',
				HINT = format('Known are %s.', array_to_string(risk_internal.languages(), ', '));
	END IF;
	entries := dictionary - 'language';
	SELECT string_agg(k.part, ', ') INTO unknown
	FROM (SELECT key AS part FROM jsonb_each(entries) WHERE jsonb_typeof(value) <> 'object'
		UNION ALL
		SELECT d.key || '.' || e.key FROM jsonb_each(entries) d
			CROSS JOIN LATERAL jsonb_each(CASE jsonb_typeof(d.value) WHEN 'object' THEN d.value ELSE '{}' END) e
		WHERE jsonb_typeof(e.value) <> 'object') k;
	IF unknown IS NOT NULL THEN
		RAISE EXCEPTION 'dictionary entries must be JSON objects: %', unknown
			USING ERRCODE = 'invalid_parameter_value';
	END IF;
	SELECT string_agg(format('%s.%s.%s', d.key, e.key, a.key), ', ') INTO unknown
	FROM jsonb_each(entries) d
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
	WHERE NOT EXISTS (SELECT FROM risk_internal.registry_feature f
		WHERE f.name = chosen.name AND f.version = chosen.version AND f.feature = key);
	IF unknown IS NOT NULL THEN
		RAISE EXCEPTION 'model "%@%" has no such features: %', chosen.name, chosen.version, unknown
			USING ERRCODE = 'undefined_object', HINT = 'See the view risk.model_features.';
	END IF;
	SELECT min(g.code) INTO unknown
	FROM (SELECT jsonb_object_keys(COALESCE(dictionary -> 'groups', '{}')) AS code
		UNION ALL SELECT value ->> 'group' FROM jsonb_each(COALESCE(dictionary -> 'features', '{}'))) g
	WHERE octet_length(g.code) > name_bytes_max;
	IF unknown IS NOT NULL THEN
		RAISE EXCEPTION 'code of a group is longer than % bytes', name_bytes_max
			USING ERRCODE = 'program_limit_exceeded',
				DETAIL = format('It has %s bytes, and begins with "%s".', octet_length(unknown), left(unknown, 60)),
				HINT = 'A label may be longer: {"groups": {"debts": {"label": "..."}}}.';
	END IF;

	UPDATE risk_internal.registry r SET language = dictionary ->> 'language'
	WHERE r.name = chosen.name AND r.version = chosen.version AND dictionary ? 'language';
	-- what is named is replaced, what is not named stays; a group that features
	-- name without describing it is made with its code alone
	INSERT INTO risk_internal.registry_group AS g (name, version, feature_group, label, description)
	SELECT chosen.name, chosen.version, key, value ->> 'label', value ->> 'description'
	FROM jsonb_each(COALESCE(dictionary -> 'groups', '{}'))
	ON CONFLICT (name, version, feature_group) DO UPDATE
	SET label = CASE WHEN dictionary -> 'groups' -> g.feature_group ? 'label' THEN excluded.label ELSE g.label END,
		description = CASE WHEN dictionary -> 'groups' -> g.feature_group ? 'description'
			THEN excluded.description ELSE g.description END;
	INSERT INTO risk_internal.registry_group (name, version, feature_group)
	SELECT DISTINCT chosen.name, chosen.version, value ->> 'group'
	FROM jsonb_each(COALESCE(dictionary -> 'features', '{}')) WHERE value ->> 'group' IS NOT NULL
	ON CONFLICT DO NOTHING;
	UPDATE risk_internal.registry_feature f
	SET label = CASE WHEN value ? 'label' THEN value ->> 'label' ELSE f.label END,
		feature_group = CASE WHEN value ? 'group' THEN value ->> 'group' ELSE f.feature_group END,
		source = CASE WHEN value ? 'source' THEN value ->> 'source' ELSE f.source END,
		unit = CASE WHEN value ? 'unit' THEN value ->> 'unit' ELSE f.unit END,
		description = CASE WHEN value ? 'description' THEN value ->> 'description' ELSE f.description END
	FROM jsonb_each(COALESCE(dictionary -> 'features', '{}'))
	WHERE f.name = chosen.name AND f.version = chosen.version AND f.feature = key;

	PERFORM risk_internal.record_event(chosen.name, chosen.version, 'describe', NULL, dictionary);
	RETURN chosen.name || '@' || chosen.version;
END
$$;
COMMENT ON FUNCTION risk.describe_features(text, jsonb) IS
	'Sets the language of a model and labels, groups, sources, units and descriptions of its features; what the dictionary does not name stays. Returns name@version';
REVOKE ALL ON FUNCTION risk.describe_features(text, jsonb) FROM PUBLIC;

CREATE FUNCTION risk.bind_source(model text, source regclass, key_column name, period_column name DEFAULT NULL)
	RETURNS text
	LANGUAGE company_risk_plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	chosen risk_internal.registry := risk_internal.lock_version(bind_source.model);
	problem record;
BEGIN
	IF source IS NULL OR key_column IS NULL THEN
		RAISE EXCEPTION 'source and key_column must not be null' USING ERRCODE = 'null_value_not_allowed';
	END IF;
	FOR problem IN
		SELECT p.* FROM risk_internal.source_problems(chosen.name, chosen.version, bind_source.source,
			bind_source.key_column, bind_source.period_column) p
	LOOP
		RAISE EXCEPTION '%', problem.message
			USING ERRCODE = problem.code, DETAIL = problem.detail, HINT = problem.hint;
	END LOOP;

	UPDATE risk_internal.registry r
	SET source_schema = n.nspname, source_relation = c.relname,
		key_column = bind_source.key_column, period_column = bind_source.period_column
	FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
	WHERE c.oid = bind_source.source AND r.name = chosen.name AND r.version = chosen.version;
	PERFORM risk_internal.record_event(chosen.name, chosen.version, 'bind', NULL,
		jsonb_build_object('source', source::text, 'key_column', key_column, 'period_column', period_column));
	-- the relation is looked up by name: PostgreSQL knows of no dependency
	IF EXISTS (WITH RECURSIVE used (oid) AS (
				SELECT bind_source.source::oid
				UNION SELECT d.refobjid FROM used u
					JOIN pg_rewrite w ON w.ev_class = u.oid
					JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid
						AND d.refclassid = 'pg_class'::regclass)
			SELECT FROM used u JOIN pg_class c ON c.oid = u.oid WHERE c.relkind = 'm') THEN
		RAISE NOTICE 'relation "%" is a materialized view, or reads one', source
			USING DETAIL = 'In another materialized view, score_company(siren) does not depend on it: after a restore that view may be refreshed first, fail and stay empty.',
				HINT = 'In materialized views score rows of the relation, as score_company(r); or refresh those that score by number once more after a restore.';
	END IF;
	RETURN chosen.name || '@' || chosen.version;
END
$$;
COMMENT ON FUNCTION risk.bind_source(text, regclass, name, name) IS
	'Says in which relation score_company(siren) looks companies up: by which column, and by which period; it must have a column for each feature, of a type that can feed it. Returns name@version';
REVOKE ALL ON FUNCTION risk.bind_source(text, regclass, name, name) FROM PUBLIC;

CREATE FUNCTION risk_internal.score_kind(objective text, output_groups integer, calibrated boolean) RETURNS text
	AS 'MODULE_PATHNAME', 'company_risk_score_kind' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION risk_internal.score_kind(text, integer, boolean) IS
	'Internal: what the score of such a model is, a probability or another number; NULL where it has no single score, or none that can be calibrated';

CREATE FUNCTION risk.set_thresholds(model text, strong double precision, moderate double precision) RETURNS text
	LANGUAGE company_risk_plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	chosen risk_internal.registry := risk_internal.lock_version(set_thresholds.model);
	kind text := risk_internal.score_kind(chosen.objective, chosen.output_groups, chosen.calibration IS NOT NULL);
BEGIN
	IF strong IS NULL OR moderate IS NULL THEN
		RAISE EXCEPTION 'thresholds must not be null' USING ERRCODE = 'null_value_not_allowed';
	END IF;
	IF strong = 'NaN' OR moderate = 'NaN' OR moderate > strong THEN
		RAISE EXCEPTION 'invalid thresholds: strong %, moderate %', strong, moderate
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = 'The threshold of a strong alert is at least that of a moderate one.';
	END IF;
	IF kind IS NULL THEN
		RAISE EXCEPTION 'model "%@%" has no single score', chosen.name, chosen.version
			USING ERRCODE = 'feature_not_supported',
				DETAIL = format('Its objective "%s" has %s.', chosen.objective, CASE chosen.output_groups
					WHEN 1 THEN 'no score that is known' ELSE chosen.output_groups || ' outputs' END),
				HINT = 'Levels of alert are those of the score that score_company answers.';
	END IF;
	IF kind = 'probability' AND (moderate < 0 OR strong > 1) THEN
		RAISE EXCEPTION 'invalid thresholds: strong %, moderate %', strong, moderate
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = format('The score of model "%s@%s" is a probability, from 0 to 1.', chosen.name, chosen.version),
				HINT = 'Percent are divided by 100, as 0.6 for 60 %.';
	END IF;
	UPDATE risk_internal.registry r SET threshold_strong = strong, threshold_moderate = moderate
	WHERE r.name = chosen.name AND r.version = chosen.version;
	PERFORM risk_internal.record_event(chosen.name, chosen.version, 'thresholds', NULL,
		jsonb_build_object('strong', strong, 'moderate', moderate));
	RETURN chosen.name || '@' || chosen.version;
END
$$;
COMMENT ON FUNCTION risk.set_thresholds(text, double precision, double precision) IS
	'Sets from which scores on risk.alert_level answers a strong and a moderate alert; from 0 to 1 where scores are probabilities. Returns name@version';
REVOKE ALL ON FUNCTION risk.set_thresholds(text, double precision, double precision) FROM PUBLIC;

CREATE FUNCTION risk.set_requirements(model text, max_missing_share double precision, out_of_scope text DEFAULT NULL)
	RETURNS text
	LANGUAGE company_risk_plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	chosen risk_internal.registry := risk_internal.lock_version(set_requirements.model);
BEGIN
	IF set_requirements.max_missing_share NOT BETWEEN 0 AND 1 THEN
		RAISE EXCEPTION 'invalid share %', set_requirements.max_missing_share
			USING ERRCODE = 'invalid_parameter_value', DETAIL = 'A share is between 0 and 1.';
	END IF;
	UPDATE risk_internal.registry r
	SET max_missing_share = set_requirements.max_missing_share, alert_out_of_scope = set_requirements.out_of_scope
	WHERE r.name = chosen.name AND r.version = chosen.version;
	PERFORM risk_internal.record_event(chosen.name, chosen.version, 'requirements', NULL,
		jsonb_build_object('max_missing_share', set_requirements.max_missing_share,
			'out_of_scope', set_requirements.out_of_scope));
	RETURN chosen.name || '@' || chosen.version;
END
$$;
COMMENT ON FUNCTION risk.set_requirements(text, double precision, text) IS
	'Sets how much of the weight of a model''s features may be missing (risk.missing_features) for a company to have a level of alert; beyond, risk.alert_company answers out_of_scope, NULL: the words of the model''s language. max_missing_share: NULL, and every company has one. Returns name@version';
REVOKE ALL ON FUNCTION risk.set_requirements(text, double precision, text) FROM PUBLIC;

CREATE FUNCTION risk.set_alert_words(model text, strong text, moderate text, no_alert text) RETURNS text
	LANGUAGE company_risk_plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	chosen risk_internal.registry := risk_internal.lock_version(set_alert_words.model);
BEGIN
	UPDATE risk_internal.registry r
	SET alert_strong = strong, alert_moderate = moderate, alert_none = set_alert_words.no_alert
	WHERE r.name = chosen.name AND r.version = chosen.version;
	PERFORM risk_internal.record_event(chosen.name, chosen.version, 'alert words', NULL,
		jsonb_build_object('strong', strong, 'moderate', moderate, 'none', set_alert_words.no_alert));
	RETURN chosen.name || '@' || chosen.version;
END
$$;
COMMENT ON FUNCTION risk.set_alert_words(text, text, text, text) IS
	'Sets what risk.alert_level calls the levels of a model; NULL: the word of the model''s language. Returns name@version';
REVOKE ALL ON FUNCTION risk.set_alert_words(text, text, text, text) FROM PUBLIC;

CREATE FUNCTION risk.apply_calibration(margin double precision, calibration jsonb) RETURNS double precision
	AS 'MODULE_PATHNAME', 'company_risk_apply_calibration' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION risk.apply_calibration(double precision, jsonb) IS
	'The score, 0 to 1, that a calibration makes of a margin; to try one before risk.set_calibration';

CREATE FUNCTION risk.set_calibration(model text, calibration jsonb) RETURNS text
	LANGUAGE company_risk_plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	chosen risk_internal.registry := risk_internal.lock_version(set_calibration.model, true);
	reference text := chosen.name || '@' || chosen.version;
BEGIN
	IF chosen.state <> 'candidate' THEN
		RAISE EXCEPTION 'model "%" is not a candidate', reference
			USING ERRCODE = 'object_not_in_prerequisite_state',
				DETAIL = format('Its state is %s; another calibration would change scores that were approved.', chosen.state),
				HINT = 'Import the model again, as a new version, and calibrate that before it is promoted.';
	END IF;
	IF set_calibration.calibration IS NOT NULL THEN
		IF risk_internal.score_kind(chosen.objective, chosen.output_groups, true) IS NULL THEN
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
	UPDATE risk_internal.registry r SET calibration = set_calibration.calibration
	WHERE r.name = chosen.name AND r.version = chosen.version;
	-- scores of before are no reference for those to come
	DELETE FROM risk_internal.registry_profile p
	WHERE p.name = chosen.name AND p.version = chosen.version AND p.position = 0
		AND chosen.calibration IS DISTINCT FROM set_calibration.calibration;
	PERFORM risk_internal.record_event(chosen.name, chosen.version, 'calibrate', NULL,
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
