--
-- Importing: what risk.import_model keeps and answers, and that it comes back as
-- it was given.
--
\getenv abs_srcdir PG_ABS_SRCDIR
\i :abs_srcdir/test/regress/fixture.sql
\i :abs_srcdir/test/regress/golden.sql

-- The models written by hand are what they claim to be.
SELECT format, booster, objective, trees, nodes, depth, features, kinds, used
FROM risk.inspect_model(risk_test.tree_model(ARRAY['debt', 'form', 'unused'],
	'[[[10, 0, 1.5, 1, 2, 1], [6, 1, [0, 2], 3, 4, 0], [4, 0.5], [5, -0.25], [1, 0.125]], [[10, 0.0625]]]',
	types => ARRAY['float', 'c', 'float'])) \gx
SELECT format, booster, objective, trees, nodes, features
FROM risk.inspect_model(risk_test.linear_model(ARRAY['a', 'b'], ARRAY[1, 0]));

-- Versions count up by name; a version may be given, and then they go on from it.
SELECT risk.import_model('tiny', risk_test.tree_model(ARRAY['debt', 'staff'],
	'[[[8, 0, 1.5, 1, 2, 1], [6, -0.5], [2, 0.5]], [[8, 1, 10, 1, 2, 0], [3, 0.25], [5, -0.125]]]'),
	description => 'two stumps');
SELECT risk.import_model('tiny', risk_test.linear_model(ARRAY['debt', 'staff'], ARRAY[1, 2]));
SELECT risk.import_model('tiny', risk_test.linear_model(ARRAY['debt', 'staff'], ARRAY[1, 2]), version => 7);
SELECT risk.import_model('tiny', risk_test.linear_model(ARRAY['debt', 'staff'], ARRAY[1, 3]));
SELECT risk.import_model('tiny', risk_test.linear_model(ARRAY['debt', 'staff'], ARRAY[1, 4]), version => 5);
SELECT risk.import_model('modèle-2026.1', risk_test.linear_model(ARRAY['délai'], ARRAY[1]));
SELECT reference, state, description, format, booster, objective, feature_count, output_groups, trees, nodes, depth,
	rounds, rounds_total
FROM risk.models ORDER BY name, version \g (format=unaligned)
SELECT reference, imported_by = session_user AS by_me, imported_at = now() AS in_this_transaction, promoted_at,
	threshold_strong, threshold_moderate, source_relation
FROM risk.models WHERE name = 'modèle-2026.1' \g (format=unaligned)
BEGIN;
SELECT risk.import_model('timed', risk_test.linear_model(ARRAY['a'], ARRAY[1]));
SELECT reference, imported_at = now() AS in_this_transaction FROM risk.models WHERE name = 'timed';
ROLLBACK;

-- The same bytes, rounds and names have the same content digest, and only those.
SELECT a.reference, b.reference, a.digest = b.digest AS same_bytes,
	a.content_digest = b.content_digest AS same_content
FROM risk.models a JOIN risk.models b ON a.name = b.name AND a.version < b.version
WHERE a.name = 'tiny' AND a.version = 2 ORDER BY a.version, b.version;

-- The features, in the model's order.
SELECT name, version, position, feature, kind, used, label, feature_group FROM risk.model_features
WHERE name = 'tiny' AND version = 1 ORDER BY position;

-- Other names instead of the model's own, which is another content of the same bytes.
SELECT risk.import_model('renamed', risk_test.tree_model(ARRAY['debt', 'staff'],
	'[[[8, 0, 1.5, 1, 2, 1], [6, -0.5], [2, 0.5]], [[8, 1, 10, 1, 2, 0], [3, 0.25], [5, -0.125]]]'),
	feature_names => ARRAY['dette', 'effectif']);
SELECT position, feature FROM risk.model_features WHERE name = 'renamed' ORDER BY position;
SELECT r.digest = t.digest AS same_bytes, r.content_digest = t.content_digest AS same_content
FROM risk.models r, risk.models t WHERE r.reference = 'renamed@1' AND t.reference = 'tiny@1';
SELECT risk.margin('{"dette": 2, "effectif": 12}'::jsonb, 'renamed@1') = 0.5 - 0.125 AS margin;

-- A model without names numbers its features as XGBoost does.
SELECT risk.import_model('unnamed', risk_test.golden_model('logistic-unnamed-xgb1.7.4', 'json'));
SELECT string_agg(feature, ' ' ORDER BY position) FROM risk.model_features WHERE name = 'unnamed';

-- Fewer rounds: the first ones, and a notice says so.
SELECT risk.import_model('short', risk_test.tree_model(ARRAY['debt', 'staff'],
	'[[[8, 0, 1.5, 1, 2, 1], [6, -0.5], [2, 0.5]], [[8, 1, 10, 1, 2, 0], [3, 0.25], [5, -0.125]]]'), rounds => 1);
SELECT risk.import_model('short', risk_test.tree_model(ARRAY['debt', 'staff'],
	'[[[8, 0, 1.5, 1, 2, 1], [6, -0.5], [2, 0.5]], [[8, 1, 10, 1, 2, 0], [3, 0.25], [5, -0.125]]]'), rounds => 2);
SELECT reference, rounds, rounds_total, trees,
	risk.margin(ARRAY[2, 12]::float8[], reference) AS margin,
	digest = (SELECT digest FROM risk.models WHERE reference = 'tiny@1') AS same_bytes,
	content_digest = (SELECT content_digest FROM risk.models WHERE reference = 'tiny@1') AS same_content
