/*
 * jsonb_build.h
 *		Putting a jsonb together.
 */
#ifndef JSONB_BUILD_H
#define JSONB_BUILD_H

#include "postgres.h"

#include "utils/jsonb.h"

extern void json_push_string(JsonbParseState **state, JsonbIteratorToken token, const char *string);

/* A key and its number, with all digits that tell it from others; not finite: null. */
extern void json_push_number(JsonbParseState **state, const char *key, double number);

/* The same as an element of an array */
extern void json_push_element(JsonbParseState **state, double number);

extern void json_push_object(JsonbParseState **state, const char *key);

#endif
