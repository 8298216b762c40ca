--
-- Binding: how a row, a JSON object, an array or a company's number becomes the
-- vector that a model reads, and every refusal on the way.
--
\getenv abs_srcdir PG_ABS_SRCDIR
\i :abs_srcdir/test/regress/fixture.sql
\i :abs_srcdir/test/regress/golden.sql
SET search_path = risk_test, public;
SET timezone = 'UTC';
SET datestyle = 'ISO';

-- "echo" answers the very float32 that x became; "seen" answers 1 where x < 0 or
-- x >= 0, 2 where it is missing.
SELECT risk.import_model('echo', linear_model(ARRAY['x'], ARRAY[1]));
SELECT risk.import_model('seen', tree_model(ARRAY['x'],
	-- missing goes left in one tree and right in the other
	'[[[2, 0, 0, 1, 2, 1], [1, 1], [1, 0]], [[2, 0, 0, 1, 2, 0], [1, 0], [1, 1]]]', 'reg:squarederror', '0E0'));
SELECT risk.margin(ARRAY[-1]::float8[], 'seen@1'), risk.margin(ARRAY[0]::float8[], 'seen@1'),
	risk.margin(ARRAY[NULL]::float8[], 'seen@1'), risk.margin(ARRAY['NaN']::float8[], 'seen@1');
-- "two" answers x + 100 * y
SELECT risk.import_model('two', linear_model(ARRAY['x', 'y'], ARRAY[1, 100]));

--
-- Numbers of every type
--
CREATE DOMAIN amount AS numeric(12, 2) CHECK (VALUE > -1e9);
CREATE DOMAIN debt AS amount NOT NULL;
CREATE DOMAIN flag AS boolean;
SELECT risk.margin(r, 'echo@1') FROM (SELECT (-7)::int2 AS x) r;
SELECT risk.margin(r, 'echo@1') FROM (SELECT 16777217 AS x) r;
SELECT risk.margin(r, 'echo@1') FROM (SELECT 9007199254740993 AS x) r;
SELECT risk.margin(r, 'echo@1') FROM (SELECT 0.1::float4 AS x) r;
SELECT risk.margin(r, 'echo@1') FROM (SELECT 0.1::float8 AS x) r;
SELECT risk.margin(r, 'echo@1') FROM (SELECT 0.1::numeric AS x) r;
SELECT risk.margin(r, 'echo@1') FROM (SELECT 12.345::amount AS x) r;
SELECT risk.margin(r, 'echo@1') FROM (SELECT 12.345::debt AS x) r;
SELECT risk.margin(r, 'echo@1') FROM (SELECT true AS x) r;
SELECT risk.margin(r, 'echo@1') FROM (SELECT false::flag AS x) r;
-- the nearest float32 of the nearest float8, whichever way the number comes
SELECT bool_and(same(risk.margin(i, 'echo@1'), n::float8::float4::float8)) AS integers,
	bool_and(same(risk.margin(b, 'echo@1'), n::float8::float4::float8)) AS bigints,
	bool_and(same(risk.margin(d, 'echo@1'), n::float8::float4::float8)) AS decimals
FROM generate_series(16777210, 16777240) n, LATERAL (SELECT n AS x) i, LATERAL (SELECT n::bigint AS x) b,
	LATERAL (SELECT n::numeric AS x) d;
SELECT bool_and(same(risk.margin(f, 'echo@1'), v::float4::float8)) AS rows,
	bool_and(same(risk.margin(to_jsonb(f), 'echo@1'), v::float4::float8)) AS objects,
	bool_and(same(risk.margin(ARRAY[v], 'echo@1'), v::float4::float8)) AS arrays
FROM (SELECT sin(n) * 10 ^ (n % 37 - 18) AS v FROM generate_series(1, 1000) n) v, LATERAL (SELECT v AS x) f;
-- too small for float32: zero; too large: infinity, which has a side, unlike a missing value
SELECT risk.margin(r, 'echo@1') FROM (SELECT 1e-60::float8 AS x) r;
SELECT risk.margin(r, 'seen@1') FROM (VALUES (1e60::float8), ('-1e60'), ('Infinity'), ('-Infinity'), ('NaN'),
	(NULL)) r (x);
SELECT risk.margin(r, 'seen@1') FROM (VALUES (1e60::numeric), ('-1e60'), ('Infinity'), ('-Infinity'), ('NaN'),
	(NULL)) r (x);
SELECT risk.margin(r, 'seen@1') FROM (VALUES ('Infinity'::float4), ('-Infinity'), ('NaN'), (NULL)) r (x);
SELECT risk.margin(r, 'seen@1') FROM (VALUES (true), (false), (NULL)) r (x);

--
-- Categories: by name, in all that is stored like text; those of training and others
--
-- Every category has a leaf of its own: SA 1, SARL 2, SAS 4, été 8, missing 16, others 0.
SELECT risk.import_model('named', edit(edit(tree_model(ARRAY['form'],
	'[[[8, 0, [0], 1, 2, 1], [7, 0], [1, 1]], [[8, 0, [1], 1, 2, 1], [7, 0], [1, 2]],
	[[8, 0, [2], 1, 2, 1], [7, 0], [1, 4]], [[8, 0, [3], 1, 2, 1], [7, 0], [1, 8]],
	[[8, 0, [0, 1, 2, 3, 4], 1, 2, 1], [7, 16], [1, 0]], [[8, 0, [0, 1, 2, 3, 4], 1, 2, 0], [7, -16], [1, 0]]]',
	'reg:squarederror', '0E0', ARRAY['c']),
	'{version}', '[3, 4, 0]'),
	'{learner,gradient_booster,model,cats}', jsonb_build_object('feature_segments', '[0, 5]'::jsonb,
		'sorted_idx', '[0, 1, 2, 4, 3]'::jsonb,
		'enc', jsonb_build_array(jsonb_build_object('offsets', '[0, 2, 6, 9, 14, 16]'::jsonb,
			'values', (SELECT jsonb_agg(get_byte(b, n) ORDER BY n)
				FROM convert_to('SASARLSASétéEI', 'UTF8') b, generate_series(0, length(b) - 1) n))))));
