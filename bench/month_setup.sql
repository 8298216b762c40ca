-- A ministry's companies, its model and its dictionary.  Variables: folder.
\set ON_ERROR_STOP on
\set model :folder '/month.ubj'
\set rows :folder '/month.csv'

CREATE EXTENSION company_risk;
SELECT risk.import_model('bench', pg_read_binary_file(:'model')) AS model \gset
SELECT risk.describe_features(:'model', jsonb_build_object(
	'groups', (SELECT jsonb_object_agg(key, jsonb_build_object('label', label))
		FROM (VALUES ('debts', 'Social debts'), ('activity', 'Partial activity'), ('accounts', 'Accounts'),
			('workforce', 'Workforce'), ('firm', 'The firm itself')) g (key, label)),
	'features', (SELECT jsonb_object_agg('f' || i, jsonb_build_object('group',
			(ARRAY['debts', 'activity', 'accounts', 'workforce', 'firm'])[i % 5 + 1]))
		FROM generate_series(0, 39) i)));
SELECT risk.set_thresholds(:'model', strong => 0.7, moderate => 0.4);
SELECT risk.promote_model(:'model');

SELECT format('CREATE TABLE loaded (id integer NOT NULL, %s)',
	string_agg(format('%I real', feature), ', ' ORDER BY position))
FROM risk.model_features WHERE name = 'bench' \gexec
COPY loaded FROM :'rows' (FORMAT csv, NULL 'nan');
SELECT format('CREATE TABLE company AS SELECT (100000000 + id)::text AS siren, %s FROM loaded',
	string_agg(quote_ident(feature), ', ' ORDER BY position))
FROM risk.model_features WHERE name = 'bench' \gexec
ALTER TABLE company ADD PRIMARY KEY (siren);
DROP TABLE loaded;
VACUUM (FREEZE, ANALYZE) company;
