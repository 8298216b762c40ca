/* ----------
 * Metrics: how good scores are, once it is known what happened
 *
 * The states of all aggregates are flat values of type bytea, so that partial
 * aggregation works among parallel workers and among servers.  Most of them are
 * outcomes, the multiset of (score, label) of src/metrics/outcomes.c, which are also
 * a value of their own: risk.outcomes makes it, the functions below answer every
 * metric, curve and table from it.  Rows with a NULL argument do not count, nor do
 * rows of weight 0; over nothing a metric is NULL.
 * ----------
 */

CREATE FUNCTION risk_internal.outcomes_add(state bytea, score double precision, label boolean) RETURNS bytea
	AS 'MODULE_PATHNAME', 'company_risk_outcomes_add' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION risk_internal.outcomes_add(bytea, double precision, boolean) IS
	'Internal: step of aggregates over outcomes';
REVOKE ALL ON FUNCTION risk_internal.outcomes_add(bytea, double precision, boolean) FROM PUBLIC;

CREATE FUNCTION risk_internal.outcomes_add(state bytea, score double precision, label boolean, weight double precision) RETURNS bytea
	AS 'MODULE_PATHNAME', 'company_risk_outcomes_add' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION risk_internal.outcomes_add(bytea, double precision, boolean, double precision) IS
	'Internal: step of aggregates over outcomes with weights';
REVOKE ALL ON FUNCTION risk_internal.outcomes_add(bytea, double precision, boolean, double precision) FROM PUBLIC;

CREATE FUNCTION risk_internal.outcomes_add_clustered(state bytea, score double precision, label boolean, cluster text) RETURNS bytea
	AS 'MODULE_PATHNAME', 'company_risk_outcomes_add_clustered' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION risk_internal.outcomes_add_clustered(bytea, double precision, boolean, text) IS
	'Internal: step of risk.clustered_outcomes';
REVOKE ALL ON FUNCTION risk_internal.outcomes_add_clustered(bytea, double precision, boolean, text) FROM PUBLIC;

CREATE FUNCTION risk_internal.outcomes_add_clustered(state bytea, score double precision, label boolean, cluster text, weight double precision) RETURNS bytea
	AS 'MODULE_PATHNAME', 'company_risk_outcomes_add_clustered' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION risk_internal.outcomes_add_clustered(bytea, double precision, boolean, text, double precision) IS
	'Internal: step of risk.clustered_outcomes with weights';
REVOKE ALL ON FUNCTION risk_internal.outcomes_add_clustered(bytea, double precision, boolean, text, double precision) FROM PUBLIC;

CREATE FUNCTION risk_internal.outcomes_add_beta(state bytea, score double precision, label boolean, beta double precision) RETURNS bytea
	AS 'MODULE_PATHNAME', 'company_risk_outcomes_add_beta' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION risk_internal.outcomes_add_beta(bytea, double precision, boolean, double precision) IS
	'Internal: step of risk.best_threshold';
REVOKE ALL ON FUNCTION risk_internal.outcomes_add_beta(bytea, double precision, boolean, double precision) FROM PUBLIC;

CREATE FUNCTION risk_internal.outcomes_add_beta(state bytea, score double precision, label boolean, beta double precision, weight double precision) RETURNS bytea
	AS 'MODULE_PATHNAME', 'company_risk_outcomes_add_beta' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION risk_internal.outcomes_add_beta(bytea, double precision, boolean, double precision, double precision) IS
	'Internal: step of risk.best_threshold with weights';
REVOKE ALL ON FUNCTION risk_internal.outcomes_add_beta(bytea, double precision, boolean, double precision, double precision) FROM PUBLIC;

CREATE FUNCTION risk_internal.outcomes_add_cases(state bytea, score double precision, label boolean, cases integer) RETURNS bytea
	AS 'MODULE_PATHNAME', 'company_risk_outcomes_add_cases' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION risk_internal.outcomes_add_cases(bytea, double precision, boolean, integer) IS
	'Internal: step of aggregates over the highest scores';
REVOKE ALL ON FUNCTION risk_internal.outcomes_add_cases(bytea, double precision, boolean, integer) FROM PUBLIC;

CREATE FUNCTION risk_internal.outcomes_add_cases(state bytea, score double precision, label boolean, cases integer, weight double precision) RETURNS bytea
	AS 'MODULE_PATHNAME', 'company_risk_outcomes_add_cases' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION risk_internal.outcomes_add_cases(bytea, double precision, boolean, integer, double precision) IS
	'Internal: step of aggregates over the highest scores, with weights';
REVOKE ALL ON FUNCTION risk_internal.outcomes_add_cases(bytea, double precision, boolean, integer, double precision) FROM PUBLIC;

CREATE FUNCTION risk_internal.outcomes_add_share(state bytea, score double precision, label boolean, share double precision) RETURNS bytea
	AS 'MODULE_PATHNAME', 'company_risk_outcomes_add_share' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION risk_internal.outcomes_add_share(bytea, double precision, boolean, double precision) IS
	'Internal: step of aggregates over the highest scores';
REVOKE ALL ON FUNCTION risk_internal.outcomes_add_share(bytea, double precision, boolean, double precision) FROM PUBLIC;

CREATE FUNCTION risk_internal.outcomes_add_share(state bytea, score double precision, label boolean, share double precision, weight double precision) RETURNS bytea
	AS 'MODULE_PATHNAME', 'company_risk_outcomes_add_share' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION risk_internal.outcomes_add_share(bytea, double precision, boolean, double precision, double precision) IS
	'Internal: step of aggregates over the highest scores, with weights';
REVOKE ALL ON FUNCTION risk_internal.outcomes_add_share(bytea, double precision, boolean, double precision, double precision) FROM PUBLIC;

CREATE FUNCTION risk_internal.outcomes_add_bins(state bytea, score double precision, label boolean) RETURNS bytea
	AS 'MODULE_PATHNAME', 'company_risk_outcomes_add_bins' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION risk_internal.outcomes_add_bins(bytea, double precision, boolean) IS
	'Internal: step of risk.calibration_error';
REVOKE ALL ON FUNCTION risk_internal.outcomes_add_bins(bytea, double precision, boolean) FROM PUBLIC;

CREATE FUNCTION risk_internal.outcomes_add_bins(state bytea, score double precision, label boolean, bins integer, strategy text) RETURNS bytea
	AS 'MODULE_PATHNAME', 'company_risk_outcomes_add_bins' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION risk_internal.outcomes_add_bins(bytea, double precision, boolean, integer, text) IS
	'Internal: step of risk.calibration_error';
REVOKE ALL ON FUNCTION risk_internal.outcomes_add_bins(bytea, double precision, boolean, integer, text) FROM PUBLIC;

