/*
 * settings.c
 *		The settings company_risk.trainer_threads and trainer_memory_limit.
 *
 * Both are a superuser's, or GRANT SET's: threads and memory are the server's, and
 * with more than one thread the same rows may give another model.
 */
#include "libxgboost/settings.h"

#include <limits.h>

#include "utils/guc.h"

int			company_risk_trainer_threads = 1;
int			company_risk_trainer_memory_limit = 8192;

static bool
check_memory_limit(int *value, void **extra, GucSource source)
{
	if (*value != 0)
		return true;
	GUC_check_errdetail("It must be at least 1 MB, or -1 for no limit.");
	return false;
}

void
trainer_settings_init(void)
{
	DefineCustomIntVariable("company_risk.trainer_threads",
							"Sets the number of threads that training a model may use.",
							"With one thread the same rows give the same model to the bit.",
							&company_risk_trainer_threads,
							1, 1, 1024,
							PGC_SUSET, 0,
							NULL, NULL, NULL);
	DefineCustomIntVariable("company_risk.trainer_memory_limit",
							"Sets the maximum memory that the process that trains a model may take.",
							"-1 means no limit.",
							&company_risk_trainer_memory_limit,
							8192, -1, INT_MAX / 1024,
							PGC_SUSET, GUC_UNIT_MB,
							check_memory_limit, NULL, NULL);
}
