--
-- The registry: states and their changes, history, dictionaries, bound relations,
-- thresholds, and what a reference means.
--
\getenv abs_srcdir PG_ABS_SRCDIR
\i :abs_srcdir/test/regress/fixture.sql
SET search_path = risk_test, public;
SET timezone = 'UTC';

-- Models that answer their own version: the bias is the score.
CREATE FUNCTION constant_model(value float8) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
	SELECT linear_model(ARRAY['debt', 'staff'], ARRAY[0, 0], value)
$$;
CREATE FUNCTION states(name text) RETURNS text LANGUAGE sql STABLE AS $$
	SELECT string_agg(m.version || ' ' || m.state, ', ' ORDER BY m.version) FROM risk.models m
	WHERE m.name = states.name
$$;
SELECT risk.import_model('failure', constant_model(n)) FROM generate_series(1, 4) n;
SELECT states('failure');

--
-- Into production and back
--
SELECT risk.promote_model('failure@1', 'first model');
SELECT states('failure'), score_company('{"debt": 1, "staff": 2}'::jsonb, 'failure');
SELECT risk.promote_model('failure@2', 'better');
SELECT risk.promote_model('failure@3');
SELECT states('failure'), score_company('{"debt": 1, "staff": 2}'::jsonb, 'failure');
-- an archived version still answers by its full reference
SELECT score_company('{"debt": 1, "staff": 2}'::jsonb, 'failure@1');
-- twice back goes two versions back, not to and fro
SELECT risk.rollback_model('failure', 'wrong for small companies');
SELECT risk.rollback_model('failure', 'this one, too');
SELECT states('failure');
SELECT outcome($$SELECT risk.rollback_model('failure', 'no further')$$);
-- forth again is a promotion, from which one can go back
SELECT risk.promote_model('failure@4', 'repaired');
SELECT risk.rollback_model('failure', 'not repaired');
SELECT risk.promote_model('failure@2', 'again');
SELECT risk.promote_model('failure@1', 'again');
SELECT risk.rollback_model('failure', 'to 2');
SELECT risk.rollback_model('failure', 'to 1');
SELECT states('failure');
-- archived by hand: nothing is in production, and back is to what was
SELECT risk.archive_model('failure@1', 'off');
SELECT states('failure');
SELECT outcome($$SELECT score_company('{"debt": 1, "staff": 2}'::jsonb, 'failure')$$);
SELECT risk.rollback_model('failure', 'on again');
SELECT states('failure');
-- a version that was dropped is passed over
SELECT risk.promote_model('failure@4'), risk.promote_model('failure@3');
SELECT risk.drop_model('failure@4', 'biased');
SELECT risk.rollback_model('failure', 'past the dropped one');
SELECT states('failure');
-- a rollback may say how far back it goes, and gives reasons where there are some
SELECT risk.promote_model('failure@2'), risk.promote_model('failure@3');
SELECT outcome(format('SELECT risk.rollback_model(%L, target => %L)', model, target))
FROM (VALUES ('failure', 'failure@3'), ('failure', 'failure@9'), ('failure', 'failure'), ('failure', 'other@1'),
	('failure', 'failure@1#00000000'), ('failure', '7'), ('failure@3', 'failure@1'), ('other', 'other@1'),
	(NULL, 'failure@1')) v (model, target);
SELECT risk.rollback_model('failure', target => 'failure@1');
SELECT outcome($$SELECT risk.rollback_model('failure', target => 'failure@2')$$);
SELECT states('failure');
-- the second argument is the reason: a version of this name there is a target in the wrong place
SELECT outcome(format('SELECT risk.rollback_model(''failure'', %L)', reason))
FROM unnest('{failure@2,failure@2#12345678,failure@02}'::text[]) reason;
BEGIN;
SELECT risk.promote_model('failure@3');
SELECT risk.rollback_model('failure', 'failure@3 is worse');
SELECT risk.promote_model('failure@3');
SELECT risk.rollback_model('failure', 'failures@3');
SELECT risk.promote_model('failure@3');
SELECT risk.rollback_model('failure', 'failure@3', 'failure@1');
ROLLBACK;
SELECT states('failure');
SELECT risk.import_model('failure', constant_model(5));

