/* ----------
 * Drift: how far the companies of now are from those of then
 *
 * Measures as aggregates over (value, is_now), and as functions of counts.
 * ----------
 */
CREATE FUNCTION risk_internal.metric_add_sample(state risk_internal.metric_state, value double precision, is_now boolean) RETURNS risk_internal.metric_state
	AS 'MODULE_PATHNAME', 'company_risk_metric_add_sample' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION risk_internal.metric_add_sample(risk_internal.metric_state, double precision, boolean) IS 'Internal: step of the aggregates of drift';

CREATE FUNCTION risk_internal.metric_add_sample(state risk_internal.metric_state, value double precision, is_now boolean, bins integer) RETURNS risk_internal.metric_state
	AS 'MODULE_PATHNAME', 'company_risk_metric_add_sample' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION risk_internal.metric_add_sample(risk_internal.metric_state, double precision, boolean, integer) IS 'Internal: step of the aggregates of drift';

CREATE FUNCTION risk_internal.samples_stability_index(state risk_internal.metric_state) RETURNS double precision
	AS 'MODULE_PATHNAME', 'company_risk_samples_stability_index' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION risk_internal.samples_stability_index(risk_internal.metric_state) IS 'Internal: result of risk.population_stability_index';

CREATE FUNCTION risk_internal.samples_jensen_shannon(state risk_internal.metric_state) RETURNS double precision
	AS 'MODULE_PATHNAME', 'company_risk_samples_jensen_shannon' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION risk_internal.samples_jensen_shannon(risk_internal.metric_state) IS 'Internal: result of risk.jensen_shannon';

CREATE FUNCTION risk_internal.samples_wasserstein(state risk_internal.metric_state) RETURNS double precision
	AS 'MODULE_PATHNAME', 'company_risk_samples_wasserstein' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION risk_internal.samples_wasserstein(risk_internal.metric_state) IS 'Internal: result of risk.wasserstein';

CREATE AGGREGATE risk.population_stability_index(value double precision, is_now boolean) (
	SFUNC = risk_internal.metric_add_sample, STYPE = risk_internal.metric_state, SSPACE = 4096, COMBINEFUNC = risk_internal.metric_combine,
	FINALFUNC = risk_internal.samples_stability_index, PARALLEL = SAFE);
COMMENT ON AGGREGATE risk.population_stability_index(double precision, boolean) IS
	'Population stability index of the values with is_now against those without: sum of (q - p) ln(q/p) over ten bins, cut at the deciles of the latter, and one for missing values (NULL, NaN); shares below 0.0001 count as that. Less than 0.1 is stable, more than 0.25 a strong change; NULL when one side has no rows';

CREATE AGGREGATE risk.population_stability_index(value double precision, is_now boolean, bins integer) (
	SFUNC = risk_internal.metric_add_sample, STYPE = risk_internal.metric_state, SSPACE = 4096, COMBINEFUNC = risk_internal.metric_combine,
	FINALFUNC = risk_internal.samples_stability_index, PARALLEL = SAFE);
COMMENT ON AGGREGATE risk.population_stability_index(double precision, boolean, integer) IS
	'Population stability index of the values with is_now against those without, over so many bins (2 to 1000), cut at quantiles of the latter, and one for missing values';

CREATE AGGREGATE risk.jensen_shannon(value double precision, is_now boolean) (
	SFUNC = risk_internal.metric_add_sample, STYPE = risk_internal.metric_state, SSPACE = 4096, COMBINEFUNC = risk_internal.metric_combine,
	FINALFUNC = risk_internal.samples_jensen_shannon, PARALLEL = SAFE);
COMMENT ON AGGREGATE risk.jensen_shannon(double precision, boolean) IS
	'Jensen-Shannon divergence, in bits (0 to 1), between the values with and without is_now, over the bins of risk.population_stability_index; the distance is its square root';

CREATE AGGREGATE risk.jensen_shannon(value double precision, is_now boolean, bins integer) (
	SFUNC = risk_internal.metric_add_sample, STYPE = risk_internal.metric_state, SSPACE = 4096, COMBINEFUNC = risk_internal.metric_combine,
	FINALFUNC = risk_internal.samples_jensen_shannon, PARALLEL = SAFE);
COMMENT ON AGGREGATE risk.jensen_shannon(double precision, boolean, integer) IS
	'Jensen-Shannon divergence, in bits (0 to 1), between the values with and without is_now, over so many bins (2 to 1000)';