CREATE FUNCTION risk_internal.outcomes_add_bins(state bytea, score double precision, label boolean, bins integer, strategy text, weight double precision) RETURNS bytea
	AS 'MODULE_PATHNAME', 'company_risk_outcomes_add_bins' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION risk_internal.outcomes_add_bins(bytea, double precision, boolean, integer, text, double precision) IS
	'Internal: step of risk.calibration_error with weights';
REVOKE ALL ON FUNCTION risk_internal.outcomes_add_bins(bytea, double precision, boolean, integer, text, double precision) FROM PUBLIC;

CREATE FUNCTION risk_internal.outcomes_add_months(state bytea, score double precision, months double precision, event boolean) RETURNS bytea
	AS 'MODULE_PATHNAME', 'company_risk_outcomes_add_months' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION risk_internal.outcomes_add_months(bytea, double precision, double precision, boolean) IS
	'Internal: step of risk.concordance_index';
REVOKE ALL ON FUNCTION risk_internal.outcomes_add_months(bytea, double precision, double precision, boolean) FROM PUBLIC;

CREATE FUNCTION risk_internal.outcomes_combine(a bytea, b bytea) RETURNS bytea
	AS 'MODULE_PATHNAME', 'company_risk_outcomes_combine' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION risk_internal.outcomes_combine(bytea, bytea) IS
	'Internal: union of two states of an aggregate over outcomes, or of two outcomes';
REVOKE ALL ON FUNCTION risk_internal.outcomes_combine(bytea, bytea) FROM PUBLIC;

CREATE FUNCTION risk_internal.sums_add_log_loss(state bytea, score double precision, label boolean) RETURNS bytea
	AS 'MODULE_PATHNAME', 'company_risk_sums_add_log_loss' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION risk_internal.sums_add_log_loss(bytea, double precision, boolean) IS
	'Internal: step of risk.log_loss';
REVOKE ALL ON FUNCTION risk_internal.sums_add_log_loss(bytea, double precision, boolean) FROM PUBLIC;

CREATE FUNCTION risk_internal.sums_add_log_loss(state bytea, score double precision, label boolean, weight double precision) RETURNS bytea
	AS 'MODULE_PATHNAME', 'company_risk_sums_add_log_loss' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION risk_internal.sums_add_log_loss(bytea, double precision, boolean, double precision) IS
	'Internal: step of risk.log_loss with weights';
REVOKE ALL ON FUNCTION risk_internal.sums_add_log_loss(bytea, double precision, boolean, double precision) FROM PUBLIC;

CREATE FUNCTION risk_internal.sums_add_brier_score(state bytea, score double precision, label boolean) RETURNS bytea
	AS 'MODULE_PATHNAME', 'company_risk_sums_add_brier_score' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION risk_internal.sums_add_brier_score(bytea, double precision, boolean) IS
	'Internal: step of risk.brier_score';
REVOKE ALL ON FUNCTION risk_internal.sums_add_brier_score(bytea, double precision, boolean) FROM PUBLIC;

CREATE FUNCTION risk_internal.sums_add_brier_score(state bytea, score double precision, label boolean, weight double precision) RETURNS bytea
	AS 'MODULE_PATHNAME', 'company_risk_sums_add_brier_score' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION risk_internal.sums_add_brier_score(bytea, double precision, boolean, double precision) IS
	'Internal: step of risk.brier_score with weights';
REVOKE ALL ON FUNCTION risk_internal.sums_add_brier_score(bytea, double precision, boolean, double precision) FROM PUBLIC;

CREATE FUNCTION risk_internal.sums_add_threshold(state bytea, score double precision, label boolean, threshold double precision) RETURNS bytea
	AS 'MODULE_PATHNAME', 'company_risk_sums_add_threshold' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION risk_internal.sums_add_threshold(bytea, double precision, boolean, double precision) IS
	'Internal: step of aggregates at a threshold';
REVOKE ALL ON FUNCTION risk_internal.sums_add_threshold(bytea, double precision, boolean, double precision) FROM PUBLIC;

CREATE FUNCTION risk_internal.sums_add_threshold(state bytea, score double precision, label boolean, threshold double precision, weight double precision) RETURNS bytea
	AS 'MODULE_PATHNAME', 'company_risk_sums_add_threshold' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION risk_internal.sums_add_threshold(bytea, double precision, boolean, double precision, double precision) IS
	'Internal: step of aggregates at a threshold, with weights';
REVOKE ALL ON FUNCTION risk_internal.sums_add_threshold(bytea, double precision, boolean, double precision, double precision) FROM PUBLIC;

CREATE FUNCTION risk_internal.sums_add_f_score(state bytea, score double precision, label boolean, threshold double precision, beta double precision) RETURNS bytea
	AS 'MODULE_PATHNAME', 'company_risk_sums_add_f_score' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION risk_internal.sums_add_f_score(bytea, double precision, boolean, double precision, double precision) IS
	'Internal: step of risk.f_score';
REVOKE ALL ON FUNCTION risk_internal.sums_add_f_score(bytea, double precision, boolean, double precision, double precision) FROM PUBLIC;

CREATE FUNCTION risk_internal.sums_add_f_score(state bytea, score double precision, label boolean, threshold double precision, beta double precision, weight double precision) RETURNS bytea
	AS 'MODULE_PATHNAME', 'company_risk_sums_add_f_score' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION risk_internal.sums_add_f_score(bytea, double precision, boolean, double precision, double precision, double precision) IS
	'Internal: step of risk.f_score with weights';
REVOKE ALL ON FUNCTION risk_internal.sums_add_f_score(bytea, double precision, boolean, double precision, double precision, double precision) FROM PUBLIC;

CREATE FUNCTION risk_internal.sums_combine(a bytea, b bytea) RETURNS bytea
	AS 'MODULE_PATHNAME', 'company_risk_sums_combine' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10;
COMMENT ON FUNCTION risk_internal.sums_combine(bytea, bytea) IS
	'Internal: adds two states of log_loss, brier_score or an aggregate at a threshold';
REVOKE ALL ON FUNCTION risk_internal.sums_combine(bytea, bytea) FROM PUBLIC;

CREATE FUNCTION risk_internal.best_threshold_final(state bytea) RETURNS double precision
	AS 'MODULE_PATHNAME', 'company_risk_best_threshold' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION risk_internal.best_threshold_final(bytea) IS
	'Internal: result of risk.best_threshold';
REVOKE ALL ON FUNCTION risk_internal.best_threshold_final(bytea) FROM PUBLIC;

CREATE FUNCTION risk_internal.precision_at_k_final(state bytea) RETURNS double precision
	AS 'MODULE_PATHNAME', 'company_risk_precision_at_cases' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION risk_internal.precision_at_k_final(bytea) IS
	'Internal: result of risk.precision_at_k';
