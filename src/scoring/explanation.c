/*
 * explanation.c
 *		Why a vector has its score: contributions, points, features and groups.
 *
 * A model's margin is its bias (the average) plus one contribution per feature.
 * Readers want reasons in the score's own unit.  With bias b, contributions
 * phi_i, their sum s, and P the map from margin to score,
 *
 *		points_i = phi_i * (P(b + s) - P(b)) / s
 *
 * shares the distance from the average score P(b) to the score P(b + s) in
 * proportion to the contributions: points keep their sign and order, and with
 * the average they add up to the score.  Where s vanishes the slope of P takes
 * the quotient's place.  For a model without a known P, points are NULL.
 *
 * Of a calibrated model, P is the calibration (calibration.c).  It may be steep:
 * b + s and the float32 margin that was scored differ in their last digits, and
 * two points of a curve may lie that close together.  So that points add up to
 * the very score, P(b + s) is then the score itself, unless s is so small that
 * those digits would be most of it.
 *
 * Where the margin is NaN, or contributions are not finite, there is nothing to
 * share out: points are NaN.  Not so contributions, which say where it comes from.
 */
#include "scoring/explanation.h"

#include <math.h>

#include "utils/float.h"

/* Sums this close to zero use the slope: the quotient would lose its digits. */
#define SUM_NEAR_ZERO 1e-9

/* Of sums this large, relative to the margin, rounding is a small part. */
#define SUM_ABOVE_ROUNDING 1e-3

/* Score and points when the score is calibrated. */
static void
calibrate_explanation(double margin, const Calibration *calibration, double sum,
					  Explanation *explanation)
{
	explanation->has_points = true;
	explanation->score = calibration_value(calibration, margin);
	explanation->base_points = calibration_value(calibration, explanation->base);
	if (fabs(sum) >= SUM_ABOVE_ROUNDING * Max(1.0, fabs(margin)))
		explanation->ratio = (explanation->score - explanation->base_points) / sum;
	else if (fabs(sum) >= SUM_NEAR_ZERO)
		explanation->ratio = (calibration_value(calibration, explanation->base + sum) -
							  explanation->base_points) / sum;
	else
		explanation->ratio = calibration_slope(calibration, explanation->base);
}

void
explain_vector(Call *call, Explanation *explanation)
{
	const Calibration *calibration = model_calibration(&call->model);
	ObjectiveTransform transform = (ObjectiveTransform) call->model.forest->transform;
	const double *contributions = call_contributions(call);
	double		sum = 0.0;
	bool		is_nan;

	/* leaves are finite, and a sum of them that has become infinite stays so */
	is_nan = call->model.forest->booster == MODEL_GBLINEAR && isnan(call_margins(call)[0]);

	explanation->count = (int) call->model.forest->feature_count;
	explanation->reasons = palloc(explanation->count * sizeof(Reason));
	for (int i = 0; i < explanation->count; i++)
	{
		explanation->reasons[i].index = i;
		explanation->reasons[i].contribution = contributions[i];
		explanation->reasons[i].features = 1;
		sum += contributions[i];
	}
	explanation->base = contributions[explanation->count];
	if (calibration != NULL)
		calibrate_explanation(call_margins(call)[0], calibration, sum, explanation);
	else
	{
		explanation->has_points = transform != TRANSFORM_UNKNOWN;
		explanation->score = objective_value(transform, is_nan ? get_float8_nan() : explanation->base + sum);
		explanation->base_points = objective_value(transform, explanation->base);
		explanation->ratio = fabs(sum) < SUM_NEAR_ZERO ? objective_slope(transform, explanation->base) :
			(explanation->score - explanation->base_points) / sum;
	}
	if (is_nan || !isfinite(sum))
		explanation->ratio = get_float8_nan();
}

/* None, and not minus none, where P is level. */
double
explanation_points(const Explanation *explanation, double contribution)
{
	return explanation->ratio == 0.0 ? 0.0 : contribution * explanation->ratio;
}

/* Equal ones in the model's order; NaN, of an infinite value without weight, is largest. */
static int
compare_reasons(const void *a, const void *b)
{
	const Reason *left = a;
	const Reason *right = b;
	int			order = float8_cmp_internal(fabs(right->contribution), fabs(left->contribution));

	if (order != 0)
		return order;
	return left->index < right->index ? -1 : left->index > right->index;
}

void
sort_reasons(Reason *reasons, int count)
{
	qsort(reasons, count, sizeof(Reason), compare_reasons);
}

/* ----------
 * Groups
 * ----------
 */
const char *
group_title(const Language *language, const FeatureEntry *entry)
{
	if (entry->feature_group == NULL)
		return language_word(language, WORD_NO_GROUP);
	return entry->group_label ? entry->group_label : entry->feature_group;
}

bool
same_title(const Language *language, const FeatureEntry *a, const FeatureEntry *b)
{
	return strcmp(group_title(language, a), group_title(language, b)) == 0;
}

static bool
same_group(const FeatureEntry *a, const FeatureEntry *b)
{
	if (a->feature_group == NULL || b->feature_group == NULL)
		return a->feature_group == b->feature_group;
	return strcmp(a->feature_group, b->feature_group) == 0;
}

Reason *
sum_groups(const Explanation *explanation, const FeatureEntry *entries, const Language *by_title,
		   int *count)
{
	Reason	   *groups = palloc(explanation->count * sizeof(Reason));

	*count = 0;
	for (int i = 0; i < explanation->count; i++)
	{
		int			k;

		for (k = 0; k < *count; k++)
		{
			const FeatureEntry *first = &entries[groups[k].index];

			if (by_title ? same_title(by_title, first, &entries[i]) : same_group(first, &entries[i]))
				break;
		}
		if (k == *count)
		{
			groups[k].index = i;
			groups[k].contribution = 0.0;
			groups[k].features = 0;
			(*count)++;
		}
		groups[k].contribution += explanation->reasons[i].contribution;
		groups[k].features++;
	}
	sort_reasons(groups, *count);
	return groups;
}

