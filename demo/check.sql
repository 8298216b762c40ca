-- Are the data what they say they are? Each line must end in "t"; the script stops otherwise.
-- Not part of the demo: run it after schema.sql, companies.sql and features.sql (./run --check).

\set ON_ERROR_STOP on
\pset footer off
SET client_min_messages = warning;
SET jit = off;
SET work_mem = '128MB';

CREATE TEMP TABLE checks (number serial, what text, found text, ok boolean);

INSERT INTO checks (what, found, ok)
SELECT 'nine characters, some with leading zeros, no valid check digit, so no real company',
	   format('%s sirens, %s with a leading zero, %s valid', count(*), count(*) FILTER (WHERE siren LIKE '0%'),
			  count(*) FILTER (WHERE luhn % 10 = 0)),
	   bool_and(siren ~ '^\d{9}$' AND luhn % 10 <> 0) AND count(*) FILTER (WHERE siren LIKE '0%') > 50
FROM sfdata.clean_filter,
	 LATERAL (SELECT sum(CASE WHEN k % 2 = 0 THEN 2 * d / 10 + 2 * d % 10 ELSE d END) AS luhn
			  FROM generate_series(1, 9) k, LATERAL (SELECT substr(siren, k, 1)::int AS d) x) y;

INSERT INTO checks (what, found, ok)
SELECT 'the perimeter leaves out public bodies and head offices abroad',
	   format('%s of %s', (SELECT count(*) FROM sfdata.clean_filter), count(*)),
	   count(*) - (SELECT count(*) FROM sfdata.clean_filter) = 20
FROM sfdata.stg_filter_import;

INSERT INTO checks (what, found, ok)
SELECT 'clean_debit is sparse: months with an event only',
	   format('%s rows for %s months of debt', (SELECT count(*) FROM sfdata.clean_debit), count(*)),
	   (SELECT count(*) FROM sfdata.clean_debit) < 0.6 * count(*)
FROM sfdata.company_months
WHERE dette_ouvriere + dette_patronale > 0;

-- Forward fill, the other way round: for every company and month the last event of each of its
-- establishments up to the month before, added up.
CREATE TEMP TABLE debit AS SELECT left(siret, 9) AS siren, d.* FROM sfdata.clean_debit d;
CREATE INDEX ON debit (siren, siret, periode DESC);
ANALYZE debit;
INSERT INTO checks (what, found, ok)
SELECT 'debts carried forward and added over establishments are right',
	   format('%s of %s company-months differ', count(*) FILTER (WHERE f.dette <> coalesce(l.dette, 0)), count(*)),
	   count(*) FILTER (WHERE f.dette <> coalesce(l.dette, 0)) = 0
FROM (SELECT siren, periode, (dette_sociale_ouvriere + dette_sociale_patronale)::numeric(15,2) AS dette
	  FROM sfdata.company_features
	  WHERE dette_sociale_ouvriere IS NOT NULL) f
CROSS JOIN LATERAL (
	SELECT sum(s.dette)::numeric(15,2) AS dette
	FROM (SELECT DISTINCT ON (d.siret) (d.part_ouvriere + d.part_patronale)::numeric(15,2) AS dette
		  FROM debit d
		  WHERE d.siren = f.siren AND d.periode <= f.periode - interval '1 month'
		  ORDER BY d.siret, d.periode DESC) s) l;

INSERT INTO checks (what, found, ok)
SELECT 'a debt follows a head office that moves: the company''s does not double',
	   format('%s companies moved with a debt', count(*)), count(*) >= 3 AND bool_and(after < 1.5 * before)
FROM (SELECT left(d.siret, 9) AS siren,
			 (SELECT dette_ouvriere + dette_patronale FROM sfdata.company_months m
			  WHERE m.siren = left(d.siret, 9) AND m.periode = d.periode) AS before,
			 (SELECT dette_ouvriere + dette_patronale FROM sfdata.company_months m
			  WHERE m.siren = left(d.siret, 9) AND m.periode = d.periode + interval '1 month') AS after
	  FROM sfdata.clean_debit d
	  WHERE d.siret LIKE '_________0009_' AND d.periode = (SELECT min(e.periode) FROM sfdata.clean_debit e WHERE e.siret = d.siret)
		AND EXISTS (SELECT FROM sfdata.clean_debit e
					WHERE e.siret LIKE left(d.siret, 9) || '0001_' AND e.periode = d.periode AND e.part_patronale = 0)) m
WHERE before > 5000;

INSERT INTO checks (what, found, ok)
SELECT 'base rate of failure within 18 months, companies not in a procedure: about 5 %',
	   to_char(100 * avg(failure), '0.00 "%"'), avg(failure) BETWEEN 0.04 AND 0.06
FROM sfdata.company_outcomes WHERE NOT signaux_forts;

INSERT INTO checks (what, found, ok)
SELECT 'unknown stays NULL, none is 0',
	   format('%s %% of effectif and %s %% of debts unknown, %s %% of debts 0',
			  round(100 * avg((effectif IS NULL)::int), 1), round(100 * avg((dette_sociale_patronale IS NULL)::int), 1),
			  round(100 * avg((dette_sociale_patronale = 0)::int), 1)),
	   avg((effectif IS NULL)::int) BETWEEN 0.01 AND 0.2 AND avg((dette_sociale_patronale IS NULL)::int) BETWEEN 0.005 AND 0.1
FROM sfdata.company_features;

