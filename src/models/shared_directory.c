/*
 * shared_directory.c
 *		The directory, in shared memory, of the images that backends share.
 *
 * Where things are
 *
 * - The directory: a small struct in shared memory with a fixed array of
 *	 slots, found by name (see shared_struct_attach), created by the first
 *	 backend that needs it.  A slot describes one image: whose it is, where it
 *	 is, who uses it.
 * - One dynamic shared memory (DSM) segment per image, pinned, so that it
 *	 lives until somebody unpins it, whoever is connected.
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
 * 2. slot->backends is the number of backends with counted[] set for the slot,
 *	 and each backend sets it together with the count, under the lock, before
 *	 it attaches the segment.  A slot is freed only when the count is zero.  So
 *	 a counted slot's number stays good, its handle attachable, and both handle
 *	 and size may be read without the lock.
 * 3. A READY slot's segment is pinned exactly once, by directory_publish;
 *	 whoever frees the slot unpins it, right after releasing the lock.  Memory
 *	 goes when the last mapping goes.
 *
 * Locks
 *
 * directory->lock guards every slot; only last_used and the generation are
 * written without it.  It is a leaf: nothing that can wait, error,
 * allocate or take another lock happens while it is held, and no function of
 * this file returns with it.  Waiting for a load is on directory->load_done.
 *
 * A wait on a condition variable is invisible to the deadlock detector.  If
 * the loader waits for a heavyweight lock that the waiter (or somebody behind
 * it) holds, both would wait for ever.  So a waiter who has waited for a second
 * and sees the loader in a lock wait stops waiting, to build the image itself:
 * it then gets it, or waits where the detector sees it.
 *
 * When things go wrong
 *
 * - FATAL (and every exit): an exit callback frees what this backend is
 *	 loading and takes back its counts.  It is a before_shmem_exit callback
 *	 because from 17 on the directory is itself a dynamic segment, gone when
 *	 on_shmem_exit callbacks run.  Mappings are left to dsm_backend_shutdown.
 *	 (One callback for the session, rather than PG_ENSURE_ERROR_CLEANUP: that
 *	 wants to be the latest callback when it ends, and a builder that made the
 *	 server register another would break it.)
 * - Crash of a backend: the postmaster removes all segments and re-creates
 *	 shared memory; the directory is then empty, and models are loaded again
 *	 when they are used.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "port/atomics.h"
#include "storage/condition_variable.h"
#include "storage/ipc.h"
#include "storage/lwlock.h"
#include "storage/proc.h"
#include "storage/procarray.h"
#include "utils/resowner.h"

#include "base/compat.h"
#include "base/shared_struct.h"
#include "core/forest.h"
#include "models/shared_directory.h"

/*
 * The first number is the layout's version: change it with SharedDirectory.  The
 * second is the images': a library that was upgraded without a restart does not
 * meet the images of the one before.
 */
#define DIRECTORY_NAME "company_risk model images 1." CppAsString2(FOREST_FORMAT)
#define DIRECTORY_MAX_SIZE 8192 /* it may have to live off the slack */

#define LWLOCK_TRANCHE_NAME "company_risk"
#define WAIT_EVENT_NAME "CompanyRiskModelLoad"

/* The part of a wait event that is its class, PG_WAIT_LOCK or another. */
#define WAIT_CLASS_MASK 0xFF000000U

/* How long to wait before looking whether the loader is stuck. */
#define LOAD_WAIT_MS 1000

/*
 * For how long after an image found no room nobody tries again.  Without it a
 * crowd that waited for one load would build one after the other, each to find
 * the same lack of room, instead of all at once.
 */
#define REFUSAL_MS 5000

typedef enum SlotState
{
	SLOT_FREE = 0,
	SLOT_LOADING,
	SLOT_READY
} SlotState;

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
	bool		damaged;		/* then also superseded, for good */
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

/* The slots on which this backend is counted. */
static bool counted[DIRECTORY_SLOTS];

static bool exiting = false;

/* ------------------------------------------------------------------------
 * Slots.  What is named slot_... wants the lock held exclusively.
 * ------------------------------------------------------------------------
 */

/* Is, or was, the slot's image this one? */
static bool
slot_matches(const ImageSlot *slot, Oid database, const uint8 *digest)
{
	return slot->database == database &&
		memcmp(slot->digest, digest, CONTENT_DIGEST_LENGTH) == 0;
}

