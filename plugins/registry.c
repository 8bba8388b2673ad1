/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/registry.h"

#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <weir/fail.h>

#include "plugins/child.h"
#include "plugins/scout.h"
#include "plugins/trusted.h"

enum {
	SURE_WITHOUT_SNIFF = 50, /* collector.h: what a collector without the verb always says */
};

struct entry {
	struct registry_collector collector; /* first: registry_at() gives a pointer to it */
	struct scout *scout;                 /* NULL: it has no sniff, or is left out */
	void *memory;                        /* of the tables */
	char *path;
	dev_t device;
	ino_t inode;
	int is_out;  /* its child failed while sniffing: it claims nothing any more */
	int is_tied; /* that somebody else is as sure as it has been said */
};

struct registry {
	struct registry_config config;
	struct entry **entries; /* by name, once found */
	uint32_t n_entries, n_room;
};

static void say(const struct registry *r, uint32_t severity, const char *sentence)
{
	if (r->config.say)
		r->config.say(r->config.listener, severity, sentence);
}

static void entry_free(struct entry *e)
{
	if (!e)
		return;
	scout_stop(e->scout);
	if (e->collector.fd >= 0)
		(void)close(e->collector.fd);
	free(e->memory);
	free(e->path);
	free(e);
}

/* ---- One file ---- */

static int hash_file(int fd, uint8_t sha256[32])
{
	EVP_MD_CTX *hash = EVP_MD_CTX_new();
	uint8_t bytes[16 * 1024];
	off_t at = 0;
	ssize_t n = 1;
	int r = hash && EVP_DigestInit_ex(hash, EVP_sha256(), NULL) ? 0 : -ENOMEM;

	while (r == 0 && n > 0) {
		n = pread(fd, bytes, sizeof(bytes), at);
		if (n < 0)
			r = -errno;
		else if (!EVP_DigestUpdate(hash, bytes, (size_t)n))
			r = -EIO;
		at += n;
	}
	if (r == 0 && !EVP_DigestFinal_ex(hash, sha256, NULL))
		r = -EIO;
	EVP_MD_CTX_free(hash);
	return r;
}

static int is_elf(int fd)
{
	char magic[4] = "";

	return pread(fd, magic, sizeof(magic), 0) == (ssize_t)sizeof(magic) && memcmp(magic, "\177ELF", 4) == 0;
}

static int check_entry(const struct registry *r, struct entry *e, struct weir_error *reterr)
{
	struct stat st;

	if (!is_elf(e->collector.fd))
		return weir_fail(reterr, -ENOEXEC, "collector %s: not a shared object", e->path);
	if (fstat(e->collector.fd, &st) < 0)
		return weir_fail(reterr, -errno, "collector %s: %s", e->path, strerror(errno));
	for (uint32_t i = 0; i < r->n_entries; i++)
		if (r->entries[i]->device == st.st_dev && r->entries[i]->inode == st.st_ino)
			return weir_fail(reterr, -EEXIST, "collector %s: this file is loaded already", e->path);
	e->device = st.st_dev;
	e->inode = st.st_ino;
	return 0;
}

/* Opens a file and starts its scout; which is asked later, so that all of them load at the same time. */
static int begin(const struct registry *r, const char *path, struct entry **ret, struct weir_error *reterr)
{
	struct entry *e = calloc(1, sizeof(*e));
	int error;

	if (!e)
		return weir_fail(reterr, -ENOMEM, "collector %s: no memory", path);
	e->collector.fd = trusted_open(path, &e->path, reterr);
	error = e->collector.fd < 0 ? e->collector.fd : check_entry(r, e, reterr);
	if (error == 0)
		error = scout_start(e->collector.fd, e->path, r->config.timeout_ns, &e->scout, reterr);
	if (error < 0) {
		entry_free(e);
		return error;
	}
	*ret = e;
	return 0;
}

static void dismiss(struct entry *e)
{
	scout_stop(e->scout);
	e->scout = NULL;
}

