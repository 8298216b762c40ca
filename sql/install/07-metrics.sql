/* ----------
 * Metrics: how good scores are, once it is known what happened
 *
 * Everything is made from outcomes, the multiset of (score, label) of
 * src/metrics/outcomes.c: risk.outcomes makes it from rows, and the functions below
 * answer every metric, curve and table from it.  It is also the state of aggregates
 * that answer a metric of rows at once; those whose metric has parameters keep
 * them beside it, in a type of their own.  States are flat values where they travel, so
 * partial aggregation works among parallel workers and among servers, and their
 * functions are everybody's to call.  Rows with a NULL argument do not count, nor do
 * rows of weight 0; over nothing a metric is NULL.
 * ----------
 */

/* ----------
 * Types
 * ----------
 */
CREATE TYPE risk.outcomes;

CREATE FUNCTION risk_internal.outcomes_in(cstring) RETURNS risk.outcomes
	AS 'MODULE_PATHNAME', 'company_risk_outcomes_in' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION risk_internal.outcomes_in(cstring) IS 'Internal: outcomes from text';

CREATE FUNCTION risk_internal.outcomes_out(risk.outcomes) RETURNS cstring
	AS 'MODULE_PATHNAME', 'company_risk_outcomes_out' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION risk_internal.outcomes_out(risk.outcomes) IS 'Internal: outcomes as text';

CREATE FUNCTION risk_internal.outcomes_recv(internal) RETURNS risk.outcomes
	AS 'MODULE_PATHNAME', 'company_risk_outcomes_recv' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION risk_internal.outcomes_recv(internal) IS 'Internal: outcomes from their binary form';

CREATE FUNCTION risk_internal.outcomes_send(risk.outcomes) RETURNS bytea
	AS 'MODULE_PATHNAME', 'company_risk_outcomes_send' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION risk_internal.outcomes_send(risk.outcomes) IS 'Internal: outcomes in their binary form';

CREATE TYPE risk.outcomes (
	INPUT = risk_internal.outcomes_in,
	OUTPUT = risk_internal.outcomes_out,
	RECEIVE = risk_internal.outcomes_recv,
	SEND = risk_internal.outcomes_send,
	INTERNALLENGTH = VARIABLE,
	ALIGNMENT = double,
	STORAGE = extended);
COMMENT ON TYPE risk.outcomes IS
	'Scores with what happened, perhaps with weights and clusters: what metrics, curves and tables are made from. The aggregates risk.outcomes, risk.clustered_outcomes and risk.merge_outcomes make it; as text it reads "1 score,label,rows: 0.25,f,3 0.5,t,1"';

CREATE TYPE risk_internal.metric_state;

CREATE FUNCTION risk_internal.metric_state_in(cstring) RETURNS risk_internal.metric_state
	AS 'MODULE_PATHNAME', 'company_risk_metric_state_in' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION risk_internal.metric_state_in(cstring) IS 'Internal: state of an aggregate from text';

CREATE FUNCTION risk_internal.metric_state_out(risk_internal.metric_state) RETURNS cstring
	AS 'MODULE_PATHNAME', 'company_risk_outcomes_out' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION risk_internal.metric_state_out(risk_internal.metric_state) IS 'Internal: state of an aggregate as text';

CREATE FUNCTION risk_internal.metric_state_recv(internal) RETURNS risk_internal.metric_state
	AS 'MODULE_PATHNAME', 'company_risk_metric_state_recv' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION risk_internal.metric_state_recv(internal) IS 'Internal: state of an aggregate from its binary form';

CREATE FUNCTION risk_internal.metric_state_send(risk_internal.metric_state) RETURNS bytea
	AS 'MODULE_PATHNAME', 'company_risk_outcomes_send' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION risk_internal.metric_state_send(risk_internal.metric_state) IS 'Internal: state of an aggregate in its binary form';

