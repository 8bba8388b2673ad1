/* SPDX-License-Identifier: Apache-2.0 */

/*     {"rlHostLogs": {"node-0": {…, "hlProfile": […], …}, …}, "rlFilterDate": "…"}
 */

#include "exports/manifest.h"

#include "parsers/jsontext.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <weir/fail.h>

enum {
	NAME_BYTES_MAX = 1024, /* of a host that can be one of ours */
	ROOM_FIRST = 16,
};

struct search {
	struct manifest *m;
	const char *text, *what;
	const char *const *hosts;
	uint32_t n_hosts, n_room;
	struct weir_error *reterr;
};

static int bad(const struct search *s, const struct jsontext_cursor *c, const char *reason)
{
	return weir_fail(s->reterr, -EBADMSG, "locli: %s: offset %zu: %s; the file is left as it is", s->what,
	                 (size_t)(c->at - s->text),
	                 reason      ? reason
	                 : c->reason ? c->reason
	                             : "not JSON");
}

static int is_key(const struct jsontext_value *key, const char *name)
{
	char room[NAME_BYTES_MAX];
	size_t n = jsontext_unescape(key, room, sizeof(room));

	return n <= sizeof(room) && n == strlen(name) && memcmp(room, name, n) == 0;
}

static int add(struct search *s, struct manifest_place place)
{
	if (s->m->n_places == s->n_room) {
		uint32_t n_room = s->n_room ? 2 * s->n_room : ROOM_FIRST;
		struct manifest_place *more = reallocarray(s->m->places, n_room, sizeof(*more));

		if (!more)
			return weir_fail(s->reterr, -ENOMEM, "locli: %s: no memory", s->what);
		s->m->places = more;
		s->n_room = n_room;
	}
	s->m->places[s->m->n_places++] = place;
	return 0;
}

/* A cursor on an object that was checked already, behind its bracket. */
static struct jsontext_cursor enter(const struct jsontext_value *object)
{
	struct jsontext_cursor c = jsontext_on(object->raw.at, object->raw.n);

	(void)jsontext_enter(&c, '{');
	return c;
}

static int find_profile(struct search *s, uint32_t host, const struct jsontext_value *object)
{
	struct jsontext_cursor c = enter(object);
	struct jsontext_value key, value;
	int is_first = 1, n_found = 0, result = 0, has_members = 0;

	while (result == 0 && jsontext_member(&c, &is_first, &key, &value) == PARSE_OK) {
		/* A string's raw text has no quotes. */
		size_t n_quote = value.type == JSONTEXT_STRING;

		has_members = 1;
		if (!is_key(&key, "hlProfile"))
			continue;
		n_found++;
		result = add(s, (struct manifest_place){ .at = (size_t)(value.raw.at - s->text) - n_quote,
		                                         .n_drop = value.raw.n + 2 * n_quote,
		                                         .host = host });
	}
	if (result == 0 && n_found == 0)
		result = add(s, (struct manifest_place){ .at = (size_t)(object->raw.at - s->text) + 1,
		                                         .host = host,
		                                         .is_missing = 1,
		                                         .is_first = !has_members });
	return result;
}

static int find_hosts(struct search *s, const struct jsontext_cursor *at, const struct jsontext_value *object)
{
	struct jsontext_cursor c = enter(object);
	struct jsontext_value key, value;
	int is_first = 1, result = 0;

	if (object->type != JSONTEXT_OBJECT)
		return bad(s, at, "rlHostLogs is no object");
	while (result == 0 && jsontext_member(&c, &is_first, &key, &value) == PARSE_OK) {
		for (uint32_t i = 0; result == 0 && i < s->n_hosts; i++) {
			if (!is_key(&key, s->hosts[i]))
				continue;
			if (value.type != JSONTEXT_OBJECT)
				return bad(s, &c, "a host is no object");
			result = find_profile(s, i, &value);
		}
	}
	return result;
}

static int search_all(struct search *s, size_t n)
{
	struct jsontext_cursor c = jsontext_on(s->text, n);
	struct jsontext_value key, value;
	int is_first = 1, result = 0;
	enum parse_result step = jsontext_enter(&c, '{');

	s->m->is_empty = 1;
	while (step == PARSE_OK && result == 0) {
		step = jsontext_member(&c, &is_first, &key, &value);
		if (step != PARSE_OK)
			break;
		s->m->is_empty = 0;
		if (is_key(&key, "rlHostLogs"))
			result = find_hosts(s, &c, &value);
	}
	if (result < 0)
		return result;
	if (step != PARSE_END || jsontext_finish(&c) != PARSE_OK)
		return bad(s, &c, NULL);
	return 0;
}

int manifest_find(const char *text, size_t n, const char *const *hosts, uint32_t n_hosts, const char *what,
                  struct manifest *ret, struct weir_error *reterr)
{
	struct search s = {
		.m = ret, .text = text, .what = what, .hosts = hosts, .n_hosts = n_hosts, .reterr = reterr
	};
	int result;

	*ret = (struct manifest){ 0 };
	result = search_all(&s, n);
	if (result < 0)
		manifest_done(ret);
	return result;
}

void manifest_done(struct manifest *m)
{
	free(m->places);
	*m = (struct manifest){ 0 };
}
