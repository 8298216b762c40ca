-- About 3 000 invented companies, month by month from January 2020 to November 2025.
--
-- Nothing here is real. Every siren has a wrong check digit, so that none can be a real company's;
-- names are a trade and a number. The same rows come out on every machine and every PostgreSQL:
-- chance is a hash of (company, month, purpose), not a random generator.
--
-- The mechanism. Each company has a hidden distress z, which drifts, is shaken by shocks (a lost
-- customer, a bad year) and heals slowly or all at once (new capital, a new order book).
--   z high      -> people leave or are laid off;
--   z very high -> social contributions are paid late or not at all, and the debt piles up;
--   both        -> partial activity is asked for, then a payment plan with the Urssaf;
--   and the risk of a collective procedure each month rises with z and with what is owed.
-- Noise is part of it: healthy companies forget a payment, some companies in distress always pay
-- the Urssaf first and give no warning, some fail out of the blue, many recover.

\set ON_ERROR_STOP on
SET client_min_messages = warning;
SET search_path = sfdata, pg_catalog;

-- ---------------------------------------------------------------- chance

-- Uniform in [0, 1).
CREATE FUNCTION demo_u(key bigint, salt int) RETURNS float LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS 'SELECT (hashint8extended(key, salt) & 4503599627370495)::float / 4503599627370496';

-- Close to normal(0, 1): the four 16-bit quarters of one hash, added.
CREATE FUNCTION demo_n(key bigint, salt int) RETURNS float LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS 'SELECT ((hashint8extended(key, salt) & 65535) + ((hashint8extended(key, salt) >> 16) & 65535)
		  + ((hashint8extended(key, salt) >> 32) & 65535) + ((hashint8extended(key, salt) >> 48) & 65535)
		  - 131070) / 65535.0::float * 1.7320508';

-- ---------------------------------------------------------------- reference

INSERT INTO naf_codes (niv1, niv1_libelle, niv5, niv5_libelle) VALUES
	('A', 'Agriculture, sylviculture et pêche', '01.21Z', 'Culture de la vigne'),
	('C', 'Industrie manufacturière', '10.71C', 'Boulangerie et boulangerie-pâtisserie'),
	('C', 'Industrie manufacturière', '25.62B', 'Mécanique industrielle'),
	('C', 'Industrie manufacturière', '31.09B', 'Fabrication d''autres meubles et industries connexes de l''ameublement'),
	('F', 'Construction', '41.20A', 'Construction de maisons individuelles'),
	('F', 'Construction', '43.22A', 'Travaux d''installation d''eau et de gaz en tous locaux'),
	('F', 'Construction', '43.32A', 'Travaux de menuiserie bois et PVC'),
	('G', 'Commerce ; réparation d''automobiles et de motocycles', '45.20A', 'Entretien et réparation de véhicules automobiles légers'),
	('G', 'Commerce ; réparation d''automobiles et de motocycles', '47.71Z', 'Commerce de détail d''habillement en magasin spécialisé'),
	('H', 'Transports et entreposage', '49.41A', 'Transports routiers de fret interurbains'),
	('I', 'Hébergement et restauration', '55.10Z', 'Hôtels et hébergement similaire'),
	('I', 'Hébergement et restauration', '56.10A', 'Restauration traditionnelle'),
	('J', 'Information et communication', '62.02A', 'Conseil en systèmes et logiciels informatiques'),
	('M', 'Activités spécialisées, scientifiques et techniques', '71.12B', 'Ingénierie, études techniques'),
	('N', 'Activités de services administratifs et de soutien', '81.21Z', 'Nettoyage courant des bâtiments'),
	('O', 'Administration publique', '84.11Z', 'Administration publique générale'),
	('Q', 'Santé humaine et action sociale', '88.10A', 'Aide à domicile');

INSERT INTO categories_juridiques VALUES
	('1000', 'Entrepreneur individuel'), ('5202', 'Société en nom collectif'),
	('5499', 'Société à responsabilité limitée (sans autre indication)'),
	('5599', 'SA à conseil d''administration (s.a.i.)'),
	('5710', 'SAS, société par actions simplifiée'), ('7210', 'Commune et commune nouvelle');

