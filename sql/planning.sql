--
-- Planning: whole rows that become columns, where they mean the same, and only
-- there; and the planner's estimates.
--
\getenv abs_srcdir PG_ABS_SRCDIR
\i :abs_srcdir/test/regress/fixture.sql
\i :abs_srcdir/test/regress/golden.sql
SET search_path = risk_test, public;
SET timezone = 'UTC';
SET datestyle = 'ISO';
SET max_parallel_workers_per_gather = 0;

-- "planned" answers x + 100 * y; "planned_form" is categorical, by name: 1 for SA,
-- 2 for SARL, 16 for missing
SELECT risk.import_model('planned', linear_model(ARRAY['x', 'y'], ARRAY[1, 100]));
SELECT risk.promote_model('planned@1');
SELECT risk.import_model('planned_form', edit(edit(tree_model(ARRAY['form'],
	'[[[8, 0, [0], 1, 2, 1], [7, 0], [1, 1]], [[8, 0, [1], 1, 2, 1], [7, 0], [1, 2]],
	[[8, 0, [0, 1], 1, 2, 1], [7, 16], [1, 0]], [[8, 0, [0, 1], 1, 2, 0], [7, -16], [1, 0]]]',
	'reg:squarederror', '0E0', ARRAY['c']),
	'{version}', '[3, 4, 0]'),
	'{learner,gradient_booster,model,cats}', jsonb_build_object('feature_segments', '[0, 2]'::jsonb,
		'sorted_idx', '[0, 1]'::jsonb,
		'enc', jsonb_build_array(jsonb_build_object('offsets', '[0, 2, 6]'::jsonb,
			'values', (SELECT jsonb_agg(get_byte(b, n) ORDER BY n)
				FROM convert_to('SASARL', 'UTF8') b, generate_series(0, length(b) - 1) n))))));

