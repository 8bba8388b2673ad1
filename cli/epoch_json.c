/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/epoch.h"

#include <math.h>

static void json_effect(struct jsonout *j, const struct samples_effect *e)
{
	jsonout_f64(j, "difference", e->difference);
	jsonout_f64(j, "low", e->low);
	jsonout_f64(j, "high", e->high);
}

static void json_phases(struct jsonout *j, const struct epoch_boundary *b)
{
	jsonout_array(j, "phases");
	for (int i = 0; i < EPOCH_PHASES; i++) {
		const struct epoch_phase *p = &b->phases[i];

		jsonout_object(j, NULL);
		jsonout_text(j, "phase", p->name);
		jsonout_u64(j, "n_window", p->n_window);
		jsonout_u64(j, "n_base", p->n_base);
		jsonout_f64(j, "window_s", p->window);
		jsonout_f64(j, "base_s", p->base);
		json_effect(j, &p->effect);
		jsonout_f64(j, "worst_s", p->worst);
		if (p->worst_slot >= 0)
			jsonout_i64(j, "worst_slot", p->worst_slot);
		jsonout_end(j);
	}
	jsonout_end(j);
}

static void json_gauges(struct jsonout *j, const struct epoch_boundary *b)
{
	jsonout_array(j, "gauges");
	for (int i = 0; i < EPOCH_GAUGES; i++) {
		const struct epoch_gauge *g = &b->gauges[i];

		if (isnan(g->window) || isnan(g->base))
			continue;
		jsonout_object(j, NULL);
		jsonout_text(j, "name", g->name);
		jsonout_text(j, "unit", g->unit);
		jsonout_text(j, "collector", g->from);
		jsonout_bool(j, "is_rate", g->is_rate);
		jsonout_f64(j, g->is_rate ? "window" : "after", g->window);
		jsonout_f64(j, g->is_rate ? "base" : "before", g->base);
		json_effect(j, &g->effect);
		jsonout_end(j);
	}
	jsonout_end(j);
}

static void json_missed(struct jsonout *j, const struct epoch_boundary *b)
{
	jsonout_object(j, "missed");
	jsonout_u64(j, "window", b->n_missed);
	jsonout_u64(j, "base", b->n_missed_base);
	jsonout_array(j, "runs");
	for (uint32_t i = 0; i < b->n_missed_runs; i++) {
		jsonout_object(j, NULL);
		jsonout_i64(j, "first_slot", b->missed[i].first_slot);
		jsonout_i64(j, "slots", b->missed[i].n);
		if (b->has_pauses)
			jsonout_u64(j, "pauses", b->missed[i].n_pauses);
		jsonout_f64(j, "pause_s", b->missed[i].pause_s);
		jsonout_end(j);
	}
	jsonout_end(j);
	jsonout_end(j);
}

static void json_collections(struct jsonout *j, const struct epoch_boundary *b)
{
	jsonout_object(j, "gc");
	jsonout_text(j, "from", b->gc_from[0] ? b->gc_from : NULL);
	if (b->has_pauses) {
		jsonout_u64(j, "pauses", b->n_pauses);
		jsonout_f64(j, "pause_total_s", b->pause_total_s);
		jsonout_f64(j, "pause_longest_s", b->pause_longest_s);
		jsonout_f64(j, "boundary_slot_pause_s", b->boundary_pause_s);
		jsonout_f64(j, "missed_slots_pause_s", b->missed_pause_s);
	}
	jsonout_f64(j, "share", b->gc_share);
	jsonout_f64(j, "share_base", b->gc_share_base);
	jsonout_end(j);
}

static void json_slot(struct jsonout *j, const char *key, int64_t slot)
{
	if (slot >= 0)
		jsonout_i64(j, key, slot);
	else
		jsonout_null(j, key);
}

static void json_first_block(struct jsonout *j, const struct epoch_first_block *b)
{
	jsonout_object(j, "first_block");
	json_slot(j, "slot", b->slot);
	jsonout_text(j, "forger", b->forger);
	jsonout_f64(j, "forging_s", b->forging_s);
	jsonout_f64(j, "adoption_s", b->adoption_s);
	jsonout_f64(j, "propagation_s", b->propagation_s);
	jsonout_f64(j, "propagation_base_s", b->propagation_base_s);
	json_slot(j, "gap_slots", b->gap_slots);
	jsonout_f64(j, "gap_base_slots", b->gap_base_slots);
	jsonout_end(j);
}

static void json_obstacles(struct jsonout *j, const struct epoch_boundary *b)
{
	jsonout_array(j, "obstacles");
	for (uint32_t i = 0; i < b->n_obstacles; i++) {
		jsonout_object(j, NULL);
		jsonout_text(j, "obstacle", b->obstacles[i].name);
		jsonout_u64(j, "window", b->obstacles[i].n_window);
		jsonout_u64(j, "base", b->obstacles[i].n_base);
		jsonout_end(j);
	}
	jsonout_end(j);
}

static void json_tenths(struct jsonout *j, const struct epoch_boundary *b)
{
	jsonout_array(j, "tenths");
	for (int i = 0; i < EPOCH_TENTHS; i++) {
		jsonout_object(j, NULL);
		if (b->tenth_is_seen[i])
			jsonout_u64(j, "missed", b->tenth_missed[i]);
		else
			jsonout_null(j, "missed");
		jsonout_f64(j, "worst_phase_s", b->tenth_worst_loop_s[i]);
		jsonout_f64(j, "gc_share", b->tenth_gc_share[i]);
		jsonout_end(j);
	}
	jsonout_end(j);
}

void epoch_print_json(struct jsonout *j, const struct epoch_boundary *b)
{
	jsonout_object(j, NULL);
	jsonout_text(j, "run", b->run);
	jsonout_text(j, "node", b->node);
	jsonout_i64(j, "epoch", b->epoch);
	json_slot(j, "slot", b->slot);
	jsonout_i64(j, "t_ns", b->time_ns);
	jsonout_i64(j, "from_ns", b->from_ns);
	jsonout_i64(j, "to_ns", b->to_ns);
	jsonout_text(j, "stands_out", b->sentence[0] ? b->sentence : NULL);
	json_missed(j, b);
	json_phases(j, b);
	json_collections(j, b);
	json_gauges(j, b);
	jsonout_u64(j, "snapshots", b->n_snapshots);
	jsonout_f64(j, "snapshot_longest_s", b->n_snapshots ? b->snapshot_longest_s : NAN);
	jsonout_f64(j, "silence_longest_s", b->silence_longest_s > 0 ? b->silence_longest_s : NAN);
	jsonout_f64(j, "first_block_s", b->first_block_s);
	jsonout_f64(j, "first_block_delay_s", b->first_block_delay_s);
	json_first_block(j, &b->first_block);
	json_obstacles(j, b);
	json_tenths(j, b);
	jsonout_end(j);
}