SELECT feature, kind, categories FROM risk.model_features WHERE name = 'named';
CREATE TYPE shape AS ENUM ('SA', 'SARL', 'SAS', 'été', 'EI', 'SNC');
CREATE DOMAIN shape_domain AS shape;
CREATE DOMAIN short AS varchar(8);
CREATE TABLE forms (form text);
INSERT INTO forms VALUES ('SA'), ('SARL'), ('SAS'), ('été'), ('EI'), ('SNC'), (NULL);
SELECT f.form, risk.margin(f, 'named@1') AS text, risk.margin(v, 'named@1') AS varchar,
	risk.margin(c, 'named@1') AS char,
	risk.margin(e, 'named@1') AS enum, risk.margin(d, 'named@1') AS domain, risk.margin(ed, 'named@1') AS enum_domain,
	risk.margin(to_jsonb(f), 'named@1') AS jsonb
FROM forms f, LATERAL (SELECT f.form::varchar(10)) v (form), LATERAL (SELECT f.form::char(10)) c (form),
	LATERAL (SELECT f.form::shape) e (form), LATERAL (SELECT f.form::short) d (form),
	LATERAL (SELECT f.form::shape::shape_domain) ed (form);
-- names match exactly, but for trailing blanks; unknown ones are all alike, and not the same as missing
SELECT f, risk.margin(r, 'named@1') FROM unnest('{SNC,"",sa,S,SAR,SARLS,"SARL ","S A",ete}'::text[]) f,
	LATERAL (SELECT f AS form) r;
SELECT f, risk.margin(r, 'named@1') FROM unnest('{"SARL  ","SA"}'::char(8)[]) f, LATERAL (SELECT f AS form) r;
-- and neither does JSON made of such a row
SELECT risk.margin(r, 'named@1') = risk.margin(to_jsonb(r), 'named@1') AS same
FROM unnest('{"SARL","SA"}'::char(8)[]) f, LATERAL (SELECT f AS form) r;
-- an array gives them by code
SELECT code, risk.margin(ARRAY[code]::float8[], 'named@1') FROM unnest('{0, 1, 2, 3, 4, 5, NULL}'::int[]) code;
-- a long value, compressed or out of line, is a value like others
CREATE TABLE long_form (form text);
INSERT INTO long_form VALUES (repeat('SARL', 5000)),
	((SELECT string_agg(md5(n::text), '') FROM generate_series(1, 1000) n));
SELECT risk.margin(l, 'named@1') FROM long_form l;
DROP TABLE long_form;
-- Real ones
SELECT risk.import_model('legal', golden_model('category-names-xgb3.3.0', 'json'));

