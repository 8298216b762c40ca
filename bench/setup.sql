-- The server's part of the benchmark: model and table, and the Python function
-- that people write today.  Variables: folder.
\set ON_ERROR_STOP on
\set model :folder '/reference.ubj'
\set rows :folder '/reference.csv'
\set margins :folder '/margins.csv'

CREATE EXTENSION company_risk;
SELECT risk.promote_model(risk.import_model('bench', pg_read_binary_file(:'model')));
ALTER DATABASE postgres SET company_risk.default_model = 'bench';
SET company_risk.default_model = 'bench';

-- 40 real columns, called as the model's features are
SELECT format('CREATE TABLE company (id integer NOT NULL, %s)',
	string_agg(format('%I real', feature), ', ' ORDER BY position))
FROM risk.model_features WHERE name = 'bench' \gexec
COPY company FROM :'rows' (FORMAT csv, NULL 'nan');
ALTER TABLE company ADD PRIMARY KEY (id);
VACUUM (FREEZE, ANALYZE) company;

-- What libxgboost answers for these rows, to the bit
CREATE TABLE expected (id integer NOT NULL, margin real NOT NULL);
COPY expected FROM :'margins' (FORMAT csv);
SELECT count(*) = 200000 AND bool_and(risk.margin(c) = e.margin) AS all_equal
FROM company c JOIN expected e USING (id) \gset
\if :all_equal
\else
	\warn 'The server''s margins are not those of libxgboost.'
	SELECT 1 / 0;
\endif

CREATE EXTENSION plpython3u;
SELECT format($outer$
CREATE FUNCTION python_score(company company) RETURNS double precision STABLE LANGUAGE plpython3u AS $$
	if "booster" not in SD:
		import numpy
		import xgboost
		booster = xgboost.Booster({"nthread": 1})
		booster.load_model(%L)
		names = [f"f{i}" for i in range(booster.num_features())]
		SD["booster"] = booster, names, numpy.array, numpy.float32
	booster, names, array, float32 = SD["booster"]
	row = array([[company[name] for name in names]], dtype=float32)
	return float(booster.inplace_predict(row)[0])
$$
$outer$, :'model') \gexec
SELECT count(*) = 100 AND max(abs(python_score(c) - score_company(c))) < 1e-6 AS all_near
FROM company c WHERE id <= 100 \gset
\if :all_near
\else
	\warn 'The Python function does not answer the same.'
	SELECT 1 / 0;
\endif

-- Memory that is this process's alone: no shared memory, no pages of files
CREATE FUNCTION anonymous_bytes() RETURNS bigint LANGUAGE sql AS $$
	SELECT 1024 * substring(pg_read_file('/proc/self/smaps_rollup') FROM 'Anonymous:\s+(\d+) kB')::bigint
$$;