-- All of it with who, when and why; the history of a dropped version stays.
SELECT number, version, event, reason, role = session_user AS by_me,
	happened_at BETWEEN now() - interval '1 hour' AND now() AS just_now,
	details - 'digest' - 'content_digest' AS details
FROM risk.model_events WHERE name = 'failure' ORDER BY number;
SELECT bool_and(happened_at >= before) AS ascending
FROM (SELECT happened_at, lag(happened_at) OVER (ORDER BY number) AS before
	FROM risk.model_events WHERE name = 'failure') event;
SELECT m.reference, m.promoted_at = (SELECT max(happened_at) FROM risk.model_events e
	WHERE e.name = 'failure' AND e.version = 1 AND e.event IN ('promote', 'rollback')) AS promoted_at
FROM risk.models m WHERE m.name = 'failure' AND m.version = 1;

--
-- Of a transaction, and of a part of one, that did not come to its end, nothing is left
--
SELECT md5(string_agg(r::text, '|' ORDER BY r.name, r.version)) AS registry_before FROM risk_internal.registry r \gset
SELECT md5(string_agg(e::text, '|' ORDER BY e.name, e.number)) AS events_before
FROM risk_internal.registry_event e \gset
BEGIN;
SELECT risk.import_model('failure', constant_model(6));
SELECT risk.promote_model('failure@6', 'to be aborted');
SELECT states('failure'), score_company('{"debt": 1, "staff": 2}'::jsonb, 'failure');
SELECT risk.describe_features('failure', '{"features": {"debt": {"label": "Dette"}}}');
SELECT risk.set_thresholds('failure', 0.5, 0.25);
ROLLBACK;
BEGIN;
SAVEPOINT before;
SELECT risk.import_model('failure', constant_model(7));
SELECT risk.promote_model('failure@6');
SELECT score_company('{"debt": 1, "staff": 2}'::jsonb, 'failure');
ROLLBACK TO before;
SELECT score_company('{"debt": 1, "staff": 2}'::jsonb, 'failure');
SELECT outcome($$SELECT score_company('{"debt": 1, "staff": 2}'::jsonb, 'failure@6')$$);
-- the same number, other bytes: not the aborted model
SELECT risk.import_model('failure', constant_model(8));
SELECT score_company('{"debt": 1, "staff": 2}'::jsonb, 'failure@6');
ROLLBACK;
SELECT states('failure'), score_company('{"debt": 1, "staff": 2}'::jsonb, 'failure');
SELECT md5(string_agg(r::text, '|' ORDER BY r.name, r.version)) = :'registry_before' AS registry_as_before
FROM risk_internal.registry r;
SELECT md5(string_agg(e::text, '|' ORDER BY e.name, e.number)) = :'events_before' AS events_as_before
FROM risk_internal.registry_event e;

--
-- Dictionaries
--
SELECT risk.describe_features('failure@2', '{
	"groups": {"debts": {"label": "Dettes sociales", "description": "Urssaf"}},
	"features": {"debt": {"label": "Dette", "group": "debts", "source": "Urssaf", "unit": "EUR",
		"description": "en fin de mois"},
		"staff": {"label": "Effectif", "group": "size"}}}');
SELECT position, feature, label, feature_group, group_label, source, unit, description
FROM risk.model_features WHERE name = 'failure' AND version = 2 ORDER BY position;
-- what is named is replaced, null takes away, what is not named stays; no version means production
SELECT risk.describe_features('failure', '{"features": {"debt": {"label": "Dettes", "unit": null}}}');
SELECT risk.promote_model('failure@2');
SELECT risk.describe_features('failure', '{"groups": {"size": {"label": "Taille"}, "debts": {"label": "Dettes"}},
	"features": {"debt": {"unit": null, "source": ""}}}');
SELECT position, feature, label, feature_group, group_label, source, unit, description
FROM risk.model_features WHERE name = 'failure' AND version = 2 ORDER BY position;
SELECT risk.describe_features('failure', '{}');
SELECT risk.describe_features('failure', '{"features": {}}');
SELECT label, feature_group, group_label FROM risk.model_features WHERE name = 'failure' AND version = 1
ORDER BY position;