INSERT INTO labels_motif_recours VALUES
	(1, 'Conjoncture économique'), (2, 'Difficultés d''approvisionnement en matières premières ou en énergie'),
	(3, 'Sinistre ou intempéries de caractère exceptionnel'), (5, 'Autres circonstances exceptionnelles');

CREATE TEMP TABLE place (n int, departement text, libelle text, region text, libelle_region text,
						 code_commune text, commune text, code_postal text, longitude float, latitude float);
INSERT INTO place VALUES
	(0, '01', 'Ain', '84', 'Auvergne-Rhône-Alpes', '01053', 'Bourg-en-Bresse', '01000', 5.23, 46.21),
	(1, '06', 'Alpes-Maritimes', '93', 'Provence-Alpes-Côte d''Azur', '06088', 'Nice', '06000', 7.26, 43.70),
	(2, '13', 'Bouches-du-Rhône', '93', 'Provence-Alpes-Côte d''Azur', '13055', 'Marseille', '13001', 5.37, 43.30),
	(3, '14', 'Calvados', '28', 'Normandie', '14118', 'Caen', '14000', -0.37, 49.18),
	(4, '21', 'Côte-d''Or', '27', 'Bourgogne-Franche-Comté', '21231', 'Dijon', '21000', 5.04, 47.32),
	(5, '25', 'Doubs', '27', 'Bourgogne-Franche-Comté', '25056', 'Besançon', '25000', 6.02, 47.24),
	(6, '2A', 'Corse-du-Sud', '94', 'Corse', '2A004', 'Ajaccio', '20000', 8.74, 41.92),
	(7, '29', 'Finistère', '53', 'Bretagne', '29232', 'Quimper', '29000', -4.10, 48.00),
	(8, '31', 'Haute-Garonne', '76', 'Occitanie', '31555', 'Toulouse', '31000', 1.44, 43.60),
	(9, '33', 'Gironde', '75', 'Nouvelle-Aquitaine', '33063', 'Bordeaux', '33000', -0.58, 44.84),
	(10, '34', 'Hérault', '76', 'Occitanie', '34172', 'Montpellier', '34000', 3.88, 43.61),
	(11, '35', 'Ille-et-Vilaine', '53', 'Bretagne', '35238', 'Rennes', '35000', -1.68, 48.11),
	(12, '38', 'Isère', '84', 'Auvergne-Rhône-Alpes', '38185', 'Grenoble', '38000', 5.72, 45.19),
	(13, '44', 'Loire-Atlantique', '52', 'Pays de la Loire', '44109', 'Nantes', '44000', -1.55, 47.22),
	(14, '45', 'Loiret', '24', 'Centre-Val de Loire', '45234', 'Orléans', '45000', 1.91, 47.90),
	(15, '49', 'Maine-et-Loire', '52', 'Pays de la Loire', '49007', 'Angers', '49000', -0.56, 47.47),
	(16, '51', 'Marne', '44', 'Grand Est', '51454', 'Reims', '51100', 4.03, 49.26),
	(17, '59', 'Nord', '32', 'Hauts-de-France', '59350', 'Lille', '59000', 3.06, 50.63),
	(18, '67', 'Bas-Rhin', '44', 'Grand Est', '67482', 'Strasbourg', '67000', 7.75, 48.57),
	(19, '69', 'Rhône', '84', 'Auvergne-Rhône-Alpes', '69123', 'Lyon', '69001', 4.84, 45.76),
	(20, '75', 'Paris', '11', 'Île-de-France', '75056', 'Paris', '75001', 2.35, 48.86),
	(21, '76', 'Seine-Maritime', '28', 'Normandie', '76540', 'Rouen', '76000', 1.10, 49.44),
	(22, '80', 'Somme', '32', 'Hauts-de-France', '80021', 'Amiens', '80000', 2.30, 49.89),
	(23, '87', 'Haute-Vienne', '75', 'Nouvelle-Aquitaine', '87085', 'Limoges', '87000', 1.26, 45.83),
	(24, '92', 'Hauts-de-Seine', '11', 'Île-de-France', '92050', 'Nanterre', '92000', 2.21, 48.89),
	(25, '93', 'Seine-Saint-Denis', '11', 'Île-de-France', '93008', 'Bobigny', '93000', 2.44, 48.91),
	(26, '971', 'Guadeloupe', '01', 'Guadeloupe', '97105', 'Basse-Terre', '97100', -61.73, 16.00),
	(27, '972', 'Martinique', '02', 'Martinique', '97209', 'Fort-de-France', '97200', -61.07, 14.60),
	(28, '973', 'Guyane', '03', 'Guyane', '97302', 'Cayenne', '97300', -52.33, 4.94),
	(29, '974', 'La Réunion', '04', 'La Réunion', '97411', 'Saint-Denis', '97400', 55.45, -20.88);

