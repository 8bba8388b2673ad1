/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/parsers/jsontext_oracle.h"

#include "parsers/jsontext.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static json_t *read_value(struct jsontext_cursor *c, const char **wrong);

static json_t *text_value(const struct jsontext_value *v)
{
	char *room = malloc(v->raw.n + 1);
	size_t n = jsontext_unescape(v, room, v->raw.n + 1);
	json_t *text = json_stringn_nocheck(room, n);

	free(room);
	return text;
}

/* strtod is the second opinion on every number. */
static json_t *number_value(const struct jsontext_value *v, const char **wrong)
{
	char *copy = strndup(v->raw.at, v->raw.n);
	double theirs = strtod(copy, NULL), ours = 0;

	if (!jsontext_f64(v, &ours) ||
	    (ours != theirs && fabs(ours - theirs) > 2 * fabs(nextafter(theirs, HUGE_VAL) - theirs)))
		*wrong = "a number's value";
	free(copy);
	return json_real(theirs);
}

static json_t *object_value(struct jsontext_cursor *c, const char **wrong)
{
	json_t *object = json_object();
	struct jsontext_value key;
	int is_first = 1;

	(void)jsontext_enter(c, '{');
	while (jsontext_key(c, &is_first, &key) == PARSE_OK) {
		json_t *name = text_value(&key);

		json_object_setn_new_nocheck(object, json_string_value(name), json_string_length(name),
		                             read_value(c, wrong));
		json_decref(name);
	}
	return object;
}

static json_t *array_value(struct jsontext_cursor *c, const char **wrong)
{
	json_t *array = json_array();
	struct jsontext_value element;
	int is_first = 1;

	(void)jsontext_enter(c, '[');
	while (jsontext_element(c, &is_first, &element) == PARSE_OK) {
		struct jsontext_cursor inner = jsontext_on(element.raw.at, element.raw.n);

		if (element.type == JSONTEXT_STRING)
			json_array_append_new(array, text_value(&element));
		else
			json_array_append_new(array, read_value(&inner, wrong));
	}
	return array;
}

static json_t *read_value(struct jsontext_cursor *c, const char **wrong)
{
	struct jsontext_value v;
	char next = jsontext_peek(c);

	if (next == '{')
		return object_value(c, wrong);
	if (next == '[')
		return array_value(c, wrong);
	(void)jsontext_value(c, &v);
	if (v.type == JSONTEXT_STRING)
		return text_value(&v);
	if (v.type == JSONTEXT_NUMBER)
		return number_value(&v, wrong);
	return v.type == JSONTEXT_TRUE ? json_true() : v.type == JSONTEXT_FALSE ? json_false() : json_null();
}

static int is_own_bound(const json_error_t *error)
{
	enum json_error_code code = json_error_code(error);

	return code == json_error_numeric_overflow || code == json_error_null_byte_in_key ||
	       code == json_error_stack_overflow || code == json_error_null_character;
}

const char *jsontext_oracle_disagreement(const char *at, size_t n)
{
	struct jsontext_cursor check = jsontext_on(at, n), walk = jsontext_on(at, n);
	struct jsontext_value whole;
	const char *wrong = NULL;
	json_error_t error;
	json_t *theirs = json_loadb(at, n, JSON_DECODE_ANY | JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL, &error), *ours;
	int ok = jsontext_value(&check, &whole) == PARSE_OK && jsontext_finish(&check) == PARSE_OK;

	if (!theirs)
		return !ok || is_own_bound(&error) ? NULL : "jansson refuses it";
	if (!ok) {
		json_decref(theirs);
		/* jansson takes a NUL after the value for the end of the text. */
		return memchr(at, 0, n) || strstr(check.reason, "levels") ? NULL : check.reason;
	}
	ours = read_value(&walk, &wrong);
	if (!wrong && (walk.reason || !json_equal(ours, theirs)))
		wrong = "what it says";
	json_decref(ours);
	json_decref(theirs);
	return wrong;
}
