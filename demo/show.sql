-- The showing part: run after load.sql and train.sql, in this folder.

\set ON_ERROR_STOP on
\pset footer off
\pset border 1
\pset null '-'
\pset pager off
SET client_min_messages = notice;
SET jit = off;

-- ---------------------------------------------------------------- the model

\echo
\echo '=== Is it any good? On companies it never saw, with and without those already in a procedure'
\echo
\set ECHO queries
SELECT known_cases, rows, positives, round(average_precision::numeric, 3) AS average_precision,
	   round(roc_auc::numeric, 3) AS roc_auc, round(threshold_strong::numeric, 3) AS strong,
	   round(precision_strong::numeric, 2) AS precision, round(recall_strong::numeric, 2) AS recall,
	   round(threshold_moderate::numeric, 3) AS moderate,
	   round(precision_moderate::numeric, 2) AS precision, round(recall_moderate::numeric, 2) AS recall
FROM risk.training_metrics
WHERE reference = 'defaillance@1' AND held_out = 'test'
ORDER BY known_cases;
\set ECHO none

\echo
\echo '    ... and what other thresholds would do there, those already in a procedure left out'
\echo
\set ECHO queries
WITH held_out AS (
	SELECT score_company(f, 'defaillance@1') AS score, o.failure = 1 AS failed
	FROM sfdata.company_features f
	JOIN sfdata.company_outcomes o USING (siren, periode)
	WHERE NOT o.signaux_forts
	  AND risk.training_draw(siren, 0) < 0.3 AND risk.training_draw(siren, 0, 'test') < 0.5
)
SELECT threshold, alerts, round(precision::numeric, 2) AS precision, round(recall::numeric, 2) AS recall,
	   round(f05::numeric, 3) AS f05, round(f2::numeric, 3) AS f2
FROM risk.threshold_table((SELECT risk.outcomes(score, failed) FROM held_out), steps => 20)
WHERE threshold BETWEEN 0.05 AND 0.5
ORDER BY threshold DESC;
\set ECHO none

\echo
\echo '=== Does the database score as XGBoost does? Compared with libxgboost, bit by bit'
\echo
\set ECHO queries
SELECT reference, rows_compared, different, library_version, verified
FROM risk.verify_model('defaillance@1', 'SELECT * FROM sfdata.company_features');
\set ECHO none

\echo
\echo '=== Labels for people, where companies are looked up, and approval'
\echo
\echo '\\set dictionary `cat dictionary.json`'
\echo 'SELECT risk.describe_features(\'defaillance@1\', :\'dictionary\');'
\set dictionary `cat dictionary.json`
SELECT risk.describe_features('defaillance@1', :'dictionary') AS described \gset
\set ECHO queries
SELECT risk.bind_source('defaillance@1', 'sfdata.company_features', 'siren', 'periode');
SELECT risk.promote_model('defaillance@1', 'demo: approved on the figures above');

SELECT risk.pin_model('defaillance');

SELECT reference, state, language, trees, feature_count, pg_size_pretty(bytes::bigint) AS model,
	   round(threshold_strong::numeric, 3) AS strong, round(threshold_moderate::numeric, 3) AS moderate,
	   source_relation AS reads
FROM risk.models;
\set ECHO none

-- ---------------------------------------------------------------- 1

\echo
\echo '=== 1. The ten companies most at risk in December 2025, those already in a procedure left out'
\echo
\set ECHO queries
SELECT c.siren, u.raison_sociale, u.libelle_region AS region, c.effectif,
	   round(c.dette_sur_cotisation_mean12m::numeric, 1) AS mois_de_dette,
	   round(100 * score::numeric, 1) AS risque_pct, risk.alert_level(score) AS alerte
FROM sfdata.company_features c
JOIN sfdata.clean_sirene_ul u ON u.siren = c.siren
LEFT JOIN sfdata.clean_procol_at_date p ON p.siren = c.siren AND p.periode = c.periode
CROSS JOIN LATERAL score_company(c) AS score
WHERE c.periode = '2025-12-01' AND p.siren IS NULL
ORDER BY score DESC, c.siren
LIMIT 10;
\set ECHO none

SELECT c.siren
FROM sfdata.company_features c
LEFT JOIN sfdata.clean_procol_at_date p ON p.siren = c.siren AND p.periode = c.periode
WHERE c.periode = '2025-12-01' AND p.siren IS NULL
ORDER BY score_company(c) DESC, c.siren
LIMIT 1 \gset

-- ---------------------------------------------------------------- 2

\echo
\echo '=== 2. Why the first of them: by feature, in percentage points of risk; they add up to the score'
\echo
\set ECHO queries
SELECT rank AS rang, label AS variable, value AS valeur, round(100 * points::numeric, 1) AS points,
	   group_label AS groupe, source
FROM explain_score(:'siren', top => 10)
ORDER BY rank;

SELECT round(100 * score_company(:'siren')::numeric, 1) AS risque_pct,
	   (SELECT round(100 * sum(points)::numeric, 1) FROM explain_score(:'siren')) AS somme_des_points;
\set ECHO none

\echo
\echo '    ... and by group, which is what an agent is shown'
\echo
\set ECHO queries
SELECT group_label AS groupe, features AS variables, round(100 * points::numeric, 1) AS points,
	   repeat(CASE WHEN points > 0 THEN '+' ELSE '-' END, round(abs(points) * 50)::int) AS graphique
