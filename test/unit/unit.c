/*
 * unit.c
 *		The harness of the unit programs (unit.h).
 */
#define _POSIX_C_SOURCE 200809L

#include "unit.h"

#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MEMORY_LIMIT ((size_t) 1 << 30)

struct UnitBlock
{
	UnitBlock  *previous;
	UnitBlock  *next;
	size_t		size;
	_Alignas(max_align_t) unsigned char memory[];
};

/* ---------- the host ---------- */

static void
unit_fail(CoreHost *host, CoreErrorCode code, const char *detail, const char *hint)
{
	UnitHost   *unit = (UnitHost *) host;

	unit->code = code;
	snprintf(unit->detail, sizeof(unit->detail), "%s", detail == NULL ? "" : detail);
	snprintf(unit->hint, sizeof(unit->hint), "%s", hint == NULL ? "" : hint);
	if (unit->catcher == NULL)
	{
		fprintf(stderr, "failure outside unit_run(): %s\n", unit->detail);
		abort();
	}
	longjmp(*unit->catcher, 1);
}

static void *
unit_allocate(CoreHost *host, size_t size)
{
	UnitHost   *unit = (UnitHost *) host;
	UnitBlock  *block;

	if (size > unit->limit - unit->live)
		unit_fail(host, CORE_LIMIT_EXCEEDED, "The memory limit of the test is exceeded.", NULL);
	block = malloc(sizeof(UnitBlock) + size);
	if (block == NULL)
	{
		fprintf(stderr, "out of memory\n");
		abort();
	}
	memset(block->memory, 0xa5, size);	/* nobody may count on zeros */
	block->size = size;
	block->previous = NULL;
	block->next = unit->blocks;
	if (unit->blocks != NULL)
		unit->blocks->previous = block;
	unit->blocks = block;
	unit->live += size;
	if (unit->live > unit->peak)
		unit->peak = unit->live;
	return block->memory;
}

static void
unit_release(CoreHost *host, void *memory)
{
	UnitHost   *unit = (UnitHost *) host;
	UnitBlock  *block;

	if (memory == NULL)
		return;
	block = (UnitBlock *) ((unsigned char *) memory - offsetof(UnitBlock, memory));
	if (block->previous != NULL)
		block->previous->next = block->next;
	else
		unit->blocks = block->next;
	if (block->next != NULL)
		block->next->previous = block->previous;
	unit->live -= block->size;
	free(block);
}

static void
unit_check_interrupts(CoreHost *host)
{
	((UnitHost *) host)->interrupt_checks++;
}

void
unit_host_init(UnitHost *unit)
{
	memset(unit, 0, sizeof(*unit));
	unit->host.allocate = unit_allocate;
	unit->host.release = unit_release;
	unit->host.fail = unit_fail;
	unit->host.check_interrupts = unit_check_interrupts;
	unit->limit = MEMORY_LIMIT;
}

void
unit_host_reset(UnitHost *unit)
{
	while (unit->blocks != NULL)
		unit_release(&unit->host, unit->blocks->memory);
	unit->peak = 0;
}

bool
unit_run(UnitHost *unit, void (*function) (CoreHost *host, void *argument), void *argument)
{
	jmp_buf		catcher;
	jmp_buf    *outer = unit->catcher;

	unit->detail[0] = unit->hint[0] = '\0';
	unit->catcher = &catcher;
	if (setjmp(catcher) != 0)
	{
		unit->catcher = outer;
		return false;
	}
	function(&unit->host, argument);
	unit->catcher = outer;
	return true;
}

/* ---------- sources ---------- */

static size_t
unit_more(ModelSource *base, const uint8_t **chunk)
{
	UnitSource *source = (UnitSource *) base;
	size_t		length = source->length - source->at;

	if (source->chunk_size != 0 && length > source->chunk_size)
		length = source->chunk_size;
	free(source->chunk);
	source->chunk = NULL;
	if (length == 0)
		return 0;
	source->chunk = malloc(length);
	if (source->chunk == NULL)
		abort();
	memcpy(source->chunk, source->bytes + source->at, length);
	source->at += length;
	*chunk = source->chunk;
	return length;
}

