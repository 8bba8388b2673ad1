/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/golden.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/bytes.h"

static const char *tree_path(const char *path, char *at, size_t n)
{
	(void)snprintf(at, n, "%s%s", path[0] == '/' ? "" : WEIR_SOURCE_ROOT "/", path);
	return at;
}

static const struct weir_collector *load(const char *name)
{
	const struct weir_collector *c;
	char path[4096];
	void *object;

	(void)snprintf(path, sizeof(path), strchr(name, '/') ? "%s" : WEIR_COLLECTOR_DIR "/%s.so", name);
	object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	c = object ? dlsym(object, "weir_collector") : NULL;
	if (!c)
		fail_msg("%s: %s", path, dlerror());
	return c;
}

static struct recorder_input read_input(const char *path)
{
	char full[4096];
	struct bytes b;

	if (!path)
		return (struct recorder_input){ NULL, 0, 0 };
	b = bytes_read(tree_path(path, full, sizeof(full)));
	return (struct recorder_input){ b.at, b.n, 1 };
}

struct recorder_setup golden_setup(const struct golden *g)
{
	struct recorder_setup s = { .collector = load(g->collector),
		                    .options = g->options,
		                    .context = g->context,
		                    .n_options = g->n_options,
		                    .n_context = g->n_context };

	s.inputs[0] = read_input(g->input);
	for (uint32_t i = 0; i < sizeof(g->companions) / sizeof(g->companions[0]); i++)
		s.inputs[i + 1] = read_input(g->companions[i]);
	return s;
}

void golden_done(struct recorder_setup *setup)
{
	for (uint32_t i = 0; i < RECORDER_INPUTS_MAX; i++)
		free((uint8_t *)setup->inputs[i].at);
	memset(setup->inputs, 0, sizeof(setup->inputs));
}

static struct recorder *run(const struct recorder_setup *s, struct recorder_result *ret)
{
	struct weir_error error = { "" };
	struct recorder *rec = NULL;

	if (recorder_run(s, &rec, ret, &error) < 0)
		fail_msg("%s", error.text);
	return rec;
}

static uint64_t line_bytes(struct weir_text text, uint64_t at)
{
	const char *end = at < text.n_bytes ? memchr(text.at + at, '\n', text.n_bytes - at) : NULL;

	return end ? (uint64_t)(end - text.at) - at : text.n_bytes - at;
}

static void compare(const char *what, struct weir_text is, struct weir_text expected)
{
	uint64_t i = 0, start = 0, n_line = 1;

	if (!is.at)
		fail_msg("%s: no memory for the text", what);
	if (is.n_bytes == expected.n_bytes && memcmp(is.at, expected.at, is.n_bytes) == 0)
		return;
	for (; i < is.n_bytes && i < expected.n_bytes && is.at[i] == expected.at[i]; i++) {
		if (is.at[i] == '\n') {
			start = i + 1;
			n_line++;
		}
	}
	fail_msg("%s: line %llu\n  is       %.*s\n  expected %.*s", what, (unsigned long long)n_line,
	         (int)line_bytes(is, start), is.at + start, (int)line_bytes(expected, start), expected.at + start);
}

static void rewrite(const char *path, struct weir_text text)
{
	FILE *f = fopen(path, "wbe");

	if (!f || fwrite(text.at, 1, text.n_bytes, f) != text.n_bytes || fclose(f) != 0)
		fail_msg("%s: cannot be written", path);
}

void golden_check(const struct golden *g)
{
	struct recorder_setup s = golden_setup(g);
	struct recorder_result result;
	struct recorder *rec = run(&s, &result);
	char path[4096];
	struct bytes b;

	tree_path(g->expected, path, sizeof(path));
	if (getenv("WEIR_GOLDEN_UPDATE"))
		rewrite(path, recorder_text(rec));
	b = bytes_read(path);
	compare(g->expected, recorder_text(rec), (struct weir_text){ (const char *)b.at, b.n });
	bytes_done(&b);
	recorder_free(rec);
	golden_done(&s);
}

static void check_same(const struct recorder_setup *s, struct weir_text expected, const char *what, uint64_t n)
{
	struct recorder_result result;
	struct recorder *rec = run(s, &result);
	char text[128];

	(void)snprintf(text, sizeof(text), "%s %llu", what, (unsigned long long)n);
	compare(text, recorder_sorted(rec), expected);
	recorder_free(rec);
}

void golden_check_windows(const struct golden *g, unsigned n_seeds)
{
	static const uint64_t steps[] = { 1, 2, 3, 7, 4096 };
	struct recorder_setup s = golden_setup(g);
	struct recorder_result result;
	struct recorder *whole = run(&s, &result);
	struct weir_text expected = recorder_sorted(whole);

	s.windows = RECORDER_STEPS;
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		s.step = steps[i];
		check_same(&s, expected, "windows that grow by", s.step);
	}
	s.again_every = 3;
	check_same(&s, expected, "windows with nothing new every third time, that grow by", s.step);
	s.again_every = 0;
	s.windows = RECORDER_RANDOM;
	for (s.seed = 1; s.seed <= n_seeds; s.seed++)
		check_same(&s, expected, "random windows of seed", s.seed);
	recorder_free(whole);
	golden_done(&s);
}

void golden_check_prefixes(const struct golden *g, uint64_t step)
{
	struct recorder_setup s = golden_setup(g);
	uint64_t n_whole = s.inputs[0].n_bytes;
	struct recorder_result result;

	for (uint64_t n = 0; n <= n_whole; n += step) {
		s.inputs[0].n_bytes = n;
		recorder_free(run(&s, &result));
		if (result.ledger.n_read != result.ledger.n_stored + result.ledger.n_skipped + result.ledger.n_bad)
			fail_msg("the first %llu bytes: the ledger does not add up", (unsigned long long)n);
		if (result.n_host_diags || result.n_strange || result.n_offsets_outside)
			fail_msg("the first %llu bytes: the host complained", (unsigned long long)n);
		if (result.r < 0 && !result.error.text[0])
			fail_msg("the first %llu bytes: failed without a word", (unsigned long long)n);
	}
	golden_done(&s);
}