CREATE TYPE risk_internal.metric_state (
	INPUT = risk_internal.metric_state_in,
	OUTPUT = risk_internal.metric_state_out,
	RECEIVE = risk_internal.metric_state_recv,
	SEND = risk_internal.metric_state_send,
	INTERNALLENGTH = VARIABLE,
	ALIGNMENT = double,
	STORAGE = extended);
COMMENT ON TYPE risk_internal.metric_state IS
	'Internal: state of aggregates of metrics with parameters, and of drift: outcomes, or two samples, and the parameters';

/* ----------
 * Steps
 * ----------
 */
CREATE FUNCTION risk_internal.outcomes_add(state risk.outcomes, score double precision, label boolean) RETURNS risk.outcomes
	AS 'MODULE_PATHNAME', 'company_risk_outcomes_add' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION risk_internal.outcomes_add(risk.outcomes, double precision, boolean) IS
	'Internal: step of aggregates over outcomes';

CREATE FUNCTION risk_internal.outcomes_add(state risk.outcomes, score double precision, label boolean, weight double precision) RETURNS risk.outcomes
	AS 'MODULE_PATHNAME', 'company_risk_outcomes_add' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION risk_internal.outcomes_add(risk.outcomes, double precision, boolean, double precision) IS
	'Internal: step of aggregates over outcomes, with weights';

CREATE FUNCTION risk_internal.outcomes_add_clustered(state risk.outcomes, score double precision, label boolean, cluster text) RETURNS risk.outcomes
	AS 'MODULE_PATHNAME', 'company_risk_outcomes_add_clustered' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION risk_internal.outcomes_add_clustered(risk.outcomes, double precision, boolean, text) IS
	'Internal: step of risk.clustered_outcomes';

CREATE FUNCTION risk_internal.outcomes_add_clustered(state risk.outcomes, score double precision, label boolean, cluster text, weight double precision) RETURNS risk.outcomes
	AS 'MODULE_PATHNAME', 'company_risk_outcomes_add_clustered' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION risk_internal.outcomes_add_clustered(risk.outcomes, double precision, boolean, text, double precision) IS
	'Internal: step of risk.clustered_outcomes, with weights';

CREATE FUNCTION risk_internal.metric_add_parameter(state risk_internal.metric_state, score double precision, label boolean, parameter double precision) RETURNS risk_internal.metric_state
	AS 'MODULE_PATHNAME', 'company_risk_metric_add_parameter' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION risk_internal.metric_add_parameter(risk_internal.metric_state, double precision, boolean, double precision) IS
	'Internal: step of aggregates with a parameter';

CREATE FUNCTION risk_internal.metric_add_parameter(state risk_internal.metric_state, score double precision, label boolean, parameter double precision, weight double precision) RETURNS risk_internal.metric_state
	AS 'MODULE_PATHNAME', 'company_risk_metric_add_parameter' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION risk_internal.metric_add_parameter(risk_internal.metric_state, double precision, boolean, double precision, double precision) IS
	'Internal: step of aggregates with a parameter, with weights';

CREATE FUNCTION risk_internal.metric_add_k(state risk_internal.metric_state, score double precision, label boolean, k integer) RETURNS risk_internal.metric_state
	AS 'MODULE_PATHNAME', 'company_risk_metric_add_k' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION risk_internal.metric_add_k(risk_internal.metric_state, double precision, boolean, integer) IS
	'Internal: step of aggregates over the k highest scores';

CREATE FUNCTION risk_internal.metric_add_k(state risk_internal.metric_state, score double precision, label boolean, k integer, weight double precision) RETURNS risk_internal.metric_state
	AS 'MODULE_PATHNAME', 'company_risk_metric_add_k' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION risk_internal.metric_add_k(risk_internal.metric_state, double precision, boolean, integer, double precision) IS
	'Internal: step of aggregates over the k highest scores, with weights';

CREATE FUNCTION risk_internal.metric_add_fbeta(state risk_internal.metric_state, score double precision, label boolean, threshold double precision, beta double precision) RETURNS risk_internal.metric_state
	AS 'MODULE_PATHNAME', 'company_risk_metric_add_fbeta' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION risk_internal.metric_add_fbeta(risk_internal.metric_state, double precision, boolean, double precision, double precision) IS
	'Internal: step of risk.fbeta_at';

