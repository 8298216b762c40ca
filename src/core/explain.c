/*
 * explain.c
 *		Exact path-dependent Shapley values, by quadrature.
 *
 * Let f(S) be a tree's expected value when only the features in S are known:
 * at a split on an unknown feature both children count, by their share of the
 * training cover.  The Shapley value of feature i is the integral over t in
 * [0, 1] of the partial derivative of f's multilinear extension with respect to
 * feature i, when every feature is known with probability t.  For a tree whose
 * paths have at most d distinct features that is a polynomial of degree d - 1
 * in t, so a Gauss-Legendre rule with ceil(d / 2) points gives it exactly.
 *
 * At one point t, with weight w, one visit of the tree does it all.  For a
 * split, r is the share of the cover that goes right, e is r for a row that
 * goes left and r - 1 for one that goes right, and
 *
 *		a = [row goes left] - e * M		the probability of going left,
 *		g = gR + a * (gL - gR)			the expected value of the subtree,
 *		contribution += K * (gL - gR) * reach * e
 *
 * where reach is the probability (a product of signed factors, when features
 * repeat) with which the split is reached.  For the first split on a feature on
 * its path M = 1 - t and K = w.  Below another split on the same feature, let
 * rho be the product of the cover shares of the edges by which the path left
 * those splits: if the row itself would follow all those edges,
 * B = t + (1 - t) * rho, M = (1 - t) * rho / B and K = w * rho / B^2; if it
 * leaves the path at one of them, M = 1 and K = 0.  M and K depend on the
 * covers alone and stand ready in the image: no division is left, and a cover
 * of zero does no harm.
 *
 * Everything is double, in an order that the image fixes, without contraction:
 * the same image and row give the same bits everywhere.
 */
#include "explain.h"

#include <string.h>

typedef struct Lanes
{
	double		lane[FOREST_LANES];
} Lanes;

/* What is the same for all nodes of a visit */
typedef struct Visit
{
	const ForestImage *image;
	const ForestNode *nodes;	/* of the tree */
	const double *right_shares;
	const ForestRepeat *repeats;
	const double *factors;		/* of the block of points */
	const double *complements;	/* 1 - t of the block's points */
	const double *weights;
	const float *values;
	double	   *contributions;
	bool		follows[MODEL_DEPTH_MAX];	/* does the row follow the path at this depth? */
} Visit;

static const Lanes never_follows_m = {{1.0, 1.0, 1.0, 1.0}};
static const Lanes never_follows_k = {{0.0, 0.0, 0.0, 0.0}};

static Lanes
visit_node(Visit *visit, uint32_t index, uint32_t depth, const Lanes *reach)
{
	const ForestNode *node = visit->nodes + index;
	const double *m = visit->complements;
	const double *k = visit->weights;
	bool		follows = true;
	bool		left;
	double		e;
	Lanes		a,
				reach_left,
				reach_right,
				value_left,
				value_right,
				result;
	double		terms[FOREST_LANES];

	if (node->left == 0)
	{
		for (int i = 0; i < FOREST_LANES; i++)
			result.lane[i] = node->u.leaf;
		return result;
	}

	if (node->repeat != 0)
	{
		const ForestRepeat *repeat = visit->repeats + node->repeat - 1;

		follows = visit->follows[repeat->ancestor_depth];
		m = follows ? visit->factors + repeat->factors : never_follows_m.lane;
		k = follows ? m + FOREST_LANES : never_follows_k.lane;
	}

	left = forest_goes_left(visit->image, node, visit->values);
	e = left ? visit->right_shares[index] : visit->right_shares[index] - 1.0;
	for (int i = 0; i < FOREST_LANES; i++)
	{
		a.lane[i] = (left ? 1.0 : 0.0) - e * m[i];
		reach_left.lane[i] = reach->lane[i] * a.lane[i];
		reach_right.lane[i] = reach->lane[i] - reach_left.lane[i];
	}

	visit->follows[depth] = follows && left;
	value_left = visit_node(visit, node->left, depth + 1, &reach_left);
	visit->follows[depth] = follows && !left;
	value_right = visit_node(visit, node->left + 1, depth + 1, &reach_right);

	for (int i = 0; i < FOREST_LANES; i++)
	{
		double		difference = value_left.lane[i] - value_right.lane[i];

		terms[i] = (k[i] * difference) * (reach->lane[i] * e);
		result.lane[i] = value_right.lane[i] + a.lane[i] * difference;
	}
	visit->contributions[node->split & FOREST_FEATURE_MASK] +=
		(terms[0] + terms[1]) + (terms[2] + terms[3]);
	return result;
}

static void
linear_contributions(const ForestImage *image, const float *values, double *contributions)
{
	const float *weights = FOREST_AT(image, float, image->linear_weights);
	uint32_t	groups = image->group_count;

	for (uint32_t group = 0; group < groups; group++)
		for (uint32_t feature = 0; feature < image->feature_count; feature++)
		{
			float		value = values[feature];

			if (value == value)
				contributions[(size_t) group * (image->feature_count + 1) + feature] =
					(double) value * weights[(size_t) feature * groups + group];
		}
}

void
forest_contributions(CoreHost *host, const ForestImage *image, const float *values,
					 double *contributions)
{
	const ForestTree *trees = FOREST_AT(image, ForestTree, image->trees);
	const double *biases = FOREST_AT(image, double, image->biases);
	const Lanes whole = {{1.0, 1.0, 1.0, 1.0}};
	size_t		stride = (size_t) image->feature_count + 1;
	Visit		visit;

	memset(contributions, 0, image->group_count * stride * sizeof(double));
	for (uint32_t group = 0; group < image->group_count; group++)
		contributions[group * stride + image->feature_count] = biases[group];
	if (image->booster == MODEL_GBLINEAR)
	{
		linear_contributions(image, values, contributions);
		return;
	}

	visit.image = image;
	visit.values = values;
	visit.repeats = FOREST_AT(image, ForestRepeat, image->repeats);
	for (uint32_t i = 0; i < image->tree_count; i++)
	{
		const ForestTree *tree = trees + i;

		visit.nodes = FOREST_AT(image, ForestNode, image->nodes) + tree->node_begin;
		visit.right_shares = FOREST_AT(image, double, image->right_shares) + tree->node_begin;
		visit.contributions = contributions + tree->group * stride;
		for (uint32_t lane = 0; lane < tree->lanes; lane += FOREST_LANES)
		{
			visit.factors = FOREST_AT(image, double, image->factors) + 2 * (size_t) lane;
			visit.complements = FOREST_AT(image, double, image->points) + tree->rule + 2 * (size_t) lane;
			visit.weights = visit.complements + FOREST_LANES;
			visit_node(&visit, 0, 0, &whole);
			host->check_interrupts(host);
		}
	}
}
