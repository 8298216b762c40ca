/*
 * forest_internal.h
 *		What the files that compile a forest image share.
 *
 * The image is put together from sections, growing arrays that become its
 * tables (forest_sections.c).  forest_build.c makes those of the whole model and
 * assembles the image, forest_trees.c those of the trees.
 */
#ifndef CORE_FOREST_INTERNAL_H
#define CORE_FOREST_INTERNAL_H

#include "forest.h"

/* Tables begin at multiples of this: a cache line. */
#define SECTION_ALIGNMENT 64

typedef struct Section
{
	void	   *data;
	size_t		count;
	size_t		capacity;
	size_t		size;			/* of an element */
	uint64_t	begin;			/* in the image, once it has its place there */
} Section;

typedef struct TreeCompiler TreeCompiler;

typedef struct Builder
{
	CoreHost   *host;
	uint64_t	bytes;			/* of all sections */
	uint32_t	visits;			/* nodes since the last look at interrupts */
	const Model *model;
	const Objective *objective;
	uint32_t	tree_count;		/* of the rounds asked for */
	uint32_t	max_depth;
	uint64_t	node_count;

	Section		strings;		/* char */
	Section		features;		/* ForestFeature */
	Section		categories;		/* ForestCategory */
	Section		base_margins;	/* float */
	Section		biases;			/* double */
	Section		trees;			/* ForestTree */
	Section		blocks;			/* ForestBlock */
	Section		tables;			/* char */
	Section		weights;		/* char */
	Section		nodes;			/* ForestNode */
	Section		shares;			/* ForestShare */
	Section		category_words; /* uint32_t */
	Section		repeats;		/* ForestSparseRepeat */
	Section		factors;		/* double */
	Section		points;			/* double */
	Section		linear_weights; /* float */

	TreeCompiler *compiler;		/* forest_trees.c */
} Builder;

/* Room for more elements, zeroed; the image's limit comes before the memory. */
extern void *section_extend(Builder *builder, Section *section, size_t count);

/* Pads a section of bytes; where the next table begins. */
extern uint64_t section_align(Builder *builder, Section *section);

/* Places a section behind what the image holds so far; where it begins. */
extern uint64_t section_place(Section *section, uint64_t *size);

/* Copies a section to its place. */
extern void section_put(ForestImage *image, const Section *section);

/* Lets the host look at interrupts every few thousand nodes. */
static inline void
count_visit(Builder *builder)
{
	if (++builder->visits % 4096 == 0)
		builder->host->check_interrupts(builder->host);
}

/* All trees of the rounds asked for: trees, blocks, and what they refer to. */
extern void forest_compile_trees(Builder *builder);

#endif
