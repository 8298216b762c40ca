/*
 * messages.c
 *		Texts for messages: lists of names, and bytes that are not ours; and what is said once.
 */
#include "base/messages.h"

#include "access/xact.h"
#include "mb/pg_wchar.h"

#define NAMES_IN_MESSAGE 10

void
message_add_name(StringInfo names, int count, const char *name)
{
	if (count < NAMES_IN_MESSAGE)
		appendStringInfo(names, "%s\"%s\"", count > 0 ? ", " : "", name);
	else if (count == NAMES_IN_MESSAGE)
		appendStringInfoString(names, ", ...");
}

char *
message_ascii(char *text)
{
	for (char *c = text; *c != '\0'; c++)
		if (IS_HIGHBIT_SET(*c))
			*c = '?';
	return text;
}

char *
message_text(const char *utf8, Size length)
{
	char	   *copy = pnstrdup(utf8, length);
	int			whole;

	if (GetDatabaseEncoding() != PG_UTF8)
		return message_ascii(copy);
	whole = (int) strlen(copy);
	copy[pg_encoding_mbcliplen(PG_UTF8, copy, whole, whole)] = '\0';
	if (!pg_verify_mbstr(PG_UTF8, copy, (int) strlen(copy), true))
		return message_ascii(copy);
	return copy;
}

bool
first_in_statement(TimestampTz *last)
{
	TimestampTz start = GetCurrentStatementStartTimestamp();

	if (*last == start)
		return false;
	*last = start;
	return true;
}
