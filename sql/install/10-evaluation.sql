/* ----------
 * Models, tried on the rows of a query
 *
 * The query runs as the caller and with his search_path.  It never changes
 * anything: these functions are not VOLATILE.  As they run as the caller, what they
 * call, risk_internal.paired_metrics and risk_internal.alert_agreement included, is his to call, too:
 * functions of their arguments, which read no table.  Types of variables are written
 * with their schema, too: pg_temp comes before pg_catalog for types.
 * ----------
 */
CREATE FUNCTION risk_internal.comparable_score(score double precision) RETURNS double precision
	AS 'MODULE_PATHNAME', 'company_risk_comparable_score' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION risk_internal.comparable_score(double precision) IS
	'Internal: a score that is compared with thresholds, an error for NaN';

CREATE FUNCTION risk.evaluate_model(
	model text,
	query text,
	label_column name,
	segment_columns name[] DEFAULT NULL,
	known_column name DEFAULT NULL,
	weight_column name DEFAULT NULL,
	k integer DEFAULT NULL)
	RETURNS TABLE (breakdown text, segment text, known_cases text, metric text, level text,
		parameter double precision, value double precision, rows bigint, positives bigint)
	LANGUAGE company_risk_plpgsql STABLE PARALLEL UNSAFE COST 1000000 ROWS 100
	-- segments that are dates read the same in every session
	SET datestyle = 'ISO'
AS $$
DECLARE
	resolved pg_catalog.text := risk.resolve_model(evaluate_model.model);
	source pg_catalog.text := risk_internal.query_source(evaluate_model.query,
		ARRAY[evaluate_model.label_column, evaluate_model.known_column, evaluate_model.weight_column] OPERATOR(pg_catalog.||) ARRAY(SELECT pg_catalog.unnest(evaluate_model.segment_columns)));
	strong double precision;
	moderate double precision;
	columns pg_catalog.text := '';
	sets pg_catalog.text := '';
	breakdowns pg_catalog.text := ' WHEN false THEN 0';
	values_of_segments pg_catalog.text := ' WHEN false THEN NULL';
	arguments pg_catalog.text := 's.score, s.label';
BEGIN
	IF evaluate_model.label_column IS NULL THEN
		RAISE EXCEPTION 'label_column must not be null'
			USING ERRCODE = 'null_value_not_allowed', HINT = 'Name the column that says what happened (true: failed).';
	END IF;
	SELECT m.threshold_strong, m.threshold_moderate INTO strong, moderate
	FROM risk.models m WHERE m.reference OPERATOR(pg_catalog.=) resolved;
	IF evaluate_model.weight_column IS NOT NULL THEN
		columns := pg_catalog.format(', (company_risk_row.%I)::pg_catalog.float8 AS weight', evaluate_model.weight_column);
		arguments := 's.score, s.label, s.weight';
	END IF;
	FOR i IN 1 .. COALESCE(pg_catalog.cardinality(evaluate_model.segment_columns), 0) LOOP
		-- as an array of two dimensions has them, too
		IF evaluate_model.segment_columns[i] IS NULL THEN
			RAISE EXCEPTION 'segment_columns must be a plain array without nulls'
				USING ERRCODE = 'null_value_not_allowed', HINT = 'Name columns of the query, as in segment_columns => ''{region, period}''.';
		END IF;
		columns := columns OPERATOR(pg_catalog.||)
			pg_catalog.format(', COALESCE((company_risk_row.%I)::pg_catalog.text, ''(none)'') AS segment_%s', evaluate_model.segment_columns[i], i);
		sets := sets OPERATOR(pg_catalog.||) pg_catalog.format(', (segment_%s)', i);
		breakdowns := breakdowns OPERATOR(pg_catalog.||) pg_catalog.format(' WHEN GROUPING(s.segment_%s) OPERATOR(pg_catalog.=) 0 THEN %s', i, i);
		values_of_segments := values_of_segments OPERATOR(pg_catalog.||) pg_catalog.format(
			' WHEN GROUPING(s.segment_%s) OPERATOR(pg_catalog.=) 0 THEN s.segment_%s', i, i);
	END LOOP;

	RETURN QUERY EXECUTE pg_catalog.format($query$
		SELECT CASE WHEN g.number OPERATOR(pg_catalog.>) 0 THEN ($1)[g.number]::pg_catalog.text ELSE '(all)' END,
			g.segment, e.known_cases, m.metric, m.level, m.parameter, m.value, n.rows, n.positives
		FROM (SELECT CASE%s ELSE 0 END AS number, CASE%s ELSE '(all)' END AS segment,
				risk.outcomes(%s) AS outcomes, %s AS new_outcomes
			FROM (SELECT %s AS score, risk_internal.label_value(company_risk_row.%I) AS label, %s AS known%s
				FROM %s company_risk_row OFFSET 0) s
			GROUP BY GROUPING SETS (()%s)) g
			CROSS JOIN LATERAL (VALUES (1, 'with', g.outcomes), (2, 'without', g.new_outcomes)) e (number, known_cases, outcomes)
			CROSS JOIN LATERAL risk.count_outcomes(e.outcomes) n
			CROSS JOIN LATERAL risk.outcome_metrics(e.outcomes, $2, $3, $4) WITH ORDINALITY m (metric, level, parameter, value, number)
		WHERE e.outcomes IS NOT NULL
		ORDER BY g.number, g.segment COLLATE "C", e.number, m.number$query$,
		breakdowns, values_of_segments, arguments,
		CASE WHEN evaluate_model.known_column IS NULL THEN 'NULL::risk.outcomes'
			ELSE pg_catalog.format('risk.outcomes(%s) FILTER (WHERE NOT s.known)', arguments) END,
		risk_internal.score_expression(resolved), evaluate_model.label_column,
		CASE WHEN evaluate_model.known_column IS NULL THEN 'false'
			ELSE pg_catalog.format('COALESCE((company_risk_row.%I)::pg_catalog.bool, false)', evaluate_model.known_column) END,
		columns, source, sets)
	USING evaluate_model.segment_columns, strong, moderate, evaluate_model.k;
