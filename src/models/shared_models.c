/*
 * shared_models.c
 *		This backend's images of models: mapped ones, which it shares with all
 *		others, and private ones.
 *
 * An image is addressed by (database, digest of its content), is never changed
 * once published, and holds offsets only: each backend maps it elsewhere.  Where
 * the shared ones are and who uses them is in the directory (shared_directory.c).
 * Here is a hash table, by digest, of the images that this backend has mapped.
 * Its entries also hold private copies, for images that could not be shared.
 *
 * Invariants
 *
 * 1. This backend is counted on exactly the slots that its entries name.  (For
 *	 the moment of attaching, the count comes first.)
 * 2. An entry with pins > 0 is never removed.
 *
 * The builder and the registry may wait and error: they are never called under
 * a lock, nor in the middle of a scan of the hash table.
 *
 * When things end
 *
 * - A shared image is superseded when no candidate or production version has
 *	 its digest any more.  This is found by a sweep, which asks the registry, each
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
 *	 sharing is there to prevent.  The copy is offered again for sharing after a
 *	 while, freed when no version in use has its digest, and a backend keeps only
 *	 a few that nothing uses.
 *
 * When things go wrong
 *
 * - ERROR in the builder: caught, the claim is given up, waiters are woken,
 *	 thrown on.  The next waiter claims the slot and tries for itself.
 * - Between creating a segment and publishing it nothing waits for interrupts;
 *	 on ERROR the mapping is removed, on FATAL it goes with the process, and
 *	 the segment with it, since it is pinned last.
 * - Aborts, savepoints, prepared transactions: nothing to do, see above: no
 *	 row visible means no digest to ask for.
 * - Hot standby: nothing here writes.  A load can be cancelled by a recovery
 *	 conflict like any query.
 * - Parallel workers take the same path, without the sweep; their leader
 *	 leaves it out meanwhile too, and makes up for it at its next acquire.
 */
#include "postgres.h"

#include <limits.h>

#include "access/parallel.h"
#include "access/xact.h"
#include "miscadmin.h"
#include "storage/dsm.h"
#include "storage/shmem.h"
#include "utils/guc.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

#include "core/forest.h"
#include "models/registry_lookup.h"
#include "models/shared_directory.h"
#include "models/shared_models.h"

/* A cache line; segments are page-aligned. */
#define IMAGE_ALIGNMENT 64

/* After this time a private copy that could not be shared is offered again. */
#define PRIVATE_RETRY_MS 60000

/* Private copies that a backend keeps though nothing uses them. */
#define MAX_IDLE_PRIVATE 4

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

/* The setting, in MB; -1 is no limit, 0 never shares */
static int	shared_memory_limit = 1024;

static HTAB *local_images = NULL;
static int	stale_images = 0;	/* entries of local_images that are stale */
static uint64 seen_generation = 0;
static bool sweep_due = false;
static bool warned = false;


