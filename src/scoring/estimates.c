/*
 * estimates.c
 *		What the planner should think that a scoring function costs, and returns.
 *
 * Both follow the size of the model, where it is known when a plan is made: the
 * registry has it beside the version, so nothing of the model itself is read.
 */
#include "scoring/estimates.h"

#include "catalog/pg_type.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"

#include "base/compat.h"
#include "models/registry.h"
#include "scoring/verbs.h"

/* What the planner thinks that things cost, in simple operators (some 15 ns) */
#define COST_OF_CALL		20.0
#define COST_OF_LOOKUP		1000.0	/* of a company by its number */
#define COST_OF_COLUMN		1.0		/* reading a feature from a column or an array */
#define COST_OF_KEY			5.0		/* reading a feature from a JSON object */
#define COST_OF_SPLIT		0.05	/* on the way through a tree */
#define COST_OF_NODE		0.05	/* of a tree that is explained */

/*
 * The size of the model that a call names, under the planner's snapshot.  The
 * planner asks again and again in one statement: the answer is kept.
 */
bool
measure_model(const Node *argument, ModelSize *size)
{
	static struct
	{
		LocalTransactionId transaction;
		CommandId	command;
		char		reference[256];
		bool		found;
		ModelSize	size;
	}			last;
	const char *reference = company_risk_default_model;
	Snapshot	snapshot;

	if (argument == NULL || !IsA(argument, Const) || !ActiveSnapshotSet())
		return false;
	if (!((const Const *) argument)->constisnull)
		reference = TextDatumGetCString(((const Const *) argument)->constvalue);
	if (reference == NULL)
		reference = "";
	if (strlen(reference) >= sizeof(last.reference))
		return false;
	snapshot = GetActiveSnapshot();
	if (last.transaction != current_local_transaction() || last.command != snapshot->curcid ||
		strcmp(last.reference, reference) != 0)
	{
		last.transaction = InvalidLocalTransactionId;
		last.found = registry_measure(reference, snapshot, &last.size);
		strlcpy(last.reference, reference, sizeof(last.reference));
		last.command = snapshot->curcid;
		last.transaction = current_local_transaction();
	}
	*size = last.size;
	return last.found;
}

static List *
call_arguments(Node *node)
{
	return node != NULL && IsA(node, FuncExpr) ? ((FuncExpr *) node)->args : NIL;
}

bool
estimate_cost(SupportRequestCost *request)
{
	List	   *arguments = call_arguments(request->node);
	VerbForm	form;
	ModelSize	size;
	double		cost = COST_OF_CALL;

	if (list_length(arguments) < 2 || !verb_form(request->funcid, &form) ||
		!measure_model(lsecond(arguments), &size))
		return false;
	switch (form.first_argument)
	{
		case TEXTOID:
		case NUMERICOID:
			cost += COST_OF_LOOKUP;
			break;
		case JSONBOID:
			cost += COST_OF_KEY * size.features;
			break;
		default:
			cost += COST_OF_COLUMN * size.features;
			break;
	}
	if (form.verb->explains)
		cost += COST_OF_NODE * size.nodes + size.features;
	else
		cost += COST_OF_SPLIT * size.trees * size.depth;
	request->startup = 0;
	request->per_tuple = cost * cpu_operator_cost;
	return true;
}

bool
estimate_rows(SupportRequestRows *request)
{
	List	   *arguments = call_arguments(request->node);
	VerbForm	form;
	ModelSize	size;
	Const	   *top;

	if (list_length(arguments) < 3 || !verb_form(request->funcid, &form) ||
		strcmp(form.verb->name, "explain_score") != 0 || !measure_model(lsecond(arguments), &size))
		return false;
	/* top is the last argument, but for columns */
	top = list_nth(arguments, form.first_argument == TEXTARRAYOID ? 2 : list_length(arguments) - 1);
	request->rows = size.features + 1.0;
	if (IsA(top, Const) && top->consttype == INT8OID && !top->constisnull &&
		DatumGetInt64(top->constvalue) >= 0 && DatumGetInt64(top->constvalue) < size.features)
		request->rows = DatumGetInt64(top->constvalue) + 2.0;
	return true;
}
