/*
 * shared_models.c
 *		One copy of each model's forest image for all connections.
 *
 * Where things are
 *
 * - The directory: a small struct in shared memory with a fixed array of
 *	 slots, found by name (see shared_struct_attach), created by the first
 *	 backend that needs it.  A slot describes one image: whose it is, where it
 *	 is, who uses it.
 * - One dynamic shared memory (DSM) segment per image, pinned, so that it
 *	 lives until somebody unpins it, whoever is connected.
 * - In every backend, a hash table of the images it has mapped, by digest.  Its
 *	 entries also hold private copies, for images that could not be shared.
 *
 * An image is addressed by (database, digest of its content), is never changed
 * once published, and holds offsets only: each backend maps it elsewhere.
 *
 * A slot's life
 *
 *	 FREE -> LOADING	a backend claims it, then builds the image, unlocked
 *	 LOADING -> READY	the segment exists, is filled and pinned
 *	 LOADING -> FREE	the build failed, or there was no room: everybody
 *						waiting is woken and looks again
 *	 READY -> FREE		the segment is unpinned
 *
 * Invariants
 *
 * 1. A slot leaves LOADING only by the hand of its loader.
 * 2. slot->backends is the number of backends whose hash table has an entry
 *	 for the slot (for the moment of attaching, one more).  A backend counts
 *	 itself, under the lock, before it attaches the segment; a slot is freed
 *	 only when the count is zero.  So a slot number in a hash entry stays good,
 *	 and the handle of a counted slot is attachable.
 * 3. A READY slot's segment is pinned exactly once; whoever frees the slot
 *	 unpins it, right after releasing the lock.  Memory goes when the last
 *	 mapping goes.
 * 4. An entry with pins > 0 is never removed.
 *
 * Locks
 *
 * directory->lock guards every slot; only last_used and the generation are
 * read and written without it.  It is a leaf: nothing that can wait, error,
 * allocate or take another lock happens while it is held.  Never call the
 * builder or the registry under it.  Waiting for a load is on
 * directory->load_done.
 *
 * A wait on a condition variable is invisible to the deadlock detector.  If
 * the loader waits for a heavyweight lock that the waiter (or somebody behind
 * it) holds, both would wait for ever.  So a waiter who has waited for a second
 * and sees the loader in a lock wait stops waiting and builds the image itself:
 * it then gets it, or waits where the detector sees it.
 *
 * When things end
 *
 * - A slot is superseded when no candidate or production version has its
 *	 digest any more.  This is found by a sweep, which asks the registry, each
 *	 time a backend meets an image for the first time.  Readers with an old
 *	 snapshot may still use the image, and whoever names a retired version may
 *	 load it: the flag means "nobody will miss it", not "forbidden".  A
 *	 superseded image is freed when its last backend drops it.
 * - A backend drops its unpinned mappings of superseded images at its next
 *	 acquire.  An idle pooled connection keeps an old image until then.
 * - Under the limit, for want of slots and for want of memory, images that no
 *	 backend has mapped go first, least recently used first; a backend that
 *	 needs room also drops what it has mapped but does not use.
 * - An image that cannot be shared becomes a private copy.  One WARNING per
 *	 session says so, because a thousand connections with a copy each is what
 *	 this file is there to prevent.  The copy is offered again for sharing
 *	 after a while, freed when no version in use has its digest, and a backend
 *	 keeps only a few that nothing uses.
 *
 * When things go wrong
 *
 * - ERROR in the builder: caught, the slot is freed, waiters are woken, thrown
 *	 on.  The next waiter claims the slot and tries for itself.
 * - FATAL (and every exit): an exit callback frees what this backend is
 *	 loading and takes back its counts.  It is a before_shmem_exit callback
 *	 because from 17 on the directory is itself a dynamic segment, gone when
 *	 on_shmem_exit callbacks run.  Mappings are left to dsm_backend_shutdown.
 *	 (One callback for the session, rather than PG_ENSURE_ERROR_CLEANUP: that
 *	 wants to be the latest callback when it ends, and a builder that made the
 *	 server register another would break it.)
 * - Between creating a segment and publishing it nothing waits for interrupts;
 *	 on ERROR the mapping is removed, on FATAL it goes with the process, and
 *	 the segment with it, since it is pinned last.
 * - Crash of a backend: the postmaster removes all segments and re-creates
 *	 shared memory; the directory is then empty, and models are loaded again
 *	 when they are used.
 * - Aborts, savepoints, prepared transactions: nothing to do, see above: no
 *	 row visible means no digest to ask for.
 * - Hot standby: nothing here writes.  A load can be cancelled by a recovery
 *	 conflict like any query.
 * - Parallel workers take the same path, without the sweep; their leader
 *	 leaves it out meanwhile too, and makes up for it at its next acquire.
 */
#include "postgres.h"

#include "access/parallel.h"
#include "access/xact.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "port/atomics.h"
#include "storage/condition_variable.h"
#include "storage/dsm.h"
#include "storage/ipc.h"
#include "storage/lwlock.h"
#include "storage/proc.h"
#include "storage/procarray.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"
#include "utils/resowner.h"
#include "utils/syscache.h"

#include "company_risk.h"
#include "compat.h"
#include "core/forest.h"
#include "registry.h"
#include "shared_models.h"

/* The number is the layout's version: change it with SharedDirectory. */
#define DIRECTORY_NAME "company_risk model images 1"
#define DIRECTORY_SLOTS 64
#define DIRECTORY_MAX_SIZE 8192 /* it may have to live off the slack */

#define LWLOCK_TRANCHE_NAME "company_risk"
#define WAIT_EVENT_NAME "CompanyRiskModelLoad"

/* The part of a wait event that is its class, PG_WAIT_LOCK or another. */
#define WAIT_CLASS_MASK 0xFF000000U

/* A cache line; segments are page-aligned. */
#define IMAGE_ALIGNMENT 64

/* How long to wait before looking whether the loader is stuck. */
#define LOAD_WAIT_MS 1000

/*
 * For how long after an image found no room nobody tries again.  Without it a
 * crowd that waited for one load would build one after the other, each to find
 * the same lack of room, instead of all at once.
 */