--
-- Thresholds: strong from the first on, moderate from the second on
--
SELECT risk.set_thresholds('failure@2', 0.5, 0.25);
SELECT score, risk.alert_level(score, 'failure@2')
FROM unnest('{-1, 0.24, 0.25, 0.49, 0.5, 1, Infinity, NaN, NULL}'::float8[]) score;
-- a percentage is no probability; other scores may be any number
SELECT risk.import_model('probability', tree_model(ARRAY['debt'], '[[[1, 0, 0, 1, 2, 1], [1, -1], [1, 1]]]'));
SELECT risk.set_thresholds('probability@1', 1, 0);
SELECT score, risk.alert_level(score, 'probability@1') FROM unnest('{0, -0, 0.99, 1, NaN}'::float8[]) score;
SELECT outcome(format($$SELECT risk.alert_level(%L, 'probability@1')$$, score))
FROM unnest('{77.4, -1e-9, Infinity}'::float8[]) score;
SELECT outcome($$SELECT risk.set_thresholds('probability@1', 88, 65)$$);
SELECT outcome($$SELECT risk.set_thresholds('probability@1', 0.5, -0.1)$$);
SELECT outcome($$SELECT risk.set_thresholds('probability@1', 'Infinity', 0.5)$$);
SELECT risk.alert_level(1, 'probability@1');
SELECT risk.import_model('log_odds', tree_model(ARRAY['debt'], '[[[1, 0, 0, 1, 2, 1], [1, -1], [1, 1]]]',
	'binary:logitraw'));
SELECT risk.set_thresholds('log_odds@1', 3, -2);
SELECT risk.alert_level(4, 'log_odds@1');
SELECT risk.set_calibration('log_odds@1', '{"method": "sigmoid", "slope": 1, "intercept": 0}');
SELECT outcome($$SELECT risk.alert_level(4, 'log_odds@1')$$);
SELECT outcome($$SELECT risk.set_thresholds('log_odds@1', 3, -2)$$);
SELECT risk.drop_model('log_odds@1');
SELECT risk.drop_model('probability@1');
SELECT risk.alert_level(0.3);
SELECT risk.set_thresholds('failure@2', 0.3, 0.3);
SELECT risk.alert_level(0.3), risk.alert_level(0.29);
-- the words are those of the dictionary's language, or the model's own
SELECT risk.describe_features('failure@2', '{"language": "fr"}');
SELECT risk.alert_level(0.3), risk.alert_level(0.29);
SELECT outcome(format($$SELECT risk.describe_features('failure@2', '{"language": %s}')$$, language))
FROM unnest('{"\"nl\"", "null", "{}", "[\"fr\"]"}'::text[]) language;
SELECT risk.set_alert_words('failure@2', 'rouge', NULL, '');
SELECT risk.alert_level(0.3), risk.alert_level(0.29);
SELECT reference, threshold_strong, threshold_moderate, language, alert_strong, alert_moderate, alert_none
FROM risk.models WHERE reference = 'failure@2';
SELECT event, details FROM risk.model_events WHERE name = 'failure' AND event = 'alert words';
-- a language that this library does not know is no reason for another one's words
ALTER TABLE risk_internal.registry DROP CONSTRAINT registry_language_check;
UPDATE risk_internal.registry SET language = 'nl' WHERE name = 'failure' AND version = 2;
SELECT outcome($$SELECT risk.alert_level(0.3)$$);
SELECT language, alert_strong, alert_moderate FROM risk.models WHERE reference = 'failure@2';
UPDATE risk_internal.registry SET language = 'fr' WHERE name = 'failure' AND version = 2;

