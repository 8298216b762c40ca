/*
 * outcomes_io.c
 *		The types of outcomes as text and on the wire.
 *
 * As text, outcomes are the version of this form, the columns, and the entries:
 *
 *		1 score,label,rows: 0.25,f,3 0.5,t,1
 *
 * with a weight and a cluster (its hash, 16 hexadecimal digits) after the score where
 * there are any.  Numbers have the fewest digits that read back as the same double.
 * Entries may come in any order, and twice: read, they are the multiset that they
 * name.  The state of an aggregate with parameters has them in brackets behind the
 * version, and the samples of drift have values, which may be missing, for scores:
 *
 *		1 [10] value,now,rows: -1,f,2 2.5,t,1 NaN,t,4
 *
 * On the wire a value is what it is on disk (outcomes.c), without the length: the
 * header and the entries, little-endian, in their order.
 *
 * risk.outcomes and risk_internal.metric_state share all this.  The first has scores
 * and no parameters, so what a function of outcomes gets it can take.
 */
#include "metrics/outcomes.h"

#include <math.h>

#include "common/shortest_dec.h"
#include "lib/stringinfo.h"
#include "libpq/pqformat.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"

#include "base/compat.h"

#define TEXT_VERSION "1"

static const struct
{
	uint32		layout;
	const char *columns;
}			layouts[] = {
	{0, "score,label,rows"},
	{OUTCOMES_WEIGHTED, "score,weight,label,rows"},
	{OUTCOMES_CLUSTERED, "score,cluster,label,rows"},
	{OUTCOMES_WEIGHTED | OUTCOMES_CLUSTERED, "score,weight,cluster,label,rows"},
	{OUTCOMES_SAMPLES, "value,now,rows"}
};

/* ----------
 * To text
 * ----------
 */
static void
put_number(StringInfo string, double number)
{
	char		digits[DOUBLE_SHORTEST_DECIMAL_LEN];

	appendBinaryStringInfo(string, digits, double_to_shortest_decimal_bufn(number, digits));
}

static void
put_header(StringInfo string, const Outcomes *outcomes)
{
	appendStringInfoString(string, TEXT_VERSION " ");
	if (outcomes->parameter_count > 0)
	{
		for (int i = 0; i < outcomes->parameter_count; i++)
		{
			appendStringInfoChar(string, i == 0 ? '[' : ',');
			put_number(string, outcomes->parameters[i]);
		}
		appendStringInfoString(string, "] ");
	}
	for (int i = 0; i < lengthof(layouts); i++)
		if (layouts[i].layout == outcomes->layout)
			appendStringInfo(string, "%s:", layouts[i].columns);
}

PG_FUNCTION_INFO_V1(company_risk_outcomes_out);
Datum
company_risk_outcomes_out(PG_FUNCTION_ARGS)
{
	const Outcomes *outcomes = outcomes_argument(fcinfo, 0);
	StringInfoData string;

	initStringInfo(&string);
	put_header(&string, outcomes);
	for (size_t i = 0; i < outcomes->count; i++)
	{
		const uint64 *entry = outcomes->fields + i * outcomes->width;
		uint64		counted = entry[outcomes->width - 1];

		CHECK_FOR_INTERRUPTS();
		appendStringInfoChar(&string, ' ');
		put_number(&string, double_from_sortable(entry[0]));
		if (outcomes->layout & OUTCOMES_WEIGHTED)
		{
			appendStringInfoChar(&string, ',');
			put_number(&string, double_from_sortable(entry[OUTCOMES_WEIGHT_FIELD]));
		}
		if (outcomes->layout & OUTCOMES_CLUSTERED)
			appendStringInfo(&string, ",%016llx",
							 (unsigned long long) entry[outcomes_cluster_field(outcomes->layout)]);
		appendStringInfo(&string, ",%c,%lld", counted_label(counted) ? 't' : 'f',
						 (long long) counted_rows(counted));
	}
	PG_RETURN_CSTRING(string.data);
}

/* ----------
 * From text
 *
 * Each step reads what it is named after and moves on; false where that is not what
 * stands there.
 * ----------
 */
typedef struct Reader
{
	const char *next;
	const char *expected;		/* what was, when a step failed */
} Reader;

static void
skip_blanks(Reader *reader)
{
	while (*reader->next == ' ' || (*reader->next >= '\t' && *reader->next <= '\r'))
		reader->next++;
}

