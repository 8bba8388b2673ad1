/* SPDX-License-Identifier: Apache-2.0 */
#include "runs/tree.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

json_t *tree_load(struct build *b, const char *path)
{
	struct build_bytes bytes;
	json_error_t error;
	json_t *tree;

	if (!build_document(b, path, RUN_NONE, RUN_DOCUMENT_BYTES_MAX, &bytes))
		return NULL;
	tree = json_loadb(bytes.at, bytes.n, 0, &error);
	free(bytes.at);
	if (!tree) {
		build_unreadable(b, error.position < 0 ? WEIR_NO_OFFSET : (uint64_t)error.position,
		                 "line %d: not JSON: %s", error.line, error.text);
		return NULL;
	}
	if (json_is_object(tree))
		return tree;
	build_unreadable(b, 0, "JSON, but no object");
	json_decref(tree);
	return NULL;
}

json_t *tree_at(json_t *object, const char *first, const char *second)
{
	return json_object_get(json_object_get(object, first), second);
}

const char *tree_text(json_t *value)
{
	return json_string_value(value);
}

/* The shortest of the three usual precisions that reads back as the same number. */
static void print_real(char *text, size_t n, double value)
{
	for (int digits = 15; digits <= 17; digits++) {
		(void)snprintf(text, n, "%.*g", digits, value);
		if (strtod(text, NULL) == value)
			return;
	}
}

void tree_fact(struct build *b, uint32_t node, const char *name, json_t *value)
{
	char text[32];

	switch (value ? json_typeof(value) : JSON_NULL) {
	case JSON_NULL:
		return;
	case JSON_STRING:
		build_fact(b, node, name, json_string_value(value), json_string_length(value));
		return;
	case JSON_INTEGER:
		(void)snprintf(text, sizeof(text), "%" JSON_INTEGER_FORMAT, json_integer_value(value));
		break;
	case JSON_REAL:
		print_real(text, sizeof(text), json_real_value(value));
		break;
	case JSON_TRUE:
	case JSON_FALSE:
		(void)snprintf(text, sizeof(text), "%s", json_is_true(value) ? "true" : "false");
		break;
	case JSON_OBJECT:
	case JSON_ARRAY:
	default:
		build_bad(b, "run.type", WEIR_NO_OFFSET, "%s: neither a string nor a number", name);
		return;
	}
	build_fact_text(b, node, name, text);
}