-- By code: integers; in the set right, else left, missing as the split says
SELECT risk.import_model('codes', tree_model(ARRAY['form'], '[[[4, 0, [1, 3], 1, 2, 0], [2, 10], [2, 20]],
	[[4, 0, [2], 1, 2, 1], [2, 0], [2, 5]]]', 'reg:squarederror', '0E0', ARRAY['c']));
SELECT form, risk.margin(r, 'codes@1') AS of_row, risk.margin(to_jsonb(r), 'codes@1') AS of_object,
	risk.margin(ARRAY[form]::float8[], 'codes@1') AS of_array
FROM (VALUES (0), (1), (2), (3), (4), (100), (NULL)) r (form);
-- what is no code is in no set, as in XGBoost; a fraction is cut off
SELECT form, risk.margin(r, 'codes@1')
FROM (VALUES (-1::float8), (1.9), (0.9), (1e10), (-1e10), ('Infinity'), ('NaN')) r (form);
SELECT outcome($$SELECT risk.margin(r, 'codes@1') FROM (SELECT 'SA'::text AS form) r$$) \g (format=unaligned)
SELECT outcome($$SELECT risk.margin('{"form": "SA"}'::jsonb, 'codes@1')$$) \g (format=unaligned)

--
-- Rows from everywhere
--
CREATE TABLE points (z text, x int, "X" int, y float8);
INSERT INTO points VALUES ('a', 1, 50, 2), ('b', NULL, 60, 3);
-- columns are matched by name, exactly, in any order; others do not count
SELECT z, score_company(p, 'two@1'), risk.margin(p, 'two@1') FROM points p ORDER BY z;
SELECT risk.margin(p, 'two@1') FROM (SELECT * FROM points) p ORDER BY 1;
SELECT risk.margin(p, 'two@1') FROM (SELECT c.* FROM points c) p ORDER BY 1;
SELECT risk.margin(p, 'two@1') FROM (SELECT y + 1 AS y, z, "X" AS x FROM points OFFSET 0) p ORDER BY 1;
WITH p AS MATERIALIZED (SELECT * FROM points) SELECT risk.margin(p, 'two@1') FROM p ORDER BY 1;
CREATE VIEW points_view AS SELECT y, x FROM points;
SELECT risk.margin(p, 'two@1') FROM points_view p ORDER BY 1;
SELECT risk.margin(j, 'two@1') FROM (SELECT a.x, b.y FROM points a JOIN points b USING (z)) j ORDER BY 1;
SELECT risk.margin(a, 'two@1'), risk.margin(b, 'two@1') FROM points a JOIN points b ON a.z < b.z;
SELECT p.z, (SELECT risk.margin(q, 'two@1') FROM points q WHERE q.z = p.z) FROM points p ORDER BY z;
SELECT risk.margin(r, 'two@1') FROM (VALUES (1, 2.5), (3, NULL)) r (x, y) ORDER BY 1;
-- the row of an outer join without a partner is NULL, and so is its score; a row of nulls is not
SELECT p.z, risk.margin(o, 'two@1') FROM points p LEFT JOIN points o ON o.z = p.z AND o.z = 'a' ORDER BY z;
SELECT p.z, risk.margin(o, 'seen@1') FROM points p
	LEFT JOIN (SELECT z, NULL::int AS x FROM points WHERE z = 'a') o USING (z) ORDER BY z;
SELECT risk.margin(NULL::points, 'two@1') IS NULL AS null_row,
	risk.margin(NULL::jsonb, 'two@1') IS NULL AS null_object,
	risk.margin(NULL::float8[], 'two@1') IS NULL AS null_array,
	score_company(NULL::text, 'two@1') IS NULL AS null_number;
-- a row that was put together
SELECT risk.margin(ROW('c', 5, 0, 7)::points, 'two@1');
SELECT outcome($$SELECT risk.margin(ROW(5, 7), 'two@1')$$);
CREATE TYPE pair AS (y int, x int);
SELECT risk.margin((2, 1)::pair, 'two@1'),
	risk.margin(jsonb_populate_record(NULL::pair, '{"x": 3, "y": 4}'), 'two@1');
SELECT risk.margin(json_to_record.*::record, 'two@1') FROM json_to_record('{"x": 3, "y": 4}') AS (x int, y int);
CREATE FUNCTION make_pair(int) RETURNS pair LANGUAGE sql AS 'SELECT $1, $1 + 1';
SELECT risk.margin(make_pair(n), 'two@1') FROM generate_series(1, 3) n;
-- a child table's row as its parent's
CREATE TABLE points_child (extra int) INHERITS (points);
INSERT INTO points_child VALUES ('c', 4, 0, 5, 6);
SELECT z, risk.margin(p, 'two@1') FROM points p ORDER BY z;
-- partitions whose columns stand in another order
CREATE TABLE parted (x int, y int, k int) PARTITION BY LIST (k);
CREATE TABLE parted_1 (k int, dropped int, y int, x int);
ALTER TABLE parted_1 DROP COLUMN dropped;
ALTER TABLE parted ATTACH PARTITION parted_1 FOR VALUES IN (1);
CREATE TABLE parted_2 PARTITION OF parted FOR VALUES IN (2);
INSERT INTO parted VALUES (1, 2, 1), (3, 4, 2);
SELECT k, risk.margin(p, 'two@1') FROM parted p ORDER BY k;
SELECT k, risk.margin(p, 'two@1') FROM parted_1 p ORDER BY k;
-- rows of several types in one query, to and fro
SELECT n.n, risk.margin(CASE n.n % 3 WHEN 0 THEN p::record WHEN 1 THEN q::record ELSE r::record END, 'two@1')
FROM generate_series(1, 6) n, LATERAL (SELECT n.n AS x, n.n AS y) p,
	LATERAL (SELECT n.n AS y, 'text' AS t, n.n::numeric AS x) q,
	LATERAL (SELECT n.n::float4 AS x, 0 AS z, n.n::bigint AS y) r
ORDER BY n.n;
-- in an aggregate, a window, a sort, a condition, a set-returning call for every row
SELECT max(risk.margin(p, 'two@1')), sum(risk.margin(p, 'two@1')) FILTER (WHERE risk.margin(p, 'two@1') > 300)
FROM points p;
SELECT z, rank() OVER (ORDER BY risk.margin(p, 'two@1') DESC) FROM points p WHERE risk.margin(p, 'two@1') > 0
ORDER BY z;
SELECT z, e.feature, e.value, e.contribution FROM points p, explain_score(p, 'two@1') e ORDER BY z, e.rank;
DROP VIEW points_view;

--
-- Columns that come and go
--
ALTER TABLE points ADD COLUMN w int DEFAULT 9, ADD COLUMN v text DEFAULT 'toast';
ALTER TABLE points DROP COLUMN "X";
SELECT z, risk.margin(p, 'two@1') FROM points p ORDER BY z;
ALTER TABLE points RENAME COLUMN x TO was_x;
SELECT outcome($$SELECT risk.margin(p, 'two@1') FROM points p$$);
ALTER TABLE points RENAME COLUMN w TO x;
SELECT z, risk.margin(p, 'two@1') FROM points p ORDER BY z;
-- between the statements of one function, which keeps its plans
CREATE FUNCTION altering() RETURNS SETOF float8 LANGUAGE plpgsql AS $$
BEGIN
	FOR n IN 1 .. 4 LOOP
		RETURN QUERY SELECT risk.margin(p, 'two@1') FROM points p WHERE z = 'a';
		RETURN NEXT (SELECT score_company(p, 'two@1') FROM points p WHERE z = 'a');
		CASE n
			WHEN 1 THEN ALTER TABLE points ALTER COLUMN x TYPE numeric USING x + 0.5;
			WHEN 2 THEN ALTER TABLE points DROP COLUMN was_x, ADD COLUMN u int;
			WHEN 3 THEN UPDATE points SET y = 7 WHERE z = 'a';
			ELSE NULL;
		END CASE;
	END LOOP;
END
$$;
SELECT altering();
-- and of a prepared statement
PREPARE score_points AS SELECT z, risk.margin(p, 'two@1') FROM points p ORDER BY z;
EXECUTE score_points;
ALTER TABLE points_child NO INHERIT points;
ALTER TABLE points DROP COLUMN x, ADD COLUMN x float4 DEFAULT 3;
EXECUTE score_points;

--
-- Refusals of rows
--
\pset format unaligned
\pset tuples_only on
SELECT outcome($$SELECT risk.margin(r, 'two@1') FROM (SELECT 1 AS x) r$$);
SELECT outcome($$SELECT risk.margin(r, 'two@1') FROM (SELECT 1 AS z) r$$);
SELECT outcome($$SELECT risk.margin(r, 'two@1') FROM (SELECT 1 AS "X", 2 AS y) r$$);
SELECT outcome($$SELECT risk.margin(r, 'two@1') FROM (SELECT 1 AS x, 2 AS y, 3 AS x) r$$);
SELECT outcome($$SELECT risk.margin(r, 'two@1') FROM (SELECT 1 AS x, 2 AS y, 3 AS z, 4 AS z) r$$);
SELECT outcome($$SELECT risk.margin(r, 'two@1') FROM (SELECT 1 AS x, '2'::text AS y) r$$);
SELECT outcome($$SELECT risk.margin(r, 'two@1') FROM (SELECT 1 AS x, date '2026-01-01' AS y) r$$);
SELECT outcome($$SELECT risk.margin(r, 'two@1') FROM (SELECT 1 AS x, 2::money AS y) r$$);
SELECT outcome($$SELECT risk.margin(r, 'two@1') FROM (SELECT 1 AS x, '{1}'::int[] AS y) r$$);
SELECT outcome($$SELECT risk.margin(r, 'two@1') FROM (SELECT 1 AS x, 'SA'::shape_domain AS y) r$$);
SELECT outcome($$SELECT risk.margin(r, 'two@1') FROM (SELECT 1 AS x, NULL AS y) r$$);
SELECT outcome($$SELECT risk.margin(r, 'legal@1')
	FROM (SELECT 1 AS dette, 'Corse' AS region, 3 AS forme, 1 AS effectif) r$$);
SELECT outcome($$SELECT risk.margin(r, 'legal@1')
	FROM (SELECT 1 AS dette, 'Corse' AS region, '{}'::jsonb AS forme, 1 AS effectif) r$$);
SELECT outcome($$SELECT risk.margin(r, 'legal@1')
	FROM (SELECT 1 AS dette, 'Corse' AS region, 'S'::"char" AS forme, 1 AS effectif) r$$) LIKE '42804:%';
SELECT outcome($$SELECT risk.margin(r, 'legal@1')
	FROM (SELECT 1 AS dette, 'Corse' AS region, 'SA'::name AS forme, 1 AS effectif) r$$) LIKE '42804:%';
-- many features: the first ten are named
SELECT risk.import_model('wide', linear_model((SELECT array_agg('f' || n ORDER BY n) FROM generate_series(1, 30) n),
	array_fill(1::float8, ARRAY[30])));
SELECT outcome($$SELECT risk.margin(r, 'wide@1') FROM (SELECT 1 AS f1, 2 AS f30) r$$);
SELECT outcome($$SELECT risk.margin('{"f1": 1, "f2": 2}'::jsonb, 'wide@1')$$);
-- a refusal does not spoil what comes after it
SELECT risk.margin(r, 'two@1') FROM (SELECT 1 AS x, 2 AS y) r;

--
-- JSON objects
--
SELECT risk.margin('{"x": 1, "y": 2, "z": {"a": []}}'::jsonb, 'two@1');
SELECT risk.margin('{"x": true, "y": 1e-2}'::jsonb, 'two@1');
SELECT risk.margin('{"x": 0.1}'::jsonb, 'echo@1') = 0.1::float4;
SELECT string_agg(risk.margin(o::jsonb, 'seen@1')::text, ' ' ORDER BY n)
FROM unnest(ARRAY['{"x": null}', '{"x": "NaN"}',
	'{"x": "Infinity"}', '{"x": "-Infinity"}', '{"x": -1e60}', '{"x": false}']) WITH ORDINALITY o (o, n);
SELECT risk.margin(to_jsonb(r), 'seen@1') FROM (SELECT 'NaN'::float8 AS x) r;
SELECT risk.margin(to_jsonb(p) || '{"y": 40}', 'two@1') FROM points p WHERE z = 'a';
SELECT outcome($$SELECT risk.margin('{"x": 1}'::jsonb, 'two@1')$$);
SELECT outcome($$SELECT risk.margin('{}'::jsonb, 'two@1')$$);
SELECT outcome($$SELECT risk.margin('[1, 2]'::jsonb, 'two@1')$$);
SELECT outcome($$SELECT risk.margin('3'::jsonb, 'two@1')$$);
SELECT outcome($$SELECT risk.margin('null'::jsonb, 'two@1')$$);
SELECT outcome($$SELECT risk.margin('{"x": "1", "y": 2}'::jsonb, 'two@1')$$);
SELECT outcome($$SELECT risk.margin('{"x": "", "y": 2}'::jsonb, 'two@1')$$);
SELECT outcome($$SELECT risk.margin('{"x": "nan", "y": 2}'::jsonb, 'two@1')$$);
SELECT outcome($$SELECT risk.margin('{"x": [1], "y": 2}'::jsonb, 'two@1')$$);
SELECT outcome($$SELECT risk.margin('{"x": {"value": 1}, "y": 2}'::jsonb, 'two@1')$$);
SELECT outcome($$SELECT risk.margin('{"dette": 1, "region": "Corse", "forme": 2, "effectif": 1}'::jsonb,
	'legal@1')$$);
SELECT outcome($$SELECT risk.margin('{"dette": 1, "region": "Corse", "forme": true, "effectif": 1}'::jsonb,
	'legal@1')$$);
SELECT outcome($$SELECT risk.margin('{"dette": 1, "region": "Corse", "forme": ["SA"], "effectif": 1}'::jsonb,
	'legal@1')$$);

--
-- Arrays
--
SELECT risk.margin(ARRAY[1, 2]::float8[], 'two@1'), risk.margin('[5:6]={1,2}'::float8[], 'two@1');
SELECT string_agg(risk.margin(a, 'seen@1')::text, ' ' ORDER BY n)
FROM (VALUES (1, '{NULL}'::float8[]), (2, '{NaN}'), (3, '{Infinity}'), (4, '{-Infinity}')) a (n, a);
-- NULLs among values, over more than one byte of the bitmap
SELECT bool_and(risk.margin(array_agg_nulls, 'wide@1') = 30 - 2 * n) FROM generate_series(1, 10) n,
	LATERAL (SELECT array_agg(CASE WHEN i % 3 = 0 AND i / 3 <= n THEN NULL ELSE 1 END
		+ CASE WHEN i % 3 = 1 AND i / 3 < n THEN -1 ELSE 0 END::float8 ORDER BY i)
		FROM generate_series(1, 30) i) a (array_agg_nulls);
SELECT outcome($$SELECT risk.margin('{}'::float8[], 'two@1')$$);
SELECT outcome($$SELECT risk.margin('{1}'::float8[], 'two@1')$$);
SELECT outcome($$SELECT risk.margin('{1,2,3}'::float8[], 'two@1')$$);
SELECT outcome($$SELECT risk.margin('{{1,2}}'::float8[], 'two@1')$$);
\pset format aligned
\pset tuples_only off

--
-- A company's number
--
CREATE TABLE company (siren text, x int, y int);
INSERT INTO company VALUES ('005480546', 1, 1), ('123456789', 2, 2), (' 12', 3, 3), ('12', 4, 4), (NULL, 5, 5);
SELECT outcome($$SELECT score_company('005480546', 'two@1')$$);
SELECT risk.bind_source('two@1', 'company', 'siren');
SELECT score_company('005480546', 'two@1'), score_company(5480546, 'two@1'), score_company(123456789, 'two@1'),
	score_company('12', 'two@1');
-- an unknown company has no score and no reasons, and that is no error
SELECT score_company('5480546', 'two@1') AS score, score_company(12, 'two@1') AS padded,
	risk.explanation(12, 'two@1') AS explanation, (SELECT count(*) FROM explain_score(12, 'two@1')) AS reasons,
	(SELECT count(*) FROM risk.explain_groups(12, 'two@1')) AS groups, score_company('', 'two@1') AS empty;
SELECT score_company(siren, 'two@1') FROM company ORDER BY siren;
SELECT e.feature, e.value FROM explain_score(123456789, 'two@1') e ORDER BY e.rank;
SELECT score_company(-1, 'two@1');
SELECT outcome($$SELECT score_company('12', 'two@1', '2026-01-01')$$);
SELECT score_company(9223372036854775807, 'two@1') IS NULL AS unknown;
-- twice the same number
INSERT INTO company VALUES ('12', 6, 6);
SELECT outcome($$SELECT score_company('12', 'two@1')$$);
-- number columns of other types
ALTER TABLE company ALTER COLUMN siren TYPE char(12);
SELECT score_company('005480546', 'two@1'), score_company(5480546, 'two@1');
DELETE FROM company WHERE siren = '12' OR siren IS NULL;
ALTER TABLE company ALTER COLUMN siren TYPE bigint USING siren::bigint;
SELECT score_company('005480546', 'two@1'), score_company(5480546, 'two@1'), score_company(123456789, 'two@1');
-- what the column cannot hold is no key, and no reason to abort: one notice a statement
SELECT n, score_company(n, 'two@1') AS score, (SELECT count(*) FROM explain_score(n, 'two@1')) AS reasons
FROM unnest('{FR12,"",9999999999,99999999999999999999,+005480546,1.5,-,--1,1e3,"5 480 546"}'::text[]) n;
SELECT left(n::text, 20) AS number, score_company(n, 'two@1')
FROM unnest('{9999999999,99999999999999999999,-5480546,1.5,NaN,Infinity,
	5480546.00,1e300}'::numeric[]) n;
SELECT score_company('9999999999', 'two@1');
SELECT score_company('FR1', 'two@1');
ALTER TABLE company ALTER COLUMN siren TYPE int;
SELECT n, score_company(n, 'two@1') FROM unnest('{9999999999,005 480 546,FR1,123456789}'::text[]) n;
SELECT n, score_company(n, 'two@1') FROM unnest('{9999999999,5480546,123456789}'::bigint[]) n;
ALTER TABLE company ALTER COLUMN siren TYPE numeric;
SELECT left(n, 20) AS number, score_company(n, 'two@1')
FROM unnest('{9999999999,005 480 546,FR1,123456789.0,1e3,1.,.5,NaN,+1.2.3}'::text[] || repeat('9', 2000)) n;
ALTER TABLE company ALTER COLUMN siren TYPE smallint USING siren % 1000;
SELECT n, score_company(n, 'two@1') FROM unnest('{40000,546,-40000}'::text[]) n;
ALTER TABLE company ALTER COLUMN siren TYPE name
USING CASE siren WHEN 546 THEN '005480546' WHEN 789 THEN repeat('n', 63) ELSE '12' END;
SELECT n, score_company(repeat('n', n), 'two@1') FROM generate_series(63, 64) n;
ALTER TABLE company ALTER COLUMN siren TYPE bigint
USING CASE siren WHEN '005480546' THEN 5480546 WHEN '12' THEN 12 ELSE 123456789 END;
CREATE DOMAIN siren AS varchar(9) CHECK (VALUE ~ '^\d{9}$');
ALTER TABLE company ALTER COLUMN siren TYPE siren USING lpad(siren::text, 9, '0');
SELECT score_company('005480546', 'two@1'), score_company(5480546, 'two@1'),
	score_company('FR12', 'two@1') AS unknown;

-- As people write it: nine digits with blanks among them; as it is given, where there is such a company.
-- A SIRET names an establishment, and a number of seven digits nobody.
CREATE TABLE written (siren text, x int, y int);
INSERT INTO written VALUES ('756099655', 1, 0), ('756 099 656', 2, 0), ('756099656', 3, 0),
	('75609965500012', 4, 0), ('7560', 5, 0);
SELECT risk.bind_source('two@1', 'written', 'siren');
SELECT quote_nullable(n) AS number, score_company(n, 'two@1') FROM unnest(ARRAY['756 099 655', ' 756099655 ',
	E'756\t099\n655', U&'756\00A0099\00A0655', U&'756\202F099\2009655', '756 099 656', '756099656',
	'75609965500012', '7560', '756 099 657', '756-099-655', '75 60 99 65 500 012']) n;
SELECT score_company('75609965500013', 'two@1');
SELECT score_company(75609965500013, 'two@1');
SELECT score_company('756 099 655 00013', 'two@1');
SELECT score_company('7560996', 'two@1');
SELECT score_company(left('75609965500013', 9), 'two@1');
SELECT score_company('unknown', 'two@1'), score_company('123456789', 'two@1'), score_company(7, 'two@1');
-- one notice a statement, also of a function that runs many, and of a cursor's
DO $$ BEGIN FOR i IN 1 .. 3 LOOP PERFORM score_company('7560996', 'two@1'), risk.explanation('75609', 'two@1');
	END LOOP; END $$;
BEGIN;
DECLARE c CURSOR FOR SELECT score_company('7560996' || n, 'two@1') AS score FROM generate_series(0, 9) n;
FETCH 1 c;
FETCH 1 c;
COMMIT;
DROP TABLE written;

-- Periods: the latest that there is, or the one given; one within a month where all are first days of months
CREATE TABLE monthly ("Siren" text, "Mois" date, x int, y int, PRIMARY KEY ("Siren", "Mois"));
INSERT INTO monthly VALUES ('000000001', '2026-01-01', 1, 0), ('000000001', '2026-03-01', 3, 0),
	('000000001', '2026-02-01', 2, 0),
	('000000002', '2026-01-01', 7, 0), ('000000003', '-infinity', 8, 0), ('000000003', 'infinity', 9, 0);
SELECT risk.bind_source('two@1', 'monthly', 'Siren', 'Mois');
SELECT score_company(1, 'two@1'), score_company(1, 'two@1', '2026-02-01'),
	score_company(1, 'two@1', '2026-02-02') AS none,
	score_company(1, 'two@1', NULL) AS latest, score_company(2, 'two@1'), score_company(3, 'two@1');
SELECT n, p::date AS period, score_company(n, 'two@1', p::date) FROM generate_series(1, 2) n,
	generate_series('2026-01-01', '2026-03-01', interval '1 month') p ORDER BY n, p;
SELECT contribution FROM explain_score('000000001', 'two@1', '2026-02-01', 1) ORDER BY rank;
SELECT p, score_company(1, 'two@1', p) FROM unnest('{2026-01-31,2026-02-28,2026-04-01,2026-04-02,2025-12-31,
	infinity}'::date[]) p;
SELECT score_company(3, 'two@1', '2026-01-15') AS none, score_company(3, 'two@1', 'infinity') AS infinite;
INSERT INTO monthly VALUES ('000000001', '2026-01-15', 4, 0);
SELECT p, score_company(1, 'two@1', p) FROM unnest('{2026-01-15,2026-01-31,2026-02-28}'::date[]) p;
DELETE FROM monthly WHERE "Mois" = '2026-01-15';
-- a date in the model's place
SELECT outcome(format($$SELECT score_company('000000001', %L)$$, model))
FROM unnest('{2026-02-01,01/02/2026,1.2.2026,2026-02,2026,2026-02/01,model-1-1}'::text[]) model;
-- a period of any type that people or drivers have, and none of another; integers of any size
SELECT score_company(1, 'two@1', date '2026-02-01') AS date,
	score_company(1, 'two@1', text '2026-02-01') AS text, score_company(1, 'two@1', varchar '2026-02-01') AS varchar,
	score_company(1, 'two@1', char(10) '2026-02-01') AS char,
	score_company(1, 'two@1', timestamp '2026-02-01 00:00') AS timestamp,
	score_company(1, 'two@1', timestamptz '2026-02-01 00:00') AS timestamptz,
	score_company(1, 'two@1', '2026-02-01') AS literal,
	score_company(1, 'two@1', period => '2026-02-01 12:00') AS named,
	score_company(1, 'two@1', NULL) AS latest, score_company(1, 'two@1', NULL::varchar) AS null_varchar,
	score_company(1, 'two@1', NULL::timestamp) AS null_timestamp, score_company('000000001', NULL, NULL) AS nulls
FROM set_config('company_risk.default_model', 'two@1', true);
SELECT split_part(outcome($$SELECT score_company(1, 'two@1', '2026-13-01')$$), E'\n', 1) AS outcome;
SELECT outcome($$SELECT score_company(1, 'two@1', text 'some day')$$);
SELECT outcome($$SELECT score_company(1, 'two@1', 20260201)$$) LIKE '42883:%' AS no_integer,
	outcome($$SELECT score_company(1.5::float8, 'two@1')$$) LIKE '42883:%' AS no_float;
SELECT score_company(1::smallint, 'two@1') AS smallint, score_company(1, 'two@1') AS integer,
	score_company(1::bigint, 'two@1') AS bigint, score_company(1::numeric, 'two@1') AS numeric,
	score_company('000000001', 'two@1') AS literal, score_company(text '000000001', text 'two@1') AS text,
	score_company(varchar '000000001', varchar 'two@1') AS varchar,
	score_company(char(9) '000000001', 'two@1') AS char, score_company(name '000000001', name 'two@1') AS name,
	score_company(siren => '000000001', model => 'two@1') AS named;
-- every verb that takes a number, with parameters of the types that drivers declare, or of none
SELECT format($$PREPARE %I %s AS SELECT score_company($1, $2, $3) AS score,
	(SELECT max(contribution) FROM explain_score($1, $2, $3, $4) WHERE rank = 1) AS reason,
	(SELECT max(contribution) FROM risk.explain_groups($1, $2, $3) WHERE rank = 1) AS group_reason,
	risk.explanation($1, $2, $3) -> 'score' AS explained$$, types, types)
FROM unnest('{"(text, text, date, int)","(varchar, varchar, varchar, bigint)",
	"(numeric, varchar, timestamp, bigint)","(int, text, text, int)","(bigint, varchar, timestamptz, smallint)",
	"(unknown, unknown, unknown, unknown)"}'
	::text[]) types \gexec
