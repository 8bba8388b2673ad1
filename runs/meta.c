/* SPDX-License-Identifier: Apache-2.0 */

/* meta.json, as `wb run allocate` writes it, and cardano-ops' older one:
 *
 *     {"meta": {tag, batch, era, profile, ident, node_ghc_version, timing {start, systemStart, …}, manifest,
 *               profile_content {genesis, generator, …}}}
 *
 * A manifest is {"cardano-node": {"name", "version", "commit", "branch", "status"}, …}; before 2023 it was flat:
 * {"cardano-node": "<commit>", "cardano-node-version": …, "cardano-node-branch": …, "cardano-node-status": …}.
 * cardano-ops has `pins` {"cardano-node": "<commit>"}, `node_commit_desc` and `timestamp` instead.
 */

#include "runs/tree.h"

#include <string.h>

enum {
	COMPONENTS_MAX = 1024,
};

static const char *text_or_nothing(json_t *value)
{
	const char *text = tree_text(value);

	return text ? text : "";
}

static void read_extra(struct build *b, const char *component, const char *what, json_t *value)
{
	const char *name = build_format(b, "component.%.200s.%s", component, what);

	tree_fact(b, RUN_NONE, name, value);
}

static void read_component(struct build *b, const char *key, json_t *value)
{
	const char *name = tree_text(json_object_get(value, "name"));

	build_component(b, name ? name : key, text_or_nothing(json_object_get(value, "version")),
	                text_or_nothing(json_object_get(value, "commit")));
	read_extra(b, key, "branch", json_object_get(value, "branch"));
	read_extra(b, key, "status", json_object_get(value, "status"));
}

/* Whether a flat manifest's key is a property of another of its keys. */
static const char *property_of(json_t *manifest, const char *key, char *ret_name, size_t n)
{
	static const char *const properties[] = { "-version", "-branch", "-status" };
	size_t n_key = strlen(key);

	for (size_t i = 0; i < sizeof(properties) / sizeof(properties[0]); i++) {
		size_t n_property = strlen(properties[i]);

		if (n_key <= n_property || n_key - n_property >= n ||
		    strcmp(key + n_key - n_property, properties[i]) != 0)
			continue;
		memcpy(ret_name, key, n_key - n_property);
		ret_name[n_key - n_property] = 0;
		if (json_is_string(json_object_get(manifest, ret_name)))
			return properties[i] + 1;
	}
	return NULL;
}

static void read_flat(struct build *b, json_t *manifest, const char *key, const char *commit)
{
	char name[256];
	const char *property = property_of(manifest, key, name, sizeof(name));

	if (!property)
		build_component(b, key,
		                text_or_nothing(json_object_get(manifest, build_format(b, "%.200s-version", key))),
		                commit);
	else if (strcmp(property, "version") != 0)
		read_extra(b, name, property, json_object_get(manifest, key));
}

static void read_manifest(struct build *b, json_t *manifest)
{
	uint32_t n = 0;
	const char *key;
	json_t *value;

	json_object_foreach(manifest, key, value)
	{
		if (n++ == COMPONENTS_MAX) {
			build_bad(b, "run.manifest", WEIR_NO_OFFSET, "manifest: only %d components are read",
			          COMPONENTS_MAX);
			return;
		}
		if (json_is_object(value))
			read_component(b, key, value);
		else if (json_is_string(value))
			read_flat(b, manifest, key, json_string_value(value));
		else if (!json_is_null(value))
			build_bad(b, "run.manifest", WEIR_NO_OFFSET, "manifest: %.64s: neither object nor commit", key);
	}
}

static void read_pins(struct build *b, json_t *meta)
{
	const char *key;
	json_t *value;

	json_object_foreach(json_object_get(meta, "pins"), key, value)
	{
		int is_node = strcmp(key, "cardano-node") == 0;

		if (json_is_string(value))
			build_component(b, key,
			                is_node ? text_or_nothing(json_object_get(meta, "node_commit_desc")) : "",
			                json_string_value(value));
	}
}

static void read_time(struct build *b, const char *fact, json_t *value)
{
	int64_t time_ns;
	int result;

	if (!value || json_is_null(value))
		return;
	if (json_is_number(value))
		result = time_from_seconds(json_number_value(value), &time_ns);
	else
		result = time_from_text(text_or_nothing(value), &time_ns);
	if (result < 0)
		build_bad(b, "run.time", WEIR_NO_OFFSET, "%s: neither seconds since 1970 nor ISO 8601", fact);
	else
		build_fact_text(b, RUN_NONE, fact, build_format(b, "%lld", (long long)time_ns));
}

/* `9.6.7`, in some runs `ghc-9.6.7`. */
static void read_ghc(struct build *b, json_t *version)
{
	const char *text = tree_text(version);

	if (text && strncmp(text, "ghc-", 4) == 0)
		build_fact_text(b, RUN_NONE, "ghc.version", text + 4);
	else
		tree_fact(b, RUN_NONE, "ghc.version", version);
}

static void read_identity(struct build *b, json_t *meta)
{
	static const struct {
		const char *fact, *key;
	} table[] = {
		{ "run.tag", "tag" },         { "run.batch", "batch" }, { "run.ident", "ident" },
		{ "run.profile", "profile" }, { "run.era", "era" },     { "run.env", "env" },
		{ "run.backend", "backend" },
	};
	json_t *content = json_object_get(meta, "profile_content");
	json_t *era = json_object_get(content, "era");

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		tree_fact(b, RUN_NONE, table[i].fact, json_object_get(meta, table[i].key));
	read_ghc(b, json_object_get(meta, "node_ghc_version"));
	if (json_object_get(meta, "era"))
		return;
	tree_fact(b, RUN_NONE, "run.era", era ? era : tree_at(content, "generator", "era"));
}

/* What `WB_ENV` was, which runs of 2021 kept: {"type": "supervisor", "basePort": 30000, …}. */
void env_read(struct build *b)
{
	json_t *tree = tree_load(b, "env.json");

	tree_fact(b, RUN_NONE, "run.backend", json_object_get(tree, "type"));
	json_decref(tree);
}

void meta_read(struct build *b)
{
	json_t *tree = tree_load(b, "meta.json"), *meta = json_object_get(tree, "meta");

	if (!tree)
		return;
	if (!meta)
		meta = tree;
	read_identity(b, meta);
	if (json_object_get(meta, "manifest"))
		read_manifest(b, json_object_get(meta, "manifest"));
	else
		read_pins(b, meta);
	read_time(b, "run.start_ns", tree_at(meta, "timing", "start"));
	read_time(b, "run.start_ns", json_object_get(meta, "timestamp"));
	read_time(b, "genesis.system_start_ns", tree_at(meta, "timing", "systemStart"));
	profile_constants(b, tree_at(meta, "profile_content", "genesis"));
	json_decref(tree);
}
