/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/collectors/hear.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

static struct recorder_input input_of(const char *text, size_t n)
{
	return (struct recorder_input){ (const uint8_t *)text, n ? n : strlen(text), 1 };
}

struct heard hear_text(const struct hearing *h)
{
	/* Only its collector is taken of what golden_setup() loads. */
	const struct golden g = { .collector = h->collector, .context = h->context, .n_context = h->n_context };
	struct recorder_setup setup = golden_setup(&g);
	struct weir_error error = { "" };
	struct heard ret = { 0 };

	setup.inputs[0] = input_of(h->text, h->n_text);
	for (size_t i = 0; i < sizeof(h->companions) / sizeof(h->companions[0]); i++)
		if (h->companions[i])
			setup.inputs[i + 1] = input_of(h->companions[i], 0);
	if (recorder_run(&setup, &ret.rec, &ret.result, &error) < 0)
		fail_msg("%s", error.text);
	ret.text = recorder_text(ret.rec);
	return ret;
}

void heard_done(struct heard *heard)
{
	recorder_free(heard->rec);
	*heard = (struct heard){ 0 };
}

int says(const struct heard *heard, const char *words)
{
	return memmem(heard->text.at, heard->text.n_bytes, words, strlen(words)) != NULL;
}

void assert_says(const struct heard *heard, const char *words)
{
	if (!says(heard, words))
		fail_msg("'%s' is not in\n%.*s", words, (int)heard->text.n_bytes, heard->text.at);
}

void assert_silent_on(const struct heard *heard, const char *words)
{
	if (says(heard, words))
		fail_msg("'%s' is in\n%.*s", words, (int)heard->text.n_bytes, heard->text.at);
}