SELECT format($$EXECUTE %I ('000000001', 'two@1', '2026-02-01', 1)$$, name)
FROM pg_prepared_statements WHERE name LIKE '(%' ORDER BY prepare_time \gexec
SELECT format($$EXECUTE %I ('000000001', 'two@1', NULL, NULL)$$, name)
FROM pg_prepared_statements WHERE name LIKE '(%' ORDER BY prepare_time \gexec
DEALLOCATE ALL;
SELECT (explain_score(m, 'two@1', 1::bigint)).rank FROM monthly m WHERE m.y = 0 LIMIT 2;
SELECT count(*) FROM explain_score('{1,2}'::float8[], 'two@1', top => 9223372036854775807);
-- a company that is looked up by number in every row of the relation itself: its latest period
SELECT "Mois", score_company("Siren", 'two@1') FROM monthly WHERE "Siren" = '000000001' ORDER BY 1;
SELECT count(e.*) FROM monthly m, explain_score("Siren"::varchar(9)::text, 'two@1') e;
SELECT count(*) FROM monthly m WHERE risk.explanation("Siren"::int, 'two@1') IS NOT NULL;
SELECT count(*) FROM monthly m WHERE EXISTS (SELECT FROM explain_score(m."Siren", 'two@1'));
-- not where it is meant, or the number is another's
SELECT count(score_company("Siren", 'two@1', "Mois")), count(score_company(m, 'two@1')),
	count(score_company(x::text, 'two@1')) AS others FROM monthly m;
