--
-- Materialized views: refreshing on unchanged data changes no row, whatever the
-- search_path, and follows a promotion.
--
\getenv abs_srcdir PG_ABS_SRCDIR
\i :abs_srcdir/test/regress/fixture.sql
\i :abs_srcdir/test/regress/golden.sql
SET search_path = risk_test, public;
CREATE SCHEMA risk_test_views;
SELECT risk.import_model('viewed', golden_model('logistic-xgb3.3.0', 'ubj'));
SELECT risk.promote_model('viewed@1');
SELECT risk.set_thresholds('viewed', 0.5, 0.25);
CREATE TABLE given AS
SELECT lpad(number::text, 9, '0') AS siren, string_to_array(line, ',', '')::float8[] AS features FROM golden_line
WHERE case_name = 'logistic-xgb3.3.0' AND file = 'rows.csv' AND number > 1;
SELECT format('CREATE VIEW feature_row AS SELECT siren, %s FROM given',
	string_agg(format('features[%s] AS %I', position, feature), E',\n\t' ORDER BY position))
FROM risk.model_features WHERE name = 'viewed' \gexec
SELECT risk.bind_source('viewed', 'feature_row', 'siren');
CREATE MATERIALIZED VIEW risk_test_views.scores AS
SELECT siren, score_company(f) AS score, risk.alert_level(score_company(f)) AS level,
	risk.explanation(f) AS explanation,
	score_company(siren) AS looked_up, (SELECT feature FROM explain_score(f, top => 1) WHERE rank = 1) AS first_reason
FROM feature_row f;
CREATE UNIQUE INDEX ON risk_test_views.scores (siren);
SELECT count(*), count(DISTINCT level) AS levels, bool_and(score = looked_up) AS same FROM risk_test_views.scores;

-- Concurrently: rows are compared, and as all of them are the same, none is touched
CREATE TEMPORARY TABLE rows_before AS SELECT ctid AS at, xmin::text AS by, s::text AS row, siren
FROM risk_test_views.scores s;
REFRESH MATERIALIZED VIEW CONCURRENTLY risk_test_views.scores;
SELECT count(*), bool_and(s.ctid = b.at AND s.xmin::text = b.by) AS untouched
FROM risk_test_views.scores s JOIN rows_before b USING (siren);
-- with no search_path at all, as a scheduler may have it
SET search_path = '';
REFRESH MATERIALIZED VIEW CONCURRENTLY risk_test_views.scores;
REFRESH MATERIALIZED VIEW risk_test_views.scores;
SET search_path = risk_test, public;
SELECT count(*), bool_and(s::text = b.row) AS same FROM risk_test_views.scores s JOIN rows_before b USING (siren);
-- made anew: the same
REFRESH MATERIALIZED VIEW risk_test_views.scores WITH NO DATA;
REFRESH MATERIALIZED VIEW risk_test_views.scores;
SELECT count(*), bool_and(s::text = b.row) AS same FROM risk_test_views.scores s JOIN rows_before b USING (siren);

-- The test can tell: a changed row is a changed row
UPDATE given SET features[1] = 12.5 WHERE siren = '000000009';
DROP TABLE rows_before;
CREATE TEMPORARY TABLE rows_before AS SELECT ctid AS at, siren FROM risk_test_views.scores s;
REFRESH MATERIALIZED VIEW CONCURRENTLY risk_test_views.scores;
SELECT string_agg(siren, ' ') AS touched FROM risk_test_views.scores s JOIN rows_before b USING (siren)
WHERE s.ctid <> b.at;

-- A view that names no version follows a promotion when it is refreshed, not before
SELECT risk.import_model('viewed', golden_model('logistic-xgb3.3.0', 'ubj'), rounds => 1);
SELECT risk.set_thresholds('viewed@2', 0.5, 0.25);
SELECT risk.promote_model('viewed@2');
SELECT DISTINCT explanation ->> 'model' AS model FROM risk_test_views.scores;
REFRESH MATERIALIZED VIEW CONCURRENTLY risk_test_views.scores;
SELECT DISTINCT explanation ->> 'model' AS model FROM risk_test_views.scores;

-- An owner without rights on the registry refreshes it like others
CREATE ROLE regress_company_risk_owner;
GRANT USAGE ON SCHEMA risk_test TO regress_company_risk_owner;
GRANT USAGE, CREATE ON SCHEMA risk_test_views TO regress_company_risk_owner;
GRANT SELECT ON feature_row TO regress_company_risk_owner;
ALTER MATERIALIZED VIEW risk_test_views.scores OWNER TO regress_company_risk_owner;
REFRESH MATERIALIZED VIEW CONCURRENTLY risk_test_views.scores;
SELECT count(*) FROM risk_test_views.scores;

DROP OWNED BY regress_company_risk_owner;
DROP ROLE regress_company_risk_owner;
