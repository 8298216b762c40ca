/* ----------
 * Scoring and explaining
 *
 * Each verb in five forms: a row, a JSON object, an array, and a company's number
 * as text or as bigint; the C function behind them finds out which it is.  None
 * of them writes.  No SET clause: it would cost more than the score.  What a
 * bound relation's views run is not ours to vouch for: those forms stay out of
 * parallel workers.
 * ----------
 */
CREATE FUNCTION risk_internal.planner_support(internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'company_risk_support' LANGUAGE C STRICT PARALLEL SAFE;
COMMENT ON FUNCTION risk_internal.planner_support(internal) IS
	'The planner asks it to make whole rows into columns, and about cost and rows';

CREATE FUNCTION score_company(company record, model text DEFAULT NULL)
	RETURNS double precision
	AS 'MODULE_PATHNAME', 'company_risk_score' LANGUAGE C STABLE PARALLEL SAFE COST 500 SUPPORT risk_internal.planner_support;
COMMENT ON FUNCTION score_company(record, text) IS
	'The model''s score: the objective''s output, for a probability between 0 and 1, calibrated where the model is; of any row, whose columns are matched to features by name';

CREATE FUNCTION score_company(features jsonb, model text DEFAULT NULL)
	RETURNS double precision
	AS 'MODULE_PATHNAME', 'company_risk_score' LANGUAGE C STABLE PARALLEL SAFE COST 500 SUPPORT risk_internal.planner_support;
COMMENT ON FUNCTION score_company(jsonb, text) IS
	'The model''s score: the objective''s output, for a probability between 0 and 1, calibrated where the model is; of a JSON object, whose keys are matched to features by name';

CREATE FUNCTION score_company(features double precision[], model text DEFAULT NULL)
	RETURNS double precision
	AS 'MODULE_PATHNAME', 'company_risk_score' LANGUAGE C STABLE PARALLEL SAFE COST 500 SUPPORT risk_internal.planner_support;
COMMENT ON FUNCTION score_company(double precision[], text) IS
	'The model''s score: the objective''s output, for a probability between 0 and 1, calibrated where the model is; of an array with the features in the model''s order (NULL is missing, categories by code)';

CREATE FUNCTION score_company(siren text, model text DEFAULT NULL, period date DEFAULT NULL)
	RETURNS double precision
	AS 'MODULE_PATHNAME', 'company_risk_score' LANGUAGE C STABLE PARALLEL RESTRICTED COST 500 SUPPORT risk_internal.planner_support;
COMMENT ON FUNCTION score_company(text, text, date) IS
	'The model''s score: the objective''s output, for a probability between 0 and 1, calibrated where the model is; of a company in the relation bound to the model, at a period or the latest; an unknown company has none';

CREATE FUNCTION score_company(siren bigint, model text DEFAULT NULL, period date DEFAULT NULL)
	RETURNS double precision
	AS 'MODULE_PATHNAME', 'company_risk_score' LANGUAGE C STABLE PARALLEL RESTRICTED COST 500 SUPPORT risk_internal.planner_support;
COMMENT ON FUNCTION score_company(bigint, text, date) IS
	'The model''s score: the objective''s output, for a probability between 0 and 1, calibrated where the model is; of a company in the relation bound to the model, its number padded to nine digits';

CREATE FUNCTION explain_score(company record, model text DEFAULT NULL, top integer DEFAULT NULL)
	RETURNS TABLE (rank integer, feature text, label text, feature_group text, group_label text,
		value text, contribution double precision, points double precision, source text)
	AS 'MODULE_PATHNAME', 'company_risk_explain_score' LANGUAGE C STABLE PARALLEL SAFE COST 5000 ROWS 40 SUPPORT risk_internal.planner_support;
COMMENT ON FUNCTION explain_score(record, text, integer) IS
	'Why a company has its score: rank 0 is the average, then the features by weight; contributions, in margin units (log-odds), add up to the margin, points, in the score''s unit, to the score; top keeps so many and folds the others into one row; of any row, whose columns are matched to features by name';

CREATE FUNCTION explain_score(features jsonb, model text DEFAULT NULL, top integer DEFAULT NULL)
	RETURNS TABLE (rank integer, feature text, label text, feature_group text, group_label text,
		value text, contribution double precision, points double precision, source text)
	AS 'MODULE_PATHNAME', 'company_risk_explain_score' LANGUAGE C STABLE PARALLEL SAFE COST 5000 ROWS 40 SUPPORT risk_internal.planner_support;
COMMENT ON FUNCTION explain_score(jsonb, text, integer) IS
	'Why a company has its score: rank 0 is the average, then the features by weight; contributions, in margin units (log-odds), add up to the margin, points, in the score''s unit, to the score; top keeps so many and folds the others into one row; of a JSON object, whose keys are matched to features by name';

CREATE FUNCTION explain_score(features double precision[], model text DEFAULT NULL, top integer DEFAULT NULL)
	RETURNS TABLE (rank integer, feature text, label text, feature_group text, group_label text,
		value text, contribution double precision, points double precision, source text)
	AS 'MODULE_PATHNAME', 'company_risk_explain_score' LANGUAGE C STABLE PARALLEL SAFE COST 5000 ROWS 40 SUPPORT risk_internal.planner_support;
COMMENT ON FUNCTION explain_score(double precision[], text, integer) IS
	'Why a company has its score: rank 0 is the average, then the features by weight; contributions, in margin units (log-odds), add up to the margin, points, in the score''s unit, to the score; top keeps so many and folds the others into one row; of an array with the features in the model''s order (NULL is missing, categories by code)';

CREATE FUNCTION explain_score(siren text, model text DEFAULT NULL, period date DEFAULT NULL, top integer DEFAULT NULL)
	RETURNS TABLE (rank integer, feature text, label text, feature_group text, group_label text,
		value text, contribution double precision, points double precision, source text)
	AS 'MODULE_PATHNAME', 'company_risk_explain_score' LANGUAGE C STABLE PARALLEL RESTRICTED COST 5000 ROWS 40 SUPPORT risk_internal.planner_support;
COMMENT ON FUNCTION explain_score(text, text, date, integer) IS
	'Why a company has its score: rank 0 is the average, then the features by weight; contributions, in margin units (log-odds), add up to the margin, points, in the score''s unit, to the score; top keeps so many and folds the others into one row; of a company in the relation bound to the model, at a period or the latest; an unknown company has none';

CREATE FUNCTION explain_score(siren bigint, model text DEFAULT NULL, period date DEFAULT NULL, top integer DEFAULT NULL)
	RETURNS TABLE (rank integer, feature text, label text, feature_group text, group_label text,
		value text, contribution double precision, points double precision, source text)
	AS 'MODULE_PATHNAME', 'company_risk_explain_score' LANGUAGE C STABLE PARALLEL RESTRICTED COST 5000 ROWS 40 SUPPORT risk_internal.planner_support;
COMMENT ON FUNCTION explain_score(bigint, text, date, integer) IS
	'Why a company has its score: rank 0 is the average, then the features by weight; contributions, in margin units (log-odds), add up to the margin, points, in the score''s unit, to the score; top keeps so many and folds the others into one row; of a company in the relation bound to the model, its number padded to nine digits';

CREATE FUNCTION risk.margin(company record, model text DEFAULT NULL)
	RETURNS double precision
	AS 'MODULE_PATHNAME', 'company_risk_margin' LANGUAGE C STABLE PARALLEL SAFE COST 500 SUPPORT risk_internal.planner_support;
COMMENT ON FUNCTION risk.margin(record, text) IS
	'The model''s margin (before the objective''s transform), bit-equal to XGBoost''s output_margin; of any row, whose columns are matched to features by name';

CREATE FUNCTION risk.margin(features jsonb, model text DEFAULT NULL)
	RETURNS double precision
	AS 'MODULE_PATHNAME', 'company_risk_margin' LANGUAGE C STABLE PARALLEL SAFE COST 500 SUPPORT risk_internal.planner_support;
COMMENT ON FUNCTION risk.margin(jsonb, text) IS
	'The model''s margin (before the objective''s transform), bit-equal to XGBoost''s output_margin; of a JSON object, whose keys are matched to features by name';

CREATE FUNCTION risk.margin(features double precision[], model text DEFAULT NULL)
	RETURNS double precision
	AS 'MODULE_PATHNAME', 'company_risk_margin' LANGUAGE C STABLE PARALLEL SAFE COST 500 SUPPORT risk_internal.planner_support;
COMMENT ON FUNCTION risk.margin(double precision[], text) IS
	'The model''s margin (before the objective''s transform), bit-equal to XGBoost''s output_margin; of an array with the features in the model''s order (NULL is missing, categories by code)';

CREATE FUNCTION risk.margin(siren text, model text DEFAULT NULL, period date DEFAULT NULL)
	RETURNS double precision
	AS 'MODULE_PATHNAME', 'company_risk_margin' LANGUAGE C STABLE PARALLEL RESTRICTED COST 500 SUPPORT risk_internal.planner_support;
COMMENT ON FUNCTION risk.margin(text, text, date) IS
	'The model''s margin (before the objective''s transform), bit-equal to XGBoost''s output_margin; of a company in the relation bound to the model, at a period or the latest; an unknown company has none';

CREATE FUNCTION risk.margin(siren bigint, model text DEFAULT NULL, period date DEFAULT NULL)
	RETURNS double precision
	AS 'MODULE_PATHNAME', 'company_risk_margin' LANGUAGE C STABLE PARALLEL RESTRICTED COST 500 SUPPORT risk_internal.planner_support;
COMMENT ON FUNCTION risk.margin(bigint, text, date) IS
	'The model''s margin (before the objective''s transform), bit-equal to XGBoost''s output_margin; of a company in the relation bound to the model, its number padded to nine digits';

CREATE FUNCTION risk.margins(company record, model text DEFAULT NULL)
	RETURNS double precision[]
	AS 'MODULE_PATHNAME', 'company_risk_margins' LANGUAGE C STABLE PARALLEL SAFE COST 500 SUPPORT risk_internal.planner_support;
COMMENT ON FUNCTION risk.margins(record, text) IS
	'The margins of all output groups of the model; of any row, whose columns are matched to features by name';

CREATE FUNCTION risk.margins(features jsonb, model text DEFAULT NULL)
	RETURNS double precision[]
	AS 'MODULE_PATHNAME', 'company_risk_margins' LANGUAGE C STABLE PARALLEL SAFE COST 500 SUPPORT risk_internal.planner_support;
COMMENT ON FUNCTION risk.margins(jsonb, text) IS
	'The margins of all output groups of the model; of a JSON object, whose keys are matched to features by name';

CREATE FUNCTION risk.margins(features double precision[], model text DEFAULT NULL)
	RETURNS double precision[]
	AS 'MODULE_PATHNAME', 'company_risk_margins' LANGUAGE C STABLE PARALLEL SAFE COST 500 SUPPORT risk_internal.planner_support;
COMMENT ON FUNCTION risk.margins(double precision[], text) IS
	'The margins of all output groups of the model; of an array with the features in the model''s order (NULL is missing, categories by code)';

CREATE FUNCTION risk.margins(siren text, model text DEFAULT NULL, period date DEFAULT NULL)
	RETURNS double precision[]
	AS 'MODULE_PATHNAME', 'company_risk_margins' LANGUAGE C STABLE PARALLEL RESTRICTED COST 500 SUPPORT risk_internal.planner_support;
COMMENT ON FUNCTION risk.margins(text, text, date) IS
	'The margins of all output groups of the model; of a company in the relation bound to the model, at a period or the latest; an unknown company has none';

CREATE FUNCTION risk.margins(siren bigint, model text DEFAULT NULL, period date DEFAULT NULL)
	RETURNS double precision[]
	AS 'MODULE_PATHNAME', 'company_risk_margins' LANGUAGE C STABLE PARALLEL RESTRICTED COST 500 SUPPORT risk_internal.planner_support;
COMMENT ON FUNCTION risk.margins(bigint, text, date) IS
	'The margins of all output groups of the model; of a company in the relation bound to the model, its number padded to nine digits';

CREATE FUNCTION risk.predict(company record, model text DEFAULT NULL)
	RETURNS double precision[]
	AS 'MODULE_PATHNAME', 'company_risk_predict' LANGUAGE C STABLE PARALLEL SAFE COST 500 SUPPORT risk_internal.planner_support;
COMMENT ON FUNCTION risk.predict(record, text) IS
	'All outputs of the model, as XGBoost''s predict, not calibrated: one per class, target or quantile; of any row, whose columns are matched to features by name';

CREATE FUNCTION risk.predict(features jsonb, model text DEFAULT NULL)
	RETURNS double precision[]
	AS 'MODULE_PATHNAME', 'company_risk_predict' LANGUAGE C STABLE PARALLEL SAFE COST 500 SUPPORT risk_internal.planner_support;
COMMENT ON FUNCTION risk.predict(jsonb, text) IS
	'All outputs of the model, as XGBoost''s predict, not calibrated: one per class, target or quantile; of a JSON object, whose keys are matched to features by name';

CREATE FUNCTION risk.predict(features double precision[], model text DEFAULT NULL)
	RETURNS double precision[]
	AS 'MODULE_PATHNAME', 'company_risk_predict' LANGUAGE C STABLE PARALLEL SAFE COST 500 SUPPORT risk_internal.planner_support;
COMMENT ON FUNCTION risk.predict(double precision[], text) IS
	'All outputs of the model, as XGBoost''s predict, not calibrated: one per class, target or quantile; of an array with the features in the model''s order (NULL is missing, categories by code)';

CREATE FUNCTION risk.predict(siren text, model text DEFAULT NULL, period date DEFAULT NULL)
	RETURNS double precision[]
	AS 'MODULE_PATHNAME', 'company_risk_predict' LANGUAGE C STABLE PARALLEL RESTRICTED COST 500 SUPPORT risk_internal.planner_support;
COMMENT ON FUNCTION risk.predict(text, text, date) IS
	'All outputs of the model, as XGBoost''s predict, not calibrated: one per class, target or quantile; of a company in the relation bound to the model, at a period or the latest; an unknown company has none';

CREATE FUNCTION risk.predict(siren bigint, model text DEFAULT NULL, period date DEFAULT NULL)
	RETURNS double precision[]
	AS 'MODULE_PATHNAME', 'company_risk_predict' LANGUAGE C STABLE PARALLEL RESTRICTED COST 500 SUPPORT risk_internal.planner_support;
COMMENT ON FUNCTION risk.predict(bigint, text, date) IS
	'All outputs of the model, as XGBoost''s predict, not calibrated: one per class, target or quantile; of a company in the relation bound to the model, its number padded to nine digits';

CREATE FUNCTION risk.contributions(company record, model text DEFAULT NULL)
	RETURNS double precision[]
	AS 'MODULE_PATHNAME', 'company_risk_contributions' LANGUAGE C STABLE PARALLEL SAFE COST 5000 SUPPORT risk_internal.planner_support;
COMMENT ON FUNCTION risk.contributions(record, text) IS
	'Shapley values as a two-dimensional array: one line per output group, one column per feature in the model''s order, the bias last; each line adds up to its margin; of any row, whose columns are matched to features by name';

CREATE FUNCTION risk.contributions(features jsonb, model text DEFAULT NULL)
	RETURNS double precision[]
	AS 'MODULE_PATHNAME', 'company_risk_contributions' LANGUAGE C STABLE PARALLEL SAFE COST 5000 SUPPORT risk_internal.planner_support;
COMMENT ON FUNCTION risk.contributions(jsonb, text) IS
	'Shapley values as a two-dimensional array: one line per output group, one column per feature in the model''s order, the bias last; each line adds up to its margin; of a JSON object, whose keys are matched to features by name';

CREATE FUNCTION risk.contributions(features double precision[], model text DEFAULT NULL)
	RETURNS double precision[]
	AS 'MODULE_PATHNAME', 'company_risk_contributions' LANGUAGE C STABLE PARALLEL SAFE COST 5000 SUPPORT risk_internal.planner_support;
COMMENT ON FUNCTION risk.contributions(double precision[], text) IS
	'Shapley values as a two-dimensional array: one line per output group, one column per feature in the model''s order, the bias last; each line adds up to its margin; of an array with the features in the model''s order (NULL is missing, categories by code)';

CREATE FUNCTION risk.contributions(siren text, model text DEFAULT NULL, period date DEFAULT NULL)
	RETURNS double precision[]
	AS 'MODULE_PATHNAME', 'company_risk_contributions' LANGUAGE C STABLE PARALLEL RESTRICTED COST 5000 SUPPORT risk_internal.planner_support;
COMMENT ON FUNCTION risk.contributions(text, text, date) IS
	'Shapley values as a two-dimensional array: one line per output group, one column per feature in the model''s order, the bias last; each line adds up to its margin; of a company in the relation bound to the model, at a period or the latest; an unknown company has none';

CREATE FUNCTION risk.contributions(siren bigint, model text DEFAULT NULL, period date DEFAULT NULL)
	RETURNS double precision[]
	AS 'MODULE_PATHNAME', 'company_risk_contributions' LANGUAGE C STABLE PARALLEL RESTRICTED COST 5000 SUPPORT risk_internal.planner_support;
COMMENT ON FUNCTION risk.contributions(bigint, text, date) IS
	'Shapley values as a two-dimensional array: one line per output group, one column per feature in the model''s order, the bias last; each line adds up to its margin; of a company in the relation bound to the model, its number padded to nine digits';

CREATE FUNCTION risk.explain_groups(company record, model text DEFAULT NULL)
	RETURNS TABLE (rank integer, feature_group text, group_label text,
		contribution double precision, points double precision, features integer)
	AS 'MODULE_PATHNAME', 'company_risk_explain_groups' LANGUAGE C STABLE PARALLEL SAFE COST 5000 ROWS 6 SUPPORT risk_internal.planner_support;
COMMENT ON FUNCTION risk.explain_groups(record, text) IS
	'Why a company has its score, by group of features: contributions and points of explain_score summed; rank 0 is the average; of any row, whose columns are matched to features by name';

CREATE FUNCTION risk.explain_groups(features jsonb, model text DEFAULT NULL)
	RETURNS TABLE (rank integer, feature_group text, group_label text,
		contribution double precision, points double precision, features integer)
	AS 'MODULE_PATHNAME', 'company_risk_explain_groups' LANGUAGE C STABLE PARALLEL SAFE COST 5000 ROWS 6 SUPPORT risk_internal.planner_support;
COMMENT ON FUNCTION risk.explain_groups(jsonb, text) IS
	'Why a company has its score, by group of features: contributions and points of explain_score summed; rank 0 is the average; of a JSON object, whose keys are matched to features by name';

CREATE FUNCTION risk.explain_groups(features double precision[], model text DEFAULT NULL)
	RETURNS TABLE (rank integer, feature_group text, group_label text,
		contribution double precision, points double precision, features integer)
	AS 'MODULE_PATHNAME', 'company_risk_explain_groups' LANGUAGE C STABLE PARALLEL SAFE COST 5000 ROWS 6 SUPPORT risk_internal.planner_support;
COMMENT ON FUNCTION risk.explain_groups(double precision[], text) IS
	'Why a company has its score, by group of features: contributions and points of explain_score summed; rank 0 is the average; of an array with the features in the model''s order (NULL is missing, categories by code)';

CREATE FUNCTION risk.explain_groups(siren text, model text DEFAULT NULL, period date DEFAULT NULL)
	RETURNS TABLE (rank integer, feature_group text, group_label text,
		contribution double precision, points double precision, features integer)
	AS 'MODULE_PATHNAME', 'company_risk_explain_groups' LANGUAGE C STABLE PARALLEL RESTRICTED COST 5000 ROWS 6 SUPPORT risk_internal.planner_support;
COMMENT ON FUNCTION risk.explain_groups(text, text, date) IS
	'Why a company has its score, by group of features: contributions and points of explain_score summed; rank 0 is the average; of a company in the relation bound to the model, at a period or the latest; an unknown company has none';

CREATE FUNCTION risk.explain_groups(siren bigint, model text DEFAULT NULL, period date DEFAULT NULL)
	RETURNS TABLE (rank integer, feature_group text, group_label text,
		contribution double precision, points double precision, features integer)
	AS 'MODULE_PATHNAME', 'company_risk_explain_groups' LANGUAGE C STABLE PARALLEL RESTRICTED COST 5000 ROWS 6 SUPPORT risk_internal.planner_support;
COMMENT ON FUNCTION risk.explain_groups(bigint, text, date) IS
	'Why a company has its score, by group of features: contributions and points of explain_score summed; rank 0 is the average; of a company in the relation bound to the model, its number padded to nine digits';

CREATE FUNCTION risk.explanation(company record, model text DEFAULT NULL)
	RETURNS jsonb
	AS 'MODULE_PATHNAME', 'company_risk_explanation' LANGUAGE C STABLE PARALLEL SAFE COST 5000 SUPPORT risk_internal.planner_support;
COMMENT ON FUNCTION risk.explanation(record, text) IS
	'Score, level and reasons of a company as one jsonb: macro_expl by group and micro_expl by group and feature, in percentage points that add up to the score with base; of any row, whose columns are matched to features by name';

CREATE FUNCTION risk.explanation(features jsonb, model text DEFAULT NULL)
	RETURNS jsonb
	AS 'MODULE_PATHNAME', 'company_risk_explanation' LANGUAGE C STABLE PARALLEL SAFE COST 5000 SUPPORT risk_internal.planner_support;
COMMENT ON FUNCTION risk.explanation(jsonb, text) IS
	'Score, level and reasons of a company as one jsonb: macro_expl by group and micro_expl by group and feature, in percentage points that add up to the score with base; of a JSON object, whose keys are matched to features by name';

CREATE FUNCTION risk.explanation(features double precision[], model text DEFAULT NULL)
	RETURNS jsonb
	AS 'MODULE_PATHNAME', 'company_risk_explanation' LANGUAGE C STABLE PARALLEL SAFE COST 5000 SUPPORT risk_internal.planner_support;
COMMENT ON FUNCTION risk.explanation(double precision[], text) IS
	'Score, level and reasons of a company as one jsonb: macro_expl by group and micro_expl by group and feature, in percentage points that add up to the score with base; of an array with the features in the model''s order (NULL is missing, categories by code)';

CREATE FUNCTION risk.explanation(siren text, model text DEFAULT NULL, period date DEFAULT NULL)
	RETURNS jsonb
	AS 'MODULE_PATHNAME', 'company_risk_explanation' LANGUAGE C STABLE PARALLEL RESTRICTED COST 5000 SUPPORT risk_internal.planner_support;
COMMENT ON FUNCTION risk.explanation(text, text, date) IS
	'Score, level and reasons of a company as one jsonb: macro_expl by group and micro_expl by group and feature, in percentage points that add up to the score with base; of a company in the relation bound to the model, at a period or the latest; an unknown company has none';

CREATE FUNCTION risk.explanation(siren bigint, model text DEFAULT NULL, period date DEFAULT NULL)
	RETURNS jsonb
	AS 'MODULE_PATHNAME', 'company_risk_explanation' LANGUAGE C STABLE PARALLEL RESTRICTED COST 5000 SUPPORT risk_internal.planner_support;
COMMENT ON FUNCTION risk.explanation(bigint, text, date) IS
	'Score, level and reasons of a company as one jsonb: macro_expl by group and micro_expl by group and feature, in percentage points that add up to the score with base; of a company in the relation bound to the model, its number padded to nine digits';

CREATE FUNCTION risk.alert_level(score double precision, model text DEFAULT NULL) RETURNS text
	AS 'MODULE_PATHNAME', 'company_risk_alert_level' LANGUAGE C STABLE PARALLEL SAFE COST 10;
COMMENT ON FUNCTION risk.alert_level(double precision, text) IS
	'The level of alert of a score under a model''s thresholds, in the model''s words; NULL for a NULL score';

/* ----------
 * Many companies
 * ----------
 */
CREATE FUNCTION risk_internal.importance_add(state bytea, company record) RETURNS bytea
	AS 'MODULE_PATHNAME', 'company_risk_importance_add' LANGUAGE C STABLE PARALLEL SAFE COST 5000 SUPPORT risk_internal.planner_support;
COMMENT ON FUNCTION risk_internal.importance_add(bytea, record) IS 'Internal: step of risk.global_importance';
REVOKE ALL ON FUNCTION risk_internal.importance_add(bytea, record) FROM PUBLIC;

CREATE FUNCTION risk_internal.importance_add(state bytea, company record, model text) RETURNS bytea
	AS 'MODULE_PATHNAME', 'company_risk_importance_add' LANGUAGE C STABLE PARALLEL SAFE COST 5000 SUPPORT risk_internal.planner_support;
COMMENT ON FUNCTION risk_internal.importance_add(bytea, record, text) IS 'Internal: step of risk.global_importance';
REVOKE ALL ON FUNCTION risk_internal.importance_add(bytea, record, text) FROM PUBLIC;

CREATE FUNCTION risk_internal.importance_combine(a bytea, b bytea) RETURNS bytea
	AS 'MODULE_PATHNAME', 'company_risk_importance_combine' LANGUAGE C STABLE STRICT COST 5000 PARALLEL SAFE;
COMMENT ON FUNCTION risk_internal.importance_combine(bytea, bytea) IS 'Internal: adds states of risk.global_importance';
REVOKE ALL ON FUNCTION risk_internal.importance_combine(bytea, bytea) FROM PUBLIC;

CREATE FUNCTION risk_internal.importance_final(state bytea) RETURNS jsonb
	AS 'MODULE_PATHNAME', 'company_risk_importance_final' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION risk_internal.importance_final(bytea) IS 'Internal: result of risk.global_importance';
REVOKE ALL ON FUNCTION risk_internal.importance_final(bytea) FROM PUBLIC;

-- SSPACE: the state of a model of fifty features (src/scoring/importance.c), which takes 616 bytes for each
CREATE AGGREGATE risk.global_importance(company record) (
	SFUNC = risk_internal.importance_add, STYPE = bytea, SSPACE = 32768,
	COMBINEFUNC = risk_internal.importance_combine, FINALFUNC = risk_internal.importance_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE risk.global_importance(record) IS
	'Mean |contribution| of every feature over many companies, in margin units, as a JSON object; companies that are NULL do not count';

CREATE AGGREGATE risk.global_importance(company record, model text) (
	SFUNC = risk_internal.importance_add, STYPE = bytea, SSPACE = 32768,
	COMBINEFUNC = risk_internal.importance_combine, FINALFUNC = risk_internal.importance_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE risk.global_importance(record, text) IS
	'Mean |contribution| of every feature over many companies, in margin units, as a JSON object; companies that are NULL do not count';

/* ----------
 * What the planner makes of a row: its columns, with their names before them
 * (src/scoring/planner_support.c).  Only plans call these.
 * ----------
 */
CREATE FUNCTION risk_internal.score_columns(names text[], model text, VARIADIC columns "any")
	RETURNS double precision
	AS 'MODULE_PATHNAME', 'company_risk_score' LANGUAGE C STABLE PARALLEL SAFE COST 500 SUPPORT risk_internal.planner_support;
COMMENT ON FUNCTION risk_internal.score_columns(text[], text, "any") IS
	'What score_company(record, text) becomes in a plan; not for direct use';

CREATE FUNCTION risk_internal.margin_columns(names text[], model text, VARIADIC columns "any")
	RETURNS double precision
	AS 'MODULE_PATHNAME', 'company_risk_margin' LANGUAGE C STABLE PARALLEL SAFE COST 500 SUPPORT risk_internal.planner_support;
COMMENT ON FUNCTION risk_internal.margin_columns(text[], text, "any") IS
	'What risk.margin(record, text) becomes in a plan; not for direct use';

CREATE FUNCTION risk_internal.margins_columns(names text[], model text, VARIADIC columns "any")
	RETURNS double precision[]
	AS 'MODULE_PATHNAME', 'company_risk_margins' LANGUAGE C STABLE PARALLEL SAFE COST 500 SUPPORT risk_internal.planner_support;
COMMENT ON FUNCTION risk_internal.margins_columns(text[], text, "any") IS
	'What risk.margins(record, text) becomes in a plan; not for direct use';

CREATE FUNCTION risk_internal.predict_columns(names text[], model text, VARIADIC columns "any")
	RETURNS double precision[]
	AS 'MODULE_PATHNAME', 'company_risk_predict' LANGUAGE C STABLE PARALLEL SAFE COST 500 SUPPORT risk_internal.planner_support;
COMMENT ON FUNCTION risk_internal.predict_columns(text[], text, "any") IS
	'What risk.predict(record, text) becomes in a plan; not for direct use';

CREATE FUNCTION risk_internal.contributions_columns(names text[], model text, VARIADIC columns "any")
	RETURNS double precision[]
	AS 'MODULE_PATHNAME', 'company_risk_contributions' LANGUAGE C STABLE PARALLEL SAFE COST 5000 SUPPORT risk_internal.planner_support;
COMMENT ON FUNCTION risk_internal.contributions_columns(text[], text, "any") IS
	'What risk.contributions(record, text) becomes in a plan; not for direct use';

CREATE FUNCTION risk_internal.explain_score_columns(names text[], model text, top integer, VARIADIC columns "any")
	RETURNS TABLE (rank integer, feature text, label text, feature_group text, group_label text,
		value text, contribution double precision, points double precision, source text)
	AS 'MODULE_PATHNAME', 'company_risk_explain_score' LANGUAGE C STABLE PARALLEL SAFE COST 5000 ROWS 40 SUPPORT risk_internal.planner_support;
COMMENT ON FUNCTION risk_internal.explain_score_columns(text[], text, integer, "any") IS
	'What explain_score(record, text, integer) becomes in a plan; not for direct use';

CREATE FUNCTION risk_internal.explain_groups_columns(names text[], model text, VARIADIC columns "any")
	RETURNS TABLE (rank integer, feature_group text, group_label text,
		contribution double precision, points double precision, features integer)
	AS 'MODULE_PATHNAME', 'company_risk_explain_groups' LANGUAGE C STABLE PARALLEL SAFE COST 5000 ROWS 6 SUPPORT risk_internal.planner_support;
COMMENT ON FUNCTION risk_internal.explain_groups_columns(text[], text, "any") IS
	'What risk.explain_groups(record, text) becomes in a plan; not for direct use';

CREATE FUNCTION risk_internal.explanation_columns(names text[], model text, VARIADIC columns "any")
	RETURNS jsonb
	AS 'MODULE_PATHNAME', 'company_risk_explanation' LANGUAGE C STABLE PARALLEL SAFE COST 5000 SUPPORT risk_internal.planner_support;
COMMENT ON FUNCTION risk_internal.explanation_columns(text[], text, "any") IS
	'What risk.explanation(record, text) becomes in a plan; not for direct use';

CREATE FUNCTION risk.feature_values(company record, model text DEFAULT NULL) RETURNS real[]
	AS 'MODULE_PATHNAME', 'company_risk_feature_values' LANGUAGE C STABLE PARALLEL SAFE COST 200;
COMMENT ON FUNCTION risk.feature_values(record, text) IS
	'What the model sees of a row: the value of each feature in the model''s order, as the 32-bit number that its splits compare, categories by code; NULL is missing. Features that no split reads are always NULL';
