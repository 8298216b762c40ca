-- From the ministry's tables to one row of features per company and month.
--
-- sfdata.company_months    (view)               what was known of a company at a date, not yet lagged
-- sfdata.company_features  (materialized view)  what the model reads, key (siren, periode)
-- sfdata.company_outcomes  (materialized view)  what the model predicts
--
-- Why company_features is materialized: a lag or a mean needs the company's whole history, and a
-- page about one company must not wait for it. It is refreshed once per import, like the ministry's
-- clean_debit and clean_ap; its unique index lets REFRESH ... CONCURRENTLY keep readers going, finds
-- one company in well under a millisecond, and finds a company's latest month as fast. The second
-- index serves lists, which take one month of all companies. Amounts are rounded to the cent so that
-- the same data give the same bits, in whatever order a sum was made.
--
-- Nothing here looks past "periode", the first of a month. A figure about month m is not known in
-- month m, so each source is read late, by the delay with which it really arrives:
--   debts            1 month  (state on the 20th of the month before)
--   payment plans    those granted before periode
--   contributions    2 months
--   workforce        2 months
--   partial activity 3 months
-- The model is trained and asked with the same delays.
--
-- NULL means unknown (not declared, not yet founded, not with the Urssaf) and is left NULL: the model
-- was trained with it. 0 means none: no debt event ever is a debt of 0, no request is 0 hours.
--
-- Names are schema-qualified throughout: PostgreSQL 17 refreshes with an empty search_path.

\set ON_ERROR_STOP on
SET client_min_messages = warning;
SET jit = off;						-- compiling these queries takes longer than running them
SET work_mem = '128MB';

DROP VIEW IF EXISTS sfdata.company_months CASCADE;

CREATE VIEW sfdata.company_months AS
WITH bounds AS (
	SELECT (min(periode) + interval '2 months')::date AS first,
		   (max(periode) + interval '2 months')::date AS last
	FROM sfdata.stg_effectif_ent
), grid AS (
	-- every month from a company's creation on, without holes, so that lag(x, 12) is a year
	SELECT u.siren, m::date AS periode, u.creation, u.naf_section, u.departement
	FROM bounds b
	CROSS JOIN sfdata.clean_sirene_ul u
	JOIN sfdata.clean_filter f ON f.siren = u.siren
	CROSS JOIN LATERAL generate_series(greatest(b.first, date_trunc('month', u.creation)::date)::timestamp,
									   b.last, interval '1 month') m
), effectif AS (
	SELECT siren, (periode + interval '2 months')::date AS known, max(effectif_ent) AS effectif
	FROM sfdata.clean_effectif_ent
	GROUP BY siren, periode
), etablissement AS (
	SELECT left(siret, 9) AS siren, (periode + interval '2 months')::date AS known,
		   count(DISTINCT siret) AS nb_etablissements
	FROM sfdata.clean_effectif
	WHERE effectif > 0
	GROUP BY left(siret, 9), periode
), cotisation AS (
	SELECT left(siret, 9) AS siren, (periode + interval '2 months')::date AS known,
		   round(sum(du)::numeric, 2)::float AS cotisation
	FROM sfdata.clean_cotisation
	GROUP BY left(siret, 9), periode
), urssaf AS (
	SELECT siren, min(known) AS since FROM cotisation GROUP BY siren
), dette AS (
	-- clean_debit carried forward: a row holds from its month to the month before the next one of
	-- the same establishment; then the establishments of a company are added up
	SELECT left(d.siret, 9) AS siren, (m + interval '1 month')::date AS known,
		   round(sum(d.part_ouvriere)::numeric, 2)::float AS ouvriere,
		   round(sum(d.part_patronale)::numeric, 2)::float AS patronale
	FROM (SELECT c.siret, c.periode, c.part_ouvriere, c.part_patronale,
				 lead(c.periode) OVER (PARTITION BY c.siret ORDER BY c.periode) AS next
		  FROM sfdata.clean_debit c) d
	CROSS JOIN bounds b
	CROSS JOIN LATERAL generate_series(d.periode::timestamp,
									   coalesce(d.next - 1, b.last), interval '1 month') m
	WHERE d.part_ouvriere + d.part_patronale > 0
	GROUP BY left(d.siret, 9), m
), ap AS (
	SELECT siren, (periode + interval '3 months')::date AS known,
		   round((sum(etp_consomme) * 151.67)::numeric)::float AS heures
	FROM sfdata.clean_ap
	GROUP BY siren, periode
), delai AS (
	SELECT g.siren, g.periode,
		   count(*) FILTER (WHERE d.date_echeance >= g.periode)::int AS en_cours,
		   max(d.date_echeance - g.periode) AS jours_restants,
		   sum(d.montant_echeancier) FILTER (WHERE d.date_echeance >= g.periode) AS montant,
		   count(*)::int AS nb_24m
	FROM grid g
	JOIN sfdata.clean_delai d ON left(d.siret, 9) = g.siren
		AND d.date_creation < g.periode AND d.date_creation >= g.periode - interval '24 months'
	GROUP BY g.siren, g.periode
)
SELECT g.siren, g.periode, g.naf_section, g.departement,
	   round((g.periode - g.creation) / 365.25, 1)::float AS age,
	   e.effectif,
	   t.nb_etablissements::int AS nb_etablissements,
	   c.cotisation,
	   CASE WHEN u.since <= g.periode THEN coalesce(d.ouvriere, 0) END AS dette_ouvriere,
	   CASE WHEN u.since <= g.periode THEN coalesce(d.patronale, 0) END AS dette_patronale,
	   coalesce(a.heures, 0) AS ap_heures,
	   CASE WHEN u.since <= g.periode THEN coalesce(l.en_cours, 0) END AS delai_en_cours,
	   CASE WHEN u.since <= g.periode THEN greatest(coalesce(l.jours_restants, 0), 0) END AS delai_jours_restants,
	   CASE WHEN u.since <= g.periode THEN coalesce(l.montant, 0) END AS delai_montant,
	   CASE WHEN u.since <= g.periode THEN coalesce(l.nb_24m, 0) END AS delai_nb_24m