INSERT INTO labels_departement_region
SELECT departement, libelle, region, libelle_region FROM place;

-- ---------------------------------------------------------------- companies

-- i      1 .. 3 000 scored companies, 3 001 .. 3 020 outside the perimeter
-- t0     month of creation, counted from January 2019 (month 0); data start at month 12
-- leaning how distressed the company is on average; limit_z: the distress at which it stops paying
CREATE TEMP TABLE company AS
WITH drawn AS (
	SELECT i, demo_u(i, 1) AS u1, demo_u(i, 2) AS u2, demo_u(i, 3) AS u3, demo_u(i, 4) AS u4,
		   demo_n(i, 5) AS n5, demo_n(i, 6) AS n6, demo_n(i, 7) AS n7, demo_u(i, 8) AS u8,
		   lpad((5000000 + i * 29983)::text, 8, '0') AS body
	FROM generate_series(1, 3020) i
), placed AS (
	SELECT d.*,
		   -- Luhn's check digit, then another one
		   (SELECT (10 - sum(CASE WHEN k % 2 = 0 THEN (2 * c) / 10 + (2 * c) % 10 ELSE c END) % 10) % 10
			FROM generate_series(1, 8) k, LATERAL (SELECT substr(body, k, 1)::int AS c) x) AS check_digit,
		   CASE WHEN i > 3010 THEN '84.11Z'
			   ELSE (ARRAY['01.21Z', '10.71C', '10.71C', '25.62B', '25.62B', '31.09B', '41.20A', '43.22A',
						   '43.32A', '43.32A', '45.20A', '45.20A', '47.71Z', '47.71Z', '47.71Z', '49.41A',
						   '49.41A', '55.10Z', '56.10A', '56.10A', '56.10A', '62.02A', '62.02A', '71.12B',
						   '71.12B', '81.21Z', '81.21Z', '88.10A', '88.10A', '25.62B'])[1 + floor(u1 * 30)::int]
		   END AS naf,
		   floor(u2 * u2 * 20 + u2 * 10)::int AS place_n,
		   -- most companies are old; one in five was born after 2015
		   CASE WHEN u3 < 0.8 THEN -floor(48 + u4 * u4 * 480)::int ELSE floor(-48 + u4 * 120)::int END AS t0,
		   greatest(10, least(900, floor(exp(3.0 + 0.75 * n5))))::int AS size,
		   (1900 + 500 * demo_u(i, 9) + 300 * greatest(n6, -1))::numeric(10,2)::float * 0.40 AS du_per_head
	FROM drawn d
)
SELECT p.i, p.body || ((p.check_digit + 1 + p.i % 8) % 10) AS siren, p.naf, left(n.niv1, 1) AS section,
	   p.place_n, p.t0, p.size, p.du_per_head,
	   1 + (p.size > 40)::int * floor(p.u8 * 2.5)::int + (p.size > 120)::int * floor(demo_u(p.i, 10) * 3)::int
		   AS establishments,
	   0.36 * p.n7
		   + CASE n.niv1 WHEN 'F' THEN 0.22 WHEN 'I' THEN 0.26 WHEN 'H' THEN 0.10 WHEN 'G' THEN 0.05
				 WHEN 'J' THEN -0.12 WHEN 'M' THEN -0.18 WHEN 'Q' THEN -0.25 WHEN 'A' THEN -0.2 ELSE 0 END
		   - 0.06 * (ln(p.size) - 3) AS leaning,
	   CASE WHEN demo_u(p.i, 11) < 0.10 THEN 9 ELSE 0.95 + 0.25 * demo_n(p.i, 12) END AS limit_z,
	   -- one company in a hundred moves its head office to a new establishment, debts and all
	   CASE WHEN demo_u(p.i, 13) < 0.012 THEN 24 + floor(demo_u(p.i, 14) * 55)::int END AS moves_at,
	   -- some had entered a procedure before the data begin
	   CASE WHEN p.t0 < -30 AND demo_u(p.i, 15) < 0.012 THEN 'plan'
			WHEN p.t0 < -30 AND demo_u(p.i, 15) < 0.018 THEN 'over' END AS old_procedure