CREATE AGGREGATE risk.wasserstein(value double precision, is_now boolean) (
	SFUNC = risk_internal.metric_add_sample, STYPE = risk_internal.metric_state, SSPACE = 4096, COMBINEFUNC = risk_internal.metric_combine,
	FINALFUNC = risk_internal.samples_wasserstein, PARALLEL = SAFE);
COMMENT ON AGGREGATE risk.wasserstein(double precision, boolean) IS
	'Wasserstein-1 distance, in the unit of the values, between those with and without is_now: the area between their distribution functions; missing values (NULL, NaN) aside';

CREATE FUNCTION risk.population_stability_index(counts_then bigint[], counts_now bigint[]) RETURNS double precision
	AS 'MODULE_PATHNAME', 'company_risk_stability_index' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION risk.population_stability_index(bigint[], bigint[]) IS
	'Population stability index from the counts of the same bins; shares below 0.0001 count as that; NULL when one side has no rows';

CREATE FUNCTION risk.jensen_shannon(counts_then bigint[], counts_now bigint[]) RETURNS double precision
	AS 'MODULE_PATHNAME', 'company_risk_jensen_shannon' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION risk.jensen_shannon(bigint[], bigint[]) IS
	'Jensen-Shannon divergence, in bits (0 to 1), from the counts of the same bins; NULL when one side has no rows';

/* ----------
 * Profiles: what is kept of a column's distribution
 * ----------
 */
CREATE TYPE risk_internal.column_profile AS (
	kind text,
	rows bigint,
	missing bigint,
	mean double precision,
	stddev double precision,
	minimum double precision,
	maximum double precision,
	quantiles double precision[],
	slices double precision[],
	bounds double precision[],
	categories text[],
	counts bigint[],
	others bigint,
	other_categories text[]);
COMMENT ON TYPE risk_internal.column_profile IS 'Internal: what risk_internal.profile_column answers (src/metrics/profile.c)';

CREATE FUNCTION risk_internal.profile_add(state internal, value double precision, bounds double precision[], columns integer) RETURNS internal
	AS 'MODULE_PATHNAME', 'company_risk_profile_add' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION risk_internal.profile_add(internal, double precision, double precision[], integer) IS 'Internal: step of risk_internal.profile_column';

CREATE FUNCTION risk_internal.profile_add(state internal, value text, categories text[], columns integer) RETURNS internal
	AS 'MODULE_PATHNAME', 'company_risk_profile_add' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION risk_internal.profile_add(internal, text, text[], integer) IS 'Internal: step of risk_internal.profile_column';

CREATE FUNCTION risk_internal.profile_final(state internal) RETURNS risk_internal.column_profile
	AS 'MODULE_PATHNAME', 'company_risk_profile_final' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION risk_internal.profile_final(internal) IS 'Internal: result of risk_internal.profile_column';

CREATE AGGREGATE risk_internal.profile_column(value double precision, bounds double precision[], columns integer) (
	SFUNC = risk_internal.profile_add, STYPE = internal, SSPACE = 4194304,
	FINALFUNC = risk_internal.profile_final, FINALFUNC_MODIFY = READ_WRITE, PARALLEL = SAFE);
COMMENT ON AGGREGATE risk_internal.profile_column(double precision, double precision[], integer) IS
	'Internal: profile of a column of numbers, its rows counted between the bounds given or its own deciles; so many columns share work_mem';

CREATE AGGREGATE risk_internal.profile_column(value text, categories text[], columns integer) (
	SFUNC = risk_internal.profile_add, STYPE = internal, SSPACE = 4194304,
	FINALFUNC = risk_internal.profile_final, FINALFUNC_MODIFY = READ_WRITE, PARALLEL = SAFE);
COMMENT ON AGGREGATE risk_internal.profile_column(text, text[], integer) IS
	'Internal: profile of a column of categories, its rows counted in the categories given or its own most frequent ones; so many columns share work_mem';

CREATE FUNCTION risk_internal.slice_distance(slices_then double precision[], slices_now double precision[]) RETURNS double precision
	AS 'MODULE_PATHNAME', 'company_risk_slice_distance' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION risk_internal.slice_distance(double precision[], double precision[]) IS
	'Internal: Wasserstein-1 distance from two profiles'' slices';

