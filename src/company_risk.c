/*
 * company_risk.c
 *		The door: what happens when the module is loaded.
 *
 * The module needs no shared_preload_libraries: everything shared is attached at
 * the first use (base/shared_struct.h).  Preloading is allowed and spares a new
 * connection the loading of the library.
 *
 * Each room that has settings or something shared makes it known here; nobody
 * includes this file.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/guc.h"

#include "base/compat.h"
#include "libxgboost/trainer.h"
#include "models/registry.h"
#include "models/shared_models.h"
#include "training/progress.h"

COMPANY_RISK_MODULE_MAGIC("company_risk", COMPANY_RISK_VERSION);

extern PGDLLEXPORT void _PG_init(void);

void
_PG_init(void)
{
	registry_init();
	shared_models_init();
	trainer_init();
	progress_init();
	MarkGUCPrefixReserved("company_risk");
}

PG_FUNCTION_INFO_V1(company_risk_library_version);
Datum
company_risk_library_version(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(cstring_to_text(COMPANY_RISK_VERSION));
}