END
$$;
COMMENT ON FUNCTION risk.evaluate_model(text, text, name, name[], name, name, integer) IS
	'Scores the rows of a query with a model and compares with what happened: the rows of risk.outcome_metrics over all rows and by the values of each of segment_columns, once with and once without the rows that known_column marks (known_cases); label_column: true where a company failed (NULL: not yet known, left out); the thresholds are the model''s';

CREATE FUNCTION risk.compare_models(
	model_a text,
	model_b text,
	query text,
	label_column name DEFAULT NULL,
	weight_column name DEFAULT NULL)
	RETURNS TABLE (measure text, level text, parameter double precision,
		a double precision, b double precision, difference double precision, together double precision)
	LANGUAGE company_risk_plpgsql STABLE PARALLEL UNSAFE COST 1000000 ROWS 60
AS $$
DECLARE
	reference_a pg_catalog.text := risk.resolve_model(compare_models.model_a);
	reference_b pg_catalog.text := risk.resolve_model(compare_models.model_b);
	source pg_catalog.text := risk_internal.query_source(compare_models.query, ARRAY[compare_models.label_column, compare_models.weight_column]);
	thresholds double precision[];
	arguments pg_catalog.text := 's.label';
BEGIN
	SELECT ARRAY[ma.threshold_strong, ma.threshold_moderate, mb.threshold_strong, mb.threshold_moderate] INTO thresholds
	FROM risk.models ma, risk.models mb
	WHERE ma.reference OPERATOR(pg_catalog.=) reference_a AND mb.reference OPERATOR(pg_catalog.=) reference_b;
	IF compare_models.weight_column IS NOT NULL THEN
		arguments := 's.label, s.weight';
	END IF;
	RETURN QUERY EXECUTE pg_catalog.format($query$
		SELECT r.measure, r.level, r.parameter, r.a, r.b, r.b OPERATOR(pg_catalog.-) r.a, r.together
		FROM (SELECT risk.outcomes(s.score_a, %s) AS a, risk.outcomes(s.score_b, %s) AS b,
				pg_catalog.count(s.score_a)::pg_catalog.float8 AS count_a, pg_catalog.count(s.score_b)::pg_catalog.float8 AS count_b,
				-- its last digits depend on the order of rows
				pg_catalog.round(pg_catalog.corr(s.score_a, s.score_b)::pg_catalog.numeric, 12)::pg_catalog.float8 AS correlation,
				ARRAY[%s] AS levels
			FROM (SELECT l.*,
					CASE WHEN l.score_a OPERATOR(pg_catalog.>=) ($1)[1] THEN 2 WHEN l.score_a OPERATOR(pg_catalog.>=) ($1)[2] THEN 1 WHEN l.score_a IS NOT NULL THEN 0 END AS level_a,
					CASE WHEN l.score_b OPERATOR(pg_catalog.>=) ($1)[3] THEN 2 WHEN l.score_b OPERATOR(pg_catalog.>=) ($1)[4] THEN 1 WHEN l.score_b IS NOT NULL THEN 0 END AS level_b
				FROM (SELECT risk_internal.comparable_score(%s) AS score_a,
						risk_internal.comparable_score(%s) AS score_b, %s AS label%s
					FROM %s company_risk_row OFFSET 0) l) s) c
			CROSS JOIN LATERAL (
				SELECT 0 AS section, 0::pg_catalog.int8 AS number, 'rows' AS measure, NULL::pg_catalog.text AS level, NULL::pg_catalog.float8 AS parameter,
					c.count_a AS a, c.count_b AS b, (SELECT pg_catalog.sum(n.n)::pg_catalog.float8 FROM pg_catalog.unnest(c.levels) n (n)) AS together
				UNION ALL SELECT 0, 1, 'score correlation', NULL, NULL, NULL, NULL, c.correlation
				UNION ALL SELECT 1, g.number, g.measure, g.level, NULL, g.a, g.b, g.together FROM risk_internal.alert_agreement(c.levels) g
					WHERE ($1)[1] IS NOT NULL AND ($1)[3] IS NOT NULL
				UNION ALL SELECT 2, m.number, m.metric, m.level, m.parameter, m.a, m.b, NULL FROM risk_internal.paired_metrics(c.a, c.b, $1) m) r
		ORDER BY r.section, r.number$query$,
		arguments, arguments,
		(SELECT pg_catalog.string_agg(pg_catalog.format(
				'pg_catalog.count(*) FILTER (WHERE s.level_a OPERATOR(pg_catalog.=) %s AND s.level_b OPERATOR(pg_catalog.=) %s)', x.x, y.y), ', ' ORDER BY x.x, y.y)
			FROM pg_catalog.generate_series(0, 2) x (x), pg_catalog.generate_series(0, 2) y (y)),
		risk_internal.score_expression(reference_a), risk_internal.score_expression(reference_b),
		CASE WHEN compare_models.label_column IS NULL THEN 'NULL::pg_catalog.bool'
			ELSE pg_catalog.format('risk_internal.label_value(company_risk_row.%I)', compare_models.label_column) END,
		CASE WHEN compare_models.weight_column IS NULL THEN ''
			ELSE pg_catalog.format(', (company_risk_row.%I)::pg_catalog.float8 AS weight', compare_models.weight_column) END,
		source)
	USING thresholds;
