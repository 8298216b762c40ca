--
-- Fits of calibrations, against scikit-learn 1.2.1 (_SigmoidCalibration and
-- IsotonicRegression), whose answers are written here.
--
\getenv abs_srcdir PG_ABS_SRCDIR
\i :abs_srcdir/test/regress/fixture.sql
SET search_path = risk_test, public;
CREATE TABLE fitted AS
SELECT '{1.7,-0.3,-0.9,-3.8,-1.4,-1.5,-1.1,-1.9,-1.1,-1.7,-3.0,0.3,0.3,1.6,-0.9,-1.6,-1.8,-3.3,0.5,-2.7,-2.8,
	-1.3,1.2,-0.6,-2.5,-2.1,-0.1,-1.2,-2.2,-1.3,0.1,2.0,-2.9,-1.9,-2.2,-4.6,-2.4,-2.5,0.7,-1.2,-3.4,-0.0,-1.5,
	-3.6,-1.9,-1.9,-2.3,-1.0,-4.4,-1.4,0.5,0.3,0.7,0.7,1.2,-2.7,0.3,-3.8,-1.9,-3.9}'::real[] AS m,
	'{t,t,f,f,f,f,f,f,f,t,t,t,t,t,t,f,f,f,f,f,f,f,f,f,f,f,f,f,f,f,f,t,f,f,f,f,f,f,f,f,f,f,f,f,f,f,f,t,f,f,f,t,t,
		t,t,f,f,f,f,f}'::boolean[] AS y,
	'{1.0,1.0,0.5,0.5,0.5,0.5,2.0,0.5,1.0,2.0,0.5,0.5,0.5,2.0,2.0,1.0,0.5,1.0,0.5,1.0,2.0,1.0,0.5,1.0,0.5,1.0,
		1.0,0.5,0.5,2.0,1.0,1.0,2.0,1.0,2.0,2.0,2.0,1.0,2.0,2.0,2.0,0.5,2.0,1.0,1.0,1.0,0.5,0.5,1.0,2.0,1.0,0.5,
		2.0,2.0,1.0,0.5,0.5,2.0,0.5,1.0}'::real[] AS w;

CREATE FUNCTION risk_test.loss(slope float8, intercept float8) RETURNS float8
LANGUAGE sql AS $$
	SELECT sum(ln(1 + exp(x)) - CASE WHEN label THEN (p + 1) / (p + 2) ELSE 1 / (n + 2) END * x)
	FROM fitted, LATERAL (SELECT count(*) FILTER (WHERE l)::float8 AS p,
		count(*) FILTER (WHERE NOT l)::float8 AS n FROM unnest(y) l) c,
		unnest(m, y) u (margin, label), LATERAL (SELECT slope * margin + intercept AS x) z
$$;
-- scikit-learn stops its search some 1e-6 from the optimum
SELECT f ->> 'method' AS method, abs((f ->> 'slope')::float8 - slope) < 1e-5 AS slope,
	abs((f ->> 'intercept')::float8 - intercept) < 1e-5 AS intercept
FROM fitted, LATERAL (VALUES (risk.fit_sigmoid(m, y), 0.8597461556390764, -0.44779094027891664),
	(risk.fit_sigmoid(m, y, w), 0.9823976586320848, -0.2601979701598461)) v (f, slope, intercept);
-- and ours is nearer: no slope or intercept beside it has less loss
SELECT bool_and(loss(s, i) <= loss(s + ds, i + di)) AS optimal
FROM (SELECT (f ->> 'slope')::float8 AS s, (f ->> 'intercept')::float8 AS i FROM fitted, risk.fit_sigmoid(m, y) f) f
	CROSS JOIN (VALUES (1e-6, 0), (-1e-6, 0), (0, 1e-6), (0, -1e-6), (1e-6, -1e-6)) d (ds, di);

SELECT f ->> 'method' AS method,
	ARRAY(SELECT round(v::numeric, 6) FROM jsonb_array_elements_text(f -> 'margins') v)
	= margins::numeric[] AS margins,
	ARRAY(SELECT round(v::numeric, 12) FROM jsonb_array_elements_text(f -> 'scores') v)
	= ARRAY(SELECT round(v::numeric, 12) FROM unnest(scores) v) AS scores
FROM fitted, LATERAL (VALUES
	(risk.fit_isotonic(m, y), '{-4.6,-3.3,-3.0,-1.8,-1.7,-1.1,-1.0,0.1,0.3,0.5,0.7,1.2,1.6,2.0}'::text[],
		'{0,0,0.05555555555555555,0.05555555555555555,0.08333333333333333,0.08333333333333333,0.375,0.375,0.5,
			0.5,0.6,0.6,1,1}'::float8[]),
	(risk.fit_isotonic(m, y, w), '{-4.6,-3.3,-3.0,-1.8,-1.7,-1.1,-1.0,0.5,0.7,1.2,1.6,2.0}',
		'{0,0,0.027777777777777776,0.027777777777777776,0.12121212121212122,0.12121212121212122,
			0.45454545454545453,0.45454545454545453,0.6666666666666666,0.6666666666666666,1,1}')) v (f, margins,
			scores);

