/*
 * sums.c
 *		Metrics that are quotients of sums over rows: log loss, Brier score, and
 *		what is asked at one threshold.
 *
 * Their state is a flat value of fixed size, 80 bytes for counts and 552 bytes for
 * each exact sum (exact_sum.h): the losses, and weights where there are any.  The
 * executor keeps a state where the step leaves it, so the step changes it in place;
 * it never changes a value that it did not make, which outside of an aggregate none
 * is.  Sums are exact, so results depend neither on the order of rows nor on how
 * they were split among workers.
 *
 * Combined states are normalized: equal rows give equal bytes.
 */
#include "metrics/metrics.h"

#include "utils/builtins.h"

#include "base/compat.h"
#include "base/exact_sum.h"

#define METRIC_SUMS_MAGIC 0x43525331	/* CRS1 */

typedef enum SumsKind
{
	SUMS_LOG_LOSS,
	SUMS_BRIER_SCORE,
	SUMS_THRESHOLD
} SumsKind;

/* Of SUMS_THRESHOLD; the index of a row is 2 * alert + label. */
enum
{
	TRUE_NEGATIVES,
	FALSE_NEGATIVES,
	FALSE_POSITIVES,
	TRUE_POSITIVES
};

typedef struct MetricSums
{
	int32		vl_len_;		/* varlena header (do not touch directly!) */
	uint32		magic;
	int32		kind;
	int32		weighted;
	double		threshold;		/* parameters, 0 where there are none */
	double		beta;
	int64		rows;
	int64		counts[4];		/* without weights */
	int64		unused;
	ExactSum	sums[FLEXIBLE_ARRAY_MEMBER];	/* losses and weights, or the four weights */
} MetricSums;

static int
sum_count(int kind, bool weighted)
{
	if (kind == SUMS_THRESHOLD)
		return weighted ? 4 : 0;
	return weighted ? 2 : 1;
}

static Size
sums_size(int kind, bool weighted)
{
	return offsetof(MetricSums, sums) + sum_count(kind, weighted) * sizeof(ExactSum);
}

static bool
sums_are_valid(const MetricSums *sums)
{
	if (VARSIZE(sums) < offsetof(MetricSums, sums) || sums->magic != METRIC_SUMS_MAGIC ||
		sums->kind < SUMS_LOG_LOSS || sums->kind > SUMS_THRESHOLD ||
		(sums->weighted != 0 && sums->weighted != 1) ||
		VARSIZE(sums) != sums_size(sums->kind, sums->weighted))
		return false;
	return true;
}

/* A state: as it is if it can be read where it lies, else, or on demand, a copy. */
static MetricSums *
sums_argument(FunctionCallInfo fcinfo, int argument, bool copy)
{
	struct varlena *value = (struct varlena *) PG_GETARG_POINTER(argument);
	MetricSums *sums;

	if (copy || !VARATT_IS_4B_U(value) || (uintptr_t) value % MAXIMUM_ALIGNOF != 0)
		value = (struct varlena *) PG_GETARG_BYTEA_P_COPY(argument);
	sums = (MetricSums *) value;
	if (!sums_are_valid(sums))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid state of an aggregate")));
	return sums;
}

/* What only a forged state can have, and what would overflow */
static void
check_content(const MetricSums *sums)
{
	bool		valid = sums->rows >= 0 && sums->rows <= OUTCOMES_MAX_COUNT &&
		!isnan(sums->threshold) && sums->beta >= 0.0;

	for (int i = 0; i < 4; i++)
		valid = valid && sums->counts[i] >= 0 && sums->counts[i] <= OUTCOMES_MAX_COUNT;
	for (int i = 0; i < sum_count(sums->kind, sums->weighted); i++)
		valid = valid && exact_sum_is_valid(&sums->sums[i]);
	if (!valid)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid state of an aggregate")));
}

static void
overflowed(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("sum of weights is out of range")));
}