REVOKE ALL ON FUNCTION risk_internal.precision_at_k_final(bytea) FROM PUBLIC;

CREATE FUNCTION risk_internal.lift_at_final(state bytea) RETURNS double precision
	AS 'MODULE_PATHNAME', 'company_risk_lift_at_cases' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION risk_internal.lift_at_final(bytea) IS
	'Internal: result of risk.lift_at';
REVOKE ALL ON FUNCTION risk_internal.lift_at_final(bytea) FROM PUBLIC;

CREATE FUNCTION risk_internal.calibration_error_final(state bytea) RETURNS double precision
	AS 'MODULE_PATHNAME', 'company_risk_calibration_error' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION risk_internal.calibration_error_final(bytea) IS
	'Internal: result of risk.calibration_error';
REVOKE ALL ON FUNCTION risk_internal.calibration_error_final(bytea) FROM PUBLIC;

CREATE FUNCTION risk_internal.concordance_index_final(state bytea) RETURNS double precision
	AS 'MODULE_PATHNAME', 'company_risk_concordance_index' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION risk_internal.concordance_index_final(bytea) IS
	'Internal: result of risk.concordance_index';
REVOKE ALL ON FUNCTION risk_internal.concordance_index_final(bytea) FROM PUBLIC;

CREATE FUNCTION risk_internal.sums_mean(state bytea) RETURNS double precision
	AS 'MODULE_PATHNAME', 'company_risk_sums_mean' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION risk_internal.sums_mean(bytea) IS
	'Internal: result of risk.log_loss and risk.brier_score';
REVOKE ALL ON FUNCTION risk_internal.sums_mean(bytea) FROM PUBLIC;

CREATE FUNCTION risk_internal.sums_precision(state bytea) RETURNS double precision
	AS 'MODULE_PATHNAME', 'company_risk_sums_precision' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION risk_internal.sums_precision(bytea) IS
	'Internal: result of risk.precision_at';
REVOKE ALL ON FUNCTION risk_internal.sums_precision(bytea) FROM PUBLIC;

CREATE FUNCTION risk_internal.sums_recall(state bytea) RETURNS double precision
	AS 'MODULE_PATHNAME', 'company_risk_sums_recall' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION risk_internal.sums_recall(bytea) IS
	'Internal: result of risk.recall_at';
REVOKE ALL ON FUNCTION risk_internal.sums_recall(bytea) FROM PUBLIC;

CREATE FUNCTION risk_internal.sums_specificity(state bytea) RETURNS double precision
	AS 'MODULE_PATHNAME', 'company_risk_sums_specificity' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION risk_internal.sums_specificity(bytea) IS
	'Internal: result of risk.specificity_at';
REVOKE ALL ON FUNCTION risk_internal.sums_specificity(bytea) FROM PUBLIC;

CREATE FUNCTION risk_internal.sums_balanced_accuracy(state bytea) RETURNS double precision
	AS 'MODULE_PATHNAME', 'company_risk_sums_balanced_accuracy' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION risk_internal.sums_balanced_accuracy(bytea) IS
	'Internal: result of risk.balanced_accuracy';
REVOKE ALL ON FUNCTION risk_internal.sums_balanced_accuracy(bytea) FROM PUBLIC;

CREATE FUNCTION risk_internal.sums_f_score(state bytea) RETURNS double precision
	AS 'MODULE_PATHNAME', 'company_risk_sums_f_score' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION risk_internal.sums_f_score(bytea) IS
	'Internal: result of risk.f_score';
REVOKE ALL ON FUNCTION risk_internal.sums_f_score(bytea) FROM PUBLIC;

/* ----------
 * Outcomes
 * ----------
 */
CREATE AGGREGATE risk.outcomes(score double precision, label boolean) (
	SFUNC = risk_internal.outcomes_add, STYPE = bytea, SSPACE = 4096,
	COMBINEFUNC = risk_internal.outcomes_combine, PARALLEL = SAFE);
COMMENT ON AGGREGATE risk.outcomes(double precision, boolean) IS
	'Scores with what happened (true: failed), as one value that the metrics, curves and tables of this schema are made from; 16 bytes per distinct score and label';

CREATE AGGREGATE risk.outcomes(score double precision, label boolean, weight double precision) (
	SFUNC = risk_internal.outcomes_add, STYPE = bytea, SSPACE = 4096,
	COMBINEFUNC = risk_internal.outcomes_combine, PARALLEL = SAFE);
COMMENT ON AGGREGATE risk.outcomes(double precision, boolean, double precision) IS
	'Scores with what happened (true: failed) and a weight, as one value that the metrics, curves and tables of this schema are made from; 24 bytes per distinct score, weight and label';

CREATE AGGREGATE risk.clustered_outcomes(score double precision, label boolean, cluster text) (
	SFUNC = risk_internal.outcomes_add_clustered, STYPE = bytea, SSPACE = 4096,
	COMBINEFUNC = risk_internal.outcomes_combine, PARALLEL = SAFE);
COMMENT ON AGGREGATE risk.clustered_outcomes(double precision, boolean, text) IS
	'Outcomes that know which rows belong together (the months of one company), for risk.bootstrap; 24 bytes per distinct score, cluster and label';

CREATE AGGREGATE risk.clustered_outcomes(score double precision, label boolean, cluster text, weight double precision) (
	SFUNC = risk_internal.outcomes_add_clustered, STYPE = bytea, SSPACE = 4096,
	COMBINEFUNC = risk_internal.outcomes_combine, PARALLEL = SAFE);
COMMENT ON AGGREGATE risk.clustered_outcomes(double precision, boolean, text, double precision) IS
	'Outcomes that know which rows belong together (the months of one company), with weights, for risk.bootstrap; 32 bytes per distinct score, weight, cluster and label';

CREATE AGGREGATE risk.merge_outcomes(outcomes bytea) (
	SFUNC = risk_internal.outcomes_combine, STYPE = bytea, SSPACE = 4096,
	COMBINEFUNC = risk_internal.outcomes_combine, PARALLEL = SAFE);
COMMENT ON AGGREGATE risk.merge_outcomes(bytea) IS
	'Outcomes of several groups as one, for example of months that were stored one by one; equal to the outcomes of all their rows';

/* ----------
 * Metrics of outcomes
 * ----------
 */
CREATE FUNCTION risk.roc_auc(outcomes bytea) RETURNS double precision
	AS 'MODULE_PATHNAME', 'company_risk_roc_auc' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION risk.roc_auc(bytea) IS
	'Area under the ROC curve: the chance that a company that failed has a higher score than one that did not, ties for a half; NULL if there is one class only';

