/*
 * compat.h
 *		Every difference between PostgreSQL 15, 16, 17 and 18 that this
 *		extension meets, so that no other file asks for PG_VERSION_NUM.
 */
#ifndef COMPAT_H
#define COMPAT_H

#include "postgres.h"

#if PG_VERSION_NUM < 150000
#error "company_risk needs PostgreSQL 15 or newer"
#endif

#include "fmgr.h"
#include "catalog/pg_attribute.h"
#include "miscadmin.h"
#include "nodes/primnodes.h"
#include "storage/latch.h"
#include "utils/acl.h"
#include "utils/tuplesort.h"
#if PG_VERSION_NUM >= 160000
#include "catalog/pg_proc.h"
#include "varatt.h"
#endif
#if PG_VERSION_NUM >= 170000
#include "storage/dsm_registry.h"
#else
#include "storage/ipc.h"
#include "storage/lwlock.h"
#include "storage/shmem.h"
#endif
#include "storage/buffile.h"
#include "storage/proc.h"
#include "utils/wait_event.h"

/* 18 knows a module's name and version (pg_get_loaded_modules). */
#if PG_VERSION_NUM >= 180000
#define COMPANY_RISK_MODULE_MAGIC(name_, version_) \
	PG_MODULE_MAGIC_EXT(.name = (name_), .version = (version_))
#else
#define COMPANY_RISK_MODULE_MAGIC(name_, version_) \
	PG_MODULE_MAGIC
#endif

/*
 * An error of an input function, which from 16 on a caller may want to have reported
 * (pg_input_is_valid); else it ends the function.
 */
#if PG_VERSION_NUM >= 160000
#define soft_error(context_, result_, ...) ereturn(context_, result_, __VA_ARGS__)
#else
#define soft_error(context_, result_, ...) ereport(ERROR, __VA_ARGS__)
#endif

/*
 * A struct in shared memory found by name (base/shared_struct.h): from 17 on a
 * named dynamic segment, before carved from the main segment.  May error, then
 * with an LWLock held.
 */
#if PG_VERSION_NUM < 170000
#define SHARED_STRUCT_IN_MAIN_SEGMENT
#endif

static inline void *
named_shared_struct(const char *name, Size size, void (*initialize) (void *))
{
	bool		found;
#ifdef SHARED_STRUCT_IN_MAIN_SEGMENT
	void	   *result;

	LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
	result = ShmemInitStruct(name, size, &found);
	if (!found)
		initialize(result);
	LWLockRelease(AddinShmemInitLock);

	return result;
#else
	return GetNamedDSMSegment(name, size, initialize, &found);
#endif
}

/* The local number of the transaction that this backend is in. */
static inline LocalTransactionId
current_local_transaction(void)
{
#if PG_VERSION_NUM >= 170000
	return MyProc->vxid.lxid;
#else
	return MyProc->lxid;
#endif
}

/* Is a column computed when it is read, so that a Var of it cannot stand in a plan? */
static inline bool
column_is_virtual(Form_pg_attribute attribute)
{
#if PG_VERSION_NUM >= 180000
	return attribute->attgenerated == ATTRIBUTE_GENERATED_VIRTUAL;
#else
	(void) attribute;
	return false;
#endif
}

/* Is it a row as such: not OLD or NEW of RETURNING, and not nulled by an outer join? */
static inline bool
var_is_current_row(const Var *var)
{
#if PG_VERSION_NUM >= 180000
	if (var->varreturningtype != VAR_RETURNING_DEFAULT)
		return false;
#endif
#if PG_VERSION_NUM >= 160000
	return var->varnullingrels == NULL;
#else
	(void) var;
	return true;
#endif
}

/* From 16 on a Var says which outer joins may have nulled it. */
static inline bool
vars_tell_nulling_joins(void)
{
#if PG_VERSION_NUM >= 160000
	return true;
#else
	return false;
#endif
}

/* May the current user call a function? */
static inline bool
may_execute(Oid function)
{
#if PG_VERSION_NUM >= 160000
	return object_aclcheck(ProcedureRelationId, function, GetUserId(), ACL_EXECUTE) == ACLCHECK_OK;
#else
	return pg_proc_aclcheck(function, GetUserId(), ACL_EXECUTE) == ACLCHECK_OK;
#endif
}

/* The next value of a sort, of a type passed by reference in memory of the caller's. */
static inline bool
sorted_datum(Tuplesortstate *sort, Datum *value)
{
	bool		isnull;

#if PG_VERSION_NUM >= 160000
	return tuplesort_getdatum(sort, true, true, value, &isnull, NULL);
#else
	return tuplesort_getdatum(sort, true, value, &isnull, NULL);
#endif
}

/* A wait event of our own from 17 on; the same name gives the same event. */
static inline uint32
extension_wait_event(const char *name)
{
#if PG_VERSION_NUM >= 170000
	return WaitEventExtensionNew(name);
#else
	(void) name;
	return PG_WAIT_EXTENSION;
#endif
}

/* Reads as much of a temporary file; false at its end.  An error if it ends in between. */
static inline bool
buffile_read_maybe(BufFile *file, void *pointer, size_t size)
{
#if PG_VERSION_NUM >= 160000
	return BufFileReadMaybeEOF(file, pointer, size, true) != 0;
#else
	size_t		length = BufFileRead(file, pointer, size);

	if (length != 0 && length != size)
		elog(ERROR, "could not read from temporary file: read only %zu of %zu bytes", length, size);
	return length != 0;
#endif
}

/*
 * A set of events that its creator frees, whatever becomes of the transaction.
 * From 17 on such sets stand in TopMemoryContext.
 */
static inline WaitEventSet *
create_wait_event_set(MemoryContext context, int count)
{
#if PG_VERSION_NUM >= 170000
	(void) context;
	return CreateWaitEventSet(NULL, count);
#else
	return CreateWaitEventSet(context, count);
#endif
}

#endif							/* COMPAT_H */
