/*
 * planner_support.c
 *		What the planner asks about the scoring functions.
 */
#include "postgres.h"

#include "fmgr.h"
#include "nodes/supportnodes.h"

#include "scoring/estimates.h"
#include "scoring/keyed_call.h"
#include "scoring/rewrite_rows.h"

/* All of them have this support function. */
PG_FUNCTION_INFO_V1(company_risk_support);
Datum
company_risk_support(PG_FUNCTION_ARGS)
{
	Node	   *request = (Node *) PG_GETARG_POINTER(0);
	Node	   *answer = NULL;

	if (IsA(request, SupportRequestSimplify))
	{
		SupportRequestSimplify *simplify = (SupportRequestSimplify *) request;

		notice_keyed_call(simplify->root, simplify->fcall);
		answer = rewrite_row(simplify->root, simplify->fcall);
	}
	else if (IsA(request, SupportRequestCost))
		answer = estimate_cost((SupportRequestCost *) request) ? request : NULL;
	else if (IsA(request, SupportRequestRows))
		answer = estimate_rows((SupportRequestRows *) request) ? request : NULL;
	PG_RETURN_POINTER(answer);
}
