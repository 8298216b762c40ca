/*
 * progress.c
 *		How far trainings are: slots in shared memory that the view
 *		risk.training_progress reads, and INFO lines for the client.
 *
 * The slots are a small struct that all backends find by name (see
 * shared_struct_attach).  A session that trains takes a free slot; only it
 * writes there, under the lock, and only it frees it: at the end of the report,
 * of the transaction, of the subtransaction that began it if that is rolled
 * back, or of the process.  After a crash shared memory is new and empty.
 *
 * A training does not depend on any of this: where there is no slot, or no
 * shared memory for them, it goes on unseen, and its INFO lines still come.
 *
 * The lock is a leaf: nothing that can wait, error or allocate happens while it
 * is held.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_authid.h"
#include "commands/dbcommands.h"
#include "funcapi.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "storage/ipc.h"
#include "storage/lwlock.h"
#include "storage/procarray.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/guc.h"
#include "utils/timestamp.h"

#include "base/compat.h"
#include "base/messages.h"
#include "base/result_row.h"
#include "base/shared_struct.h"
#include "training/progress.h"

/* The number is the layout's version: change it with ProgressSlots. */
#define PROGRESS_NAME "company_risk training progress 2"
#define LWLOCK_TRANCHE_NAME "company_risk_progress"

#define PROGRESS_SLOTS 16
#define MODEL_LENGTH 256
#define METRIC_LENGTH 64

#define LINE_INTERVAL_MS 10000	/* between INFO lines */
#define ROWS_INTERVAL 1024		/* rows between looks at the clock */

typedef struct ProgressSlot
{
	int			pid;			/* 0: the slot is free */
	Oid			database;
	Oid			role;
	int			encoding;		/* of the model's name: its database's */
	ProgressPhase phase;
	int			fold;
	int			folds;
	int			round;
	int			rounds;
	int64		rows;
	double		value;			/* of the metric; NaN: none yet */
	TimestampTz started;
	TimestampTz training_began; /* of the fold at hand; 0: not yet */
	TimestampTz round_at;		/* when the round was done */
	char		model[MODEL_LENGTH];
	char		metric[METRIC_LENGTH];
} ProgressSlot;

typedef struct ProgressSlots
{
	LWLock		lock;
	ProgressSlot slots[PROGRESS_SLOTS];
} ProgressSlots;

StaticAssertDecl(sizeof(ProgressSlots) <= 8192,
				 "slots of training progress are too large for the slack");

/* NULL until this backend needs them. */
static ProgressSlots *shared = NULL;
static bool shared_unavailable = false;

/* This session's report: ours to read without the lock. */
static ProgressSlot own;
static bool active = false;
static int	own_slot = -1;		/* -1: unseen by others */
static int	begun_at_level;		/* transaction nesting */
static TimestampTz last_line;
static int64 rows_looked_at;

static const char *const phase_names[] = {
	[PROGRESS_READING] = "reading rows",
	[PROGRESS_SENDING] = "sending rows",
	[PROGRESS_TRAINING] = "training",
	[PROGRESS_EVALUATING] = "evaluating",
	[PROGRESS_IMPORTING] = "importing"
};

/* ----------
 * Slots
 * ----------
 */
static void
slots_initialize(void *pointer)
{
	ProgressSlots *fresh = pointer;

	memset(fresh, 0, sizeof(ProgressSlots));
	LWLockInitialize(&fresh->lock, LWLockNewTrancheId());
}

static void
free_slot(void)
{
	if (own_slot >= 0)
	{
		LWLockAcquire(&shared->lock, LW_EXCLUSIVE);
		shared->slots[own_slot].pid = 0;
		LWLockRelease(&shared->lock);
		own_slot = -1;
	}
	active = false;
}

/* Before shared memory goes: from 17 on the slots are a dynamic segment. */
static void
leave_at_exit(int code, Datum argument)
{
	free_slot();
	shared = NULL;
	shared_unavailable = true;
}

static void
transaction_ends(XactEvent event, void *argument)
{
	if (active && (event == XACT_EVENT_COMMIT || event == XACT_EVENT_ABORT ||
				   event == XACT_EVENT_PREPARE))
		free_slot();
}