static bool
read_literal(Reader *reader, const char *literal)
{
	size_t		length = strlen(literal);

	reader->expected = literal;
	if (strncmp(reader->next, literal, length) != 0)
		return false;
	reader->next += length;
	return true;
}

/* A double; one that is too large or too small for that is none. */
static bool
read_number(Reader *reader, double *number)
{
	char	   *end;

	reader->expected = "a number";
	/* strtod would skip blanks */
	if (*reader->next == ' ' || (*reader->next >= '\t' && *reader->next <= '\r'))
		return false;
	errno = 0;
	*number = strtod(reader->next, &end);
	if (end == reader->next || (errno == ERANGE && (*number == 0.0 || isinf(*number))))
		return false;
	reader->next = end;
	return true;
}

/* A number that is one, too, but for what samples miss */
static bool
read_score(Reader *reader, uint32 layout, uint64 *field)
{
	const char *start = reader->next;
	double		score;

	if (!read_number(reader, &score))
		return false;
	if (isnan(score) && layout != OUTCOMES_SAMPLES)
	{
		reader->next = start;
		reader->expected = "a score that is not NaN";
		return false;
	}
	*field = isnan(score) ? MISSING_FIELD : sortable_from_double(score);
	return true;
}

static bool
read_weight(Reader *reader, uint64 *field)
{
	const char *start = reader->next;
	double		weight;

	if (!read_number(reader, &weight))
		return false;
	if (!(weight > 0.0 && isfinite(weight)))
	{
		reader->next = start;
		reader->expected = "a weight that is finite and above 0";
		return false;
	}
	*field = sortable_from_double(weight);
	return true;
}

static bool
read_cluster(Reader *reader, uint64 *cluster)
{
	reader->expected = "16 hexadecimal digits";
	*cluster = 0;
	for (int i = 0; i < 16; i++)
	{
		char		digit = reader->next[i];

		if (digit >= '0' && digit <= '9')
			*cluster = *cluster << 4 | (digit - '0');
		else if (digit >= 'a' && digit <= 'f')
			*cluster = *cluster << 4 | (digit - 'a' + 10);
		else
			return false;
	}
	reader->next += 16;
	return true;
}

static bool
read_counted(Reader *reader, uint64 *counted)
{
	bool		label = *reader->next == 't';
	int64		count = 0;

	reader->expected = "t or f";
	if (!label && *reader->next != 'f')
		return false;
	reader->next++;
	if (!read_literal(reader, ","))
		return false;
	reader->expected = "a number of rows from 1 to 2^53";
	while (*reader->next >= '0' && *reader->next <= '9' && count <= OUTCOMES_MAX_COUNT)
		count = count * 10 + (*reader->next++ - '0');
	if (count < 1 || count > OUTCOMES_MAX_COUNT)
		return false;
	*counted = counted_of(count, label);
	return true;
}

static bool
read_entry(Reader *reader, uint32 layout, uint64 *entry)
{
	int			width = 1;

	if (!read_score(reader, layout, &entry[0]))
		return false;
	if ((layout & OUTCOMES_WEIGHTED) &&
		(!read_literal(reader, ",") || !read_weight(reader, &entry[width++])))
		return false;
	if ((layout & OUTCOMES_CLUSTERED) &&
		(!read_literal(reader, ",") || !read_cluster(reader, &entry[width++])))
		return false;
	return read_literal(reader, ",") && read_counted(reader, &entry[width]);
}

/* Parameters, if there are any */
static bool
read_parameters(Reader *reader, int *count, double *parameters)
{
	*count = 0;
	if (*reader->next != '[')
		return true;
	do
	{
		reader->expected = "]";
		if (*count == OUTCOMES_PARAMETERS)
			return false;
		reader->next++;
		if (!read_number(reader, &parameters[*count]))
			return false;
		reader->expected = "parameters that are not NaN";
		if (isnan(parameters[*count]))
			return false;
		parameters[(*count)++] += 0.0;	/* not -0 */
	} while (*reader->next == ',');
	if (!read_literal(reader, "]"))
		return false;
	skip_blanks(reader);
	return true;
}