CREATE FUNCTION risk.gini(outcomes bytea) RETURNS double precision
	AS 'MODULE_PATHNAME', 'company_risk_gini' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION risk.gini(bytea) IS
	'Gini coefficient, 2 * roc_auc - 1; NULL if there is one class only';

CREATE FUNCTION risk.average_precision(outcomes bytea) RETURNS double precision
	AS 'MODULE_PATHNAME', 'company_risk_average_precision' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION risk.average_precision(bytea) IS
	'Average precision: precision at each threshold, weighted by the recall gained there, without interpolation; NULL without failures';

CREATE FUNCTION risk.ks_statistic(outcomes bytea) RETURNS double precision
	AS 'MODULE_PATHNAME', 'company_risk_ks_statistic' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION risk.ks_statistic(bytea) IS
	'Kolmogorov-Smirnov statistic: the largest difference between recall and false positive rate over all thresholds; NULL if there is one class only';

CREATE FUNCTION risk.log_loss(outcomes bytea) RETURNS double precision
	AS 'MODULE_PATHNAME', 'company_risk_log_loss' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION risk.log_loss(bytea) IS
	'Mean log loss of scores that are probabilities, in nats; scores are kept 2^-52 away from 0 and 1';

CREATE FUNCTION risk.brier_score(outcomes bytea) RETURNS double precision
	AS 'MODULE_PATHNAME', 'company_risk_brier_score' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION risk.brier_score(bytea) IS
	'Brier score of scores that are probabilities: mean squared distance from what happened (0 or 1)';

CREATE FUNCTION risk.best_threshold(outcomes bytea, beta double precision) RETURNS double precision
	AS 'MODULE_PATHNAME', 'company_risk_best_threshold' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION risk.best_threshold(bytea, double precision) IS
	'The threshold with the best F-score among all scores (a score from there on is an alert); beta 0.5 favours precision, 2 recall; of equally good ones the highest; NULL without failures';

CREATE FUNCTION risk.precision_at(outcomes bytea, threshold double precision) RETURNS double precision
	AS 'MODULE_PATHNAME', 'company_risk_precision_at' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION risk.precision_at(bytea, double precision) IS
	'Precision at a threshold: the share of failures among companies with at least that score; NULL without alerts';

CREATE FUNCTION risk.recall_at(outcomes bytea, threshold double precision) RETURNS double precision
	AS 'MODULE_PATHNAME', 'company_risk_recall_at' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION risk.recall_at(bytea, double precision) IS
	'Recall at a threshold: the share of failures with at least that score; NULL without failures';

CREATE FUNCTION risk.specificity_at(outcomes bytea, threshold double precision) RETURNS double precision
	AS 'MODULE_PATHNAME', 'company_risk_specificity_at' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION risk.specificity_at(bytea, double precision) IS
	'Specificity at a threshold: the share of survivors below it; NULL without survivors';

CREATE FUNCTION risk.balanced_accuracy(outcomes bytea, threshold double precision) RETURNS double precision
	AS 'MODULE_PATHNAME', 'company_risk_balanced_accuracy' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION risk.balanced_accuracy(bytea, double precision) IS
	'Balanced accuracy at a threshold: the mean of recall and specificity; NULL if there is one class only';

CREATE FUNCTION risk.f_score(outcomes bytea, threshold double precision, beta double precision) RETURNS double precision
	AS 'MODULE_PATHNAME', 'company_risk_f_score' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION risk.f_score(bytea, double precision, double precision) IS
	'F-score at a threshold; recall counts beta times as much as precision';

CREATE FUNCTION risk.precision_at_k(outcomes bytea, cases integer) RETURNS double precision
	AS 'MODULE_PATHNAME', 'company_risk_precision_at_cases' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION risk.precision_at_k(bytea, integer) IS
	'Precision among the highest scores: so many cases (an integer), or a share of all (0.05); scores equal at the end count in part';

CREATE FUNCTION risk.precision_at_k(outcomes bytea, share double precision) RETURNS double precision
	AS 'MODULE_PATHNAME', 'company_risk_precision_at_share' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION risk.precision_at_k(bytea, double precision) IS
	'Precision among the highest scores: so many cases (an integer), or a share of all (0.05); scores equal at the end count in part';

CREATE FUNCTION risk.lift_at(outcomes bytea, cases integer) RETURNS double precision
	AS 'MODULE_PATHNAME', 'company_risk_lift_at_cases' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION risk.lift_at(bytea, integer) IS
	'Lift among the highest scores, their rate of failure over that of all: of so many cases (an integer), or of a share of all (0.05); NULL without failures';

CREATE FUNCTION risk.lift_at(outcomes bytea, share double precision) RETURNS double precision
	AS 'MODULE_PATHNAME', 'company_risk_lift_at_share' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION risk.lift_at(bytea, double precision) IS
	'Lift among the highest scores, their rate of failure over that of all: of so many cases (an integer), or of a share of all (0.05); NULL without failures';

CREATE FUNCTION risk.calibration_error(outcomes bytea, bins integer DEFAULT 10, strategy text DEFAULT 'uniform') RETURNS double precision
	AS 'MODULE_PATHNAME', 'company_risk_calibration_error' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION risk.calibration_error(bytea, integer, text) IS
	'Expected calibration error: the mean distance between score and rate of failure over bins, of equal width (uniform, above their lower end and up to their upper) or of equal weight (quantile)';

/* ----------
 * The same as aggregates
 * ----------
 */
CREATE AGGREGATE risk.roc_auc(score double precision, label boolean) (
	SFUNC = risk_internal.outcomes_add, STYPE = bytea, SSPACE = 4096,
	COMBINEFUNC = risk_internal.outcomes_combine, FINALFUNC = risk.roc_auc, PARALLEL = SAFE);
COMMENT ON AGGREGATE risk.roc_auc(double precision, boolean) IS
	'Area under the ROC curve: the chance that a company that failed has a higher score than one that did not, ties for a half; NULL if there is one class only';

CREATE AGGREGATE risk.roc_auc(score double precision, label boolean, weight double precision) (
	SFUNC = risk_internal.outcomes_add, STYPE = bytea, SSPACE = 4096,
	COMBINEFUNC = risk_internal.outcomes_combine, FINALFUNC = risk.roc_auc, PARALLEL = SAFE);
COMMENT ON AGGREGATE risk.roc_auc(double precision, boolean, double precision) IS
	'Area under the ROC curve: the chance that a company that failed has a higher score than one that did not, ties for a half; NULL if there is one class only; with weights';

CREATE AGGREGATE risk.gini(score double precision, label boolean) (
	SFUNC = risk_internal.outcomes_add, STYPE = bytea, SSPACE = 4096,
	COMBINEFUNC = risk_internal.outcomes_combine, FINALFUNC = risk.gini, PARALLEL = SAFE);
