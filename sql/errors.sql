--
-- Every refusal, as SQLSTATE, message, detail and hint: of models that cannot be
-- read, of references, and of changes to the registry.  (Refusals of rows and
-- values are in the test "binding".)
--
\getenv abs_srcdir PG_ABS_SRCDIR
\i :abs_srcdir/test/regress/fixture.sql
\i :abs_srcdir/test/regress/golden.sql
\pset format unaligned
\pset tuples_only on

CREATE FUNCTION risk_test.good_model() RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
	SELECT risk_test.tree_model(ARRAY['debt', 'form'],
		'[[[8, 0, 1.5, 1, 2, 1], [6, 1, [0, 2], 3, 4, 0], [2, 0.5], [4, 0.25], [2, 0]]]',
		types => ARRAY['float', 'c'])
$$;
-- What reading the good model says with one value changed or taken away.
CREATE FUNCTION risk_test.misread(path text, value jsonb) RETURNS text LANGUAGE sql AS $$
	SELECT risk_test.outcome(format('SELECT risk.inspect_model(risk_test.edit(risk_test.good_model(), %L, %L))',
		path, value))
$$;
\set tree '{learner,gradient_booster,model,trees,0,'
SELECT risk_test.misread('{version}', '[3, 0, 0]');

--
-- Not a model
--
SELECT risk_test.outcome($$SELECT risk.inspect_model(NULL)$$);
SELECT risk_test.outcome($$SELECT risk.inspect_model('')$$);
SELECT risk_test.outcome($$SELECT risk.inspect_model('hello')$$);
SELECT risk_test.outcome($$SELECT risk.inspect_model('\x80049500')$$);
SELECT risk_test.outcome($$SELECT risk.inspect_model('[1, 2]')$$);
SELECT risk_test.outcome($$SELECT risk.inspect_model('{}')$$);
SELECT risk_test.outcome($$SELECT risk.inspect_model('{"learner": {}}')$$);
SELECT risk_test.outcome($$SELECT risk.inspect_model(substring(risk_test.good_model() FOR 700))$$);
SELECT risk_test.outcome($$SELECT risk.inspect_model(risk_test.good_model() || '}')$$);
SELECT risk_test.outcome($$SELECT risk.inspect_model(
	substring(risk_test.golden_model('early-stopped-xgb3.3.0', 'ubj') FOR 20000))$$);
SELECT risk_test.outcome($$SELECT risk.inspect_model(
	overlay(risk_test.golden_model('early-stopped-xgb3.3.0', 'ubj') PLACING '\xff' FROM 3))$$);
SELECT risk_test.outcome($$SELECT risk.inspect_model(convert_to(repeat('[', 100), 'UTF8'))$$);
SELECT risk_test.outcome($$SELECT risk.inspect_model(convert_to('{"learner":' || repeat('{"a":', 100), 'UTF8'))$$);