static bool
read_columns(Reader *reader, bool with_samples, uint32 *layout)
{
	for (int i = 0; i < lengthof(layouts); i++)
		if ((with_samples || layouts[i].layout != OUTCOMES_SAMPLES) &&
			read_literal(reader, layouts[i].columns))
		{
			*layout = layouts[i].layout;
			return read_literal(reader, ":");
		}
	reader->expected = "columns such as score,label,rows";
	return false;
}

static Outcomes *
read_text(Reader *reader, bool with_parameters)
{
	Outcomes   *outcomes;
	uint32		layout = 0;
	int			parameter_count = 0;
	double		parameters[OUTCOMES_PARAMETERS] = {0};
	uint64		entry[OUTCOMES_MAX_WIDTH];
	int64		rows = 0;

	skip_blanks(reader);
	if (!read_literal(reader, TEXT_VERSION " "))
	{
		reader->expected = "version 1";
		return NULL;
	}
	skip_blanks(reader);
	if ((with_parameters && !read_parameters(reader, &parameter_count, parameters)) ||
		!read_columns(reader, with_parameters, &layout))
		return NULL;
	outcomes = outcomes_create(CurrentMemoryContext, layout, 0);
	outcomes->parameter_count = parameter_count;
	memcpy(outcomes->parameters, parameters, sizeof(parameters));
	for (;;)
	{
		const char *before = reader->next;

		CHECK_FOR_INTERRUPTS();
		skip_blanks(reader);
		if (*reader->next == '\0')
			return outcomes;
		reader->expected = "a blank between entries";
		if (reader->next == before || !read_entry(reader, layout, entry))
			return NULL;
		/* here, and not when equal ones are merged, where it would be a hard error */
		rows += counted_rows(entry[outcomes_width(layout) - 1]);
		if (rows > OUTCOMES_MAX_COUNT)
		{
			reader->next = before;
			reader->expected = "up to 2^53 rows in all";
			return NULL;
		}
		outcomes_append(outcomes, entry);
	}
}

static Datum
outcomes_from_text(FunctionCallInfo fcinfo, const char *type, bool with_parameters)
{
	Reader		reader = {.next = PG_GETARG_CSTRING(0)};
	Outcomes   *outcomes = read_text(&reader, with_parameters);

	if (outcomes == NULL)
		soft_error(fcinfo->context, (Datum) 0,
				   (errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
					errmsg("invalid input syntax for type %s", type),
					errdetail(strlen(reader.expected) == 1 ? "Expected \"%s\", found \"%.*s\"." :
							  "Expected %s, found \"%.*s\".", reader.expected,
							  pg_mbcliplen(reader.next, strlen(reader.next), 30), reader.next)));
	return outcomes_flat_value(outcomes);
}

PG_FUNCTION_INFO_V1(company_risk_outcomes_in);
Datum
company_risk_outcomes_in(PG_FUNCTION_ARGS)
{
	return outcomes_from_text(fcinfo, "risk.outcomes", false);
}

PG_FUNCTION_INFO_V1(company_risk_metric_state_in);
Datum
company_risk_metric_state_in(PG_FUNCTION_ARGS)
{
	return outcomes_from_text(fcinfo, "risk_internal.metric_state", true);
}

/* ----------
 * On the wire
 * ----------
 */
static Datum
outcomes_from_wire(FunctionCallInfo fcinfo, bool with_parameters)
{
	StringInfo	message = (StringInfo) PG_GETARG_POINTER(0);
	int			length = message->len - message->cursor;
	struct varlena *value = palloc(VARHDRSZ + length);

	SET_VARSIZE(value, VARHDRSZ + length);
	memcpy(VARDATA(value), pq_getmsgbytes(message, length), length);
	outcomes_check_value(value, with_parameters);
	return PointerGetDatum(value);
}

PG_FUNCTION_INFO_V1(company_risk_outcomes_recv);
Datum
company_risk_outcomes_recv(PG_FUNCTION_ARGS)
{
	return outcomes_from_wire(fcinfo, false);
}

PG_FUNCTION_INFO_V1(company_risk_metric_state_recv);
Datum
company_risk_metric_state_recv(PG_FUNCTION_ARGS)
{
	return outcomes_from_wire(fcinfo, true);
}

/* A flat value is, but for its type, the bytea that stands for it. */
PG_FUNCTION_INFO_V1(company_risk_outcomes_send);
Datum
company_risk_outcomes_send(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(PG_DETOAST_DATUM(PG_GETARG_DATUM(0)));
}