CREATE VIEW risk.model_profiles AS
SELECT p.name OPERATOR(pg_catalog.||) '@' OPERATOR(pg_catalog.||) p.version::pg_catalog.text AS reference,
	p.name, p.version, p.position, p.feature, p.kind, p.rows,
	p.missing::pg_catalog.float8 OPERATOR(pg_catalog./) NULLIF(p.rows, 0)::pg_catalog.float8 AS missing,
	p.mean, p.stddev, p.minimum, p.maximum, p.quantiles, p.slices, p.bounds, p.categories, p.counts, p.others
FROM risk_internal.registry_profile p;
COMMENT ON VIEW risk.model_profiles IS
	'Distributions that versions of models are compared with, kept by risk.profile_model; grant SELECT to those who may use risk.drift';
COMMENT ON COLUMN risk.model_profiles.reference IS 'Name and version, name@version';
COMMENT ON COLUMN risk.model_profiles.name IS 'Name of the model';
COMMENT ON COLUMN risk.model_profiles.version IS 'Version of the model';
COMMENT ON COLUMN risk.model_profiles.position IS 'Position of the feature in the model; 0: the score';
COMMENT ON COLUMN risk.model_profiles.feature IS 'Name of the feature; (score) for the score';
COMMENT ON COLUMN risk.model_profiles.kind IS 'What it is profiled as: numeric, category, or score';
COMMENT ON COLUMN risk.model_profiles.rows IS 'How many rows the profile was made of';
COMMENT ON COLUMN risk.model_profiles.missing IS 'Share of rows without a value';
COMMENT ON COLUMN risk.model_profiles.mean IS 'Mean of the values; NULL for categories';
COMMENT ON COLUMN risk.model_profiles.stddev IS 'Standard deviation of the values, that of a sample; NULL for categories';
COMMENT ON COLUMN risk.model_profiles.minimum IS 'The smallest value; NULL for categories';
COMMENT ON COLUMN risk.model_profiles.maximum IS 'The largest value; NULL for categories';
COMMENT ON COLUMN risk.model_profiles.quantiles IS 'The quantiles 0, 0.05, ... 1, each a value that occurs';
COMMENT ON COLUMN risk.model_profiles.slices IS 'Means of a hundred slices of equal weight, from the smallest values to the largest';
COMMENT ON COLUMN risk.model_profiles.bounds IS 'Deciles, without repetition: each closes a bin from above; a bound that stands twice encloses a bin for this value alone';
COMMENT ON COLUMN risk.model_profiles.categories IS 'The most frequent categories, up to a thousand';
COMMENT ON COLUMN risk.model_profiles.counts IS 'Rows with a value, by bin (one more than bounds) or by category';
COMMENT ON COLUMN risk.model_profiles.others IS 'Rows of further categories';

/* ----------
 * From a query to profiles
 * ----------
 */

-- the columns to profile and what each is; without a choice, those that can be
CREATE FUNCTION risk_internal.profile_features(names text[], types oid[], chosen text[], OUT features text[], OUT kinds text[])
	LANGUAGE plpgsql STABLE PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	missing text;
BEGIN
	SELECT string_agg(quote_ident(f), ', ') INTO missing
	FROM unnest(profile_features.chosen) f WHERE f <> ALL (profile_features.names) OR f IS NULL;
	IF missing IS NOT NULL THEN
		RAISE EXCEPTION 'query has no columns: %', missing USING ERRCODE = 'undefined_column';
	END IF;
	SELECT array_agg(c.name ORDER BY COALESCE(array_position(profile_features.chosen, c.name), c.ordinality)),
		array_agg(CASE t.typcategory WHEN 'N' THEN 'numeric' WHEN 'B' THEN 'numeric' ELSE 'category' END
			ORDER BY COALESCE(array_position(profile_features.chosen, c.name), c.ordinality))
	INTO features, kinds
	FROM ROWS FROM (unnest(profile_features.names), unnest(profile_features.types)) WITH ORDINALITY c (name, type, ordinality)
		JOIN pg_type t ON t.oid = c.type
	WHERE c.name = ANY (profile_features.chosen)
		OR profile_features.chosen IS NULL AND (t.typcategory = ANY (ARRAY['S', 'E', 'B']::"char"[])
			OR t.oid = ANY (ARRAY['smallint', 'integer', 'bigint', 'real', 'double precision', 'numeric']::regtype[]));
	IF features IS NULL THEN
		RAISE EXCEPTION 'query has no columns to profile'
			USING ERRCODE = 'invalid_parameter_value', DETAIL = 'These are numbers, booleans, texts and enums.';
	END IF;
