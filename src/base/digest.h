/*
 * digest.h
 *		SHA-256, as PostgreSQL computes it, without error codes to look at.
 *
 * After an error a digest in progress is freed by the resource owner or by the
 * memory context.
 */
#ifndef DIGEST_H
#define DIGEST_H

#include "postgres.h"

#include "common/cryptohash.h"
#include "common/sha2.h"
#include "utils/builtins.h"

static inline pg_cryptohash_ctx *
digest_begin(void)
{
	pg_cryptohash_ctx *digest = pg_cryptohash_create(PG_SHA256);

	if (digest == NULL || pg_cryptohash_init(digest) < 0)
		elog(ERROR, "could not start a SHA-256 digest");
	return digest;
}

static inline void
digest_add(pg_cryptohash_ctx *digest, const void *data, size_t length)
{
	if (pg_cryptohash_update(digest, data, length) < 0)
		elog(ERROR, "could not compute a SHA-256 digest");
}

/* result has PG_SHA256_DIGEST_LENGTH bytes */
static inline void
digest_end(pg_cryptohash_ctx *digest, uint8 *result)
{
	if (pg_cryptohash_final(digest, result, PG_SHA256_DIGEST_LENGTH) < 0)
		elog(ERROR, "could not compute a SHA-256 digest");
	pg_cryptohash_free(digest);
}

/* In hex, palloc'd */
static inline char *
digest_hex(const uint8 *digest)
{
	char	   *hex = palloc(2 * PG_SHA256_DIGEST_LENGTH + 1);

	hex_encode((const char *) digest, PG_SHA256_DIGEST_LENGTH, hex);
	hex[2 * PG_SHA256_DIGEST_LENGTH] = '\0';
	return hex;
}

#endif							/* DIGEST_H */