static void
subtransaction_ends(SubXactEvent event, SubTransactionId id, SubTransactionId parent,
					void *argument)
{
	int			level = GetCurrentTransactionNestLevel();

	if (!active || level > begun_at_level)
		return;
	if (event == SUBXACT_EVENT_ABORT_SUB)
		free_slot();
	else if (event == SUBXACT_EVENT_COMMIT_SUB)
		begun_at_level = level - 1;
}

void
progress_init(void)
{
	shared_struct_request(PROGRESS_NAME, sizeof(ProgressSlots), slots_initialize);
}

static bool
attach_slots(void)
{
	if (shared == NULL && !shared_unavailable)
	{
		ErrorData  *failure;
		ProgressSlots *found = IsUnderPostmaster ?
			shared_struct_attach(PROGRESS_NAME, sizeof(ProgressSlots), slots_initialize,
								 &failure) : NULL;

		if (found == NULL)
			shared_unavailable = true;
		else
		{
			LWLockRegisterTranche(found->lock.tranche, LWLOCK_TRANCHE_NAME);
			before_shmem_exit(leave_at_exit, (Datum) 0);
			shared = found;
		}
	}
	return shared != NULL;
}

/* Shows the others what the report says now. */
static void
publish(void)
{
	if (own_slot < 0)
		return;
	LWLockAcquire(&shared->lock, LW_EXCLUSIVE);
	shared->slots[own_slot] = own;
	LWLockRelease(&shared->lock);
}

/* ----------
 * Lines for the client
 * ----------
 */

/*
 * INFO always reaches the client, whatever client_min_messages says; who asks for
 * warnings only shall have quiet all the same.
 */
static void
write_line(void)
{
	StringInfoData line;
	TimestampTz now = GetCurrentTimestamp();

	if (client_min_messages > NOTICE ||
		!TimestampDifferenceExceeds(last_line, now, LINE_INTERVAL_MS))
		return;
	last_line = now;
	initStringInfo(&line);
	if (own.folds > 0)
		appendStringInfo(&line, "fold %d of %d, ", own.fold, own.folds);
	appendStringInfoString(&line, phase_names[own.phase]);
	if (own.phase == PROGRESS_READING || own.phase == PROGRESS_SENDING)
		appendStringInfo(&line, ": " INT64_FORMAT, own.rows);
	if (own.phase == PROGRESS_TRAINING && own.round > 0)
	{
		appendStringInfo(&line, ": round %d of %d", own.round, own.rounds);
		if (own.metric[0] != '\0')
			appendStringInfo(&line, ", validation %s %.6g", own.metric, own.value);
	}
	ereport(INFO, (errmsg_internal("model \"%s\": %s", own.model, line.data)));
	pfree(line.data);
}

/* ----------
 * Reporting
 * ----------
 */
static void
copy_clipped(char *to, const char *from, int size)
{
	int			length = pg_mbcliplen(from, strlen(from), size - 1);

	memcpy(to, from, length);
	to[length] = '\0';
}

void
progress_begin(const char *model)
{
	static bool registered = false;

	if (!registered)
	{
		RegisterXactCallback(transaction_ends, NULL);
		RegisterSubXactCallback(subtransaction_ends, NULL);
		registered = true;
	}
	free_slot();

	memset(&own, 0, sizeof(own));
	own.pid = MyProcPid;
	own.database = MyDatabaseId;
	own.role = GetUserId();
	own.encoding = GetDatabaseEncoding();
	own.value = get_float8_nan();
	own.started = last_line = GetCurrentTimestamp();
	copy_clipped(own.model, model, MODEL_LENGTH);
	rows_looked_at = 0;
	begun_at_level = GetCurrentTransactionNestLevel();
	active = true;

	if (attach_slots())
	{
		LWLockAcquire(&shared->lock, LW_EXCLUSIVE);
		for (int i = 0; i < PROGRESS_SLOTS && own_slot < 0; i++)
			if (shared->slots[i].pid == 0)
			{
				shared->slots[i] = own;
				own_slot = i;
			}
		LWLockRelease(&shared->lock);
	}
}