END
$$;
COMMENT ON FUNCTION risk_internal.profile_features(text[], oid[], text[]) IS 'Internal: which columns of a query are profiled, and as what';

-- rows are counted in the bins of the reference, if there is one; bounds are written with all their digits
CREATE FUNCTION risk_internal.profile_statement(source text, names text[], types oid[], features text[], kinds text[],
	reference risk_internal.column_profile[] DEFAULT NULL, model text DEFAULT NULL) RETURNS text
	LANGUAGE plpgsql STABLE PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
	SET extra_float_digits = 1
AS $$
DECLARE
	lacking text;
	expressions text;
	-- what stands for missing
	stand_in CONSTANT real := (SELECT m.missing_value FROM risk.models m WHERE m.reference = profile_statement.model);
BEGIN
	SELECT string_agg(quote_ident(f.feature), ', ') INTO lacking
	FROM ROWS FROM (unnest(profile_statement.features), unnest(profile_statement.kinds)) f (feature, kind)
	WHERE f.kind <> 'score' AND f.feature <> ALL (profile_statement.names);
	IF lacking IS NOT NULL THEN
		RAISE EXCEPTION 'query lacks columns: %', lacking
			USING ERRCODE = 'undefined_column', DETAIL = 'Its columns are matched to features by name.';
	END IF;
	SELECT string_agg(format('%s (feature "%s") is of type %s', CASE f.kind WHEN 'category' THEN 'category' ELSE 'number' END,
			f.feature, format_type(t.oid, NULL)), ', ') INTO lacking
	FROM ROWS FROM (unnest(profile_statement.features), unnest(profile_statement.kinds)) f (feature, kind)
		JOIN pg_type t ON t.oid = profile_statement.types[array_position(profile_statement.names, f.feature)]
	WHERE CASE f.kind
		WHEN 'numeric' THEN t.typcategory <> 'B'
			AND t.oid <> ALL (ARRAY['smallint', 'integer', 'bigint', 'real', 'double precision', 'numeric']::regtype[])
		WHEN 'category' THEN t.typcategory <> ALL (ARRAY['S', 'E', 'B']::"char"[])
			AND t.oid <> ALL (ARRAY['smallint', 'integer', 'bigint', 'real', 'double precision', 'numeric']::regtype[])
		ELSE false END;
	IF lacking IS NOT NULL THEN
		RAISE EXCEPTION 'columns of the query cannot be what they should: %', lacking
			USING ERRCODE = 'datatype_mismatch';
	END IF;
	SELECT string_agg(format('risk_internal.profile_column(%s, %s, %s)',
			CASE WHEN stand_in IS NOT NULL AND f.kind <> 'score' AND t.typcategory = ANY (ARRAY['N', 'B']::"char"[])
				THEN format('CASE WHEN risk_internal.feature_value(company_risk_row.%I) OPERATOR(pg_catalog.=) %L::pg_catalog.float4 THEN NULL ELSE ',
					f.feature, stand_in)
				ELSE '' END
			|| CASE
				WHEN f.kind = 'score' THEN risk_internal.score_expression(profile_statement.model)
				WHEN f.kind = 'numeric' AND profile_statement.model IS NOT NULL
					THEN format('risk_internal.feature_value(company_risk_row.%I)::pg_catalog.float8', f.feature)
				WHEN f.kind = 'numeric' AND t.typcategory = 'B'
					THEN format('company_risk_row.%I::pg_catalog.int4::pg_catalog.float8', f.feature)
				WHEN f.kind = 'numeric' THEN format('company_risk_row.%I::pg_catalog.float8', f.feature)
				-- a code is the same code as 1, 1.0 and 1.00
				WHEN t.oid = ANY (ARRAY['real', 'double precision', 'numeric']::regtype[])
					THEN format('company_risk_row.%I::pg_catalog.float8::pg_catalog.text', f.feature)
				ELSE format('company_risk_row.%I::pg_catalog.text', f.feature)
			END
			|| CASE WHEN stand_in IS NOT NULL AND f.kind <> 'score' AND t.typcategory = ANY (ARRAY['N', 'B']::"char"[])
				THEN ' END' ELSE '' END,
			CASE f.kind WHEN 'category' THEN format('%L::pg_catalog.text[]', (profile_statement.reference[f.ordinality]).categories)
				ELSE format('%L::pg_catalog.float8[]', (profile_statement.reference[f.ordinality]).bounds) END,
			cardinality(profile_statement.features)),
		E',\n\t' ORDER BY f.ordinality)
	INTO expressions
	FROM ROWS FROM (unnest(profile_statement.features), unnest(profile_statement.kinds)) WITH ORDINALITY f (feature, kind, ordinality)
		LEFT JOIN pg_type t ON t.oid = profile_statement.types[array_position(profile_statement.names, f.feature)];
	RETURN format(E'SELECT ARRAY[\n\t%s]::risk_internal.column_profile[]\nFROM %s company_risk_row',
		expressions, profile_statement.source);
