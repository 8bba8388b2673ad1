/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/run_facts.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <weir/fail.h>

enum {
	PIECE_BYTES = 64 * 1024,
};

struct recording {
	struct store *s;
	const struct plan *plan;
	struct run_facts_ids *runs;
	int64_t collector;
	struct weir_error *reterr;
};

/* Of this program: it is what reads the documents. Zeros when it cannot be read. */
static void hash_self(uint8_t ret[32])
{
	static char piece[PIECE_BYTES];
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	FILE *self = fopen("/proc/self/exe", "rbe");
	size_t n;

	memset(ret, 0, 32);
	if (ctx && self && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) == 1) {
		while ((n = fread(piece, 1, sizeof(piece), self)) > 0)
			(void)EVP_DigestUpdate(ctx, piece, n);
		(void)EVP_DigestFinal_ex(ctx, ret, NULL);
	}
	if (self)
		(void)fclose(self);
	EVP_MD_CTX_free(ctx);
}

static int register_self(struct recording *r)
{
	struct store_collector c = {
		.name = "run", .version = WEIR_VERSION, .abi_major = WEIR_ABI_MAJOR, .abi_minor = WEIR_ABI_MINOR
	};

	hash_self(c.sha256);
	return store_collector(r->s, &c, &r->collector, r->reterr);
}

static int64_t node_id(const struct run_facts_ids *of, uint32_t node)
{
	return node == RUN_NONE ? 0 : of->nodes[node];
}

static int put_nodes(struct recording *r, const struct run *run, struct run_facts_ids *of)
{
	int result = store_run(r->s, run->tag, &of->id, r->reterr);

	of->nodes = calloc((size_t)run->n_nodes + 1, sizeof(*of->nodes));
	if (!of->nodes)
		return weir_fail(r->reterr, -ENOMEM, "ingest: no memory");
	for (uint32_t i = 0; i < run->n_nodes && result == 0; i++)
		result = store_node(r->s, of->id, run->nodes[i].name, &of->nodes[i], r->reterr);
	return result;
}

static int put_facts(struct recording *r, const struct run *run, const struct run_facts_ids *of)
{
	int result = store_fact(r->s, of->id, 0, "run.layout", (struct weir_text){ run->layout, strlen(run->layout) },
	                        r->reterr);

	for (uint32_t i = 0; i < run->n_facts && result == 0; i++) {
		const struct run_fact *f = &run->facts[i];

		result = store_fact(r->s, of->id, node_id(of, f->node), f->name,
		                    (struct weir_text){ f->value, strlen(f->value) }, r->reterr);
	}
	for (uint32_t i = 0; i < run->n_components && result == 0; i++) {
		const struct run_component *c = &run->components[i];

		result = store_component(r->s, of->id, c->name, *c->version ? c->version : NULL,
		                         *c->commit ? c->commit : NULL, r->reterr);
	}
	return result;
}

static int put_notes(struct recording *r, const struct run *run, uint32_t document, struct store_source *src)
{
	int result = 0;

	for (uint32_t i = 0; i < run->n_notes && result == 0; i++) {
		const struct run_note *n = &run->notes[i];
		struct weir_diag diag = { .code = n->code,
			                  .message = { n->text, strlen(n->text) },
			                  .offset = n->offset,
			                  .count = 1,
			                  .severity = run->documents[document].state == RUN_UNREADABLE ? WEIR_ERROR
			                                                                               : WEIR_WARNING };

		if (n->document == document)
			result = store_source_diag(src, &diag, r->reterr);
	}
	return result;
}

static struct store_source_result result_of(const struct run_document *d, char *reasons, size_t size)
{
	struct store_source_result result = {
		.status = d->state == RUN_READ      ? STORE_OK
		          : d->state == RUN_PARTIAL ? STORE_PARTIAL
		                                    : STORE_FAILED,
		.ledger = { .n_read = d->n_read,
		            .n_stored = d->n_stored,
		            .n_skipped = d->n_skipped,
		            .n_bad = d->n_bad },
		.has_sha256 = d->has_sha256,
		.clock_error_ns = -1,
		.reasons_json = reasons,
	};