CREATE FUNCTION risk_internal.metric_add_fbeta(state risk_internal.metric_state, score double precision, label boolean, threshold double precision, beta double precision, weight double precision) RETURNS risk_internal.metric_state
	AS 'MODULE_PATHNAME', 'company_risk_metric_add_fbeta' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION risk_internal.metric_add_fbeta(risk_internal.metric_state, double precision, boolean, double precision, double precision, double precision) IS
	'Internal: step of risk.fbeta_at, with weights';

CREATE FUNCTION risk_internal.metric_add_bins(state risk_internal.metric_state, score double precision, label boolean, bins integer, strategy text) RETURNS risk_internal.metric_state
	AS 'MODULE_PATHNAME', 'company_risk_metric_add_bins' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION risk_internal.metric_add_bins(risk_internal.metric_state, double precision, boolean, integer, text) IS
	'Internal: step of risk.calibration_error';

CREATE FUNCTION risk_internal.metric_add_bins(state risk_internal.metric_state, score double precision, label boolean, bins integer, strategy text, weight double precision) RETURNS risk_internal.metric_state
	AS 'MODULE_PATHNAME', 'company_risk_metric_add_bins' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION risk_internal.metric_add_bins(risk_internal.metric_state, double precision, boolean, integer, text, double precision) IS
	'Internal: step of risk.calibration_error, with weights';

CREATE FUNCTION risk_internal.outcomes_combine(a risk.outcomes, b risk.outcomes) RETURNS risk.outcomes
	AS 'MODULE_PATHNAME', 'company_risk_outcomes_combine' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION risk_internal.outcomes_combine(risk.outcomes, risk.outcomes) IS
	'Internal: union of two outcomes';

CREATE FUNCTION risk_internal.metric_combine(a risk_internal.metric_state, b risk_internal.metric_state) RETURNS risk_internal.metric_state
	AS 'MODULE_PATHNAME', 'company_risk_outcomes_combine' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION risk_internal.metric_combine(risk_internal.metric_state, risk_internal.metric_state) IS
	'Internal: union of two states';

/* ----------
 * Outcomes
 * ----------
 */
CREATE AGGREGATE risk.outcomes(score double precision, label boolean) (
	SFUNC = risk_internal.outcomes_add, STYPE = risk.outcomes, SSPACE = 4096,
	COMBINEFUNC = risk_internal.outcomes_combine, PARALLEL = SAFE);
COMMENT ON AGGREGATE risk.outcomes(double precision, boolean) IS
	'Scores with what happened (true: failed), as one value that the metrics, curves and tables of this schema are made from; 16 bytes per distinct score and label';

CREATE AGGREGATE risk.outcomes(score double precision, label boolean, weight double precision) (
	SFUNC = risk_internal.outcomes_add, STYPE = risk.outcomes, SSPACE = 4096,
	COMBINEFUNC = risk_internal.outcomes_combine, PARALLEL = SAFE);
COMMENT ON AGGREGATE risk.outcomes(double precision, boolean, double precision) IS
	'Scores with what happened (true: failed) and a weight, as one value that the metrics, curves and tables of this schema are made from; 24 bytes per distinct score, weight and label';

CREATE AGGREGATE risk.clustered_outcomes(score double precision, label boolean, cluster text) (
	SFUNC = risk_internal.outcomes_add_clustered, STYPE = risk.outcomes, SSPACE = 4096,
	COMBINEFUNC = risk_internal.outcomes_combine, PARALLEL = SAFE);
COMMENT ON AGGREGATE risk.clustered_outcomes(double precision, boolean, text) IS
	'Outcomes that know which rows belong together (the months of one company), for risk.bootstrap; 24 bytes per distinct score, cluster and label';

CREATE AGGREGATE risk.clustered_outcomes(score double precision, label boolean, cluster text, weight double precision) (
	SFUNC = risk_internal.outcomes_add_clustered, STYPE = risk.outcomes, SSPACE = 4096,
	COMBINEFUNC = risk_internal.outcomes_combine, PARALLEL = SAFE);