-- Weights are how often a row counts; a weight of 0 is none; order does not matter
SELECT risk.fit_isotonic(ARRAY[1, 1, 2], ARRAY[true, false, true], ARRAY[1, 3, 1])
	= risk.fit_isotonic(ARRAY[2, 1, 1, 1, 1], ARRAY[true, false, false, true, false]) AS isotonic,
	risk.fit_isotonic(ARRAY[1, 5, 2], ARRAY[false, false, true], ARRAY[1, 0, 1]) AS without;
-- Margins of any size; labels that a threshold separates give a steep, finite curve
SELECT abs((f ->> 'slope')::float8 * 1024 - (risk.fit_sigmoid(m, y) ->> 'slope')::float8) < 1e-9 AS scaled
FROM fitted, LATERAL (SELECT risk.fit_sigmoid(ARRAY(SELECT v * 1024 FROM unnest(m) v)::real[], y) AS f) s;
SELECT (f ->> 'slope')::float8 BETWEEN 0.5 AND 5 AS steep, (f ->> 'intercept')::float8 BETWEEN -5 AND 0 AS between
FROM risk.fit_sigmoid(ARRAY[-2, -1, 1, 2]::real[], ARRAY[false, false, true, true]) f;
SELECT risk.fit_isotonic(ARRAY[3, 2, 1]::real[], ARRAY[false, true, true]) AS violated;

-- A curve of more points than risk.set_calibration takes is thinned: both ends stay, it passes all points
-- that are left out at a small distance, and it is one that risk.set_calibration takes
CREATE TABLE curve AS
SELECT n::real AS margin, label, (CASE WHEN label THEN score ELSE 1 - score END)::real AS weight,
	score::real::float8 AS score
FROM (SELECT n, CASE WHEN n <= 6000 THEN (n / 12000.0::float8) ^ 2 ELSE 0.5 + n % 1000 / 1e6
	+ n / 1000 / 50.0 END AS score
	FROM generate_series(1, 12000) n) r, (VALUES (true), (false)) l (label) ORDER BY hashint4(n);
CREATE TABLE thinned AS
SELECT risk.fit_isotonic(array_agg(margin), array_agg(label), array_agg(weight)) AS calibration,
	risk.fit_isotonic(array_agg(margin) FILTER (WHERE margin <= 9000), array_agg(label) FILTER (WHERE margin <= 9000),
		array_agg(weight) FILTER (WHERE margin <= 9000)) AS whole FROM curve;
SELECT jsonb_array_length(whole -> 'margins') AS whole,
	jsonb_array_length(calibration -> 'margins') BETWEEN 9000 AND 10000 AS thinned,
	jsonb_array_length(calibration -> 'margins') = jsonb_array_length(calibration -> 'scores') AS pairs,
	calibration -> 'margins' ->> 0 = '1' AND calibration -> 'margins' ->> -1 = '12000' AS ends FROM thinned;
-- (a value that lies outside of its row would be fetched again for each of these)
SELECT max(abs(risk.apply_calibration(margin, calibration) - score)) < 1e-6 AS near,
	max(abs(risk.apply_calibration(margin, whole) - score)) FILTER (WHERE margin <= 9000) < 1e-7 AS whole
FROM curve, (SELECT calibration || '{}' AS calibration, whole || '{}' AS whole FROM thinned OFFSET 0) t WHERE label;
SELECT bool_and(abs(s::float8 - score) < 1e-7) AS its_own_points
FROM thinned, LATERAL ROWS FROM (jsonb_array_elements_text(calibration -> 'margins'),
	jsonb_array_elements_text(calibration -> 'scores')) p (m, s)
	JOIN curve ON margin = m::real;
SELECT risk.import_model('thinned', linear_model(ARRAY['x'], ARRAY[1], 0, 'binary:logistic'));
SELECT risk.set_calibration('thinned@1', calibration) FROM thinned;

-- Numbers of 64 bits that are none of 32 are taken as they are, within the range of 32
SELECT risk.fit_isotonic(ARRAY[0.1, 0.2], ARRAY[false, true]);
SELECT v AS number, outcome(format('SELECT risk.fit_isotonic(''{1,%s}'', ''{f,t}'')', v)) AS as_margin,
	outcome(format('SELECT risk.fit_sigmoid(''{1,2}'', ''{f,t}'', ''{1,%s}'')', v)) AS as_weight
FROM unnest('{1e39,NaN,Infinity,-3}'::text[]) v \g (format=unaligned)

-- What would be no calibration: one margin, or margins that fall
SELECT outcome($$SELECT risk.fit_sigmoid('{0,0,0,0}', '{f,f,t,t}')$$);
SELECT outcome($$SELECT risk.fit_sigmoid('{3,2,1}', '{f,t,t}')$$);
SELECT outcome($$SELECT risk.fit_isotonic('{5,5,5}', '{f,t,t}')$$);
SELECT outcome($$SELECT risk.fit_isotonic('{5,5,4}', '{f,t,t}', '{1,1,0}')$$);
