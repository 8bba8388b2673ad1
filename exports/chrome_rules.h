/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EXPORTS_CHROME_RULES_H
#define EXPORTS_CHROME_RULES_H

/* Which metric is drawn how in a timeline. */

#include <stdint.h>

enum chrome_draw {
	CHROME_SLICE,
	CHROME_ASYNC,
	CHROME_INSTANT,
	CHROME_MARK,
};

struct chrome_rule {
	const char *metric; /* `*` at its end stands for any rest */
	enum chrome_draw draw;
	const char *track;     /* of a slice or an instant; `%u` is the span's own track */
	const char *name;      /* in front of the attribute's value, or alone; NULL: the metric's last word */
	const char *attribute; /* whose value names it; NULL: none */
	const char *otherwise; /* an attribute that names it, where that one is missing */
};

/* Always some rule: the last one takes all. Its place in the table is the order of tracks. */
const struct chrome_rule *chrome_rule_of(const char *metric, uint32_t *ret_order);

enum chrome_level {
	CHROME_NOT_DRAWN,
	CHROME_AT_ITS_TIME,
	CHROME_SINCE_THE_LAST, /* a value is that of the interval that ends with it */
};

enum chrome_level chrome_level_of(const char *metric);

#endif