FROM grid g
LEFT JOIN effectif e ON e.siren = g.siren AND e.known = g.periode
LEFT JOIN etablissement t ON t.siren = g.siren AND t.known = g.periode
LEFT JOIN cotisation c ON c.siren = g.siren AND c.known = g.periode
LEFT JOIN urssaf u ON u.siren = g.siren
LEFT JOIN dette d ON d.siren = g.siren AND d.known = g.periode
LEFT JOIN ap a ON a.siren = g.siren AND a.known = g.periode
LEFT JOIN delai l ON l.siren = g.siren AND l.periode = g.periode;

COMMENT ON VIEW sfdata.company_months IS
	'What was known of each company on the first of each month: no lags, debts carried forward, establishments added up';

-- The first 24 months are only there to be looked back at. A company leaves when nothing has been
-- declared for it for half a year.
CREATE MATERIALIZED VIEW sfdata.company_features AS
WITH lagged AS (
	SELECT m.*,
		   m.dette_ouvriere + m.dette_patronale AS dette,
		   avg(m.cotisation) OVER m3 AS cotisation_mean3m,
		   avg(m.cotisation) OVER m6 AS cotisation_mean6m,
		   avg(m.cotisation) OVER m12 AS cotisation_mean12m,
		   avg(m.dette_ouvriere) OVER m6 AS dette_ouvriere_mean6m,
		   avg(m.dette_patronale) OVER m6 AS dette_patronale_mean6m,
		   avg(m.dette_patronale) OVER m12 AS dette_patronale_mean12m,
		   avg(m.ap_heures) OVER m12 AS ap_heures_mean12m,
		   lag(m.effectif, 6) OVER s AS effectif_lag6m,
		   lag(m.effectif, 12) OVER s AS effectif_lag12m,
		   lag(m.effectif, 24) OVER s AS effectif_lag24m,
		   lag(m.dette_ouvriere, 12) OVER s AS dette_ouvriere_lag12m,
		   lag(m.dette_patronale, 6) OVER s AS dette_patronale_lag6m,
		   lag(m.dette_patronale, 12) OVER s AS dette_patronale_lag12m,
		   lag(m.ap_heures, 12) OVER s AS ap_heures_lag12m,
		   count(m.effectif) OVER m6 + count(m.cotisation) OVER m6 AS declared,
		   min(m.periode) OVER () AS first
	FROM sfdata.company_months m
	WINDOW s AS (PARTITION BY m.siren ORDER BY m.periode),
		   m3 AS (s ROWS 2 PRECEDING),
		   m6 AS (s ROWS 5 PRECEDING),
		   m12 AS (s ROWS 11 PRECEDING)
), ratios AS (
	SELECT l.*,
		   l.dette / nullif(greatest(l.cotisation_mean12m, 0), 0) AS dette_sur_cotisation,
		   l.dette / nullif(l.effectif, 0) AS dette_par_effectif
	FROM lagged l
)
SELECT r.siren,
	   r.periode,
	   r.effectif,
	   r.effectif_lag6m,
	   r.effectif_lag12m,
	   r.effectif_lag24m,
	   round(100.0 * r.effectif / nullif(r.effectif_lag12m, 0) - 100, 1)::float AS effectif_variation12m,
	   r.cotisation,
	   round(r.cotisation_mean3m::numeric, 2)::float AS cotisation_mean3m,
	   round(r.cotisation_mean6m::numeric, 2)::float AS cotisation_mean6m,
	   round(r.cotisation_mean12m::numeric, 2)::float AS cotisation_mean12m,
	   r.dette_ouvriere AS dette_sociale_ouvriere,
	   r.dette_ouvriere_lag12m AS dette_sociale_ouvriere_lag12m,
	   round(r.dette_ouvriere_mean6m::numeric, 2)::float AS dette_sociale_ouvriere_mean6m,
	   r.dette_patronale AS dette_sociale_patronale,
	   r.dette_patronale_lag6m AS dette_sociale_patronale_lag6m,
	   r.dette_patronale_lag12m AS dette_sociale_patronale_lag12m,
	   round(r.dette_patronale_mean6m::numeric, 2)::float AS dette_sociale_patronale_mean6m,
	   round(r.dette_patronale_mean12m::numeric, 2)::float AS dette_sociale_patronale_mean12m,
	   round(r.dette_sur_cotisation::numeric, 4)::float AS dette_sur_cotisation_mean12m,
	   round(r.dette_par_effectif::numeric, 2)::float AS dette_par_effectif,
	   r.ap_heures AS ap_heures_consommees,
	   r.ap_heures_lag12m AS ap_heures_consommees_lag12m,
	   round(r.ap_heures_mean12m::numeric, 2)::float AS ap_heures_consommees_mean12m,
	   r.delai_en_cours,
	   r.delai_nb_24m,
	   r.delai_jours_restants,
	   r.delai_montant AS delai_montant_echeancier,
	   r.age,
	   r.nb_etablissements,
	   (r.naf_section = 'C')::int AS secteur_industrie,
	   (r.naf_section = 'F')::int AS secteur_construction,
	   (r.naf_section = 'G')::int AS secteur_commerce,
	   (r.naf_section = 'H')::int AS secteur_transport,
	   (r.naf_section = 'I')::int AS secteur_hebergement_restauration,
	   (r.naf_section IN ('J', 'M', 'N'))::int AS secteur_services,
	   (r.departement LIKE '97%')::int AS outre_mer
