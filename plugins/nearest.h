/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGINS_NEAREST_H
#define PLUGINS_NEAREST_H

/* Which of several names somebody may have meant. Distance: insertions, deletions, replacements and swaps of two
 * neighbours (optimal string alignment); a name is near when that is at most a third of its length, and at least 1.
 */

struct nearest {
	const char *wanted;
	const char *best; /* NULL: nothing is near */
	unsigned distance;
};

enum {
	NEAREST_NAME_MAX = 64, /* longer names are near to nothing */
};

struct nearest nearest_to(const char *wanted);
void nearest_see(struct nearest *n, const char *name);

#endif