COMMENT ON AGGREGATE risk.clustered_outcomes(double precision, boolean, text, double precision) IS
	'Outcomes that know which rows belong together (the months of one company), with weights, for risk.bootstrap; 32 bytes per distinct score, weight, cluster and label';

CREATE AGGREGATE risk.merge_outcomes(outcomes risk.outcomes) (
	SFUNC = risk_internal.outcomes_combine, STYPE = risk.outcomes, SSPACE = 4096,
	COMBINEFUNC = risk_internal.outcomes_combine, PARALLEL = SAFE);
COMMENT ON AGGREGATE risk.merge_outcomes(risk.outcomes) IS
	'Outcomes of several groups as one, for example of months that were stored one by one; equal to the outcomes of all their rows';

/* ----------
 * Metrics of outcomes
 * ----------
 */
CREATE FUNCTION risk.roc_auc(outcomes risk.outcomes) RETURNS double precision
	AS 'MODULE_PATHNAME', 'company_risk_roc_auc' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION risk.roc_auc(risk.outcomes) IS
	'Area under the ROC curve: the chance that a company that failed has a higher score than one that did not, ties for a half; NULL if there is one class only';

CREATE FUNCTION risk.average_precision(outcomes risk.outcomes) RETURNS double precision
	AS 'MODULE_PATHNAME', 'company_risk_average_precision' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION risk.average_precision(risk.outcomes) IS
	'Average precision: precision at each threshold, weighted by the recall gained there, without interpolation; NULL without failures';

CREATE FUNCTION risk.ks_statistic(outcomes risk.outcomes) RETURNS double precision
	AS 'MODULE_PATHNAME', 'company_risk_ks_statistic' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION risk.ks_statistic(risk.outcomes) IS
	'Kolmogorov-Smirnov statistic: the largest difference between recall and false positive rate over all thresholds; NULL if there is one class only';

CREATE FUNCTION risk.log_loss(outcomes risk.outcomes) RETURNS double precision
	AS 'MODULE_PATHNAME', 'company_risk_log_loss' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION risk.log_loss(risk.outcomes) IS
	'Mean log loss of scores that are probabilities, in nats; scores are kept 2^-52 away from 0 and 1';

CREATE FUNCTION risk.brier_score(outcomes risk.outcomes) RETURNS double precision
	AS 'MODULE_PATHNAME', 'company_risk_brier_score' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION risk.brier_score(risk.outcomes) IS
	'Brier score of scores that are probabilities: mean squared distance from what happened (0 or 1)';

CREATE FUNCTION risk.best_threshold(outcomes risk.outcomes, beta double precision) RETURNS double precision
	AS 'MODULE_PATHNAME', 'company_risk_best_threshold' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION risk.best_threshold(risk.outcomes, double precision) IS
	'The threshold with the best F-score among all scores (a score from there on is an alert); beta 0.5 favours precision, 2 recall; of equally good ones the highest; NULL without failures';

CREATE FUNCTION risk.precision_at(outcomes risk.outcomes, threshold double precision) RETURNS double precision
	AS 'MODULE_PATHNAME', 'company_risk_precision_at' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION risk.precision_at(risk.outcomes, double precision) IS
	'Precision at a threshold: the share of failures among companies with at least that score; NULL without alerts';

CREATE FUNCTION risk.recall_at(outcomes risk.outcomes, threshold double precision) RETURNS double precision
	AS 'MODULE_PATHNAME', 'company_risk_recall_at' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION risk.recall_at(risk.outcomes, double precision) IS
	'Recall at a threshold: the share of failures with at least that score; NULL without failures';

CREATE FUNCTION risk.balanced_accuracy_at(outcomes risk.outcomes, threshold double precision) RETURNS double precision
	AS 'MODULE_PATHNAME', 'company_risk_balanced_accuracy_at' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION risk.balanced_accuracy_at(risk.outcomes, double precision) IS
	'Balanced accuracy at a threshold: the mean of recall and specificity; NULL if there is one class only';