END
$$;
COMMENT ON FUNCTION risk_internal.profile_statement(text, text[], oid[], text[], text[], risk_internal.column_profile[], text) IS 'Internal: the statement that profiles columns of a query';

CREATE FUNCTION risk_internal.run_profile(statement text) RETURNS risk_internal.column_profile[]
	LANGUAGE plpgsql STABLE PARALLEL UNSAFE
AS $$
DECLARE
	profiles risk_internal.column_profile[];
BEGIN
	EXECUTE run_profile.statement INTO profiles;
	RETURN profiles;
END
$$;
COMMENT ON FUNCTION risk_internal.run_profile(text) IS 'Internal: runs what risk_internal.profile_statement has written, as the caller';

CREATE FUNCTION risk_internal.show_profiles(features text[], profiles risk_internal.column_profile[])
	RETURNS TABLE (feature text, kind text, rows bigint, missing double precision, mean double precision, stddev double precision,
		minimum double precision, maximum double precision, quantiles double precision[], slices double precision[],
		bounds double precision[], categories text[], counts bigint[], others bigint)
	LANGUAGE sql STABLE PARALLEL SAFE ROWS 40
	SET search_path = pg_catalog, pg_temp
AS $$
	SELECT f.feature, p.kind, COALESCE(p.rows, 0), p.missing::float8 / NULLIF(p.rows, 0), p.mean, p.stddev, p.minimum, p.maximum,
		p.quantiles, p.slices, p.bounds, p.categories, p.counts, p.others
	FROM unnest(show_profiles.features) WITH ORDINALITY f (feature, ordinality),
		LATERAL (SELECT (show_profiles.profiles[f.ordinality]).*) p
	ORDER BY f.ordinality
$$;
COMMENT ON FUNCTION risk_internal.show_profiles(text[], risk_internal.column_profile[]) IS 'Internal: profiles as rows';

CREATE FUNCTION risk.profile(query text, features text[] DEFAULT NULL)
	RETURNS TABLE (feature text, kind text, rows bigint, missing double precision, mean double precision, stddev double precision,
		minimum double precision, maximum double precision, quantiles double precision[], slices double precision[],
		bounds double precision[], categories text[], counts bigint[], others bigint)
	LANGUAGE company_risk_plpgsql STABLE PARALLEL UNSAFE COST 10000 ROWS 40
AS $$
DECLARE
	query_columns pg_catalog.record;
	chosen pg_catalog.record;
BEGIN
	query_columns := risk_internal.query_columns(profile.query);
	chosen := risk_internal.profile_features(query_columns.names, query_columns.types, profile.features);
	RETURN QUERY SELECT * FROM risk_internal.show_profiles(chosen.features,
		risk_internal.run_profile(risk_internal.profile_statement(risk_internal.query_source(profile.query), query_columns.names, query_columns.types, chosen.features, chosen.kinds)));
END
$$;
COMMENT ON FUNCTION risk.profile(text, text[]) IS
	'Distributions of the columns of a query, all that are numbers, booleans, texts or enums, or those named, in one scan; the columns are those of the view risk.model_profiles';

CREATE FUNCTION risk_internal.model_profile_features(model text, OUT features text[], OUT kinds text[])
	LANGUAGE sql STABLE PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
