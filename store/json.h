/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORE_JSON_H
#define STORE_JSON_H

/* Writing JSON into memory that the caller owns, and the canonical form of attribute sets: one object of strings, keys
 * in byte order, no blanks, `{}` when empty. Equal sets are equal texts.
 *
 * A json_out counts on after its memory is full and writes nothing beyond it, so n > n_max says how much to come back
 * with; what was written until then is not to be used. It does not terminate with a NUL. No allocation.
 */

#include <weir/host.h>

enum {
	JSON_ATTRS_MAX = 64, /* attributes of one set */
};

struct json_out {
	char *at;
	uint64_t n_max; /* bytes there are */
	uint64_t n;     /* bytes it takes */
};

/* As it is. */
void json_put_raw(struct json_out *out, struct weir_text text);
/* A string with its quotes. Always UTF-8: each maximal piece of what isn't becomes U+FFFD. */
void json_put_string(struct json_out *out, struct weir_text text);
/* Whether it is well-formed UTF-8, so that json_put_string() keeps all of it. */
int json_is_utf8(struct weir_text text);
void json_put_i64(struct json_out *out, int64_t v);
/* The shortest text that reads back as the same double. NaN is null, infinities are 1e999 and -1e999, as sqlite3 -json
 * writes them. */
void json_put_f64(struct json_out *out, double v);

/* A canonical attribute set. -EINVAL: the same key twice, or a key that is empty or has a byte other than printable
 * ASCII without `"` and `\`; -E2BIG: more than JSON_ATTRS_MAX. Nothing is written then. */
int json_attrs(struct json_out *out, const struct weir_attr *attrs, uint32_t n_attrs);

/* The union of two canonical sets; where both have a key, the value of `above` stands. -EBADMSG: one of them is not
 * canonical; something may have been written. */
int json_merge(struct json_out *out, struct weir_text below, struct weir_text above);

#endif