SELECT count(score_company(s, 'two@1')) FROM (SELECT DISTINCT siren AS s FROM company) c;
SELECT outcome($$SELECT count(score_company("Siren", 'nobody')) FROM monthly$$);
-- without its key nothing keeps a period from being there twice
ALTER TABLE monthly DROP CONSTRAINT monthly_pkey;
ALTER TABLE monthly ALTER "Mois" DROP NOT NULL;
INSERT INTO monthly VALUES ('000000001', '2026-03-01', 4, 0), ('000000001', NULL, 5, 0), ('000000004', NULL, 5, 0);
SELECT outcome($$SELECT score_company(1, 'two@1')$$);
SELECT outcome($$SELECT score_company(1, 'two@1', '2026-03-01')$$);
SELECT score_company(1, 'two@1', '2026-01-01'), score_company(4, 'two@1') AS without_period;
-- a period is a date, also later; a key is text, an integer or numeric
ALTER TABLE monthly ALTER "Mois" TYPE timestamp;
SELECT outcome($$SELECT score_company(1, 'two@1', '2026-02-01')$$);
SELECT outcome($$SELECT risk.bind_source('two@1', 'monthly', 'Siren', 'Mois')$$);
SELECT outcome($$SELECT risk.bind_source('two@1', 'monthly', 'Mois')$$);