AS $$
	-- the score first, where the model has one (src/core/objective.c)
	SELECT array_agg(f.feature ORDER BY f.position), array_agg(f.kind ORDER BY f.position)
	FROM (SELECT 0 AS position, '(score)'::text AS feature, 'score' AS kind
		FROM risk.models m
		WHERE m.reference = model_profile_features.model AND (m.output_groups = 1 OR m.objective = 'multi:softmax')
			AND m.objective ~ '^(binary|multi|reg|rank|count|survival):'
		UNION ALL
		SELECT f.position, f.feature, CASE f.kind WHEN 'numeric' THEN 'numeric' ELSE 'category' END
		FROM risk.model_features f JOIN risk.models m USING (name, version)
		WHERE m.reference = model_profile_features.model) f
$$;
COMMENT ON FUNCTION risk_internal.model_profile_features(text) IS 'Internal: what of a version is profiled, and as what';

CREATE FUNCTION risk_internal.store_profile(model text, features text[], profiles risk_internal.column_profile[]) RETURNS text
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	chosen risk_internal.registry := risk_internal.lock_version(store_profile.model, true);
	unknown text;
BEGIN
	SELECT string_agg(COALESCE(quote_ident(f.feature), 'null'), ', ') INTO unknown
	FROM unnest(store_profile.features) f (feature)
	WHERE f.feature IS DISTINCT FROM '(score)' AND NOT EXISTS (SELECT FROM risk_internal.registry_feature r
		WHERE r.name = chosen.name AND r.version = chosen.version AND r.feature = f.feature);
	IF unknown IS NOT NULL THEN
		RAISE EXCEPTION 'model "%@%" has no such features: %', chosen.name, chosen.version, unknown
			USING ERRCODE = 'undefined_object', HINT = 'See the view risk.model_features.';
	END IF;
	IF cardinality(store_profile.features) IS DISTINCT FROM cardinality(store_profile.profiles)
		OR COALESCE(cardinality(store_profile.features), 0) = 0 THEN
		RAISE EXCEPTION 'features and profiles must be arrays of one length' USING ERRCODE = 'array_subscript_error';
	END IF;
	IF EXISTS (SELECT FROM unnest(store_profile.profiles) p WHERE p.rows IS NULL OR p.rows = 0) THEN
		RAISE EXCEPTION 'there are no rows to profile'
			USING ERRCODE = 'invalid_parameter_value', HINT = 'Give a query with the companies that the model was trained on.';
	END IF;
	DELETE FROM risk_internal.registry_profile p WHERE p.name = chosen.name AND p.version = chosen.version;
	INSERT INTO risk_internal.registry_profile (name, version, position, feature, kind, rows, missing, mean, stddev, minimum, maximum,
		quantiles, slices, bounds, categories, counts, others)
	SELECT chosen.name, chosen.version, COALESCE(r.position, 0), f.feature,
		CASE WHEN r.position IS NULL THEN 'score' ELSE p.kind END, p.rows, p.missing, p.mean, p.stddev, p.minimum, p.maximum,
		p.quantiles, p.slices, p.bounds, p.categories, p.counts, p.others
	FROM unnest(store_profile.features) WITH ORDINALITY f (feature, ordinality)
		CROSS JOIN LATERAL (SELECT (store_profile.profiles[f.ordinality]).*) p
		LEFT JOIN risk_internal.registry_feature r
			ON r.name = chosen.name AND r.version = chosen.version AND r.feature = f.feature
				-- the score comes first, also where a feature is called like it
				AND NOT (f.feature = '(score)' AND f.ordinality = 1);
	PERFORM risk_internal.record_event(chosen.name, chosen.version, 'profile', NULL,
		jsonb_build_object('rows', (store_profile.profiles[1]).rows));
	RETURN chosen.name || '@' || chosen.version;
END
$$;
COMMENT ON FUNCTION risk_internal.store_profile(text, text[], risk_internal.column_profile[]) IS
	'Internal: keeps a profile. For risk.profile_model and risk_internal.store_training, which call it as the owner. Returns name@version';
REVOKE ALL ON FUNCTION risk_internal.store_profile(text, text[], risk_internal.column_profile[]) FROM PUBLIC;

CREATE FUNCTION risk_internal.make_profile(model text, query text,
	OUT reference text, OUT features text[], OUT profiles risk_internal.column_profile[])
	LANGUAGE plpgsql STABLE PARALLEL UNSAFE
AS $$
DECLARE
	query_columns pg_catalog.record;
	chosen pg_catalog.record;
