--
-- The golden cases: answers that XGBoost gave itself, through SQL.  Of every case,
-- in JSON and in UBJSON, every row goes in as a row, as JSON and as an array.
--
\getenv abs_srcdir PG_ABS_SRCDIR
\i :abs_srcdir/test/regress/fixture.sql
\i :abs_srcdir/test/regress/golden.sql
SET search_path = risk_test, public;

-- All of it arrived: every case has rows, margins, predictions and a model.
SELECT count(*) >= 40 AS many_cases,
	bool_and(EXISTS (SELECT FROM golden_line l WHERE l.case_name = g.case_name AND l.file = 'rows.csv'
		AND l.number = 41)) AS rows,
	bool_and(EXISTS (SELECT FROM golden_line l WHERE l.case_name = g.case_name AND l.file = 'margin.csv'
		AND l.number = 40)) AS margins,
	bool_and(EXISTS (SELECT FROM golden_line l WHERE l.case_name = g.case_name AND l.file = 'predict.csv'
		AND l.number = 40)) AS predictions,
	bool_and(golden_model(g.case_name, 'ubj') IS NOT NULL) AS models
FROM golden g;

-- What one model in one format answered for one row in one form, and what it should.
CREATE TABLE golden_answer (
	case_name text, format text, form text, number integer,
	margins float8[], predictions float8[], contributions float8[],
	true_margins float4[], true_predictions float4[], true_contributions float4[]);

-- Imports a case and fills in its answers.
CREATE FUNCTION run_golden(golden, format text) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	model text := risk.import_model('golden', golden_model($1.case_name, format), rounds => $1.iterations);
	names text[] := string_to_array((SELECT line FROM golden_line l
		WHERE l.case_name = $1.case_name AND file = 'rows.csv' AND number = 1), ',');
	categorical boolean[];
	columns text;
	features text[];