static int finish(struct entry *e, struct weir_error *reterr)
{
	struct registry_collector *c = &e->collector;
	struct weir_collector of;
	int r = scout_describe(e->scout, &of, &e->memory, reterr);

	if (r < 0)
		return r;
	*c = (struct registry_collector){ .name = of.name,
		                          .version = of.version,
		                          .summary = of.summary,
		                          .licence = of.licence,
		                          .path = e->path,
		                          .abi_major = of.abi_major,
		                          .abi_minor = of.abi_minor,
		                          .fd = c->fd,
		                          .metrics = of.metrics,
		                          .options = of.options,
		                          .claims = of.claims,
		                          .companions = of.companions,
		                          .n_metrics = of.n_metrics,
		                          .n_options = of.n_options,
		                          .n_claims = of.n_claims,
		                          .n_companions = of.n_companions,
		                          .has_sniff = of.sniff != NULL };
	r = hash_file(c->fd, c->sha256);
	if (r < 0)
		return weir_fail(reterr, r, "collector %s: %s", e->path, strerror(-r));
	if (!c->has_sniff)
		dismiss(e);
	return 0;
}

static int insert(struct registry *r, struct entry *e, struct weir_error *reterr)
{
	const struct registry_collector *first = registry_find(r, e->collector.name);
	struct entry **grown;
	uint32_t at = r->n_entries;

	if (first)
		return weir_fail(reterr, -EEXIST, "collector %s: not used: %s has the same name (%s) and comes first",
		                 e->path, first->path, first->name);
	if (r->n_entries == r->n_room) {
		grown = reallocarray(r->entries, (size_t)r->n_room * 2 + 16, sizeof(*grown));
		if (!grown)
			return weir_fail(reterr, -ENOMEM, "collector %s: no memory", e->path);
		r->entries = grown;
		r->n_room = r->n_room * 2 + 16;
	}
	for (; at > 0 && strcmp(r->entries[at - 1]->collector.name, e->collector.name) > 0; at--)
		r->entries[at] = r->entries[at - 1];
	r->entries[at] = e;
	r->n_entries++;
	return 0;
}

int registry_add(struct registry *r, const char *path, const struct registry_collector **ret, struct weir_error *reterr)
{
	struct entry *e;
	int error = begin(r, path, &e, reterr);

	if (error < 0)
		return error;
	error = finish(e, reterr);
	if (error == 0)
		error = insert(r, e, reterr);
	if (error < 0) {
		entry_free(e);
		return error;
	}
	*ret = &e->collector;
	return 0;
}

/* ---- Folders ---- */

struct found {
	struct entry **entries;
	uint32_t n;
};

static int is_object_name(const struct dirent *d)
{
	size_t n = strlen(d->d_name);

	return n > 3 && strcmp(d->d_name + n - 3, ".so") == 0 && d->d_name[0] != '.';
}

static void begin_one(struct registry *r, const char *folder, const char *name, struct found *found)
{
	struct weir_error error;
	struct entry *e = NULL;
	struct stat st;
	char *path;
	int result;

	if (asprintf(&path, "%s/%s", folder, name) < 0)
		return;
	if (stat(path, &st) == 0 && S_ISREG(st.st_mode)) {
		result = begin(r, path, &e, &error);
		if (result == 0)
			found->entries[found->n++] = e;
		else
			say(r, result == -ENOEXEC ? WEIR_NOTE : WEIR_ERROR, error.text);
	}
	free(path);
}

static void finish_all(struct registry *r, const struct found *found)
{
	struct weir_error error;
	int result;

	for (uint32_t i = 0; i < found->n; i++) {
		result = finish(found->entries[i], &error);
		if (result == 0)
			result = insert(r, found->entries[i], &error);
		if (result == 0)
			continue;
		say(r, result == -EEXIST ? WEIR_WARNING : WEIR_ERROR, error.text);
		entry_free(found->entries[i]);
	}
}

static void search(struct registry *r, const char *folder)
{
	struct dirent **names = NULL;
	struct found found = { 0 };
	int n = scandir(folder, &names, is_object_name, alphasort);
	struct weir_error error;

	if (n < 0 && errno != ENOENT && errno != ENOTDIR) {
		(void)weir_fail(&error, -errno, "collectors: %s: %s", folder, strerror(errno));
		say(r, WEIR_WARNING, error.text);
	}
	found.entries = n > 0 ? calloc((size_t)n, sizeof(struct entry *)) : NULL;
	for (int i = 0; i < n; i++) {
		if (found.entries)
			begin_one(r, folder, names[i]->d_name, &found);
		free(names[i]);
	}
	free(names);
	finish_all(r, &found);
	free(found.entries);
}

