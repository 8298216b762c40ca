/*
 * settings.h
 *		What an administrator allows the trainer.
 */
#ifndef SETTINGS_H
#define SETTINGS_H

#include "postgres.h"

extern int	company_risk_trainer_threads;
extern int	company_risk_trainer_memory_limit;	/* MB; -1 is no limit */

/* For the module's start */
extern void trainer_settings_init(void);

#endif							/* SETTINGS_H */
