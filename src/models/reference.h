/*
 * reference.h
 *		How a model is named: name, name@7 or name@7#1a2b3c4d.
 */
#ifndef REFERENCE_H
#define REFERENCE_H

#include "postgres.h"

/* SHA-256 of what decides a version's margins (inspect.c) */
#define CONTENT_DIGEST_LENGTH 32

/* How much of a content digest a reference may say, and how much we say, in hex digits */
#define REFERENCE_DIGEST_MIN 8
#define REFERENCE_DIGEST_MAX (2 * CONTENT_DIGEST_LENGTH)
#define REFERENCE_DIGEST_PINNED 16

typedef struct ModelReference
{
	char	   *name;			/* NULL: none is named */
	int			version;		/* 0: the one in production */
	char	   *digest;			/* how its content digest begins, in hex; NULL: not said */
} ModelReference;

/* Reads a reference; "" names nothing.  False when it is none; the name is read all the same. */
extern bool reference_read(const char *text, ModelReference *reference);

/* Reads a reference; an error when it is none. */
extern void reference_parse(const char *text, ModelReference *reference);

/* Does a content digest begin as the reference says? */
extern bool reference_allows(const ModelReference *reference, const uint8 *content_digest);

/* name@version, and with the first digits of the content digest; palloc'd */
extern char *reference_make(const char *name, int version);
extern char *reference_pin(const char *name, int version, const uint8 *content_digest);

#endif							/* REFERENCE_H */
