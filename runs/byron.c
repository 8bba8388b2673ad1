/* SPDX-License-Identifier: Apache-2.0 */

/* The Byron era, which a chain may have before the slots and epochs of the Shelley genesis begin.
 *
 * No genesis says how many epochs it had: a node's configuration does (`TestShelleyHardForkAtEpoch`; the workbench sets
 * 0), or the chain decided while it ran, as on the public networks, which are known by their magic. An epoch of Byron
 * has 10 k slots. Sources: cardano-node 0a21a743, configuration of each network; cardano-ledger, Byron chain
 * specification, "epochs".
 *
 *     genesis/genesis.byron.json   {"blockVersionData":{"slotDuration":"20000",…},"protocolConsts":{"k":2160,…},…}
 */

#include "runs/tree.h"

#include <stdlib.h>
#include <string.h>

enum {
	SLOTS_PER_K = 10,
	NS_PER_MS = 1000000,
	EPOCHS_MAX = 1000000,
	K_MAX = 1000000,
	SLOT_MS_MAX = 3600000,
	KNOWN_K = 2160,
	KNOWN_SLOT_MS = 20000,
};

static const struct {
	const char *magic, *name;
	int64_t n_epochs;
} networks[] = {
	{ "764824073", "mainnet", 208 },
	{ "1", "preprod", 4 },
};

/* A whole number from 0 to max, written as one or as a string; else -1. */
static int64_t number(json_t *value, int64_t max)
{
	const char *text = tree_text(value);
	char *end = NULL;
	int64_t n = -1;

	if (json_is_integer(value))
		n = json_integer_value(value);
	else if (text && *text >= '0' && *text <= '9')
		n = strtoll(text, &end, 10);
	return n >= 0 && n <= max && (!end || !*end) ? n : -1;
}

static json_t *load_first(struct build *b, const char *const *paths, size_t n)
{
	json_t *tree = NULL;

	for (size_t i = 0; i < n && !tree; i++)
		tree = tree_load(b, paths[i]);
	return tree;
}

/* From the configuration of the first node that has one; -1: it doesn't say. */
static int64_t configured_epochs(struct build *b)
{
	json_t *config = NULL, *fork;
	int64_t n = -1;

	for (uint32_t i = 0; i < b->run.n_nodes && !config; i++)
		if (*b->nodes[i].folder)
			config = tree_load(b, build_format(b, "%s/config.json", b->nodes[i].folder));
	if (!config)
		config = tree_load(b, "config.json");
	fork = json_object_get(config, "TestShelleyHardForkAtEpoch");
	if (fork) {
		n = number(fork, EPOCHS_MAX);
		if (n < 0)
			build_bad(b, "run.genesis", WEIR_NO_OFFSET, "TestShelleyHardForkAtEpoch: not an epoch");
		else
			build_fact_text(b, RUN_NONE, "genesis.byron_epochs", build_format(b, "%lld", (long long)n));
	}
	json_decref(config);
	return n;
}

static int64_t known_epochs(struct build *b)
{
	const char *magic;

	b->run.facts = b->facts;
	magic = run_fact(&b->run, RUN_NONE, "genesis.network_magic");
	for (size_t i = 0; magic && i < sizeof(networks) / sizeof(networks[0]); i++)
		if (strcmp(networks[i].magic, magic) == 0) {
			b->document = RUN_NONE;
			build_fact_text(b, RUN_NONE, "genesis.byron_epochs",
			                build_format(b, "%lld", (long long)networks[i].n_epochs));
			return networks[i].n_epochs;
		}
	return -1;
}

void byron_read(struct build *b)
{
	static const char *const paths[] = { "genesis/genesis.byron.json", "genesis/byron-genesis.json",
		                             "genesis.byron.json", "byron-genesis.json" };
	int64_t n_epochs = configured_epochs(b), k = KNOWN_K, slot_ms = KNOWN_SLOT_MS;
	json_t *genesis;

	if (n_epochs < 0)
		n_epochs = known_epochs(b);
	if (n_epochs <= 0)
		return;
	genesis = load_first(b, paths, sizeof(paths) / sizeof(paths[0]));
	if (genesis) {
		k = number(tree_at(genesis, "protocolConsts", "k"), K_MAX);
		slot_ms = number(tree_at(genesis, "blockVersionData", "slotDuration"), SLOT_MS_MAX);
	} else {
		b->document = RUN_NONE;
	}
	if (k <= 0 || slot_ms <= 0) {
		build_bad(b, "run.genesis", WEIR_NO_OFFSET, "k or slotDuration: not a number above 0");
	} else {
		build_fact_text(b, RUN_NONE, "genesis.byron_slots",
		                build_format(b, "%lld", (long long)(n_epochs * k * SLOTS_PER_K)));
		build_fact_text(b, RUN_NONE, "genesis.byron_slot_length_ns",
		                build_format(b, "%lld", (long long)(slot_ms * NS_PER_MS)));
	}
	json_decref(genesis);
}