FROM placed p JOIN naf_codes n ON n.niv5 = p.naf;

-- ---------------------------------------------------------------- the hidden process

-- One row per company and month. z: distress; y: distress that has lasted; le: log of the workforce; dp, dw: employer's and
-- employees' shares of the debt; plan: months left of a payment plan; failed: month of the first
-- judgement; fate: what it was. (OFFSET 0 keeps the planner from pasting each step's expressions
-- into the next one, where they would be computed again and again.)
CREATE TEMP TABLE life AS
WITH RECURSIVE life AS (
	SELECT i, greatest(t0, 0) AS t, leaning + 0.45 * demo_n(i, 20) AS z, leaning AS y,
		   ln(size) - CASE WHEN t0 > 0 THEN 0.5 ELSE 0 END AS le,
		   0::float AS dp, 0::float AS dw, 0 AS plan, 0::float AS plan_amount, 0 AS plan_length,
		   NULL::int AS failed, NULL::text AS fate, false AS closed
	FROM company
	UNION ALL
	SELECT c.i, l.t + 1, d.z, 0.90 * l.y + 0.10 * d.z, w.le, b.dp, b.dw,
		   CASE WHEN p.asks THEN p.length WHEN l.plan > 0 THEN l.plan - 1 ELSE 0 END,
		   CASE WHEN p.asks THEN b.dp + b.dw ELSE 0 END, CASE WHEN p.asks THEN p.length ELSE 0 END,
		   coalesce(l.failed, CASE WHEN h.fails THEN l.t + 1 END),
		   coalesce(l.fate, CASE WHEN NOT h.fails THEN NULL
								 WHEN demo_u(k.k, 39) < 0.60 THEN 'liquidation'
								 WHEN demo_u(k.k, 39) < 0.94 THEN 'redressement' ELSE 'sauvegarde' END),
		   demo_u(k.k, 40) < 0.0006
	FROM life l
	JOIN company c ON c.i = l.i
	CROSS JOIN LATERAL (SELECT c.i::bigint * 1000 + l.t + 1 AS k, l.failed IS NOT NULL AS over OFFSET 0) k
	CROSS JOIN LATERAL (SELECT
		0.975 * l.z + 0.025 * (c.leaning + CASE WHEN l.t - c.t0 < 60 THEN 0.30 ELSE 0 END
							   + CASE WHEN l.t > 46 THEN 0.08 ELSE 0 END)
		+ 0.11 * demo_n(k.k, 21)
		+ CASE WHEN demo_u(k.k, 22) < 0.0066 THEN 0.9 + 1.6 * demo_u(k.k, 23) ELSE 0 END
		- CASE WHEN l.z > 1.0 AND demo_u(k.k, 24) < 0.025 THEN 1.2 ELSE 0 END AS z OFFSET 0) d
	CROSS JOIN LATERAL (SELECT
		CASE WHEN k.over AND l.fate = 'liquidation' THEN l.le - 0.9
			 WHEN k.over THEN l.le - 0.01
			 ELSE l.le + 0.0020 - 0.015 * greatest(d.z - 0.5, 0) + 0.011 * demo_n(k.k, 25)
				  - CASE WHEN d.z > 1.4 AND demo_u(k.k, 26) < 0.06 THEN 0.08 + 0.25 * demo_u(k.k, 27)
						 WHEN demo_u(k.k, 26) > 0.994 THEN 0.12 * demo_u(k.k, 27) ELSE 0 END
		END AS le OFFSET 0) w
	CROSS JOIN LATERAL (SELECT exp(w.le) * c.du_per_head AS due OFFSET 0) m
	CROSS JOIN LATERAL (SELECT
		CASE WHEN k.over THEN 0
			 WHEN d.z > c.limit_z AND demo_u(k.k, 28) < 0.65 THEN least(1, 0.2 + 0.5 * (d.z - c.limit_z))
			 WHEN demo_u(k.k, 29) < 0.009 THEN 0.05 + 0.6 * demo_u(k.k, 30) ELSE 0 END AS unpaid,
		CASE WHEN k.over THEN 0
			 WHEN l.plan > 0 THEN least(1, 1.0 / l.plan)
			 WHEN demo_u(k.k, 31) < 0.5 THEN 0
			 WHEN d.z < c.limit_z - 0.2 THEN 0.25 + 0.75 * demo_u(k.k, 32)
			 WHEN demo_u(k.k, 31) > 0.9 THEN 0.3 ELSE 0 END AS paid OFFSET 0) f
	CROSS JOIN LATERAL (SELECT
		CASE WHEN l.dp * (1 - f.paid) < 0.03 * m.due THEN 0 ELSE l.dp * (1 - f.paid) END
			+ 0.66 * f.unpaid * m.due AS dp,
		CASE WHEN l.dw * (1 - 1.4 * f.paid) < 0.01 * m.due THEN 0 ELSE l.dw * (1 - 1.4 * f.paid) END
			+ 0.34 * f.unpaid * m.due AS dw OFFSET 0) b
	CROSS JOIN LATERAL (SELECT
		NOT k.over AND l.plan = 0 AND b.dp + b.dw > 1.2 * m.due AND demo_u(k.k, 33) < 0.05 AS asks,
		6 + 6 * floor(demo_u(k.k, 34) * 4)::int AS length OFFSET 0) p
	CROSS JOIN LATERAL (SELECT
		NOT k.over AND c.old_procedure IS DISTINCT FROM 'plan' AND l.t >= 11
		AND demo_u(k.k, 35) < 0.00020 + 0.060 / (1 + exp(-7.0 * (l.y - 1.4)))
							+ CASE WHEN b.dp + b.dw > 4 * m.due AND l.y > 0.8 THEN 0.04 ELSE 0 END AS fails OFFSET 0) h
	WHERE NOT l.closed
	  AND l.t < CASE WHEN l.fate = 'liquidation' THEN least(82, l.failed + 4) ELSE 82 END
)
SELECT l.*, (date '2019-01-01' + l.t * interval '1 month')::date AS periode,
	   greatest(0, round(exp(le)))::int AS effectif
