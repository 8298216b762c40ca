/*
 * estimates.h
 *		What the planner should think that a scoring function costs, and returns.
 */
#ifndef ESTIMATES_H
#define ESTIMATES_H

#include "postgres.h"

#include "nodes/supportnodes.h"

#include "models/registry.h"

/*
 * The model that a call names, under the planner's snapshot: its reference is this
 * argument.  False where that is no constant, or means nothing.
 */
extern bool measure_model(const Node *argument, ModelSize *size);

/* Each answers a request; false where the model, and so its size, is not known. */
extern bool estimate_cost(SupportRequestCost *request);
extern bool estimate_rows(SupportRequestRows *request);

#endif							/* ESTIMATES_H */