BEGIN
	make_profile.reference := risk.resolve_model(make_profile.model);
	query_columns := risk_internal.query_columns(make_profile.query);
	chosen := risk_internal.model_profile_features(make_profile.reference);
	make_profile.features := chosen.features;
	make_profile.profiles := risk_internal.run_profile(risk_internal.profile_statement(
		risk_internal.query_source(make_profile.query), query_columns.names, query_columns.types,
		chosen.features, chosen.kinds, model => make_profile.reference));
END
$$;
COMMENT ON FUNCTION risk_internal.make_profile(text, text) IS
	'Internal: what risk.profile_model keeps, made as the caller';

CREATE FUNCTION risk.profile_model(model text, query text) RETURNS text
	AS 'MODULE_PATHNAME', 'company_risk_profile_model' LANGUAGE C VOLATILE PARALLEL UNSAFE COST 1000000;
COMMENT ON FUNCTION risk.profile_model(text, text) IS
	'Keeps the distributions of a version''s features and of its score over the rows of a query, which runs as the caller, as what risk.drift compares with; best the rows that it was trained on. Columns are matched to features by name. Replaces an earlier profile. Returns name@version';
REVOKE ALL ON FUNCTION risk.profile_model(text, text) FROM PUBLIC;

/* ----------
 * Comparing
 * ----------
 */
CREATE FUNCTION risk_internal.stored_profile(model text, OUT features text[], OUT kinds text[], OUT profiles risk_internal.column_profile[])
	LANGUAGE plpgsql STABLE PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF NOT has_table_privilege('risk.model_profiles', 'SELECT') THEN
		RAISE EXCEPTION 'permission denied for view model_profiles'
			USING ERRCODE = 'insufficient_privilege', DETAIL = 'It holds what the companies of a model''s training were like.',
				HINT = 'GRANT SELECT ON risk.model_profiles lets a role use risk.drift.';
	END IF;
	SELECT array_agg(p.feature ORDER BY p.position), array_agg(p.kind ORDER BY p.position),
		array_agg(ROW(p.kind, p.rows, round(p.missing * p.rows)::bigint, p.mean, p.stddev, p.minimum, p.maximum, p.quantiles, p.slices,
			p.bounds, p.categories, p.counts, p.others, NULL)::risk_internal.column_profile ORDER BY p.position)
	INTO features, kinds, profiles
	FROM risk.model_profiles p
	WHERE p.reference = stored_profile.model;
	IF features IS NULL THEN
		RAISE EXCEPTION 'model "%" has no profile', stored_profile.model
			USING ERRCODE = 'object_not_in_prerequisite_state',
				HINT = 'Make one with risk.profile_model from the companies it was trained on, or compare two queries with risk.drift_between.';
	END IF;
END
$$;
COMMENT ON FUNCTION risk_internal.stored_profile(text) IS 'Internal: the profile of a version';

CREATE FUNCTION risk_internal.compare_profiles(features text[], kinds text[], profiles_then risk_internal.column_profile[], profiles_now risk_internal.column_profile[])
	RETURNS TABLE (feature text, kind text, rows_then bigint, rows_now bigint, missing_then double precision, missing_now double precision,
		mean_then double precision, mean_now double precision, mean_difference double precision, psi double precision,
		jensen_shannon double precision, wasserstein double precision, unseen double precision, unseen_categories text[], verdict text)
	LANGUAGE sql STABLE PARALLEL SAFE ROWS 40
	SET search_path = pg_catalog, pg_temp
AS $$
	SELECT f.feature, f.kind, COALESCE(t.rows, 0), COALESCE(n.rows, 0),
		t.missing::float8 / NULLIF(t.rows, 0), n.missing::float8 / NULLIF(n.rows, 0),
		t.mean, n.mean,
		CASE WHEN n.mean = t.mean THEN 0 WHEN t.stddev > 0 THEN (n.mean - t.mean) / t.stddev
			WHEN t.stddev = 0 THEN sign(n.mean - t.mean) * 'Infinity'::float8 END,
		m.psi, risk.jensen_shannon(m.counts_then, m.counts_now), risk_internal.slice_distance(t.slices, n.slices),
		-- rare categories of then are not kept one by one: who is new is not known
		CASE WHEN t.others = 0 THEN n.others::float8 / NULLIF(n.rows, 0) END,
		CASE WHEN t.others = 0 THEN n.other_categories END,
		CASE WHEN m.psi < 0.1 THEN 'stable' WHEN m.psi <= 0.25 THEN 'moderate' WHEN m.psi > 0.25 THEN 'strong' END
	FROM ROWS FROM (unnest(compare_profiles.features), unnest(compare_profiles.kinds)) WITH ORDINALITY f (feature, kind, ordinality),
		LATERAL (SELECT (compare_profiles.profiles_then[f.ordinality]).*) t,
		LATERAL (SELECT (compare_profiles.profiles_now[f.ordinality]).*) n,
		LATERAL (SELECT CASE WHEN t.rows > 0 THEN t.counts || COALESCE(t.others, 0) || t.missing END AS counts_then,
			CASE WHEN n.rows > 0 THEN n.counts || COALESCE(n.others, 0) || n.missing END AS counts_now) c,
		LATERAL (SELECT c.counts_then, c.counts_now, risk.population_stability_index(c.counts_then, c.counts_now) AS psi) m
	ORDER BY f.ordinality