/* ------------------------------------------------------------------------
 * The hash table
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
local_image_set_shared(LocalImage *entry, int slot,
					   dsm_segment *segment, Size size)
{
	entry->slot = slot;
	entry->segment = segment;
	entry->image.data = dsm_segment_address(segment);
	entry->image.size = size;
	entry->image.shared = true;
}

/* Unmaps or frees an image that nothing uses, and forgets it. */
static void
local_image_drop(LocalImage *entry)
{
	Assert(entry->image.pins == 0);

	local_image_set_stale(entry, false);
	if (entry->slot >= 0)
	{
		dsm_detach(entry->segment);
		directory_leave(entry->slot, false);
	}
	else
		MemoryContextDelete(entry->context);
	hash_search(local_images, entry->digest, HASH_REMOVE, NULL);
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


/* ------------------------------------------------------------------------
 * The sweep: finding out what is superseded, and dropping it
 * ------------------------------------------------------------------------
 */

/*
 * Asks the registry, under its latest contents, which images are still wanted,
 * and sets or clears the flags accordingly.  Other databases' registries cannot
 * be read from here; of those, we only notice when the whole database is gone.
 *
 * About the image at hand there is nothing to ask if the caller knows that it is
 * in use and nobody found otherwise: most often that is the only image there is,
 * and a new connection then does without what asking costs.  The caller's
 * snapshot may be an old one; what has changed since, the next sweep finds.
 */
static void
sweep_superseded(const uint8 *wanted, bool wanted_in_use)
{
	ImageInfo	images[DIRECTORY_SLOTS];
	int			count;
	HASH_SEQ_STATUS status;
	LocalImage *entry;
	List	   *private_images = NIL;
	ListCell   *cell;

	/*
	 * Not then: each worker of each query would do it anew, and some ways to
	 * get the latest snapshot are refused; a serializable transaction would
	 * conflict with every import.  Make up for it later.
	 */
	if (IsInParallelMode() || IsolationIsSerializable())
	{
		sweep_due = true;
		return;
	}

	count = directory_list(images);
	for (int i = 0; i < count; i++)
	{
		if (!images[i].ready)
			continue;
		if (wanted_in_use && !images[i].superseded && images[i].database == MyDatabaseId &&
			memcmp(images[i].digest, wanted, CONTENT_DIGEST_LENGTH) == 0)
			continue;
		if (images[i].database == MyDatabaseId)
			images[i].superseded = !registry_digest_in_use(images[i].digest);
		else
			images[i].superseded = !SearchSysCacheExists1(DATABASEOID,
														  ObjectIdGetDatum(images[i].database));
	}

	/* Collected first, see above. */
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

	directory_supersede(images, count, wanted);

	sweep_due = false;
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
	uint64		generation = directory_generation();

	if (generation != seen_generation)
	{
		ImageInfo	images[DIRECTORY_SLOTS];
		int			count = directory_list(images);

		for (int i = 0; i < count; i++)
		{
			entry = hash_search(local_images, images[i].digest, HASH_FIND, NULL);
			if (entry != NULL && entry->slot == images[i].slot)
				local_image_set_stale(entry, images[i].superseded);
		}
		seen_generation = generation;
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


/* ------------------------------------------------------------------------
 * Room
 * ------------------------------------------------------------------------
 */

/* Frees what nobody has mapped, see directory_free_unused. */
static bool
make_room(uint64 wanted)
{
	if (directory_free_unused(wanted))
		return true;

	/* Then perhaps with what this backend could do without. */
	drop_idle_mappings();
	return directory_free_unused(wanted);
}

/* Puts the size of a claimed slot's image on the account, if there is room. */
static bool
reserve_room(int slot, Size size)
{
	uint64		limit = PG_UINT64_MAX;
	uint64		lacking;

	if (shared_memory_limit >= 0)
		limit = (uint64) shared_memory_limit * 1024 * 1024;
	if (size > limit)
		return false;

	while ((lacking = directory_reserve(slot, size, limit)) > 0)
	{
		if (!make_room(lacking))
			return false;
	}

	return true;
}

/* directory_create_segment, with a second try once there is room. */
static dsm_segment *
create_segment(Size size, ErrorData **failure)
{
	dsm_segment *segment = directory_create_segment(size, failure);

	/* For want of a DSM slot, any image will do. */
	if (segment == NULL && make_room(*failure != NULL ? size : 0))
		segment = directory_create_segment(size, failure);

	return segment;
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
					   (size + 1023) / 1024, shared_memory_limit) :
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

/*
 * Maps the image of a slot on which this backend has been counted.
 */
static LocalImage *
attach_image(int slot, const uint8 *digest)
{
	dsm_handle	handle;
	Size		size;
	dsm_segment *volatile segment = NULL;
	LocalImage *volatile entry = NULL;

	directory_locate(slot, &handle, &size);
	PG_TRY();
	{
		/* Attaching twice is an error. */
		segment = dsm_find_mapping(handle);
		if (segment == NULL)
			segment = dsm_attach(handle);
		/* pinned by us, and only by us unpinned */
		if (segment == NULL)
			elog(ERROR, "segment %u of a model image does not exist", handle);
		if (dsm_segment_map_length(segment) < size)
			ereport(ERROR,
					(errcode(ERRCODE_DATA_CORRUPTED),
					 errmsg("model image of %zu bytes is in a segment of %zu bytes",
							size, dsm_segment_map_length(segment))));
		check_header(dsm_segment_address(segment), size);
		entry = local_image_enter(digest);
		dsm_pin_mapping(segment);
	}
	PG_CATCH();
	{
		bool		damaged = geterrcode() == ERRCODE_DATA_CORRUPTED;

		hash_search(local_images, digest, HASH_REMOVE, NULL);
		if (segment != NULL)
			dsm_detach(segment);
		directory_leave(slot, damaged);
		PG_RE_THROW();
	}
	PG_END_TRY();

	local_image_set_shared(entry, slot, segment, size);
	return entry;
}

/*
 * Fills a slot that this backend has claimed: builds the image, unless that is
 * done already, and publishes it.  NULL when it cannot be shared; then the claim
 * is given up and *built holds the image.
 */
static LocalImage *
load_image(int slot, const uint8 *digest,
		   ModelImageBuilder builder, void *argument,
		   BuiltImage *built, Refusal *refusal, ErrorData **failure)
{
	dsm_segment *volatile segment = NULL;
	LocalImage *volatile entry = NULL;

	PG_TRY();
	{
		if (built->data == NULL)
			build_image(built, builder, argument);

		if (!reserve_room(slot, built->size))
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

			/* Last: it pins the segment, and nothing may fail after that. */
			directory_publish(slot, segment, entry->loaded_at);
		}
	}
	PG_CATCH();
	{
		hash_search(local_images, digest, HASH_REMOVE, NULL);
		if (segment != NULL)
			dsm_detach(segment);
		directory_abandon(slot, REFUSED_NOT);
		PG_RE_THROW();
	}
	PG_END_TRY();

	if (segment == NULL)
		directory_abandon(slot, *refusal);
	else
		local_image_set_shared(entry, slot, segment, built->size);

	return entry;
}

/* The image from shared memory, put there if need be; NULL if it cannot be. */
static LocalImage *
acquire_shared(const uint8 *digest, ModelImageBuilder builder, void *argument,
			   BuiltImage *built, Refusal *refusal, ErrorData **failure)
{
	for (;;)
	{
		int			slot;

		switch (directory_enter(digest, &slot, refusal))
		{
			case IMAGE_READY:
				return attach_image(slot, digest);
			case IMAGE_CLAIMED:
				return load_image(slot, digest, builder, argument,
								  built, refusal, failure);
			case IMAGE_LOADING:
				/* Having built it in vain, do not wait a second time. */
				if (built->data != NULL)
				{
					*refusal = REFUSED_BY_CHOICE;
					return NULL;
				}
				if (!directory_wait(digest))
					build_image(built, builder, argument);
				break;
			case IMAGE_REFUSED:
				return NULL;
			case IMAGE_NO_SLOT:
				if (!make_room(0))
				{
					*refusal = REFUSED_DIRECTORY_FULL;
					return NULL;
				}
				break;
		}
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

/*
 * Has it been private for long enough to try again to share it?  Statements begin
 * one after the other: where this one began before the last, the clock was set
 * back, and the time that has passed is not known.
 */
static bool
is_worth_sharing(const LocalImage *entry)
{
	TimestampTz now = GetCurrentStatementStartTimestamp();

	return entry->slot < 0 && entry->image.pins == 0 &&
		directory_is_possible() &&
		shared_memory_limit != 0 &&
		(now < entry->last_used ||
		 TimestampDifferenceExceeds(entry->loaded_at, now, PRIVATE_RETRY_MS));
}

ModelImage *
model_image_acquire(const uint8 *digest, bool in_use,
					ModelImageBuilder builder, void *argument)
{
	LocalImage *entry;
	BuiltImage	built = {0};

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

		if (!IsUnderPostmaster || shared_memory_limit == 0)
			refusal = REFUSED_BY_CHOICE;
		else if (!directory_attach(&failure))
			refusal = REFUSED_NO_DIRECTORY;

		/* First, because it may error, and may make room. */
		sweep_superseded(digest, in_use);

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
		sweep_superseded(digest, in_use);

	/* Cheap enough for each statement, and precise enough for evictions. */
	entry->last_used = GetCurrentStatementStartTimestamp();
	if (entry->slot >= 0)
		directory_touch(entry->slot, entry->last_used);

	entry->image.pins++;
	return &entry->image;
}

void
model_image_release(ModelImage *image)
{
	Assert(image->pins > 0);
	image->pins--;
}

ImageInfo *
model_images(int *count)
{
	long		nlocal = local_images ? hash_get_num_entries(local_images) : 0;
	ImageInfo  *images = palloc((DIRECTORY_SLOTS + nlocal) * sizeof(ImageInfo));
	ErrorData  *failure = NULL;
	int			listed;
	int			n = 0;

	(void) directory_attach(&failure);
	listed = directory_list(images);
	for (int i = 0; i < listed; i++)
	{
		if (images[i].database == MyDatabaseId)
			images[n++] = images[i];
	}

	if (local_images != NULL)
	{
		HASH_SEQ_STATUS status;
		LocalImage *entry;

		hash_seq_init(&status, local_images);
		while ((entry = hash_seq_search(&status)) != NULL)
		{
			ImageInfo  *image = &images[n];

			if (entry->slot >= 0)
				continue;
			n++;

			memcpy(image->digest, entry->digest, CONTENT_DIGEST_LENGTH);
			image->database = MyDatabaseId;
			image->slot = -1;
			image->ready = true;
			image->superseded = entry->stale;
			image->size = entry->image.size;
			image->backends = 1;
			image->loads = 1;
			image->loaded_at = entry->loaded_at;
			image->last_used = entry->last_used;
		}
	}

	*count = n;
	return images;
}

void
shared_models_init(void)
{
	DefineCustomIntVariable("company_risk.shared_memory_limit",
							"Sets the maximum dynamic shared memory that images of models may take.",
							"-1 means no limit, 0 keeps images in private memory.",
							&shared_memory_limit,
							1024, -1, INT_MAX / 1024,
							PGC_SUSET, GUC_UNIT_MB,
							NULL, NULL, NULL);
	shared_directory_init();
}
