/*
 * rewrite_rows.c
 *		Whole rows into columns, where the planner meets a scoring function.
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
 * A table with more columns than a function takes arguments gives one argument in
 * their stead, a ROW() of them: that is a composite datum again, but without those
 * columns, and is made only where some of them may be long; else the row as it is
 * costs less.
 *
 * A plan may be written out as text and parsed again elsewhere, as Citus does, and
 * what a ROW() calls its columns is not in the text.  Therefore the names always
 * stand beside it, in the array.
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
 * made anew when that changes; who runs a plan that somebody else's call made is
 * asked for the privilege at execution (verbs.c).
 */
#include "scoring/rewrite_rows.h"

#include "access/table.h"
#include "catalog/pg_class.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/planmain.h"
#include "parser/parsetree.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/rel.h"
#include "utils/typcache.h"

#include "base/column_value.h"
#include "base/compat.h"
#include "scoring/verbs.h"

/* The columns of a row, as arguments and by name */
typedef struct RowColumns
{
	List	   *arguments;
	List	   *names;			/* of String nodes */
	bool		spares_long;	/* some that may be long or out of line are not read */
} RowColumns;

static void
add_column(RowColumns *columns, const char *name, Expr *argument)
{
	columns->arguments = lappend(columns->arguments, argument);
	columns->names = lappend(columns->names, makeString(pstrdup(name)));
}

/* Where a relation stands in FROM: nowhere, where an outer join may null it, or elsewhere */
typedef enum JoinSide
{
	SIDE_ABSENT,
	SIDE_NULLABLE,
	SIDE_PRESERVED
} JoinSide;

static JoinSide
find_relation(Node *node, int relation)
{
	JoinSide		side = SIDE_ABSENT;
	ListCell   *cell;

	if (node == NULL)
		return SIDE_ABSENT;
	if (IsA(node, RangeTblRef))
		return ((RangeTblRef *) node)->rtindex == relation ? SIDE_PRESERVED : SIDE_ABSENT;
	if (IsA(node, FromExpr))
	{
		foreach(cell, ((FromExpr *) node)->fromlist)
		{
			side = find_relation(lfirst(cell), relation);
			if (side != SIDE_ABSENT)
				break;
		}
	}
	else if (IsA(node, JoinExpr))
	{
		JoinExpr   *join = (JoinExpr *) node;

		side = find_relation(join->larg, relation);
		if (side != SIDE_ABSENT)
			return join->jointype == JOIN_FULL || join->jointype == JOIN_RIGHT ? SIDE_NULLABLE : side;
		side = find_relation(join->rarg, relation);
		if (side != SIDE_ABSENT && join->jointype != JOIN_INNER && join->jointype != JOIN_SEMI &&
			join->jointype != JOIN_RIGHT)
			return SIDE_NULLABLE;
	}
	return side;
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
	VerbForm	form;

	if (node == NULL)
		return false;
	if (IsA(node, FuncExpr) && verb_form(((FuncExpr *) node)->funcid, &form) &&
		form.first_argument == RECORDOID)
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
columns_of_relation(PlannerInfo *root, const Var *row, RowColumns *columns)
{
	RangeTblEntry *relation;
	JoinSide		side;
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
	side = find_relation((Node *) root->parse->jointree, row->varno);
	if (side == SIDE_ABSENT && is_union_branch(root, row->varno))
		side = SIDE_PRESERVED;
	if (side == SIDE_ABSENT || (side == SIDE_NULLABLE && !vars_tell_nulling_joins()))
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
columns_of_row(const RowExpr *row, RowColumns *columns)
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

static Const *
column_names(const RowColumns *columns)
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

/* ROW() of the columns */
static RowExpr *
shorter_row(const RowColumns *columns)
{
	RowExpr    *row = makeNode(RowExpr);

	row->args = columns->arguments;
	row->row_typeid = RECORDOID;
	row->row_format = COERCE_EXPLICIT_CALL;
	row->colnames = columns->names;
	row->location = -1;
	return row;
}

Node *
rewrite_row(PlannerInfo *root, const FuncExpr *expression)
{
	VerbForm	form;
	Oid			target;
	Node	   *row;
	RowColumns		columns = {NIL, NIL, false};
	List	   *arguments;
	FuncExpr   *result;
	bool		complete;

	if (root == NULL || root->parse == NULL || expression->funcvariadic ||
		!verb_form(expression->funcid, &form) || form.first_argument != RECORDOID ||
		list_length(expression->args) != form.argument_count)
		return NULL;
	row = linitial(expression->args);
	if (IsA(row, Var))
		complete = columns_of_relation(root, (Var *) row, &columns);
	else if (IsA(row, RowExpr))
		complete = columns_of_row((RowExpr *) row, &columns);
	else
		complete = false;
	if (!complete || columns.arguments == NIL || groups_by_rows(root->parse))
		return NULL;
	if (!may_execute(expression->funcid))
		return NULL;

	/* an anonymous row is one either way, and only without its names in the text */
	if (list_length(columns.arguments) + list_length(expression->args) > FUNC_MAX_ARGS)
	{
		if (!columns.spares_long && exprType(row) != RECORDOID)
			return NULL;
		columns.arguments = list_make1(shorter_row(&columns));
	}
	target = verb_columns_function(&form);
	if (!OidIsValid(target) || !may_execute(target))
		return NULL;
	arguments = list_make1(column_names(&columns));
	arguments = list_concat(arguments, list_copy_tail(expression->args, 1));
	arguments = list_concat(arguments, columns.arguments);
	result = makeFuncExpr(target, expression->funcresulttype, arguments,
						  expression->funccollid, expression->inputcollid, COERCE_EXPLICIT_CALL);
	result->funcretset = expression->funcretset;
	result->location = expression->location;
	record_plan_function_dependency(root, expression->funcid);
	return (Node *) result;
}
