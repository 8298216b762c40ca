/*
 * planner_support.c
 *		What the planner asks about the scoring functions.
 *
 * A whole row as an argument costs a composite datum: all columns of the table
 * are deformed, and those out of line are fetched, whether the model reads them
 * or not.  So score_company(t, model) becomes, where it means the same,
 *		risk_internal.score_columns(names, model, t.a, t.b, ...)
 * with every column that the row has, and the names that they have in it.  Which
 * of them feed the model is found out at execution, as always; so nothing about
 * the model is fixed when a plan is made, and a cached plan needs no
 * invalidation.  Columns of types that no feature takes are passed as NULL of
 * their type: they are still there to be named in an error, but are not read.
 * A table with more columns than a function takes arguments gives a ROW() of
 * them instead: that is a composite datum again, but without those columns, and
 * is made only where some of them may be long; else the row as it is costs less.
 *
 * A row is never NULL where columns can stand for it:
 *
 * - a whole-row Var of a table, a materialized view or a partitioned table of
 *   this query level, in its FROM and not on an outer join's nullable side.
 *   Children come later: the planner translates the parent's columns for each.
 * - a RowExpr, which is what a row of a subquery or a view becomes when that is
 *   pulled up; on a nullable side it is hidden in a PlaceHolderVar.
 *
 * Anything else stays as it is, and so does a row that the query groups by: below
 * the grouping, the row is there and its columns are not.
 *
 * Whoever may not call the function does not get it rewritten, and the plan is
 * made anew when that changes.
 */
#include "postgres.h"

#include <math.h>

#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "nodes/pathnodes.h"
#include "nodes/supportnodes.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/planmain.h"
#include "parser/parsetree.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
#include "utils/typcache.h"

#include "base/compat.h"
#include "scoring/call.h"

/* What the planner thinks that things cost, in simple operators (some 15 ns) */
#define COST_OF_CALL		20.0
#define COST_OF_LOOKUP		1000.0	/* of a company by its number */
#define COST_OF_COLUMN		1.0		/* reading a feature from a column or an array */
#define COST_OF_KEY			5.0		/* reading a feature from a JSON object */
#define COST_OF_SPLIT		0.05	/* on the way through a tree */
#define COST_OF_NODE		0.05	/* of a tree that is explained */

typedef enum Work
{
	WORK_PREDICT,
	WORK_EXPLAIN
} Work;

/* The verbs: the function of a row, the one of its columns, both in all forms. */
static const struct Verb
{
	const char *name;
	const char *columns;		/* in the schema of the registry */
	Work		work;
}			verbs[] = {
	{"score_company", "score_columns", WORK_PREDICT},
	{"margin", "margin_columns", WORK_PREDICT},
	{"margins", "margins_columns", WORK_PREDICT},
	{"predict", "predict_columns", WORK_PREDICT},
	{"contributions", "contributions_columns", WORK_EXPLAIN},
	{"explain_score", "explain_score_columns", WORK_EXPLAIN},
	{"explain_groups", "explain_groups_columns", WORK_EXPLAIN},
	{"explanation", "explanation_columns", WORK_EXPLAIN},
};

/* A function that has this support function */
typedef struct Function
{
	const struct Verb *verb;
	Oid			first_argument;
	int			argument_count;
} Function;

static bool
read_function(Oid oid, Function *function)
{
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(oid));
	Form_pg_proc form;

	function->verb = NULL;
	if (!HeapTupleIsValid(tuple))
		return false;
	form = (Form_pg_proc) GETSTRUCT(tuple);
	function->argument_count = form->pronargs;
	function->first_argument = form->pronargs > 0 ? form->proargtypes.values[0] : InvalidOid;
	for (int i = 0; i < (int) lengthof(verbs); i++)
		if (strcmp(NameStr(form->proname), verbs[i].name) == 0 ||
			strcmp(NameStr(form->proname), verbs[i].columns) == 0)
			function->verb = &verbs[i];
	ReleaseSysCache(tuple);
	return function->verb != NULL && function->argument_count >= 2;
}

/* ----------
 * Whole rows into columns
 * ----------
 */

/* The columns of a row, as arguments and by name */
typedef struct Columns
{
	List	   *arguments;
	List	   *names;			/* of String nodes */
	bool		spares_long;	/* some that may be long or out of line are not read */
} Columns;

