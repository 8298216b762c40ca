/*
 * company_key.h
 *		The number of a company, as people write it.
 */
#ifndef COMPANY_KEY_H
#define COMPANY_KEY_H

#include "postgres.h"

#include "datatype/timestamp.h"

typedef struct CompanyKey
{
	const char *given;
	char	   *compact;		/* the same without blanks */
	int			digits;			/* how many, of what has nothing else but blanks; else -1 */
} CompanyKey;

extern CompanyKey company_key_read(const char *given);

/* What a column of a type is compared with; NULL where it can hold nothing equal to it. */
extern const char *company_key_value(const CompanyKey *key, Oid type);

/* A number of nine digits with blanks among them, without those; NULL for any other */
extern const char *company_key_nine_digits(const CompanyKey *key);

/*
 * Says why a number that was not found in a column cannot be one, where that is to be
 * seen, and if it is the first in a statement (base/messages.h); true if there was
 * anything to say.
 */
extern bool company_key_notice(const CompanyKey *key, const char *relation, const char *column, Oid type,
							   TimestampTz *last);

#endif							/* COMPANY_KEY_H */
