--
-- The extension, and what the other tests share: helper functions, small models
-- written out by hand, and the golden cases of test/golden in tables.  All of it
-- lives in the schema risk_test.
--
CREATE EXTENSION company_risk;
CREATE SCHEMA risk_test;

-- What became of a statement: "ok", or the error as a client sees it.
CREATE FUNCTION risk_test.outcome(statement text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	state text;
	message text;
	detail text;
	hint text;
BEGIN
	EXECUTE statement;
	RETURN 'ok';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT,
		detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
	RETURN concat_ws(E'\n', state || ': ' || message, '  detail: ' || nullif(detail, ''),
		'  hint: ' || nullif(hint, ''));
END
$$;

-- The same float8, to the last bit; NULL equals NULL.
CREATE FUNCTION risk_test.same(a float8, b float8) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$ SELECT float8send(a) IS NOT DISTINCT FROM float8send(b) $$;

-- How many steps of float32 lie between two of its values, of one sign.
CREATE FUNCTION risk_test.ulps(a float4, b float4) RETURNS integer
LANGUAGE sql IMMUTABLE AS $$
	SELECT abs(('x' || encode(float4send(a), 'hex'))::bit(32)::integer
		- ('x' || encode(float4send(b), 'hex'))::bit(32)::integer)
$$;

-- A linear model, as XGBoost writes it: margin = bias + sum of weight * value.
-- With one weight of 1 it answers the very float32 that a value became.
CREATE FUNCTION risk_test.linear_model(names text[], weights float8[], bias float8 DEFAULT 0,
	objective text DEFAULT 'reg:squarederror') RETURNS bytea
LANGUAGE sql IMMUTABLE AS $$
	SELECT convert_to(jsonb_build_object(
		'version', '[3, 0, 0]'::jsonb,
		'learner', jsonb_build_object(
			'attributes', '{}'::jsonb,
			'feature_names', to_jsonb(names),
			'feature_types', to_jsonb(array_fill('float'::text, ARRAY[cardinality(names)])),
			'gradient_booster', jsonb_build_object(
				'name', 'gblinear',
				'model', jsonb_build_object('boosted_rounds', 1, 'weights', to_jsonb(weights || bias))),
			'learner_model_param', jsonb_build_object('base_score',
				CASE WHEN objective LIKE '%:logistic' THEN '5E-1' ELSE '0E0' END,
				'num_class', '0', 'num_feature', cardinality(names)::text, 'num_target', '1'),
			'objective', jsonb_build_object('name', objective)))::text, 'UTF8')
$$;

-- A tree model, as XGBoost writes it.  Each tree is an array of nodes, the root
-- first: [cover, feature, threshold, left, right, missing goes left (0 or 1)] for
-- a split, [cover, value] for a leaf.  An array in the threshold's place makes the
-- split categorical: the codes in it go right, the others left.
CREATE FUNCTION risk_test.tree_model(names text[], trees jsonb, objective text DEFAULT 'binary:logistic',
	base_score text DEFAULT '5E-1', types text[] DEFAULT NULL) RETURNS bytea
LANGUAGE sql IMMUTABLE AS $$
	SELECT convert_to(jsonb_build_object(
		'version', '[3, 0, 0]'::jsonb,
		'learner', jsonb_build_object(
			'attributes', '{}'::jsonb,
			'feature_names', to_jsonb(names),
			'feature_types', to_jsonb(COALESCE(types, array_fill('float'::text, ARRAY[cardinality(names)]))),
			'gradient_booster', jsonb_build_object('name', 'gbtree', 'model', jsonb_build_object(
				'gbtree_model_param', jsonb_build_object('num_parallel_tree', '1',
					'num_trees', jsonb_array_length(trees)::text),
				'iteration_indptr', (SELECT jsonb_agg(i ORDER BY i) FROM generate_series(0, jsonb_array_length(trees)) i),
				'tree_info', (SELECT jsonb_agg(0) FROM generate_series(1, jsonb_array_length(trees))),
				'trees', (SELECT jsonb_agg(t.tree ORDER BY o.number)
					FROM jsonb_array_elements(trees) WITH ORDINALITY o (nodes, number),
						LATERAL (SELECT jsonb_build_object(
							'id', o.number - 1,
							'tree_param', jsonb_build_object('num_deleted', '0', 'num_feature', cardinality(names)::text,
								'num_nodes', count(*)::text, 'size_leaf_vector', '1'),
							'sum_hessian', jsonb_agg(n.node -> 0 ORDER BY n.number),
							'base_weights', jsonb_agg(0 ORDER BY n.number),
							'loss_changes', jsonb_agg(0 ORDER BY n.number),
							'parents', jsonb_agg(COALESCE((SELECT p.number - 1
								FROM jsonb_array_elements(o.nodes) WITH ORDINALITY p (node, number)
								WHERE (p.node ->> 3)::int = n.number - 1 OR (p.node ->> 4)::int = n.number - 1),
								2147483647) ORDER BY n.number),
							'left_children', jsonb_agg(COALESCE(n.node -> 3, '-1') ORDER BY n.number),
							'right_children', jsonb_agg(COALESCE(n.node -> 4, '-1') ORDER BY n.number),
							'default_left', jsonb_agg(COALESCE(n.node -> 5, '0') ORDER BY n.number),
							'split_indices', jsonb_agg(CASE jsonb_array_length(n.node) WHEN 2 THEN '0' ELSE n.node -> 1 END
								ORDER BY n.number),
							'split_conditions', jsonb_agg(CASE WHEN jsonb_array_length(n.node) = 2 THEN n.node -> 1
								WHEN n.categorical THEN '0' ELSE n.node -> 2 END ORDER BY n.number),
							'split_type', jsonb_agg(n.categorical::int ORDER BY n.number),
							'categories_nodes', COALESCE(jsonb_agg(n.number - 1 ORDER BY n.number)
								FILTER (WHERE n.categorical), '[]'),
							'categories_sizes', COALESCE(jsonb_agg(jsonb_array_length(n.codes) ORDER BY n.number)
								FILTER (WHERE n.categorical), '[]'),
							'categories_segments', COALESCE(jsonb_agg(n.before ORDER BY n.number)
								FILTER (WHERE n.categorical), '[]'),
							'categories', COALESCE((SELECT jsonb_agg(c.code ORDER BY p.number, c.position)
								FROM jsonb_array_elements(o.nodes) WITH ORDINALITY p (node, number),
									LATERAL jsonb_array_elements(CASE jsonb_typeof(p.node -> 2)
										WHEN 'array' THEN p.node -> 2 ELSE '[]' END) WITH ORDINALITY c (code, position)),
								'[]')) AS tree
						FROM (SELECT e.node, e.number, c.codes, jsonb_typeof(e.node -> 2) IS NOT DISTINCT FROM 'array' AS categorical,
								sum(jsonb_array_length(c.codes)) OVER (ORDER BY e.number) - jsonb_array_length(c.codes) AS before
							FROM jsonb_array_elements(o.nodes) WITH ORDINALITY e (node, number),
								LATERAL (SELECT CASE jsonb_typeof(e.node -> 2)
									WHEN 'array' THEN e.node -> 2 ELSE '[]' END AS codes) c) n) t)
				)),
			'learner_model_param', jsonb_build_object('base_score', base_score,
				'num_class', '0', 'num_feature', cardinality(names)::text, 'num_target', '1'),
			'objective', jsonb_build_object('name', objective)))::text, 'UTF8')
$$;

-- A model with one of its values replaced, or taken away where that is NULL.
CREATE FUNCTION risk_test.edit(model bytea, path text[], value jsonb) RETURNS bytea
LANGUAGE sql IMMUTABLE AS $$
	SELECT convert_to(CASE WHEN value IS NULL THEN m #- path ELSE jsonb_set(m, path, value) END::text, 'UTF8')
	FROM (SELECT convert_from(model, 'UTF8')::jsonb AS m) document
$$;

-- The golden cases: what they are, every line of their CSV files, and the models
-- in both formats.  Read by the client, so that the server need not see the files.
CREATE TABLE risk_test.golden_line (case_name text COLLATE "C", file text, number integer, line text,
	PRIMARY KEY (case_name, file, number));
CREATE TABLE risk_test.golden_file (case_name text COLLATE "C", file text, hex text,
	PRIMARY KEY (case_name, file));
\getenv abs_srcdir PG_ABS_SRCDIR
\cd :abs_srcdir/test/golden
\copy risk_test.golden_line FROM PROGRAM 'awk ''{ split(FILENAME, path, "/"); print path[1] "\t" path[2] "\t" FNR "\t" $0 }'' */*.csv'
\copy risk_test.golden_file FROM PROGRAM 'for f in */case.json */model.*; do printf "%s\t%s\t" "${f%/*}" "${f##*/}"; od -An -v -tx1 "$f" | tr -d " \n"; echo; done'
CREATE TABLE risk_test.golden AS
SELECT f.case_name, d.description ->> 'objective' AS objective, d.description ->> 'booster' AS booster,
	(d.description ->> 'features')::integer AS features,
	(d.description ->> 'output_groups')::integer AS output_groups,
	(d.description ->> 'iterations')::integer AS iterations
FROM risk_test.golden_file f,
	LATERAL (SELECT convert_from(decode(f.hex, 'hex'), 'UTF8')::jsonb AS description) d
WHERE f.file = 'case.json';
CREATE FUNCTION risk_test.golden_model(case_name text, format text) RETURNS bytea
LANGUAGE sql STABLE AS $$
	SELECT decode(f.hex, 'hex') FROM risk_test.golden_file f
	WHERE f.case_name = golden_model.case_name AND f.file = 'model.' || format
$$;

-- All of it arrived: every case has rows, margins, predictions and a model.
SELECT count(*) >= 40 AS many_cases,
	bool_and(EXISTS (SELECT FROM risk_test.golden_line l WHERE l.case_name = g.case_name AND l.file = 'rows.csv'
		AND l.number = 41)) AS rows,
	bool_and(EXISTS (SELECT FROM risk_test.golden_line l WHERE l.case_name = g.case_name AND l.file = 'margin.csv'
		AND l.number = 40)) AS margins,
	bool_and(EXISTS (SELECT FROM risk_test.golden_line l WHERE l.case_name = g.case_name AND l.file = 'predict.csv'
		AND l.number = 40)) AS predictions,
	bool_and(risk_test.golden_model(g.case_name, 'ubj') IS NOT NULL) AS models
FROM risk_test.golden g;

-- The models written by hand are what they claim to be.
SELECT format, booster, objective, trees, nodes, depth, features, kinds, used
FROM risk.inspect_model(risk_test.tree_model(ARRAY['debt', 'form', 'unused'],
	'[[[10, 0, 1.5, 1, 2, 1], [6, 1, [0, 2], 3, 4, 0], [4, 0.5], [5, -0.25], [1, 0.125]], [[10, 0.0625]]]',
	types => ARRAY['float', 'c', 'float']));
SELECT format, booster, objective, trees, nodes, features
FROM risk.inspect_model(risk_test.linear_model(ARRAY['a', 'b'], ARRAY[1, 0]));
