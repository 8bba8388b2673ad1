/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGINS_SCOUT_H
#define PLUGINS_SCOUT_H

/* The child that has loaded one collector on the host's behalf: it describes it, once, and then answers whether files
 * are its. Sandboxed like a worker. A scout that dies, lies or is silent for too long is ended, and stays so.
 */

#include <weir/collector.h>

struct scout;

/* Starts the child; it loads at once. fd: the collector's file, kept by the caller. path: for sentences and for naming
 * the place of a crash; copied. */
int scout_start(int fd, const char *path, int64_t timeout_ns, struct scout **ret, struct weir_error *reterr);
void scout_stop(struct scout *s); /* NULL is fine */

/* Waits for the description: see description_read(). Else why there is none: what loader_load() said, or how the child
 * died. */
int scout_describe(struct scout *s, struct weir_collector *ret, void **ret_memory, struct weir_error *reterr);

/* 0 .. 100, or < 0: it is no longer there, and why. */
int scout_sniff(struct scout *s, const char *base_name, const uint8_t *head, uint64_t n_head,
                struct weir_error *reterr);

#endif