CREATE FUNCTION risk.fbeta_at(outcomes risk.outcomes, threshold double precision, beta double precision) RETURNS double precision
	AS 'MODULE_PATHNAME', 'company_risk_fbeta_at' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION risk.fbeta_at(risk.outcomes, double precision, double precision) IS
	'F-score at a threshold; recall counts beta times as much as precision';

CREATE FUNCTION risk.precision_at_k(outcomes risk.outcomes, k integer) RETURNS double precision
	AS 'MODULE_PATHNAME', 'company_risk_precision_at_k' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION risk.precision_at_k(risk.outcomes, integer) IS
	'Precision among the k highest scores, or all if there are fewer; scores equal at the end count in part';

CREATE FUNCTION risk.precision_at_share(outcomes risk.outcomes, share double precision) RETURNS double precision
	AS 'MODULE_PATHNAME', 'company_risk_precision_at_share' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION risk.precision_at_share(risk.outcomes, double precision) IS
	'Precision among the highest scores, a share of all (0.05: one in twenty); scores equal at the end count in part';

CREATE FUNCTION risk.lift_at_k(outcomes risk.outcomes, k integer) RETURNS double precision
	AS 'MODULE_PATHNAME', 'company_risk_lift_at_k' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION risk.lift_at_k(risk.outcomes, integer) IS
	'Lift among the k highest scores: their rate of failure over that of all; NULL without failures';

CREATE FUNCTION risk.lift_at_share(outcomes risk.outcomes, share double precision) RETURNS double precision
	AS 'MODULE_PATHNAME', 'company_risk_lift_at_share' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION risk.lift_at_share(risk.outcomes, double precision) IS
	'Lift among the highest scores, a share of all (0.05: one in twenty): their rate of failure over that of all; NULL without failures';

CREATE FUNCTION risk.calibration_error(outcomes risk.outcomes, bins integer DEFAULT 10, strategy text DEFAULT 'uniform') RETURNS double precision
	AS 'MODULE_PATHNAME', 'company_risk_calibration_error' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION risk.calibration_error(risk.outcomes, integer, text) IS
	'Expected calibration error: the mean distance between score and rate of failure over bins, of equal width (uniform, above their lower end and up to their upper) or of equal weight (quantile)';

/* ----------
 * The same as aggregates over rows, each without and with weights
 *
 * An aggregate is named and described as the function of outcomes is.  Where the
 * metric has parameters they come with each row, and the final function is the
 * C function of the metric again, which then finds them in the state.
 *
 * One loop makes them all, with and without a weight; pg_dump, \df and upgrade
 * scripts know them by the names that stand in its table.
 * ----------
 */
CREATE FUNCTION risk_internal.calibration_error_final(outcomes risk.outcomes) RETURNS double precision
	AS 'MODULE_PATHNAME', 'company_risk_calibration_error' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION risk_internal.calibration_error_final(risk.outcomes) IS
	'Internal: result of risk.calibration_error with ten bins of equal width';

