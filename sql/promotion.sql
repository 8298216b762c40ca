--
-- Promotion: what a version must have before it may take the place of the one in
-- production, and risk.check_model, which says the same beforehand.
--
\getenv abs_srcdir PG_ABS_SRCDIR
\i :abs_srcdir/test/regress/fixture.sql
\i :abs_srcdir/test/regress/golden.sql
SET search_path = risk_test, public;

CREATE TABLE company (siren text PRIMARY KEY, debt int, staff int);
INSERT INTO company VALUES ('000000001', 1, 2);
SELECT risk.import_model('failure', linear_model(ARRAY['debt', 'staff'], ARRAY[1, 10]));
SELECT risk.bind_source('failure@1', 'company', 'siren');
SELECT * FROM risk.check_model('failure@1');
SELECT risk.promote_model('failure@1');
SELECT score_company('000000001');

--
-- The relation
--
-- the next version takes over a binding that cannot feed it
SELECT risk.import_model('failure', linear_model(ARRAY['debt', 'staff', 'known case'], ARRAY[1, 10, 5]));
\pset format unaligned
\pset tuples_only on
SELECT outcome($$SELECT risk.promote_model('failure@2', 'better')$$);
SELECT "check", result FROM risk.check_model('failure@2');
SELECT score_company('000000001');
SELECT count(*) AS promotions FROM risk.model_events WHERE event = 'promote';
-- neither for text, nor for what is not a number
ALTER TABLE company ADD "known case" text;
SELECT outcome($$SELECT risk.promote_model('failure@2')$$);
SELECT outcome($$SELECT risk.bind_source('failure@2', 'company', 'siren')$$);
ALTER TABLE company ALTER "known case" TYPE boolean USING false;
SELECT risk.promote_model('failure@2');
SELECT score_company('000000001');
-- nor back to one that cannot be fed any more
ALTER TABLE company RENAME debt TO debts;
SELECT outcome($$SELECT risk.rollback_model('failure')$$);
SELECT "check", detail FROM risk.check_model() WHERE result <> 'ok';
ALTER TABLE company RENAME debts TO debt;
SELECT risk.rollback_model('failure');
-- key and period
CREATE TABLE monthly (siren text, month date, debt int, staff int, "known case" boolean);
SELECT risk.bind_source('failure@2', 'monthly', 'siren', 'month');
ALTER TABLE monthly ALTER month TYPE timestamp;
SELECT outcome($$SELECT risk.promote_model('failure@2')$$);
DROP TABLE monthly;
SELECT outcome($$SELECT risk.promote_model('failure@2')$$);
CREATE SEQUENCE monthly;
SELECT outcome($$SELECT risk.promote_model('failure@2')$$);
DROP SEQUENCE monthly;
-- a statement in a hint says what it should
SELECT risk.bind_source('failure@1', 'company', 'siren');
CREATE VIEW "Quoted ""monthly""" AS SELECT siren, date '2026-01-01' AS "the 'month", debt, staff, "known case"
FROM company;
SELECT risk.bind_source('failure@2', '"Quoted ""monthly"""', 'siren', 'the ''month');
SELECT risk.promote_model('failure@2');
-- what is in production is bound, and the candidate is not
SELECT risk.import_model('late', linear_model(ARRAY['debt'], ARRAY[1])),
	risk.import_model('late', linear_model(ARRAY['debt'], ARRAY[2]));
SELECT "check", result, detail FROM risk.check_model('late@1') WHERE "check" IN ('relation', 'columns');
SELECT risk.promote_model('late@1', beside_others => true);
SELECT risk.bind_source('late@1', '"Quoted ""monthly"""', 'siren', 'the ''month');
SELECT outcome($$SELECT risk.promote_model('late@2')$$);
SELECT split_part(detail, 'Bind it: ', 2) AS statement FROM risk.check_model('late@2') WHERE "check" = 'relation' \gset
:statement
SELECT risk.promote_model('late@2');
SELECT score_company('000000001', 'late');
-- many columns: the first ten are named
SELECT risk.import_model('late', linear_model((SELECT array_agg('f' || n ORDER BY n) FROM generate_series(1, 30) n),
	array_fill(1::float8, ARRAY[30])));