	memcpy(result.sha256, d->sha256, sizeof(result.sha256));
	if (d->n_bad > 0 && d->n_skipped > 0)
		(void)snprintf(reasons, size, "{\"bad\":{\"run.value\":%llu},\"skipped\":{\"run.known\":%llu}}",
		               (unsigned long long)d->n_bad, (unsigned long long)d->n_skipped);
	else if (d->n_bad > 0)
		(void)snprintf(reasons, size, "{\"bad\":{\"run.value\":%llu}}", (unsigned long long)d->n_bad);
	else if (d->n_skipped > 0)
		(void)snprintf(reasons, size, "{\"skipped\":{\"run.known\":%llu}}", (unsigned long long)d->n_skipped);
	else
		(void)snprintf(reasons, size, "{}");
	return result;
}

static int put_document(struct recording *r, const struct run *run, const struct run_facts_ids *of, uint32_t i)
{
	const struct run_document *d = &run->documents[i];
	struct store_source_info info = { .run = of->id,
		                          .node = node_id(of, d->node),
		                          .collector = r->collector,
		                          .path = d->path,
		                          .size_bytes = d->size_bytes,
		                          .mtime_ns = d->mtime_ns,
		                          .options_json = "{}" };
	struct store_source_result outcome;
	struct store_source *src;
	char reasons[128];
	int result = store_has(r->s, &info, NULL, r->reterr);

	if (result != 0)
		return result < 0 ? result : 0;
	result = store_source_begin(r->s, &info, &src, r->reterr);
	if (result < 0)
		return result;
	result = put_notes(r, run, i, src);
	if (result < 0) {
		store_source_abort(src);
		return result;
	}
	outcome = result_of(d, reasons, sizeof(reasons));
	return store_source_end(src, &outcome, r->reterr);
}

static int put_leftovers(struct recording *r, uint32_t i)
{
	const struct run *run = r->plan->runs[i].run;
	const struct run_facts_ids *of = &r->runs[i];
	int result = r->plan->runs[i].is_whole ? store_unclaimed_clear(r->s, of->id, r->reterr) : 0;

	for (uint32_t j = 0; j < run->n_leftovers && result == 0; j++) {
		const struct run_leftover *l = &run->leftovers[j];

		result = store_unclaimed(r->s, of->id, node_id(of, l->node), l->path, l->size_bytes, l->why, r->reterr);
	}
	for (uint32_t j = 0; j < r->plan->n_orphans && result == 0; j++) {
		const struct plan_orphan *o = &r->plan->orphans[j];
		const struct run_file *f = o->run == i ? &run->files[o->source] : NULL;

		if (f)
			result = store_unclaimed(r->s, of->id, node_id(of, f->node), f->path, f->size_bytes, o->why,
			                         r->reterr);
	}
	return result;
}

static int put_run(struct recording *r, uint32_t i)
{
	const struct run *run = r->plan->runs[i].run;
	int result = put_nodes(r, run, &r->runs[i]);

	if (result == 0)
		result = put_facts(r, run, &r->runs[i]);
	for (uint32_t j = 0; j < run->n_documents && result == 0; j++)
		result = put_document(r, run, &r->runs[i], j);
	if (result == 0)
		result = put_leftovers(r, i);
	return result;
}

int run_facts_put(struct store *s, const struct plan *plan, struct run_facts_ids **ret, struct weir_error *reterr)
{
	struct recording r = { .s = s, .plan = plan, .reterr = reterr };
	int result;

	*ret = NULL;
	r.runs = calloc(plan->n_runs, sizeof(*r.runs));
	if (!r.runs)
		return weir_fail(reterr, -ENOMEM, "ingest: no memory");
	result = register_self(&r);
	for (uint32_t i = 0; i < plan->n_runs && result == 0; i++)
		result = put_run(&r, i);
	if (result == 0)
		result = store_commit(s, 1, reterr);
	if (result < 0) {
		run_facts_done(r.runs, plan->n_runs);
		return result;
	}
	*ret = r.runs;
	return 0;
}

void run_facts_done(struct run_facts_ids *runs, uint32_t n)
{
	for (uint32_t i = 0; runs && i < n; i++)
		free(runs[i].nodes);
	free(runs);
}
