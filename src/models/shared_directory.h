/*
 * shared_directory.h
 *		The directory, in shared memory, of the images that backends share.
 *		Internal to shared_models.c.
 *
 * A slot number that directory_enter gave stays good until it is handed back:
 * a claim by directory_publish or directory_abandon, a count (which publishing
 * turns a claim into) by directory_leave.  Process exit hands back what is left.
 *
 * Everything below directory_attach is for backends that have it attached,
 * unless it says otherwise.  No LWLock may be held.
 */
#ifndef SHARED_DIRECTORY_H
#define SHARED_DIRECTORY_H

#include "postgres.h"

#include "storage/dsm.h"
#include "utils/timestamp.h"

#include "models/image_info.h"

#define DIRECTORY_SLOTS 64

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

/* What directory_enter found or did. */
typedef enum DirectoryAnswer
{
	IMAGE_READY,				/* the caller is counted and may attach it */
	IMAGE_CLAIMED,				/* the caller is to load it */
	IMAGE_LOADING,				/* another backend is loading it */
	IMAGE_REFUSED,				/* it found no room a moment ago, or is damaged */
	IMAGE_NO_SLOT				/* all slots are taken */
} DirectoryAnswer;

/* For the module's start: touches no catalog and no shared memory. */
extern void shared_directory_init(void);

/* May this backend share at all?  Can be called without the directory. */
extern bool directory_is_possible(void);

/*
 * Makes the directory usable in this backend; false when that cannot be.  A
 * failure is remembered, and put into *failure when it happens.
 */
extern bool directory_attach(ErrorData **failure);

/* Looks for an image of this database, and counts or claims if it can. */
extern DirectoryAnswer directory_enter(const uint8 *digest, int *number,
									   Refusal *refusal);

/*
 * Waits until nobody is loading this image.  False if its loader is himself
 * waiting for a heavyweight lock, perhaps one of ours.
 */
extern bool directory_wait(const uint8 *digest);

/* The segment of a slot on which this backend is counted. */
extern void directory_locate(int number, dsm_handle *handle, Size *size);

/* Takes back a count.  A damaged image is not for use by anybody any more. */
extern void directory_leave(int number, bool damaged);

/* Gives up a claim; for want of room, unless the refusal is REFUSED_NOT. */
extern void directory_abandon(int number, Refusal refusal);

/*
 * Makes a claimed slot's image, which is complete, available to everybody; the
 * claim becomes a count.  When this errors the claim is still one.
 */
extern void directory_publish(int number, dsm_segment *segment,
							  TimestampTz loaded_at);

/*
 * Puts the size of a claimed slot's image on the account if that keeps the sum
 * within the limit: 0, or else how many bytes are lacking.
 */
extern uint64 directory_reserve(int number, Size size, uint64 limit);

/*
 * Frees images that nobody has mapped until `wanted` bytes (and at least one
 * slot) are freed.  Frees nothing and returns false when that is impossible: an
 * image too large for the machine must not cost everybody else theirs.
 */
extern bool directory_free_unused(uint64 wanted);

/*
 * A new segment, with its mapping pinned for the session; NULL when there is no
 * memory (then with the error that says so) or no DSM slot for it.
 */
extern dsm_segment *directory_create_segment(Size size, ErrorData **failure);

/* Notes when an image was used; one atomic write. */
extern void directory_touch(int number, TimestampTz now);

/*
 * One atomic read, of a number that changes when the superseded flag of any image
 * does.  0, which it never is, without the directory.
 */
extern uint64 directory_generation(void);

/*
 * Copies what there is to know of all images, of all databases; returns how many.
 * None without the directory.
 */
extern int	directory_list(ImageInfo images[DIRECTORY_SLOTS]);

/*
 * Sets or clears the superseded flags as they are in the list, which is one of
 * directory_list's, and frees what that leaves without any use.  The image that
 * is about to be used (wanted) may be marked but is not freed.
 */
extern void directory_supersede(const ImageInfo *images, int count,
								const uint8 *wanted);

#endif							/* SHARED_DIRECTORY_H */
