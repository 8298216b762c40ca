/*
 * shared_struct.c
 *		Small structs that all backends find by name; calls whose failure is
 *		survived.
 *
 * Requests are kept until the postmaster asks for them (15 and 16, preloaded):
 * the request hook adds up the room, the startup hook takes it before anybody
 * else does.  It leaves no pointer behind for backends to inherit: each attaches
 * for itself, because each needs its own exit callback.  It runs again after a
 * crash.
 */
#include "base/shared_struct.h"

#include "miscadmin.h"
#include "storage/ipc.h"
#include "storage/lwlock.h"
#include "storage/shmem.h"
#include "utils/memutils.h"
#include "utils/resowner.h"

#include "base/compat.h"

typedef struct SharedStruct
{
	const char *name;
	Size		size;
	SharedStructInitialize initialize;
	void	   *address;
} SharedStruct;

#ifdef SHARED_STRUCT_IN_MAIN_SEGMENT

#define REQUESTS_MAX 4

static SharedStruct requests[REQUESTS_MAX];
static int	request_count = 0;
static shmem_request_hook_type previous_shmem_request_hook = NULL;
static shmem_startup_hook_type previous_shmem_startup_hook = NULL;

#endif

/* May error, then with an LWLock held. */
static void
attach_action(void *argument)
{
	SharedStruct *shared = argument;

	shared->address = named_shared_struct(shared->name, shared->size, shared->initialize);
}

#ifdef SHARED_STRUCT_IN_MAIN_SEGMENT

static void
request_structs(void)
{
	if (previous_shmem_request_hook)
		previous_shmem_request_hook();
	for (int i = 0; i < request_count; i++)
		RequestAddinShmemSpace(MAXALIGN(requests[i].size));
}

static void
create_structs(void)
{
	if (previous_shmem_startup_hook)
		previous_shmem_startup_hook();
	for (int i = 0; i < request_count; i++)
	{
		SharedStruct request = requests[i];

		attach_action(&request);
	}
}

#endif

void
shared_struct_request(const char *name, Size size, SharedStructInitialize initialize)
{
#ifdef SHARED_STRUCT_IN_MAIN_SEGMENT
	if (!process_shared_preload_libraries_in_progress)
		return;
	Assert(request_count < REQUESTS_MAX);
	if (request_count == 0)
	{
		previous_shmem_request_hook = shmem_request_hook;
		shmem_request_hook = request_structs;
		previous_shmem_startup_hook = shmem_startup_hook;
		shmem_startup_hook = create_structs;
	}
	requests[request_count++] = (SharedStruct) {name, size, initialize, NULL};
#endif
}

/*
 * Any failure is survived: some releases before 19 leave an entry that is broken
 * for good when there is no memory for a named segment, and say so in terms that
 * are not those of a shortage.
 */
void *
shared_struct_attach(const char *name, Size size, SharedStructInitialize initialize, ErrorData **failure)
{
	SharedStruct shared = {name, size, initialize, NULL};

	*failure = survive_failure(attach_action, &shared, true);
	return *failure == NULL ? shared.address : NULL;
}

/* Is the error one of those that mean "no room for this in shared memory"? */
static bool
is_shortage(int sqlerrcode)
{
	return ERRCODE_TO_CATEGORY(sqlerrcode) == ERRCODE_INSUFFICIENT_RESOURCES;
}

/* Does the error come from the user or the administrator, not from the action? */
static bool
is_intervention(int sqlerrcode)
{
	return ERRCODE_TO_CATEGORY(sqlerrcode) == ERRCODE_OPERATOR_INTERVENTION;
}

/*
 * There is no subtransaction, which parallel workers may not start.  Instead the
 * action works under a resource owner of its own, released as aborted: a
 * dsm_create that fails leaves its descriptor to the resource owner.  Nothing else
 * is undone: only for calls that do not change more than that.
 */
ErrorData *
survive_failure(void (*action) (void *), void *argument, bool any_failure)
{
	MemoryContext caller_context = CurrentMemoryContext;
	ResourceOwner caller_owner = CurrentResourceOwner;
	ResourceOwner owner = ResourceOwnerCreate(caller_owner, "company_risk");
	ErrorData  *volatile failure = NULL;
	bool		succeeded;

	CurrentResourceOwner = owner;
	PG_TRY();
	{
		action(argument);
	}
	PG_CATCH();
	{
		int			code = geterrcode();

		MemoryContextSwitchTo(caller_context);
		if (!(any_failure ? !is_intervention(code) : is_shortage(code)))
		{
			/* The owner is a child of the caller's and goes with it. */
			CurrentResourceOwner = caller_owner;
			PG_RE_THROW();
		}
		failure = CopyErrorData();
		FlushErrorState();

		/* Our callers hold none, so these are all of the action's. */
		LWLockReleaseAll();
	}
	PG_END_TRY();
	CurrentResourceOwner = caller_owner;

	succeeded = failure == NULL;
	ResourceOwnerRelease(owner, RESOURCE_RELEASE_BEFORE_LOCKS, succeeded, false);
	ResourceOwnerRelease(owner, RESOURCE_RELEASE_LOCKS, succeeded, false);
	ResourceOwnerRelease(owner, RESOURCE_RELEASE_AFTER_LOCKS, succeeded, false);
	ResourceOwnerDelete(owner);

	return failure;
}