/* The slot of this database with this digest that is in use, or -1. */
static int
slot_find(const uint8 *digest)
{
	for (int i = 0; i < DIRECTORY_SLOTS; i++)
	{
		ImageSlot  *slot = &directory->slots[i];

		if (slot->state != SLOT_FREE &&
			slot_matches(slot, MyDatabaseId, digest))
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
		if (slot_matches(slot, MyDatabaseId, digest))
			return i;
		if (result < 0 || age < oldest)
		{
			result = i;
			oldest = age;
		}
	}

	return result;
}

/*
 * Did this image find no room in this free slot, and a moment ago?  In the future
 * means that the clock was set back, and then nobody knows.
 */
static bool
slot_is_refused(const ImageSlot *slot, const uint8 *digest)
{
	TimestampTz now = GetCurrentTimestamp();

	return slot->refused_at != 0 &&
		slot_matches(slot, MyDatabaseId, digest) &&
		now >= slot->refused_at &&
		!TimestampDifferenceExceeds(slot->refused_at, now, REFUSAL_MS);
}

static void
slot_claim(int number, const uint8 *digest)
{
	ImageSlot  *slot = &directory->slots[number];

	Assert(slot->state == SLOT_FREE && slot->backends == 0 && slot->size == 0);

	if (!slot_matches(slot, MyDatabaseId, digest))
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
	slot->damaged = false;
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

/* One backend more: this one. */
static void
slot_count(int number)
{
	Assert(directory->slots[number].state == SLOT_READY && !counted[number]);

	directory->slots[number].backends++;
	counted[number] = true;
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
	slot->damaged = false;
}

/* One backend less; the last one of a superseded image frees it. */
static void
slot_leave(int number, FreedSegments *freed)
{
	ImageSlot  *slot = &directory->slots[number];

	Assert(slot->state == SLOT_READY && slot->backends > 0 && counted[number]);

	counted[number] = false;
	slot->backends--;
	if (slot->backends == 0 && slot->superseded)
		slot_free(number, freed);
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
		if (slot->superseded)
			return i;
		used = pg_atomic_read_u64(&slot->last_used);
		if (result < 0 || used < oldest)
		{
			result = i;
			oldest = used;
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

void
shared_directory_init(void)
{
	shared_struct_request(DIRECTORY_NAME, sizeof(SharedDirectory), directory_initialize);
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
		else if (counted[i])
			slot_leave(i, &freed);
	}
	LWLockRelease(&directory->lock);

	ConditionVariableBroadcast(&directory->load_done);
	unpin_segments(&freed);
}

bool
directory_is_possible(void)
{
	return IsUnderPostmaster && !directory_unavailable;
}

bool
directory_attach(ErrorData **failure)
{
	SharedDirectory *found;

	if (directory != NULL)
		return true;
	if (!directory_is_possible())
		return false;

	found = shared_struct_attach(DIRECTORY_NAME, sizeof(SharedDirectory),
								 directory_initialize, failure);
	if (found == NULL)
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
 * Entering and leaving
 * ------------------------------------------------------------------------
 */

DirectoryAnswer
directory_enter(const uint8 *digest, int *number, Refusal *refusal)
{
	DirectoryAnswer answer;
	int			loader = 0;

	LWLockAcquire(&directory->lock, LW_EXCLUSIVE);
	*number = slot_find(digest);
	if (*number >= 0 && directory->slots[*number].damaged)
	{
		*refusal = REFUSED_BY_CHOICE;
		answer = IMAGE_REFUSED;
	}
	else if (*number >= 0 && directory->slots[*number].state == SLOT_READY)
	{
		slot_count(*number);
		answer = IMAGE_READY;
	}
	else if (*number >= 0)
	{
		loader = directory->slots[*number].loader;
		answer = IMAGE_LOADING;
	}
	else if ((*number = slot_find_free(digest)) < 0)
		answer = IMAGE_NO_SLOT;
	else if (slot_is_refused(&directory->slots[*number], digest))
	{
		*refusal = directory->slots[*number].refusal;
		answer = IMAGE_REFUSED;
	}
	else
	{
		slot_claim(*number, digest);
		answer = IMAGE_CLAIMED;
	}
	LWLockRelease(&directory->lock);

	if (loader == MyProcPid)
		elog(ERROR, "model image is acquired while it is being built");

	return answer;
}

bool
directory_wait(const uint8 *digest)
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

void
directory_locate(int number, dsm_handle *handle, Size *size)
{
	Assert(counted[number]);

	*handle = directory->slots[number].handle;
	*size = directory->slots[number].size;
}

void
directory_leave(int number, bool damaged)
{
	FreedSegments freed = {0};

	LWLockAcquire(&directory->lock, LW_EXCLUSIVE);
	if (damaged)
		directory->slots[number].superseded = directory->slots[number].damaged = true;
	slot_leave(number, &freed);
	LWLockRelease(&directory->lock);
	if (damaged)
		pg_atomic_fetch_add_u64(&directory->generation, 1);
	unpin_segments(&freed);
}

void
directory_abandon(int number, Refusal refusal)
{
	ImageSlot  *slot = &directory->slots[number];

	LWLockAcquire(&directory->lock, LW_EXCLUSIVE);
	slot_abandon(number);
	if (refusal != REFUSED_NOT)
	{
		slot->refused_at = GetCurrentTimestamp();
		slot->refusal = refusal;
	}
	LWLockRelease(&directory->lock);
	ConditionVariableBroadcast(&directory->load_done);
}

void
directory_publish(int number, dsm_segment *segment, TimestampTz loaded_at)
{
	ImageSlot  *slot = &directory->slots[number];

	dsm_pin_segment(segment);	/* nothing may fail after it */

	LWLockAcquire(&directory->lock, LW_EXCLUSIVE);
	Assert(slot->state == SLOT_LOADING && slot->loader == MyProcPid);
	Assert(slot->size <= dsm_segment_map_length(segment));

	slot->state = SLOT_READY;
	slot->handle = dsm_segment_handle(segment);
	slot->loader = 0;
	slot->loads++;
	slot->loaded_at = loaded_at;
	slot->refused_at = 0;
	pg_atomic_write_u64(&slot->last_used, (uint64) loaded_at);
	slot_count(number);
	LWLockRelease(&directory->lock);
	ConditionVariableBroadcast(&directory->load_done);
}


/* ------------------------------------------------------------------------
 * Room
 * ------------------------------------------------------------------------
 */

uint64
directory_reserve(int number, Size size, uint64 limit)
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

	/* The limit may have been lowered below `used`. */
	return fits ? 0 : used + size - limit;
}

bool
directory_free_unused(uint64 wanted)
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

	return enough;
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

dsm_segment *
directory_create_segment(Size size, ErrorData **failure)
{
	SegmentRequest request = {.size = size};

	*failure = survive_failure(create_segment_action, &request, false);

	return request.segment;
}


/* ------------------------------------------------------------------------
 * What is used, and what is superseded
 * ------------------------------------------------------------------------
 */

void
directory_touch(int number, TimestampTz now)
{
	Assert(counted[number]);
	pg_atomic_write_u64(&directory->slots[number].last_used, (uint64) now);
}

uint64
directory_generation(void)
{
	Assert(!exiting);
	return directory != NULL ? pg_atomic_read_u64(&directory->generation) : 0;
}

int
directory_list(ImageInfo images[DIRECTORY_SLOTS])
{
	int			count = 0;

	if (directory == NULL)
		return 0;

	LWLockAcquire(&directory->lock, LW_SHARED);
	for (int i = 0; i < DIRECTORY_SLOTS; i++)
	{
		ImageSlot  *slot = &directory->slots[i];
		ImageInfo  *image = &images[count];

		if (slot->state == SLOT_FREE)
			continue;
		count++;

		memcpy(image->digest, slot->digest, CONTENT_DIGEST_LENGTH);
		image->database = slot->database;
		image->slot = i;
		image->ready = slot->state == SLOT_READY;
		image->superseded = slot->superseded;
		image->size = slot->size;
		image->backends = slot->backends;
		image->loads = slot->loads;
		image->loaded_at = slot->loaded_at;
		image->last_used = (TimestampTz) pg_atomic_read_u64(&slot->last_used);
	}
	LWLockRelease(&directory->lock);

	return count;
}

void
directory_supersede(const ImageInfo *images, int count, const uint8 *wanted)
{
	FreedSegments freed = {0};
	bool		changed = false;

	if (count == 0)
		return;

	LWLockAcquire(&directory->lock, LW_EXCLUSIVE);
	for (int i = 0; i < count; i++)
	{
		const ImageInfo *image = &images[i];
		ImageSlot  *slot = &directory->slots[image->slot];
		bool		own = image->database == MyDatabaseId;

		/* Meanwhile it may have been freed, and even used again. */
		if (!image->ready || slot->state != SLOT_READY ||
			!slot_matches(slot, image->database, image->digest))
			continue;

		/* Only its own database may say that it is in use again. */
		if (slot->superseded != image->superseded && !slot->damaged && (own || image->superseded))
		{
			slot->superseded = image->superseded;
			changed = true;
		}
		if (slot->superseded && slot->backends == 0 &&
			!slot_matches(slot, MyDatabaseId, wanted))
			slot_free(image->slot, &freed);
	}
	LWLockRelease(&directory->lock);
	if (changed)
		pg_atomic_fetch_add_u64(&directory->generation, 1);
	unpin_segments(&freed);
}