FROM life l;
CREATE INDEX ON life (i, t);
ANALYZE life;

-- ---------------------------------------------------------------- Sirene

INSERT INTO stg_filter_import SELECT siren FROM company;

INSERT INTO stg_sirene_ul
SELECT c.siren,
	   CASE WHEN x.ei THEN NULL ELSE
			CASE WHEN c.i > 3010 THEN 'COMMUNE' ELSE
				CASE c.section WHEN 'A' THEN 'DOMAINE' WHEN 'C' THEN 'ATELIER' WHEN 'F' THEN 'CHANTIERS'
					WHEN 'G' THEN 'COMPTOIR' WHEN 'H' THEN 'MESSAGERIE' WHEN 'I' THEN 'AUBERGE'
					WHEN 'J' THEN 'LOGICIELS' WHEN 'M' THEN 'CABINET' WHEN 'N' THEN 'PROPRETE'
					ELSE 'ENTRAIDE' END END || ' ' || lpad(c.i::text, 4, '0') END,
	   CASE WHEN x.ei THEN 'PRENOM' || c.i END, NULL, NULL, NULL, CASE WHEN x.ei THEN 'NOM' || c.i END, NULL,
	   CASE WHEN c.i > 3010 THEN '7210' WHEN x.ei THEN '1000' WHEN c.size > 250 THEN '5599'
			ELSE (ARRAY['5499', '5710', '5710', '5499', '5202'])[1 + floor(demo_u(c.i, 50) * 4.1)::int] END,
	   c.naf, (date '2019-01-15' + c.t0 * interval '1 month')::date,
	   NOT coalesce(l.closed OR l.fate = 'liquidation', false), NULL