#define REFUSAL_MS 5000

/* After this time a private copy that could not be shared is offered again. */
#define PRIVATE_RETRY_MS 60000

/* Private copies that a backend keeps though nothing uses them. */
#define MAX_IDLE_PRIVATE 4

typedef enum SlotState
{
	SLOT_FREE = 0,
	SLOT_LOADING,
	SLOT_READY
} SlotState;

/* Why an image is not shared. */
typedef enum Refusal
{
	REFUSED_NOT,
	REFUSED_BY_CHOICE,			/* setting 0, single-user mode, stuck loader */
	REFUSED_NO_DIRECTORY,
	REFUSED_DIRECTORY_FULL,
	REFUSED_LIMIT,
	REFUSED_NO_MEMORY,
	REFUSED_NO_SEGMENT
} Refusal;

/* The key and the history of a free slot are those of its last image. */
typedef struct ImageSlot
{
	uint8		digest[CONTENT_DIGEST_LENGTH];
	Oid			database;
	SlotState	state;
	dsm_handle	handle;			/* READY only */
	int			loader;			/* process id, LOADING only */
	int			backends;		/* backends that have it mapped */
	bool		superseded;
	Size		size;			/* counts towards the limit; LOADING: reserved */
	int64		loads;			/* times published */
	TimestampTz loaded_at;
	TimestampTz refused_at;		/* when it found no room, or 0 */
	Refusal		refusal;
	pg_atomic_uint64 last_used; /* a TimestampTz */
} ImageSlot;

typedef struct SharedDirectory
{
	LWLock		lock;
	ConditionVariable load_done;
	pg_atomic_uint64 generation;	/* changes when a superseded flag does */
	ImageSlot	slots[DIRECTORY_SLOTS];
} SharedDirectory;

StaticAssertDecl(sizeof(SharedDirectory) <= DIRECTORY_MAX_SIZE,
				 "directory of model images is too large for the slack");

/* An image that this backend has mapped or owns. */
typedef struct LocalImage
{
	uint8		digest[CONTENT_DIGEST_LENGTH];	/* hash key, must be first */
	ModelImage	image;
	int			slot;			/* -1: private */
	dsm_segment *segment;		/* shared only */
	MemoryContext context;		/* private only */
	bool		stale;			/* drop when unpinned */
	TimestampTz loaded_at;
	TimestampTz last_used;
} LocalImage;

/* What the builder made; lives in a context of its own. */
typedef struct BuiltImage
{
	MemoryContext context;
	const void *data;
	Size		size;
	bool		was_private;	/* nothing else is in the context */
} BuiltImage;

/* Segments of freed slots, to be unpinned once the lock is released. */
typedef struct FreedSegments
{
	int			count;
	uint64		size;
	dsm_handle	handles[DIRECTORY_SLOTS];
} FreedSegments;

/* NULL until this backend needs it. */
static SharedDirectory *directory = NULL;

/* Attaching it failed once: this session shares nothing. */
static bool directory_unavailable = false;

static HTAB *local_images = NULL;
static int	stale_images = 0;	/* entries of local_images that are stale */
static uint64 seen_generation = 0;
static bool sweep_due = false;
static bool exiting = false;
static bool warned = false;

#ifdef SHARED_STRUCT_IN_MAIN_SEGMENT
static shmem_request_hook_type previous_shmem_request_hook = NULL;
static shmem_startup_hook_type previous_shmem_startup_hook = NULL;
#endif

static void leave_at_exit(int code, Datum argument);

PG_FUNCTION_INFO_V1(company_risk_loaded_models);


/* ------------------------------------------------------------------------
 * Attaching the directory
 * ------------------------------------------------------------------------
 */

/* Runs once per cluster life, under the lock of whatever finds it by name. */
static void
directory_initialize(void *pointer)
{
	SharedDirectory *fresh = pointer;

	memset(fresh, 0, sizeof(SharedDirectory));
	LWLockInitialize(&fresh->lock, LWLockNewTrancheId());
	ConditionVariableInit(&fresh->load_done);
	pg_atomic_init_u64(&fresh->generation, 1);
	for (int i = 0; i < DIRECTORY_SLOTS; i++)
		pg_atomic_init_u64(&fresh->slots[i].last_used, 0);
}

#ifdef SHARED_STRUCT_IN_MAIN_SEGMENT

/* When preloaded, we need not live off the slack. */
static void
request_directory(void)
{
	if (previous_shmem_request_hook)
		previous_shmem_request_hook();

	RequestAddinShmemSpace(MAXALIGN(sizeof(SharedDirectory)));
}

/*
 * When preloaded, takes the requested space before anybody else does.  Leaves no
 * pointer behind for backends to inherit: each attaches for itself, because each
 * needs its own exit callback.  Runs again after a crash.
 */
static void
create_directory(void)
{
	if (previous_shmem_startup_hook)
		previous_shmem_startup_hook();

	directory = NULL;
	directory_unavailable = false;
	(void) shared_struct_attach(DIRECTORY_NAME, sizeof(SharedDirectory),
								directory_initialize);
}

#endif

