/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGINS_REGISTRY_H
#define PLUGINS_REGISTRY_H

/* The collectors that there are: found, safe to load, described and ready to say whether a file is theirs.
 *
 * No collector's code runs in this process. Each is loaded by a sandboxed child with a time limit, which checks it,
 * sends its tables as bytes, and then stays to sniff at files. What comes back is checked as if a stranger had sent it.
 * A collector whose child dies, is silent or lies is left out, and that is said.
 *
 * A folder or file that others may write is refused. A file is opened once; workers load that very file, by descriptor.
 *
 * Not thread-safe. The children live until registry_rest() or registry_close().
 */

#include <weir/collector.h>

struct registry;

/* One collector. Everything is owned by the registry. */
struct registry_collector {
	const char *name, *version, *summary, *licence;
	const char *path; /* where it was found, real */
	uint32_t abi_major, abi_minor;
	uint8_t sha256[32]; /* of the file */
	int fd;             /* of the file, O_CLOEXEC; stays the registry's */
	const struct weir_metric *metrics;
	const struct weir_option *options;
	const struct weir_claim *claims;
	const char *const *companions;
	uint32_t n_metrics, n_options, n_claims, n_companions;
	int has_sniff;
};

/* Who hears what is worth saying about what was found: WEIR_NOTE, WEIR_WARNING, or WEIR_ERROR when a collector was left
 * out, and a sentence of the form `what: object: reason`. */
struct registry_listener; /* completed privately by the caller */
typedef void registry_say(struct registry_listener *l, uint32_t severity, const char *sentence);

struct registry_config {
	/* Folders, searched in this order, NULL at the end; the first collector of a name wins. NULL: those of
	 * registry_folders(). */
	const char *const *folders;
	registry_say *say; /* NULL: nobody listens */
	struct registry_listener *listener;
	int64_t timeout_ns; /* for a child's one answer; 0: REGISTRY_TIMEOUT_NS */
};

#define REGISTRY_TIMEOUT_NS INT64_C(5000000000)

/* Finds and describes. A folder that is not there is nothing to speak of. < 0 only when this process lacks something.
 */
int registry_open(const struct registry_config *config, struct registry **ret, struct weir_error *reterr);
void registry_close(struct registry *r); /* NULL is fine */
/* The children end: registry_claim() may not be called any more. */
void registry_rest(struct registry *r);

/* Where collectors are looked for: beside this executable (a build tree), in the installed folder as seen from it, then
 * each folder of WEIR_PLUGIN_PATH. NULL-terminated; free with registry_folders_free(). NULL: no memory. */
char **registry_folders(void);
void registry_folders_free(char **folders);

/* Describes one more file, wherever it is; the same checks and refusals. */
int registry_add(struct registry *r, const char *path, const struct registry_collector **ret,
                 struct weir_error *reterr);

uint32_t registry_count(const struct registry *r);
const struct registry_collector *registry_at(const struct registry *r, uint32_t i);         /* in order of name */
const struct registry_collector *registry_find(const struct registry *r, const char *name); /* NULL: there is none */

/* Whether it measures what runs. */
int registry_is_live(const struct registry_collector *c);

enum {
	REGISTRY_HEAD_MAX = 4096, /* of a file's first bytes are sniffed at */
};

/* Whose file this is: the collector with a claim that fits the base name and the surest sniff; of equals the first by
 * name, and a warning says so once. NULL: nobody's. ret_sure (may be NULL): 1 .. 100. */
const struct registry_collector *registry_claim(struct registry *r, const char *base_name, const uint8_t *head,
                                                uint64_t n_head, uint32_t *ret_sure);

/* The base name of companion i of a claimed file: `{stem}` filled in. The length that it has, as snprintf. */
int registry_companion(const struct registry_collector *c, uint32_t i, const char *base_name, char *ret, uint64_t size);

#endif