END
$$;
COMMENT ON FUNCTION risk.compare_models(text, text, text, name, name) IS
	'Two models on the rows of a query: numbers of rows and of alerts and how far they agree, and with a label_column (true: failed) the metrics of risk.outcome_metrics side by side; a and b are the models'' own values, together is what they share';

CREATE FUNCTION risk_internal.paired_metrics(a risk.outcomes, b risk.outcomes, thresholds double precision[])
	RETURNS TABLE (number bigint, metric text, level text, parameter double precision,
		a double precision, b double precision)
	LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 200000 ROWS 30
	SET search_path = pg_catalog, pg_temp
AS $$
	SELECT COALESCE(ma.number, mb.number), COALESCE(ma.metric, mb.metric), COALESCE(ma.level, mb.level),
		-- models have thresholds of their own
		CASE WHEN ma.parameter IS NOT DISTINCT FROM mb.parameter THEN ma.parameter END, ma.value, mb.value
	FROM (SELECT m.*, row_number() OVER (PARTITION BY m.metric, m.level ORDER BY m.number) AS repeated
			FROM risk.outcome_metrics(paired_metrics.a, thresholds[1], thresholds[2])
				WITH ORDINALITY m (metric, level, parameter, value, number)) ma
		FULL JOIN (SELECT m.*, row_number() OVER (PARTITION BY m.metric, m.level ORDER BY m.number) AS repeated
			FROM risk.outcome_metrics(paired_metrics.b, thresholds[3], thresholds[4])
				WITH ORDINALITY m (metric, level, parameter, value, number)) mb
		ON mb.metric = ma.metric AND COALESCE(mb.level, '') = COALESCE(ma.level, '') AND mb.repeated = ma.repeated
	-- counted elsewhere, with or without a label
	WHERE COALESCE(ma.metric, mb.metric) <> 'alerts'
