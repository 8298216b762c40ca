/* To be deleted at the merge: stands for what the metrics files bring. */
CREATE FUNCTION risk.stub_add(state double precision[], score double precision, label boolean) RETURNS double precision[]
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT state || score || label::int::double precision';
CREATE FUNCTION risk.stub_add(state double precision[], score double precision, label boolean, x double precision) RETURNS double precision[]
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT CASE WHEN state = ''{}'' THEN ARRAY[x, 0] ELSE state END || score || label::int::double precision';
CREATE FUNCTION risk.stub_add(state double precision[], score double precision, label boolean, x double precision, y double precision) RETURNS double precision[]
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT CASE WHEN state = ''{}'' THEN ARRAY[x, y] ELSE state END || score || label::int::double precision';
CREATE FUNCTION risk.stub_rows(state double precision[], skip integer, OUT s double precision, OUT y boolean) RETURNS SETOF record
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
	'SELECT s, y = 1 FROM (SELECT v, lead(v) OVER (ORDER BY n), n FROM unnest(state) WITH ORDINALITY u (v, n) WHERE n > skip) p (s, y, n) WHERE n % 2 = 1';
CREATE FUNCTION risk.stub_auc(state double precision[]) RETURNS double precision LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT (sum(r) FILTER (WHERE y) - p * (p + 1) / 2) / nullif(p * q, 0) FROM (SELECT y, (rank() OVER (ORDER BY s) + (count(*) OVER (PARTITION BY s) - 1) / 2.0)::float8 r,
		count(*) FILTER (WHERE y) OVER () p, count(*) FILTER (WHERE NOT y) OVER () q FROM risk.stub_rows(state, 0)) x GROUP BY p, q $$;
CREATE FUNCTION risk.stub_ap(state double precision[]) RETURNS double precision LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT sum(t * (sum_t::float8 / n)) / nullif(max(sum_t), 0) FROM (SELECT s, count(*) FILTER (WHERE y) t, sum(count(*) FILTER (WHERE y)) OVER (ORDER BY s DESC) sum_t,
		sum(count(*)) OVER (ORDER BY s DESC) n FROM risk.stub_rows(state, 0) GROUP BY s) x $$;
CREATE FUNCTION risk.stub_ks(state double precision[]) RETURNS double precision LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT max(abs(a / nullif(p, 0) - b / nullif(q, 0))) FROM (SELECT sum(count(*) FILTER (WHERE y)) OVER (ORDER BY s)::float8 a, sum(count(*) FILTER (WHERE NOT y)) OVER (ORDER BY s)::float8 b,
		sum(count(*) FILTER (WHERE y)) OVER ()::float8 p, sum(count(*) FILTER (WHERE NOT y)) OVER ()::float8 q FROM risk.stub_rows(state, 0) GROUP BY s) x $$;
CREATE FUNCTION risk.stub_ll(state double precision[]) RETURNS double precision LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT -avg(ln(greatest(CASE WHEN y THEN s ELSE 1 - s END, 2.220446049250313e-16))) FROM risk.stub_rows(state, 0) $$;
CREATE FUNCTION risk.stub_brier(state double precision[]) RETURNS double precision LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT avg((s - y::int) ^ 2) FROM risk.stub_rows(state, 0) $$;
CREATE FUNCTION risk.stub_prec(state double precision[]) RETURNS double precision LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT count(*) FILTER (WHERE y)::float8 / nullif(count(*), 0) FROM risk.stub_rows(state, 2) WHERE s >= state[1] $$;
CREATE FUNCTION risk.stub_rec(state double precision[]) RETURNS double precision LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT count(*) FILTER (WHERE s >= state[1])::float8 / nullif(count(*), 0) FROM risk.stub_rows(state, 2) WHERE y $$;
CREATE FUNCTION risk.stub_f(state double precision[]) RETURNS double precision LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT (1 + state[2] ^ 2) * count(*) FILTER (WHERE y AND s >= state[1]) / nullif(state[2] ^ 2 * count(*) FILTER (WHERE y) + count(*) FILTER (WHERE s >= state[1]), 0) FROM risk.stub_rows(state, 2) $$;
CREATE FUNCTION risk.stub_best(state double precision[]) RETURNS double precision LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT s FROM (SELECT s, (1 + state[1] ^ 2) * sum(count(*) FILTER (WHERE y)) OVER (ORDER BY s DESC) / (state[1] ^ 2 * sum(count(*) FILTER (WHERE y)) OVER () + sum(count(*)) OVER (ORDER BY s DESC)) f
		FROM risk.stub_rows(state, 2) GROUP BY s) x ORDER BY f DESC, s DESC LIMIT 1 $$;
CREATE AGGREGATE risk.roc_auc(score double precision, label boolean) (sfunc = risk.stub_add, stype = double precision[], initcond = '{}', finalfunc = risk.stub_auc);
CREATE AGGREGATE risk.average_precision(score double precision, label boolean) (sfunc = risk.stub_add, stype = double precision[], initcond = '{}', finalfunc = risk.stub_ap);
CREATE AGGREGATE risk.ks_statistic(score double precision, label boolean) (sfunc = risk.stub_add, stype = double precision[], initcond = '{}', finalfunc = risk.stub_ks);
CREATE AGGREGATE risk.log_loss(score double precision, label boolean) (sfunc = risk.stub_add, stype = double precision[], initcond = '{}', finalfunc = risk.stub_ll);
CREATE AGGREGATE risk.brier_score(score double precision, label boolean) (sfunc = risk.stub_add, stype = double precision[], initcond = '{}', finalfunc = risk.stub_brier);
CREATE AGGREGATE risk.precision_at(score double precision, label boolean, threshold double precision) (sfunc = risk.stub_add, stype = double precision[], initcond = '{}', finalfunc = risk.stub_prec);
CREATE AGGREGATE risk.recall_at(score double precision, label boolean, threshold double precision) (sfunc = risk.stub_add, stype = double precision[], initcond = '{}', finalfunc = risk.stub_rec);
CREATE AGGREGATE risk.best_threshold(score double precision, label boolean, beta double precision) (sfunc = risk.stub_add, stype = double precision[], initcond = '{}', finalfunc = risk.stub_best);
CREATE AGGREGATE risk.f_score(score double precision, label boolean, threshold double precision, beta double precision) (sfunc = risk.stub_add, stype = double precision[], initcond = '{}', finalfunc = risk.stub_f);
DO $$
DECLARE f regprocedure;
BEGIN
	FOR f IN SELECT p.oid FROM pg_catalog.pg_proc p WHERE p.pronamespace = 'risk'::regnamespace
		AND pg_catalog.obj_description(p.oid, 'pg_proc') IS NULL AND (p.proname LIKE 'stub%' OR p.prokind = 'a')
	LOOP
		EXECUTE pg_catalog.format('COMMENT ON %s %s IS %L', CASE WHEN f::text LIKE 'risk.stub%' THEN 'FUNCTION' ELSE 'AGGREGATE' END, f, 'stub');
	END LOOP;
END $$;
