/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/job.h"

#include <errno.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <weir/fail.h>

#include "plugins/name.h"
#include "store/json.h"

/* ---- Copies ---- */

static void free_pairs(const struct lend_pair *pairs, uint32_t n)
{
	for (uint32_t i = 0; pairs && i < n; i++) {
		free((char *)pairs[i].name);
		free((char *)pairs[i].value);
	}
	free((struct lend_pair *)pairs);
}

static struct lend_pair *copy_pairs(const struct lend_pair *from, uint32_t n)
{
	struct lend_pair *pairs = calloc((size_t)n + 1, sizeof(*pairs));

	for (uint32_t i = 0; pairs && i < n; i++) {
		pairs[i] = (struct lend_pair){ strdup(from[i].name), strdup(from[i].value) };
		if (!pairs[i].name || !pairs[i].value) {
			free_pairs(pairs, n);
			return NULL;
		}
	}
	return pairs;
}

/* As many as there were room for are in ret. */
static int copy_companions(const struct session_job *from, const char *const **ret)
{
	uint32_t n = from->collector->n_companions;
	const char **names = calloc((size_t)n + 1, sizeof(*names));

	*ret = names;
	for (uint32_t i = 0; names && from->companions && i < n; i++) {
		names[i] = from->companions[i] ? strdup(from->companions[i]) : NULL;
		if (from->companions[i] && !names[i])
			return -ENOMEM;
	}
	return names ? 0 : -ENOMEM;
}

void job_free(struct job *j)
{
	if (!j)
		return;
	free((char *)j->of.file);
	free((char *)j->of.path);
	for (uint32_t i = 0; j->of.companions && i < j->of.collector->n_companions; i++)
		free((char *)j->of.companions[i]);
	free((char **)j->of.companions);
	free_pairs(j->of.options, j->of.n_options);
	free_pairs(j->of.context, j->of.n_context);
	free(j);
}

/* The options against the collector's table, by the code that will read them, without an instance. */
static int check_options(const struct session_job *job, struct weir_error *reterr)
{
	const struct registry_collector *c = job->collector;
	const struct weir_collector described = {
		.name = c->name, .options = c->options, .n_options = c->n_options, .n_companions = c->n_companions
	};
	const struct lend_config config = { .collector = &described,
		                            .options = job->options,
		                            .n_options = job->n_options };
	struct lend *l;
	int r = lend_new(&config, &l, reterr);

	if (r == 0)
		lend_free(l);
	return r;
}

static int copy(struct job *j, const struct session_job *from)
{
	int r;

	j->of = *from;
	/* A live source has no bytes. */
	j->of.file = strdup(from->is_live ? "/dev/null" : from->file);
	j->of.path = strdup(from->path);
	r = copy_companions(from, &j->of.companions);
	j->of.options = copy_pairs(from->options, from->n_options);
	j->of.context = copy_pairs(from->context, from->n_context);
	return r == 0 && j->of.file && j->of.path && j->of.options && j->of.context ? 0 : -ENOMEM;
}

int job_new(const struct session_job *from, struct job **ret, struct weir_error *reterr)
{
	struct stat st;
	struct job *j;
	int r = check_options(from, reterr);

	if (r < 0)
		return r;
	j = calloc(1, sizeof(*j));
	if (!j || copy(j, from) < 0) {
		job_free(j);
		return weir_fail(reterr, -ENOMEM, "source: %s: no memory", from->path);
	}
	if (!from->is_live && stat(j->of.file, &st) == 0 && S_ISREG(st.st_mode))
		j->size_bytes = (uint64_t)st.st_size;
	*ret = j;
	return 0;
}

/* ---- What makes a reading the same ---- */

enum {
	DIGEST_SHOWN = 16, /* bytes of SHA-256: no two contexts of one file share them by chance */
};

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct lend_pair *)a)->name, ((const struct lend_pair *)b)->name);
}

static int digest_context(EVP_MD_CTX *hash, const struct job *j)
{
	struct lend_pair *sorted = calloc((size_t)j->of.n_context + 1, sizeof(*sorted));
	int is_done = sorted != NULL;

	for (uint32_t i = 0; is_done && i < j->of.n_context; i++)
		sorted[i] = j->of.context[i];
	if (is_done)
		qsort(sorted, j->of.n_context, sizeof(*sorted), by_name);
	/* The NULs are hashed, too, so that no two lists look alike. */
	for (uint32_t i = 0; is_done && i < j->of.n_context; i++)
		is_done = EVP_DigestUpdate(hash, sorted[i].name, strlen(sorted[i].name) + 1) &&
		          EVP_DigestUpdate(hash, sorted[i].value, strlen(sorted[i].value) + 1);
	free(sorted);
	return is_done;
}

static int digest_companions(EVP_MD_CTX *hash, const struct job *j, const struct stat *companions)
{
	int is_done = 1;
	char text[96];
	int n;

	for (uint32_t i = 0; is_done && i < j->of.collector->n_companions; i++) {
		n = snprintf(text, sizeof(text), "%u %" PRId64 " %" PRId64 " %" PRId64, i,
		             (int64_t)companions[i].st_size, (int64_t)companions[i].st_mtim.tv_sec,
		             (int64_t)companions[i].st_mtim.tv_nsec);
		is_done = EVP_DigestUpdate(hash, text, (size_t)n + 1);
	}
	return is_done;
}

static int digest(const struct job *j, const struct stat *companions, char ret[2 * DIGEST_SHOWN + 1])
{
	EVP_MD_CTX *hash = EVP_MD_CTX_new();
	uint8_t sha256[EVP_MAX_MD_SIZE];
	int is_done = hash && EVP_DigestInit_ex(hash, EVP_sha256(), NULL) && digest_context(hash, j) &&
	              digest_companions(hash, j, companions) && EVP_DigestFinal_ex(hash, sha256, NULL);

	for (int i = 0; is_done && i < DIGEST_SHOWN; i++)
		(void)snprintf(ret + 2 * i, 3, "%02x", sha256[i]);
	EVP_MD_CTX_free(hash);
	return is_done;
}

char *job_options_json(const struct job *j, const struct stat *companions)
{
	struct weir_attr *attrs = calloc((size_t)j->of.n_options + 1, sizeof(*attrs));
	char beside[2 * DIGEST_SHOWN + 1];
	struct json_out out = { 0 };
	int is_done = attrs && digest(j, companions, beside);

	for (uint32_t i = 0; is_done && i < j->of.n_options; i++)
		attrs[i] = (struct weir_attr){ name_text(j->of.options[i].name), name_text(j->of.options[i].value) };
	if (is_done) {
		attrs[j->of.n_options] = (struct weir_attr){ name_text("host.beside"), name_text(beside) };
		is_done = json_attrs(&out, attrs, j->of.n_options + 1) == 0;
	}
	out = (struct json_out){ .n_max = out.n, .at = is_done ? malloc(out.n + 1) : NULL };
	if (out.at) {
		(void)json_attrs(&out, attrs, j->of.n_options + 1);
		out.at[out.n] = '\0';
	}
	free(attrs);
	return out.at;
}