FROM company c
CROSS JOIN LATERAL (SELECT c.i <= 3000 AND c.size < 25 AND demo_u(c.i, 51) < 0.04 AS ei) x
LEFT JOIN LATERAL (SELECT closed, fate FROM life WHERE life.i = c.i ORDER BY t DESC LIMIT 1) l ON true
ORDER BY c.i;

-- Establishments: number 1 is the head office (until it moves, to number 9), with at least half of
-- the workforce.
CREATE TEMP TABLE establishment AS
SELECT c.i, e AS number, c.siren || lpad((e * 10 + c.i % 7)::text, 5, '0') AS siret,
	   CASE WHEN c.establishments = 1 OR e = 9 THEN 1 WHEN e = 1 THEN 0.5
			ELSE 0.5 / (c.establishments - 1) END AS share,
	   CASE WHEN e = 9 THEN c.moves_at ELSE 0 END AS from_t,
	   CASE WHEN e = 9 THEN 999 ELSE coalesce(c.moves_at - 1, 999) END AS to_t
FROM company c,
	 LATERAL (SELECT generate_series(1, c.establishments) UNION ALL SELECT 9 WHERE c.moves_at IS NOT NULL) s (e);

INSERT INTO stg_sirene
SELECT c.siren, e.siret, CASE WHEN c.moves_at IS NULL THEN e.number = 1 ELSE e.number = 9 END,
	   (1 + floor(demo_u(c.i, 52) * 90)::int)::text, (ARRAY['RUE', 'AVENUE', 'PLACE'])[1 + c.i % 3],
	   'DE L''EXEMPLE',
	   -- ten companies have their head office abroad: no département
	   CASE WHEN x.abroad THEN NULL ELSE p.commune END, CASE WHEN x.abroad THEN NULL ELSE p.code_commune END,
	   CASE WHEN x.abroad THEN NULL ELSE p.code_postal END, CASE WHEN x.abroad THEN '' ELSE p.departement END,
	   c.naf, (date '2019-01-15' + c.t0 * interval '1 month')::date, p.longitude, p.latitude,
	   e.to_t = 999 AND u.est_actif
FROM company c
JOIN stg_sirene_ul u ON u.siren = c.siren
JOIN establishment e ON e.i = c.i
CROSS JOIN LATERAL (SELECT c.i BETWEEN 3001 AND 3010 AS abroad) x
JOIN place p ON p.n = (c.place_n + CASE WHEN e.number IN (1, 9) THEN 0 ELSE e.number * 7 END) % 30
ORDER BY c.i, e.number;

-- ---------------------------------------------------------------- Urssaf

-- Workforce, known up to October 2025. One company in thirty declares by quarter; a declaration in
-- seventy is missing. A liquidated company's workforce soon stops being declared.
INSERT INTO stg_effectif_ent
SELECT c.siren, l.periode, l.effectif
FROM life l JOIN company c USING (i)
WHERE l.t BETWEEN 12 AND 81 AND l.effectif > 0
  AND (c.i % 30 <> 17 OR l.t % 3 = 2)
  AND demo_u(l.i::bigint * 1000 + l.t, 60) >= 0.014
ORDER BY l.i, l.t;

INSERT INTO stg_effectif
SELECT e.siret, l.periode, greatest(1, round(l.effectif * e.share))::int
FROM life l JOIN company c USING (i) JOIN establishment e ON e.i = l.i AND l.t BETWEEN e.from_t AND e.to_t
WHERE l.t BETWEEN 12 AND 81 AND l.effectif > 0
  AND (c.i % 30 <> 17 OR l.t % 3 = 2)
  AND demo_u(l.i::bigint * 1000 + l.t, 60) >= 0.014
ORDER BY l.i, e.number, l.t;

-- Contributions, known up to October 2025. Farming (section A) pays the MSA, not the Urssaf: nothing.
INSERT INTO stg_cotisation
SELECT e.siret, l.periode, (l.periode + interval '1 month')::date,
	   round((exp(l.le) * c.du_per_head * e.share * (1 + 0.04 * demo_n(l.i::bigint * 1000 + l.t, 61)))::numeric, 2)
