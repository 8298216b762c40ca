--
-- Explaining: contributions against Shapley values computed from their definition,
-- sums, ranks, folding, groups, points, and the explanation as jsonb.
--
\getenv abs_srcdir PG_ABS_SRCDIR
\i :abs_srcdir/test/regress/fixture.sql
\i :abs_srcdir/test/regress/golden.sql
SET search_path = risk_test, public;

--
-- Shapley values from the definition: over all subsets of the features of a tree
--
-- A tree of a model in JSON.
CREATE TYPE plain_tree AS (lefts int[], rights int[], features int[], conditions float4[], missing_left boolean[],
	covers float4[], categories jsonb[]);
CREATE FUNCTION plain_trees(model bytea) RETURNS SETOF plain_tree LANGUAGE sql AS $$
	SELECT (SELECT array_agg(v::int ORDER BY n)
		FROM jsonb_array_elements_text(t -> 'left_children') WITH ORDINALITY v (v, n)),
		(SELECT array_agg(v::int ORDER BY n)
			FROM jsonb_array_elements_text(t -> 'right_children') WITH ORDINALITY v (v, n)),
		(SELECT array_agg(v::int ORDER BY n)
			FROM jsonb_array_elements_text(t -> 'split_indices') WITH ORDINALITY v (v, n)),
		-- a leaf counts with its tree's weight, in float32 as in XGBoost
		(SELECT array_agg(v.v::float4 * CASE l.v WHEN '-1' THEN w.weight ELSE 1 END::float4 ORDER BY n)
			FROM jsonb_array_elements_text(t -> 'split_conditions') WITH ORDINALITY v (v, n)
				JOIN jsonb_array_elements_text(t -> 'left_children') WITH ORDINALITY l (v, n) USING (n)),
		(SELECT array_agg(v::boolean ORDER BY n)
			FROM jsonb_array_elements_text(t -> 'default_left') WITH ORDINALITY v (v, n)),
		(SELECT array_agg(v::float4 ORDER BY n)
			FROM jsonb_array_elements_text(t -> 'sum_hessian') WITH ORDINALITY v (v, n)),
		(SELECT array_agg(c.set ORDER BY n)
			FROM jsonb_array_elements_text(t -> 'left_children') WITH ORDINALITY v (v, n)
				LEFT JOIN LATERAL (SELECT jsonb_path_query_array(t -> 'categories',
						format('$[%s to %s]', s.start, s.start + s.size - 1)::jsonpath) AS set
					FROM (SELECT (t -> 'categories_segments' ->> (k - 1)::int)::int AS start,
							(t -> 'categories_sizes' ->> (k - 1)::int)::int AS size
						FROM jsonb_array_elements_text(t -> 'categories_nodes') WITH ORDINALITY c (node, k)
						WHERE c.node::int = v.n - 1) s) c ON true)
	FROM (SELECT convert_from(model, 'UTF8')::jsonb AS m) document,
		jsonb_array_elements(COALESCE(m #> '{learner,gradient_booster,model,trees}',
			m #> '{learner,gradient_booster,gbtree,model,trees}')) WITH ORDINALITY tree (t, number),
		LATERAL (SELECT COALESCE((m #> '{learner,gradient_booster,weight_drop}' ->> (number - 1)::int)::float4,
			1) AS weight) w
$$;
-- What a tree answers from a node on (from 1) when only some features are known.
CREATE FUNCTION expected(tree plain_tree, node int, vector float4[], known boolean[]) RETURNS float8
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
	feature int := tree.features[node] + 1;
	left_node int := tree.lefts[node] + 1;
	right_node int := tree.rights[node] + 1;
	goes_left boolean;
BEGIN
	IF left_node = 0 THEN
		RETURN tree.conditions[node]::float8;
	END IF;
	IF NOT known[feature] THEN
		-- both children, by their share of the training rows
		RETURN (tree.covers[left_node]::float8 * expected(tree, left_node, vector, known)
				+ tree.covers[right_node]::float8 * expected(tree, right_node, vector, known))
			/ (tree.covers[left_node]::float8 + tree.covers[right_node]::float8);
	END IF;
	goes_left := CASE WHEN vector[feature] IS NULL OR vector[feature] = 'NaN' THEN tree.missing_left[node]
		WHEN tree.categories[node] IS NOT NULL THEN NOT tree.categories[node] @> to_jsonb(vector[feature]::int)
		ELSE vector[feature] < tree.conditions[node] END;
	RETURN expected(tree, CASE WHEN goes_left THEN left_node ELSE right_node END, vector, known);
END
$$;
-- The Shapley values of all features, the mean last; a sum over trees of sums over
-- the subsets of the features that the tree splits on.
CREATE FUNCTION shapley(model bytea, vector float4[]) RETURNS float8[]
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
	answer float8[] := array_fill(0::float8, ARRAY[cardinality(vector) + 1]);
	tree plain_tree;
	features int[];
	m int;
	known boolean[];
	value float8[];
	phi float8;
BEGIN
	FOR tree IN SELECT * FROM plain_trees(model) LOOP
		features := ARRAY(SELECT DISTINCT f + 1 FROM unnest(tree.features, tree.lefts) s (f, l) WHERE l <> -1
			ORDER BY 1);
		m := cardinality(features);
		-- value[s + 1]: the features whose bits are set in s are known
		value := '{}';
		FOR s IN 0 .. (1 << m) - 1 LOOP
			known := array_fill(false, ARRAY[cardinality(vector)]);
			FOR k IN 1 .. m LOOP
				known[features[k]] := (s >> (k - 1)) & 1 = 1;
			END LOOP;
			value[s + 1] := expected(tree, 1, vector, known);
		END LOOP;
		FOR k IN 1 .. m LOOP
			SELECT sum((value[(s | (1 << (k - 1))) + 1] - value[s + 1])
					* factorial(bit_count(s::bit(16))) * factorial(m - bit_count(s::bit(16)) - 1) / factorial(m))
			INTO phi FROM generate_series(0, (1 << m) - 1) s WHERE (s >> (k - 1)) & 1 = 0;
			answer[features[k]] := answer[features[k]] + phi;
		END LOOP;
		answer[cardinality(vector) + 1] := answer[cardinality(vector) + 1] + value[1];
	END LOOP;
	RETURN answer;
END
$$;
-- Whether our contributions are those values, and how many of them are not zero;
-- the base score is the mean's remainder.
CREATE FUNCTION compare_shapley(reference text, model bytea, vectors float8[], base float8 DEFAULT 0,
	OUT vectors_compared bigint, OUT agree boolean, OUT nonzero bigint)
LANGUAGE sql AS $$
	SELECT count(DISTINCT v), bool_and(abs(o.ours[1][k] - o.theirs[k] - CASE k
		WHEN cardinality(o.theirs) THEN base ELSE 0 END)
			<= 1e-6 * greatest(1, abs(o.theirs[k]))),
		count(*) FILTER (WHERE o.theirs[k] <> 0)
	FROM generate_subscripts(vectors, 1) v,
		LATERAL (SELECT array_agg(x ORDER BY n) AS vector FROM unnest(vectors[v:v]) WITH ORDINALITY e (x, n)) i,
		LATERAL (SELECT risk.contributions(vector, reference) AS ours, shapley(model, vector::float4[]) AS theirs
			OFFSET 0) o,	-- once for each vector
		generate_subscripts(o.theirs, 1) k
$$;

-- A tree that splits three times on x and twice on y, one with categories, a leaf,
-- and a feature without effect.
\set names 'ARRAY[\'x\', \'y\', \'c\', \'unused\']'
SELECT '[[[16, 0, 2, 1, 2, 1], [10, 1, 0, 3, 4, 0], [6, 0, 5, 5, 6, 0], [7, 0, 1, 7, 8, 0],
	[3, 1], [4, 2, [1, 2], 9, 10, 1], [2, -1.5], [5, 1, -1, 11, 12, 1],
	[2, 0.75], [3, 0.25], [1, 4], [2, -0.5], [3, 2]],
	[[9, 2, [0], 1, 2, 0], [6, 0.5], [3, 1, 1, 3, 4, 1], [1, -2], [2, -3]], [[3, 0.125]]]' AS trees \gset
SELECT risk.import_model('repeats', tree_model(:names, :'trees', 'reg:squarederror', '5E-1',
	ARRAY['float', 'float', 'c', 'float']));
SELECT * FROM compare_shapley('repeats@1', tree_model(:names, :'trees'),
	(SELECT array_agg(ARRAY[x, y, c, 1])
		FROM unnest('{0, 1.5, 3, 9, NULL}'::float8[]) x, unnest('{-2, -0.5, 3, NULL}'::float8[]) y,
		unnest('{0, 1, NULL}'::float8[]) c), 0.5);
-- a node that training rows never reached has no cover
SELECT risk.import_model('empty', tree_model(ARRAY['x', 'y'],
	'[[[4, 0, 1, 1, 2, 1], [4, 1, 1, 3, 4, 1], [0, 1, 2, 5, 6, 0], [3, 1], [1, 2], [0, 3], [0, 4]]]',
	'reg:squarederror', '0E0'));
SELECT x, y, abs((SELECT sum(c) FROM unnest(risk.contributions(ARRAY[x, y], 'empty@1')) c)
	- risk.margin(ARRAY[x, y], 'empty@1')) < 1e-9 AS adds_up
FROM unnest('{0, 2}'::float8[]) x, unnest('{0, 1.5, 3}'::float8[]) y;
-- real trees: text categories, dropped trees with weights, and many features
SELECT risk.import_model('firms', golden_model('category-names-xgb3.3.0', 'json'));
SELECT * FROM compare_shapley('firms@1', golden_model('category-names-xgb3.3.0', 'json'),
	(SELECT array_agg(ARRAY[d, r, f, e]) FROM unnest('{0.3, NULL}'::float8[]) d, unnest('{1, 4, NULL}'::float8[]) r,
		unnest('{2, NULL}'::float8[]) f, unnest('{30}'::float8[]) e), ln(0.38033333 / (1 - 0.38033333)));
SELECT risk.import_model('dropped', golden_model('dart-xgb3.0.0', 'json'));
SELECT agree, vectors_compared, nonzero > 20 AS many
FROM compare_shapley('dropped@1', golden_model('dart-xgb3.0.0', 'json'),
	(SELECT array_agg(string_to_array(line, ',', '')::float8[] ORDER BY number) FROM golden_line
		WHERE case_name = 'dart-xgb3.0.0' AND file = 'rows.csv' AND number BETWEEN 2 AND 3),
	(SELECT c FROM (SELECT -ln(1 / (convert_from(golden_model('dart-xgb3.0.0', 'json'), 'UTF8')::jsonb
		#>> '{learner,learner_model_param,base_score}')::float8 - 1) AS c) b));

--
-- Sums, ranks and folding, on the golden rows of a real model
--
SELECT risk.import_model('explained', golden_model('logistic-xgb3.3.0', 'ubj'));
SELECT risk.promote_model('explained@1');
CREATE TABLE vectors AS SELECT number - 1 AS n, string_to_array(line, ',', '')::float8[] AS x FROM golden_line
WHERE case_name = 'logistic-xgb3.3.0' AND file = 'rows.csv' AND number > 1;
CREATE TABLE reasons AS SELECT n, r.* FROM vectors, explain_score(x) r;
SELECT count(*), bool_and(rows = 13) AS all_features,
	bool_and(abs(contributions - risk.margin(x)) <= 1e-5 * greatest(1, abs(risk.margin(x)))) AS margins,
	bool_and(abs(points - score_company(x)) <= 1e-6) AS scores
FROM vectors JOIN (SELECT n, count(*) AS rows, sum(contribution) AS contributions, sum(points) AS points
	FROM reasons GROUP BY n) s USING (n);
-- rank 0 is the base; then by size, without gaps; points have the contribution's sign and proportion
SELECT bool_and((rank = 0) = (feature = '(base)')) AS base_first,
	bool_and(rank = row_number - 1) AS no_gaps,
	bool_and(rank < 2 OR abs(contribution) <= abs(before)) AS by_size,
	bool_and(rank = 0 OR sign(points) = sign(contribution)) AS signs,
	bool_and(rank = 0 OR contribution = 0 OR abs(points / contribution - ratio) < 1e-9) AS proportion,
	count(DISTINCT contribution) FILTER (WHERE rank = 0) AS bases
FROM (SELECT *, row_number() OVER (PARTITION BY n ORDER BY rank),
	lag(contribution) OVER (PARTITION BY n ORDER BY rank) AS before,
		max(points / nullif(contribution, 0)) FILTER (WHERE rank > 0) OVER (PARTITION BY n) AS ratio FROM reasons) r;
-- they are the numbers of risk.contributions
SELECT bool_and(same(contribution, c)) AS same FROM vectors JOIN reasons USING (n)
	JOIN risk.model_features f USING (feature),
	LATERAL (SELECT (risk.contributions(x))[1][f.position] AS c) c WHERE f.name = 'explained';
SELECT bool_and(same(contribution, (risk.contributions(x))[1][13])) AS same FROM vectors JOIN reasons USING (n)
WHERE rank = 0;
-- top keeps the first rows as they are and folds the others, so that it still adds up
SELECT top, bool_and(rows = least(top, 12) + 1 + (top < 12)::int) AS row_counts,
	bool_and(kept = least(top, 12) + 1) AS rows_kept,
	bool_and(abs(contributions - whole) < 1e-12) AS contributions, bool_and(abs(points - score) < 1e-12) AS points,
	bool_and(others IS NOT DISTINCT FROM CASE WHEN top < 12 THEN top + 1 END) AS others_last
FROM vectors v, unnest('{0, 1, 3, 11, 12, 13, 1000}'::int[]) top,
	LATERAL (SELECT count(*) AS rows, sum(t.contribution) AS contributions, sum(t.points) AS points,
			max(t.rank) FILTER (WHERE t.feature = '(others)') AS others,
			count(*) FILTER (WHERE (t.feature, t.contribution, t.points)
				= (r.feature, r.contribution, r.points)) AS kept
		FROM explain_score(x, NULL, top) t LEFT JOIN reasons r ON r.n = v.n AND r.rank = t.rank) t,
	LATERAL (SELECT sum(contribution) AS whole, sum(r.points) AS score FROM reasons r WHERE r.n = v.n) s
GROUP BY top ORDER BY top;
SELECT count(*) FROM vectors, explain_score(x, top => NULL) WHERE n = 1;
SELECT outcome($$SELECT explain_score(x, NULL, -1) FROM vectors$$);
SELECT outcome($$SELECT explain_score(x, 'explained', -2147483648) FROM vectors$$) LIKE '22023:%' AS refused;
-- more than one call in a query, and beside other columns
SELECT a.feature = b.feature AS same
FROM vectors, LATERAL (SELECT x[1] AS dette_sociale, x[2] AS effectif, x[3] AS procedure,
	x[4] AS chiffre_d_affaires, x[5] AS f4,
		x[6] AS f5, x[7] AS f6, x[8] AS f7, x[9] AS part_patronale, x[10] AS "Délai paiement", x[11] AS f10,
		x[12] AS f11) r,
	explain_score(x, NULL, 1) a, explain_score(to_jsonb(r), NULL, 1) b
WHERE n = 2 AND a.rank = b.rank ORDER BY a.rank;

--
-- Ties stand in the model's order; a value is shown as the argument has it
--
SELECT risk.import_model('ties', linear_model(ARRAY['b', 'a', 'd', 'c'], ARRAY[1, -1, 1, 0]));
SELECT rank, feature, contribution FROM explain_score('{2, 2, -2, 2}'::float8[], 'ties@1') ORDER BY rank;
SELECT rank, feature, contribution FROM explain_score('{2, 2, -2, 2}'::float8[], 'ties@1', 2) ORDER BY rank;
SELECT feature, value FROM explain_score('{2.50, NULL, -Infinity, 1e300}'::float8[], 'ties@1')
ORDER BY feature COLLATE "C";
SELECT feature, value FROM explain_score('{"b": 2.50, "a": null, "d": "NaN", "c": true}'::jsonb, 'ties@1')
ORDER BY feature COLLATE "C";
CREATE DOMAIN euros AS numeric(9, 2);
SELECT e.feature, e.value FROM (SELECT 2.5::euros AS b, NULL::int AS a, 'NaN'::float4 AS d, false AS c) r,
	explain_score(r, 'ties@1') e
ORDER BY e.feature COLLATE "C";
SELECT e.feature, e.value FROM (SELECT 1.30 AS dette, 'Bretagne'::char(12) AS region, 'SA'::varchar AS forme,
	NULL::int AS effectif) r,
	explain_score(r, 'firms@1') e ORDER BY e.feature COLLATE "C";
DROP DOMAIN euros;

--
-- Points where the contributions cancel out, and where the score saturates
--
SELECT risk.import_model('balance', linear_model(ARRAY['x', 'y'], ARRAY[1, 1], -1, 'binary:logistic'));
SELECT x, bool_and(points IS NOT NULL) AS known,
	abs(sum(points) - score_company(ARRAY[x, -x], 'balance@1')) < 1e-7 AS adds_up,
	bool_and(rank = 0 OR sign(points) = sign(contribution)) AS signs
FROM unnest('{0, 1e-12, 1, 50}'::float8[]) x, explain_score(ARRAY[x, -x], 'balance@1') GROUP BY x ORDER BY x;
SELECT x, abs(sum(points) - score_company(ARRAY[x, 0], 'balance@1')) < 1e-7 AS adds_up,
	bool_and(points BETWEEN -1 AND 1) AS bounded
FROM unnest('{-1e30, -100, 1e-10, 100, 1e30}'::float8[]) x, explain_score(ARRAY[x, 0], 'balance@1') GROUP BY x
ORDER BY x;
-- other scores than probabilities
SELECT risk.import_model('poisson', golden_model('poisson-xgb3.3.0', 'json'));
SELECT bool_and(abs(p - score_company(x, 'poisson@1')) <= 1e-5 * greatest(1, p)) AS adds_up
FROM vectors, LATERAL (SELECT sum(points) AS p FROM explain_score(x, 'poisson@1')) s;

--
-- By group
--
SELECT r.rank, r.feature_group, r.group_label, r.features FROM vectors, risk.explain_groups(x) r WHERE n = 1
ORDER BY rank;
SELECT risk.describe_features('explained', '{
	"groups": {"debts": {"label": "Dettes"}, "size": {"label": "Taille"}, "empty": {"label": "Vide"}},
	"features": {"dette_sociale": {"label": "Dette sociale", "group": "debts", "source": "Urssaf"},
		"part_patronale": {"group": "debts"},
		"effectif": {"label": "Effectif", "group": "size"}, "chiffre_d_affaires": {"group": "size"},
		"f4": {"group": "unlabelled"}}}');
SELECT r.feature_group, r.group_label, r.features FROM vectors, risk.explain_groups(x) r WHERE n = 1
ORDER BY feature_group COLLATE "C", rank;
SELECT r.feature, r.label, r.feature_group, r.group_label, r.source FROM vectors, explain_score(x) r WHERE n = 1
ORDER BY feature COLLATE "C";
SELECT bool_and(abs(g.contribution - s.contribution) < 1e-12) AS contributions,
	bool_and(abs(g.points - s.points) < 1e-12) AS points,
	bool_and(g.features = s.features OR g.rank = 0) AS counts, count(*)
FROM vectors, LATERAL (SELECT * FROM risk.explain_groups(x)) g,
	LATERAL (SELECT count(*) AS features, sum(contribution) AS contribution, sum(points) AS points
		FROM explain_score(x) r
		WHERE r.feature_group IS NOT DISTINCT FROM nullif(g.feature_group, '(base)')
			AND (r.rank = 0) = (g.rank = 0)) s;
SELECT bool_and(rank < 2 OR abs(contribution) <= abs(before)) AS by_size FROM (SELECT rank, contribution,
	lag(contribution) OVER (PARTITION BY n ORDER BY rank) AS before FROM vectors, risk.explain_groups(x)) g;

--
-- As one jsonb
--
SELECT k AS key, jsonb_typeof(e -> k) AS type
FROM vectors, LATERAL (SELECT risk.explanation(x) AS e) e, jsonb_object_keys(e) k
WHERE n = 1 ORDER BY k COLLATE "C";
SELECT k AS macro FROM vectors, jsonb_object_keys(risk.explanation(x) -> 'macro_expl') k WHERE n = 1
ORDER BY k COLLATE "C";
SELECT k AS macro, string_agg(f, ' ' ORDER BY f COLLATE "C") AS micro
FROM vectors, jsonb_each(risk.explanation(x) -> 'micro_expl') e (k, v), jsonb_object_keys(v) f WHERE n = 1
GROUP BY k ORDER BY k COLLATE "C";
SELECT DISTINCT e ->> 'model' AS model, e ? 'alert' AS alert
FROM vectors, LATERAL (SELECT risk.explanation(x) AS e) e;
SELECT risk.set_thresholds('explained', 0.5, 0.25);
SELECT bool_and(e ->> 'alert' = risk.alert_level(score_company(x))) AS alerts,
	count(DISTINCT e ->> 'alert') AS levels,
	bool_and((e ->> 'score')::float8 = score_company(x)) AS scores,
	bool_and((e ->> 'margin')::float8 = risk.margin(x)) AS margins
FROM vectors, LATERAL (SELECT risk.explanation(x) AS e) e;
-- percentage points: with the base, macro_expl and micro_expl add up to the score
SELECT bool_and(abs((e ->> 'base')::float8 + macro - 100 * score_company(x)) < 1e-4) AS macro,
	bool_and(abs((e ->> 'base')::float8 + micro - 100 * score_company(x)) < 1e-4) AS micro
FROM vectors, LATERAL (SELECT risk.explanation(x) AS e) e,
	LATERAL (SELECT sum(v::float8) AS macro FROM jsonb_each_text(e -> 'macro_expl') m (k, v)) m,
	LATERAL (SELECT sum(p::float8) AS micro
		FROM jsonb_each(e -> 'micro_expl') g (k, v), jsonb_each_text(v) f (f, p)) f;
SELECT bool_and(abs((e -> 'micro_expl' -> 'Dettes' ->> 'dette_sociale')::float8 - 100 * r.points) < 1e-9) AS points
FROM vectors, LATERAL (SELECT risk.explanation(x) AS e) e, explain_score(x) r WHERE r.feature = 'dette_sociale';
-- two groups with one label, or with the label of no group, do not swallow each other
SELECT risk.describe_features('explained',
	'{"groups": {"size": {"label": "Dettes"}, "unlabelled": {"label": "No group"}}}');
SELECT bool_and(abs((e ->> 'base')::float8 + macro - 100 * score_company(x)) < 1e-4) AS macro,
	bool_and(abs((e ->> 'base')::float8 + micro - 100 * score_company(x)) < 1e-4) AS micro
FROM vectors, LATERAL (SELECT risk.explanation(x) AS e) e,
	LATERAL (SELECT sum(v::float8) AS macro FROM jsonb_each_text(e -> 'macro_expl') m (k, v)) m,
	LATERAL (SELECT sum(p::float8) AS micro
		FROM jsonb_each(e -> 'micro_expl') g (k, v), jsonb_each_text(v) f (f, p)) f;

--
-- Values as numbers: what the argument said, the same in all forms; none of categories
-- and of what is missing.  Units are the dictionary's, the words of base and others its
-- language's.
--
SELECT risk.describe_features('repeats@1', '{"language": "fr",
	"features": {"x": {"label": "Dette", "unit": "EUR", "source": "Urssaf"}, "y": {"unit": "%"}}}');
CREATE TYPE named AS (x numeric, y real, c int, unused boolean);
CREATE TYPE firm AS (dette numeric, region text, forme text, effectif int);
CREATE TABLE valued (id int, x numeric, y real, c int, unused boolean);
INSERT INTO valued VALUES (1, 16777217.25, 0.1, 2, true), (2, NULL, 'NaN', NULL, false),
	(3, 1e400, '-Infinity', 1, NULL), (4, 9007199254740993, '-0', 0, true);
SELECT id, r.feature, r.label, left(r.value, 20) AS value, r.value_number AS number, r.unit, r.source
FROM valued v, explain_score(v, 'repeats@1') r ORDER BY id, feature COLLATE "C";
SELECT count(*), bool_and((r.feature, r.value_number, r.unit) IS NOT DISTINCT FROM (o.feature, o.value_number, o.unit))
	AS objects, bool_and((r.feature, r.value_number) IS NOT DISTINCT FROM (a.feature, a.value_number)) AS arrays,
	bool_and(r IS NOT DISTINCT FROM p) AS planned
FROM (SELECT id, x, y, c, unused, v FROM valued v OFFSET 0) v, explain_score(v.v, 'repeats@1') r,
	explain_score(to_jsonb(v.v), 'repeats@1') o, explain_score(ROW(x, y, c, unused)::named, 'repeats@1') p,
	explain_score(ARRAY[x::text::float8, y::text::float8, c, unused::int], 'repeats@1') a
WHERE x <> 1e400 AND r.rank = o.rank AND r.rank = a.rank AND r.rank = p.rank;
SELECT r.feature, r.value, r.value_number FROM explain_score(ROW(0.25, 'Corse', 'SA', 30)::firm, 'firms@1') r
ORDER BY feature COLLATE "C";
SELECT r.rank, r.feature, r.label FROM valued v, explain_score(v, 'repeats@1', top => 1) r
WHERE id = 1 ORDER BY rank;
SELECT r.rank, r.feature_group, r.group_label FROM valued v, risk.explain_groups(v, 'repeats@1') r
WHERE id = 1 ORDER BY rank;
SELECT k AS macro FROM valued v, jsonb_object_keys(risk.explanation(v, 'repeats@1') -> 'macro_expl') k WHERE id = 1;

-- Many companies: the mean of |contribution| by feature is what the rows of explain_score give
CREATE TABLE many AS
SELECT n, (n % 7)::float8 AS x, CASE WHEN n % 5 > 0 THEN (n % 11)::float8 END AS y FROM generate_series(1, 2000) n;
SELECT risk.import_model('pair', tree_model(ARRAY['x', 'y'],
	'[[[4, 0, 3, 1, 2, 1], [2, 5], [2, 1, 4, 3, 4, 0], [1, -2], [1, 4]], [[4, 1, 6, 1, 2, 0], [2, 1], [2, -1]]]'));
SELECT bool_and(abs(g.value::float8 - s.mean) < 1e-9) AS same, count(*) AS features
FROM jsonb_each_text((SELECT risk.global_importance(m, 'pair@1') FROM many m)) g
	JOIN (SELECT feature, avg(abs(contribution)) AS mean FROM many m, explain_score(m, 'pair@1') WHERE rank > 0
		GROUP BY 1) s
	ON s.feature = g.key;
-- by group and with FILTER; NULL companies do not count, none give NULL
SELECT n % 2 AS odd, risk.global_importance(m, 'pair@1') = risk.global_importance(m, 'pair@1')
	FILTER (WHERE n > 0) AS same
FROM many m GROUP BY 1 ORDER BY 1;
SELECT (SELECT risk.global_importance(m, 'pair@1') FROM generate_series(1, 2003) i LEFT JOIN many m ON m.n = i)
	= (SELECT risk.global_importance(m, 'pair@1') FROM many m) AS same;
SELECT risk.global_importance(m, 'pair@1') IS NULL AS none FROM many m WHERE n < 0;
-- workers' states add up to the same
BEGIN;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
SET LOCAL max_parallel_workers_per_gather = 2;
CREATE TABLE shared AS SELECT risk.global_importance(m, 'pair@1') AS importance FROM many m;
EXPLAIN (COSTS OFF) SELECT risk.global_importance(m, 'pair@1') FROM many m;
SET LOCAL max_parallel_workers_per_gather = 0;
SELECT importance = (SELECT risk.global_importance(m, 'pair@1') FROM many m) AS same FROM shared;
ROLLBACK;
-- to the bit, in any order and by any tree of states, whatever waits in them; the same
-- rows in the end are the same bytes
CREATE AGGREGATE state_of(record, text) (SFUNC = risk_internal.importance_add,
	STYPE = risk_internal.importance_state);
CREATE AGGREGATE sum_of(risk_internal.importance_state) (SFUNC = risk_internal.importance_combine,
	STYPE = risk_internal.importance_state);
SELECT count(DISTINCT importance) AS results,
	count(DISTINCT risk_internal.importance_final(state)) AS of_states,
	bool_and(risk_internal.importance_final(state) = importance) AS same,
	count(DISTINCT risk_internal.importance_combine(state,
		(SELECT state_of(m, 'pair@1') FROM many m WHERE n = 1))::text) AS states
FROM (SELECT risk.global_importance(m, 'pair@1' ORDER BY key) AS importance,
	state_of(m, 'pair@1' ORDER BY key) AS state
	FROM many m, LATERAL (VALUES (1, n), (2, -n), (3, n % 7), (4, hashint4(n)), (5, hashint4(n + 1))) o (number,
		key) GROUP BY number) r;
SELECT count(DISTINCT sum::text) AS states,
	bool_and(risk_internal.importance_final(sum) = (SELECT risk.global_importance(m, 'pair@1') FROM many m)) AS same
FROM (SELECT parts, sum_of(state ORDER BY hashint4(part + parts)) AS sum
	FROM (SELECT parts, n % parts AS part, state_of(m, 'pair@1') AS state
		FROM many m, unnest(ARRAY[2, 3, 7, 16, 100]) parts GROUP BY 1, 2) s GROUP BY parts) t;
-- the planner knows how large a state is: that of fifty features
SELECT aggtransspace BETWEEN 25 * bytes AND 50 * bytes + 2000 AS space
FROM pg_aggregate, (SELECT pg_column_size(state_of(m, 'pair@1')) / 2 AS bytes FROM many m) s
WHERE aggfnoid = 'risk.global_importance(record, text)'::regprocedure;
-- anybody's state may be stored, sent as text or binary, and go on elsewhere; it is the
-- same bytes everywhere: version, digest, model, counts, sums, rows that wait
\getenv abs_builddir PG_ABS_BUILDDIR
\cd :abs_builddir
CREATE TABLE states AS SELECT n % 3 AS part, state_of(m, 'pair@1') AS state FROM many m WHERE n <= 50 GROUP BY 1;
COPY states TO STDOUT (FORMAT binary) \g results/importance_state.bin
CREATE TABLE copied (LIKE states);
\copy copied FROM 'results/importance_state.bin' (FORMAT binary)
SELECT count(*), bool_and(s.state::text = c.state::text) AS binary,
	bool_and(s.state::text = s.state::text::risk_internal.importance_state::text) AS text,
	(SELECT risk_internal.importance_final(sum_of(state)) FROM copied)
		= (SELECT risk.global_importance(m, 'pair@1') FROM many m WHERE n <= 50) AS final
FROM states s JOIN copied c USING (part);
SELECT encode(substr(s, 1, 1), 'hex') AS version, encode(substr(s, 2, 32), 'hex') = content_digest AS digest,
	encode(substr(s, 34, 4), 'hex') AS length, convert_from(substr(s, 38, 6), 'UTF8') AS model,
	encode(substr(s, 44, 16), 'hex') AS counts, length(s) - 59 - 2 * 276 AS rest,
	encode(substr(s, 612, 8), 'hex') AS row
FROM (SELECT risk_internal.importance_state_send(state_of(m, 'pair@1')) AS s FROM many m WHERE n = 1) b, risk.models
WHERE reference = 'pair@1' \gx
SELECT risk_internal.importance_final(risk_internal.importance_add(NULL, m, 'pair@1'))
	= risk.global_importance(m, 'pair@1') AS called_directly FROM many m WHERE n = 1 GROUP BY m;
-- two models do not mix, and a state is checked
SELECT risk.import_model('pair', linear_model(ARRAY['x', 'y'], ARRAY[1, 2]::float8[]));
SELECT outcome($$SELECT risk.global_importance(m, 'pair@' || 1 + n % 2) FROM many m$$);
-- also one that is made up of what another was: rows that wait, of another number of features or outputs
SELECT risk.import_model('three', linear_model(ARRAY['x', 'y', 'z'], ARRAY[1, 2, 3]::float8[]));
CREATE FUNCTION state(bytes bytea) RETURNS risk_internal.importance_state LANGUAGE sql AS
	$$ SELECT ('\x' || encode(bytes, 'hex'))::risk_internal.importance_state $$;
CREATE TABLE kept AS SELECT risk_internal.importance_state_send(state_of(m, 'pair@1')) AS two,
	risk_internal.importance_state_send(state_of(r, 'three@1')) AS three
FROM many m, LATERAL (SELECT m.x, m.y, 1 AS z) r WHERE n <= 17;
SELECT outcome(format('SELECT risk_internal.importance_final(state(%L))',
	substr(two, 1, 43) || substr(three, 45))) AS other_features,
	outcome(format('SELECT risk_internal.importance_final(state(%L))',
		set_byte(two, 58, 16))) AS full_batch,
	outcome(format('SELECT risk_internal.importance_final(state(%L))', set_byte(two, 0, 2))) AS version,
	outcome(format('SELECT risk_internal.importance_final(state(%L))', two || '\x00')) AS longer,
	outcome($$SELECT risk_internal.importance_final('\x01')$$) AS shorter,
	outcome($$SELECT risk_internal.importance_final('')$$) AS empty,
	outcome($$SELECT risk_internal.importance_final('\x0')$$) AS odd,
	outcome(format('SELECT risk_internal.importance_final(state(%L))', set_byte(two, 39, 0))) AS model FROM kept \gx
DO $$
DECLARE
	kept kept;
BEGIN
	SELECT * INTO kept FROM kept;
	EXECUTE format('CREATE AGGREGATE forged_features(record, text) (SFUNC = risk_internal.importance_add,
		STYPE = risk_internal.importance_state, INITCOND = %L)',
		state(substr(kept.three, 1, 1) || substr(kept.two, 2, 32) || substr(kept.three, 34)));
END
$$;
SELECT outcome($$SELECT forged_features(m, 'pair@1') FROM many m$$);
SELECT jsonb_object_keys(risk_internal.importance_final(state(two))) FROM kept;
-- or one of another server, where that version has another content: also when no row of it waits;
-- or one of no rows
SELECT outcome(format('SELECT risk_internal.importance_final(state(%L))', set_byte(sums, 1, get_byte(sums, 1) # 1)))
	AS content,
	outcome(format('SELECT risk_internal.importance_final(state(%L))', overlay(sums PLACING int8send(0) FROM 48)))
	AS no_rows
FROM (SELECT risk_internal.importance_state_send(risk_internal.importance_combine(state(two), state(two))) AS sums
	FROM kept) k \gx
-- or one whose sums are none: negative, or too large to be carried on; or with more rows than are counted
SELECT outcome(format('SELECT risk_internal.importance_final(state(%L))', set_byte(two, 59 + 268, 255))) AS negative,
	outcome(format('SELECT risk_internal.importance_final(state(%L))', set_byte(two, 59 + 268, 127))) AS huge,
	outcome(format('WITH RECURSIVE s AS (SELECT 1 AS n, state(%L) AS state UNION ALL
		SELECT n + 1, risk_internal.importance_combine(state, state) FROM s WHERE n < 100)
		SELECT max(n) FROM s', set_byte(two, 59 + 268, 32))) AS again_and_again,
	outcome(format('SELECT risk_internal.importance_final(state(%L))', set_byte(two, 47, 1))) AS rows FROM kept \gx
-- any single byte changed: an answer or an error, never a crash
SELECT bool_and(result ~ '^(ok|22P03|55000|42704|22023|22021)') AS as_expected,
	bool_or(result = 'ok') AS some_answered, bool_or(result LIKE '22P03%') AS some_refused
FROM (SELECT outcome(format('SELECT %s', replace(call, '$1',
		format('state(%L::bytea)', set_byte(two, n, (get_byte(two, n) + change) % 256))))) AS result
	FROM kept, generate_series(0, length(two) - 1) n, (VALUES (1), (128), (255)) d (change),
		(VALUES ('risk_internal.importance_final($1)'),
			('risk_internal.importance_final(risk_internal.importance_combine($1, $1))')) c (call)
	WHERE n < 70 OR n % 7 = 0) r;