static void
add_column(Columns *columns, const char *name, Expr *argument)
{
	columns->arguments = lappend(columns->arguments, argument);
	columns->names = lappend(columns->names, makeString(pstrdup(name)));
}

typedef enum Place
{
	PLACE_NONE,
	PLACE_NULLABLE,
	PLACE_FOUND
} Place;

/* Where a relation stands in FROM. */
static Place
find_relation(Node *node, int relation)
{
	Place		place = PLACE_NONE;
	ListCell   *cell;

	if (node == NULL)
		return PLACE_NONE;
	if (IsA(node, RangeTblRef))
		return ((RangeTblRef *) node)->rtindex == relation ? PLACE_FOUND : PLACE_NONE;
	if (IsA(node, FromExpr))
	{
		foreach(cell, ((FromExpr *) node)->fromlist)
		{
			place = find_relation(lfirst(cell), relation);
			if (place != PLACE_NONE)
				break;
		}
	}
	else if (IsA(node, JoinExpr))
	{
		JoinExpr   *join = (JoinExpr *) node;

		place = find_relation(join->larg, relation);
		if (place != PLACE_NONE)
			return join->jointype == JOIN_FULL || join->jointype == JOIN_RIGHT ? PLACE_NULLABLE : place;
		place = find_relation(join->rarg, relation);
		if (place != PLACE_NONE && join->jointype != JOIN_INNER && join->jointype != JOIN_SEMI &&
			join->jointype != JOIN_RIGHT)
			return PLACE_NULLABLE;
	}
	return place;
}

/* Is a relation a branch of a UNION ALL, pulled up?  Then its Vars stay on its level. */
static bool
is_union_branch(PlannerInfo *root, Index relation)
{
	ListCell   *cell;

	foreach(cell, root->append_rel_list)
	{
		AppendRelInfo *branch = lfirst(cell);

		if (branch->child_relid == relation)
			return rt_fetch(branch->parent_relid, root->parse->rtable)->rtekind == RTE_SUBQUERY;
	}
	return false;
}

/* Is there a whole row in an expression, other than the argument of a verb? */
static bool
has_whole_row(Node *node, void *context)
{
	Function	function;

	if (node == NULL)
		return false;
	if (IsA(node, FuncExpr) && read_function(((FuncExpr *) node)->funcid, &function) &&
		function.first_argument == RECORDOID)
	{
		List	   *others = list_copy_tail(((FuncExpr *) node)->args, 1);

		return expression_tree_walker((Node *) others, has_whole_row, context);
	}
	if (IsA(node, RowExpr) || (IsA(node, Var) && ((Var *) node)->varattno == InvalidAttrNumber))
		return true;
	return expression_tree_walker(node, has_whole_row, context);
}

/*
 * Does a query group by whole rows?  From 18 on, what it groups by is kept in a
 * range table entry of its own, and not found here; but there a call on such a
 * row does not have the row for its argument, but that entry's column.
 */
static bool
groups_by_rows(const Query *query)
{
	ListCell   *cell;

	if (query->groupingSets != NIL)
		return true;
	foreach(cell, query->groupClause)
	{
		Index		reference = ((SortGroupClause *) lfirst(cell))->tleSortGroupRef;
		ListCell   *target;

		foreach(target, query->targetList)
			if (((TargetEntry *) lfirst(target))->ressortgroupref == reference &&
				has_whole_row((Node *) ((TargetEntry *) lfirst(target))->expr, NULL))
				return true;
	}
	return false;
}

