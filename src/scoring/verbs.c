/*
 * verbs.c
 *		The functions that score and explain rows, and what they become in plans.
 *
 * The planner makes of score_company(row, model) a function of the row's columns
 * (rewrite_rows.c), which PUBLIC may execute: a privilege on it would have to be
 * granted and revoked together with the verb's.  So that a privilege revoked from
 * the verb holds on every path, the verb's is asked when the columns' function
 * begins its work, once for each place where it stands in a running statement: a
 * plan may be older than SET ROLE, and people may call that function directly.
 * So it is asked of the role that fetches the first row: a cursor that a function
 * opened with its owner's rights does not lend them to whoever fetches from it.
 *
 * The verb is found by its name, and is the verb if it is the same function of
 * the same library: nobody but a superuser could make another one, and wherever
 * the extension's functions are, it is found.
 */
#include "scoring/verbs.h"

#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/objectaccess.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/catcache.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "base/compat.h"
#include "models/registry.h"

static const Verb verbs[] = {
	{"score_company", "score_columns", false},
	{"margin", "margin_columns", false},
	{"margins", "margins_columns", false},
	{"predict", "predict_columns", false},
	{"contributions", "contributions_columns", true},
	{"explain_score", "explain_score_columns", true},
	{"explain_groups", "explain_groups_columns", true},
	{"explanation", "explanation_columns", true},
};

bool
verb_form(Oid function, VerbForm *form)
{
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
	Form_pg_proc procedure;

	form->verb = NULL;
	if (!HeapTupleIsValid(tuple))
		return false;
	procedure = (Form_pg_proc) GETSTRUCT(tuple);
	form->argument_count = procedure->pronargs;
	form->first_argument = procedure->pronargs > 0 ? procedure->proargtypes.values[0] : InvalidOid;
	for (int i = 0; i < (int) lengthof(verbs); i++)
		if (strcmp(NameStr(procedure->proname), verbs[i].name) == 0 ||
			strcmp(NameStr(procedure->proname), verbs[i].columns) == 0)
			form->verb = &verbs[i];
	ReleaseSysCache(tuple);
	return form->verb != NULL && form->argument_count >= 2;
}

/* Its arguments: names, model, perhaps top, columns. */
Oid
verb_columns_function(const VerbForm *row_form)
{
	Oid			types[4] = {TEXTARRAYOID, TEXTOID, INT8OID, ANYOID};
	int			count = row_form->argument_count + 1;
	Oid			schema = get_namespace_oid(REGISTRY_SCHEMA, true);

	if (!OidIsValid(schema) || count < 3 || count > 4)
		return InvalidOid;
	types[count - 1] = ANYOID;
	return GetSysCacheOid3(PROCNAMEARGSNSP, Anum_pg_proc_oid,
						   CStringGetDatum(row_form->verb->columns),
						   PointerGetDatum(buildoidvector(types, count)), ObjectIdGetDatum(schema));
}

/* Are two functions, given by their rows of pg_proc, the same one of the same library? */
static bool
same_c_function(HeapTuple a, HeapTuple b)
{
	static const AttrNumber attributes[] = {Anum_pg_proc_prosrc, Anum_pg_proc_probin};

	if (((Form_pg_proc) GETSTRUCT(a))->prolang != ((Form_pg_proc) GETSTRUCT(b))->prolang)
		return false;
	for (int i = 0; i < (int) lengthof(attributes); i++)
	{
		bool		a_is_null;
		bool		b_is_null;
		Datum		of_a = SysCacheGetAttr(PROCOID, a, attributes[i], &a_is_null);
		Datum		of_b = SysCacheGetAttr(PROCOID, b, attributes[i], &b_is_null);

		if (a_is_null || b_is_null ||
			strcmp(TextDatumGetCString(of_a), TextDatumGetCString(of_b)) != 0)
			return false;
	}
	return true;
}

/* The function of the row that one of columns stands for; invalid if there is none. */
static Oid
row_function(Oid columns_function, const Verb *verb)
{
	HeapTuple	columns = SearchSysCache1(PROCOID, ObjectIdGetDatum(columns_function));
	CatCList   *candidates;
	Oid			found = InvalidOid;

	if (!HeapTupleIsValid(columns))
		elog(ERROR, "cache lookup failed for function %u", columns_function);
	candidates = SearchSysCacheList1(PROCNAMEARGSNSP, CStringGetDatum(verb->name));
	for (int i = 0; i < candidates->n_members && !OidIsValid(found); i++)
	{
		HeapTuple	candidate = &candidates->members[i]->tuple;
		Form_pg_proc procedure = (Form_pg_proc) GETSTRUCT(candidate);

		if (procedure->pronargs > 0 && procedure->proargtypes.values[0] == RECORDOID &&
			same_c_function(candidate, columns))
			found = procedure->oid;
	}
	ReleaseSysCacheList(candidates);
	ReleaseSysCache(columns);
	return found;
}

void
verb_require_execute(Oid columns_function)
{
	VerbForm	form;
	Oid			function = InvalidOid;

	if (verb_form(columns_function, &form))
		function = row_function(columns_function, form.verb);
	if (!OidIsValid(function))
		elog(ERROR, "function %u stands for no function of a row", columns_function);
	if (!may_execute(function))
		aclcheck_error(ACLCHECK_NO_PRIV, OBJECT_FUNCTION, get_func_name(function));
	InvokeFunctionExecuteHook(function);
}