void
unit_source_init(UnitSource *source, const void *bytes, size_t length, size_t chunk_size)
{
	source->source.more = unit_more;
	source->bytes = bytes;
	source->length = length;
	source->at = 0;
	source->chunk_size = chunk_size;
	source->chunk = NULL;
}

void
unit_source_done(UnitSource *source)
{
	free(source->chunk);
	source->chunk = NULL;
}

typedef struct ReadModel
{
	UnitSource	source;
	Model	   *model;
} ReadModel;

static void
read_model(CoreHost *host, void *argument)
{
	ReadModel  *read = argument;

	read->model = model_read(host, &read->source.source);
}

Model *
unit_read_model(UnitHost *unit, const void *bytes, size_t length, size_t chunk_size)
{
	ReadModel	read = {.model = NULL};

	unit_source_init(&read.source, bytes, length, chunk_size);
	unit_run(unit, read_model, &read);
	unit_source_done(&read.source);
	return read.model;
}

/* ---------- files ---------- */

uint8_t *
unit_read_file(const char *path, size_t *length)
{
	FILE	   *file = fopen(path, "rb");
	uint8_t    *bytes;
	long		size;

	if (file == NULL)
		return NULL;
	if (fseek(file, 0, SEEK_END) != 0 || (size = ftell(file)) < 0)
	{
		fclose(file);
		return NULL;
	}
	rewind(file);
	bytes = malloc((size_t) size + 1);
	if (bytes == NULL || fread(bytes, 1, (size_t) size, file) != (size_t) size)
	{
		free(bytes);
		fclose(file);
		return NULL;
	}
	fclose(file);
	bytes[size] = '\0';
	*length = (size_t) size;
	return bytes;
}

static int
compare_names(const void *left, const void *right)
{
	return strcmp(*(char *const *) left, *(char *const *) right);
}

char	  **
unit_list_directory(const char *path, size_t *count)
{
	DIR		   *directory = opendir(path);
	struct dirent *entry;
	char	  **names = NULL;

	*count = 0;
	if (directory == NULL)
		return NULL;
	while ((entry = readdir(directory)) != NULL)
	{
		size_t		length = strlen(entry->d_name) + 1;
		char	   *name;

		if (entry->d_name[0] == '.')
			continue;
		names = realloc(names, (*count + 1) * sizeof(char *));
		name = malloc(length);
		if (names == NULL || name == NULL)
			abort();
		memcpy(name, entry->d_name, length);
		names[(*count)++] = name;
	}
	closedir(directory);
	if (*count > 0)
		qsort(names, *count, sizeof(char *), compare_names);
	return names;
}

void
unit_free_list(char **names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(names[i]);
	free(names);
}

/* ---------- checks ---------- */

static struct
{
	char		name[256];
	bool		open;
	bool		good;
	int			number;
	long		passed;
	long		failed;
}			group;

static void
close_group(void)
{
	if (group.open)
	{
		printf("%s %d - %s\n", group.good ? "ok" : "not ok", group.number, group.name);
		fflush(stdout);
	}
	group.open = false;
}

void
unit_group(const char *format,...)
{
	va_list		arguments;

	close_group();
	va_start(arguments, format);
	vsnprintf(group.name, sizeof(group.name), format, arguments);
	va_end(arguments);
	group.open = true;
	group.good = true;
	group.number++;
}

bool
unit_check(bool passed, const char *file, int line, const char *format,...)
{
	va_list		arguments;

	if (passed)
	{
		group.passed++;
		return true;
	}
	group.failed++;
	group.good = false;
	printf("# %s:%d: ", file, line);
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	printf("\n");
	return false;
}

int
unit_finish(void)
{
	close_group();
	printf("%ld passed, %ld failed\n", group.passed, group.failed);
	return group.failed == 0 ? 0 : 1;
}