FROM risk.models WHERE name = 'short' ORDER BY version;
SELECT position, feature, used FROM risk.model_features WHERE name = 'short' AND version = 1 ORDER BY position;

-- Early stopping: the best iteration is used unless the caller says otherwise.
SELECT risk.import_model('early', risk_test.golden_model('early-stopped-xgb3.3.0', 'ubj'));
SELECT risk.import_model('early', risk_test.golden_model('early-stopped-xgb3.3.0', 'ubj'),
	rounds => (SELECT rounds_total FROM risk.models WHERE reference = 'early@1'));
SELECT reference, rounds < rounds_total AS cut FROM risk.models WHERE name = 'early' ORDER BY version;

-- The categories' names.  (This release of XGBoost lost the end of the last one.)
SELECT risk.import_model('shapes', risk_test.golden_model('category-names-xgb3.3.0', 'json'));
SELECT feature, kind, categories FROM risk.model_features WHERE name = 'shapes' ORDER BY position \gx
SELECT jsonb_pretty(inspected.categories) AS categories FROM risk.inspect_model(
	risk_test.golden_model('category-names-xgb3.3.0', 'ubj')) inspected \g (format=unaligned)

-- The bytes come back exactly, long ones from several pieces.
SELECT risk.import_model('long', risk_test.tree_model(ARRAY['debt', 'staff'],
	'[[[8, 0, 1.5, 1, 2, 1], [6, -0.5], [2, 0.5]]]') || convert_to(repeat(E' \n', 1600000), 'UTF8'));
SELECT count(*), bool_and(number = n) AS numbered, max(length(data)) AS longest
FROM (SELECT number, row_number() OVER (ORDER BY number) AS n, data FROM risk_internal.registry_chunk
	WHERE name = 'long') chunk;
SELECT risk.export_model('long@1') = risk_test.tree_model(ARRAY['debt', 'staff'],
	'[[[8, 0, 1.5, 1, 2, 1], [6, -0.5], [2, 0.5]]]') || convert_to(repeat(E' \n', 1600000), 'UTF8') AS exact,
	encode(sha256(risk.export_model('long@1')), 'hex') = digest AS digest_agrees,
	length(risk.export_model('long@1')) = bytes AS length_agrees,
	risk.margin(ARRAY[2, NULL]::float8[], 'long@1') AS margin
FROM risk.models WHERE reference = 'long@1';
SELECT risk.export_model('shapes@1') = risk_test.golden_model('category-names-xgb3.3.0', 'json') AS exact,
	risk.export_model('early@2') = risk_test.golden_model('early-stopped-xgb3.3.0', 'ubj') AS exact;

-- Inspecting says the same and changes nothing.
SELECT count(*) AS models FROM risk.models;
SELECT i.digest = m.digest AS digest, i.content_digest = m.content_digest AS content,
	(i.format, i.bytes, i.xgboost_version, i.booster, i.objective, cardinality(i.features), i.output_groups, i.trees,
		i.nodes, i.depth, i.rounds, i.rounds_total, i.image_bytes)
	= (m.format, m.bytes, m.xgboost_version, m.booster, m.objective, m.feature_count, m.output_groups, m.trees,
		m.nodes, m.depth, m.rounds, m.rounds_total, m.image_bytes) AS the_rest
FROM risk.models m, risk.inspect_model(risk.export_model(m.reference), m.rounds) i WHERE m.reference = 'early@1';
SELECT count(*) AS models FROM risk.models;

-- What was imported is loaded when it is first used, and is the size that was announced.
SELECT risk.warm_model('early@1') = image_bytes AS size_agrees FROM risk.models WHERE reference = 'early@1';
SELECT reference, state, image_state, backends >= 1 OR place = 'shared' AS there, loads >= 1 AS loaded, superseded
FROM risk.loaded_models WHERE name = 'early' AND version = 1;

-- Nothing is left of versions that are dropped.
DO $$ BEGIN PERFORM risk.drop_model(reference, 'no longer needed') FROM risk.models; END $$;
SELECT (SELECT count(*) FROM risk.models) AS models, (SELECT count(*) FROM risk_internal.registry_chunk) AS chunks,
	(SELECT count(*) FROM risk_internal.registry_feature) AS features,
	(SELECT count(*) FROM risk_internal.registry_group) AS groups;
-- Numbers of dropped versions are not given again.
SELECT risk.import_model('tiny', risk_test.linear_model(ARRAY['debt', 'staff'], ARRAY[1, 2]));
SELECT risk.drop_model('tiny@9');

-- A set of categories costs what the model says, whatever the codes are
SELECT image_bytes < 10000 AS small
FROM risk.inspect_model(risk_test.tree_model(ARRAY['c'], '[[[4, 0, [16777215], 1, 2, 0], [2, 10], [2, 20]]]'));

-- Names and numbers have bounds
SELECT replace(risk_test.outcome($$SELECT risk.import_model(repeat('n', 201),
	risk_test.linear_model(ARRAY['x'], ARRAY[1]))$$), repeat('n', 201), '(201 bytes)');
SELECT risk_test.outcome($$SELECT risk.import_model('n', risk_test.linear_model(ARRAY['x'], ARRAY[1]),
	version => 1000000000)$$);
SELECT risk_test.outcome($$SELECT risk.import_model('n', risk_test.linear_model(ARRAY['x'], ARRAY[1]),
	feature_names => ARRAY[['y']])$$);