int registry_open(const struct registry_config *config, struct registry **ret, struct weir_error *reterr)
{
	struct registry *r = calloc(1, sizeof(*r));
	char **own = config->folders ? NULL : registry_folders();
	const char *const *folders = config->folders ? config->folders : (const char *const *)own;

	if (!r || !folders) {
		registry_folders_free(own);
		free(r);
		return weir_fail(reterr, -ENOMEM, "collectors: no memory");
	}
	child_reserve();
	r->config = *config;
	if (r->config.timeout_ns == 0)
		r->config.timeout_ns = REGISTRY_TIMEOUT_NS;
	for (; *folders; folders++)
		search(r, *folders);
	registry_folders_free(own);
	*ret = r;
	return 0;
}

void registry_close(struct registry *r)
{
	if (!r)
		return;
	for (uint32_t i = 0; i < r->n_entries; i++)
		entry_free(r->entries[i]);
	free(r->entries);
	free(r);
}

void registry_rest(struct registry *r)
{
	for (uint32_t i = 0; i < r->n_entries; i++)
		dismiss(r->entries[i]);
}

/* ---- Looking up ---- */

uint32_t registry_count(const struct registry *r)
{
	return r->n_entries;
}

const struct registry_collector *registry_at(const struct registry *r, uint32_t i)
{
	return &r->entries[i]->collector;
}

const struct registry_collector *registry_find(const struct registry *r, const char *name)
{
	for (uint32_t i = 0; i < r->n_entries; i++)
		if (strcmp(r->entries[i]->collector.name, name) == 0)
			return &r->entries[i]->collector;
	return NULL;
}

int registry_is_live(const struct registry_collector *c)
{
	for (uint32_t i = 0; i < c->n_claims; i++)
		if (c->claims[i].kind == WEIR_CLAIM_LIVE)
			return 1;
	return 0;
}

static int is_claimed(const struct registry_collector *c, const char *base_name)
{
	for (uint32_t i = 0; i < c->n_claims; i++)
		if (c->claims[i].kind == WEIR_CLAIM_FILE && fnmatch(c->claims[i].pattern, base_name, 0) == 0)
			return 1;
	return 0;
}

static uint32_t ask(const struct registry *r, struct entry *e, const char *base_name, const uint8_t *head,
                    uint64_t n_head)
{
	struct weir_error error;
	int sure;

	if (e->is_out || !is_claimed(&e->collector, base_name))
		return 0;
	if (!e->scout)
		return SURE_WITHOUT_SNIFF;
	sure = scout_sniff(e->scout, base_name, head, n_head, &error);
	if (sure >= 0)
		return (uint32_t)sure;
	e->is_out = 1;
	say(r, WEIR_ERROR, error.text);
	return 0;
}

/* Once, for a run has many files of a kind. */
static void say_tie(const struct registry *r, struct entry *best, const struct entry *equal, const char *base_name)
{
	char sentence[512];

	if (best->is_tied)
		return;
	best->is_tied = 1;
	(void)snprintf(
		sentence, sizeof(sentence),
		"plugins: %.200s: %s and %s are equally sure that it is theirs: %s reads it, and all files like it",
		base_name, best->collector.name, equal->collector.name, best->collector.name);
	say(r, WEIR_WARNING, sentence);
}

const struct registry_collector *registry_claim(struct registry *r, const char *base_name, const uint8_t *head,
                                                uint64_t n_head, uint32_t *ret_sure)
{
	struct entry *best = NULL, *equal = NULL;
	uint32_t best_sure = 0, sure;

	for (uint32_t i = 0; i < r->n_entries; i++) {
		sure = ask(r, r->entries[i], base_name, head, n_head);
		if (sure == best_sure && best && !equal)
			equal = r->entries[i];
		if (sure <= best_sure)
			continue;
		best_sure = sure;
		best = r->entries[i];
		equal = NULL;
	}
	if (equal)
		say_tie(r, best, equal, base_name);
	if (ret_sure)
		*ret_sure = best_sure;
	return best ? &best->collector : NULL;
}

int registry_companion(const struct registry_collector *c, uint32_t i, const char *base_name, char *ret, uint64_t size)
{
	static const char mark[] = "{stem}";
	const char *pattern = c->companions[i];
	const char *at = strstr(pattern, mark);
	const char *dot = strrchr(base_name, '.');
	size_t n_stem = dot && dot != base_name ? (size_t)(dot - base_name) : strlen(base_name);

	if (!at)
		return snprintf(ret, size, "%s", pattern);
	return snprintf(ret, size, "%.*s%.*s%s", (int)(at - pattern), pattern, (int)n_stem, base_name,
	                at + sizeof(mark) - 1);
}