INSERT INTO checks (what, found, ok)
SELECT 'some fail without warning (no debt, workforce kept, at six months), some recover from a heavy debt',
	   format('%s of %s failures; %s of %s debtors', f.quiet, f.all, r.recovered, r.all),
	   f.quiet::float / f.all BETWEEN 0.02 AND 0.3 AND r.recovered::float / r.all > 0.2
FROM (SELECT count(*) FILTER (WHERE c.dette_par_effectif = 0 AND c.effectif_variation12m > -3) AS quiet, count(*) AS all
	  FROM (SELECT siren, min(date_effet) AS d FROM sfdata.clean_procol WHERE stade_procol = 'ouverture' GROUP BY siren) p
	  JOIN sfdata.company_features c
		  ON c.siren = p.siren AND c.periode = (date_trunc('month', p.d) - interval '6 months')::date) f,
	 (SELECT count(*) FILTER (WHERE b.dette_par_effectif < 200) AS recovered, count(*) AS all
	  FROM sfdata.company_features a
	  JOIN sfdata.company_features b ON b.siren = a.siren AND b.periode = date '2025-06-01'
	  WHERE a.periode = date '2023-06-01' AND a.dette_sur_cotisation_mean12m > 1) r;

-- No look ahead: throw away everything that was not known on 1 January 2024, build the features again
-- and compare them with what the full history says about that day and before.
BEGIN;
CREATE TEMP TABLE told ON COMMIT DROP AS
SELECT * FROM sfdata.company_features WHERE periode <= date '2024-01-01';
DELETE FROM sfdata.stg_effectif WHERE periode > date '2023-11-01';
DELETE FROM sfdata.stg_effectif_ent WHERE periode > date '2023-11-01';
DELETE FROM sfdata.stg_cotisation WHERE periode_debut > date '2023-11-01';
DELETE FROM sfdata.stg_debit WHERE periode_prise_en_compte > date '2023-12-01';
DELETE FROM sfdata.stg_delai WHERE date_creation >= date '2024-01-01';
DELETE FROM sfdata.stg_apconso WHERE periode > date '2023-10-01';
DELETE FROM sfdata.stg_apdemande WHERE periode_debut >= date '2024-01-01';
DELETE FROM sfdata.stg_procol WHERE date_effet >= date '2024-01-01';
DELETE FROM sfdata.stg_filter_import i USING sfdata.stg_sirene_ul u
WHERE u.siren = i.siren AND u.creation > date '2024-01-01';
REFRESH MATERIALIZED VIEW sfdata.stg_tmp_debits_simplified;
REFRESH MATERIALIZED VIEW sfdata.clean_debit;
REFRESH MATERIALIZED VIEW sfdata.clean_ap;
REFRESH MATERIALIZED VIEW sfdata.company_features;
INSERT INTO checks (what, found, ok)
SELECT 'no feature looks ahead: the history up to 2024-01-01 gives the same rows',
	   format('%s of %s rows differ', d.n, (SELECT count(*) FROM told)),
	   d.n = 0 AND (SELECT count(*) FROM told) > 50000
FROM (SELECT count(*) AS n
	  FROM ((TABLE told EXCEPT SELECT * FROM sfdata.company_features)
			UNION ALL (SELECT * FROM sfdata.company_features EXCEPT TABLE told)) x) d;
SELECT what AS last_check, found, ok FROM checks ORDER BY number DESC LIMIT 1 \gset
ROLLBACK;
INSERT INTO checks (what, found, ok) VALUES (:'last_check', :'found', :'ok');

SELECT what, found, ok FROM checks ORDER BY number;

\echo
\echo Companies that failed, by months before their first judgement, and those that did not:
SELECT p.months AS months_before, count(*) AS companies,
	   round(avg((f.dette_par_effectif > 0)::int), 2) AS share_in_debt,
	   round(avg(f.dette_sur_cotisation_mean12m)::numeric, 2) AS months_of_contributions_owed,
	   round(avg(f.effectif_variation12m)::numeric, 1) AS workforce_over_12_months,
	   round(avg((f.ap_heures_consommees_mean12m > 0)::int), 2) AS partial_activity,
	   round(avg((f.delai_nb_24m > 0)::int), 2) AS payment_plan
FROM (SELECT siren, min(date_effet) AS d FROM sfdata.clean_procol WHERE stade_procol = 'ouverture' GROUP BY siren) j
CROSS JOIN (VALUES (24), (18), (12), (6), (1)) p (months)
JOIN sfdata.company_features f
	ON f.siren = j.siren AND f.periode = (date_trunc('month', j.d) - p.months * interval '1 month')::date
WHERE j.d >= date '2024-06-01'
GROUP BY p.months
UNION ALL
SELECT NULL, count(DISTINCT siren), round(avg((dette_par_effectif > 0)::int), 2),
	   round(avg(dette_sur_cotisation_mean12m)::numeric, 2), round(avg(effectif_variation12m)::numeric, 1),
	   round(avg((ap_heures_consommees_mean12m > 0)::int), 2), round(avg((delai_nb_24m > 0)::int), 2)
FROM sfdata.company_features f
WHERE periode >= date '2023-06-01'
  AND NOT EXISTS (SELECT FROM sfdata.clean_procol p WHERE p.siren = f.siren)
ORDER BY months_before DESC NULLS LAST;

SELECT count(*) FILTER (WHERE NOT ok OR ok IS NULL) > 0 AS failed FROM checks \gset
\if :failed
	\warn some checks failed
	DO $$ BEGIN RAISE EXCEPTION 'some checks failed'; END $$;
\endif
