/* SPDX-License-Identifier: Apache-2.0 */
/* What a collector says of its rungs. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "plugins/lend_private.h"

/* The part's row; NULL: there are too many. */
static struct lend_part *part_of(struct lend *l, const char *name)
{
	struct lend_part *p = l->parts;

	while (p < l->parts + l->n_parts && strcmp(p->name, name) != 0)
		p++;
	if (p == l->parts + l->n_parts) {
		if (l->n_parts == LEND_PARTS_MAX)
			return NULL;
		*p = (struct lend_part){ 0 };
		(void)snprintf(p->name, sizeof(p->name), "%s", name);
		l->n_parts++;
	}
	return p;
}

static void put_fact(struct lend *l, const char *start, const char *part, const char *name, struct weir_text value)
{
	char fact[3 * NAME_MAX_BYTES];
	int n = snprintf(fact, sizeof(fact), "%s%s%s%s%s", start, *part ? "." : "", part, *name ? "." : "", name);

	if (n <= NAME_MAX_BYTES && l->ops->fact)
		(void)l->ops->fact(l->receiver, fact, value);
}

static int shown(const struct weir_text *text)
{
	return (int)(text->n_bytes < INT16_MAX ? text->n_bytes : INT16_MAX);
}

/* `latency: tp_btf: why (remedy)` */
static void keep_failed(struct lend *l, const char *part, const struct weir_rung *rung)
{
	char text[LEND_MESSAGE_MAX];

	put_fact(l, "rung.failed", part, rung->name, rung->why_not);
	(void)snprintf(text, sizeof(text), "%s%s%s cannot be used: %.*s%s%.*s", part, *part ? ": " : "", rung->name,
	               shown(&rung->why_not), rung->why_not.at, rung->remedy.n_bytes ? "; to change that: " : "",
	               shown(&rung->remedy), rung->remedy.at);
	lend_note(l, "host.rung", text);
}

static void keep_used(struct lend *l, const struct lend_part *p, const struct weir_rung *rung)
{
	char text[LEND_MESSAGE_MAX];

	put_fact(l, "rung", p->name, "", (struct weir_text){ rung->name, strlen(rung->name) });
	if (p->n_failed == 0)
		return;
	(void)snprintf(text, sizeof(text), "%s%s%s is used instead: %.*s%s%.*s", p->name, *p->name ? ": " : "",
	               rung->name, shown(&rung->means), rung->means.at, rung->loss.n_bytes ? "; it lacks: " : "",
	               shown(&rung->loss), rung->loss.at);
	lend_note(l, "host.rung", text);
}

void lend_rung(const struct weir_host *h, const struct weir_rung *rung)
{
	struct lend *l = lend_owner(h);
	const char *part = rung && rung->part ? rung->part : "";
	struct weir_rung copy;
	struct lend_part *p;

	if (!rung || !name_is_dotted_string(rung->name) || (*part && !name_is_dotted_string(part)) ||
	    rung->state > WEIR_RUNG_WORKS) {
		lend_complain(l, "host.rung", "collector: %s: a rung has %s", l->collector->name,
		              rung && rung->state > WEIR_RUNG_WORKS ? "an unknown state"
		                                                    : "a part or a name that is no dotted name");
		return;
	}
	copy = *rung;
	copy.part = part;
	if (lend_take_text(l, &copy.means) < 0 || lend_take_text(l, &copy.loss) < 0 ||
	    lend_take_text(l, &copy.why_not) < 0 || lend_take_text(l, &copy.remedy) < 0)
		return;
	if (l->ops->rung)
		l->ops->rung(l->receiver, &copy);
	p = part_of(l, part);
	if (!p || p->is_settled)
		return;
	if (copy.state == WEIR_RUNG_WORKS)
		keep_used(l, p, &copy);
	else
		keep_failed(l, part, &copy);
	p->is_settled = copy.state == WEIR_RUNG_WORKS;
	p->n_failed += !p->is_settled;
}

void lend_settle(struct lend *l)
{
	for (const struct lend_part *p = l->parts; p < l->parts + l->n_parts; p++)
		if (!p->is_settled)
			lend_complain(l, "host.rung", "%s%snot measured: none of its ways works here", p->name,
			              *p->name ? ": " : "");
}