-- A relation that is dropped, made again, or has lost a column
DROP TABLE monthly;
SELECT outcome($$SELECT score_company(1, 'two@1')$$);
CREATE MATERIALIZED VIEW monthly AS SELECT '000000001'::text AS "Siren", date '2026-01-01' AS "Mois", 10 AS x, 0 AS y;
SELECT score_company(1, 'two@1');
DROP MATERIALIZED VIEW monthly;
CREATE VIEW monthly AS SELECT '000000001'::text AS siren, date '2026-01-01' AS "Mois", 10 AS x, 0 AS y;
SELECT outcome($$SELECT score_company(1, 'two@1')$$);
DROP VIEW monthly;
CREATE VIEW monthly AS SELECT '000000001'::text AS "Siren", 10 AS x, 0 AS y;
SELECT outcome($$SELECT score_company(1, 'two@1', '2026-01-01')$$);
DROP VIEW monthly;
CREATE VIEW monthly AS SELECT '000000001'::text AS "Siren", date '2026-01-01' AS "Mois", 10 AS x;
SELECT outcome($$SELECT score_company(1, 'two@1')$$);
DROP VIEW monthly;
-- a column that has the name of our alias is a column like others
CREATE TABLE monthly ("Siren" text, x int, y int, company bigint, rel text);
INSERT INTO monthly VALUES ('000000001', 1, 1, 1234567890123, 'x');
SELECT risk.bind_source('two@1', 'monthly', 'Siren');
SELECT score_company(1, 'two@1') = score_company(m, 'two@1') AS same FROM monthly m;
DROP TABLE monthly;
-- a temporary relation is nobody else's
CREATE TEMPORARY TABLE mine (siren text, x int, y int);
SELECT outcome($$SELECT risk.bind_source('two@1', 'mine', 'siren')$$);
DROP TABLE mine;
-- names that need quotes; search_path has no say; the caller's objects do not get between
CREATE SCHEMA "risk_test ""quoted""";
CREATE TABLE "risk_test ""quoted"""."select" ("a ""b" text, x int, y int);
INSERT INTO "risk_test ""quoted"""."select" VALUES ('000000001', 1, 1);
SELECT risk.bind_source('two@1', '"risk_test ""quoted"""."select"', 'a "b');
CREATE TEMPORARY TABLE "select" ("a ""b" text, x int, y int);
CREATE FUNCTION risk_test.equal(text, text) RETURNS boolean LANGUAGE sql AS 'SELECT false';
CREATE OPERATOR risk_test.= (FUNCTION = risk_test.equal, LEFTARG = text, RIGHTARG = text);
BEGIN;
SET LOCAL search_path = pg_temp, risk_test, pg_catalog;
SELECT public.score_company(1, 'two@1');
SET LOCAL search_path = '';
SELECT public.score_company(1, 'two@1');
COMMIT;
DROP OPERATOR risk_test.= (text, text);
DROP FUNCTION equal(text, text);
DROP TABLE pg_temp."select";
SET client_min_messages = warning;
DROP SCHEMA "risk_test ""quoted""" CASCADE;
RESET client_min_messages;

