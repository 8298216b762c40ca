-- A small copy of the ministry's company database.
--
-- Raw files land in stg_* tables; consumers read only the clean_* relations, whose names, column
-- names, types and meaning are the real ones. What matters to whoever builds features on them:
--
--   * siren and siret are text. Leading zeros count: 005142308 is not 5142308.
--   * Contributions, debts and partial activity are kept per establishment (siret, 14 characters);
--     a score is per company (siren, the first 9): sum over left(siret, 9).
--   * clean_debit is sparse. It holds a row only for the months in which something happened to an
--     establishment's debt; between two rows the debt stays what it was. Readers carry it forward.
--   * A company that is absent from clean_procol_at_date for a month is "In bonis" that month.
--   * Nothing but the perimeter and the labels has a primary key.

\set ON_ERROR_STOP on
SET client_min_messages = warning;

DROP SCHEMA IF EXISTS sfdata CASCADE;
CREATE SCHEMA sfdata;
COMMENT ON SCHEMA sfdata IS 'Synthetic companies in the shape of the ministry''s data';
SET search_path = sfdata, pg_catalog;

-- ---------------------------------------------------------------- reference

CREATE TABLE naf_codes (
	niv5			varchar(10) PRIMARY KEY,
	niv5_libelle	text,
	niv1			varchar(1),
	niv1_libelle	text
);
CREATE TABLE categories_juridiques (
	code			varchar(10) PRIMARY KEY,
	libelle			text
);
CREATE TABLE labels_departement_region (
	departement		varchar(10) PRIMARY KEY,
	libelle_departement text,
	region			varchar(10),
	libelle_region	text
);
CREATE TABLE labels_motif_recours (
	id				integer PRIMARY KEY,
	label			text
);

-- ---------------------------------------------------------------- staging

CREATE TABLE stg_filter_import (siren varchar(9) PRIMARY KEY);

CREATE TABLE stg_sirene_ul (
	siren			varchar(9),
	raison_sociale	text,
	prenom1_unite_legale varchar(100),
	prenom2_unite_legale varchar(100),
	prenom3_unite_legale varchar(100),
	prenom4_unite_legale varchar(100),
	nom_unite_legale varchar(100),
	nom_usage_unite_legale varchar(100),
	categorie_juridique varchar(10),
	activite_principale varchar(10),
	creation		date,
	est_actif		boolean,
	activite_principale_naf25 varchar(10)
);
CREATE INDEX ON stg_sirene_ul (siren);

CREATE TABLE stg_sirene (
	siren			varchar(9),
	siret			varchar(14),
	siege			boolean,
	numero_voie		varchar(10),
	type_voie		varchar(20),
	voie			text,
	commune			text,
	code_commune	varchar(5),
	code_postal		varchar(10),
	departement		varchar(10),
	ape				varchar(100),
	date_creation	date,
	longitude		float,
	latitude		float,
	est_actif		boolean
);
CREATE INDEX ON stg_sirene (siren);
CREATE INDEX ON stg_sirene (siret varchar_pattern_ops);

CREATE TABLE stg_effectif (siret varchar(14), periode date, effectif integer);
CREATE INDEX ON stg_effectif (siret varchar_pattern_ops, periode);

CREATE TABLE stg_effectif_ent (siren varchar(9), periode date, effectif_ent integer);
CREATE INDEX ON stg_effectif_ent (siren, periode);

CREATE TABLE stg_cotisation (siret varchar(14), periode_debut date, periode_fin date, du float);
CREATE INDEX ON stg_cotisation (siret varchar_pattern_ops, periode_debut);

CREATE TABLE stg_debit (
	siret			varchar(14),
	numero_compte	text,
	numero_ecart_negatif varchar(50),
	date_traitement	date,
	part_ouvriere	float,
	part_patronale	float,
	numero_historique_ecart_negatif integer,
	periode_debut	date,
	periode_fin		date,
	periode_prise_en_compte date,
	debit_id		varchar(33)
);
CREATE INDEX ON stg_debit (siret, debit_id, periode_prise_en_compte);

CREATE TABLE stg_delai (
	siret			varchar(14),
	date_creation	date,
	date_echeance	date,
	duree_delai		integer,
	montant_echeancier float,
	stade			varchar(50),
	action			varchar(50)
);
CREATE INDEX ON stg_delai (siret varchar_pattern_ops);

CREATE TABLE stg_apdemande (
	id_demande		varchar(11) PRIMARY KEY,
	siret			varchar(14),
	date_statut		date,
	periode_debut	date,
	periode_fin		date,
	heures			float,
	montant			float,
	effectif		integer,
	motif_recours	integer
);
CREATE TABLE stg_apconso (
	siret			varchar(14),
	id_demande		varchar(11),
	heures			float,
	montant			float,
	effectif		integer,
	periode			date,
	PRIMARY KEY (siret, periode, id_demande)
);

CREATE TABLE stg_procol (siret varchar(14), date_effet date, action_procol text, stade_procol text);
CREATE INDEX ON stg_procol (siret varchar_pattern_ops);

-- ---------------------------------------------------------------- perimeter