--
-- A model in which something is wrong
--
SELECT risk_test.misread('{version}', '[4, 0, 0]');
SELECT risk_test.misread('{version}', '"3.0"');
SELECT risk_test.misread('{learner,objective}', NULL);
SELECT risk_test.misread('{learner,objective,name}', '7');
SELECT risk_test.misread('{learner,gradient_booster,name}', '"forest"');
SELECT risk_test.misread('{learner,gradient_booster,model}', NULL);
SELECT risk_test.misread('{learner,gradient_booster,model,trees}', '[]');
SELECT risk_test.misread('{learner,gradient_booster,model,tree_info}', '[0, 0]');
SELECT risk_test.misread('{learner,gradient_booster,model,tree_info}', '[1]');
SELECT risk_test.misread('{learner,gradient_booster,model,gbtree_model_param,num_trees}', '"2"');
SELECT risk_test.misread('{learner,feature_names}', '["debt"]');
SELECT risk_test.misread('{learner,feature_names}', '["debt", "debt"]');
SELECT risk_test.misread('{learner,feature_names}', '["debt", ""]');
SELECT risk_test.misread('{learner,feature_types}', '["float"]');
SELECT risk_test.misread('{learner,learner_model_param,num_feature}', '"0"');
SELECT risk_test.misread('{learner,learner_model_param,num_feature}', '"1"');
SELECT risk_test.misread('{learner,learner_model_param,num_feature}', '"many"');
SELECT risk_test.misread('{learner,learner_model_param,num_feature}', '"1048577"');
SELECT risk_test.misread('{learner,learner_model_param,num_class}', '"100000"');
SELECT risk_test.misread('{learner,learner_model_param,base_score}', '"NaN"');
SELECT risk_test.misread('{learner,learner_model_param,base_score}', '"[5E-1,5E-1]"');
SELECT risk_test.misread('{learner,learner_model_param,base_score}', '"half"');
SELECT risk_test.misread('{learner,learner_model_param,base_score}', '"2"');
SELECT risk_test.misread(:'tree' || 'left_children}', '[1, 3, -1, -1]');
SELECT risk_test.misread(:'tree' || 'left_children}', '[0, 3, -1, -1, -1]');
SELECT risk_test.misread(:'tree' || 'left_children}', '[1, 1, -1, -1, -1]');
SELECT risk_test.misread(:'tree' || 'right_children}', '[2, 5, -1, -1, -1]');
SELECT risk_test.misread(:'tree' || 'right_children}', '[2, 2, -1, -1, -1]');
SELECT risk_test.misread(:'tree' || 'right_children}', '"none"');
SELECT risk_test.misread(:'tree' || 'split_indices}', '[0, 2, 0, 0, 0]');
SELECT risk_test.misread(:'tree' || 'split_indices}', '[-1, 1, 0, 0, 0]');
SELECT risk_test.misread(:'tree' || 'split_conditions,2}', '1e39');
SELECT risk_test.misread(:'tree' || 'sum_hessian}', NULL);
SELECT risk_test.misread(:'tree' || 'sum_hessian,1}', '-1');
SELECT risk_test.misread(:'tree' || 'categories_nodes}', '[7]');
SELECT risk_test.misread(:'tree' || 'categories_sizes}', '[3]');
SELECT risk_test.misread(:'tree' || 'categories}', '[0, -2]');
SELECT risk_test.misread(:'tree' || 'categories}', '[2, 0]');
SELECT risk_test.misread(:'tree' || 'tree_param,num_nodes}', '"0"');
SELECT risk_test.misread(:'tree' || 'id}', '3');
-- a key that is needed, twice
SELECT risk_test.outcome($$SELECT risk.inspect_model(convert_to(replace(
	convert_from(risk_test.good_model(), 'UTF8'), '"objective"', '"objective": {"name": "reg:linear"}, "objective"'),
	'UTF8'))$$);

--
-- Models that XGBoost writes but that cannot be reproduced exactly
--
SELECT risk_test.outcome($$SELECT risk.inspect_model(risk_test.golden_model('vector-leaf-xgb3.0.0', 'json'))$$);
SELECT risk_test.outcome($$SELECT risk.inspect_model(risk_test.golden_model('vector-leaf-xgb3.3.0', 'ubj'))$$);

--
-- Arguments of an import
--
SELECT risk_test.outcome($$SELECT risk.import_model(NULL, risk_test.good_model())$$);
SELECT risk_test.outcome($$SELECT risk.import_model('m', NULL)$$);
SELECT risk_test.outcome($$SELECT risk.import_model('', risk_test.good_model())$$);
SELECT risk_test.outcome($$SELECT risk.import_model('two words', risk_test.good_model())$$);
SELECT risk_test.outcome($$SELECT risk.import_model('m@1', risk_test.good_model())$$);
SELECT risk_test.outcome($$SELECT risk.import_model('m', risk_test.good_model(), version => 0)$$);
SELECT risk_test.outcome($$SELECT risk.import_model('m', risk_test.good_model(), rounds => 0)$$);
SELECT risk_test.outcome($$SELECT risk.import_model('m', risk_test.good_model(), rounds => 2)$$);
SELECT risk_test.outcome($$SELECT risk.import_model('m', risk_test.linear_model('{a,b}', '{1,2}'),
	rounds => -1)$$);
SELECT risk_test.outcome($$SELECT risk.import_model('m', risk_test.good_model(), feature_names => '{a}')$$);
SELECT risk_test.outcome($$SELECT risk.import_model('m', risk_test.good_model(), feature_names => '{a,b,c}')$$);
SELECT risk_test.outcome($$SELECT risk.import_model('m', risk_test.good_model(), feature_names => '{a,a}')$$);
SELECT risk_test.outcome($$SELECT risk.import_model('m', risk_test.good_model(), feature_names => '{a,NULL}')$$);
SELECT risk_test.outcome($$SELECT risk.import_model('m', risk_test.good_model(), feature_names => '{a,""}')$$);
-- none of these left anything
SELECT count(*) FROM risk.models;
SELECT count(*) FROM risk.model_events WHERE name = 'm';