-- A row type that changes within a statement is read as it is now
CREATE TYPE turning AS (x float8, y float8);
CREATE FUNCTION turn(i int) RETURNS turning LANGUAGE plpgsql AS $$
DECLARE r turning;
BEGIN
	IF i = 2 THEN
		ALTER TYPE turning RENAME ATTRIBUTE x TO z;
		ALTER TYPE turning RENAME ATTRIBUTE y TO x;
		ALTER TYPE turning RENAME ATTRIBUTE z TO y;
	END IF;
	EXECUTE 'SELECT 1.5::float8, -1.5::float8' INTO r;
	RETURN r;
END $$;
SELECT i, risk.margin(q.r, 'two@1') = risk.margin(to_jsonb(q.r), 'two@1') AS same
FROM generate_series(1, 3) i, LATERAL (SELECT turn(i) r OFFSET 0) q;
DROP FUNCTION turn(int);
DROP TYPE turning;
-- A number beyond float8 is infinite, in a row as in JSON
SELECT risk.margin(r, 'two@1') = risk.margin(to_jsonb(r), 'two@1') AS same,
	risk.margin(r, 'two@1') = risk.margin('{Infinity,-Infinity}'::float8[], 'two@1') AS infinite
FROM (SELECT 1e400 AS x, -1e400 AS y) r;