--
-- A bound relation; dictionary, language and relation go over to the next version, thresholds
-- and words for them do not
--
CREATE TABLE companies (siren text, staff int, debt numeric, "Period" date);
SELECT risk.bind_source('failure@2', 'companies', 'siren', 'Period');
SELECT reference, source_schema, source_relation, key_column, period_column FROM risk.models
WHERE reference = 'failure@2';
SELECT risk.bind_source('failure@2', 'companies', 'siren');
SELECT risk.import_model('failure', linear_model(ARRAY['age', 'debt'], ARRAY[1, 1]));
SELECT outcome($$SELECT risk.bind_source('failure@6', 'companies', 'siren')$$);
SELECT risk.import_model('successor', constant_model(1));
SELECT risk.describe_features('successor@1',
	'{"language": "fr", "features": {"debt": {"label": "Dette", "group": "debts", "unit": "EUR"}},
	"groups": {"debts": {"label": "Dettes"}, "empty": {"label": "Vide"}}}');
SELECT risk.bind_source('successor@1', 'companies', 'siren', 'Period');
SELECT risk.set_thresholds('successor@1', 0.5, 0.25);
SELECT risk.set_alert_words('successor@1', 'rouge', 'orange', 'vert');
SELECT risk.import_model('successor', linear_model(ARRAY['age', 'debt'], ARRAY[1, 1]));
SELECT position, feature, label, feature_group, group_label, unit FROM risk.model_features
WHERE name = 'successor' AND version = 2 ORDER BY position;
SELECT feature_group, label FROM risk_internal.registry_group WHERE name = 'successor' AND version = 2
ORDER BY feature_group;
SELECT reference, state, threshold_strong, language, alert_strong, source_relation, key_column, period_column
FROM risk.models WHERE reference = 'successor@2' \gx

-- ... from the version in production, whatever experiments came later, and from the newest where none is
BEGIN;
SELECT risk.promote_model('successor@1', beside_others => true);
SELECT risk.describe_features('successor@2', '{"language": "en", "features": {"debt": {"label": "An experiment"}}}');
SELECT risk.import_model('successor', linear_model(ARRAY['age', 'debt'], ARRAY[1, 1]));
SELECT risk.archive_model('successor@1');
SELECT risk.describe_features('successor@3', '{"features": {"debt": {"label": "The newest"}}}');
SELECT risk.import_model('successor', linear_model(ARRAY['age', 'debt'], ARRAY[1, 1]));
-- ... the newest by number: another number may be asked for
SELECT risk.drop_model('successor@1');
SELECT risk.import_model('successor', linear_model(ARRAY['debt'], ARRAY[1]), version => 9);
SELECT risk.describe_features('successor@9', '{"features": {"debt": {"label": "Number nine"}}}');
SELECT risk.import_model('successor', linear_model(ARRAY['debt'], ARRAY[1]), version => 8);
SELECT m.reference, m.language, m.source_relation, m.key_column, m.period_column, f.label, f.group_label, f.unit
FROM risk.models m JOIN risk.model_features f USING (reference)
WHERE m.name = 'successor' AND f.feature = 'debt' ORDER BY m.version;
ROLLBACK;

--
-- What a reference means
--
SELECT risk.resolve_model(), risk.resolve_model('failure'), risk.resolve_model('failure@1'),
	risk.resolve_model('successor@2');
ALTER TABLE companies ADD age int;
SELECT risk.promote_model('successor@2', beside_others => true);
SELECT outcome($$SELECT risk.resolve_model()$$);
SELECT outcome($$SELECT risk.alert_level(0.5)$$);
-- a serializable transaction reads no more of the registry than it asks for: others may go on changing it
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT risk.resolve_model('failure'), risk.resolve_model('failure@1'), risk.resolve_model('successor@2');
SELECT outcome($$SELECT risk.resolve_model('failure@99')$$);
SELECT outcome($$SELECT risk.resolve_model()$$);
SELECT count(*) AS whole_tables FROM pg_locks
WHERE pid = pg_backend_pid() AND mode = 'SIReadLock' AND locktype = 'relation'
	AND relation = 'risk_internal.registry'::regclass;