void
progress_phase(ProgressPhase phase, int fold, int folds)
{
	if (!active)
		return;
	own.phase = phase;
	own.fold = fold;
	own.folds = folds;
	if (phase == PROGRESS_SENDING)
	{
		own.training_began = 0;
		own.round = own.rounds = 0;
		own.metric[0] = '\0';
		own.value = get_float8_nan();
	}
	if (phase == PROGRESS_TRAINING)
		own.training_began = own.round_at = GetCurrentTimestamp();
	rows_looked_at = 0;
	publish();
	write_line();
}

void
progress_rows(int64 rows)
{
	if (!active)
		return;
	own.rows = rows;
	if (rows - rows_looked_at >= ROWS_INTERVAL)
	{
		rows_looked_at = rows;
		publish();
		write_line();
	}
}

void
progress_round(int round, int rounds, const char *metric, double value)
{
	if (!active)
		return;
	own.round = round;
	own.rounds = rounds;
	own.round_at = GetCurrentTimestamp();
	own.value = value;
	copy_clipped(own.metric, metric != NULL ? metric : "", METRIC_LENGTH);
	publish();
	write_line();
}

void
progress_end(void)
{
	free_slot();
}

/* ----------
 * SQL
 * ----------
 */

/* When the rounds will be done if they go on as they went. */
static bool
estimate_end(const ProgressSlot *slot, TimestampTz *end)
{
	if (slot->phase != PROGRESS_TRAINING || slot->round <= 0 || slot->folds > 0)
		return false;
	*end = slot->round_at +
		(slot->round_at - slot->training_began) / slot->round * (slot->rounds - slot->round);
	return true;
}

/* The name as this database can show it: of another encoding's, ASCII is what is common. */
static char *
model_name(const ProgressSlot *slot)
{
	char	   *name = pstrdup(slot->model);

	return slot->encoding == GetDatabaseEncoding() ? name : message_ascii(name);
}

static void
put_int_if(ResultRow *row, bool known, int value)
{
	if (known)
		row_put_int(row, value);
	else
		row_put_null(row);
}

static bool
may_see(const ProgressSlot *slot)
{
	return has_privs_of_role(GetUserId(), slot->role) ||
		has_privs_of_role(GetUserId(), ROLE_PG_READ_ALL_STATS);
}

static void
put_slot(const ProgressSlot *slot, ReturnSetInfo *result)
{
	ResultRow	row = {0};
	TimestampTz end;

	row_put_int(&row, slot->pid);
	row_put_text(&row, get_database_name(slot->database));
	row_put_text(&row, GetUserNameFromId(slot->role, true));
	row_put_text(&row, model_name(slot));
	row_put_text(&row, phase_names[slot->phase]);
	put_int_if(&row, slot->folds > 0, slot->fold);
	put_int_if(&row, slot->folds > 0, slot->folds);
	row_put_bigint(&row, slot->rows);
	put_int_if(&row, slot->rounds > 0, slot->round);
	put_int_if(&row, slot->rounds > 0, slot->rounds);
	row_put_text(&row, slot->metric[0] != '\0' ? slot->metric : NULL);
	row_put_float_if(&row, slot->metric[0] != '\0', slot->value);
	row_put_time(&row, slot->started);
	if (estimate_end(slot, &end))
		row_put_time(&row, end);
	else
		row_put_null(&row);
	row_emit(&row, result);
}

PG_FUNCTION_INFO_V1(company_risk_training_state);
Datum
company_risk_training_state(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	ProgressSlot slots[PROGRESS_SLOTS];

	InitMaterializedSRF(fcinfo, 0);
	if (!attach_slots())
		return (Datum) 0;
	LWLockAcquire(&shared->lock, LW_SHARED);
	memcpy(slots, shared->slots, sizeof(slots));
	LWLockRelease(&shared->lock);

	for (int i = 0; i < PROGRESS_SLOTS; i++)
		if (slots[i].pid != 0 && BackendPidGetProc(slots[i].pid) != NULL && may_see(&slots[i]))
			put_slot(&slots[i], result);
	return (Datum) 0;
}
