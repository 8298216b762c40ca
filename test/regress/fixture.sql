\set ECHO none
--
-- What every regression test begins with, so that each can be run alone and in any
-- order: the extension made afresh, without what another test has left, and in the
-- schema risk_test the helper functions that tests share, among them small models
-- written out by hand.
--
-- What a test makes belongs into that schema, or one whose name begins so, and need
-- not be dropped at its end.  Its roles are called regress_company_risk_..., and it
-- drops them: they are the whole server's.
--
-- A test reads this with
--
--     \getenv abs_srcdir PG_ABS_SRCDIR
--     \i :abs_srcdir/test/regress/fixture.sql
--
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS company_risk CASCADE;
DO $$
DECLARE
	schema name;
	role name;
BEGIN
	FOR schema IN SELECT nspname FROM pg_catalog.pg_namespace WHERE nspname LIKE 'risk\_test%' LOOP
		EXECUTE pg_catalog.format('DROP SCHEMA %I CASCADE', schema);
	END LOOP;
	FOR role IN SELECT rolname FROM pg_catalog.pg_roles WHERE rolname LIKE 'regress\_company\_risk\_%' LOOP
		EXECUTE pg_catalog.format('DROP OWNED BY %1$I; DROP ROLE %1$I', role);
	END LOOP;
END
$$;
CREATE EXTENSION company_risk;
CREATE SCHEMA risk_test;
RESET client_min_messages;

-- What a server's settings could change in the output.
SET extra_float_digits = 1;

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
				'iteration_indptr', (SELECT jsonb_agg(i ORDER BY i)
					FROM generate_series(0, jsonb_array_length(trees)) i),
				'tree_info', (SELECT jsonb_agg(0) FROM generate_series(1, jsonb_array_length(trees))),
				'trees', (SELECT jsonb_agg(t.tree ORDER BY o.number)
					FROM jsonb_array_elements(trees) WITH ORDINALITY o (nodes, number),
						LATERAL (SELECT jsonb_build_object(
							'id', o.number - 1,
							'tree_param', jsonb_build_object('num_deleted', '0', 'num_feature',
								cardinality(names)::text,
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
							'split_indices', jsonb_agg(CASE jsonb_array_length(n.node)
								WHEN 2 THEN '0' ELSE n.node -> 1 END
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
										WHEN 'array' THEN p.node -> 2 ELSE '[]' END)
										WITH ORDINALITY c (code, position)),
								'[]')) AS tree
						FROM (SELECT e.node, e.number, c.codes,
							jsonb_typeof(e.node -> 2) IS NOT DISTINCT FROM 'array' AS categorical,
								sum(jsonb_array_length(c.codes)) OVER (ORDER BY e.number)
								- jsonb_array_length(c.codes) AS before
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

\set ECHO all