SELECT risk.import_model('m', risk_test.good_model(), version => 3);
SELECT risk_test.outcome($$SELECT risk.import_model('m', risk_test.good_model(), version => 3)$$);

--
-- References
--
SELECT risk_test.outcome($$SELECT risk.resolve_model()$$);
SELECT risk_test.outcome($$SELECT risk.resolve_model('m')$$);
SELECT risk_test.outcome($$SELECT risk.resolve_model('other')$$);
SELECT risk_test.outcome($$SELECT risk.resolve_model('m@4')$$);
SELECT risk_test.outcome($$SELECT risk.resolve_model('other@1')$$);
SELECT risk_test.outcome($$SELECT risk.resolve_model('m@')$$);
SELECT risk_test.outcome($$SELECT risk.resolve_model('m@x')$$);
SELECT risk_test.outcome($$SELECT risk.resolve_model('m@0')$$);
SELECT risk_test.outcome($$SELECT risk.resolve_model('m@-3')$$);
SELECT risk_test.outcome($$SELECT risk.resolve_model('m@+3')$$);
SELECT risk_test.outcome($$SELECT risk.resolve_model('m@ 3')$$);
SELECT risk_test.outcome($$SELECT risk.resolve_model('m@3 ')$$);
SELECT risk_test.outcome($$SELECT risk.resolve_model('m@03')$$);
SELECT risk_test.outcome($$SELECT risk.resolve_model('m@3@3')$$);
SELECT risk_test.outcome($$SELECT risk.resolve_model('m@4294967299')$$);
SELECT risk_test.outcome($$SELECT risk.resolve_model('m@99999999999999999999')$$);
SELECT risk_test.outcome($$SELECT score_company('{}'::jsonb)$$);
SELECT risk_test.outcome($$SELECT * FROM explain_score('{}'::jsonb, 'm')$$);
SELECT risk_test.outcome($$SELECT risk.warm_model('m')$$);
SELECT risk_test.outcome($$SELECT risk.export_model('m')$$);
SELECT risk_test.outcome($$SELECT risk.alert_level(0.5, 'm')$$);

--
-- Changes of state
--
SELECT risk_test.outcome($$SELECT risk.promote_model(NULL)$$);
SELECT risk_test.outcome($$SELECT risk.promote_model('m')$$);
SELECT risk_test.outcome($$SELECT risk.promote_model('other')$$);
SELECT risk_test.outcome($$SELECT risk.promote_model('m@4')$$);
SELECT risk_test.outcome($$SELECT risk.promote_model('m@x')$$);
SELECT risk_test.outcome($$SELECT risk.rollback_model(NULL, 'why')$$);
SELECT risk_test.outcome($$SELECT risk.rollback_model('other', 'why')$$);
SELECT risk_test.outcome($$SELECT risk.rollback_model('m@3', 'why')$$);
SELECT risk_test.outcome($$SELECT risk.rollback_model('m', 'why')$$);
SELECT risk.promote_model('m@3');
SELECT risk_test.outcome($$SELECT risk.promote_model('m@3')$$);
SELECT risk_test.outcome($$SELECT risk.rollback_model('m', 'why')$$);
SELECT risk_test.outcome($$SELECT risk.drop_model('m@3')$$);
SELECT risk_test.outcome($$SELECT risk.drop_model('m')$$);
SELECT risk_test.outcome($$SELECT risk.drop_model('m@4')$$);
SELECT risk_test.outcome($$SELECT risk.archive_model('m')$$);
SELECT risk_test.outcome($$SELECT risk.archive_model(NULL)$$);
SELECT risk.archive_model('m@3');
SELECT risk_test.outcome($$SELECT risk.archive_model('m@3')$$);
-- the table itself keeps the rules, too
SELECT risk_test.outcome($$UPDATE risk_internal.registry SET state = 'lost'$$) LIKE '23514:%';
SELECT risk_test.outcome($$UPDATE risk_internal.registry SET name = 'a b'$$) LIKE '23514:%';