FROM life l JOIN company c USING (i) JOIN establishment e ON e.i = l.i AND l.t BETWEEN e.from_t AND e.to_t
WHERE l.t BETWEEN 12 AND 81 AND l.effectif > 0 AND c.section <> 'A'
  AND demo_u(l.i::bigint * 1000 + l.t, 62) >= 0.008
ORDER BY l.i, e.number, l.t;

-- Debts: one debit from the month in which something is owed until nothing is, one line for every
-- month in which it moves. Known up to November 2025.
INSERT INTO stg_debit
WITH owed AS (
	-- the debt sits on the head office; when it moves, it vanishes there and appears on the new one
	SELECT l.i, e.siret, e.number, l.t, l.periode,
		   CASE WHEN l.t > e.to_t THEN 0 ELSE round(l.dw::numeric, 2) END AS dw,
		   CASE WHEN l.t > e.to_t THEN 0 ELSE round(l.dp::numeric, 2) END AS dp
	FROM life l JOIN company c USING (i)
	JOIN establishment e ON e.i = l.i AND e.number IN (1, 9) AND l.t BETWEEN e.from_t AND e.to_t + 1
	WHERE l.t BETWEEN 12 AND 82 AND c.section <> 'A'
), moved AS (
	SELECT o.*,
		   lag(dw, 1, 0::numeric) OVER s AS dw_before, lag(dp, 1, 0::numeric) OVER s AS dp_before
	FROM owed o
	WINDOW s AS (PARTITION BY i, number ORDER BY t)
), numbered AS (
	SELECT m.*, count(*) FILTER (WHERE dw_before + dp_before = 0) OVER (PARTITION BY i, number ORDER BY t) AS debit
	FROM moved m
	WHERE (dw, dp) IS DISTINCT FROM (dw_before, dp_before)
)
SELECT siret, siret || '1', lpad(debit::text, 3, '0'),
	   (periode - 10 + floor(demo_u(i::bigint * 1000 + t, 63) * 29)::int), dw::float, dp::float,
	   (row_number() OVER (PARTITION BY siret, debit ORDER BY t))::int * 2,
	   (first_value(periode) OVER (PARTITION BY siret, debit ORDER BY t) - interval '1 month')::date,
	   first_value(periode) OVER (PARTITION BY siret, debit ORDER BY t),
	   periode, siret || '-' || debit
FROM numbered
ORDER BY i, number, t;

-- A movement in ten was first booked with another amount, corrected before the 20th.
INSERT INTO stg_debit
SELECT siret, numero_compte, numero_ecart_negatif, date_traitement, part_ouvriere,
	   part_patronale + 1000, numero_historique_ecart_negatif - 1, periode_debut, periode_fin,
	   periode_prise_en_compte, debit_id
FROM stg_debit
WHERE hashtextextended(debit_id || periode_prise_en_compte, 0) % 10 = 0;

-- Payment plans.
INSERT INTO stg_delai
SELECT e.siret, l.periode + 4 + floor(demo_u(l.i::bigint * 1000 + l.t, 64) * 15)::int,
	   (l.periode + 20 + l.plan_length * interval '1 month')::date, 30 * l.plan_length,
	   round(l.plan_amount::numeric, 2), 'APPROB', 'SUR PO'
FROM life l JOIN company c USING (i)
JOIN establishment e ON e.i = l.i AND e.number IN (1, 9) AND l.t BETWEEN e.from_t AND e.to_t
WHERE l.plan_length > 0 AND l.t BETWEEN 12 AND 82 AND c.section <> 'A'
ORDER BY l.i, l.t;

-- ---------------------------------------------------------------- partial activity (DGEFP)

-- Asked for by the quarter, used in part; more by companies in distress, by factories, building
-- sites and hotels, and by everybody in 2020. Known up to September 2025.
CREATE TEMP TABLE ap_request AS
SELECT l.i, l.t, l.z, l.periode, l.effectif, e.siret, demo_u(l.i::bigint * 1000 + l.t, 70) AS u,
	   lpad((row_number() OVER (ORDER BY l.i, l.t, e.number))::text, 11, '0') AS id_demande