ROLLBACK;
-- a pinned reference is one version with one content, or an error
SELECT risk.pin_model('failure@1') = 'failure@1#' || left(content_digest, 16) AS pinned,
	risk.resolve_model(risk.pin_model('failure@1')) AS resolved,
	risk.resolve_model('failure@1#' || content_digest) AS by_all_digits,
	risk.resolve_model('failure@1#' || left(content_digest, 8)) AS by_eight,
	score_company('{"debt": 1, "staff": 2}'::jsonb, risk.pin_model('failure@1'))
		= score_company('{"debt": 1, "staff": 2}'::jsonb, 'failure@1') AS scores,
	regexp_replace(outcome(format($$SELECT risk.resolve_model('failure@1#%s')$$, translate(left(content_digest, 8),
		'0123456789abcdef', '123456789abcdef0'))), '[0-9a-f]{8}', '(digits)', 'g') AS another_content,
	regexp_replace(outcome(format($$SELECT score_company('{}'::jsonb, 'failure@1#%s')$$,
		overlay(content_digest PLACING CASE right(content_digest, 1) WHEN '0' THEN '1' ELSE '0' END FROM 64))),
		'[0-9a-f]{64}', '(digits)', 'g') AS last_digit
FROM risk.models WHERE reference = 'failure@1' \gx
SELECT risk.pin_model('failure') = risk.pin_model(risk.resolve_model('failure')) AS of_production;
SELECT split_part(outcome(format('SELECT risk.resolve_model(%L)', 'failure' || rest)), E'\n', 1) AS refused
FROM unnest('{@1#,@1#1234567,@1#1234567G,@1#ABCDEF12,@1#12345678 ,@#12345678,
	#12345678,@1@12345678,@01#12345678,@1#12345678#12345678}'::text[]) rest;
SELECT split_part(outcome(format('SELECT risk.resolve_model(%L)', 'failure@1#' || repeat('0', 65))), ':', 1)
	AS refused;
-- what is meant by a pin without its version, or in capitals
SELECT outcome(format('SELECT risk.resolve_model(%L)', 'failure' || rest))
FROM unnest('{#82ae71ea,@1#82AE71EA,@01#82AE71EA}'::text[]) rest;
SELECT name, version, digest FROM unnest('{failure,failure@1,failure@1#0123456789abcdef,""}'::text[]) reference,
	risk_internal.parse_reference(reference);
SET company_risk.default_model = 'successor';
SELECT risk.resolve_model(), risk.resolve_model(NULL), risk.resolve_model('failure');
SET company_risk.default_model = 'failure@1';
SELECT risk.resolve_model(), score_company('{"debt": 1, "staff": 2}'::jsonb);
SET company_risk.default_model = 'nobody';
SELECT outcome($$SELECT risk.resolve_model()$$);
SET company_risk.default_model = '';
SELECT outcome($$SELECT risk.resolve_model()$$) LIKE '42P08:%' AS ambiguous;
-- an empty reference is none
SELECT outcome($$SELECT risk.resolve_model('')$$) LIKE '42P08:%' AS ambiguous;
RESET company_risk.default_model;
SELECT risk.archive_model('successor@2');
SELECT risk.resolve_model();
-- a hint names a version that there is
BEGIN;
SELECT risk.drop_model('failure@' || version) FROM risk.models
WHERE name = 'failure' AND version <> 3 AND state <> 'production';
SELECT outcome($$SELECT risk.archive_model('failure')$$);
SELECT risk.archive_model('failure@' || version) FROM risk.models WHERE name = 'failure' AND state = 'production';
SELECT outcome($$SELECT risk.archive_model('failure')$$);
SELECT outcome($$SELECT risk.resolve_model('failure')$$);
ROLLBACK;

-- A dropped version leaves nothing but its history.
SELECT risk.drop_model('successor@1');
SELECT (SELECT count(*) FROM risk_internal.registry_feature f
	WHERE f.name = 'successor' AND f.version = 1) AS features,
	(SELECT count(*) FROM risk_internal.registry_group g WHERE g.name = 'successor' AND g.version = 1) AS groups,
	(SELECT count(*) FROM risk_internal.registry_chunk c WHERE c.name = 'successor' AND c.version = 1) AS chunks,
	(SELECT count(*) FROM risk.model_events e WHERE e.name = 'successor' AND e.version = 1) > 3 AS history;