BEGIN
	SELECT array_agg(f.kind = 'category names' ORDER BY f.position), array_agg(f.feature ORDER BY f.position)
	INTO categorical, features
	FROM risk.model_features f WHERE f.reference = model;
	IF features <> names THEN
		RAISE EXCEPTION 'case % has features %, not %', $1.case_name, features, names;
	END IF;
	SELECT string_agg(format('CASE fields[%1$s] WHEN '''' THEN NULL ELSE fields[%1$s] END::%2$s AS %3$I', ordinality,
			CASE WHEN categorical[ordinality] THEN 'text' ELSE 'float8' END, name), ', ')
	INTO columns FROM unnest(names) WITH ORDINALITY name;

	EXECUTE format('CREATE TEMPORARY TABLE given AS SELECT number - 1 AS number, %s
		FROM (SELECT number, string_to_array(line, '','') AS fields FROM golden_line
			WHERE case_name = %L AND file = ''rows.csv'' AND number > 1) line', columns, $1.case_name);
	INSERT INTO golden_answer
	SELECT $1.case_name, format, 'row', g.number,
		risk.margins(g, model), risk.predict(g, model), flat.contributions
	FROM given g, LATERAL (SELECT array_agg(c) AS contributions FROM unnest(risk.contributions(g, model)) c) flat;
	INSERT INTO golden_answer
	SELECT $1.case_name, format, 'jsonb', g.number,
		risk.margins(to_jsonb(g), model), risk.predict(to_jsonb(g), model), flat.contributions
	FROM given g, LATERAL (SELECT array_agg(c) AS contributions
		FROM unnest(risk.contributions(to_jsonb(g), model)) c) flat;
	IF NOT true = ANY (categorical) THEN
		INSERT INTO golden_answer
		SELECT $1.case_name, format, 'array', number - 1,
			risk.margins(a.fields, model), risk.predict(a.fields, model), flat.contributions
		FROM (SELECT number, string_to_array(line, ',', '')::float8[] AS fields FROM golden_line l
				WHERE l.case_name = $1.case_name AND file = 'rows.csv' AND number > 1) a,
			LATERAL (SELECT array_agg(c) AS contributions
				FROM unnest(risk.contributions(a.fields, model)) c) flat;
	END IF;
	DROP TABLE given;
	PERFORM risk.drop_model(model);
END
$$;

SET client_min_messages = warning;
SELECT count(run_golden(g, f.format)) AS models
FROM golden g CROSS JOIN (VALUES ('json'), ('ubj')) f (format)
WHERE g.case_name NOT LIKE 'vector-leaf-%' AND golden_model(g.case_name, f.format) IS NOT NULL;
RESET client_min_messages;

UPDATE golden_answer a
SET true_margins = (SELECT string_to_array(line, ',')::float4[] FROM golden_line l
		WHERE l.case_name = a.case_name AND file = 'margin.csv' AND l.number = a.number),
	true_predictions = (SELECT string_to_array(line, ',')::float4[] FROM golden_line l
		WHERE l.case_name = a.case_name AND file = 'predict.csv' AND l.number = a.number),
	-- one line for each row and output group
	true_contributions = (SELECT string_to_array(string_agg(line, ',' ORDER BY l.number), ',')::float4[]
		FROM golden_line l JOIN golden g USING (case_name)
		WHERE l.case_name = a.case_name AND file = 'contribs.csv'
			AND (l.number - 1) / g.output_groups + 1 = a.number);

-- Everything was compared; categories with names do not come in arrays.
SELECT form, count(DISTINCT case_name) AS cases, count(DISTINCT (case_name, format)) AS models, count(*) AS answers
FROM golden_answer GROUP BY form ORDER BY form;
SELECT count(*) AS incomplete FROM golden_answer
WHERE margins IS NULL OR predictions IS NULL OR contributions IS NULL OR true_margins IS NULL
	OR true_predictions IS NULL OR true_contributions IS NULL;

-- Margins: the same bits.
SELECT case_name, format, form, count(*) AS wrong_margins FROM golden_answer a
WHERE cardinality(margins) <> cardinality(true_margins)
	OR EXISTS (SELECT FROM unnest(margins, true_margins) m (ours, theirs)
		WHERE NOT same(ours, theirs::float8))
GROUP BY case_name, format, form ORDER BY case_name COLLATE "C", format, form;

-- Predictions: at most one step of float32 away.
SELECT case_name, format, form, count(*) AS wrong_predictions FROM golden_answer a
WHERE cardinality(predictions) <> cardinality(true_predictions)
	OR EXISTS (SELECT FROM unnest(predictions, true_predictions) p (ours, theirs)
		WHERE ours <> ours::float4 OR ulps(ours::float4, theirs) > 1)
GROUP BY case_name, format, form ORDER BY case_name COLLATE "C", format, form;

-- Contributions: as near as XGBoost's own float32 sums are, and they add up.
CREATE VIEW golden_group AS
SELECT a.case_name, a.format, a.form, a.number, k, a.margins[k] AS margin, g.features + 1 AS width,
	a.contributions[(k - 1) * (g.features + 1) + 1 : k * (g.features + 1)] AS ours,
	a.true_contributions[(k - 1) * (g.features + 1) + 1 : k * (g.features + 1)] AS theirs
FROM golden_answer a JOIN golden g USING (case_name), generate_series(1, cardinality(a.margins)) k;
SELECT case_name, format, form, count(*) AS wrong_contributions FROM golden_group
WHERE cardinality(ours) <> width OR cardinality(theirs) <> width
	OR EXISTS (SELECT FROM unnest(ours, theirs) c (ours, theirs)
		WHERE (abs(c.ours - c.theirs) <= 1e-4 * greatest(1, abs(margin))) IS NOT TRUE)
GROUP BY case_name, format, form ORDER BY case_name COLLATE "C", format, form;
SELECT case_name, format, form, count(*) AS wrong_sums FROM golden_group
WHERE (abs((SELECT sum(c) FROM unnest(ours) c) - margin) <= 1e-5 * greatest(1, abs(margin))) IS NOT TRUE
GROUP BY case_name, format, form ORDER BY case_name COLLATE "C", format, form;

-- All forms and both formats answer the same bits.
SELECT case_name, number, count(DISTINCT (margins, predictions, contributions)) AS answers FROM golden_answer
GROUP BY case_name, number HAVING count(DISTINCT (margins, predictions, contributions)) > 1
ORDER BY case_name COLLATE "C", number;