FROM life l JOIN company c USING (i)
JOIN establishment e ON e.i = l.i AND e.number IN (1, 9) AND l.t BETWEEN e.from_t AND e.to_t
WHERE l.t % 3 = 0 AND l.t >= 12 AND l.effectif > 0 AND l.failed IS NULL
  AND demo_u(l.i::bigint * 1000 + l.t, 71) <
		CASE WHEN l.t BETWEEN 15 AND 29 THEN CASE WHEN c.section IN ('I', 'N') THEN 0.6 ELSE 0.25 END
			 ELSE 0.006 + CASE WHEN l.z > 0.8 THEN 0.05 * (l.z - 0.5) ELSE 0 END
				  * CASE WHEN c.section IN ('C', 'F', 'H', 'I') THEN 2.4 ELSE 0.6 END END;

INSERT INTO stg_apdemande
SELECT id_demande, siret, periode + 12, periode, (periode + interval '3 months')::date - 1,
	   round((effectif * 151.67 * (0.2 + 0.4 * u))::numeric), round((effectif * 151.67 * (0.2 + 0.4 * u) * 8)::numeric),
	   effectif, (ARRAY[1, 1, 1, 2, 5])[1 + floor(u * 5)::int]
FROM ap_request
ORDER BY id_demande;

INSERT INTO stg_apconso
SELECT a.siret, a.id_demande, h.heures, round(h.heures * 8), a.effectif, (a.periode + m * interval '1 month')::date
FROM ap_request a
CROSS JOIN generate_series(0, 2) m
CROSS JOIN LATERAL (SELECT round((a.effectif * 151.67 * (0.05 + 0.4 * a.u)
								  * demo_u(a.i::bigint * 1000 + a.t, 72 + m))::numeric) AS heures) h
WHERE a.periode + m * interval '1 month' <= date '2025-09-01' AND h.heures > 0
ORDER BY a.id_demande, m;

-- ---------------------------------------------------------------- collective procedures

INSERT INTO stg_procol
WITH entered AS (
	SELECT l.i, c.siren || right(e.siret, 5) AS siret, l.fate,
		   (l.periode + floor(demo_u(l.i, 80) * 27)::int) AS date_effet,
		   demo_u(l.i, 81) AS u, 6 + floor(demo_u(l.i, 82) * 8)::int AS months
	FROM life l JOIN company c USING (i) JOIN establishment e ON e.i = l.i AND e.number = 1
	WHERE l.t = l.failed
)
SELECT siret, date_effet, fate, 'ouverture' FROM entered
UNION ALL
SELECT siret, (date_effet + months * interval '1 month')::date,
	   CASE WHEN fate = 'redressement' AND u > 0.45 THEN 'liquidation' ELSE fate END,
	   CASE WHEN fate = 'redressement' AND u > 0.45 THEN 'ouverture' ELSE 'plan_continuation' END
FROM entered
WHERE fate <> 'liquidation' AND date_effet + months * interval '1 month' <= date '2025-11-30'
UNION ALL
SELECT siret, (date_effet + (months + 4) * interval '1 month')::date, fate, 'solde_procedure'
FROM entered
WHERE fate = 'liquidation' AND date_effet + (months + 4) * interval '1 month' <= date '2025-11-30'
UNION ALL
SELECT c.siren || '00010', date '2016-02-09' + c.i % 900, 'redressement', 'ouverture'
FROM company c WHERE old_procedure IS NOT NULL
UNION ALL
SELECT c.siren || '00010', date '2017-02-09' + c.i % 900, 'redressement',
	   CASE old_procedure WHEN 'plan' THEN 'plan_continuation' ELSE 'fin_procedure' END
FROM company c WHERE old_procedure IS NOT NULL;

-- ---------------------------------------------------------------- refresh, as after an import

DROP FUNCTION demo_u(bigint, int), demo_n(bigint, int);
DROP TABLE place, company, life, establishment, ap_request;
ANALYZE;
REFRESH MATERIALIZED VIEW siren_blacklist;
REFRESH MATERIALIZED VIEW stg_tmp_debits_simplified;
REFRESH MATERIALIZED VIEW clean_debit;
REFRESH MATERIALIZED VIEW clean_ap;
REFRESH MATERIALIZED VIEW clean_procol_at_date;
ANALYZE;
