/*
 * verbs.c
 *		The functions that score and explain rows, and what they become in plans.
 */
#include "scoring/verbs.h"

#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/syscache.h"

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
	Oid			types[4] = {TEXTARRAYOID, TEXTOID, INT4OID, ANYOID};
	int			count = row_form->argument_count + 1;
	Oid			schema = get_namespace_oid(REGISTRY_SCHEMA, true);

	if (!OidIsValid(schema) || count < 3 || count > 4)
		return InvalidOid;
	types[count - 1] = ANYOID;
	return GetSysCacheOid3(PROCNAMEARGSNSP, Anum_pg_proc_oid,
						   CStringGetDatum(row_form->verb->columns),
						   PointerGetDatum(buildoidvector(types, count)), ObjectIdGetDatum(schema));
}