/* The step: (state, score, label [, threshold [, beta]] [, weight]) */
static Datum
sums_step(FunctionCallInfo fcinfo, SumsKind kind, int parameters)
{
	double		score;
	double		weight = 1.0;
	double		threshold = 0.0;
	double		beta = 0.0;
	bool		label;
	bool		weighted = PG_NARGS() > 3 + parameters;
	MetricSums *sums;

	if (!AggCheckCallContext(fcinfo, NULL))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("step of an aggregate called outside of an aggregate")));
	for (int i = 1; i < PG_NARGS(); i++)
		if (PG_ARGISNULL(i))
		{
			if (PG_ARGISNULL(0))
				PG_RETURN_NULL();
			return PG_GETARG_DATUM(0);
		}

	score = metric_score(PG_GETARG_FLOAT8(1));
	label = PG_GETARG_BOOL(2);
	if (parameters > 0)
		threshold = metric_threshold(PG_GETARG_FLOAT8(3));
	if (parameters > 1)
		beta = metric_beta(PG_GETARG_FLOAT8(4));
	if (weighted)
		weight = metric_weight(PG_GETARG_FLOAT8(3 + parameters));

	if (PG_ARGISNULL(0))
	{
		Size		size = sums_size(kind, weighted);

		sums = palloc0(size);
		SET_VARSIZE(sums, size);
		sums->magic = METRIC_SUMS_MAGIC;
		sums->kind = kind;
		sums->weighted = weighted;
		sums->threshold = threshold;
		sums->beta = beta;
	}
	else
	{
		sums = sums_argument(fcinfo, 0, false);
		if (sums->kind != kind || sums->weighted != weighted)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
					 errmsg("invalid state of an aggregate")));
		if (sums->threshold != threshold || sums->beta != beta)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("a parameter of the aggregate differs between rows"),
					 errhint("Group by it.")));
	}

	sums->rows++;
	if (kind == SUMS_THRESHOLD)
	{
		int			index = 2 * (score >= threshold) + label;

		if (weighted)
			exact_sum_add(&sums->sums[index], weight);
		else
			sums->counts[index]++;
	}
	else
	{
		double		loss;

		metric_probability(score);
		loss = kind == SUMS_LOG_LOSS ? metric_log_loss(score, label) : metric_brier_score(score, label);
		if (!weighted)
			exact_sum_add(&sums->sums[0], loss);
		else
		{
			if (!exact_sum_add_product(&sums->sums[0], loss, weight))
				overflowed();
			exact_sum_add(&sums->sums[1], weight);
		}
	}
	PG_RETURN_BYTEA_P((bytea *) sums);
}

PG_FUNCTION_INFO_V1(company_risk_sums_add_log_loss);
Datum
company_risk_sums_add_log_loss(PG_FUNCTION_ARGS)
{
	return sums_step(fcinfo, SUMS_LOG_LOSS, 0);
}

PG_FUNCTION_INFO_V1(company_risk_sums_add_brier_score);
Datum
company_risk_sums_add_brier_score(PG_FUNCTION_ARGS)
{
	return sums_step(fcinfo, SUMS_BRIER_SCORE, 0);
}

PG_FUNCTION_INFO_V1(company_risk_sums_add_threshold);
Datum
company_risk_sums_add_threshold(PG_FUNCTION_ARGS)
{
	return sums_step(fcinfo, SUMS_THRESHOLD, 1);
}

PG_FUNCTION_INFO_V1(company_risk_sums_add_f_score);
Datum
company_risk_sums_add_f_score(PG_FUNCTION_ARGS)
{
	return sums_step(fcinfo, SUMS_THRESHOLD, 2);
}