COMMENT ON AGGREGATE risk.gini(double precision, boolean) IS
	'Gini coefficient, 2 * roc_auc - 1; NULL if there is one class only';

CREATE AGGREGATE risk.gini(score double precision, label boolean, weight double precision) (
	SFUNC = risk_internal.outcomes_add, STYPE = bytea, SSPACE = 4096,
	COMBINEFUNC = risk_internal.outcomes_combine, FINALFUNC = risk.gini, PARALLEL = SAFE);
COMMENT ON AGGREGATE risk.gini(double precision, boolean, double precision) IS
	'Gini coefficient, 2 * roc_auc - 1; NULL if there is one class only; with weights';

CREATE AGGREGATE risk.average_precision(score double precision, label boolean) (
	SFUNC = risk_internal.outcomes_add, STYPE = bytea, SSPACE = 4096,
	COMBINEFUNC = risk_internal.outcomes_combine, FINALFUNC = risk.average_precision, PARALLEL = SAFE);
COMMENT ON AGGREGATE risk.average_precision(double precision, boolean) IS
	'Average precision: precision at each threshold, weighted by the recall gained there, without interpolation; NULL without failures';

CREATE AGGREGATE risk.average_precision(score double precision, label boolean, weight double precision) (
	SFUNC = risk_internal.outcomes_add, STYPE = bytea, SSPACE = 4096,
	COMBINEFUNC = risk_internal.outcomes_combine, FINALFUNC = risk.average_precision, PARALLEL = SAFE);
COMMENT ON AGGREGATE risk.average_precision(double precision, boolean, double precision) IS
	'Average precision: precision at each threshold, weighted by the recall gained there, without interpolation; NULL without failures; with weights';

CREATE AGGREGATE risk.ks_statistic(score double precision, label boolean) (
	SFUNC = risk_internal.outcomes_add, STYPE = bytea, SSPACE = 4096,
	COMBINEFUNC = risk_internal.outcomes_combine, FINALFUNC = risk.ks_statistic, PARALLEL = SAFE);
COMMENT ON AGGREGATE risk.ks_statistic(double precision, boolean) IS
	'Kolmogorov-Smirnov statistic: the largest difference between recall and false positive rate over all thresholds; NULL if there is one class only';

CREATE AGGREGATE risk.ks_statistic(score double precision, label boolean, weight double precision) (
	SFUNC = risk_internal.outcomes_add, STYPE = bytea, SSPACE = 4096,
	COMBINEFUNC = risk_internal.outcomes_combine, FINALFUNC = risk.ks_statistic, PARALLEL = SAFE);
COMMENT ON AGGREGATE risk.ks_statistic(double precision, boolean, double precision) IS
	'Kolmogorov-Smirnov statistic: the largest difference between recall and false positive rate over all thresholds; NULL if there is one class only; with weights';

