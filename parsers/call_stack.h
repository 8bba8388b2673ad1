/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARSERS_CALL_STACK_H
#define PARSERS_CALL_STACK_H

/* What ghc-stack-profiler (0.4) writes into an eventlog's binary messages, all big-endian:
 *
 *     final   = u16 0xffca body                      the last or only part of a thread's call stack
 *     chunk   = u16 0xffcb body                      a part; more follow
 *     body    = u32 capability, u32 thread, u16 n, n items
 *     item    = 0x01 u64 address of an info table
 *             | 0x02 u64 id of a string
 *             | 0x03 u64 id of a string, u64 id of a location
 *     string  = u16 0xffcc u64 id, u16 n, n bytes
 *     location= u16 0xffcd u64 id, u32 line, u32 column, u64 id of the file's string
 *
 * Source: ghc-stack-profiler-core, GHC.Stack.Profiler.Core.Eventlog.
 */

#include "parsers/result.h"

enum call_stack_what {
	CALL_STACK_NONE = 0, /* not this protocol */
	CALL_STACK_FINAL,
	CALL_STACK_CHUNK,
	CALL_STACK_STRING,
	CALL_STACK_LOCATION,
};

enum call_stack_item_kind {
	CALL_STACK_INFO_TABLE = 1,
	CALL_STACK_TEXT,
	CALL_STACK_PLACE,
};

struct call_stack_item {
	enum call_stack_item_kind kind;
	uint64_t id, location;
};

struct call_stack_message {
	enum call_stack_what what;
	uint32_t capability, thread;
	uint32_t n_items;
	struct parse_text items; /* to be taken by call_stack_next() */
	uint64_t id;             /* of a string or a location */
	struct parse_text text;  /* of a string */
	uint32_t line, column;
	uint64_t file;
};

/* PARSE_OK: ret->what, CALL_STACK_NONE included. PARSE_BAD: it begins like one and is malformed; items may still be. */
enum parse_result call_stack_message(const uint8_t *at, size_t n, struct call_stack_message *ret);

/* The next item. PARSE_END: there are no more. PARSE_BAD. */
enum parse_result call_stack_next(struct call_stack_message *m, struct call_stack_item *ret);

#endif