PG_FUNCTION_INFO_V1(company_risk_sums_combine);
Datum
company_risk_sums_combine(PG_FUNCTION_ARGS)
{
	bool		aggregate = AggCheckCallContext(fcinfo, NULL);
	MetricSums *sums;
	const MetricSums *other;

	if (PG_ARGISNULL(1))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		return PG_GETARG_DATUM(0);
	}
	if (PG_ARGISNULL(0))
	{
		/* the argument lies in a row that goes away */
		sums = sums_argument(fcinfo, 1, true);
		check_content(sums);
		for (int i = 0; i < sum_count(sums->kind, sums->weighted); i++)
			exact_sum_normalize(&sums->sums[i]);
		PG_RETURN_BYTEA_P((bytea *) sums);
	}
	sums = sums_argument(fcinfo, 0, !aggregate);
	other = sums_argument(fcinfo, 1, false);
	check_content(sums);
	check_content(other);
	if (sums->kind != other->kind || sums->weighted != other->weighted)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid state of an aggregate")));
	if (sums->threshold != other->threshold || sums->beta != other->beta)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a parameter of the aggregate differs between rows"),
				 errhint("Group by it.")));
	sums->rows += other->rows;
	for (int i = 0; i < 4; i++)
		sums->counts[i] += other->counts[i];
	for (int i = 0; i < sum_count(sums->kind, sums->weighted); i++)
		exact_sum_merge(&sums->sums[i], &other->sums[i]);
	PG_RETURN_BYTEA_P((bytea *) sums);
}

/* ----------
 * Final functions
 * ----------
 */
static double
rounded(const ExactSum *sum)
{
	double		result = exact_sum_round(sum);

	if (!isfinite(result))
		overflowed();
	return result;
}

PG_FUNCTION_INFO_V1(company_risk_sums_mean);
Datum
company_risk_sums_mean(PG_FUNCTION_ARGS)
{
	const MetricSums *sums = sums_argument(fcinfo, 0, false);
	double		weight;

	check_content(sums);
	if (sums->kind == SUMS_THRESHOLD)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid state of an aggregate")));
	weight = sums->weighted ? rounded(&sums->sums[1]) : (double) sums->rows;
	if (!(weight > 0.0))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(rounded(&sums->sums[0]) / weight);
}

static double
confusion_part(const MetricSums *sums, int index)
{
	return sums->weighted ? rounded(&sums->sums[index]) : (double) sums->counts[index];
}

static const MetricSums *
confusion_argument(FunctionCallInfo fcinfo, Confusion *confusion)
{
	const MetricSums *sums = sums_argument(fcinfo, 0, false);

	check_content(sums);
	if (sums->kind != SUMS_THRESHOLD)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid state of an aggregate")));
	confusion->true_positives = confusion_part(sums, TRUE_POSITIVES);
	confusion->false_positives = confusion_part(sums, FALSE_POSITIVES);
	confusion->false_negatives = confusion_part(sums, FALSE_NEGATIVES);
	confusion->true_negatives = confusion_part(sums, TRUE_NEGATIVES);
	return sums;
}

#define THRESHOLD_FINAL(name) \
PG_FUNCTION_INFO_V1(company_risk_sums_##name); \
Datum \
company_risk_sums_##name(PG_FUNCTION_ARGS) \
{ \
	Confusion	confusion; \
	double		result; \
	(void) confusion_argument(fcinfo, &confusion); \
	if (!confusion_##name(&confusion, &result)) \
		PG_RETURN_NULL(); \
	PG_RETURN_FLOAT8(result); \
} \
extern int	no_such_variable

THRESHOLD_FINAL(precision);
THRESHOLD_FINAL(recall);
THRESHOLD_FINAL(specificity);
THRESHOLD_FINAL(balanced_accuracy);

PG_FUNCTION_INFO_V1(company_risk_sums_f_score);
Datum
company_risk_sums_f_score(PG_FUNCTION_ARGS)
{
	Confusion	confusion;
	const MetricSums *sums = confusion_argument(fcinfo, &confusion);
	double		result;

	if (!confusion_f_score(&confusion, sums->beta, &result))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(result);
}