-- The calls of a query's plan, as the executor sees them
CREATE FUNCTION calls(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	line text;
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (VERBOSE, COSTS OFF) ' || query LOOP
		IF line ~ ('(score_company|explain_score|margin|margins|predict|contributions|explanation|'
			'explain_groups|_columns)\(') THEN
			RETURN NEXT trim(line);
		END IF;
	END LOOP;
END
$$;
-- The same with long lines folded, to be shown.
CREATE FUNCTION show_calls(query text) RETURNS SETOF text LANGUAGE sql AS $$
	SELECT regexp_replace(line, '(.{35}[^ ]*(?:,| AND)) ', E'\\1\n    ', 'g') FROM calls(query) line
$$;
-- Is a call in the plan, and are all of them on columns?
CREATE FUNCTION on_columns(query text) RETURNS boolean LANGUAGE sql AS $$
	SELECT bool_and(line ~ '_columns\(' AND line !~ '(score_company|margin|explain_score)\(') FROM calls(query) line
$$;

CREATE DOMAIN euros AS numeric(12, 2);
CREATE DOMAIN small_euros AS euros;
CREATE TYPE legal AS ENUM ('SA', 'SARL', 'EI');
CREATE TABLE firms (id int PRIMARY KEY, gone text, x float8, form text, notes text, y small_euros,
	about jsonb, born date, kind legal, alive bool DEFAULT true);
ALTER TABLE firms DROP COLUMN gone;
ALTER TABLE firms ALTER COLUMN notes SET STORAGE EXTERNAL;
ALTER TABLE firms ADD COLUMN late float4 DEFAULT 7;
INSERT INTO firms (id, x, form, notes, y, about, born, kind)
SELECT n, nullif(sin(n), sin(3)), (ARRAY['SA', 'SARL', 'EI', NULL])[n % 4 + 1], repeat('note', 1000 * (n % 3)),
	nullif(n * 1.25, 5), jsonb_build_object('n', n), '2020-01-01', (ARRAY['SA', 'SARL', NULL]::legal[])[n % 3 + 1]
FROM generate_series(1, 50) n;

--
-- Where it happens, and that it says the same
--
SELECT show_calls($$SELECT score_company(f, 'planned') FROM firms f$$);
SELECT on_columns($$SELECT score_company(firms), risk.margin(firms), risk.margins(firms), risk.predict(firms),
	risk.contributions(firms), risk.explanation(firms) FROM firms$$);
SELECT show_calls($$SELECT * FROM firms f, explain_score(f, 'planned', 1)$$);
SELECT show_calls($$SELECT * FROM firms f, LATERAL risk.explain_groups(f, 'planned')$$);
SELECT on_columns($$SELECT (explain_score(f, 'planned')).* FROM firms f$$);
-- the same bits in all forms: columns, rows that nothing is known about, JSON
CREATE VIEW three_ways AS
SELECT f.id, risk.margin(f, 'planned') AS columns, risk.margin(o, 'planned') AS rows,
	risk.margin(to_jsonb(f), 'planned') AS objects
FROM firms f JOIN (SELECT g.id, g FROM firms g OFFSET 0) q (id, o) USING (id);
SELECT show_calls('SELECT * FROM three_ways');
SELECT count(*), count(columns) AS scored, bool_and(same(columns, rows)) AS rows,
	bool_and(same(columns, objects)) AS objects FROM three_ways;
SELECT bool_and(same(risk.margin(f, 'planned_form@1'), risk.margin(o, 'planned_form@1'))) AS rows,
	bool_and(same(risk.margin(f, 'planned_form@1'), risk.margin(to_jsonb(f), 'planned_form@1'))) AS objects,
	sum(risk.margin(f, 'planned_form@1'))
FROM firms f JOIN (SELECT g.id, g FROM firms g OFFSET 0) q (id, o) USING (id);
SELECT bool_and(risk.contributions(f, 'planned') = risk.contributions(o, 'planned')) AS contributions,
	bool_and(risk.explanation(f, 'planned') = risk.explanation(o, 'planned')) AS explanation,
	bool_and(risk.predict(f, 'planned') = risk.predict(o, 'planned')) AS predictions,
	bool_and(risk.margins(f, 'planned') = risk.margins(o, 'planned')) AS margins,
	bool_and((SELECT array_agg(e) FROM explain_score(f, 'planned') e)
		= (SELECT array_agg(e) FROM explain_score(o, 'planned') e)) AS reasons,
	bool_and((SELECT array_agg(e) FROM risk.explain_groups(f, 'planned') e)
		= (SELECT array_agg(e) FROM risk.explain_groups(o, 'planned') e)) AS groups
FROM firms f JOIN (SELECT g.id, g FROM firms g OFFSET 0) q (id, o) USING (id);
SELECT e.* FROM firms f, explain_score(f, 'planned', 1) e WHERE f.id = 2 ORDER BY rank;
-- categories from enums, by the same name
ALTER TABLE firms RENAME COLUMN form TO form_text;
ALTER TABLE firms RENAME COLUMN kind TO form;
SELECT on_columns($$SELECT risk.margin(f, 'planned_form@1') FROM firms f$$);
SELECT form, risk.margin(f, 'planned_form@1') FROM firms f WHERE id <= 3 ORDER BY id;
ALTER TABLE firms RENAME COLUMN form TO kind;
ALTER TABLE firms RENAME COLUMN form_text TO form;
-- everywhere in a query
SELECT on_columns('SELECT sum(score_company(f)) FROM firms f');
SELECT on_columns('SELECT form, avg(score_company(f)) FROM firms f GROUP BY form HAVING avg(score_company(f)) > 5');
SELECT on_columns('SELECT score_company(f) FROM firms f GROUP BY f.id');
SELECT on_columns('SELECT floor(score_company(f) / 1000), count(*) FROM firms f GROUP BY 1
	HAVING floor(score_company(f) / 1000) > 2');
SELECT on_columns('SELECT * FROM firms f WHERE score_company(f) > 5 ORDER BY score_company(f) LIMIT 3');
SELECT on_columns('SELECT a.id FROM firms a JOIN firms b ON a.id = b.id AND score_company(a) < score_company(b)');
SELECT on_columns('SELECT id, rank() OVER (PARTITION BY f ORDER BY score_company(f)) FROM firms f');
SELECT on_columns('SELECT DISTINCT f, score_company(f) FROM firms f');
SELECT on_columns('SELECT id FROM firms f WHERE score_company(f) > 5 FOR UPDATE');
SELECT on_columns('SELECT s FROM (SELECT score_company(f) AS s, id FROM firms f) q WHERE s > 5');
SELECT on_columns('WITH q AS MATERIALIZED (SELECT score_company(f) AS s FROM firms f) SELECT * FROM q');
SELECT on_columns('SELECT score_company(f) FROM firms f UNION ALL SELECT score_company(f) FROM firms f');
SELECT on_columns('SELECT EXISTS (SELECT FROM firms f WHERE score_company(f) > 5)');
SELECT on_columns('SELECT id FROM firms g
	WHERE EXISTS (SELECT FROM firms f WHERE f.id = g.id AND score_company(f) > 5)');
SELECT on_columns('SELECT id FROM firms g
	WHERE NOT EXISTS (SELECT FROM firms f WHERE f.id = g.id AND score_company(g) > 5)');
SELECT on_columns('UPDATE firms f SET late = score_company(f) WHERE score_company(f) > 5 RETURNING score_company(f)');
SELECT on_columns('DELETE FROM firms f USING firms g WHERE f.id = g.id AND score_company(g) > 5
	RETURNING score_company(f)');
SELECT on_columns('SELECT score_company(model => NULL, company => f) FROM firms f');
SELECT id, score_company(f) FROM firms f WHERE score_company(f) > 6000 ORDER BY score_company(f) DESC LIMIT 2;
SELECT floor(score_company(f) / 1000) AS thousand, count(*) FROM firms f GROUP BY 1
HAVING floor(score_company(f) / 1000) > 2 ORDER BY 1;
SELECT sum(s) FROM (SELECT score_company(f) AS s FROM firms f WHERE id < 3 UNION ALL SELECT score_company(f)
	FROM firms f WHERE id < 3) q;
SELECT g.id, q.s FROM firms g LEFT JOIN (SELECT id, score_company(f) AS s FROM firms f WHERE id < 3
	UNION ALL SELECT id, score_company(f) FROM firms f WHERE id = 3) q USING (id)
WHERE g.id < 5 ORDER BY id;
SELECT id, score_company(f) FROM firms f GROUP BY f.id ORDER BY id LIMIT 2;
BEGIN;
UPDATE firms f SET y = y + 1, late = score_company(f) WHERE id <= 2
RETURNING id, y, late, score_company(f), score_company(f) = score_company(to_jsonb(f)) AS same;
INSERT INTO firms (id, x, y) VALUES (100, 1, 2) RETURNING score_company(firms);
INSERT INTO firms AS f (id, x, y) VALUES (100, 1, 3) ON CONFLICT (id) DO UPDATE SET x = score_company(f),
	y = score_company(excluded)
	RETURNING x, y, score_company(f);
MERGE INTO firms f USING (SELECT * FROM firms) s ON f.id = s.id + 1 AND s.id = 1
	WHEN MATCHED THEN UPDATE SET x = score_company(s), y = score_company(f);
SELECT id, x, y FROM firms WHERE id = 2;
ROLLBACK;

--
-- Rows that are put together: subqueries, views, ROW()
--
SELECT show_calls('SELECT score_company(q) FROM (SELECT x + 1 AS x, y FROM firms WHERE id < 3) q');
SELECT score_company(q) FROM (SELECT x + 1 AS x, y FROM firms WHERE id < 3) q ORDER BY 1;
CREATE VIEW firms_view AS SELECT id, y, x AS x FROM firms;
SELECT show_calls('SELECT score_company(v) FROM firms_view v');
SELECT sum(score_company(v)) = (SELECT sum(score_company(f)) FROM firms f) AS same FROM firms_view v;
SELECT show_calls('SELECT score_company(ROW(id, x, NULL, NULL, y, NULL, NULL, NULL, NULL, NULL)::firms) FROM firms');
SELECT sum(score_company(ROW(id, x, NULL, NULL, y, NULL, NULL, NULL, NULL, NULL)::firms))
	= sum(score_company(f)) AS same FROM firms f;
-- a row of nulls is a row: all missing
SELECT on_columns('SELECT risk.margin(q) FROM (SELECT nullif(x, x) AS x, nullif(y, y) AS y FROM firms) q');
SELECT DISTINCT risk.margin(q) IS NULL AS null, risk.margin(o) IS NULL AS rows
FROM (SELECT nullif(x, x) AS x, nullif(y, y) AS y FROM firms) q, (SELECT NULL::int AS x, NULL::int AS y OFFSET 0) o;
-- not those that only execution has
SELECT show_calls('SELECT score_company(q) FROM (SELECT x, y FROM firms OFFSET 0) q');
SELECT on_columns('SELECT score_company(f) FROM firms g, LATERAL (SELECT g OFFSET 0) q (f)');
SELECT on_columns('SELECT (SELECT score_company(f)) FROM firms f');
SELECT on_columns($$SELECT score_company(jsonb_populate_record(NULL::firms, '{"x": 1}'))$$);
SELECT on_columns('WITH q AS MATERIALIZED (SELECT * FROM firms) SELECT score_company(q) FROM q');
-- all branches of a union, and their calls in conditions
SELECT id, score_company(q) FROM (SELECT id, x, y FROM firms UNION ALL SELECT id + 1000, x, y FROM firms) q
WHERE score_company(q) > 6000 ORDER BY id;

--
-- Outer joins: a row without a partner is NULL, and so is its score
--
SELECT on_columns('SELECT score_company(b) FROM firms a LEFT JOIN firms b ON b.id = a.id + 49');
SELECT on_columns('SELECT score_company(a) FROM firms a LEFT JOIN firms b ON b.id = a.id + 49');
SELECT on_columns('SELECT score_company(b) FROM firms a RIGHT JOIN firms b ON b.id = a.id + 49');
SELECT on_columns('SELECT score_company(a) FROM firms a RIGHT JOIN firms b ON b.id = a.id + 49');
SELECT on_columns('SELECT score_company(a), score_company(b) FROM firms a FULL JOIN firms b ON b.id = a.id + 49');
SELECT on_columns('SELECT score_company(c) FROM firms a LEFT
	JOIN (firms b JOIN firms c USING (id)) ON b.id = a.id + 49');
SELECT a.id, score_company(b) IS NULL AS null FROM firms a LEFT JOIN firms b ON b.id = a.id + 49 WHERE a.id < 3
ORDER BY id;
SELECT count(score_company(a)) AS a, count(score_company(b)) AS b, count(*)
FROM firms a FULL JOIN firms b ON b.id = a.id + 48;
SELECT a.id, score_company(b) IS NULL AS null FROM firms a
	LEFT JOIN (SELECT x + 0 AS x, y, id FROM firms) b ON b.id = a.id + 49 WHERE a.id < 3 ORDER BY id;
SELECT a.id, q.s IS NULL AS null FROM firms a
	LEFT JOIN (SELECT score_company(b) AS s, id FROM firms b) q ON q.id = a.id + 49 WHERE a.id < 3 ORDER BY a.id;
SELECT a.id, count(e.rank) FROM firms a LEFT JOIN firms b ON b.id = a.id + 49
	LEFT JOIN LATERAL explain_score(b) e ON true WHERE a.id < 3 GROUP BY a.id ORDER BY a.id;

--
-- Groups of rows
--
SELECT on_columns('SELECT score_company(f) FROM firms f GROUP BY f');
SELECT count(*), sum(floor) FROM (SELECT floor(score_company(f)) FROM firms f
	GROUP BY f, floor(score_company(f)) HAVING score_company(f) > 6000) q;
SELECT count(*) FROM (SELECT score_company(v) FROM firms_view v GROUP BY v) q;
SELECT count(*), count(s) FROM (SELECT score_company(v) AS s FROM firms_view v GROUP BY GROUPING SETS ((v), ())) q;

--
-- Partitions and children
--
CREATE TABLE planned_parted (x int, k int, y int) PARTITION BY LIST (k);
CREATE TABLE planned_parted_1 (k int, dropped int, y int, x int);
ALTER TABLE planned_parted_1 DROP COLUMN dropped;
ALTER TABLE planned_parted ATTACH PARTITION planned_parted_1 FOR VALUES IN (1);
CREATE TABLE planned_parted_2 PARTITION OF planned_parted FOR VALUES IN (2);
INSERT INTO planned_parted VALUES (1, 1, 2), (3, 2, 4), (NULL, 2, 5);
SELECT show_calls('SELECT risk.margin(p) FROM planned_parted p');
SELECT on_columns('SELECT score_company(p) FROM planned_parted p WHERE score_company(p) > 0');
SELECT k, score_company(p), score_company(p) = score_company(to_jsonb(p)) AS same FROM planned_parted p ORDER BY k, x;
SELECT k, score_company(p) FROM planned_parted p WHERE score_company(p) > 300 ORDER BY k;
CREATE TABLE planned_parent (y int, x int);
CREATE TABLE planned_child (extra text) INHERITS (planned_parent);
CREATE TABLE planned_heir (x int, more text, y int);
ALTER TABLE planned_heir INHERIT planned_parent;
INSERT INTO planned_parent VALUES (1, 2);
INSERT INTO planned_child VALUES (3, 4, 'extra');
INSERT INTO planned_heir VALUES (5, 'more', 6);
SELECT show_calls('SELECT risk.margin(p) FROM planned_parent p');
SELECT tableoid::regclass, risk.margin(p) FROM planned_parent p ORDER BY 2;
UPDATE planned_parent p SET x = x + 1 RETURNING tableoid::regclass, risk.margin(p);

--
-- Other relations
--
CREATE MATERIALIZED VIEW planned_matview AS SELECT id, risk.margin(f, 'planned') AS margin, x, y FROM firms f;
SELECT on_columns('SELECT risk.margin(m) FROM planned_matview m');
SELECT bool_and(same(margin, risk.margin(m))) AS same FROM planned_matview m;
UPDATE firms SET x = x + 1;
REFRESH MATERIALIZED VIEW planned_matview;
SELECT bool_and(same(m.margin, risk.margin(f))) AS same FROM planned_matview m JOIN firms f USING (id);
CREATE TABLE planned_generated (a int, x int GENERATED ALWAYS AS (a * 2) STORED, y int);
INSERT INTO planned_generated (a, y) VALUES (1, 2);
SELECT on_columns('SELECT risk.margin(g) FROM planned_generated g');
SELECT risk.margin(g) FROM planned_generated g;
SELECT CASE WHEN current_setting('server_version_num')::int >= 180000 THEN 'VIRTUAL'
	ELSE 'STORED' END AS generated \gset
CREATE TABLE planned_virtual (a int, x int GENERATED ALWAYS AS (a * 2) :generated, y int);
INSERT INTO planned_virtual (a, y) VALUES (1, 2), (NULL, NULL);
SELECT risk.margin(v), risk.margin(v) = risk.margin(to_jsonb(v)) AS same FROM planned_virtual v ORDER BY a;
SELECT risk.margin(v) FROM planned_generated g LEFT JOIN planned_virtual v ON v.a = g.a + 1;
SELECT count(e.rank) FROM planned_virtual v, explain_score(v) e;
UPDATE planned_virtual v SET y = 3 WHERE risk.margin(v) = 202 RETURNING risk.margin(v);
-- a row from before an INSERT is NULL, where one can ask for it
SELECT CASE WHEN current_setting('server_version_num')::int >= 180000
	THEN 'risk.margin(old) IS NULL AS old, risk.margin(new) AS new'
	ELSE 'true AS old, risk.margin(planned_virtual) AS new' END AS old_and_new \gset
INSERT INTO planned_virtual (a, y) VALUES (5, 6) RETURNING :old_and_new;
CREATE TEMPORARY TABLE planned_temporary AS SELECT 1 AS x, 2 AS y;
SELECT on_columns('SELECT risk.margin(t) FROM planned_temporary t');
SELECT risk.margin(t) FROM planned_temporary t;
SELECT on_columns('SELECT risk.margin(f) FROM firms f TABLESAMPLE system (100)');
-- no columns, too many, just as many as fit
CREATE TABLE planned_empty ();
SELECT on_columns('SELECT risk.margin(e) FROM planned_empty e');
DO $$ BEGIN
	EXECUTE (SELECT format('CREATE TABLE planned_wide (x int, y int, %s)',
		string_agg(format('c%s int', n), ', ')) FROM generate_series(1, 97) n);
END $$;
INSERT INTO planned_wide (x, y, c97) VALUES (1, 2, 3);
SELECT on_columns('SELECT risk.margin(w) FROM planned_wide w');
SELECT risk.margin(w) FROM planned_wide w;
ALTER TABLE planned_wide DROP COLUMN c50;
SELECT on_columns('SELECT risk.margin(w) FROM planned_wide w');
SELECT risk.margin(w) FROM planned_wide w;
SELECT on_columns('SELECT * FROM planned_wide w, explain_score(w)');
-- more columns than a function takes: the row, or a shorter one that spares reading what is long
ALTER TABLE planned_wide ADD COLUMN c98 int, ADD COLUMN c99 int;
SELECT show_calls('SELECT risk.margin(w) FROM planned_wide w');
ALTER TABLE planned_wide ADD COLUMN about jsonb, ADD COLUMN born date;
ALTER TABLE planned_wide ALTER COLUMN about SET STORAGE EXTERNAL;
INSERT INTO planned_wide (x, y, c99, about) VALUES (3, NULL, 7, to_jsonb(repeat('long ', 10000)));
SELECT line ~ 'margin_columns\(.* ROW\(x, y, c1, ' AS row, line ~ ' c99, NULL::jsonb, NULL::date\)\)$' AS named,
	line ~ ' about[,)]' AS read
FROM calls('SELECT risk.margin(w) FROM planned_wide w') line;
SELECT w.x, risk.margin(w), same(risk.margin(w), risk.margin(o)) AS rows,
	same(risk.margin(w), risk.margin(to_jsonb(w))) AS objects,
	risk.explanation(w) = risk.explanation(o) AS explanation,
	(SELECT array_agg(e) FROM explain_score(w) e) = (SELECT array_agg(e) FROM explain_score(o) e) AS reasons
FROM planned_wide w JOIN (SELECT g.x, g FROM planned_wide g OFFSET 0) q (x, o) USING (x) ORDER BY x;
SELECT w.x, risk.margin(v) IS NULL AS null FROM planned_wide w LEFT JOIN planned_wide v ON v.x = w.x + 2 ORDER BY x;
BEGIN;
SELECT risk.promote_model(risk.import_model('planned_wide', linear_model(ARRAY['x'], ARRAY[1])),
	beside_others => true);
SET LOCAL plan_cache_mode = force_generic_plan;
PREPARE kept_wide AS SELECT sum(risk.margin(w, 'planned_wide')) FROM planned_wide w;
EXECUTE kept_wide;
SELECT risk.promote_model(risk.import_model('planned_wide', linear_model(ARRAY['c97', 'c99'], ARRAY[1, 10])));
EXECUTE kept_wide;
SELECT risk.promote_model(risk.import_model('planned_wide', linear_model(ARRAY['born', 'x'], ARRAY[1, 10])));
SELECT outcome('EXECUTE kept_wide');
SELECT outcome($$SELECT risk.margin(o, 'planned_wide') FROM (SELECT * FROM planned_wide OFFSET 0) o$$);
ROLLBACK;
DEALLOCATE kept_wide;

--
-- A plan that is written out as text and parsed again means the same, whatever the
-- columns are called: Citus sends such texts to its workers.
--
-- features called as an anonymous row calls its columns, and columns in another order
SELECT risk.import_model('planned_text', linear_model(ARRAY['f1', 'f2'], ARRAY[1, 100]));
CREATE FUNCTION make_text(relation name, filler int, more text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('CREATE TABLE %I (id int, gone int, %s f2 int, f1 numeric %s)', relation,
		(SELECT string_agg(format('c%s int DEFAULT %s,', n, n), ' ') FROM generate_series(1, filler) n), more);
	EXECUTE format('ALTER TABLE %I DROP COLUMN gone', relation);
	EXECUTE format('INSERT INTO %I (id, f1, f2) VALUES (7, 2, 3), (8, NULL, 5), (9, 4, NULL)', relation);
END
$$;
SELECT make_text('text_narrow', 9, ', about jsonb DEFAULT ''{}''');
SELECT make_text('text_wide', 100, '');
SELECT make_text('text_long', 101, ', about jsonb DEFAULT ''{}''');
CREATE FUNCTION written_out(call text, source text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	plan json;
BEGIN
	EXECUTE format('EXPLAIN (VERBOSE, COSTS OFF, FORMAT JSON) SELECT %s FROM %s', call, source) INTO plan;
	RETURN plan -> 0 -> 'Plan' -> 'Output' ->> 0;
END
$$;
CREATE FUNCTION answers(call text, source text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	answers text;
BEGIN
	EXECUTE format('SELECT array_agg(answer::text) FROM (SELECT %s AS answer FROM %s) q', call, source) INTO answers;
	RETURN answers;
END
$$;
CREATE FUNCTION answers_by_view(call text, source text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	definition text;
	answers text;
BEGIN
	EXECUTE format('CREATE TEMP VIEW written AS SELECT (%s)::text AS answer FROM %s', call, source);
	definition := pg_get_viewdef('written'::regclass);
	DROP VIEW written;
	EXECUTE format('SELECT array_agg(answer) FROM (%s) q', rtrim(definition, ';')) INTO answers;
	RETURN answers;
END
$$;
SELECT relation, source, count(*) AS calls, count(*) FILTER (WHERE text ~ '_columns\(') AS columns,
	count(*) FILTER (WHERE text ~ '_columns\(.*ROW\(') AS rows,
	bool_and(answers(text, relation) = answers(replace(call, '$', 'to_jsonb(q)'), written)) AS same,
	bool_and(answers_by_view(text, relation) = answers(text, relation)) AS same_by_view,
	min(answers(text, relation)) FILTER (WHERE call ~ 'score_company') AS scores
FROM unnest(ARRAY['text_narrow', 'text_wide', 'text_long']) relation,
	unnest(ARRAY['%I q', '(SELECT * FROM %I) q', '(SELECT p.*, 1 AS one FROM %I p) q']) source,
	unnest(ARRAY['score_company($, ''planned_text@1'')', 'risk.margin($, ''planned_text@1'')',
		'risk.margins($, ''planned_text@1'')', 'risk.predict($, ''planned_text@1'')',
		'risk.contributions($, ''planned_text@1'')', 'explain_score($, ''planned_text@1'', 1)',
		'risk.explain_groups($, ''planned_text@1'')', 'risk.explanation($, ''planned_text@1'')']) call,
	LATERAL (SELECT format(source, relation), written_out(replace(call, '$', 'q'), format(source, relation)))
		w (written, expression),
	-- what the query calls the relation
	LATERAL (SELECT regexp_replace(expression, '\m[qp]\.', relation || '.', 'g')) t (text)
GROUP BY relation, source ORDER BY relation, length(source);
-- the planner alone writes such calls: what is wrong in them is an error, or NULL
SELECT risk_internal.margin_columns('{f2,f1}', 'planned_text@1', ROW(1, 2)),
	risk_internal.margin_columns('{f2,f1}', 'planned_text@1', NULL::record) IS NULL AS null;
SELECT sum(risk_internal.margin_columns('{f2,f1}', 'planned_text@1', r))
FROM (SELECT ROW(1, 2) UNION ALL SELECT ROW(1.5, 2) UNION ALL SELECT ROW(1, 2::int2)) v (r);
SELECT outcome($$SELECT risk_internal.margin_columns('{f2,f1}', 'planned_text@1', ROW(1, 2, 3))$$);
SELECT outcome($$SELECT risk_internal.margin_columns('{f1}', 'planned_text@1', ROW(1))$$);
SELECT outcome($$SELECT risk_internal.margin_columns('{}', 'planned_text@1', ROW(1))$$);
SELECT outcome($$SELECT risk_internal.margin_columns('{f2,f1}', 'planned_text@1', ROW(1, point(1, 2)))$$);

--
-- Row security, security barriers, privileges
--
CREATE ROLE regress_company_risk_planner;
GRANT USAGE ON SCHEMA risk_test TO regress_company_risk_planner;
GRANT SELECT ON firms TO regress_company_risk_planner;
ALTER TABLE firms ENABLE ROW LEVEL SECURITY;
CREATE POLICY few ON firms USING (id <= 2 OR x IS NULL);
CREATE VIEW firms_barrier WITH (security_barrier) AS SELECT * FROM firms WHERE id <= 3;
GRANT SELECT ON firms_barrier TO regress_company_risk_planner;
SET ROLE regress_company_risk_planner;
SELECT show_calls('SELECT id FROM firms f WHERE score_company(f) > 0');
SELECT id, score_company(f) FROM firms f WHERE score_company(f) > 0 OR score_company(f) IS NULL ORDER BY id;
-- what is hidden is not scored
EXPLAIN (COSTS OFF) SELECT id FROM firms_barrier f WHERE score_company(f) > 0;
SELECT id FROM firms_barrier f WHERE score_company(f) > 200 ORDER BY id;
RESET ROLE;
DROP VIEW firms_barrier;
DROP POLICY few ON firms;
ALTER TABLE firms DISABLE ROW LEVEL SECURITY;
-- whoever may not call the function may not call it on columns, also with a plan made before
BEGIN;
PREPARE allowed AS SELECT count(score_company(f)) FROM firms f;
SET LOCAL plan_cache_mode = force_generic_plan;
SET LOCAL ROLE regress_company_risk_planner;
EXECUTE allowed;
RESET ROLE;
REVOKE EXECUTE ON FUNCTION score_company(record, text) FROM PUBLIC;
SET LOCAL ROLE regress_company_risk_planner;
SELECT outcome('EXECUTE allowed');
SELECT outcome('SELECT score_company(f) FROM firms f');
RESET ROLE;
ROLLBACK;
DEALLOCATE allowed;
-- nor directly, nor with a plan that another role's call made in the same session; and
-- a function of the same name lends nothing
BEGIN;
REVOKE EXECUTE ON FUNCTION score_company(record, text), explain_score(record, text, bigint) FROM PUBLIC;
CREATE FUNCTION scored_by_plan() RETURNS bigint LANGUAGE plpgsql AS
	'BEGIN RETURN (SELECT count(score_company(f)) FROM firms f); END';
CREATE FUNCTION risk_test.score_company(company record, model text) RETURNS float8 LANGUAGE plpgsql AS
	'BEGIN RETURN 0; END';
PREPARE allowed AS SELECT count(e.points) FROM firms f, explain_score(f) e;
SET LOCAL plan_cache_mode = force_generic_plan;
SET LOCAL search_path = public, risk_test;
SELECT scored_by_plan();
EXECUTE allowed;
SELECT risk_internal.score_columns('{x,y}', 'planned', 1, 2);
SET LOCAL ROLE regress_company_risk_planner;
SELECT outcome($$SELECT risk_internal.score_columns('{x,y}', 'planned', 1, 2)$$);
SELECT outcome($$SELECT risk_internal.score_columns('{x,y}', 'planned', ROW(1, 2))$$);
SELECT outcome($$SELECT * FROM risk_internal.explain_score_columns('{x,y}', 'planned', 3, 1, 2)$$);
SELECT outcome('SELECT scored_by_plan()');
SELECT outcome('EXECUTE allowed');
SELECT risk_internal.margin_columns('{x,y}', 'planned', 1, 2);
RESET ROLE;
-- with the privilege, the same plan runs
GRANT EXECUTE ON FUNCTION score_company(record, text) TO regress_company_risk_planner;
SET LOCAL ROLE regress_company_risk_planner;
SELECT scored_by_plan();
RESET ROLE;
ROLLBACK;
DEALLOCATE allowed;
-- whoever may not call the function on columns goes on calling it on rows
BEGIN;
REVOKE EXECUTE ON FUNCTION risk_internal.score_columns(text[], text, "any") FROM PUBLIC;
SET LOCAL ROLE regress_company_risk_planner;
SELECT count(score_company(f)) FROM firms f;
RESET ROLE;
ROLLBACK;
-- columns that one may not read make no row
REVOKE SELECT ON firms FROM regress_company_risk_planner;
GRANT SELECT (id, x, y) ON firms TO regress_company_risk_planner;
SET ROLE regress_company_risk_planner;
SELECT outcome('SELECT score_company(f) FROM firms f');
RESET ROLE;
REVOKE SELECT (id, x, y) ON firms FROM regress_company_risk_planner;
REVOKE USAGE ON SCHEMA risk_test FROM regress_company_risk_planner;
DROP ROLE regress_company_risk_planner;

--
-- Errors say the same
--
CREATE FUNCTION both_outcomes(model text, relation text, OUT outcome text, OUT same boolean) LANGUAGE plpgsql AS $$
DECLARE
	query text := format('SELECT risk.margin(f, %L) FROM %s f', model, relation);
BEGIN
	IF NOT on_columns(query) THEN
		RAISE EXCEPTION 'not on columns';
	END IF;
	outcome := outcome(query);
	same := outcome = outcome(format('SELECT risk.margin(f, %L) FROM (SELECT * FROM %s g OFFSET 0) f', model,
		relation));
END
$$;
SELECT risk.import_model('planned_lacks', linear_model(ARRAY['x', 'Y', 'nothing'], ARRAY[1, 2, 3]));
SELECT * FROM both_outcomes('planned_lacks@1', 'firms');
SELECT risk.import_model('planned_types', linear_model(ARRAY['x', 'born'], ARRAY[1, 2]));
SELECT * FROM both_outcomes('planned_types@1', 'firms');
SELECT risk.import_model('planned_notes', linear_model(ARRAY['notes'], ARRAY[1]));
SELECT * FROM both_outcomes('planned_notes@1', 'firms');
SELECT * FROM both_outcomes('planned_form@1', '(SELECT x AS form FROM firms)');
SELECT * FROM both_outcomes('planned@1', '(SELECT 1 AS x, id AS y, 2 AS x FROM firms)');
SELECT * FROM both_outcomes('unknown', 'firms');
SELECT * FROM both_outcomes('planned@99', 'firms');
SELECT * FROM both_outcomes('planned@x', 'firms');
-- nobody can do harm with the functions of plans
SELECT outcome($$SELECT risk_internal.margin_columns(ARRAY['x', 'y'], 'planned', 1)$$);
SELECT outcome($$SELECT risk_internal.margin_columns(ARRAY['x', NULL], 'planned', 1, 2)$$);
SELECT outcome($$SELECT risk_internal.margin_columns(ARRAY['x', 'y'], 'planned', VARIADIC ARRAY[1, 2])$$);
SELECT outcome($$SELECT risk_internal.margin_columns(ARRAY['x', CASE n WHEN 1 THEN 'y' END], 'planned', 1, 2)
	FROM generate_series(1, 2) n$$);
SELECT outcome($$SELECT risk_internal.margin_columns(ARRAY[['x'], ['y']], 'planned', 'a', '1')$$);
SELECT risk_internal.margin_columns(NULL, 'planned', 1),
	risk_internal.margin_columns(ARRAY['y', 'x'], 'planned', 1, 2);
SELECT outcome('SELECT risk_internal.planner_support(NULL)');

--
-- Plans that are kept, across promotions to a model with other features
--
SET plan_cache_mode = force_generic_plan;
PREPARE kept(text) AS SELECT sum(risk.margin(f, 'planned')), sum(risk.margin(f, $1)) FROM firms f;
EXECUTE kept('planned@1');
SELECT risk.import_model('planned', linear_model(ARRAY['late', 'id', 'alive'], ARRAY[1, 100, 10000]));
EXECUTE kept('planned@2');
SELECT risk.promote_model('planned@2');
EXECUTE kept('planned@1');
SELECT sum(risk.margin(to_jsonb(f), 'planned')) FROM firms f;
ALTER TABLE firms ADD COLUMN added int DEFAULT 1;
ALTER TABLE firms RENAME COLUMN late TO later;
SELECT outcome($$EXECUTE kept('planned@1')$$);
ALTER TABLE firms RENAME COLUMN later TO late;
EXECUTE kept('planned@1');
DROP VIEW firms_view;
DROP VIEW three_ways;
DROP MATERIALIZED VIEW planned_matview;
ALTER TABLE firms ALTER COLUMN x TYPE numeric;
EXECUTE kept('planned@1');
BEGIN;
SELECT risk.rollback_model('planned', 'a test');
EXECUTE kept('planned@1');
ROLLBACK;
EXECUTE kept('planned@1');
DEALLOCATE kept;
RESET plan_cache_mode;
CREATE FUNCTION kept(company int) RETURNS float8 LANGUAGE plpgsql STABLE AS $$
BEGIN
	RETURN (SELECT risk.margin(f, 'planned') FROM firms f WHERE f.id = company);
END
$$;
SELECT kept(1);
SELECT risk.promote_model('planned@1');
SELECT kept(1);

--
-- Parallel plans
--
SET max_parallel_workers_per_gather = 2;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
ALTER TABLE firms SET (parallel_workers = 2);
EXPLAIN (COSTS OFF) SELECT sum(score_company(f)) FROM firms f;
SELECT on_columns('SELECT sum(score_company(f)) FROM firms f');
SELECT sum(score_company(f)) = (SELECT sum(score_company(o)) FROM (SELECT * FROM firms OFFSET 0) o) AS same
FROM firms f;
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
RESET min_parallel_table_scan_size;
SET max_parallel_workers_per_gather = 0;

--
-- Estimates
--
CREATE FUNCTION estimate(query text, OUT cost float8, OUT rows float8) LANGUAGE plpgsql AS $$
DECLARE
	plan json;
BEGIN
	EXECUTE 'EXPLAIN (FORMAT JSON) ' || query INTO plan;
	cost := (plan -> 0 -> 'Plan' ->> 'Total Cost')::float8;
	rows := (plan -> 0 -> 'Plan' ->> 'Plan Rows')::float8;
END
$$;
-- by the model's size, whichever the form; what is not known costs what is declared
SELECT risk.import_model('planned_large', golden_model(g.case_name, 'ubj'))
FROM golden g WHERE g.booster = 'gbtree' AND g.output_groups = 1
ORDER BY g.iterations DESC, g.features DESC, g.case_name LIMIT 1;
CREATE TABLE planned_one AS SELECT 1 AS x, 2 AS y;
ANALYZE planned_one;
SELECT small.cost < large.cost AS size, small.cost < declared.cost AS declared,
	declared.cost = parameter.cost AS not_constant,
	declared.cost - none.cost BETWEEN 1.24 AND 1.26 AS as_declared, explained.cost > large.cost AS explained,
	small.cost = rows.cost AS same_for_rows
FROM estimate($$SELECT risk.margin(o, 'planned@1') FROM planned_one o$$) small,
	estimate($$SELECT risk.margin(ARRAY[1.0::float8, 2.0], 'planned@1') FROM planned_one o$$) rows,
	estimate($$SELECT risk.margin(o, 'planned_large@1') FROM planned_one o$$) large,
	estimate($$SELECT risk.contributions(o, 'planned_large@1') FROM planned_one o$$) explained,
	estimate($$SELECT risk.margin(o, 'unknown') FROM planned_one o$$) declared,
	estimate($$SELECT risk.margin(o, x::text) FROM planned_one o$$) parameter,
	estimate($$SELECT 1 FROM planned_one o$$) none;
SELECT (estimate(format('SELECT * FROM %s', call))).rows, call FROM (VALUES
	($$explain_score('{}'::jsonb, 'planned@1')$$),
	($$explain_score('{}'::jsonb, 'planned_large@1') $$),
	($$explain_score('{}'::jsonb, 'planned_large@1', 3)$$),
	($$explain_score('{}'::jsonb, 'planned_large@1', 1000)$$),
	($$explain_score('{}'::jsonb, 'planned_large@1', -1)$$),
	($$explain_score('552100554', 'planned_large@1', NULL, 3)$$),
	($$explain_score('{}'::jsonb, 'unknown', 3)$$),
	($$explain_score('{}'::jsonb, 'planned@4294967297', 3)$$),
	($$explain_score('{}'::jsonb, 'planned@0x', 3)$$),
	($$explain_score('{}'::jsonb, '@', 3)$$),
	($$explain_score('{}'::jsonb, '', 3)$$),
	($$planned_one o, explain_score(o, 'planned@1')$$),
	($$planned_one o, explain_score(o, 'planned@1', 1)$$)) v (call);
SET company_risk.default_model = 'planned@1';
SELECT (estimate($$SELECT * FROM explain_score('{}'::jsonb)$$)).rows;
SET company_risk.default_model = 'nowhere';
SELECT (estimate($$SELECT * FROM explain_score('{}'::jsonb)$$)).rows;
RESET company_risk.default_model;
-- within a transaction that changes the registry
BEGIN;
SELECT (estimate($$SELECT * FROM explain_score('{}'::jsonb, 'planned')$$)).rows;
SELECT risk.promote_model('planned@2');
SELECT (estimate($$SELECT * FROM explain_score('{}'::jsonb, 'planned')$$)).rows;
ROLLBACK;
SELECT (estimate($$SELECT * FROM explain_score('{}'::jsonb, 'planned')$$)).rows;
