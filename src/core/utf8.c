/*
 * utf8.c
 *		Characters in UTF-8, checked and written.
 */
#include "utf8.h"

/*
 * Overlong forms, surrogates and characters beyond U+10FFFF are refused by the range of the
 * byte after the lead byte.
 */
bool
utf8_feed(Utf8Check *check, uint8_t byte)
{
	if (check->needed > 0)
	{
		if (byte < check->lower || byte > check->upper)
			return false;
		check->needed--;
		check->lower = 0x80;
		check->upper = 0xbf;
		return true;
	}
	check->lower = 0x80;
	check->upper = 0xbf;
	if (byte < 0x80)
		return true;
	if (byte >= 0xc2 && byte <= 0xdf)
		check->needed = 1;
	else if (byte >= 0xe0 && byte <= 0xef)
	{
		check->needed = 2;
		if (byte == 0xe0)
			check->lower = 0xa0;
		else if (byte == 0xed)
			check->upper = 0x9f;
	}
	else if (byte >= 0xf0 && byte <= 0xf4)
	{
		check->needed = 3;
		if (byte == 0xf0)
			check->lower = 0x90;
		else if (byte == 0xf4)
			check->upper = 0x8f;
	}
	else
		return false;
	return true;
}

bool
utf8_is_text(const char *text, size_t length)
{
	Utf8Check	check = {0};

	for (size_t i = 0; i < length; i++)
	{
		if (text[i] == '\0' || !utf8_feed(&check, (uint8_t) text[i]))
			return false;
	}
	return check.needed == 0;
}

size_t
utf8_encode(unsigned code, char *bytes)
{
	if (code < 0x80)
	{
		bytes[0] = (char) code;
		return 1;
	}
	if (code < 0x800)
	{
		bytes[0] = (char) (0xc0 | code >> 6);
		bytes[1] = (char) (0x80 | (code & 0x3f));
		return 2;
	}
	if (code < 0x10000)
	{
		bytes[0] = (char) (0xe0 | code >> 12);
		bytes[1] = (char) (0x80 | (code >> 6 & 0x3f));
		bytes[2] = (char) (0x80 | (code & 0x3f));
		return 3;
	}
	bytes[0] = (char) (0xf0 | code >> 18);
	bytes[1] = (char) (0x80 | (code >> 12 & 0x3f));
	bytes[2] = (char) (0x80 | (code >> 6 & 0x3f));
	bytes[3] = (char) (0x80 | (code & 0x3f));
	return 4;
}
