/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNS_TREE_H
#define RUNS_TREE_H

/* Documents that are JSON, as trees, and facts out of them. */

#include "runs/build.h"

#include <jansson.h>

/* The object that a document holds, to be released with json_decref(); NULL: there is none, or it is no such thing,
 * which is noted. */
json_t *tree_load(struct build *b, const char *path);

/* A member of a member: `timing`, `systemStart`. NULL where anything on the way isn't there. */
json_t *tree_at(json_t *object, const char *first, const char *second);

/* A string, number or boolean as a fact; anything else that isn't null is bad, and a missing one is nothing. */
void tree_fact(struct build *b, uint32_t node, const char *name, json_t *value);

/* The text of a string; NULL for anything else. */
const char *tree_text(json_t *value);

/* Genesis constants as a profile gives them; NULL: none. For where there is no genesis file. */
void profile_constants(struct build *b, json_t *genesis);

#endif
