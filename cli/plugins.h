/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_PLUGINS_H
#define CLI_PLUGINS_H

/* What `weir plugins` was asked, and its parts. Each part returns an exit code. */

#include <stdint.h>

#include "plugins/lend.h"
#include "plugins/registry.h"

enum {
	PLUGINS_LIST_MAX = 64,
};

struct plugins_ask {
	char **arguments; /* after the part's name */
	uint32_t n_arguments;
	int has_json;
	int is_in_process;
	const char *only;
	uint64_t seed;
	const char *samples[PLUGINS_LIST_MAX];
	uint32_t n_samples;
	struct lend_pair options[PLUGINS_LIST_MAX];
	uint32_t n_options;
};

int plugins_list(const struct plugins_ask *ask);
int plugins_show(const struct plugins_ask *ask);
int plugins_try(const struct plugins_ask *ask);
int plugins_check(const struct plugins_ask *ask);
int plugins_new(const struct plugins_ask *ask);

/* The collectors that there are, after saying what is wrong with those that cannot be had. NULL: said why not. */
struct registry *plugins_open(void);

/* A collector by name or, where there is a `/` or a `.so` in it, by file. NULL: said why not. */
const struct registry_collector *plugins_find(struct registry *r, const char *name);

#endif