SELECT outcome($$SELECT risk.promote_model('late@3')$$);
-- types of categories: names are text, codes are numbers; a column of no split counts, too
SELECT risk.import_model('legal', golden_model('category-names-xgb3.3.0', 'json'));
CREATE TABLE legal (siren text, dette numeric, region int, forme text, effectif date);
SELECT outcome($$SELECT risk.bind_source('legal@1', 'legal', 'siren')$$);
SELECT outcome($$SELECT risk.bind_source('legal@1', 0, 'siren')$$);
CREATE DOMAIN form AS varchar(20);
ALTER TABLE legal ALTER region TYPE form, ALTER effectif TYPE int2 USING 1;
SELECT risk.bind_source('legal@1', 'legal', 'siren');
-- what the check accepts is scored, and what it refuses is not, type by type
CREATE TYPE shape AS ENUM ('SA');
SELECT risk.import_model('one', linear_model(ARRAY['x'], ARRAY[1]));
CREATE FUNCTION accepted(type text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	bound text;
	scored text;
BEGIN
	EXECUTE format('CREATE TABLE typed (siren text, x %s)', type);
	INSERT INTO typed VALUES ('1');
	bound := left(outcome($q$SELECT risk.bind_source('one@1', 'typed', 'siren')$q$), 5);
	scored := left(outcome($q$SELECT score_company(t, 'one@1') FROM typed t$q$), 5);
	DROP TABLE typed;
	RETURN concat_ws(' ', bound, CASE WHEN bound <> scored THEN '<> ' || scored END);
END
$$;
SELECT type, accepted(type) FROM unnest('{int2,int4,int8,float4,float8,numeric,"numeric(5,2)",bool,
	text,form,shape,date,money,int[],jsonb,bytea,name}'::text[]) type;

--
-- Thresholds
--
DROP VIEW "Quoted ""monthly""";
SELECT risk.archive_model('late@2');
SELECT risk.import_model('alerts', linear_model(ARRAY['debt'], ARRAY[1], 0, 'binary:logistic')),
	risk.import_model('alerts', linear_model(ARRAY['debt'], ARRAY[2], 0, 'binary:logistic'));
SELECT risk.set_thresholds('alerts@1', 0.5, 0.1);
SELECT risk.promote_model('alerts@1', beside_others => true);
SELECT outcome($$SELECT risk.promote_model('alerts@2')$$);
SELECT regexp_replace(detail, '.*(SELECT risk)', '\1') AS statement FROM risk.check_model('alerts@2')
WHERE "check" = 'thresholds' \gset
:statement
SELECT risk.promote_model('alerts@2');

--
-- Another name
--
SELECT risk.archive_model('alerts@2'), risk.archive_model('failure@2');
SELECT risk.import_model('first', linear_model(ARRAY['debt'], ARRAY[1])),
	risk.import_model('second', linear_model(ARRAY['debt'], ARRAY[100])),
	risk.import_model('third', linear_model(ARRAY['debt'], ARRAY[1000]));
SELECT risk.promote_model('first@1');
SELECT outcome($$SELECT risk.promote_model('second@1')$$);
SELECT outcome($$SELECT risk.promote_model('second@1', 'why', NULL)$$) LIKE '55000:%';
SELECT score_company(c) FROM company c;
-- what this session has set is not what others begin with
SET company_risk.default_model = 'first';
SELECT outcome($$SELECT risk.promote_model('second@1')$$) LIKE '55000:%';
RESET company_risk.default_model;
-- said to be meant; a third name makes nothing worse
BEGIN;
SELECT risk.promote_model('second@1', 'every call names its model', beside_others => true);
SELECT outcome($$SELECT score_company(c) FROM company c$$);
SELECT * FROM risk.check_model('second@1') WHERE result <> 'ok';
SELECT risk.promote_model('third@1');
ROLLBACK;
-- nor comes a name back beside another by a rollback
BEGIN;
SELECT risk.archive_model('first@1');
SELECT risk.promote_model('second@1');
SELECT outcome($$SELECT risk.rollback_model('first', target => 'first@1')$$);
ROLLBACK;
-- a default of the database: the statement of the hint, on a database of any name
BEGIN;
SELECT substring(detail FROM 'ALTER DATABASE .*?;') AS statement FROM risk.check_model('second@1')
WHERE result = 'failure' \gset
:statement
SELECT risk.promote_model('second@1');
SELECT "check", result, detail FROM risk.check_model('second@1') WHERE "check" LIKE 'calls%';
ROLLBACK;
-- an empty default is none, that of another role is not everybody's; one of all roles is
CREATE ROLE regress_company_risk_reader;
BEGIN;
ALTER ROLE ALL SET company_risk.default_model = '';
ALTER ROLE regress_company_risk_reader SET company_risk.default_model = 'first';
SELECT outcome($$SELECT risk.promote_model('second@1')$$) LIKE '55000:%';
ALTER ROLE ALL SET company_risk.default_model = 'first';
SELECT risk.promote_model('second@1');
ROLLBACK;

--
-- Calibration that cannot be read, as a restored registry might have it; everybody may ask
--
BEGIN;
UPDATE risk_internal.registry SET calibration = '{"method": "divination"}' WHERE name = 'alerts' AND version = 1;
SET ROLE regress_company_risk_reader;
SELECT "check", result, detail FROM risk.check_model('alerts@1') WHERE "check" = 'calibration';
ROLLBACK;
SELECT outcome($$SELECT * FROM risk.check_model('nobody')$$);
DROP ROLE regress_company_risk_reader;
