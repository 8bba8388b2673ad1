/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_STREAM_H
#define CLI_STREAM_H

/* Inputs that are not there yet: standard input, a named pipe, a socket, a file that grows. */

#include "plugins/registry.h"

struct stream {
	int fd;
	int has_own_end; /* it is over when its writer is gone */
	uint8_t head[REGISTRY_HEAD_MAX];
	uint64_t n_head;
	char name[256]; /* as a collector's patterns may know it; of standard input empty */
};

/* `-`, `unix:PATH`, `tcp:HOST:PORT`, or the path of a named pipe or a socket. Any other path is no stream by itself. */
int stream_is(const char *what);

/* Opens it; a regular file is followed as it grows. */
int stream_open(const char *what, struct stream *ret, struct weir_error *reterr);
void stream_close(struct stream *s);

/* Waits for its first bytes, and a little for more, until end_fd is readable (-1: as long as it takes). 0: they are in
 * head; -EINTR: end_fd was first; -ENODATA: it has ended without any. */
int stream_begin(struct stream *s, int end_fd);

/* Whose it is, by its name where it has one, else by its first bytes alone; NULL: nobody's. */
const struct registry_collector *stream_claim(struct registry *registry, const struct stream *s);

#endif