-- Public bodies and companies whose head office is abroad are not scored. (The real list of
-- excluded legal categories and activities is longer.)
CREATE VIEW siren_blacklist_logic AS
SELECT f.siren
FROM stg_filter_import f
JOIN stg_sirene_ul u ON u.siren = f.siren
WHERE u.categorie_juridique IN ('4110', '4140', '7210', '7220', '7366')
   OR u.activite_principale LIKE '84.%'
   OR NOT EXISTS (SELECT FROM stg_sirene s
				  WHERE s.siren = f.siren AND s.siege AND s.departement <> '');

CREATE MATERIALIZED VIEW siren_blacklist AS
SELECT siren FROM siren_blacklist_logic
WITH NO DATA;
CREATE UNIQUE INDEX ON siren_blacklist (siren);

CREATE VIEW clean_filter AS
SELECT f.siren
FROM stg_filter_import f
WHERE NOT EXISTS (SELECT FROM siren_blacklist b WHERE b.siren = f.siren);

-- ---------------------------------------------------------------- what consumers read

CREATE VIEW clean_sirene_ul AS
SELECT u.siren,
	   coalesce(nullif(u.raison_sociale, ''),
				concat_ws(' ', u.nom_unite_legale, u.nom_usage_unite_legale, u.prenom1_unite_legale,
						  u.prenom2_unite_legale, u.prenom3_unite_legale, u.prenom4_unite_legale, 'EI'))
		   AS raison_sociale,
	   u.categorie_juridique,
	   j.libelle AS libelle_categorie_juridique,
	   u.activite_principale,
	   n.niv5_libelle AS libelle_activite_principale,
	   n.niv1 AS naf_section,
	   n.niv1_libelle AS libelle_naf_section,
	   u.activite_principale_naf25,
	   s.departement,
	   s.siret AS siret_siege,
	   r.libelle_departement,
	   r.region,
	   r.libelle_region,
	   u.creation,
	   u.est_actif
FROM stg_sirene_ul u
LEFT JOIN naf_codes n ON n.niv5 = u.activite_principale
LEFT JOIN categories_juridiques j ON j.code = u.categorie_juridique
LEFT JOIN stg_sirene s ON s.siren = u.siren AND s.siege
LEFT JOIN labels_departement_region r ON r.departement = s.departement;

CREATE VIEW clean_sirene AS
SELECT s.siren, s.siret, s.siege,
	   concat_ws(' ', s.numero_voie, s.type_voie, s.voie) || E'\n'
		   || concat_ws(' ', s.code_postal, s.commune) AS adresse,
	   s.code_commune, s.departement, r.libelle_departement, r.region, r.libelle_region,
	   s.ape, n.niv1 AS naf_section, s.date_creation, s.longitude, s.latitude, s.est_actif
FROM stg_sirene s
LEFT JOIN naf_codes n ON n.niv5 = s.ape
LEFT JOIN labels_departement_region r ON r.departement = s.departement;

CREATE VIEW clean_effectif AS
SELECT e.siret, e.periode, e.effectif,
	   e.periode = (SELECT max(l.periode) FROM stg_effectif l WHERE l.siret = e.siret) AS is_latest
FROM stg_effectif e
WHERE NOT EXISTS (SELECT FROM siren_blacklist b WHERE b.siren = left(e.siret, 9));

CREATE VIEW clean_effectif_ent AS
SELECT e.siren, e.periode, e.effectif_ent,
	   e.periode = (SELECT max(l.periode) FROM stg_effectif_ent l WHERE l.siren = e.siren) AS is_latest
FROM stg_effectif_ent e
WHERE NOT EXISTS (SELECT FROM siren_blacklist b WHERE b.siren = e.siren);

CREATE VIEW clean_cotisation AS
SELECT c.siret, c.periode_debut AS periode, sum(c.du) AS du
FROM stg_cotisation c
WHERE NOT EXISTS (SELECT FROM siren_blacklist b WHERE b.siren = left(c.siret, 9))
GROUP BY c.siret, c.periode_debut;

-- The state of each debit after the last movement of a month...
CREATE MATERIALIZED VIEW stg_tmp_debits_simplified AS
SELECT DISTINCT ON (siret, debit_id, periode_prise_en_compte)
	   siret, debit_id, periode_prise_en_compte, part_ouvriere, part_patronale
FROM stg_debit
ORDER BY siret, debit_id, periode_prise_en_compte, numero_historique_ecart_negatif DESC
WITH NO DATA;
CREATE INDEX ON stg_tmp_debits_simplified (siret, debit_id, periode_prise_en_compte DESC);

-- ... and what an establishment owes, all its debits together, in the months in which one moved.
-- "periode" is a first of month but stands for the last state known between the 21st of the month
-- before and the 20th.
CREATE MATERIALIZED VIEW clean_debit AS
WITH moved AS (
	SELECT DISTINCT d.siret, d.periode_prise_en_compte AS periode
	FROM stg_tmp_debits_simplified d
	WHERE NOT EXISTS (SELECT FROM siren_blacklist b WHERE b.siren = left(d.siret, 9))
)
SELECT m.siret, m.periode,
	   sum(s.part_ouvriere) AS part_ouvriere,
	   sum(s.part_patronale) AS part_patronale,
	   m.periode = max(m.periode) OVER (PARTITION BY m.siret) AS is_last