$$;
COMMENT ON FUNCTION risk_internal.paired_metrics(risk.outcomes, risk.outcomes, double precision[]) IS 'Internal: metrics of two models for risk.compare_models';

CREATE FUNCTION risk_internal.alert_agreement(levels bigint[])
	RETURNS TABLE (number integer, measure text, level text,
		a double precision, b double precision, together double precision)
	LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 1000 ROWS 13
	SET search_path = pg_catalog, pg_temp
AS $$
	WITH counted AS (
		SELECT (u.position - 1) / 3 AS a, (u.position - 1) % 3 AS b, u.n::float8 AS n
		FROM unnest(levels) WITH ORDINALITY u (n, position)
	), agreement AS (
		SELECT sum(n) AS n, sum(n) FILTER (WHERE a = b) AS same,
			(SELECT sum(x.n * y.n) FROM (SELECT a, sum(n) AS n FROM counted GROUP BY a) x
				JOIN (SELECT b, sum(n) AS n FROM counted GROUP BY b) y ON x.a = y.b) AS chance
		FROM counted
	), named (code, level) AS (VALUES (0, 'none'), (1, 'moderate'), (2, 'strong'))
	SELECT l.number, 'alerts', l.level,
		COALESCE(sum(c.n) FILTER (WHERE c.a >= l.lowest), 0), COALESCE(sum(c.n) FILTER (WHERE c.b >= l.lowest), 0),
		COALESCE(sum(c.n) FILTER (WHERE c.a >= l.lowest AND c.b >= l.lowest), 0)
	FROM (VALUES (1, 'strong', 2), (2, 'moderate or strong', 1)) l (number, level, lowest), counted c
	GROUP BY l.number, l.level
	UNION ALL
	SELECT 10 + 3 * x.code + y.code, 'level in a and b', x.level || ', ' || y.level, NULL, NULL, c.n
	FROM counted c JOIN named x ON x.code = c.a JOIN named y ON y.code = c.b
	UNION ALL
	SELECT 30, 'same level, share', NULL, NULL, NULL, same / nullif(n, 0) FROM agreement
	UNION ALL
	SELECT 31, 'same level, kappa', NULL, NULL, NULL, (same * n - chance) / nullif(n * n - chance, 0) FROM agreement
$$;
COMMENT ON FUNCTION risk_internal.alert_agreement(bigint[]) IS
	'Internal: agreement of alerts for risk.compare_models, from the numbers of rows by level in a and, within it, in b';

CREATE FUNCTION risk.compare_alerts(
	model_a text,
	model_b text,
	query text,
	key_column name,
	top integer DEFAULT 3)
	RETURNS TABLE (company text, change text, level_a text, level_b text,
		score_a double precision, score_b double precision, threshold_a double precision, threshold_b double precision,
		rank integer, feature_group text, group_label text,
		points_a double precision, points_b double precision, difference double precision)
	LANGUAGE company_risk_plpgsql STABLE PARALLEL UNSAFE COST 1000000 ROWS 1000
AS $$
DECLARE
	reference_a pg_catalog.text := risk.resolve_model(compare_alerts.model_a);
	reference_b pg_catalog.text := risk.resolve_model(compare_alerts.model_b);
	source pg_catalog.text := risk_internal.query_source(compare_alerts.query, ARRAY[compare_alerts.key_column]);
	thresholds double precision[];
