/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/runs/opened.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

struct folder place;
struct run *run;

const char opened_meta[] =
	"{\"meta\":{\"tag\":\"2026-11-21-02-05-db3f2-dev-ci-test-coay-sup-prof\",\"batch\":\"dev\",\"era\":\"conway\","
	"\"profile\":\"ci-test\",\"ident\":\"10.6\",\"node_ghc_version\":\"9.6.7\",\"timing\":{\"start\":1795226700,"
	"\"systemStart\":\"2026-11-21T02:06:00Z\"},\"manifest\":{\"cardano-node\":{\"name\":\"cardano-node\","
	"\"version\":\"10.6.1\",\"commit\":\"db3f21a\",\"branch\":\"master\",\"status\":\"clean\"},\"plutus-core\":"
	"{\"name\":\"plutus-core\",\"version\":\"1.45\",\"commit\":null}},\"profile_content\":{\"genesis\":"
	"{\"slot_duration\":0.2,\"epoch_length\":600,\"parameter_k\":3,\"active_slots_coeff\":0.05}}}}";

int opened_begin(void **state)
{
	place = folder_new();
	return 0;
}

int opened_end(void **state)
{
	run_close(run);
	run = NULL;
	folder_free(&place);
	return 0;
}

void open_run(uint32_t n_files_max)
{
	struct weir_error error;

	run_close(run);
	assert_int_equal(run_open(&(struct run_config){ .root = place.path, .n_files_max = n_files_max }, &run, &error),
	                 0);
}

void assert_fact(const char *node, const char *name, const char *value)
{
	uint32_t n = RUN_NONE;
	const char *found;

	for (uint32_t i = 0; node && i < run->n_nodes; i++)
		if (strcmp(run->nodes[i].name, node) == 0)
			n = i;
	found = run_fact(run, n, name);
	if (!value) {
		assert_null(found);
		return;
	}
	assert_non_null(found);
	assert_string_equal(found, value);
}

const struct run_document *document(const char *path)
{
	for (uint32_t i = 0; i < run->n_documents; i++) {
		const struct run_document *d = &run->documents[i];

		assert_int_equal(d->n_read, d->n_stored + d->n_skipped + d->n_bad);
		if (strcmp(d->path, path) == 0)
			return d;
	}
	fail_msg("no document %s", path);
	return NULL;
}

const struct run_note *note_of(const char *path)
{
	for (uint32_t i = 0; i < run->n_notes; i++)
		if (strcmp(run->documents[run->notes[i].document].path, path) == 0)
			return &run->notes[i];
	fail_msg("no note on %s", path);
	return NULL;
}