void
shared_models_init(void)
{
#ifdef SHARED_STRUCT_IN_MAIN_SEGMENT
	if (process_shared_preload_libraries_in_progress)
	{
		previous_shmem_request_hook = shmem_request_hook;
		shmem_request_hook = request_directory;
		previous_shmem_startup_hook = shmem_startup_hook;
		shmem_startup_hook = create_directory;
	}
#endif
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
 * Calls action(argument) and returns NULL, or the error that it threw if it is to
 * be survived: a shortage, or, if any_failure, everything but a cancellation.
 * Other errors go on.
 *
 * There is no subtransaction, which parallel workers may not start.  Instead the
 * action works under a resource owner of its own, released as aborted: a
 * dsm_create that fails leaves its descriptor to the resource owner.  Nothing else
 * is undone: only for calls that do not change more than that.
 */
static ErrorData *
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

static void
attach_action(void *argument)
{
	SharedDirectory **result = argument;

	*result = shared_struct_attach(DIRECTORY_NAME, sizeof(SharedDirectory),
								   directory_initialize);
}

/*
 * Makes `directory` valid in this backend; false when that cannot be.  A failure
 * is remembered, and put into *failure when it happens.
 */
static bool
directory_attach(ErrorData **failure)
{
	SharedDirectory *found = NULL;

	if (directory != NULL)
		return true;
	if (directory_unavailable || !IsUnderPostmaster)
		return false;

	/*
	 * Any failure: some releases before 19 leave an entry that is broken for
	 * good when there is no memory for a named segment, and say so in terms
	 * that are not those of a shortage.
	 */
	*failure = survive_failure(attach_action, &found, true);
	if (*failure != NULL)
	{
		directory_unavailable = true;
		return false;
	}

	LWLockRegisterTranche(found->lock.tranche, LWLOCK_TRANCHE_NAME);
	before_shmem_exit(leave_at_exit, (Datum) 0);
	directory = found;

	return true;
}


/* ------------------------------------------------------------------------
 * Slots.  What is named slot_... wants the lock held exclusively.
 * ------------------------------------------------------------------------
 */

/* The slot of this database with this digest that is in use, or -1. */
static int
slot_find(const uint8 *digest)
{
	for (int i = 0; i < DIRECTORY_SLOTS; i++)
	{
		ImageSlot  *slot = &directory->slots[i];

		if (slot->state != SLOT_FREE &&
			slot->database == MyDatabaseId &&
			memcmp(slot->digest, digest, CONTENT_DIGEST_LENGTH) == 0)
			return i;
	}

	return -1;
}

/*
 * A free slot, or -1: best the one that had this image before, else the one whose
 * history is the oldest.
 */
static int
slot_find_free(const uint8 *digest)
{
	int			result = -1;
	TimestampTz oldest = 0;

	for (int i = 0; i < DIRECTORY_SLOTS; i++)
	{
		ImageSlot  *slot = &directory->slots[i];
		TimestampTz age = Max(slot->loaded_at, slot->refused_at);

		if (slot->state != SLOT_FREE)
			continue;
		if (slot->database == MyDatabaseId &&
			memcmp(slot->digest, digest, CONTENT_DIGEST_LENGTH) == 0)
			return i;
		if (result < 0 || age < oldest)
		{
			result = i;
			oldest = age;
		}
	}

	return result;
}

static void
slot_claim(int number, const uint8 *digest)
{
	ImageSlot  *slot = &directory->slots[number];

	Assert(slot->state == SLOT_FREE && slot->backends == 0 && slot->size == 0);

	if (slot->database != MyDatabaseId ||
		memcmp(slot->digest, digest, CONTENT_DIGEST_LENGTH) != 0)
	{
		slot->database = MyDatabaseId;
		memcpy(slot->digest, digest, CONTENT_DIGEST_LENGTH);
		slot->loads = 0;
		slot->loaded_at = 0;
		slot->refused_at = 0;
	}
	slot->state = SLOT_LOADING;
	slot->loader = MyProcPid;
	slot->superseded = false;
}

/* Frees a READY slot that nobody has mapped; the caller unpins the segment. */
static void
slot_free(int number, FreedSegments *freed)
{
	ImageSlot  *slot = &directory->slots[number];

	Assert(slot->state == SLOT_READY && slot->backends == 0);
	Assert(freed->count < DIRECTORY_SLOTS);

	freed->handles[freed->count++] = slot->handle;
	freed->size += slot->size;

	slot->state = SLOT_FREE;
	slot->handle = DSM_HANDLE_INVALID;
	slot->size = 0;
	slot->superseded = false;
}

/* One backend less; the last one of a superseded image frees it. */
static void
slot_leave(int number, FreedSegments *freed)
{
	ImageSlot  *slot = &directory->slots[number];

	Assert(slot->state == SLOT_READY && slot->backends > 0);

	slot->backends--;
	if (slot->backends == 0 && slot->superseded)
		slot_free(number, freed);
}

/* Gives up a claim.  The caller wakes the waiters. */
static void
slot_abandon(int number)
{
	ImageSlot  *slot = &directory->slots[number];

	Assert(slot->state == SLOT_LOADING && slot->loader == MyProcPid);

	slot->state = SLOT_FREE;
	slot->loader = 0;
	slot->size = 0;
}

/* The image that nobody has mapped and that was used the longest ago, or -1. */
static int
slot_least_recently_used(void)
{
	int			result = -1;
	uint64		oldest = 0;

	for (int i = 0; i < DIRECTORY_SLOTS; i++)
	{
		ImageSlot  *slot = &directory->slots[i];
		uint64		used;

		if (slot->state != SLOT_READY || slot->backends > 0)
			continue;
		used = pg_atomic_read_u64(&slot->last_used);
		if (result < 0 || slot->superseded || used < oldest)
		{
			result = i;
			oldest = used;
			if (slot->superseded)
				break;
		}
	}

	return result;
}

/* Call this with the lock released. */
static void
unpin_segments(const FreedSegments *freed)
{
	for (int i = 0; i < freed->count; i++)
		dsm_unpin_segment(freed->handles[i]);
}


/* ------------------------------------------------------------------------
 * This backend's images
 * ------------------------------------------------------------------------
 */

static void
local_images_create(void)
{
	HASHCTL		control;

	if (local_images != NULL)
		return;

	memset(&control, 0, sizeof(control));
	control.keysize = CONTENT_DIGEST_LENGTH;
	control.entrysize = sizeof(LocalImage);
	control.hcxt = TopMemoryContext;
	local_images = hash_create("company_risk model images", 16, &control,
							   HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

static void
local_image_set_stale(LocalImage *entry, bool stale)
{
	if (entry->stale != stale)
		stale_images += stale ? 1 : -1;
	entry->stale = stale;
}

/* Unmaps or frees an image that nothing uses, and forgets it. */
static void
local_image_drop(LocalImage *entry)
{
	Assert(entry->image.pins == 0);

	local_image_set_stale(entry, false);
	if (entry->slot >= 0)
	{
		FreedSegments freed = {0};

		dsm_detach(entry->segment);
		LWLockAcquire(&directory->lock, LW_EXCLUSIVE);
		slot_leave(entry->slot, &freed);
		LWLockRelease(&directory->lock);
		unpin_segments(&freed);
	}
	else
		MemoryContextDelete(entry->context);
	hash_search(local_images, entry->digest, HASH_REMOVE, NULL);
}

/*
 * Drops what is stale and unpinned, except for the image that is about to be
 * used: whoever keeps asking for a retired version must not load it each time.
 * Nearly always this is one atomic read.
 */
static void
drop_stale_images(const uint8 *wanted)
{
	HASH_SEQ_STATUS status;
	LocalImage *entry;

	if (directory != NULL)
	{
		uint64		generation = pg_atomic_read_u64(&directory->generation);

		if (generation != seen_generation)
		{
			LWLockAcquire(&directory->lock, LW_SHARED);
			hash_seq_init(&status, local_images);
			while ((entry = hash_seq_search(&status)) != NULL)
			{
				if (entry->slot >= 0)
					local_image_set_stale(entry,
										  directory->slots[entry->slot].superseded);
			}
			LWLockRelease(&directory->lock);
			seen_generation = generation;
		}
	}

	if (stale_images == 0)
		return;

	hash_seq_init(&status, local_images);
	while ((entry = hash_seq_search(&status)) != NULL)
	{
		if (entry->stale && entry->image.pins == 0 &&
			memcmp(entry->digest, wanted, CONTENT_DIGEST_LENGTH) != 0)
			local_image_drop(entry);
	}
}

/* Drops the shared images that this backend has mapped but does not use. */
static void
drop_idle_mappings(void)
{
	HASH_SEQ_STATUS status;
	LocalImage *entry;

	hash_seq_init(&status, local_images);
	while ((entry = hash_seq_search(&status)) != NULL)
	{
		if (entry->slot >= 0 && entry->image.pins == 0)
			local_image_drop(entry);
	}
}

/* Keeps the number of private copies that nothing uses in bounds. */
static void
drop_idle_private_images(void)
{
	for (;;)
	{
		HASH_SEQ_STATUS status;
		LocalImage *entry;
		LocalImage *oldest = NULL;
		int			idle = 0;

		hash_seq_init(&status, local_images);
		while ((entry = hash_seq_search(&status)) != NULL)
		{
			if (entry->slot >= 0 || entry->image.pins > 0)
				continue;
			idle++;
			if (oldest == NULL || entry->last_used < oldest->last_used)
				oldest = entry;
		}
		if (idle < MAX_IDLE_PRIVATE)
			break;
		local_image_drop(oldest);
	}
}

/*
 * At exit: gives up loads that FATAL interrupted and takes back this backend's
 * counts.  The mappings themselves are removed by dsm_backend_shutdown, later; a
 * segment that is unpinned here lives until then.
 */
static void
leave_at_exit(int code pg_attribute_unused(),
			  Datum argument pg_attribute_unused())
{
	FreedSegments freed = {0};

	exiting = true;

	LWLockAcquire(&directory->lock, LW_EXCLUSIVE);
	for (int i = 0; i < DIRECTORY_SLOTS; i++)
	{
		ImageSlot  *slot = &directory->slots[i];

		if (slot->state == SLOT_LOADING && slot->loader == MyProcPid)
			slot_abandon(i);
	}
	if (local_images != NULL)
	{
		HASH_SEQ_STATUS status;
		LocalImage *entry;

		hash_seq_init(&status, local_images);
		while ((entry = hash_seq_search(&status)) != NULL)
		{
			if (entry->slot >= 0)
				slot_leave(entry->slot, &freed);
			entry->slot = -1;
		}
	}
	LWLockRelease(&directory->lock);

	ConditionVariableBroadcast(&directory->load_done);
	unpin_segments(&freed);
}


/* ------------------------------------------------------------------------
 * The sweep: finding out what is superseded
 * ------------------------------------------------------------------------
 */

typedef struct SweptSlot
{
	int			number;
	Oid			database;
	uint8		digest[CONTENT_DIGEST_LENGTH];
	bool		in_use;
} SweptSlot;

/*
 * Asks the registry, under its latest contents, which images are still wanted,
 * and sets or clears the flags accordingly.  Other databases' registries cannot
 * be read from here; of those, we only notice when the whole database is gone.
 *
 * The image that is about to be used (wanted) may be marked but is not freed.
 */
static void
sweep_superseded(const uint8 *wanted)
{
	SweptSlot	swept[DIRECTORY_SLOTS];
	int			nswept = 0;
	FreedSegments freed = {0};
	HASH_SEQ_STATUS status;
	LocalImage *entry;
	List	   *private_images = NIL;
	ListCell   *cell;
	bool		changed = false;

	/*
	 * Not then: each worker of each query would do it anew, and some ways to
	 * get the latest snapshot are refused.  Make up for it later.
	 */
	if (IsInParallelMode())
	{
		sweep_due = true;
		return;
	}

	if (directory != NULL)
	{
		LWLockAcquire(&directory->lock, LW_SHARED);
		for (int i = 0; i < DIRECTORY_SLOTS; i++)
		{
			ImageSlot  *slot = &directory->slots[i];

			if (slot->state != SLOT_READY)
				continue;
			swept[nswept].number = i;
			swept[nswept].database = slot->database;
			memcpy(swept[nswept].digest, slot->digest, CONTENT_DIGEST_LENGTH);
			nswept++;
		}
		LWLockRelease(&directory->lock);
	}

	for (int i = 0; i < nswept; i++)
	{
		if (swept[i].database == MyDatabaseId)
			swept[i].in_use = registry_digest_in_use(swept[i].digest);
		else
			swept[i].in_use = SearchSysCacheExists1(DATABASEOID,
													ObjectIdGetDatum(swept[i].database));
	}

	/* The registry is not to be read in the middle of a hash table scan. */
	hash_seq_init(&status, local_images);
	while ((entry = hash_seq_search(&status)) != NULL)
	{
		if (entry->slot < 0)
			private_images = lappend(private_images, entry);
	}
	foreach(cell, private_images)
	{
		entry = lfirst(cell);
		local_image_set_stale(entry, !registry_digest_in_use(entry->digest));
	}
	list_free(private_images);

	if (nswept > 0)
	{
		LWLockAcquire(&directory->lock, LW_EXCLUSIVE);
		for (int i = 0; i < nswept; i++)
		{
			ImageSlot  *slot = &directory->slots[swept[i].number];

			/* Meanwhile it may have been freed, and even used again. */
			if (slot->state != SLOT_READY ||
				slot->database != swept[i].database ||
				memcmp(slot->digest, swept[i].digest, CONTENT_DIGEST_LENGTH) != 0)
				continue;

			/* Only its own database may say that it is in use again. */
			if (slot->superseded == swept[i].in_use &&
				(slot->database == MyDatabaseId || !swept[i].in_use))
			{
				slot->superseded = !swept[i].in_use;
				changed = true;
			}
			if (slot->superseded && slot->backends == 0 &&
				(slot->database != MyDatabaseId ||
				 memcmp(slot->digest, wanted, CONTENT_DIGEST_LENGTH) != 0))
				slot_free(swept[i].number, &freed);
		}
		LWLockRelease(&directory->lock);
		if (changed)
			pg_atomic_fetch_add_u64(&directory->generation, 1);
		unpin_segments(&freed);
	}

	sweep_due = false;
}


/* ------------------------------------------------------------------------
 * Room
 * ------------------------------------------------------------------------
 */

/*
 * Frees images that nobody has mapped until `wanted` bytes (and at least one
 * slot) are freed.  Frees nothing and returns false when that is impossible: an
 * image too large for the machine must not cost everybody else theirs.
 */
static bool
make_room(uint64 wanted)
{
	for (int attempt = 0; attempt < 2; attempt++)
	{
		FreedSegments freed = {0};
		uint64		available = 0;
		int			candidates = 0;
		bool		enough;

		LWLockAcquire(&directory->lock, LW_EXCLUSIVE);
		for (int i = 0; i < DIRECTORY_SLOTS; i++)
		{
			ImageSlot  *slot = &directory->slots[i];

			if (slot->state == SLOT_READY && slot->backends == 0)
			{
				available += slot->size;
				candidates++;
			}
		}
		enough = candidates > 0 && available >= wanted;
		while (enough && (freed.count == 0 || freed.size < wanted))
			slot_free(slot_least_recently_used(), &freed);
		LWLockRelease(&directory->lock);
		unpin_segments(&freed);

		if (enough)
			return true;

		/* Then perhaps with what this backend could do without. */
		if (attempt == 0)
			drop_idle_mappings();
	}

	return false;
}

/* Puts the size of a claimed slot's image on the account, if there is room. */
static bool
reserve_room(int number, Size size)
{
	uint64		limit;

	if (company_risk_shared_memory_limit < 0)
		limit = PG_UINT64_MAX;
	else
		limit = (uint64) company_risk_shared_memory_limit * 1024 * 1024;
	if (size > limit)
		return false;

	for (;;)
	{
		uint64		used = 0;
		bool		fits;

		LWLockAcquire(&directory->lock, LW_EXCLUSIVE);
		for (int i = 0; i < DIRECTORY_SLOTS; i++)
			used += directory->slots[i].size;
		fits = used <= limit && size <= limit - used;
		if (fits)
			directory->slots[number].size = size;
		LWLockRelease(&directory->lock);

		if (fits)
			return true;

		/* What is lacking; the limit may have been lowered below `used`. */
		if (!make_room(used + size - limit))
			return false;
	}
}

typedef struct SegmentRequest
{
	Size		size;
	dsm_segment *segment;
} SegmentRequest;

static void
create_segment_action(void *argument)
{
	SegmentRequest *request = argument;

	request->segment = dsm_create(request->size, DSM_CREATE_NULL_IF_MAXSEGMENTS);
	if (request->segment != NULL)
		dsm_pin_mapping(request->segment);
}

/*
 * A new segment, with its mapping pinned for the session; NULL when there is no
 * memory (then with the error that says so) or no DSM slot for it.
 */
static dsm_segment *
create_segment(Size size, ErrorData **failure)
{
	SegmentRequest request = {.size = size};

	for (int attempt = 0; attempt < 2; attempt++)
	{
		*failure = survive_failure(create_segment_action, &request, false);
		if (request.segment != NULL)
			break;

		/* For want of a DSM slot, any image will do. */
		if (attempt == 0 && !make_room(*failure != NULL ? size : 0))
			break;
	}

	return request.segment;
}

/* Once per session; of a query's parallel workers, only the first speaks. */
static void
warn_not_shared(Refusal refusal, Size size, const ErrorData *failure)
{
	if (refusal == REFUSED_BY_CHOICE || warned || ParallelWorkerNumber > 0)
		return;
	Assert(refusal != REFUSED_NOT);
	warned = true;

	ereport(WARNING,
			(errcode(failure ? failure->sqlerrcode : ERRCODE_INSUFFICIENT_RESOURCES),
			 errmsg("could not put a model into shared memory"),
			 refusal == REFUSED_LIMIT ?
			 errdetail("The model needs %zu kB, and company_risk.shared_memory_limit (%d MB) leaves no room beside the models in use. This session uses a private copy.",
					   (size + 1023) / 1024, company_risk_shared_memory_limit) :
			 refusal == REFUSED_DIRECTORY_FULL ?
			 errdetail("The model needs %zu kB, but all %d places are taken by models in use. This session uses a private copy.",
					   (size + 1023) / 1024, DIRECTORY_SLOTS) :
			 refusal == REFUSED_NO_SEGMENT ?
			 errdetail("The model needs %zu kB, but there are too many dynamic shared memory segments. This session uses a private copy.",
					   (size + 1023) / 1024) :
			 errdetail("The model needs %zu kB: %s. This session uses a private copy.",
					   (size + 1023) / 1024,
					   failure ? failure->message : "out of shared memory"),
			 refusal == REFUSED_LIMIT ?
			 errhint("Raise company_risk.shared_memory_limit, or end sessions that hold models no longer needed.") :
			 refusal == REFUSED_DIRECTORY_FULL ?
			 errhint("Retire versions that are no longer needed.") :
			 refusal == REFUSED_NO_SEGMENT ?
			 errhint("Raise max_connections, from which the number of segments follows.") :
			 errhint("Enlarge /dev/shm (in a container: docker run --shm-size), or set min_dynamic_shared_memory.")));
}


/* ------------------------------------------------------------------------
 * Building, attaching, publishing
 * ------------------------------------------------------------------------
 */

/* Errors when the bytes are not what the rest of the extension expects. */
static void
check_header(const void *data, Size size)
{
	/*
	 * The header only: the whole image was checked when it was made, and a
	 * look at every node would cost each connection what sharing saves.
	 */
	const char *message = forest_header_error(data, size);

	if (message != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("invalid model image: %s", message)));
}

static void
build_image(BuiltImage *built, ModelImageBuilder builder, void *argument)
{
	MemoryContext caller_context;
	void	   *data;

	Assert(built->data == NULL);

	built->context = AllocSetContextCreate(CurrentMemoryContext,
										   "company_risk image build",
										   ALLOCSET_DEFAULT_SIZES);
	caller_context = MemoryContextSwitchTo(built->context);
	data = builder(argument, &built->size);
	MemoryContextSwitchTo(caller_context);

	check_header(data, built->size);
	built->data = data;
}

static void
discard_built(BuiltImage *built)
{
	if (built->context != NULL)
		MemoryContextDelete(built->context);
	memset(built, 0, sizeof(BuiltImage));
}

/* A new entry, with nothing in it yet. */
static LocalImage *
local_image_enter(const uint8 *digest)
{
	bool		found;
	LocalImage *entry = hash_search(local_images, digest, HASH_ENTER, &found);

	Assert(!found);
	memset(&entry->image, 0, sizeof(ModelImage));
	entry->slot = -1;
	entry->segment = NULL;
	entry->context = NULL;
	entry->stale = false;
	entry->loaded_at = GetCurrentTimestamp();
	entry->last_used = entry->loaded_at;

	return entry;
}

static void
local_image_set_shared(LocalImage *entry, int number,
					   dsm_segment *segment, Size size)
{
	entry->slot = number;
	entry->segment = segment;
	entry->image.data = dsm_segment_address(segment);
	entry->image.size = size;
	entry->image.shared = true;
}

/*
 * Maps the image of a READY slot on which this backend has been counted.  NULL
 * when the segment is gone after all.
 */
static LocalImage *
attach_image(int number, const uint8 *digest)
{
	/* Counted, so neither changes. */
	dsm_handle	handle = directory->slots[number].handle;
	Size		size = directory->slots[number].size;
	dsm_segment *volatile segment = NULL;
	LocalImage *volatile entry = NULL;

	PG_TRY();
	{
		/* Attaching twice is an error. */
		segment = dsm_find_mapping(handle);
		if (segment == NULL)
			segment = dsm_attach(handle);
		if (segment != NULL)
		{
			if (dsm_segment_map_length(segment) < size)
				ereport(ERROR,
						(errcode(ERRCODE_DATA_CORRUPTED),
						 errmsg("model image of %zu bytes is in a segment of %zu bytes",
								size, dsm_segment_map_length(segment))));
			check_header(dsm_segment_address(segment), size);
			entry = local_image_enter(digest);
			dsm_pin_mapping(segment);
		}
	}
	PG_CATCH();
	{
		FreedSegments freed = {0};
		bool		damaged = geterrcode() == ERRCODE_DATA_CORRUPTED;

		hash_search(local_images, digest, HASH_REMOVE, NULL);
		if (segment != NULL)
			dsm_detach(segment);

		/* A damaged image is not for use by anybody: out with it. */
		LWLockAcquire(&directory->lock, LW_EXCLUSIVE);
		if (damaged)
			directory->slots[number].superseded = true;
		slot_leave(number, &freed);
		LWLockRelease(&directory->lock);
		if (damaged)
			pg_atomic_fetch_add_u64(&directory->generation, 1);
		unpin_segments(&freed);
		PG_RE_THROW();
	}
	PG_END_TRY();

	if (segment == NULL)
	{
		/*
		 * Cannot be, as long as only this file pins and unpins.  Do not unpin
		 * what does not exist: just let go of the slot.
		 */
		LWLockAcquire(&directory->lock, LW_EXCLUSIVE);
		directory->slots[number].backends--;
		if (directory->slots[number].backends == 0)
		{
			FreedSegments lost = {0};

			slot_free(number, &lost);
		}
		LWLockRelease(&directory->lock);
		return NULL;
	}

	local_image_set_shared(entry, number, segment, size);
	return entry;
}

/*
 * Fills a slot that this backend has claimed: builds the image, unless that is
 * done already, and publishes it.  NULL when it cannot be shared; then the slot is
 * free again and *built holds the image.
 */
static LocalImage *
load_image(int number, const uint8 *digest,
		   ModelImageBuilder builder, void *argument,
		   BuiltImage *built, Refusal *refusal, ErrorData **failure)
{
	ImageSlot  *slot = &directory->slots[number];
	dsm_segment *volatile segment = NULL;
	LocalImage *volatile entry = NULL;

	PG_TRY();
	{
		if (built->data == NULL)
			build_image(built, builder, argument);

		if (!reserve_room(number, built->size))
			*refusal = REFUSED_LIMIT;
		else
		{
			segment = create_segment(built->size, failure);
			if (segment == NULL)
				*refusal = *failure ? REFUSED_NO_MEMORY : REFUSED_NO_SEGMENT;
		}
		if (segment != NULL)
		{
			memcpy(dsm_segment_address(segment), built->data, built->size);
			entry = local_image_enter(digest);
			dsm_pin_segment(segment);	/* last: nothing may fail after it */
		}
	}
	PG_CATCH();
	{
		hash_search(local_images, digest, HASH_REMOVE, NULL);
		if (segment != NULL)
			dsm_detach(segment);
		LWLockAcquire(&directory->lock, LW_EXCLUSIVE);
		slot_abandon(number);
		LWLockRelease(&directory->lock);
		ConditionVariableBroadcast(&directory->load_done);
		PG_RE_THROW();
	}
	PG_END_TRY();

	if (segment != NULL)
		local_image_set_shared(entry, number, segment, built->size);

	LWLockAcquire(&directory->lock, LW_EXCLUSIVE);
	if (segment != NULL)
	{
		Assert(slot->state == SLOT_LOADING && slot->loader == MyProcPid);
		Assert(slot->size == built->size);

		slot->state = SLOT_READY;
		slot->handle = dsm_segment_handle(segment);
		slot->loader = 0;
		slot->backends = 1;
		slot->loads++;
		slot->loaded_at = entry->loaded_at;
		slot->refused_at = 0;
		pg_atomic_write_u64(&slot->last_used, (uint64) entry->last_used);
	}
	else
	{
		slot_abandon(number);
		slot->refused_at = GetCurrentTimestamp();
		slot->refusal = *refusal;
	}
	LWLockRelease(&directory->lock);
	ConditionVariableBroadcast(&directory->load_done);

	return entry;
}

/*
 * Waits until nobody is loading this image.  False if its loader is himself
 * waiting for a heavyweight lock, perhaps one of ours.
 */
static bool
wait_for_load(const uint8 *digest)
{
	static uint32 wait_event = 0;
	bool		timed_out = false;
	bool		loading = true;

	if (wait_event == 0)
		wait_event = extension_wait_event(WAIT_EVENT_NAME);

	ConditionVariablePrepareToSleep(&directory->load_done);
	for (;;)
	{
		int			number;
		int			loader = 0;

		LWLockAcquire(&directory->lock, LW_SHARED);
		number = slot_find(digest);
		loading = number >= 0 &&
			directory->slots[number].state == SLOT_LOADING;
		if (loading)
			loader = directory->slots[number].loader;
		LWLockRelease(&directory->lock);

		if (!loading)
			break;
		if (timed_out)
		{
			PGPROC	   *proc = BackendPidGetProc(loader);

			if (proc != NULL &&
				(*(volatile uint32 *) &proc->wait_event_info &
				 WAIT_CLASS_MASK) == PG_WAIT_LOCK)
				break;
		}
		timed_out = ConditionVariableTimedSleep(&directory->load_done,
												LOAD_WAIT_MS, wait_event);
	}
	ConditionVariableCancelSleep();

	return !loading;
}

/* The image from shared memory, put there if need be; NULL if it cannot be. */
static LocalImage *
acquire_shared(const uint8 *digest, ModelImageBuilder builder, void *argument,
			   BuiltImage *built, Refusal *refusal, ErrorData **failure)
{
	for (;;)
	{
		int			number;
		LocalImage *entry;
		int			loader = 0;

		LWLockAcquire(&directory->lock, LW_EXCLUSIVE);
		number = slot_find(digest);
		if (number >= 0 && directory->slots[number].state == SLOT_READY)
		{
			directory->slots[number].backends++;
			LWLockRelease(&directory->lock);

			entry = attach_image(number, digest);
			if (entry != NULL)
				return entry;
			continue;
		}
		if (number >= 0)
			loader = directory->slots[number].loader;
		else
		{
			number = slot_find_free(digest);
			if (number >= 0)
			{
				ImageSlot  *slot = &directory->slots[number];

				if (slot->refused_at != 0 &&
					slot->database == MyDatabaseId &&
					memcmp(slot->digest, digest, CONTENT_DIGEST_LENGTH) == 0 &&
					!TimestampDifferenceExceeds(slot->refused_at,
												GetCurrentTimestamp(), REFUSAL_MS))
					*refusal = slot->refusal;
				else
					slot_claim(number, digest);
			}
		}
		LWLockRelease(&directory->lock);

		if (*refusal != REFUSED_NOT)
			return NULL;
		if (loader == MyProcPid)
			elog(ERROR, "model image is acquired while it is being built");
		if (loader != 0)
		{
			/* Having built it in vain, do not wait a second time. */
			if (built->data != NULL)
			{
				*refusal = REFUSED_BY_CHOICE;
				return NULL;
			}
			if (!wait_for_load(digest))
				build_image(built, builder, argument);
			continue;
		}
		if (number < 0)
		{
			if (make_room(0))
				continue;
			*refusal = REFUSED_DIRECTORY_FULL;
			return NULL;
		}

		return load_image(number, digest, builder, argument,
						  built, refusal, failure);
	}
}

/* The image in memory of this backend's own. */
static LocalImage *
acquire_private(const uint8 *digest, ModelImageBuilder builder, void *argument,
				BuiltImage *built)
{
	MemoryContext context;
	LocalImage *entry;
	const void *data;

	drop_idle_private_images();

	if (built->was_private)
	{
		context = built->context;
		data = built->data;
	}
	else
	{
		void	   *copy;

		if (built->data == NULL)
			build_image(built, builder, argument);

		/* Copied, because the builder left in its context all that it needed. */
		context = AllocSetContextCreate(CurrentMemoryContext,
										"company_risk private image",
										ALLOCSET_SMALL_SIZES);
		copy = MemoryContextAllocHuge(context,
									  add_size(built->size, IMAGE_ALIGNMENT));
		copy = (void *) TYPEALIGN(IMAGE_ALIGNMENT, copy);
		memcpy(copy, built->data, built->size);
		data = copy;
	}

	/* Under TopMemoryContext only when nothing can fail any more. */
	entry = local_image_enter(digest);
	MemoryContextSetParent(context, TopMemoryContext);
	entry->context = context;
	entry->image.data = data;
	entry->image.size = built->size;
	entry->image.shared = false;
	if (built->was_private)
		built->context = NULL;

	return entry;
}

/*
 * Takes a private copy that nothing uses out of the hash table, to be shared or
 * put back.  Should that fail, it goes with the caller's memory.
 */
static void
reclaim_private(LocalImage *entry, BuiltImage *built)
{
	Assert(entry->slot < 0 && entry->image.pins == 0);

	built->context = entry->context;
	built->data = entry->image.data;
	built->size = entry->image.size;
	built->was_private = true;
	MemoryContextSetParent(built->context, CurrentMemoryContext);
	local_image_set_stale(entry, false);
	hash_search(local_images, entry->digest, HASH_REMOVE, NULL);
}

/* Has it been private for long enough to try again to share it? */
static bool
is_worth_sharing(const LocalImage *entry)
{
	return entry->slot < 0 && entry->image.pins == 0 &&
		IsUnderPostmaster && !directory_unavailable &&
		company_risk_shared_memory_limit != 0 &&
		TimestampDifferenceExceeds(entry->loaded_at,
								   GetCurrentStatementStartTimestamp(),
								   PRIVATE_RETRY_MS);
}

ModelImage *
model_image_acquire(const uint8 *digest,
					ModelImageBuilder builder, void *argument)
{
	LocalImage *entry;
	BuiltImage	built = {0};

	Assert(!exiting);

	local_images_create();
	drop_stale_images(digest);

	entry = hash_search(local_images, digest, HASH_FIND, NULL);
	if (entry != NULL && is_worth_sharing(entry))
	{
		reclaim_private(entry, &built);
		entry = NULL;
	}

	if (entry == NULL)
	{
		Refusal		refusal = REFUSED_NOT;
		ErrorData  *failure = NULL;

		if (!IsUnderPostmaster || company_risk_shared_memory_limit == 0)
			refusal = REFUSED_BY_CHOICE;
		else if (!directory_attach(&failure))
			refusal = REFUSED_NO_DIRECTORY;

		/* First, because it may error, and may make room. */
		sweep_superseded(digest);

		if (refusal == REFUSED_NOT)
			entry = acquire_shared(digest, builder, argument,
								   &built, &refusal, &failure);
		if (entry == NULL)
		{
			entry = acquire_private(digest, builder, argument, &built);
			warn_not_shared(refusal, entry->image.size, failure);
		}
		discard_built(&built);
	}
	else if (sweep_due)
		sweep_superseded(digest);

	/* Cheap enough for each statement, and precise enough for evictions. */
	entry->last_used = GetCurrentStatementStartTimestamp();
	if (entry->slot >= 0)
		pg_atomic_write_u64(&directory->slots[entry->slot].last_used,
							(uint64) entry->last_used);

	entry->image.pins++;
	return &entry->image;
}

void
model_image_release(ModelImage *image)
{
	Assert(image->pins > 0);
	image->pins--;
}


/* ------------------------------------------------------------------------
 * The view risk.loaded_models
 * ------------------------------------------------------------------------
 */

#define LOADED_MODELS_COLUMNS 9

static Datum
digest_datum(const uint8 *digest)
{
	bytea	   *result = palloc(VARHDRSZ + CONTENT_DIGEST_LENGTH);

	SET_VARSIZE(result, VARHDRSZ + CONTENT_DIGEST_LENGTH);
	memcpy(VARDATA(result), digest, CONTENT_DIGEST_LENGTH);

	return PointerGetDatum(result);
}

/* The images of this database that are shared, and those private to us. */
Datum
company_risk_loaded_models(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	ErrorData  *failure = NULL;
	Datum		values[LOADED_MODELS_COLUMNS];
	bool		nulls[LOADED_MODELS_COLUMNS];

	InitMaterializedSRF(fcinfo, 0);

	if (directory_attach(&failure))
	{
		ImageSlot  *slots = palloc(sizeof(directory->slots));
		uint64		last_used[DIRECTORY_SLOTS];

		LWLockAcquire(&directory->lock, LW_SHARED);
		memcpy(slots, directory->slots, sizeof(directory->slots));
		for (int i = 0; i < DIRECTORY_SLOTS; i++)
			last_used[i] = pg_atomic_read_u64(&directory->slots[i].last_used);
		LWLockRelease(&directory->lock);

		for (int i = 0; i < DIRECTORY_SLOTS; i++)
		{
			ImageSlot  *slot = &slots[i];
			bool		ready = slot->state == SLOT_READY;

			if (slot->state == SLOT_FREE || slot->database != MyDatabaseId)
				continue;

			memset(nulls, 0, sizeof(nulls));
			values[0] = digest_datum(slot->digest);
			values[1] = Int64GetDatum((int64) slot->size);
			values[2] = CStringGetTextDatum("shared");
			values[3] = CStringGetTextDatum(ready ? "ready" : "loading");
			values[4] = Int32GetDatum(slot->backends);
			values[5] = Int64GetDatum(slot->loads);
			values[6] = TimestampTzGetDatum(slot->loaded_at);
			values[7] = TimestampTzGetDatum((TimestampTz) last_used[i]);
			values[8] = BoolGetDatum(slot->superseded);
			nulls[1] = nulls[6] = nulls[7] = !ready;
			tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc,
								 values, nulls);
		}
		pfree(slots);
	}

	if (local_images != NULL)
	{
		HASH_SEQ_STATUS status;
		LocalImage *entry;
		List	   *private_images = NIL;
		ListCell   *cell;

		hash_seq_init(&status, local_images);
		while ((entry = hash_seq_search(&status)) != NULL)
		{
			if (entry->slot < 0)
				private_images = lappend(private_images, entry);
		}
		foreach(cell, private_images)
		{
			entry = lfirst(cell);
			memset(nulls, 0, sizeof(nulls));
			values[0] = digest_datum(entry->digest);
			values[1] = Int64GetDatum((int64) entry->image.size);
			values[2] = CStringGetTextDatum("private");
			values[3] = CStringGetTextDatum("ready");
			values[4] = Int32GetDatum(1);
			values[5] = Int64GetDatum(1);
			values[6] = TimestampTzGetDatum(entry->loaded_at);
			values[7] = TimestampTzGetDatum(entry->last_used);
			values[8] = BoolGetDatum(entry->stale);
			tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc,
								 values, nulls);
		}
	}

	return (Datum) 0;
}