BEGIN
	IF compare_alerts.key_column IS NULL THEN
		RAISE EXCEPTION 'key_column must not be null'
			USING ERRCODE = 'null_value_not_allowed', HINT = 'Name the column with the companies'' numbers.';
	END IF;
	-- no reasons would be no rows, as if nothing had changed
	IF compare_alerts.top OPERATOR(pg_catalog.<) 1 THEN
		RAISE EXCEPTION 'top must be at least 1'
			USING ERRCODE = 'invalid_parameter_value', HINT = 'NULL is for all groups of features.';
	END IF;
	SELECT ARRAY[ma.threshold_strong, ma.threshold_moderate, mb.threshold_strong, mb.threshold_moderate] INTO thresholds
	FROM risk.models ma, risk.models mb
	WHERE ma.reference OPERATOR(pg_catalog.=) reference_a AND mb.reference OPERATOR(pg_catalog.=) reference_b;
	IF thresholds[1] IS NULL OR thresholds[3] IS NULL THEN
		RAISE EXCEPTION 'model "%" has no thresholds', CASE WHEN thresholds[1] IS NULL THEN reference_a ELSE reference_b END
			USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Set them with risk.set_thresholds.';
	END IF;
	RETURN QUERY EXECUTE pg_catalog.format($query$
		SELECT c.company, CASE WHEN c.a OPERATOR(pg_catalog.=) 0 THEN 'enters' WHEN c.b OPERATOR(pg_catalog.=) 0 THEN 'leaves'
				WHEN c.b OPERATOR(pg_catalog.>) c.a THEN 'rises' ELSE 'falls' END,
			risk.alert_level(c.score_a, %1$L), risk.alert_level(c.score_b, %2$L), c.score_a, c.score_b,
			-- the threshold that decides: of being on the list, or of the strong alert
			CASE WHEN c.a OPERATOR(pg_catalog.=) 0 OR c.b OPERATOR(pg_catalog.=) 0 THEN ($1)[2] ELSE ($1)[1] END,
			CASE WHEN c.a OPERATOR(pg_catalog.=) 0 OR c.b OPERATOR(pg_catalog.=) 0 THEN ($1)[4] ELSE ($1)[3] END,
			g.rank, g.feature_group, g.group_label, g.points_a, g.points_b, g.difference
		FROM (SELECT l.*, CASE WHEN l.score_a OPERATOR(pg_catalog.>=) ($1)[1] THEN 2 WHEN l.score_a OPERATOR(pg_catalog.>=) ($1)[2] THEN 1 ELSE 0 END AS a,
				CASE WHEN l.score_b OPERATOR(pg_catalog.>=) ($1)[3] THEN 2 WHEN l.score_b OPERATOR(pg_catalog.>=) ($1)[4] THEN 1 ELSE 0 END AS b
			FROM (SELECT company_risk_row, (company_risk_row.%3$I)::pg_catalog.text AS company, risk_internal.comparable_score(%5$s) AS score_a,
					risk_internal.comparable_score(%6$s) AS score_b FROM %4$s company_risk_row OFFSET 0) l
			WHERE l.score_a IS NOT NULL AND l.score_b IS NOT NULL) c
			CROSS JOIN LATERAL (
				SELECT pg_catalog.row_number() OVER (ORDER BY pg_catalog.abs(d.difference) DESC, d.feature_group COLLATE "C")::pg_catalog.int4 AS rank, d.*
				FROM (SELECT COALESCE(ga.feature_group, gb.feature_group) AS feature_group, COALESCE(gb.group_label, ga.group_label) AS group_label,
						COALESCE(ga.points, ga.contribution) AS points_a, COALESCE(gb.points, gb.contribution) AS points_b,
						COALESCE(gb.points, gb.contribution, 0) OPERATOR(pg_catalog.-) COALESCE(ga.points, ga.contribution, 0) AS difference
					FROM risk.explain_groups(c.company_risk_row, %1$L) ga
						FULL JOIN risk.explain_groups(c.company_risk_row, %2$L) gb
						-- a group may be called '' or (base), too
						ON COALESCE(gb.feature_group, '') OPERATOR(pg_catalog.=) COALESCE(ga.feature_group, '')
							AND (gb.feature_group IS NULL) OPERATOR(pg_catalog.=) (ga.feature_group IS NULL)
							AND (gb.rank OPERATOR(pg_catalog.=) 0) OPERATOR(pg_catalog.=) (ga.rank OPERATOR(pg_catalog.=) 0)) d) g
		WHERE c.a OPERATOR(pg_catalog.<>) c.b AND (g.rank OPERATOR(pg_catalog.<=) $2) IS NOT FALSE
		ORDER BY (c.a OPERATOR(pg_catalog.=) 0) DESC, (c.b OPERATOR(pg_catalog.=) 0) DESC, c.score_b DESC, c.company COLLATE "C", g.rank$query$,
		reference_a, reference_b, compare_alerts.key_column, source,
		risk_internal.score_expression(reference_a), risk_internal.score_expression(reference_b))
	USING thresholds, compare_alerts.top;
END
$$;
COMMENT ON FUNCTION risk.compare_alerts(text, text, text, name, integer) IS
	'Companies of a query whose level of alert differs between two models: who enters the list with model b, leaves it, rises or falls, and the groups of features whose part in the score differs most, top of them for each company (NULL: all); points are those of risk.explain_groups, in the score''s unit: over all groups, (base) included, their differences add up to that of the scores; threshold_a and threshold_b are the thresholds that decide, moderate to enter or leave, strong to rise or fall';