CREATE AGGREGATE risk.best_threshold(score double precision, label boolean, beta double precision) (
	SFUNC = risk_internal.outcomes_add_beta, STYPE = bytea, SSPACE = 4096,
	COMBINEFUNC = risk_internal.outcomes_combine, FINALFUNC = risk_internal.best_threshold_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE risk.best_threshold(double precision, boolean, double precision) IS
	'The threshold with the best F-score among all scores (a score from there on is an alert); beta 0.5 favours precision, 2 recall; of equally good ones the highest; NULL without failures';

CREATE AGGREGATE risk.best_threshold(score double precision, label boolean, beta double precision, weight double precision) (
	SFUNC = risk_internal.outcomes_add_beta, STYPE = bytea, SSPACE = 4096,
	COMBINEFUNC = risk_internal.outcomes_combine, FINALFUNC = risk_internal.best_threshold_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE risk.best_threshold(double precision, boolean, double precision, double precision) IS
	'The threshold with the best F-score among all scores (a score from there on is an alert); beta 0.5 favours precision, 2 recall; of equally good ones the highest; NULL without failures; with weights';

CREATE AGGREGATE risk.precision_at_k(score double precision, label boolean, cases integer) (
	SFUNC = risk_internal.outcomes_add_cases, STYPE = bytea, SSPACE = 4096,
	COMBINEFUNC = risk_internal.outcomes_combine, FINALFUNC = risk_internal.precision_at_k_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE risk.precision_at_k(double precision, boolean, integer) IS
	'Precision among the highest scores: so many cases (an integer), or a share of all (0.05); scores equal at the end count in part';

CREATE AGGREGATE risk.precision_at_k(score double precision, label boolean, cases integer, weight double precision) (
	SFUNC = risk_internal.outcomes_add_cases, STYPE = bytea, SSPACE = 4096,
	COMBINEFUNC = risk_internal.outcomes_combine, FINALFUNC = risk_internal.precision_at_k_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE risk.precision_at_k(double precision, boolean, integer, double precision) IS
	'Precision among the highest scores: so many cases (an integer), or a share of all (0.05); scores equal at the end count in part; with weights';

CREATE AGGREGATE risk.precision_at_k(score double precision, label boolean, share double precision) (
	SFUNC = risk_internal.outcomes_add_share, STYPE = bytea, SSPACE = 4096,
	COMBINEFUNC = risk_internal.outcomes_combine, FINALFUNC = risk_internal.precision_at_k_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE risk.precision_at_k(double precision, boolean, double precision) IS
	'Precision among the highest scores: so many cases (an integer), or a share of all (0.05); scores equal at the end count in part';

CREATE AGGREGATE risk.precision_at_k(score double precision, label boolean, share double precision, weight double precision) (
	SFUNC = risk_internal.outcomes_add_share, STYPE = bytea, SSPACE = 4096,
	COMBINEFUNC = risk_internal.outcomes_combine, FINALFUNC = risk_internal.precision_at_k_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE risk.precision_at_k(double precision, boolean, double precision, double precision) IS
	'Precision among the highest scores: so many cases (an integer), or a share of all (0.05); scores equal at the end count in part; with weights';

CREATE AGGREGATE risk.lift_at(score double precision, label boolean, cases integer) (
	SFUNC = risk_internal.outcomes_add_cases, STYPE = bytea, SSPACE = 4096,
	COMBINEFUNC = risk_internal.outcomes_combine, FINALFUNC = risk_internal.lift_at_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE risk.lift_at(double precision, boolean, integer) IS
	'Lift among the highest scores, their rate of failure over that of all: of so many cases (an integer), or of a share of all (0.05); NULL without failures';

CREATE AGGREGATE risk.lift_at(score double precision, label boolean, cases integer, weight double precision) (
	SFUNC = risk_internal.outcomes_add_cases, STYPE = bytea, SSPACE = 4096,
	COMBINEFUNC = risk_internal.outcomes_combine, FINALFUNC = risk_internal.lift_at_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE risk.lift_at(double precision, boolean, integer, double precision) IS
	'Lift among the highest scores, their rate of failure over that of all: of so many cases (an integer), or of a share of all (0.05); NULL without failures; with weights';

CREATE AGGREGATE risk.lift_at(score double precision, label boolean, share double precision) (
	SFUNC = risk_internal.outcomes_add_share, STYPE = bytea, SSPACE = 4096,
	COMBINEFUNC = risk_internal.outcomes_combine, FINALFUNC = risk_internal.lift_at_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE risk.lift_at(double precision, boolean, double precision) IS
	'Lift among the highest scores, their rate of failure over that of all: of so many cases (an integer), or of a share of all (0.05); NULL without failures';

CREATE AGGREGATE risk.lift_at(score double precision, label boolean, share double precision, weight double precision) (
	SFUNC = risk_internal.outcomes_add_share, STYPE = bytea, SSPACE = 4096,
	COMBINEFUNC = risk_internal.outcomes_combine, FINALFUNC = risk_internal.lift_at_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE risk.lift_at(double precision, boolean, double precision, double precision) IS
	'Lift among the highest scores, their rate of failure over that of all: of so many cases (an integer), or of a share of all (0.05); NULL without failures; with weights';

CREATE AGGREGATE risk.calibration_error(score double precision, label boolean) (
	SFUNC = risk_internal.outcomes_add_bins, STYPE = bytea, SSPACE = 4096,
	COMBINEFUNC = risk_internal.outcomes_combine, FINALFUNC = risk_internal.calibration_error_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE risk.calibration_error(double precision, boolean) IS
	'Expected calibration error: the mean distance between score and rate of failure over bins, of equal width (uniform, above their lower end and up to their upper) or of equal weight (quantile); ten bins of equal width';

CREATE AGGREGATE risk.calibration_error(score double precision, label boolean, bins integer, strategy text) (
	SFUNC = risk_internal.outcomes_add_bins, STYPE = bytea, SSPACE = 4096,
	COMBINEFUNC = risk_internal.outcomes_combine, FINALFUNC = risk_internal.calibration_error_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE risk.calibration_error(double precision, boolean, integer, text) IS
	'Expected calibration error: the mean distance between score and rate of failure over bins, of equal width (uniform, above their lower end and up to their upper) or of equal weight (quantile)';

CREATE AGGREGATE risk.calibration_error(score double precision, label boolean, bins integer, strategy text, weight double precision) (
	SFUNC = risk_internal.outcomes_add_bins, STYPE = bytea, SSPACE = 4096,
	COMBINEFUNC = risk_internal.outcomes_combine, FINALFUNC = risk_internal.calibration_error_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE risk.calibration_error(double precision, boolean, integer, text, double precision) IS
	'Expected calibration error: the mean distance between score and rate of failure over bins, of equal width (uniform, above their lower end and up to their upper) or of equal weight (quantile); with weights';

CREATE AGGREGATE risk.log_loss(score double precision, label boolean) (
	SFUNC = risk_internal.sums_add_log_loss, STYPE = bytea, SSPACE = 1200,
	COMBINEFUNC = risk_internal.sums_combine, FINALFUNC = risk_internal.sums_mean, PARALLEL = SAFE);
COMMENT ON AGGREGATE risk.log_loss(double precision, boolean) IS
	'Mean log loss of scores that are probabilities, in nats; scores are kept 2^-52 away from 0 and 1';

CREATE AGGREGATE risk.log_loss(score double precision, label boolean, weight double precision) (
	SFUNC = risk_internal.sums_add_log_loss, STYPE = bytea, SSPACE = 1200,
	COMBINEFUNC = risk_internal.sums_combine, FINALFUNC = risk_internal.sums_mean, PARALLEL = SAFE);
COMMENT ON AGGREGATE risk.log_loss(double precision, boolean, double precision) IS
	'Mean log loss of scores that are probabilities, in nats; scores are kept 2^-52 away from 0 and 1; with weights';

CREATE AGGREGATE risk.brier_score(score double precision, label boolean) (
	SFUNC = risk_internal.sums_add_brier_score, STYPE = bytea, SSPACE = 1200,
	COMBINEFUNC = risk_internal.sums_combine, FINALFUNC = risk_internal.sums_mean, PARALLEL = SAFE);
COMMENT ON AGGREGATE risk.brier_score(double precision, boolean) IS
	'Brier score of scores that are probabilities: mean squared distance from what happened (0 or 1)';

CREATE AGGREGATE risk.brier_score(score double precision, label boolean, weight double precision) (
	SFUNC = risk_internal.sums_add_brier_score, STYPE = bytea, SSPACE = 1200,
	COMBINEFUNC = risk_internal.sums_combine, FINALFUNC = risk_internal.sums_mean, PARALLEL = SAFE);
COMMENT ON AGGREGATE risk.brier_score(double precision, boolean, double precision) IS
	'Brier score of scores that are probabilities: mean squared distance from what happened (0 or 1); with weights';

CREATE AGGREGATE risk.precision_at(score double precision, label boolean, threshold double precision) (
	SFUNC = risk_internal.sums_add_threshold, STYPE = bytea, SSPACE = 100,
	COMBINEFUNC = risk_internal.sums_combine, FINALFUNC = risk_internal.sums_precision, PARALLEL = SAFE);
COMMENT ON AGGREGATE risk.precision_at(double precision, boolean, double precision) IS
	'Precision at a threshold: the share of failures among companies with at least that score; NULL without alerts';

CREATE AGGREGATE risk.precision_at(score double precision, label boolean, threshold double precision, weight double precision) (
	SFUNC = risk_internal.sums_add_threshold, STYPE = bytea, SSPACE = 100,
	COMBINEFUNC = risk_internal.sums_combine, FINALFUNC = risk_internal.sums_precision, PARALLEL = SAFE);
COMMENT ON AGGREGATE risk.precision_at(double precision, boolean, double precision, double precision) IS
	'Precision at a threshold: the share of failures among companies with at least that score; NULL without alerts; with weights';

CREATE AGGREGATE risk.recall_at(score double precision, label boolean, threshold double precision) (
	SFUNC = risk_internal.sums_add_threshold, STYPE = bytea, SSPACE = 100,
	COMBINEFUNC = risk_internal.sums_combine, FINALFUNC = risk_internal.sums_recall, PARALLEL = SAFE);
COMMENT ON AGGREGATE risk.recall_at(double precision, boolean, double precision) IS
	'Recall at a threshold: the share of failures with at least that score; NULL without failures';

CREATE AGGREGATE risk.recall_at(score double precision, label boolean, threshold double precision, weight double precision) (
	SFUNC = risk_internal.sums_add_threshold, STYPE = bytea, SSPACE = 100,
	COMBINEFUNC = risk_internal.sums_combine, FINALFUNC = risk_internal.sums_recall, PARALLEL = SAFE);
COMMENT ON AGGREGATE risk.recall_at(double precision, boolean, double precision, double precision) IS
	'Recall at a threshold: the share of failures with at least that score; NULL without failures; with weights';

CREATE AGGREGATE risk.specificity_at(score double precision, label boolean, threshold double precision) (
	SFUNC = risk_internal.sums_add_threshold, STYPE = bytea, SSPACE = 100,
	COMBINEFUNC = risk_internal.sums_combine, FINALFUNC = risk_internal.sums_specificity, PARALLEL = SAFE);
COMMENT ON AGGREGATE risk.specificity_at(double precision, boolean, double precision) IS
	'Specificity at a threshold: the share of survivors below it; NULL without survivors';

CREATE AGGREGATE risk.specificity_at(score double precision, label boolean, threshold double precision, weight double precision) (
	SFUNC = risk_internal.sums_add_threshold, STYPE = bytea, SSPACE = 100,
	COMBINEFUNC = risk_internal.sums_combine, FINALFUNC = risk_internal.sums_specificity, PARALLEL = SAFE);
COMMENT ON AGGREGATE risk.specificity_at(double precision, boolean, double precision, double precision) IS
	'Specificity at a threshold: the share of survivors below it; NULL without survivors; with weights';

CREATE AGGREGATE risk.balanced_accuracy(score double precision, label boolean, threshold double precision) (
	SFUNC = risk_internal.sums_add_threshold, STYPE = bytea, SSPACE = 100,
	COMBINEFUNC = risk_internal.sums_combine, FINALFUNC = risk_internal.sums_balanced_accuracy, PARALLEL = SAFE);
COMMENT ON AGGREGATE risk.balanced_accuracy(double precision, boolean, double precision) IS
	'Balanced accuracy at a threshold: the mean of recall and specificity; NULL if there is one class only';

CREATE AGGREGATE risk.balanced_accuracy(score double precision, label boolean, threshold double precision, weight double precision) (
	SFUNC = risk_internal.sums_add_threshold, STYPE = bytea, SSPACE = 100,
	COMBINEFUNC = risk_internal.sums_combine, FINALFUNC = risk_internal.sums_balanced_accuracy, PARALLEL = SAFE);
COMMENT ON AGGREGATE risk.balanced_accuracy(double precision, boolean, double precision, double precision) IS
	'Balanced accuracy at a threshold: the mean of recall and specificity; NULL if there is one class only; with weights';

CREATE AGGREGATE risk.f_score(score double precision, label boolean, threshold double precision, beta double precision) (
	SFUNC = risk_internal.sums_add_f_score, STYPE = bytea, SSPACE = 100,
	COMBINEFUNC = risk_internal.sums_combine, FINALFUNC = risk_internal.sums_f_score, PARALLEL = SAFE);
COMMENT ON AGGREGATE risk.f_score(double precision, boolean, double precision, double precision) IS
	'F-score at a threshold; recall counts beta times as much as precision';

CREATE AGGREGATE risk.f_score(score double precision, label boolean, threshold double precision, beta double precision, weight double precision) (
	SFUNC = risk_internal.sums_add_f_score, STYPE = bytea, SSPACE = 100,
	COMBINEFUNC = risk_internal.sums_combine, FINALFUNC = risk_internal.sums_f_score, PARALLEL = SAFE);
COMMENT ON AGGREGATE risk.f_score(double precision, boolean, double precision, double precision, double precision) IS
	'F-score at a threshold; recall counts beta times as much as precision; with weights';

CREATE AGGREGATE risk.concordance_index(score double precision, months double precision, event boolean) (
	SFUNC = risk_internal.outcomes_add_months, STYPE = bytea, SSPACE = 4096,
	COMBINEFUNC = risk_internal.outcomes_combine, FINALFUNC = risk_internal.concordance_index_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE risk.concordance_index(double precision, double precision, boolean) IS
	'Harrell''s concordance index: of pairs of which one was seen to fail while the other still stood, the share in which it has the higher score, ties for a half; months: to the failure, or to when a company was last seen standing (event false); 24 bytes per distinct row';

/* ----------
 * Curves and tables of outcomes
 * ----------
 */
CREATE FUNCTION risk.roc_curve(outcomes bytea, max_points integer DEFAULT NULL) RETURNS TABLE (threshold double precision, false_positive_rate double precision, true_positive_rate double precision)
	AS 'MODULE_PATHNAME', 'company_risk_roc_curve' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000 ROWS 1000;
COMMENT ON FUNCTION risk.roc_curve(bytea, integer) IS
	'ROC curve, from no alerts (threshold Infinity) to all: a row per distinct score, or at most max_points along the curve';

CREATE FUNCTION risk.precision_recall_curve(outcomes bytea, max_points integer DEFAULT NULL) RETURNS TABLE (threshold double precision, "precision" double precision, recall double precision)
	AS 'MODULE_PATHNAME', 'company_risk_precision_recall_curve' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000 ROWS 1000;
COMMENT ON FUNCTION risk.precision_recall_curve(bytea, integer) IS
	'Precision and recall, from no alerts (threshold Infinity, precision 1 by convention) to all: a row per distinct score, or at most max_points along the curve';

CREATE FUNCTION risk.calibration_table(outcomes bytea, bins integer DEFAULT 10, strategy text DEFAULT 'uniform') RETURNS TABLE (bin integer, low double precision, high double precision, companies double precision, failures double precision, mean_score double precision, failure_rate double precision)
	AS 'MODULE_PATHNAME', 'company_risk_calibration_table' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000 ROWS 10;
COMMENT ON FUNCTION risk.calibration_table(bytea, integer, text) IS
	'Mean score and rate of failure by bins of scores, lowest first, of equal width (uniform) or of equal weight (quantile); empty bins have no row; companies and failures are counts, or sums of weights';

CREATE FUNCTION risk.lift_table(outcomes bytea, bins integer DEFAULT 10) RETURNS TABLE (bin integer, low double precision, high double precision, companies double precision, failures double precision, failure_rate double precision, lift double precision, cumulative_companies double precision, cumulative_failures double precision, cumulative_recall double precision, cumulative_lift double precision)
	AS 'MODULE_PATHNAME', 'company_risk_lift_table' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000 ROWS 10;
COMMENT ON FUNCTION risk.lift_table(bytea, integer) IS
	'Rate of failure and lift by bins of equal weight, highest scores first, each by itself and with all above; equal scores stay in one bin; companies and failures are counts, or sums of weights';

CREATE FUNCTION risk.confusion_matrix(outcomes bytea, threshold double precision) RETURNS TABLE (true_positives double precision, false_positives double precision, false_negatives double precision, true_negatives double precision)
	AS 'MODULE_PATHNAME', 'company_risk_confusion_matrix' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000 ROWS 1;
COMMENT ON FUNCTION risk.confusion_matrix(bytea, double precision) IS
	'How many companies had an alert, a score of at least the threshold, and failed, and so on: counts, or sums of weights';

CREATE FUNCTION risk.threshold_table(outcomes bytea, steps integer DEFAULT 100, cost_false_positive double precision DEFAULT NULL, cost_false_negative double precision DEFAULT NULL) RETURNS TABLE (threshold double precision, alerts double precision, true_positives double precision, false_positives double precision, false_negatives double precision, true_negatives double precision, "precision" double precision, recall double precision, specificity double precision, f_half double precision, f1 double precision, f2 double precision, balanced_accuracy double precision, cost double precision)
	AS 'MODULE_PATHNAME', 'company_risk_threshold_table' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000 ROWS 101;
COMMENT ON FUNCTION risk.threshold_table(bytea, integer, double precision, double precision) IS
	'What each threshold would give, highest first: on a grid of so many steps from 1 to 0, or with steps NULL at every distinct score; cost is that of the false positives and false negatives, if both costs are given';

CREATE FUNCTION risk.bootstrap(
	outcomes bytea,
	metric text,
	resamples integer DEFAULT 1000,
	seed bigint DEFAULT 42,
	confidence double precision DEFAULT 0.95,
	parameters double precision[] DEFAULT NULL,
	OUT estimate double precision,
	OUT low double precision,
	OUT high double precision,
	OUT standard_error double precision,
	OUT resamples_used integer)
	AS 'MODULE_PATHNAME', 'company_risk_bootstrap' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000000;
COMMENT ON FUNCTION risk.bootstrap(bytea, text, integer, bigint, double precision, double precision[]) IS
	'A metric with its percentile interval over resamples of the rows, or of the clusters of risk.clustered_outcomes; parameters are those of the metric, such as a threshold; the same seed gives the same answer';
CREATE FUNCTION risk.count_outcomes(
	outcomes bytea,
	OUT companies bigint,
	OUT failures bigint,
	OUT lowest double precision,
	OUT highest double precision)
	AS 'MODULE_PATHNAME', 'company_risk_count_outcomes' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION risk.count_outcomes(bytea) IS
	'How many rows outcomes are made of, how many of them failed, whatever their weights, and their lowest and highest score';

CREATE FUNCTION risk.outcome_metrics(
	outcomes bytea,
	threshold_strong double precision DEFAULT NULL,
	threshold_moderate double precision DEFAULT NULL,
	cases integer DEFAULT NULL)
	RETURNS TABLE (metric text, level text, parameter double precision, value double precision)
	LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 100000 ROWS 30
	SET search_path = pg_catalog, pg_temp
AS $$
	WITH counted AS (
		SELECT n.lowest >= 0 AND n.highest <= 1 AS probabilities FROM risk.count_outcomes(outcomes) n
	), best AS (
		SELECT b.level, b.beta, risk.best_threshold(outcomes, b.beta) AS threshold
		FROM (VALUES ('strong', 0.5::float8), ('moderate', 2)) b (level, beta)
	), own AS (
		SELECT t.level, t.beta, t.threshold
		FROM (VALUES ('strong', 0.5::float8, threshold_strong), ('moderate', 2, threshold_moderate)) t (level, beta, threshold)
		WHERE t.threshold IS NOT NULL
	)
	SELECT m.metric, m.level, m.parameter, m.value
	FROM (
		SELECT 1, 1, 'roc_auc', NULL::text, NULL::float8, risk.roc_auc(outcomes)
		UNION ALL SELECT 1, 2, 'gini', NULL, NULL, risk.gini(outcomes)
		UNION ALL SELECT 1, 3, 'average_precision', NULL, NULL, risk.average_precision(outcomes)
		UNION ALL SELECT 1, 4, 'ks_statistic', NULL, NULL, risk.ks_statistic(outcomes)
		UNION ALL SELECT 1, 5, 'log_loss', NULL, NULL, risk.log_loss(outcomes) FROM counted WHERE probabilities
		UNION ALL SELECT 1, 6, 'brier_score', NULL, NULL, risk.brier_score(outcomes) FROM counted WHERE probabilities
		UNION ALL SELECT 1, 7, 'calibration_error', NULL, 10, risk.calibration_error(outcomes) FROM counted WHERE probabilities
		UNION ALL SELECT 2, s.ordinality, 'lift_at', NULL, s.share, risk.lift_at(outcomes, s.share)
			FROM unnest(ARRAY[0.01, 0.05, 0.1]::float8[]) WITH ORDINALITY s (share, ordinality)
		UNION ALL SELECT 3, 1, 'precision_at_k', NULL, cases, risk.precision_at_k(outcomes, cases) WHERE cases IS NOT NULL
		UNION ALL SELECT 3, 2, 'lift_at', NULL, cases, risk.lift_at(outcomes, cases) WHERE cases IS NOT NULL
		UNION ALL SELECT 4, CASE o.level WHEN 'strong' THEN 0 ELSE 10 END + v.number, v.metric, o.level, o.threshold, v.value
			FROM own o CROSS JOIN LATERAL (VALUES
				(1, 'alerts', (SELECT c.true_positives + c.false_positives FROM risk.confusion_matrix(outcomes, o.threshold) c)),
				(2, 'precision_at', risk.precision_at(outcomes, o.threshold)),
				(3, 'recall_at', risk.recall_at(outcomes, o.threshold)),
				(4, 'f_score', risk.f_score(outcomes, o.threshold, o.beta)),
				(5, 'balanced_accuracy', risk.balanced_accuracy(outcomes, o.threshold)),
				(6, 'specificity_at', risk.specificity_at(outcomes, o.threshold))) v (number, metric, value)
		UNION ALL SELECT 5, CASE b.level WHEN 'strong' THEN 0 ELSE 10 END, 'best_threshold', b.level, b.beta, b.threshold FROM best b
		UNION ALL SELECT 5, CASE b.level WHEN 'strong' THEN 1 ELSE 11 END, 'best_f_score', b.level, b.beta,
			risk.f_score(outcomes, b.threshold, b.beta) FROM best b
	) m (section, number, metric, level, parameter, value)
	WHERE outcomes IS NOT NULL
	ORDER BY m.section, m.number
$$;
COMMENT ON FUNCTION risk.outcome_metrics(bytea, double precision, double precision, integer) IS
	'Metrics of outcomes as rows: without a threshold; lift at 1, 5 and 10 % and at so many cases; at the thresholds of strong (F0.5) and moderate (F2) alerts, where given; and the best such thresholds. parameter is the threshold, share, number of cases or of bins, or beta';
