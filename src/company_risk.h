/*
 * company_risk.h
 *		Settings, and the core's host inside a server process.
 */
#ifndef COMPANY_RISK_H
#define COMPANY_RISK_H

#include "postgres.h"

#include "lib/stringinfo.h"

#include "core/model.h"

/* Settings (company_risk.c) */
extern char *company_risk_default_model;
extern int	company_risk_shared_memory_limit;	/* MB; -1 is no limit, 0 never shares */

/*
 * The core's host in a backend: palloc in CurrentMemoryContext, ereport, and
 * CHECK_FOR_INTERRUPTS.  A failure of the core is an ERROR whose message depends
 * on its kind and whose detail is the core's.
 */
extern CoreHost *server_host(void);

/* Adds to a message's list of names; count are there.  From the eleventh on it is only said that there are more. */
extern void message_add_name(StringInfo names, int count, const char *name);

/* Reads a model from memory; its errors are the host's. */
extern Model *server_read_model(const bytea *bytes);

/* A model's names are UTF-8: turns them, in place, into the database's encoding. */
extern void server_recode_names(Model *model);

#endif