FROM ratios r
WHERE r.periode >= r.first + interval '24 months' AND r.declared > 0
ORDER BY r.siren, r.periode
WITH NO DATA;

CREATE UNIQUE INDEX ON sfdata.company_features (siren, periode);
CREATE INDEX ON sfdata.company_features (periode, siren);
COMMENT ON MATERIALIZED VIEW sfdata.company_features IS
	'Features of the failure model, one row per company and month, as known on the first of the month';
COMMENT ON COLUMN sfdata.company_features.siren IS 'Nine characters; leading zeros are part of the number';
COMMENT ON COLUMN sfdata.company_features.periode IS 'First of the month at which the company is looked at';

-- The target: does the company enter a collective procedure within 18 months of periode? The date is
-- that of its first judgement; plans and later stages are no entries. Only months whose 18 months
-- have passed are here, lest the failures we have already seen outweigh those still to come.
-- signaux_forts: the first judgement came before periode. Such companies need no prediction; as in
-- the ministry's data their failure is 1, and evaluations are given with and without them.
CREATE MATERIALIZED VIEW sfdata.company_outcomes AS
WITH jugement AS (
	SELECT siren, min(date_effet) AS date_jugement
	FROM sfdata.clean_procol
	WHERE stade_procol = 'ouverture'
	GROUP BY siren
)
SELECT f.siren,
	   f.periode,
	   coalesce(j.date_jugement <= f.periode + interval '18 months', false)::int AS failure,
	   coalesce(j.date_jugement < f.periode, false) AS signaux_forts,
	   j.date_jugement
FROM sfdata.company_features f
LEFT JOIN jugement j ON j.siren = f.siren
WHERE f.periode + interval '18 months' <= (SELECT max(periode) FROM sfdata.company_features)
ORDER BY f.siren, f.periode
WITH NO DATA;

CREATE UNIQUE INDEX ON sfdata.company_outcomes (siren, periode);
COMMENT ON MATERIALIZED VIEW sfdata.company_outcomes IS
	'Entry into a collective procedure within 18 months of periode';

REFRESH MATERIALIZED VIEW sfdata.company_features;
ANALYZE sfdata.company_features;
REFRESH MATERIALIZED VIEW sfdata.company_outcomes;
ANALYZE sfdata.company_outcomes;