FROM moved m
CROSS JOIN LATERAL (
	SELECT DISTINCT ON (d.debit_id) d.part_ouvriere, d.part_patronale
	FROM stg_tmp_debits_simplified d
	WHERE d.siret = m.siret AND d.periode_prise_en_compte <= m.periode
	ORDER BY d.debit_id, d.periode_prise_en_compte DESC) s
GROUP BY m.siret, m.periode
WITH NO DATA;
CREATE INDEX ON clean_debit (siret varchar_pattern_ops);
CREATE INDEX ON clean_debit (periode);

CREATE VIEW clean_delai AS
SELECT d.*
FROM stg_delai d
WHERE NOT EXISTS (SELECT FROM siren_blacklist b WHERE b.siren = left(d.siret, 9));

-- Partial activity in full-time equivalents: 151.67 hours a month.
CREATE MATERIALIZED VIEW clean_ap AS
WITH demande AS (
	SELECT d.siret, m::date AS periode, d.heures / 151.67 AS etp_autorise, l.label
	FROM stg_apdemande d
	LEFT JOIN labels_motif_recours l ON l.id = d.motif_recours
	CROSS JOIN generate_series(d.periode_debut::timestamp, d.periode_fin, interval '1 month') m
), both_sides AS (
	SELECT siret, periode, etp_autorise, 0::float AS etp_consomme, label, false AS is_last
	FROM demande
	UNION ALL
	SELECT siret, periode, 0, coalesce(heures, 0) / 151.67, NULL, periode = max(periode) OVER ()
	FROM stg_apconso
)
SELECT a.siret, left(a.siret, 9) AS siren, a.periode,
	   sum(a.etp_autorise) AS etp_autorise, sum(a.etp_consomme) AS etp_consomme,
	   string_agg(DISTINCT a.label, '; ' ORDER BY a.label) AS motif_recours,
	   bool_or(a.is_last) AS is_last
FROM both_sides a
WHERE NOT EXISTS (SELECT FROM siren_blacklist b WHERE b.siren = left(a.siret, 9))
GROUP BY a.siret, a.periode
WITH NO DATA;
CREATE INDEX ON clean_ap (siren, periode);

CREATE VIEW clean_procol AS
SELECT DISTINCT left(p.siret, 9) AS siren, p.date_effet, p.action_procol, p.stade_procol,
	   CASE
		   WHEN p.stade_procol = 'fin_procedure' THEN 'In bonis'
		   WHEN p.action_procol = 'liquidation' THEN 'Liquidation judiciaire'
		   WHEN p.action_procol = 'redressement' AND p.stade_procol = 'plan_continuation'
			   THEN 'Plan de redressement'
		   WHEN p.action_procol = 'redressement' THEN 'Redressement judiciaire'
		   WHEN p.action_procol = 'sauvegarde' AND p.stade_procol = 'plan_continuation'
			   THEN 'Plan de sauvegarde'
		   WHEN p.action_procol = 'sauvegarde' THEN 'Sauvegarde'
	   END AS libelle_procol
FROM stg_procol p
WHERE p.stade_procol <> 'solde_procedure'
  AND NOT EXISTS (SELECT FROM siren_blacklist b WHERE b.siren = left(p.siret, 9));

-- The last event does not give the state: a company's state at a date is its most severe procedure
-- that is not over.
CREATE FUNCTION procol_at_date(date_param date)
RETURNS TABLE (siren varchar(9), date_effet date, action_procol text, stade_procol text,
			   libelle_procol text)
LANGUAGE sql STABLE
SET search_path = sfdata, pg_catalog
AS $$
	SELECT DISTINCT ON (l.siren) l.*
	FROM (SELECT DISTINCT ON (p.siren, p.action_procol)
				 p.siren::varchar(9), p.date_effet, p.action_procol, p.stade_procol, p.libelle_procol
		  FROM clean_procol p
		  WHERE p.date_effet <= date_param
		  ORDER BY p.siren, p.action_procol, p.date_effet DESC) l
	WHERE l.stade_procol NOT IN ('fin_procedure', 'inclusion_autre_procedure')
	  AND (l.stade_procol <> 'plan_continuation'
		   OR l.date_effet > date_param - interval '10 years')
	ORDER BY l.siren, array_position(ARRAY['liquidation', 'redressement', 'sauvegarde'], l.action_procol)
$$;

CREATE MATERIALIZED VIEW clean_procol_at_date AS
SELECT p.siren, m::date AS periode, p.date_effet, p.action_procol, p.stade_procol, p.libelle_procol
FROM generate_series(timestamp '2016-01-01', timestamp '2025-12-01', interval '1 month') m
CROSS JOIN LATERAL procol_at_date(m::date) p
WITH NO DATA;
CREATE INDEX ON clean_procol_at_date (siren, periode);
