/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORE_LEXICON_H
#define STORE_LEXICON_H

/* The dictionaries of one source, read back: what a query needs to name a stack or an attribute set. Each is read when
 * it is first asked for and kept until another source is. Everything returned is borrowed until the next call.
 */

#include "store/block.h"
#include "store/sql.h"

enum {
	LEXICON_PATH_MAX = 1 << 20, /* bytes of a stack's names; of a longer one the leaf's end is kept, after `…;` */
};

struct lexicon;

struct lexicon *lexicon_new(sqlite3 *db); /* NULL: no memory */
void lexicon_free(struct lexicon *l);     /* NULL is fine */

/* Says whose dictionaries are meant. */
void lexicon_use(struct lexicon *l, int64_t source);

/* -EBADMSG: no such id, or the dictionary is damaged; the sentence says where. */
int lexicon_attrs(struct lexicon *l, uint64_t id, struct weir_text *ret, struct weir_error *reterr);
int lexicon_frame(struct lexicon *l, uint64_t stack, struct block_frame *ret, struct weir_error *reterr);
/* How many stacks there are: their ids are 1 .. n, and a parent's is smaller than its children's. */
int lexicon_count(struct lexicon *l, uint64_t *ret_n, struct weir_error *reterr);
int lexicon_stack(struct lexicon *l, uint64_t stack, struct block_stack *ret, struct weir_error *reterr);
/* The names from the root to the stack itself, joined by `;`. */
int lexicon_path(struct lexicon *l, uint64_t stack, struct weir_text *ret, struct weir_error *reterr);

#endif