--
-- Dictionaries
--
SELECT risk_test.outcome($$SELECT risk.describe_features('m@3', NULL)$$);
SELECT risk_test.outcome($$SELECT risk.describe_features('m@3', '[]')$$);
SELECT risk_test.outcome($$SELECT risk.describe_features('other@1', '{}')$$);
SELECT risk_test.outcome($$SELECT risk.describe_features(NULL, '{}')$$);
SELECT risk_test.outcome($$SELECT risk.describe_features('m@3', '{"labels": {}, "feature": {}}')$$);
SELECT risk_test.outcome($$SELECT risk.describe_features('m@3', '{"features": ["debt"]}')$$);
SELECT risk_test.outcome($$SELECT risk.describe_features('m@3', '{"features": null}')$$);
SELECT risk_test.outcome($$SELECT risk.describe_features('m@3',
	'{"features": {"debt": "Debt"}, "groups": {"g": 1}}')$$);
SELECT risk_test.outcome($$SELECT risk.describe_features('m@3', '{"features": {"debt": {"name": "Debt"}}}')$$);
SELECT risk_test.outcome($$SELECT risk.describe_features('m@3', '{"features": {"debt": {"label": 1}}}')$$);
SELECT risk_test.outcome($$SELECT risk.describe_features('m@3',
	'{"groups": {"g": {"label": "G", "unit": "EUR"}}}')$$);
SELECT risk_test.outcome($$SELECT risk.describe_features('m@3', '{"features": {"debts": {}, "Form": {}}}')$$);
SELECT count(*) FROM risk.model_events WHERE name = 'm' AND event = 'describe';

--
-- Bound relations and thresholds
--
CREATE TABLE risk_test.no_features (siren text, period date);
CREATE SEQUENCE risk_test.no_table;
SELECT risk_test.outcome($$SELECT risk.bind_source('m@3', NULL, 'siren')$$);
SELECT risk_test.outcome($$SELECT risk.bind_source('m@3', 'risk_test.no_features', NULL)$$);
SELECT risk_test.outcome($$SELECT risk.bind_source('m@3', 'risk_test.no_features', 'siren')$$);
SELECT risk_test.outcome($$SELECT risk.bind_source('m@3', 'risk_test.no_features', 'siret', 'month')$$);
SELECT risk_test.outcome($$SELECT risk.bind_source('m@3', 'risk_test.no_table', 'siren')$$);
SELECT risk_test.outcome($$SELECT risk.bind_source('other@3', 'risk_test.no_features', 'siren')$$);
SELECT risk_test.outcome($$SELECT risk.set_thresholds('m@3', NULL, 0.2)$$);
SELECT risk_test.outcome($$SELECT risk.set_thresholds('m@3', 0.2, 0.5)$$);
SELECT risk_test.outcome($$SELECT risk.set_thresholds('m@3', 'NaN', 0.5)$$);
SELECT risk_test.outcome($$SELECT risk.set_thresholds('m', 0.5, 0.2)$$);
SELECT risk_test.outcome($$SELECT risk.alert_level(0.5, 'm@3')$$);

--
-- Bytes and metadata that do not fit each other any more are found, not used
--
BEGIN;
UPDATE risk_internal.registry_chunk SET data = overlay(data PLACING ' ' FROM length(data)) WHERE name = 'm';
SELECT risk_test.outcome($$SELECT risk.export_model('m@3')$$);
ROLLBACK;
BEGIN;
UPDATE risk_internal.registry_chunk SET data = data || ' ' WHERE name = 'm';
SELECT risk_test.outcome($$SELECT risk.export_model('m@3')$$);
ROLLBACK;
BEGIN;
UPDATE risk_internal.registry_chunk SET number = 2 WHERE name = 'm';
SELECT risk_test.outcome($$SELECT risk.export_model('m@3')$$);
ROLLBACK;
BEGIN;
-- another content, so that it has to be loaded
UPDATE risk_internal.registry SET content_digest = sha256('a'), rounds = 2 WHERE name = 'm';
SELECT risk_test.outcome($$SELECT risk.warm_model('m@3')$$);
ROLLBACK;
BEGIN;
UPDATE risk_internal.registry SET content_digest = sha256('b') WHERE name = 'm';
DELETE FROM risk_internal.registry_feature WHERE name = 'm' AND position = 2;
SELECT risk_test.outcome($$SELECT risk.warm_model('m@3')$$);
ROLLBACK;
BEGIN;
UPDATE risk_internal.registry SET content_digest = '\x00' WHERE name = 'm';
SELECT risk_test.outcome($$SELECT risk.warm_model('m@3')$$);
ROLLBACK;

-- A server without the setting's prefix to itself would let misspellings pass.
SELECT risk_test.outcome($$SET company_risk.default_modell = 'm'$$) LIKE '42602:%';
