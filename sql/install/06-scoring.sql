/* ----------
 * Scoring and explaining
 *
 * A verb takes a row, a JSON object or an array, and those that people look
 * companies up with a company's number, as text or as a number; the C function
 * behind them finds out which it is.  None of them writes.  No SET clause: it
 * would cost more than the score.  What a bound relation's views run is not ours
 * to vouch for: forms by number stay out of parallel workers.
 * ----------
 */
CREATE FUNCTION risk_internal.planner_support(internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'company_risk_support' LANGUAGE C STRICT PARALLEL SAFE;
COMMENT ON FUNCTION risk_internal.planner_support(internal) IS
	'The planner asks it to make whole rows into columns, and about cost and rows';

/*
 * A period is a date, and drivers bind it as text or as a timestamp: a type of its
 * own, into which all of them go implicitly, keeps the verbs from having a form for
 * each, which a call with fewer arguments could not tell apart.  For the same reason
 * integers have no form of their own, but go where numerics do.
 */
CREATE TYPE risk.period;
CREATE FUNCTION risk_internal.period_in(cstring) RETURNS risk.period
	AS 'date_in' LANGUAGE internal STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION risk_internal.period_in(cstring) IS 'Text form of a period: that of a date';
CREATE FUNCTION risk_internal.period_out(risk.period) RETURNS cstring
	AS 'date_out' LANGUAGE internal STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION risk_internal.period_out(risk.period) IS 'Text form of a period: that of a date';
CREATE FUNCTION risk_internal.period_recv(internal) RETURNS risk.period
	AS 'date_recv' LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION risk_internal.period_recv(internal) IS 'Binary form of a period: that of a date';
CREATE FUNCTION risk_internal.period_send(risk.period) RETURNS bytea
	AS 'date_send' LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION risk_internal.period_send(risk.period) IS 'Binary form of a period: that of a date';
CREATE TYPE risk.period (
	INPUT = risk_internal.period_in, OUTPUT = risk_internal.period_out,
	RECEIVE = risk_internal.period_recv, SEND = risk_internal.period_send, LIKE = pg_catalog.date);
COMMENT ON TYPE risk.period IS
	'A date as the argument of functions that look companies up: dates, timestamps and text go into it without a cast';

CREATE FUNCTION risk_internal.period(timestamp) RETURNS risk.period
	AS 'timestamp_date' LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION risk_internal.period(timestamp) IS 'Internal: the day of a timestamp';
CREATE FUNCTION risk_internal.period(timestamptz) RETURNS risk.period
	AS 'timestamptz_date' LANGUAGE internal STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION risk_internal.period(timestamptz) IS 'Internal: the day of a timestamp, in the session''s time zone';
CREATE CAST (date AS risk.period) WITHOUT FUNCTION AS IMPLICIT;
CREATE CAST (risk.period AS date) WITHOUT FUNCTION AS ASSIGNMENT;
CREATE CAST (timestamp AS risk.period) WITH FUNCTION risk_internal.period(timestamp) AS IMPLICIT;
CREATE CAST (timestamptz AS risk.period) WITH FUNCTION risk_internal.period(timestamptz) AS IMPLICIT;
CREATE CAST (text AS risk.period) WITH INOUT AS IMPLICIT;
CREATE CAST (varchar AS risk.period) WITH INOUT AS IMPLICIT;
CREATE CAST (bpchar AS risk.period) WITH INOUT AS IMPLICIT;

CREATE FUNCTION score_company(company record, model text DEFAULT NULL)
	RETURNS double precision
	AS 'MODULE_PATHNAME', 'company_risk_score' LANGUAGE C STABLE PARALLEL SAFE COST 500
	SUPPORT risk_internal.planner_support;
COMMENT ON FUNCTION score_company(record, text) IS
	'The model''s score of a row: the objective''s output (of binary:logistic a probability, 0 to 1), calibrated where the model is. company: has a column for each feature, by name; NULL and NaN are missing. model: a reference, NULL the default model. NULL for a NULL row. Errors: a feature without a column, or with one of a type that cannot feed it; a model with several outputs (risk.predict has them) or an objective that is not known (risk.margin)';

CREATE FUNCTION score_company(features jsonb, model text DEFAULT NULL)
	RETURNS double precision
	AS 'MODULE_PATHNAME', 'company_risk_score' LANGUAGE C STABLE PARALLEL SAFE COST 500
	SUPPORT risk_internal.planner_support;
COMMENT ON FUNCTION score_company(jsonb, text) IS
	'The model''s score, as score_company(record, text) has it, of a JSON object, whose keys are the features'' names: numbers, booleans, categories by name, null for missing; a key that is not there is an error';

CREATE FUNCTION score_company(features double precision[], model text DEFAULT NULL)
	RETURNS double precision
	AS 'MODULE_PATHNAME', 'company_risk_score' LANGUAGE C STABLE PARALLEL SAFE COST 500
	SUPPORT risk_internal.planner_support;
COMMENT ON FUNCTION score_company(double precision[], text) IS
	'The model''s score, as score_company(record, text) has it, of an array with the features in the model''s order (position in risk.model_features): NULL is missing, categories by code';

CREATE FUNCTION score_company(siren text, model text DEFAULT NULL, period risk.period DEFAULT NULL)
	RETURNS double precision
	AS 'MODULE_PATHNAME', 'company_risk_score' LANGUAGE C STABLE PARALLEL RESTRICTED COST 500
	SUPPORT risk_internal.planner_support;
COMMENT ON FUNCTION score_company(text, text, risk.period) IS
	'The model''s score, as score_company(record, text) has it, of a company by its number, in the relation bound to the model (risk.bind_source), at a period or (NULL) the latest; nothing for a company that is not there, with a notice where the number cannot be one';

CREATE FUNCTION score_company(siren numeric, model text DEFAULT NULL, period risk.period DEFAULT NULL)
	RETURNS double precision
	AS 'MODULE_PATHNAME', 'company_risk_score' LANGUAGE C STABLE PARALLEL RESTRICTED COST 500
	SUPPORT risk_internal.planner_support;
COMMENT ON FUNCTION score_company(numeric, text, risk.period) IS
	'The model''s score, as score_company(record, text) has it, of a company by its number as a number, which is padded with zeros to nine digits; else like the form for text';

CREATE FUNCTION explain_score(company record, model text DEFAULT NULL, top bigint DEFAULT NULL)
	RETURNS TABLE (rank integer, feature text, label text, feature_group text, group_label text,
		value text, value_number double precision, unit text, contribution double precision,
		points double precision, source text)
	AS 'MODULE_PATHNAME', 'company_risk_explain_score' LANGUAGE C STABLE PARALLEL SAFE COST 5000 ROWS 40
	SUPPORT risk_internal.planner_support;
COMMENT ON FUNCTION explain_score(record, text, bigint) IS
	'Why a row has its score: (base), the average, with rank 0, then the features by weight; the words of (base) and (others) are in the model''s language. contribution: in margin units (log-odds), adds up to the margin; points: in the score''s unit, add up to the score; value: as the row has it; value_number: the number it is, a boolean being 1 or 0, and NULL for categories and what is missing; unit and source: the dictionary''s. top: so many features, the others in one row (NULL: all). No rows for a NULL row. Errors: those of score_company, but for the objective, without which points are NULL; a model with several outputs (risk.contributions)';

CREATE FUNCTION explain_score(features jsonb, model text DEFAULT NULL, top bigint DEFAULT NULL)
	RETURNS TABLE (rank integer, feature text, label text, feature_group text, group_label text,
		value text, value_number double precision, unit text, contribution double precision,
		points double precision, source text)
	AS 'MODULE_PATHNAME', 'company_risk_explain_score' LANGUAGE C STABLE PARALLEL SAFE COST 5000 ROWS 40
	SUPPORT risk_internal.planner_support;
COMMENT ON FUNCTION explain_score(jsonb, text, bigint) IS
	'Why it has its score, as explain_score(record, text, bigint) says it, of a JSON object, whose keys are the features'' names: numbers, booleans, categories by name, null for missing; a key that is not there is an error';

CREATE FUNCTION explain_score(features double precision[], model text DEFAULT NULL, top bigint DEFAULT NULL)
	RETURNS TABLE (rank integer, feature text, label text, feature_group text, group_label text,
		value text, value_number double precision, unit text, contribution double precision,
		points double precision, source text)
	AS 'MODULE_PATHNAME', 'company_risk_explain_score' LANGUAGE C STABLE PARALLEL SAFE COST 5000 ROWS 40
	SUPPORT risk_internal.planner_support;
COMMENT ON FUNCTION explain_score(double precision[], text, bigint) IS
	'Why it has its score, as explain_score(record, text, bigint) says it, of an array with the features in the model''s order (position in risk.model_features): NULL is missing, categories by code';

CREATE FUNCTION explain_score(siren text, model text DEFAULT NULL, period risk.period DEFAULT NULL, top bigint DEFAULT NULL)
	RETURNS TABLE (rank integer, feature text, label text, feature_group text, group_label text,
		value text, value_number double precision, unit text, contribution double precision,
		points double precision, source text)
	AS 'MODULE_PATHNAME', 'company_risk_explain_score' LANGUAGE C STABLE PARALLEL RESTRICTED COST 5000 ROWS 40
	SUPPORT risk_internal.planner_support;
COMMENT ON FUNCTION explain_score(text, text, risk.period, bigint) IS
	'Why it has its score, as explain_score(record, text, bigint) says it, of a company by its number, in the relation bound to the model (risk.bind_source), at a period or (NULL) the latest; nothing for a company that is not there, with a notice where the number cannot be one';

CREATE FUNCTION explain_score(siren numeric, model text DEFAULT NULL, period risk.period DEFAULT NULL, top bigint DEFAULT NULL)
	RETURNS TABLE (rank integer, feature text, label text, feature_group text, group_label text,
		value text, value_number double precision, unit text, contribution double precision,
		points double precision, source text)
	AS 'MODULE_PATHNAME', 'company_risk_explain_score' LANGUAGE C STABLE PARALLEL RESTRICTED COST 5000 ROWS 40
	SUPPORT risk_internal.planner_support;
COMMENT ON FUNCTION explain_score(numeric, text, risk.period, bigint) IS
	'Why it has its score, as explain_score(record, text, bigint) says it, of a company by its number as a number, which is padded with zeros to nine digits; else like the form for text';

CREATE FUNCTION risk.margin(company record, model text DEFAULT NULL)
	RETURNS double precision
	AS 'MODULE_PATHNAME', 'company_risk_margin' LANGUAGE C STABLE PARALLEL SAFE COST 500
	SUPPORT risk_internal.planner_support;
COMMENT ON FUNCTION risk.margin(record, text) IS
	'The model''s margin of a row, before the objective''s transform (log-odds for binary:logistic), bit-equal to XGBoost''s output_margin and never calibrated. Arguments and errors: those of score_company; a model with several outputs has risk.margins';

CREATE FUNCTION risk.margin(features jsonb, model text DEFAULT NULL)
	RETURNS double precision
	AS 'MODULE_PATHNAME', 'company_risk_margin' LANGUAGE C STABLE PARALLEL SAFE COST 500
	SUPPORT risk_internal.planner_support;
COMMENT ON FUNCTION risk.margin(jsonb, text) IS
	'The model''s margin, as risk.margin(record, text) has it, of a JSON object, whose keys are the features'' names: numbers, booleans, categories by name, null for missing; a key that is not there is an error';

CREATE FUNCTION risk.margin(features double precision[], model text DEFAULT NULL)
	RETURNS double precision
	AS 'MODULE_PATHNAME', 'company_risk_margin' LANGUAGE C STABLE PARALLEL SAFE COST 500
	SUPPORT risk_internal.planner_support;
COMMENT ON FUNCTION risk.margin(double precision[], text) IS
	'The model''s margin, as risk.margin(record, text) has it, of an array with the features in the model''s order (position in risk.model_features): NULL is missing, categories by code';

CREATE FUNCTION risk.margins(company record, model text DEFAULT NULL)
	RETURNS double precision[]
	AS 'MODULE_PATHNAME', 'company_risk_margins' LANGUAGE C STABLE PARALLEL SAFE COST 500
	SUPPORT risk_internal.planner_support;
COMMENT ON FUNCTION risk.margins(record, text) IS
	'The margins of a row in all output groups of the model (classes, targets, quantiles), one element for each. Arguments and errors: those of score_company';

CREATE FUNCTION risk.margins(features jsonb, model text DEFAULT NULL)
	RETURNS double precision[]
	AS 'MODULE_PATHNAME', 'company_risk_margins' LANGUAGE C STABLE PARALLEL SAFE COST 500
	SUPPORT risk_internal.planner_support;
COMMENT ON FUNCTION risk.margins(jsonb, text) IS
	'The margins of all output groups, as risk.margins(record, text) has them, of a JSON object, whose keys are the features'' names: numbers, booleans, categories by name, null for missing; a key that is not there is an error';

CREATE FUNCTION risk.margins(features double precision[], model text DEFAULT NULL)
	RETURNS double precision[]
	AS 'MODULE_PATHNAME', 'company_risk_margins' LANGUAGE C STABLE PARALLEL SAFE COST 500
	SUPPORT risk_internal.planner_support;
COMMENT ON FUNCTION risk.margins(double precision[], text) IS
	'The margins of all output groups, as risk.margins(record, text) has them, of an array with the features in the model''s order (position in risk.model_features): NULL is missing, categories by code';

CREATE FUNCTION risk.predict(company record, model text DEFAULT NULL)
	RETURNS double precision[]
	AS 'MODULE_PATHNAME', 'company_risk_predict' LANGUAGE C STABLE PARALLEL SAFE COST 500
	SUPPORT risk_internal.planner_support;
COMMENT ON FUNCTION risk.predict(record, text) IS
	'XGBoost''s own prediction for a row: all outputs of the model, one for each class, target or quantile. Never calibrated: where a model is, score_company differs from it. Arguments and errors: those of score_company';

CREATE FUNCTION risk.predict(features jsonb, model text DEFAULT NULL)
	RETURNS double precision[]
	AS 'MODULE_PATHNAME', 'company_risk_predict' LANGUAGE C STABLE PARALLEL SAFE COST 500
	SUPPORT risk_internal.planner_support;
COMMENT ON FUNCTION risk.predict(jsonb, text) IS
	'XGBoost''s own prediction, never calibrated, as risk.predict(record, text) has it, of a JSON object, whose keys are the features'' names: numbers, booleans, categories by name, null for missing; a key that is not there is an error';

CREATE FUNCTION risk.predict(features double precision[], model text DEFAULT NULL)
	RETURNS double precision[]
	AS 'MODULE_PATHNAME', 'company_risk_predict' LANGUAGE C STABLE PARALLEL SAFE COST 500
	SUPPORT risk_internal.planner_support;
COMMENT ON FUNCTION risk.predict(double precision[], text) IS
	'XGBoost''s own prediction, never calibrated, as risk.predict(record, text) has it, of an array with the features in the model''s order (position in risk.model_features): NULL is missing, categories by code';

CREATE FUNCTION risk.contributions(company record, model text DEFAULT NULL)
	RETURNS double precision[]
	AS 'MODULE_PATHNAME', 'company_risk_contributions' LANGUAGE C STABLE PARALLEL SAFE COST 5000
	SUPPORT risk_internal.planner_support;
COMMENT ON FUNCTION risk.contributions(record, text) IS
	'Shapley values of a row, in margin units: a line for each output group, a column for each feature in the model''s order and the bias last; each line adds up to its margin. Arguments and errors: those of score_company';

CREATE FUNCTION risk.contributions(features jsonb, model text DEFAULT NULL)
	RETURNS double precision[]
	AS 'MODULE_PATHNAME', 'company_risk_contributions' LANGUAGE C STABLE PARALLEL SAFE COST 5000
	SUPPORT risk_internal.planner_support;
COMMENT ON FUNCTION risk.contributions(jsonb, text) IS
	'Shapley values, as risk.contributions(record, text) has them, of a JSON object, whose keys are the features'' names: numbers, booleans, categories by name, null for missing; a key that is not there is an error';

CREATE FUNCTION risk.contributions(features double precision[], model text DEFAULT NULL)
	RETURNS double precision[]
	AS 'MODULE_PATHNAME', 'company_risk_contributions' LANGUAGE C STABLE PARALLEL SAFE COST 5000
	SUPPORT risk_internal.planner_support;
COMMENT ON FUNCTION risk.contributions(double precision[], text) IS
	'Shapley values, as risk.contributions(record, text) has them, of an array with the features in the model''s order (position in risk.model_features): NULL is missing, categories by code';

CREATE FUNCTION risk.explain_groups(company record, model text DEFAULT NULL)
	RETURNS TABLE (rank integer, feature_group text, group_label text,
		contribution double precision, points double precision, features integer)
	AS 'MODULE_PATHNAME', 'company_risk_explain_groups' LANGUAGE C STABLE PARALLEL SAFE COST 5000 ROWS 6
	SUPPORT risk_internal.planner_support;
COMMENT ON FUNCTION risk.explain_groups(record, text) IS
	'Why a row has its score, by group of features: contribution and points of explain_score summed, the largest first behind (base), the average, with rank 0; features: how many the group has. Arguments and errors: those of explain_score';

CREATE FUNCTION risk.explain_groups(features jsonb, model text DEFAULT NULL)
	RETURNS TABLE (rank integer, feature_group text, group_label text,
		contribution double precision, points double precision, features integer)
	AS 'MODULE_PATHNAME', 'company_risk_explain_groups' LANGUAGE C STABLE PARALLEL SAFE COST 5000 ROWS 6
	SUPPORT risk_internal.planner_support;
COMMENT ON FUNCTION risk.explain_groups(jsonb, text) IS
	'Why it has its score, as risk.explain_groups(record, text) says it, of a JSON object, whose keys are the features'' names: numbers, booleans, categories by name, null for missing; a key that is not there is an error';

CREATE FUNCTION risk.explain_groups(features double precision[], model text DEFAULT NULL)
	RETURNS TABLE (rank integer, feature_group text, group_label text,
		contribution double precision, points double precision, features integer)
	AS 'MODULE_PATHNAME', 'company_risk_explain_groups' LANGUAGE C STABLE PARALLEL SAFE COST 5000 ROWS 6
	SUPPORT risk_internal.planner_support;
COMMENT ON FUNCTION risk.explain_groups(double precision[], text) IS
	'Why it has its score, as risk.explain_groups(record, text) says it, of an array with the features in the model''s order (position in risk.model_features): NULL is missing, categories by code';

CREATE FUNCTION risk.explain_groups(siren text, model text DEFAULT NULL, period risk.period DEFAULT NULL)
	RETURNS TABLE (rank integer, feature_group text, group_label text,
		contribution double precision, points double precision, features integer)
	AS 'MODULE_PATHNAME', 'company_risk_explain_groups' LANGUAGE C STABLE PARALLEL RESTRICTED COST 5000 ROWS 6
	SUPPORT risk_internal.planner_support;
COMMENT ON FUNCTION risk.explain_groups(text, text, risk.period) IS
	'Why it has its score, as risk.explain_groups(record, text) says it, of a company by its number, in the relation bound to the model (risk.bind_source), at a period or (NULL) the latest; nothing for a company that is not there, with a notice where the number cannot be one';

CREATE FUNCTION risk.explain_groups(siren numeric, model text DEFAULT NULL, period risk.period DEFAULT NULL)
	RETURNS TABLE (rank integer, feature_group text, group_label text,
		contribution double precision, points double precision, features integer)
	AS 'MODULE_PATHNAME', 'company_risk_explain_groups' LANGUAGE C STABLE PARALLEL RESTRICTED COST 5000 ROWS 6
	SUPPORT risk_internal.planner_support;
COMMENT ON FUNCTION risk.explain_groups(numeric, text, risk.period) IS
	'Why it has its score, as risk.explain_groups(record, text) says it, of a company by its number as a number, which is padded with zeros to nine digits; else like the form for text';

CREATE FUNCTION risk.explanation(company record, model text DEFAULT NULL)
	RETURNS jsonb
	AS 'MODULE_PATHNAME', 'company_risk_explanation' LANGUAGE C STABLE PARALLEL SAFE COST 5000
	SUPPORT risk_internal.planner_support;
COMMENT ON FUNCTION risk.explanation(record, text) IS
	'Score, level and reasons of a row as one jsonb: model, score, alert (with thresholds), margin, base, macro_expl by group, and micro_expl by group and feature; the last three, of a probability, in percentage points, that add up to it. Arguments and errors: those of explain_score';

CREATE FUNCTION risk.explanation(features jsonb, model text DEFAULT NULL)
	RETURNS jsonb
	AS 'MODULE_PATHNAME', 'company_risk_explanation' LANGUAGE C STABLE PARALLEL SAFE COST 5000
	SUPPORT risk_internal.planner_support;
COMMENT ON FUNCTION risk.explanation(jsonb, text) IS
	'Score, level and reasons, as risk.explanation(record, text) has them, of a JSON object, whose keys are the features'' names: numbers, booleans, categories by name, null for missing; a key that is not there is an error';

CREATE FUNCTION risk.explanation(features double precision[], model text DEFAULT NULL)
	RETURNS jsonb
	AS 'MODULE_PATHNAME', 'company_risk_explanation' LANGUAGE C STABLE PARALLEL SAFE COST 5000
	SUPPORT risk_internal.planner_support;
COMMENT ON FUNCTION risk.explanation(double precision[], text) IS
	'Score, level and reasons, as risk.explanation(record, text) has them, of an array with the features in the model''s order (position in risk.model_features): NULL is missing, categories by code';

CREATE FUNCTION risk.explanation(siren text, model text DEFAULT NULL, period risk.period DEFAULT NULL)
	RETURNS jsonb
	AS 'MODULE_PATHNAME', 'company_risk_explanation' LANGUAGE C STABLE PARALLEL RESTRICTED COST 5000
	SUPPORT risk_internal.planner_support;
COMMENT ON FUNCTION risk.explanation(text, text, risk.period) IS
	'Score, level and reasons, as risk.explanation(record, text) has them, of a company by its number, in the relation bound to the model (risk.bind_source), at a period or (NULL) the latest; nothing for a company that is not there, with a notice where the number cannot be one';

CREATE FUNCTION risk.explanation(siren numeric, model text DEFAULT NULL, period risk.period DEFAULT NULL)
	RETURNS jsonb
	AS 'MODULE_PATHNAME', 'company_risk_explanation' LANGUAGE C STABLE PARALLEL RESTRICTED COST 5000
	SUPPORT risk_internal.planner_support;
COMMENT ON FUNCTION risk.explanation(numeric, text, risk.period) IS
	'Score, level and reasons, as risk.explanation(record, text) has them, of a company by its number as a number, which is padded with zeros to nine digits; else like the form for text';

CREATE FUNCTION risk.alert_level(score double precision, model text DEFAULT NULL) RETURNS text
	AS 'MODULE_PATHNAME', 'company_risk_alert_level' LANGUAGE C STABLE PARALLEL SAFE COST 10;
COMMENT ON FUNCTION risk.alert_level(double precision, text) IS
	'The level of alert of a score under a model''s thresholds, in the model''s words (risk.set_alert_words) or its language''s; NULL for a score that is NULL or NaN. Errors: the model has no thresholds; its scores are probabilities, and this one is not between 0 and 1';

CREATE FUNCTION risk.missing_features(company record, model text DEFAULT NULL,
	OUT missing integer, OUT features integer, OUT share double precision)
	AS 'MODULE_PATHNAME', 'company_risk_missing_features' LANGUAGE C STABLE PARALLEL SAFE COST 200;
COMMENT ON FUNCTION risk.missing_features(record, text) IS
	'How much of what the model reads is missing in a row: how many features, of how many that it reads, and which share of their weight, 0 to 1; the weight of a feature is what its splits explain of the variance among the training rows. Arguments and errors: those of score_company';

CREATE FUNCTION risk.missing_features(features jsonb, model text DEFAULT NULL,
	OUT missing integer, OUT features integer, OUT share double precision)
	AS 'MODULE_PATHNAME', 'company_risk_missing_features' LANGUAGE C STABLE PARALLEL SAFE COST 200;
COMMENT ON FUNCTION risk.missing_features(jsonb, text) IS
	'How much is missing, as risk.missing_features(record, text) says it, of a JSON object, whose keys are the features'' names';

CREATE FUNCTION risk.missing_features(features double precision[], model text DEFAULT NULL,
	OUT missing integer, OUT features integer, OUT share double precision)
	AS 'MODULE_PATHNAME', 'company_risk_missing_features' LANGUAGE C STABLE PARALLEL SAFE COST 200;
COMMENT ON FUNCTION risk.missing_features(double precision[], text) IS
	'How much is missing, as risk.missing_features(record, text) says it, of an array with the features in the model''s order';

CREATE FUNCTION risk.missing_features(siren text, model text DEFAULT NULL, period risk.period DEFAULT NULL,
	OUT missing integer, OUT features integer, OUT share double precision)
	AS 'MODULE_PATHNAME', 'company_risk_missing_features' LANGUAGE C STABLE PARALLEL RESTRICTED COST 1000;
COMMENT ON FUNCTION risk.missing_features(text, text, risk.period) IS
	'How much is missing, as risk.missing_features(record, text) says it, of a company by its number, in the relation bound to the model (risk.bind_source), at a period or (NULL) the latest';

CREATE FUNCTION risk.missing_features(siren numeric, model text DEFAULT NULL, period risk.period DEFAULT NULL,
	OUT missing integer, OUT features integer, OUT share double precision)
	AS 'MODULE_PATHNAME', 'company_risk_missing_features' LANGUAGE C STABLE PARALLEL RESTRICTED COST 1000;
COMMENT ON FUNCTION risk.missing_features(numeric, text, risk.period) IS
	'How much is missing, as risk.missing_features(record, text) says it, of a company by its number as a number, which is padded with zeros to nine digits';

CREATE FUNCTION risk.alert_company(company record, model text DEFAULT NULL) RETURNS text
	AS 'MODULE_PATHNAME', 'company_risk_alert_company' LANGUAGE C STABLE PARALLEL SAFE COST 500;
COMMENT ON FUNCTION risk.alert_company(record, text) IS
	'The level of alert of a row: that of its score, as risk.alert_level has it, or the words for a company that is out of scope, where more of it is missing than risk.set_requirements allows. Arguments and errors: those of score_company; the model has no thresholds';

CREATE FUNCTION risk.alert_company(features jsonb, model text DEFAULT NULL) RETURNS text
	AS 'MODULE_PATHNAME', 'company_risk_alert_company' LANGUAGE C STABLE PARALLEL SAFE COST 500;
COMMENT ON FUNCTION risk.alert_company(jsonb, text) IS
	'The level of alert, as risk.alert_company(record, text) has it, of a JSON object, whose keys are the features'' names';

CREATE FUNCTION risk.alert_company(features double precision[], model text DEFAULT NULL) RETURNS text
	AS 'MODULE_PATHNAME', 'company_risk_alert_company' LANGUAGE C STABLE PARALLEL SAFE COST 500;
COMMENT ON FUNCTION risk.alert_company(double precision[], text) IS
	'The level of alert, as risk.alert_company(record, text) has it, of an array with the features in the model''s order';

CREATE FUNCTION risk.alert_company(siren text, model text DEFAULT NULL, period risk.period DEFAULT NULL) RETURNS text
	AS 'MODULE_PATHNAME', 'company_risk_alert_company' LANGUAGE C STABLE PARALLEL RESTRICTED COST 1000;
COMMENT ON FUNCTION risk.alert_company(text, text, risk.period) IS
	'The level of alert, as risk.alert_company(record, text) has it, of a company by its number, in the relation bound to the model (risk.bind_source), at a period or (NULL) the latest';

CREATE FUNCTION risk.alert_company(siren numeric, model text DEFAULT NULL, period risk.period DEFAULT NULL) RETURNS text
	AS 'MODULE_PATHNAME', 'company_risk_alert_company' LANGUAGE C STABLE PARALLEL RESTRICTED COST 1000;
COMMENT ON FUNCTION risk.alert_company(numeric, text, risk.period) IS
	'The level of alert, as risk.alert_company(record, text) has it, of a company by its number as a number, which is padded with zeros to nine digits';

CREATE FUNCTION risk.feature_values(company record, model text DEFAULT NULL) RETURNS real[]
	AS 'MODULE_PATHNAME', 'company_risk_feature_values' LANGUAGE C STABLE PARALLEL SAFE COST 200;
COMMENT ON FUNCTION risk.feature_values(record, text) IS
	'What the model sees of a row: the value of each feature in the model''s order, as the 32-bit number that its splits compare, categories by code; NULL is missing. Features that no split reads are always NULL. Arguments and errors: those of score_company';

-- The extension's schema may be called anything, "50%" too: it stands in no template of format()
CREATE FUNCTION risk_internal.score_expression(model text) RETURNS text
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN '@extschema@.score_company(company_risk_row, ' OPERATOR(pg_catalog.||) pg_catalog.quote_nullable(model)
	OPERATOR(pg_catalog.||) '::pg_catalog.text)';
COMMENT ON FUNCTION risk_internal.score_expression(text) IS
	'Internal: for a statement that extends a caller''s query, called company_risk_row there: its rows'' score';

/* ----------
 * Many companies
 * ----------
 */
CREATE TYPE risk_internal.importance_state;

CREATE FUNCTION risk_internal.importance_state_in(cstring) RETURNS risk_internal.importance_state
	AS 'MODULE_PATHNAME', 'company_risk_importance_state_in' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION risk_internal.importance_state_in(cstring) IS
	'Text form of a state of risk.global_importance: the bytes of its binary form in hexadecimal digits';

CREATE FUNCTION risk_internal.importance_state_out(risk_internal.importance_state) RETURNS cstring
	AS 'MODULE_PATHNAME', 'company_risk_importance_state_out' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION risk_internal.importance_state_out(risk_internal.importance_state) IS
	'Text form of a state of risk.global_importance';

CREATE FUNCTION risk_internal.importance_state_recv(internal) RETURNS risk_internal.importance_state
	AS 'MODULE_PATHNAME', 'company_risk_importance_state_recv' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION risk_internal.importance_state_recv(internal) IS
	'Binary form of a state of risk.global_importance: the same bytes on every server';

CREATE FUNCTION risk_internal.importance_state_send(risk_internal.importance_state) RETURNS bytea
	AS 'MODULE_PATHNAME', 'company_risk_importance_state_send' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION risk_internal.importance_state_send(risk_internal.importance_state) IS
	'Binary form of a state of risk.global_importance';

CREATE TYPE risk_internal.importance_state (
	INPUT = risk_internal.importance_state_in, OUTPUT = risk_internal.importance_state_out,
	RECEIVE = risk_internal.importance_state_recv, SEND = risk_internal.importance_state_send,
	INTERNALLENGTH = VARIABLE, ALIGNMENT = double, STORAGE = extended);
COMMENT ON TYPE risk_internal.importance_state IS
	'State of risk.global_importance: the model, how many companies, and exact sums for each feature; states of the same model merge anywhere';

CREATE FUNCTION risk_internal.importance_add(state risk_internal.importance_state, company record)
	RETURNS risk_internal.importance_state
	AS 'MODULE_PATHNAME', 'company_risk_importance_add' LANGUAGE C STABLE PARALLEL SAFE COST 5000;
COMMENT ON FUNCTION risk_internal.importance_add(risk_internal.importance_state, record) IS
	'Step of risk.global_importance';

CREATE FUNCTION risk_internal.importance_add(state risk_internal.importance_state, company record, model text)
	RETURNS risk_internal.importance_state
	AS 'MODULE_PATHNAME', 'company_risk_importance_add' LANGUAGE C STABLE PARALLEL SAFE COST 5000;
COMMENT ON FUNCTION risk_internal.importance_add(risk_internal.importance_state, record, text) IS
	'Step of risk.global_importance';

CREATE FUNCTION risk_internal.importance_combine(a risk_internal.importance_state, b risk_internal.importance_state)
	RETURNS risk_internal.importance_state
	AS 'MODULE_PATHNAME', 'company_risk_importance_combine' LANGUAGE C STABLE STRICT PARALLEL SAFE COST 5000;
COMMENT ON FUNCTION risk_internal.importance_combine(risk_internal.importance_state, risk_internal.importance_state) IS
	'Adds states of risk.global_importance';

CREATE FUNCTION risk_internal.importance_final(state risk_internal.importance_state) RETURNS jsonb
	AS 'MODULE_PATHNAME', 'company_risk_importance_final' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION risk_internal.importance_final(risk_internal.importance_state) IS
	'Result of risk.global_importance';

-- SSPACE: the state of a model of fifty features, which takes 616 bytes for each (src/scoring/importance_state.c)
CREATE AGGREGATE risk.global_importance(company record) (
	SFUNC = risk_internal.importance_add, STYPE = risk_internal.importance_state, SSPACE = 32768,
	COMBINEFUNC = risk_internal.importance_combine, FINALFUNC = risk_internal.importance_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE risk.global_importance(record) IS
	'Which features weigh most over many companies, in the default model: a JSON object with the mean |contribution| of each, in margin units; companies that are NULL do not count. Errors: those of explain_score';

CREATE AGGREGATE risk.global_importance(company record, model text) (
	SFUNC = risk_internal.importance_add, STYPE = risk_internal.importance_state, SSPACE = 32768,
	COMBINEFUNC = risk_internal.importance_combine, FINALFUNC = risk_internal.importance_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE risk.global_importance(record, text) IS
	'Which features weigh most over many companies, in a model, the same for all of them: see risk.global_importance(record)';

/* ----------
 * What the planner makes of a row: its columns, with their names before them
 * (src/scoring/rewrite_rows.c).  Only plans call these, and whoever calls one needs
 * the privilege on the verb.
 * ----------
 */
CREATE FUNCTION risk_internal.score_columns(names text[], model text, VARIADIC columns "any")
	RETURNS double precision
	AS 'MODULE_PATHNAME', 'company_risk_score' LANGUAGE C STABLE PARALLEL SAFE COST 500
	SUPPORT risk_internal.planner_support;
COMMENT ON FUNCTION risk_internal.score_columns(text[], text, "any") IS
	'What score_company(record, text) becomes in a plan; not for direct use';

CREATE FUNCTION risk_internal.explain_score_columns(names text[], model text, top bigint, VARIADIC columns "any")
	RETURNS TABLE (rank integer, feature text, label text, feature_group text, group_label text,
		value text, value_number double precision, unit text, contribution double precision,
		points double precision, source text)
	AS 'MODULE_PATHNAME', 'company_risk_explain_score' LANGUAGE C STABLE PARALLEL SAFE COST 5000 ROWS 40
	SUPPORT risk_internal.planner_support;
COMMENT ON FUNCTION risk_internal.explain_score_columns(text[], text, bigint, "any") IS
	'What explain_score(record, text, bigint) becomes in a plan; not for direct use';

CREATE FUNCTION risk_internal.margin_columns(names text[], model text, VARIADIC columns "any")
	RETURNS double precision
	AS 'MODULE_PATHNAME', 'company_risk_margin' LANGUAGE C STABLE PARALLEL SAFE COST 500
	SUPPORT risk_internal.planner_support;
COMMENT ON FUNCTION risk_internal.margin_columns(text[], text, "any") IS
	'What risk.margin(record, text) becomes in a plan; not for direct use';

CREATE FUNCTION risk_internal.margins_columns(names text[], model text, VARIADIC columns "any")
	RETURNS double precision[]
	AS 'MODULE_PATHNAME', 'company_risk_margins' LANGUAGE C STABLE PARALLEL SAFE COST 500
	SUPPORT risk_internal.planner_support;
COMMENT ON FUNCTION risk_internal.margins_columns(text[], text, "any") IS
	'What risk.margins(record, text) becomes in a plan; not for direct use';

CREATE FUNCTION risk_internal.predict_columns(names text[], model text, VARIADIC columns "any")
	RETURNS double precision[]
	AS 'MODULE_PATHNAME', 'company_risk_predict' LANGUAGE C STABLE PARALLEL SAFE COST 500
	SUPPORT risk_internal.planner_support;
COMMENT ON FUNCTION risk_internal.predict_columns(text[], text, "any") IS
	'What risk.predict(record, text) becomes in a plan; not for direct use';

CREATE FUNCTION risk_internal.contributions_columns(names text[], model text, VARIADIC columns "any")
	RETURNS double precision[]
	AS 'MODULE_PATHNAME', 'company_risk_contributions' LANGUAGE C STABLE PARALLEL SAFE COST 5000
	SUPPORT risk_internal.planner_support;
COMMENT ON FUNCTION risk_internal.contributions_columns(text[], text, "any") IS
	'What risk.contributions(record, text) becomes in a plan; not for direct use';

CREATE FUNCTION risk_internal.explain_groups_columns(names text[], model text, VARIADIC columns "any")
	RETURNS TABLE (rank integer, feature_group text, group_label text,
		contribution double precision, points double precision, features integer)
	AS 'MODULE_PATHNAME', 'company_risk_explain_groups' LANGUAGE C STABLE PARALLEL SAFE COST 5000 ROWS 6
	SUPPORT risk_internal.planner_support;
COMMENT ON FUNCTION risk_internal.explain_groups_columns(text[], text, "any") IS
	'What risk.explain_groups(record, text) becomes in a plan; not for direct use';

CREATE FUNCTION risk_internal.explanation_columns(names text[], model text, VARIADIC columns "any")
	RETURNS jsonb
	AS 'MODULE_PATHNAME', 'company_risk_explanation' LANGUAGE C STABLE PARALLEL SAFE COST 5000
	SUPPORT risk_internal.planner_support;
COMMENT ON FUNCTION risk_internal.explanation_columns(text[], text, "any") IS
	'What risk.explanation(record, text) becomes in a plan; not for direct use';
