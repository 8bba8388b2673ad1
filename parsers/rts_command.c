/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/rts_command.h"

#include <string.h>

static int is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static struct parse_text trim(const char *at, const char *end)
{
	while (at < end && is_blank(*at))
		at++;
	while (end > at && is_blank(end[-1]))
		end--;
	return (struct parse_text){ at, (size_t)(end - at) };
}

/* The last `+RTS` that stands as a word of its own, or NULL. */
static const char *last_rts(const char *at, const char *end)
{
	for (const char *p = end - 4; p > at; p--)
		if (memcmp(p, "+RTS", 4) == 0 && is_blank(p[-1]) && (p + 4 == end || is_blank(p[4])))
			return p;
	return NULL;
}

/* Whether this line ends a command line: flags behind `+RTS`, and a space behind each word, the last one too. A line of
 * anything else hardly looks so, not even -xc's `(reporting due to +RTS -xc): (THUNK), stack trace: `. */
static int ends_command(const char *line, const char *newline)
{
	const char *end = newline > line && newline[-1] == '\r' ? newline - 1 : newline;
	const char *rts = end - line > 5 && end[-1] == ' ' ? last_rts(line, end) : NULL;
	struct parse_text flags, word;

	if (!rts)
		return 0;
	flags = trim(rts + 4, end);
	while (rts_command_word(&flags, &word))
		if (!word.n || *word.at != '-')
			return 0;
	return 1;
}

enum parse_result rts_command_line(const char *at, size_t n, int is_last, size_t *ret_n)
{
	const char *end = at + n, *limit = n > RTS_COMMAND_MAX ? at + RTS_COMMAND_MAX : end;

	for (const char *line = at; line < limit;) {
		const char *newline = memchr(line, '\n', (size_t)(limit - line));

		if (!newline)
			break;
		if (ends_command(line, newline)) {
			*ret_n = (size_t)(newline + 1 - at);
			return PARSE_OK;
		}
		if (*at != '\'')
			return PARSE_END;
		line = newline + 1;
	}
	return is_last || limit < end ? PARSE_END : PARSE_MORE;
}

struct rts_command rts_command_split(struct parse_text text)
{
	const char *end = text.at + text.n, *rts = text.n > 4 ? last_rts(text.at, end) : NULL;
	struct rts_command ret = { .has_rts = rts != NULL };
	struct parse_text before = trim(text.at, rts ? rts : end), rest = before;

	if (rts)
		ret.flags = trim(rts + 4, end);
	if (!rts_command_word(&rest, &ret.program))
		return ret;
	ret.arguments = trim(rest.at, rest.at + rest.n);
	return ret;
}

int rts_command_word(struct parse_text *text, struct parse_text *ret_word)
{
	struct parse_text left = trim(text->at, text->at + text->n);
	const char *at = left.at, *end = left.at + left.n, *word_end;

	if (at == end)
		return 0;
	if (*at == '\'') {
		for (word_end = ++at; word_end < end; word_end++)
			if (*word_end == '\'' && (word_end + 1 == end || is_blank(word_end[1])))
				break;
	} else {
		for (word_end = at; word_end < end && !is_blank(*word_end); word_end++)
			;
	}
	*ret_word = (struct parse_text){ at, (size_t)(word_end - at) };
	if (word_end < end)
		word_end++;
	*text = (struct parse_text){ word_end, (size_t)(end - word_end) };
	return 1;
}

static size_t put(char *room, size_t n_room, size_t n, const char *at, size_t n_bytes)
{
	if (n_bytes > n_room - n)
		n_bytes = n_room - n;
	memcpy(room + n, at, n_bytes);
	return n + n_bytes;
}

size_t rts_command_plain(struct parse_text text, char *room, size_t n_room)
{
	struct parse_text word;
	size_t n = 0;

	while (rts_command_word(&text, &word)) {
		size_t has_blank = word.n == 0;

		for (size_t i = 0; i < word.n; i++)
			has_blank |= (size_t)is_blank(word.at[i]);
		n = put(room, n_room, n, " ", n > 0);
		n = put(room, n_room, n, "'", has_blank);
		n = put(room, n_room, n, word.at, word.n);
		n = put(room, n_room, n, "'", has_blank);
	}
	return n;
}
