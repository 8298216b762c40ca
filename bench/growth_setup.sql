-- Models and rows for the growth of tables in width and rows.  Variables: folder.
\set ON_ERROR_STOP on
\set model10 :folder '/width-10.ubj'
\set model40 :folder '/width-40.ubj'
\set rows :folder '/width.csv'

CREATE EXTENSION company_risk;
SELECT risk.promote_model(risk.import_model('bench10', pg_read_binary_file(:'model10')));
SELECT risk.promote_model(risk.import_model('bench40', pg_read_binary_file(:'model40')), beside_others => true);

-- 40 real columns; the smaller model reads the first ten
SELECT format('CREATE TABLE company (id integer NOT NULL, %s)',
	string_agg(format('%I real', feature), ', ' ORDER BY position))
FROM risk.model_features WHERE name = 'bench40' \gexec
COPY company FROM :'rows' (FORMAT csv, NULL 'nan');
VACUUM (FREEZE, ANALYZE) company;