FROM risk.explain_groups(:'siren')
ORDER BY rank;
\set ECHO none

-- ---------------------------------------------------------------- 3

\echo
\echo '=== 3. What if: the same company, its debt paid, or its people kept'
\echo
\set ECHO queries
WITH scenario AS (
	SELECT c, jsonb_build_object('effectif', c.effectif_lag12m, 'effectif_variation12m', 0) AS kept,
		   '{"dette_sociale_ouvriere": 0, "dette_sociale_patronale": 0,
			 "dette_sur_cotisation_mean12m": 0, "dette_par_effectif": 0}'::jsonb AS paid
	FROM sfdata.company_features c
	WHERE siren = :'siren' AND periode = '2025-12-01'
)
SELECT hypothese, round(100 * score::numeric, 1) AS risque_pct, risk.alert_level(score) AS alerte
FROM scenario
CROSS JOIN LATERAL (VALUES (1, 'telle quelle', to_jsonb(c)),
						   (2, 'dette réglée aujourd''hui', to_jsonb(c) || paid),
						   (3, 'effectif maintenu', to_jsonb(c) || kept),
						   (4, 'les deux', to_jsonb(c) || paid || kept)) w (n, hypothese, company)
CROSS JOIN LATERAL score_company(company) AS score
ORDER BY n;
\set ECHO none

-- ---------------------------------------------------------------- 4

\echo
\echo '=== 4. Everybody, for dashboards: level and groups as plain columns, in a materialized view'
\echo
\set ECHO queries
\timing on
CREATE MATERIALIZED VIEW sfdata.company_scores AS
SELECT c.siren, c.periode, s.score, risk.alert_level(s.score) AS alerte, g.*
FROM sfdata.company_features c
CROSS JOIN LATERAL score_company(c) AS s (score)
CROSS JOIN LATERAL (
	SELECT sum(points) FILTER (WHERE rank = 0) AS moyenne,
		   sum(points) FILTER (WHERE feature_group = 'dettes_sociales') AS dettes_sociales,
		   sum(points) FILTER (WHERE feature_group = 'delais_paiement') AS delais_paiement,
		   sum(points) FILTER (WHERE feature_group = 'effectif') AS effectif,
		   sum(points) FILTER (WHERE feature_group = 'activite_partielle') AS activite_partielle,
		   sum(points) FILTER (WHERE feature_group = 'caracteristiques') AS caracteristiques
	FROM risk.explain_groups(c)) g
WHERE c.periode = '2025-12-01';

CREATE UNIQUE INDEX ON sfdata.company_scores (siren, periode);
REFRESH MATERIALIZED VIEW CONCURRENTLY sfdata.company_scores;
\timing off

SELECT alerte, count(*) AS entreprises, round(100 * avg(score)::numeric, 1) AS risque_moyen_pct,
	   round(100 * avg(moyenne)::numeric, 1) AS moyenne,
	   round(100 * avg(dettes_sociales)::numeric, 1) AS dettes,
	   round(100 * avg(delais_paiement)::numeric, 1) AS delais,
	   round(100 * avg(effectif)::numeric, 1) AS effectif,
	   round(100 * avg(activite_partielle)::numeric, 1) AS activite_partielle,
	   round(100 * avg(caracteristiques)::numeric, 1) AS entreprise
FROM sfdata.company_scores
GROUP BY alerte
ORDER BY risque_moyen_pct DESC;
\set ECHO none

\echo
\echo '    ... and looking back: every month of every company scored, and what became of the alerts,'
\echo '    among the companies that the model was not trained on'
\echo
\set ECHO queries
\timing on
SELECT count(*) AS company_months, round(avg(score_company(c))::numeric, 4) AS mean_score
FROM sfdata.company_features c;
\timing off

SELECT risk.alert_level(score) AS alerte, count(*) AS mois_entreprises,
	   round(100 * avg(o.failure), 1) AS defaillantes_sous_18_mois_pct,
	   round(100 * avg(score)::numeric, 1) AS risque_annonce_pct
FROM sfdata.company_outcomes o
JOIN sfdata.company_features c USING (siren, periode)
CROSS JOIN LATERAL score_company(c) AS score
WHERE NOT o.signaux_forts
  AND risk.training_draw(siren, 0) < 0.3
GROUP BY 1
ORDER BY risque_annonce_pct DESC;
\set ECHO none

-- ---------------------------------------------------------------- 5

\echo
\echo '=== 5. Are the companies of today still those of training? By feature, and by score'
\echo
\set ECHO queries
SELECT feature, round(psi::numeric, 3) AS psi, round(missing_then::numeric, 2) AS missing_then,
	   round(missing_now::numeric, 2) AS missing_now, round(mean_then::numeric, 3) AS mean_then,
	   round(mean_now::numeric, 3) AS mean_now, verdict
FROM risk.drift('defaillance', $$SELECT * FROM sfdata.company_features WHERE periode = '2025-12-01'$$)
ORDER BY feature <> '(score)', psi DESC
LIMIT 5;
\set ECHO none

-- ---------------------------------------------------------------- 6

\echo
\echo '=== 6. What it takes: one copy of the model, shared by all sessions'
\echo
\set ECHO queries
SELECT reference, state, place, pg_size_pretty(bytes::bigint) AS size, backends, loads
FROM risk.loaded_models;
\set ECHO none
