/* SPDX-License-Identifier: Apache-2.0 */
/* Sets of capabilities: which process and which clock they belong to. A log of one program has one of each; merged ones
 * have as many as programs. A fact each says its type and all that were ever in it, for in the end every set is empty.
 */
#include "collectors/ghc-eventlog/ghc_eventlog.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
	TYPES = 4,
	TEXT_MAX = 8 * EVENTLOG_CAPABILITIES_MAX,
};

static struct capability_set *find(struct capability_sets *s, uint64_t id)
{
	for (uint32_t i = 0; i < s->n; i++)
		if (s->at[i].id == id)
			return &s->at[i];
	return NULL;
}

enum fate capability_set_create(struct log *l, struct lane *lane, const struct eventlog_event *e,
                                const struct eventlog_values *v)
{
	struct capability_sets *s = &l->capability_sets;

	if (find(s, v->at[0].number))
		return FATE_STRUCTURE;
	if (s->n == CAPABILITY_SETS_MAX)
		return FATE_LIMIT;
	s->at[s->n++] = (struct capability_set){ .id = (uint32_t)v->at[0].number,
		                                 .type = v->at[1].number < TYPES ? (uint32_t)v->at[1].number : 0 };
	return FATE_STORED;
}

enum fate capability_set_assign(struct log *l, struct lane *lane, const struct eventlog_event *e,
                                const struct eventlog_values *v)
{
	struct capability_set *set = find(&l->capability_sets, v->at[0].number);
	uint64_t capability = v->at[1].number;

	if (!set || capability >= EVENTLOG_CAPABILITIES_MAX)
		return set ? FATE_BAD : FATE_UNPAIRED;
	set->members[capability / 8] |= (uint8_t)(1 << capability % 8);
	return FATE_STORED;
}

void capability_sets_say(struct log *l)
{
	static const char *const types[TYPES] = { "unknown", "custom", "osprocess", "clockdomain" };
	struct capability_sets *s = &l->capability_sets;
	char name[32], text[TEXT_MAX];

	for (uint32_t i = 0; i < s->n; i++) {
		size_t n = (size_t)snprintf(text, sizeof(text), "%s", types[s->at[i].type]);

		for (uint32_t c = 0; c < EVENTLOG_CAPABILITIES_MAX; c++)
			if (s->at[i].members[c / 8] >> c % 8 & 1)
				n += (size_t)snprintf(text + n, sizeof(text) - n, " %" PRIu32, c);
		(void)snprintf(name, sizeof(name), "ghc.capability_set.%" PRIu32, s->at[i].id);
		(void)l->host->fact(l->host, name, (struct weir_text){ text, n });
	}
}