static bool
columns_of_relation(PlannerInfo *root, const Var *row, Columns *columns)
{
	RangeTblEntry *relation;
	Place		place;
	Relation	table;
	bool		complete;

	if (row->varlevelsup != 0 || row->varattno != InvalidAttrNumber ||
		(int) row->varno <= 0 || (int) row->varno > list_length(root->parse->rtable) ||
		!var_is_current_row(row))
		return false;
	relation = rt_fetch(row->varno, root->parse->rtable);
	if (relation->rtekind != RTE_RELATION ||
		(relation->relkind != RELKIND_RELATION && relation->relkind != RELKIND_MATVIEW &&
		 relation->relkind != RELKIND_PARTITIONED_TABLE))
		return false;
	place = find_relation((Node *) root->parse->jointree, row->varno);
	if (place == PLACE_NONE && is_union_branch(root, row->varno))
		place = PLACE_FOUND;
	if (place == PLACE_NONE || (place == PLACE_NULLABLE && !vars_tell_nulling_joins()))
		return false;

	/* locked since the query was parsed; its cache entry spares one for the type */
	table = table_open(relation->relid, NoLock);
	complete = table->rd_rel->reltype == row->vartype;
	for (int i = 0; i < RelationGetNumberOfAttributes(table) && complete; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(RelationGetDescr(table), i);
		Expr	   *column;

		if (attribute->attisdropped)
			continue;
		if (column_is_virtual(attribute))
			complete = false;
		else
		{
			if (type_may_feed(attribute->atttypid))
				column = (Expr *) makeVar(row->varno, i + 1, attribute->atttypid,
										  attribute->atttypmod, attribute->attcollation, 0);
			else
			{
				column = (Expr *) makeNullConst(attribute->atttypid, attribute->atttypmod,
												attribute->attcollation);
				if (attribute->attlen == -1 && attribute->attstorage != TYPSTORAGE_PLAIN)
					columns->spares_long = true;
			}
			add_column(columns, NameStr(attribute->attname), column);
		}
	}
	table_close(table, NoLock);
	return complete;
}

static bool
columns_of_row(const RowExpr *row, Columns *columns)
{
	TupleDesc	descriptor;
	bool		complete;
	ListCell   *argument;
	ListCell   *name;
	int			i = 0;

	if (row->row_typeid == RECORDOID)
	{
		if (list_length(row->colnames) != list_length(row->args))
			return false;
		forboth(argument, row->args, name, row->colnames)
		{
			if (strVal(lfirst(name))[0] == '\0')
				return false;
			add_column(columns, strVal(lfirst(name)), lfirst(argument));
		}
		return true;
	}

	/* of a table's or a view's type: that has the names, and may have dropped columns */
	descriptor = lookup_rowtype_tupdesc_domain(row->row_typeid, -1, true);
	if (descriptor == NULL)
		return false;
	complete = descriptor->natts == list_length(row->args);
	foreach(argument, row->args)
	{
		Form_pg_attribute attribute;

		if (!complete)
			break;
		attribute = TupleDescAttr(descriptor, i++);
		if (attribute->attisdropped)
			continue;
		complete = exprType(lfirst(argument)) == attribute->atttypid;
		add_column(columns, NameStr(attribute->attname), lfirst(argument));
	}
	ReleaseTupleDesc(descriptor);
	return complete;
}

/* The function of a verb that takes columns: names, model, perhaps more, columns. */
static Oid
columns_function(const Function *function)
{
	Oid			types[4] = {TEXTARRAYOID, TEXTOID, INT4OID, ANYOID};
	int			count = function->argument_count + 1;
	Oid			schema = get_namespace_oid(REGISTRY_SCHEMA, true);

	if (!OidIsValid(schema) || count < 3 || count > 4)
		return InvalidOid;
	types[count - 1] = ANYOID;
	return GetSysCacheOid3(PROCNAMEARGSNSP, Anum_pg_proc_oid,
						   CStringGetDatum(function->verb->columns),
						   PointerGetDatum(buildoidvector(types, count)), ObjectIdGetDatum(schema));
}

static Const *
column_names(const Columns *columns)
{
	Datum	   *names = palloc(list_length(columns->names) * sizeof(Datum));
	int			count = 0;
	ListCell   *name;

	foreach(name, columns->names)
		names[count++] = CStringGetTextDatum(strVal(lfirst(name)));
	return makeConst(TEXTARRAYOID, -1, DEFAULT_COLLATION_OID, -1,
					 PointerGetDatum(construct_array(names, count, TEXTOID, -1, false, TYPALIGN_INT)),
					 false, false);
}

/* ROW() of the columns, with their names */
static RowExpr *
shorter_row(const Columns *columns)
{
	RowExpr    *row = makeNode(RowExpr);

	row->args = columns->arguments;
	row->row_typeid = RECORDOID;
	row->row_format = COERCE_EXPLICIT_CALL;
	row->colnames = columns->names;
	row->location = -1;
	return row;
}

