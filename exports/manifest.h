/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EXPORTS_MANIFEST_H
#define EXPORTS_MANIFEST_H

/* Where a log manifest has, or could have, each host's hlProfile. Only offsets: everything else of the text can be
 * copied as it is, whatever it is. */

#include <stddef.h>
#include <stdint.h>
#include <weir/host.h>

enum {
	MANIFEST_BYTES_MAX = 256 << 20,
};

/* A place in the text: n_drop bytes at `at` make way for a host's array. */
struct manifest_place {
	size_t at, n_drop;
	uint32_t host;  /* index into the names that were asked for */
	int is_missing; /* there is no hlProfile yet: a key has to come first */
	int is_first;   /* of its object: no comma before it */
};

struct manifest {
	struct manifest_place *places; /* in order of `at` */
	uint32_t n_places;
	int is_empty; /* `{}`: no host was ever entered */
};

/* hosts: names to look for. -EBADMSG: not JSON, or not a manifest; the sentence has the offset. what: for sentences. */
int manifest_find(const char *text, size_t n, const char *const *hosts, uint32_t n_hosts, const char *what,
                  struct manifest *ret, struct weir_error *reterr);
void manifest_done(struct manifest *m);

#endif
