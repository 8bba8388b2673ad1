/* SPDX-License-Identifier: Apache-2.0 */

/* node-specs.json {"node-0": {i, kind, name, port, region, isProducer, …}, …} and supervisor/node2pid.map
 * {"node-0": 4711, …}, or its inverse pid2node.map {"4711": "node-0", …}.
 */

#include "runs/tree.h"

#include <limits.h>
#include <string.h>

static int is_too_many(struct build *b, uint32_t n)
{
	if (n < RUN_NODES_MAX)
		return 0;
	build_bad(b, "run.nodes", WEIR_NO_OFFSET, "only %d nodes are read", RUN_NODES_MAX);
	return 1;
}

/* A name becomes a folder's name and a key: one path component, and no nonsense. */
static int is_name(struct build *b, const char *name)
{
	if (*name && *name != '.' && strlen(name) <= NAME_MAX && !strchr(name, '/'))
		return 1;
	build_bad(b, "run.nodes", WEIR_NO_OFFSET, "%.64s: not a node's name", name);
	return 0;
}

static void read_spec(struct build *b, const char *name, json_t *spec)
{
	static const struct {
		const char *fact, *key;
	} table[] = {
		{ "node.kind", "kind" },     { "node.region", "region" },
		{ "node.port", "port" },     { "node.is_producer", "isProducer" },
		{ "node.n_pools", "pools" },
	};
	uint32_t node = build_node(b, name, "");

	for (size_t i = 0; node != RUN_NONE && i < sizeof(table) / sizeof(table[0]); i++)
		tree_fact(b, node, table[i].fact, json_object_get(spec, table[i].key));
}

void specs_read(struct build *b)
{
	json_t *tree = tree_load(b, "node-specs.json"), *spec;
	const char *name;
	uint32_t n = 0;

	if (!tree)
		tree = tree_load(b, "profile/node-specs.json");
	json_object_foreach(tree, name, spec)
	{
		if (is_too_many(b, n++))
			break;
		if (is_name(b, name))
			read_spec(b, name, spec);
	}
	json_decref(tree);
}

static void read_pid(struct build *b, const char *name, json_t *pid)
{
	uint32_t node = build_find_node(b, name);

	if (node == RUN_NONE)
		build_bad(b, "run.pid", WEIR_NO_OFFSET, "%.64s: the run has no such node", name);
	else
		tree_fact(b, node, "process.pid", pid);
}

void pids_read(struct build *b)
{
	json_t *tree = tree_load(b, "supervisor/node2pid.map"), *value;
	int is_inverse = !tree;
	const char *key;
	uint32_t n = 0;

	if (is_inverse)
		tree = tree_load(b, "supervisor/pid2node.map");
	json_object_foreach(tree, key, value)
	{
		json_t *pid = is_inverse ? json_string(key) : json_incref(value);

		if (!is_too_many(b, n++))
			read_pid(b, is_inverse && tree_text(value) ? tree_text(value) : key, pid);
		json_decref(pid);
		if (n > RUN_NODES_MAX)
			break;
	}
	json_decref(tree);
}
