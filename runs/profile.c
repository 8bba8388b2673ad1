/* SPDX-License-Identifier: Apache-2.0 */

/* profile.json: {name, scenario, composition {n_hosts, …}, genesis {slot_duration, epoch_length, parameter_k,
 * active_slots_coeff, network_magic, …}, node {rts_flags_override, …}}. The same object is meta.json's
 * `profile_content`.
 */

#include "runs/tree.h"

#include <string.h>

static void read_slot_length(struct build *b, json_t *seconds)
{
	int64_t length_ns;

	if (!seconds)
		return;
	if (!json_is_number(seconds) || time_from_seconds(json_number_value(seconds), &length_ns) < 0 || length_ns <= 0)
		build_bad(b, "run.genesis", WEIR_NO_OFFSET, "slot_duration: not a number of seconds above 0");
	else
		build_fact_text(b, RUN_NONE, "genesis.slot_length_ns", build_format(b, "%lld", (long long)length_ns));
}

void profile_constants(struct build *b, json_t *genesis)
{
	read_slot_length(b, json_object_get(genesis, "slot_duration"));
	tree_fact(b, RUN_NONE, "genesis.epoch_length_slots", json_object_get(genesis, "epoch_length"));
	tree_fact(b, RUN_NONE, "genesis.security_param", json_object_get(genesis, "parameter_k"));
	tree_fact(b, RUN_NONE, "genesis.active_slots_coeff", json_object_get(genesis, "active_slots_coeff"));
	tree_fact(b, RUN_NONE, "genesis.network_magic", json_object_get(genesis, "network_magic"));
}

static void read_overrides(struct build *b, json_t *flags)
{
	char all[RUN_VALUE_BYTES_MAX];
	size_t i, n = 0;
	json_t *flag;

	json_array_foreach(flags, i, flag)
	{
		size_t n_flag = json_string_length(flag);

		if (!tree_text(flag) || n_flag + 1 > sizeof(all) - n) {
			build_bad(b, "run.profile", WEIR_NO_OFFSET, "rts_flags_override: not a short list of strings");
			return;
		}
		memcpy(all + n, tree_text(flag), n_flag);
		n += n_flag;
		all[n++] = ' ';
	}
	build_fact(b, RUN_NONE, "run.rts_flags_override", all, n);
}

void profile_read(struct build *b)
{
	json_t *tree = tree_load(b, "profile.json");

	if (!tree)
		tree = tree_load(b, "profile/profile.json");
	if (!tree)
		return;
	tree_fact(b, RUN_NONE, "run.profile", json_object_get(tree, "name"));
	tree_fact(b, RUN_NONE, "run.scenario", json_object_get(tree, "scenario"));
	tree_fact(b, RUN_NONE, "run.n_hosts", tree_at(tree, "composition", "n_hosts"));
	profile_constants(b, json_object_get(tree, "genesis"));
	read_overrides(b, tree_at(tree, "node", "rts_flags_override"));
	json_decref(tree);
}