static Node *
simplify_call(PlannerInfo *root, const FuncExpr *call)
{
	Function	function;
	Oid			target;
	Node	   *row;
	Columns		columns = {NIL, NIL, false};
	List	   *arguments;
	FuncExpr   *result;
	bool		complete;

	if (root == NULL || root->parse == NULL || call->funcvariadic ||
		!read_function(call->funcid, &function) || function.first_argument != RECORDOID ||
		list_length(call->args) != function.argument_count)
		return NULL;
	row = linitial(call->args);
	if (IsA(row, Var))
		complete = columns_of_relation(root, (Var *) row, &columns);
	else if (IsA(row, RowExpr))
		complete = columns_of_row((RowExpr *) row, &columns);
	else
		complete = false;
	if (!complete || columns.arguments == NIL || groups_by_rows(root->parse))
		return NULL;
	if (!may_execute(call->funcid))
		return NULL;

	if (list_length(columns.arguments) + list_length(call->args) > FUNC_MAX_ARGS)
	{
		if (!columns.spares_long)
			return NULL;
		target = call->funcid;
		arguments = list_make1(shorter_row(&columns));
		arguments = list_concat(arguments, list_copy_tail(call->args, 1));
	}
	else
	{
		target = columns_function(&function);
		if (!OidIsValid(target) || !may_execute(target))
			return NULL;
		arguments = list_make1(column_names(&columns));
		arguments = list_concat(arguments, list_copy_tail(call->args, 1));
		arguments = list_concat(arguments, columns.arguments);
	}
	result = makeFuncExpr(target, call->funcresulttype, arguments, call->funccollid, call->inputcollid,
						  COERCE_EXPLICIT_CALL);
	result->funcretset = call->funcretset;
	result->location = call->location;
	record_plan_function_dependency(root, call->funcid);
	return (Node *) result;
}

/* ----------
 * Estimates
 * ----------
 */

/*
 * The size of the model that a call names, under the planner's snapshot.  The
 * planner asks again and again in one statement: the answer is kept.
 */
static bool
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

static bool
estimate_cost(SupportRequestCost *request)
{
	List	   *arguments = call_arguments(request->node);
	Function	function;
	ModelSize	size;
	double		cost = COST_OF_CALL;

	if (list_length(arguments) < 2 || !read_function(request->funcid, &function) ||
		!measure_model(lsecond(arguments), &size))
		return false;
	switch (function.first_argument)
	{
		case TEXTOID:
		case INT8OID:
			cost += COST_OF_LOOKUP;
			break;
		case JSONBOID:
			cost += COST_OF_KEY * size.features;
			break;
		default:
			cost += COST_OF_COLUMN * size.features;
			break;
	}
	if (function.verb->work == WORK_EXPLAIN)
		cost += COST_OF_NODE * size.nodes + size.features;
	else
		cost += COST_OF_SPLIT * size.trees * size.depth;
	request->startup = 0;
	request->per_tuple = cost * cpu_operator_cost;
	return true;
}

static bool
estimate_rows(SupportRequestRows *request)
{
	List	   *arguments = call_arguments(request->node);
	Function	function;
	ModelSize	size;
	Const	   *top;

	if (list_length(arguments) < 3 || !read_function(request->funcid, &function) ||
		strcmp(function.verb->name, "explain_score") != 0 || !measure_model(lsecond(arguments), &size))
		return false;
	/* top is the last argument, but for columns */
	top = list_nth(arguments, function.first_argument == TEXTARRAYOID ? 2 : list_length(arguments) - 1);
	request->rows = size.features + 1.0;
	if (IsA(top, Const) && top->consttype == INT4OID && !top->constisnull && DatumGetInt32(top->constvalue) >= 0 &&
		DatumGetInt32(top->constvalue) < size.features)
		request->rows = DatumGetInt32(top->constvalue) + 2.0;
	return true;
}

PG_FUNCTION_INFO_V1(company_risk_support);
Datum
company_risk_support(PG_FUNCTION_ARGS)
{
	Node	   *request = (Node *) PG_GETARG_POINTER(0);
	Node	   *answer = NULL;

	if (IsA(request, SupportRequestSimplify))
		answer = simplify_call(((SupportRequestSimplify *) request)->root,
							   ((SupportRequestSimplify *) request)->fcall);
	else if (IsA(request, SupportRequestCost))
		answer = estimate_cost((SupportRequestCost *) request) ? request : NULL;
	else if (IsA(request, SupportRequestRows))
		answer = estimate_rows((SupportRequestRows *) request) ? request : NULL;
	PG_RETURN_POINTER(answer);
}
