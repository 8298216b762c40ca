--
-- The extension's objects: versions agree, everything says what it is, what it
-- needs and who may call it; and it comes and goes without a trace.
--
\getenv abs_srcdir PG_ABS_SRCDIR
\i :abs_srcdir/test/regress/fixture.sql
\set control_version `sed -n "s/^default_version *= *'\(.*\)'/\1/p" "$PG_ABS_SRCDIR/company_risk.control"`
SELECT extversion = :'control_version' AS control_file, extversion = risk.library_version() AS library,
	extversion ~ '^\d+\.\d+\.\d+$' AS three_numbers
FROM pg_extension WHERE extname = 'company_risk';

CREATE TEMPORARY TABLE member AS
SELECT d.classid, d.objid, i.type, i.identity
FROM pg_depend d, LATERAL pg_identify_object(d.classid, d.objid, d.objsubid) i
WHERE d.deptype = 'e' AND d.refclassid = 'pg_extension'::regclass
	AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'company_risk');
SELECT type, count(*) > 0 AS there FROM member WHERE type IN ('function', 'schema', 'table', 'view')
GROUP BY type ORDER BY type;
-- the two verbs stand in the schema chosen at creation, all else in risk
SELECT n.nspname AS schema, p.proname AS function, count(*) AS forms FROM member m
	JOIN pg_proc p ON m.classid = 'pg_proc'::regclass AND p.oid = m.objid
	JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname NOT IN ('risk', 'risk_internal') GROUP BY 1, 2
	ORDER BY 1, 2;
SELECT count(*) AS elsewhere FROM member m JOIN pg_class c ON m.classid = 'pg_class'::regclass AND c.oid = m.objid
	JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname NOT IN ('risk', 'risk_internal');
-- all of it has a comment
SELECT type, identity AS without_comment FROM member
WHERE type IN ('function', 'schema', 'table', 'view', 'type', 'operator', 'aggregate')
	AND COALESCE(obj_description(objid, classid::regclass::text), '') = ''
	-- the row types of tables and views
	AND NOT (type = 'type' AND EXISTS (SELECT FROM pg_type t
		WHERE t.oid = objid AND (t.typrelid <> 0 OR t.typelem <> 0)))
ORDER BY type, identity COLLATE "C";

-- so has every column of a view
SELECT c.oid::regclass AS view, a.attname AS column_without_comment FROM member m
	JOIN pg_class c ON m.classid = 'pg_class'::regclass AND c.oid = m.objid AND c.relkind = 'v'
	JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
WHERE COALESCE(col_description(c.oid, a.attnum), '') = ''
ORDER BY c.oid::regclass::text COLLATE "C", a.attnum;
-- One thing has one name in all views: what has a version has a reference, times end in _at, a
-- calibration is the whole of it, digests are hex, and a number of features is none of features
SELECT c.oid::regclass AS view, a.attname AS odd_column, format_type(a.atttypid, NULL) AS type FROM member m
	JOIN pg_class c ON m.classid = 'pg_class'::regclass AND c.oid = m.objid AND c.relkind = 'v'
	JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
WHERE a.attname = 'version' AND NOT EXISTS (SELECT FROM pg_attribute r
		WHERE r.attrelid = c.oid AND r.attname = 'reference' AND r.atttypid = 'text'::regtype)
	OR (a.atttypid = 'timestamptz'::regtype) <> (a.attname LIKE '%\_at')
	OR a.attname = 'calibration' AND a.atttypid <> 'jsonb'::regtype
	OR a.attname ~ 'digest$' AND a.atttypid <> 'text'::regtype
	OR a.attname = 'features' AND a.atttypid = 'integer'::regtype
ORDER BY c.oid::regclass::text COLLATE "C", a.attnum;
-- Arguments have names, and one thing has one name: a column is name or name[] and called ..._column or
-- ..._columns, a seed is bigint and 0, bytes are not called model, nor is anything by the names of before
SELECT p.proname AS function, a.name AS argument, format_type(a.type, NULL) AS type
FROM member m JOIN pg_proc p ON m.classid = 'pg_proc'::regclass AND p.oid = m.objid
		AND p.pronamespace = 'risk'::regnamespace,
	ROWS FROM (unnest(p.proargtypes::oid[]), unnest(COALESCE(p.proargnames, '{}')))
		WITH ORDINALITY a (type, name, number)
WHERE a.number <= p.pronargs AND NOT (p.prorettype = 'trigger'::regtype)
	AND (COALESCE(a.name, '') = ''
		OR a.type IN ('name'::regtype, 'name[]'::regtype) AND a.name !~ '_columns?$'
		OR a.name ~ '_columns?$' AND a.type NOT IN ('name'::regtype, 'name[]'::regtype)
		OR a.name = 'seed' AND (a.type <> 'bigint'::regtype
			OR pg_get_function_arguments(p.oid) NOT LIKE '%seed bigint DEFAULT 0%')
		OR a.type = 'bytea'::regtype AND a.name = 'model'
		OR a.name IN ('iterations', 'sample', 'early_stopping', 'label', 'weight', 'known', 'key')
			AND a.type IN ('name'::regtype, 'text'::regtype, 'integer'::regtype))
ORDER BY p.oid::regprocedure::text COLLATE "C", a.number;

-- How the functions may be used; forms is the number of functions of a name
SELECT p.proname AS function, count(*) AS forms,
	CASE p.provolatile WHEN 'i' THEN 'immutable' WHEN 's' THEN 'stable' ELSE 'volatile' END AS volatility,
	CASE p.proparallel WHEN 's' THEN 'safe' WHEN 'r' THEN 'restricted' ELSE 'unsafe' END AS parallel,
	p.proisstrict AS strict, p.prosecdef AS as_owner, p.procost AS cost, p.prorows AS rows,
	bool_and(has_function_privilege('public', p.oid, 'EXECUTE')) AS public
FROM member m JOIN pg_proc p ON m.classid = 'pg_proc'::regclass AND p.oid = m.objid
GROUP BY p.proname, p.provolatile, p.proparallel, p.proisstrict, p.prosecdef, p.procost, p.prorows
ORDER BY p.proname COLLATE "C";
-- what everybody may read
SELECT c.relname AS relation, c.relkind AS kind, has_table_privilege('public', c.oid, 'SELECT') AS select,
	has_table_privilege('public', c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER') AS change
FROM member m JOIN pg_class c ON m.classid = 'pg_class'::regclass AND c.oid = m.objid WHERE c.relkind IN ('r', 'v')
ORDER BY c.relname COLLATE "C";
-- the settings
SELECT name, boot_val, unit, context, vartype, min_val, max_val, short_desc <> '' AS described
FROM pg_settings WHERE name LIKE 'company_risk.%' ORDER BY name COLLATE "C";

-- Gone without a trace, and made again in another schema
DROP TABLE member;
SET client_min_messages = warning;
DROP SCHEMA risk_test CASCADE;
RESET client_min_messages;
DROP EXTENSION company_risk;
SELECT count(*) AS schemas FROM pg_namespace WHERE nspname IN ('risk', 'risk_test');
SELECT count(*) AS functions FROM pg_proc WHERE proname IN ('score_company', 'explain_score');
CREATE SCHEMA risk_test;
CREATE EXTENSION company_risk SCHEMA risk_test;
SELECT DISTINCT pronamespace::regnamespace AS schema FROM pg_proc WHERE proname IN ('score_company', 'explain_score');
SELECT count(*) AS models FROM risk.models;
DROP EXTENSION company_risk;
DROP SCHEMA risk_test;
