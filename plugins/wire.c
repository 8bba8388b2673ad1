/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/wire.h"

#include <errno.h>
#include <string.h>

/* What is known of the texts of a kind: how long they may be, and whether they end with a NUL. */
struct text_form {
	uint32_t n_max;
	int is_terminated;
};

static const struct text_form forms[WIRE_KIND_COUNT][WIRE_TEXTS] = {
	[WIRE_SERIES] = { { LEND_ATTRS_JSON_MAX, 0 }, { 0, 0 } },
	[WIRE_BLOCK] = { { BLOCK_BYTES_MAX, 0 }, { 0, 0 } },
	[WIRE_FACT] = { { WIRE_CODE_MAX, 1 }, { LEND_TEXT_MAX, 0 } },
	[WIRE_CLOCK] = { { WIRE_CODE_MAX, 1 }, { LEND_TEXT_MAX, 0 } },
	[WIRE_DIAG] = { { WIRE_CODE_MAX, 1 }, { LEND_MESSAGE_MAX, 0 } },
	[WIRE_END] = { { WIRE_REASONS_MAX, 1 }, { sizeof(struct weir_error), 0 } },
};

static const char *text_fault(const struct text_form *form, struct weir_text *text)
{
	if (text->n_bytes > form->n_max)
		return "a text is too long";
	if (!form->is_terminated)
		return NULL;
	if (text->n_bytes == 0 || strnlen(text->at, text->n_bytes) != text->n_bytes - 1)
		return "a name is not terminated where it ends";
	text->n_bytes--;
	return NULL;
}

static const char *fault_of(const uint8_t *at, uint64_t n, struct wire_message *ret)
{
	uint64_t from = sizeof(ret->fixed);
	const char *fault = NULL;

	if (n < sizeof(ret->fixed))
		return "a message is too short";
	memcpy(&ret->fixed, at, sizeof(ret->fixed));
	if (ret->fixed.kind == 0 || ret->fixed.kind >= WIRE_KIND_COUNT)
		return "a message has an unknown kind";
	for (uint32_t i = 0; i < WIRE_TEXTS && !fault; i++) {
		if (ret->fixed.n_text[i] > n - from)
			return "a text is longer than its message";
		ret->text[i] = (struct weir_text){ (const char *)at + from, ret->fixed.n_text[i] };
		from += ret->fixed.n_text[i];
		fault = text_fault(&forms[ret->fixed.kind][i], &ret->text[i]);
	}
	return !fault && from != n ? "a message is longer than its texts" : fault;
}

int wire_read(const uint8_t *at, uint64_t n, struct wire_message *ret, const char **ret_fault)
{
	*ret_fault = fault_of(at, n, ret);
	return *ret_fault ? -EBADMSG : 0;
}