$$;
COMMENT ON FUNCTION risk_internal.compare_profiles(text[], text[], risk_internal.column_profile[], risk_internal.column_profile[]) IS
	'Internal: what risk.drift and risk.drift_between answer';

CREATE FUNCTION risk.drift(model text, query text)
	RETURNS TABLE (feature text, kind text, rows_then bigint, rows_now bigint, missing_then double precision, missing_now double precision,
		mean_then double precision, mean_now double precision, mean_difference double precision, psi double precision,
		jensen_shannon double precision, wasserstein double precision, unseen double precision, unseen_categories text[], verdict text)
	LANGUAGE company_risk_plpgsql STABLE PARALLEL UNSAFE COST 10000 ROWS 40
AS $$
DECLARE
	reference pg_catalog.text;
	stored pg_catalog.record;
	query_columns pg_catalog.record;
BEGIN
	reference := risk.resolve_model(drift.model);
	stored := risk_internal.stored_profile(reference);
	query_columns := risk_internal.query_columns(drift.query);
	RETURN QUERY SELECT * FROM risk_internal.compare_profiles(stored.features, stored.kinds, stored.profiles,
		risk_internal.run_profile(risk_internal.profile_statement(risk_internal.query_source(drift.query), query_columns.names, query_columns.types, stored.features, stored.kinds,
			stored.profiles, reference)));
END
$$;
COMMENT ON FUNCTION risk.drift(text, text) IS
	'How far the rows of a query are from those that a version''s profile was made of, by feature and, first, for its score: shares of missing values, means, their difference in standard deviations of then, population stability index with the usual verdict (stable < 0.1, moderate, strong > 0.25), Jensen-Shannon divergence in bits, Wasserstein distance in the feature''s unit, and the share of categories not seen then, with the most frequent of them';

CREATE FUNCTION risk.drift_between(query_then text, query_now text, features text[] DEFAULT NULL)
	RETURNS TABLE (feature text, kind text, rows_then bigint, rows_now bigint, missing_then double precision, missing_now double precision,
		mean_then double precision, mean_now double precision, mean_difference double precision, psi double precision,
		jensen_shannon double precision, wasserstein double precision, unseen double precision, unseen_categories text[], verdict text)
	LANGUAGE company_risk_plpgsql STABLE PARALLEL UNSAFE COST 10000 ROWS 40
AS $$
DECLARE
	columns_then pg_catalog.record;
	columns_now pg_catalog.record;
	chosen pg_catalog.record;
	profiles_then risk_internal.column_profile[];
BEGIN
	columns_then := risk_internal.query_columns(drift_between.query_then);
	columns_now := risk_internal.query_columns(drift_between.query_now);
	chosen := risk_internal.profile_features(columns_then.names, columns_then.types, drift_between.features);
	profiles_then := risk_internal.run_profile(risk_internal.profile_statement(risk_internal.query_source(drift_between.query_then), columns_then.names, columns_then.types,
		chosen.features, chosen.kinds));
	RETURN QUERY SELECT * FROM risk_internal.compare_profiles(chosen.features, chosen.kinds, profiles_then,
		risk_internal.run_profile(risk_internal.profile_statement(risk_internal.query_source(drift_between.query_now), columns_now.names, columns_now.types,
			chosen.features, chosen.kinds, profiles_then)));
END
$$;
COMMENT ON FUNCTION risk.drift_between(text, text, text[]) IS
	'How far the rows of the second query are from those of the first, by column: all that are numbers, booleans, texts or enums, or those named; the columns are those of risk.drift';