-- Row types that change from row to row leave no memory behind
CREATE TYPE pair_b AS (x int, y int);
CREATE FUNCTION either(i int) RETURNS record LANGUAGE plpgsql AS $$
DECLARE a pair; b pair_b;
BEGIN
	IF i % 2 = 0 THEN a := ROW(1, 2); RETURN a; END IF;
	b := ROW(1, 2); RETURN b;
END $$;
BEGIN;
DECLARE rows CURSOR FOR SELECT risk.margin(either(i), 'two@1') FROM generate_series(1, 20000) i;
MOVE 100 IN rows;
CREATE TEMPORARY TABLE before ON COMMIT DROP AS
SELECT sum(total_bytes) AS bytes FROM pg_backend_memory_contexts WHERE name LIKE 'company_risk%';
MOVE 19000 IN rows;
SELECT sum(total_bytes) <= before.bytes AS no_more_memory
FROM pg_backend_memory_contexts, before WHERE name LIKE 'company_risk%' GROUP BY before.bytes;
COMMIT;
DROP FUNCTION either(int);
DROP TYPE pair_b;

-- Row security and privileges apply to a look-up as if the caller had written it
CREATE ROLE regress_company_risk_analyst;
GRANT USAGE ON SCHEMA risk_test TO regress_company_risk_analyst;
SELECT risk.bind_source('two@1', 'company', 'siren');
SET ROLE regress_company_risk_analyst;
SELECT outcome($$SELECT score_company(5480546, 'two@1')$$);
RESET ROLE;
GRANT SELECT ON company TO regress_company_risk_analyst;
ALTER TABLE company ENABLE ROW LEVEL SECURITY;
CREATE POLICY small ON company TO regress_company_risk_analyst USING (x < 2);
SELECT score_company(5480546, 'two@1') AS visible, score_company(123456789, 'two@1') AS hidden;
SET ROLE regress_company_risk_analyst;
SELECT score_company(5480546, 'two@1') AS visible, score_company(123456789, 'two@1') AS hidden;
-- a prepared statement, too, follows the role
PREPARE both_companies AS SELECT score_company(5480546, 'two@1') AS visible,
	score_company(123456789, 'two@1') AS hidden;
EXECUTE both_companies;
RESET ROLE;
EXECUTE both_companies;
SET ROLE regress_company_risk_analyst;
EXECUTE both_companies;
RESET ROLE;

--
-- What the model sees of a row: 32-bit numbers, codes of categories, nothing of a
-- feature that no split reads
--
SELECT risk.import_model('sighted', tree_model(ARRAY['debt', 'staff', 'form', 'unread'],
	'[[[9, 0, 1.5, 1, 2, 1], [6, 1, 11, 3, 4, 1], [3, 2, [1, 2], 5, 6, 0], [3, 1], [3, 2], [2, 3], [1, 4]]]',
	'reg:squarederror', '0E0', ARRAY['float', 'float', 'c', 'float']));
CREATE TABLE seen (id int, staff int, form int, debt real, unread text);
INSERT INTO seen VALUES (1, 16777217, 2, 0.1, NULL), (2, NULL, 7, '-0', NULL), (3, 11, NULL, 'NaN', NULL);
SELECT outcome($$SELECT risk.feature_values(s, 'sighted@1') FROM seen s$$);
ALTER TABLE seen ALTER unread TYPE boolean USING true;
SELECT id, risk.feature_values(s, 'sighted@1') FROM seen s ORDER BY id;
SELECT risk.feature_values(NULL::seen, 'sighted@1') IS NULL AS null;

DROP OWNED BY regress_company_risk_analyst;
DROP ROLE regress_company_risk_analyst;