CREATE AGGREGATE risk.calibration_error(score double precision, label boolean) (
	SFUNC = risk_internal.outcomes_add, STYPE = risk.outcomes, SSPACE = 4096,
	COMBINEFUNC = risk_internal.outcomes_combine, FINALFUNC = risk_internal.calibration_error_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE risk.calibration_error(double precision, boolean) IS
	'Expected calibration error: the mean distance between score and rate of failure over ten bins of equal width, each above its lower end and up to its upper';

DO $$
DECLARE
	metric record;
	weight text;
	arguments text;
	description text;
BEGIN
	FOR metric IN SELECT * FROM (VALUES
		('roc_auc', NULL, NULL),
		('average_precision', NULL, NULL),
		('ks_statistic', NULL, NULL),
		('log_loss', NULL, NULL),
		('brier_score', NULL, NULL),
		('calibration_error', 'bins integer, strategy text', 'metric_add_bins'),
		('best_threshold', 'beta double precision', 'metric_add_parameter'),
		('precision_at', 'threshold double precision', 'metric_add_parameter'),
		('recall_at', 'threshold double precision', 'metric_add_parameter'),
		('balanced_accuracy_at', 'threshold double precision', 'metric_add_parameter'),
		('fbeta_at', 'threshold double precision, beta double precision', 'metric_add_fbeta'),
		('precision_at_k', 'k integer', 'metric_add_k'),
		('precision_at_share', 'share double precision', 'metric_add_parameter'),
		('lift_at_k', 'k integer', 'metric_add_k'),
		('lift_at_share', 'share double precision', 'metric_add_parameter')) m (name, parameters, step)
	LOOP
		-- of the function of outcomes, so far the only one of its name
		SELECT pg_catalog.obj_description(p.oid, 'pg_proc') INTO STRICT description FROM pg_catalog.pg_proc p
		WHERE p.pronamespace OPERATOR(pg_catalog.=) 'risk'::pg_catalog.regnamespace::pg_catalog.oid
			AND p.proname OPERATOR(pg_catalog.=) metric.name AND p.prokind OPERATOR(pg_catalog.=) 'f';
		IF metric.step IS NOT NULL THEN
			EXECUTE pg_catalog.format($sql$
				CREATE FUNCTION risk_internal.%1$s_final(state risk_internal.metric_state) RETURNS double precision
					AS 'MODULE_PATHNAME', 'company_risk_%1$s' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
				COMMENT ON FUNCTION risk_internal.%1$s_final(risk_internal.metric_state) IS 'Internal: result of risk.%1$s'$sql$,
				metric.name);
		END IF;
		FOREACH weight IN ARRAY ARRAY[NULL, 'weight double precision'] LOOP
			arguments := pg_catalog.concat_ws(', ', 'score double precision', 'label boolean', metric.parameters, weight);
			EXECUTE pg_catalog.format($sql$
				CREATE AGGREGATE risk.%s(%s) (
					SFUNC = risk_internal.%s, STYPE = %s, SSPACE = 4096,
					COMBINEFUNC = risk_internal.%s, FINALFUNC = %s, PARALLEL = SAFE);
				COMMENT ON AGGREGATE risk.%1$s(%2$s) IS %7$L$sql$,
				metric.name, arguments,
				COALESCE(metric.step, 'outcomes_add'),
				CASE WHEN metric.step IS NULL THEN 'risk.outcomes' ELSE 'risk_internal.metric_state' END,
				CASE WHEN metric.step IS NULL THEN 'outcomes_combine' ELSE 'metric_combine' END,
				pg_catalog.format(CASE WHEN metric.step IS NULL THEN 'risk.%s' ELSE 'risk_internal.%s_final' END, metric.name),
				pg_catalog.concat_ws('; ', description, CASE WHEN weight IS NOT NULL THEN 'with weights' END));
		END LOOP;
	END LOOP;
END
$$;

/* ----------
 * Curves and tables of outcomes
 * ----------
 */
CREATE FUNCTION risk.roc_curve(outcomes risk.outcomes, max_points integer DEFAULT NULL) RETURNS TABLE (threshold double precision, false_positive_rate double precision, true_positive_rate double precision)
	AS 'MODULE_PATHNAME', 'company_risk_roc_curve' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000 ROWS 1000;
COMMENT ON FUNCTION risk.roc_curve(risk.outcomes, integer) IS
	'ROC curve, from no alerts (threshold Infinity) to all: a row per distinct score, or at most max_points along the curve';

CREATE FUNCTION risk.precision_recall_curve(outcomes risk.outcomes, max_points integer DEFAULT NULL) RETURNS TABLE (threshold double precision, "precision" double precision, recall double precision)
	AS 'MODULE_PATHNAME', 'company_risk_precision_recall_curve' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000 ROWS 1000;
COMMENT ON FUNCTION risk.precision_recall_curve(risk.outcomes, integer) IS
	'Precision and recall, from no alerts (threshold Infinity, precision 1 by convention) to all: a row per distinct score, or at most max_points along the curve';

CREATE FUNCTION risk.calibration_table(outcomes risk.outcomes, bins integer DEFAULT 10, strategy text DEFAULT 'uniform') RETURNS TABLE (bin integer, low double precision, high double precision, rows double precision, positives double precision, mean_score double precision, positive_rate double precision)
	AS 'MODULE_PATHNAME', 'company_risk_calibration_table' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000 ROWS 10;
COMMENT ON FUNCTION risk.calibration_table(risk.outcomes, integer, text) IS
	'Mean score and rate of failure by bins of scores, lowest first, of equal width (uniform) or of equal weight (quantile); empty bins have no row; rows and positives are counts, or sums of weights';

CREATE FUNCTION risk.lift_table(outcomes risk.outcomes, bins integer DEFAULT 10) RETURNS TABLE (bin integer, low double precision, high double precision, rows double precision, positives double precision, positive_rate double precision, lift double precision, cumulative_rows double precision, cumulative_positives double precision, cumulative_recall double precision, cumulative_lift double precision)
	AS 'MODULE_PATHNAME', 'company_risk_lift_table' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000 ROWS 10;
COMMENT ON FUNCTION risk.lift_table(risk.outcomes, integer) IS
	'Rate of failure and lift by bins of equal weight, highest scores first, each by itself and with all above; equal scores stay in one bin; rows and positives are counts, or sums of weights';

CREATE FUNCTION risk.confusion_matrix(outcomes risk.outcomes, threshold double precision) RETURNS TABLE (true_positives double precision, false_positives double precision, false_negatives double precision, true_negatives double precision)
	AS 'MODULE_PATHNAME', 'company_risk_confusion_matrix' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000 ROWS 1;
COMMENT ON FUNCTION risk.confusion_matrix(risk.outcomes, double precision) IS
	'How many rows have an alert, a score of at least the threshold, and a true label, and so on: counts, or sums of weights';

CREATE FUNCTION risk.threshold_table(outcomes risk.outcomes, steps integer DEFAULT 100, cost_false_positive double precision DEFAULT NULL, cost_false_negative double precision DEFAULT NULL) RETURNS TABLE (threshold double precision, alerts double precision, true_positives double precision, false_positives double precision, false_negatives double precision, true_negatives double precision, "precision" double precision, recall double precision, specificity double precision, f05 double precision, f1 double precision, f2 double precision, balanced_accuracy double precision, cost double precision)
	AS 'MODULE_PATHNAME', 'company_risk_threshold_table' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000 ROWS 101;
COMMENT ON FUNCTION risk.threshold_table(risk.outcomes, integer, double precision, double precision) IS
	'What each threshold would give, highest first: on a grid of so many steps from 1 to 0, or with steps NULL at every distinct score; cost is that of the false positives and false negatives, if both costs are given';

CREATE FUNCTION risk.bootstrap(
	outcomes risk.outcomes,
	metric text,
	resamples integer DEFAULT 1000,
	seed bigint DEFAULT 0,
	confidence double precision DEFAULT 0.95,
	parameters double precision[] DEFAULT NULL,
	OUT estimate double precision,
	OUT low double precision,
	OUT high double precision,
	OUT standard_error double precision,
	OUT resamples_used integer)
	AS 'MODULE_PATHNAME', 'company_risk_bootstrap' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000000;
COMMENT ON FUNCTION risk.bootstrap(risk.outcomes, text, integer, bigint, double precision, double precision[]) IS
	'A metric with its percentile interval over resamples of the rows, or of the clusters of risk.clustered_outcomes; parameters are those of the metric, such as a threshold; the same seed gives the same answer';

CREATE FUNCTION risk.count_outcomes(
	outcomes risk.outcomes,
	OUT rows bigint,
	OUT positives bigint,
	OUT lowest double precision,
	OUT highest double precision)
	AS 'MODULE_PATHNAME', 'company_risk_count_outcomes' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION risk.count_outcomes(risk.outcomes) IS
	'How many rows outcomes are made of, how many of them are positives (label true), whatever their weights, and their lowest and highest score';

CREATE FUNCTION risk.outcome_metrics(
	outcomes risk.outcomes,
	threshold_strong double precision DEFAULT NULL,
	threshold_moderate double precision DEFAULT NULL,
	k integer DEFAULT NULL)
	RETURNS TABLE (metric text, level text, parameter double precision, value double precision)
	LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 100000 ROWS 30
	SET search_path = pg_catalog, pg_temp
AS $$
	-- Of scores that are no probabilities the losses are an error, which a planner that
	-- knows the outcomes would meet beforehand: hence a column, NULL for such scores.
	WITH counted AS MATERIALIZED (
		SELECT CASE WHEN n.lowest >= 0 AND n.highest <= 1 THEN outcomes END AS probabilities
		FROM risk.count_outcomes(outcomes) n
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
		UNION ALL SELECT 1, 2, 'average_precision', NULL, NULL, risk.average_precision(outcomes)
		UNION ALL SELECT 1, 3, 'ks_statistic', NULL, NULL, risk.ks_statistic(outcomes)
		UNION ALL SELECT 1, 4, 'log_loss', NULL, NULL, risk.log_loss(c.probabilities)
			FROM counted c WHERE c.probabilities IS NOT NULL
		UNION ALL SELECT 1, 5, 'brier_score', NULL, NULL, risk.brier_score(c.probabilities)
			FROM counted c WHERE c.probabilities IS NOT NULL
		UNION ALL SELECT 1, 6, 'calibration_error', NULL, 10, risk.calibration_error(c.probabilities)
			FROM counted c WHERE c.probabilities IS NOT NULL
		UNION ALL SELECT 2, s.ordinality, 'lift_at_share', NULL, s.share, risk.lift_at_share(outcomes, s.share)
			FROM unnest(ARRAY[0.01, 0.05, 0.1]::float8[]) WITH ORDINALITY s (share, ordinality)
		UNION ALL SELECT 3, 1, 'precision_at_k', NULL, k, risk.precision_at_k(outcomes, k) WHERE k IS NOT NULL
		UNION ALL SELECT 3, 2, 'lift_at_k', NULL, k, risk.lift_at_k(outcomes, k) WHERE k IS NOT NULL
		UNION ALL SELECT 4, CASE o.level WHEN 'strong' THEN 0 ELSE 10 END + v.number, v.metric, o.level, o.threshold, v.value
			FROM own o CROSS JOIN LATERAL (VALUES
				(1, 'alerts', (SELECT c.true_positives + c.false_positives FROM risk.confusion_matrix(outcomes, o.threshold) c)),
				(2, 'precision_at', risk.precision_at(outcomes, o.threshold)),
				(3, 'recall_at', risk.recall_at(outcomes, o.threshold)),
				(4, 'fbeta_at', risk.fbeta_at(outcomes, o.threshold, o.beta)),
				(5, 'balanced_accuracy_at', risk.balanced_accuracy_at(outcomes, o.threshold))) v (number, metric, value)
		UNION ALL SELECT 5, CASE b.level WHEN 'strong' THEN 0 ELSE 10 END, 'best_threshold', b.level, b.beta, b.threshold FROM best b
		UNION ALL SELECT 5, CASE b.level WHEN 'strong' THEN 1 ELSE 11 END, 'best_fbeta', b.level, b.beta,
			risk.fbeta_at(outcomes, b.threshold, b.beta) FROM best b
	) m (section, number, metric, level, parameter, value)
	WHERE outcomes IS NOT NULL
	ORDER BY m.section, m.number
$$;
COMMENT ON FUNCTION risk.outcome_metrics(risk.outcomes, double precision, double precision, integer) IS
	'Metrics of outcomes as rows: without a threshold; lift at 1, 5 and 10 %, and precision and lift of the k highest scores; at the thresholds of strong (F0.5) and moderate (F2) alerts, where given; and the best such thresholds with their F-scores (best_fbeta). A metric is called like the function that computes it, but for alerts, their number. parameter is the threshold, share, k, number of bins, or beta';
