/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/nearest.h"

#include <limits.h>
#include <string.h>

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

static unsigned distance(const char *a, unsigned n_a, const char *b, unsigned n_b)
{
	unsigned rows[3][NEAREST_NAME_MAX + 1];
	unsigned *before = rows[0], *last = rows[1], *now = rows[2], *freed;

	for (unsigned j = 0; j <= n_b; j++)
		last[j] = before[j] = j;
	for (unsigned i = 1; i <= n_a; i++) {
		now[0] = i;
		for (unsigned j = 1; j <= n_b; j++) {
			now[j] = least(least(last[j] + 1, now[j - 1] + 1), last[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				now[j] = least(now[j], before[j - 2] + 1);
		}
		freed = before;
		before = last;
		last = now;
		now = freed;
	}
	return last[n_b];
}

struct nearest nearest_to(const char *wanted)
{
	return (struct nearest){ .wanted = wanted, .distance = UINT_MAX };
}

void nearest_see(struct nearest *n, const char *name)
{
	size_t n_wanted = strlen(n->wanted), n_name = strlen(name);
	unsigned d;

	if (n_wanted > NEAREST_NAME_MAX || n_name > NEAREST_NAME_MAX)
		return;
	d = distance(n->wanted, (unsigned)n_wanted, name, (unsigned)n_name);
	if (d < n->distance && d <= (n_name < 3 ? 1 : n_name / 3)) {
		n->distance = d;
		n->best = name;
	}
}
