/*
 * host.c
 *		Helpers over the host's interface (host.h).
 */
#include "host.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DETAIL_LENGTH_MAX 1024

_Noreturn void
core_fail(CoreHost *host, CoreErrorCode code, const char *hint, const char *detail, ...)
{
	char		text[DETAIL_LENGTH_MAX];
	va_list		arguments;

	va_start(arguments, detail);
	vsnprintf(text, sizeof(text), detail, arguments);
	va_end(arguments);
	host->fail(host, code, text, hint);
	abort();					/* a host whose fail() returns is broken */
}

void *
core_allocate(CoreHost *host, size_t count, size_t size)
{
	void	   *memory;

	if (size != 0 && count > SIZE_MAX / 2 / size)
		core_fail(host, CORE_LIMIT_EXCEEDED, NULL,
				  "An array of %zu elements of %zu bytes does not fit in memory.", count, size);
	memory = host->allocate(host, count * size + (count * size == 0));
	memset(memory, 0, count * size);
	return memory;
}

void *
core_grow(CoreHost *host, void *array, size_t *capacity, size_t wanted, size_t size)
{
	size_t		grown = *capacity;
	void	   *copy;

	if (wanted <= *capacity)
		return array;
	while (grown < wanted)
		grown = grown < 16 ? 16 : grown + grown / 2;
	copy = core_allocate(host, grown, size);
	if (array != NULL)
	{
		memcpy(copy, array, *capacity * size);
		host->release(host, array);
	}
	*capacity = grown;
	return copy;
}
