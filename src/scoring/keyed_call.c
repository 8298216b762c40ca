/*
 * keyed_call.c
 *		A notice of calls by number that answer the same for all periods.
 *
 * In a query over the relation that is bound to a model, with a row for each company
 * and period, score_company(siren) looks the company up anew in each row, and finds
 * its latest period: the score of every month is that of the last one.  That may be
 * meant, but hardly ever is, so the planner says so, once a statement.
 *
 * Found are calls whose number is the key column of the relation itself; behind a
 * view that is bound, its column is another relation's by the time that we look.
 */
#include "scoring/keyed_call.h"

#include "catalog/pg_type.h"
#include "nodes/nodeFuncs.h"
#include "parser/parsetree.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "base/messages.h"
#include "scoring/estimates.h"
#include "scoring/verbs.h"

/* The column that an expression is, but for casts; NULL if it is none. */
static const Var *
column_behind_casts(Node *node)
{
	while (node != NULL)
	{
		if (IsA(node, Var))
			return (Var *) node;
		if (IsA(node, RelabelType))
			node = (Node *) ((RelabelType *) node)->arg;
		else if (IsA(node, CoerceViaIO))
			node = (Node *) ((CoerceViaIO *) node)->arg;
		else if (IsA(node, FuncExpr) && ((FuncExpr *) node)->args != NIL &&
				 ((FuncExpr *) node)->funcformat != COERCE_EXPLICIT_CALL)
			node = linitial(((FuncExpr *) node)->args);
		else
			break;
	}
	return NULL;
}

/* Is it the key of the relation in which the model's companies are looked up? */
static bool
is_key_column(PlannerInfo *root, const Var *column, const ModelSize *model)
{
	RangeTblEntry *entry;
	char	   *name;

	for (Index level = column->varlevelsup; level > 0 && root != NULL; level--)
		root = root->parent_root;
	if (root == NULL || (int) column->varno <= 0 || (int) column->varno > list_length(root->parse->rtable))
		return false;
	entry = rt_fetch(column->varno, root->parse->rtable);
	if (entry->rtekind != RTE_RELATION || column->varattno <= 0)
		return false;
	name = get_rel_name(entry->relid);
	if (name == NULL || strcmp(name, NameStr(model->source_relation)) != 0)
		return false;
	name = get_namespace_name(get_rel_namespace(entry->relid));
	if (name == NULL || strcmp(name, NameStr(model->source_schema)) != 0)
		return false;
	name = get_attname(entry->relid, column->varattno, true);
	return name != NULL && strcmp(name, NameStr(model->key_column)) == 0;
}

void
notice_keyed_call(PlannerInfo *root, const FuncExpr *call)
{
	static TimestampTz last = 0;
	VerbForm	form;
	ModelSize	model;
	const Node *period;
	const Var  *column;

	if (root == NULL || root->parse == NULL || list_length(call->args) < 3 ||
		!verb_form(call->funcid, &form) ||
		(form.first_argument != TEXTOID && form.first_argument != NUMERICOID))
		return;
	period = lthird(call->args);
	column = column_behind_casts(linitial(call->args));
	if (column == NULL || !IsA(period, Const) || !((const Const *) period)->constisnull ||
		!measure_model(lsecond(call->args), &model) ||
		NameStr(model.period_column)[0] == '\0' || !is_key_column(root, column, &model) ||
		!first_in_statement(&last))
		return;
	ereport(NOTICE,
			(errmsg("every row gets the answer for the latest period of its company"),
			 errdetail("Relation \"%s.%s\", which is bound to the model, has a row for each company and period, "
					   "and %s(%s) looks the company up in it without a period.",
					   NameStr(model.source_schema), NameStr(model.source_relation),
					   get_func_name(call->funcid), quote_identifier(NameStr(model.key_column))),
			 errhint("Pass the row itself instead of the number, or period => %s.",
					 quote_identifier(NameStr(model.period_column)))));
}
