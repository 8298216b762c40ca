/*
 * failures.c
 *		How a trainer fails, and what a user is told.
 *
 * It may refuse (an error frame), end or be killed, or break the protocol.  What it
 * says is another program's: printable ASCII, or UTF-8 that becomes text of the
 * database's encoding, and no longer than a message should be.
 */
#include "libxgboost/failures.h"

#include <ctype.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/messages.h"
#include "libxgboost/process.h"
#include "libxgboost/settings.h"

#define ERRORS_SHOWN 1000

/* What to do when the process had too little */
static const char *
memory_hint(void)
{
	if (company_risk_trainer_memory_limit < 0)
		return "Use fewer rows.";
	return psprintf("Use fewer rows, or raise company_risk.trainer_memory_limit (now %d MB).",
					company_risk_trainer_memory_limit);
}

/* What the process wrote to standard error: the beginning, printable ASCII only. */
static char *
standard_error(Trainer *trainer)
{
	char	   *text = palloc(ERRORS_SHOWN + 1);
	ssize_t		length = 0;
	ssize_t		count;

	while (length < ERRORS_SHOWN &&
		   ((count = read(trainer->errors, text + length, ERRORS_SHOWN - length)) > 0 ||
			(count < 0 && errno == EINTR)))
		length += Max(count, 0);
	while (length > 0 && isspace((unsigned char) text[length - 1]))
		length--;
	text[length] = '\0';
	for (char *c = text; *c != '\0'; c++)
		if (*c != '\n' && (*c < ' ' || *c > '~'))
			*c = '?';
	return text;
}

_Noreturn void
trainer_fail_ended(Trainer *trainer)
{
	int			status = process_await_end(trainer);
	char	   *errors = standard_error(trainer);
	bool		no_memory = strstr(errors, "bad_alloc") != NULL ||
		strstr(errors, "annot allocate memory") != NULL ||
		strstr(errors, "Thread creation failed") != NULL;

	if (WIFSIGNALED(status))
		ereport(ERROR,
				(errcode(no_memory || WTERMSIG(status) == SIGKILL ? ERRCODE_OUT_OF_MEMORY :
						 ERRCODE_EXTERNAL_ROUTINE_EXCEPTION),
				 errmsg("trainer process was terminated by signal %d: %s",
						WTERMSIG(status), pg_strsignal(WTERMSIG(status))),
				 errors[0] != '\0' ? errdetail("%s", errors) :
				 WTERMSIG(status) == SIGKILL ?
				 errdetail("Somebody killed it, most likely the system, which was out of memory.") :
				 0,
				 no_memory ? errhint("%s", memory_hint()) :
				 WTERMSIG(status) == SIGKILL ?
				 errhint("Use fewer rows, or lower company_risk.trainer_memory_limit to have an error in time.") :
				 0));
	ereport(ERROR,
			(errcode(no_memory ? ERRCODE_OUT_OF_MEMORY : ERRCODE_EXTERNAL_ROUTINE_EXCEPTION),
			 errmsg("trainer process ended with status %d", WEXITSTATUS(status)),
			 errors[0] != '\0' ? errdetail("%s", errors) : 0,
			 no_memory ? errhint("%s", memory_hint()) : 0));
}

_Noreturn void
trainer_fail_frame(Trainer *trainer, FrameKind kind)
{
	ereport(ERROR,
			(errcode(ERRCODE_PROTOCOL_VIOLATION),
			 errmsg("unexpected frame from trainer process"),
			 errdetail("Its kind is %d.", (int) kind)));
}

_Noreturn void
trainer_raise_error(const char *payload, Size length)
{
	const char *texts[3];
	const char *end = payload + length;
	const char *at = payload + 1;
	int			sqlstate = ERRCODE_PROTOCOL_VIOLATION;

	for (int i = 0; i < 3; i++)
	{
		const char *nul = at < end ? memchr(at, '\0', end - at) : NULL;

		if (nul == NULL)
			ereport(ERROR,
					(errcode(ERRCODE_PROTOCOL_VIOLATION),
					 errmsg("malformed error frame from trainer process")));
		texts[i] = message_text(at, nul - at);
		at = nul + 1;
	}
	switch ((TrainerErrorCode) payload[0])
	{
		case TRAINER_ERROR_PROTOCOL:
			break;
		case TRAINER_ERROR_PARAMETER:
			sqlstate = ERRCODE_INVALID_PARAMETER_VALUE;
			break;
		case TRAINER_ERROR_DATA:
			sqlstate = ERRCODE_DATA_EXCEPTION;
			break;
		case TRAINER_ERROR_MEMORY:
			sqlstate = ERRCODE_OUT_OF_MEMORY;
			texts[2] = memory_hint();
			break;
		case TRAINER_ERROR_LIBRARY:
			sqlstate = ERRCODE_EXTERNAL_ROUTINE_EXCEPTION;
			break;
	}
	ereport(ERROR,
			(errcode(sqlstate),
			 errmsg("%s", texts[0]),
			 texts[1][0] != '\0' ? errdetail("%s", texts[1]) : 0,
			 texts[2][0] != '\0' ? errhint("%s", texts[2]) : 0));
}
