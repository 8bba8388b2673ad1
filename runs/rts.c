/* SPDX-License-Identifier: Apache-2.0 */

/* What a node's folder says of its run-time system.
 *
 *     start.sh               …; <program> run … +RTS -scardano-node.gcstats -RTS … +RTS -po… -P -N2 … -RTS
 *     healthcheck/rts.info    [("GHC RTS", "YES")
 *                             ,("GHC version", "9.6.7")
 *                             ,("RTS way", "rts_thr_p")
 *     exit_code              0
 */

#include "runs/build.h"

#include <stdlib.h>
#include <string.h>

enum {
	SCRIPT_BYTES_MAX = 1 << 20,
	INFO_BYTES_MAX = 64 * 1024,
	EXIT_BYTES_MAX = 64,
};

static int is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* The next word of a line, quotes taken off its ends; its length, 0 at the end. */
static size_t next_word(const char **at, const char *end, const char **ret)
{
	const char *start;

	while (*at < end && is_blank(**at))
		(*at)++;
	start = *at;
	while (*at < end && !is_blank(**at))
		(*at)++;
	*ret = start;
	if (*at - start >= 2 && (*start == '"' || *start == '\'') && (*at)[-1] == *start) {
		*ret = start + 1;
		return (size_t)(*at - start - 2);
	}
	return (size_t)(*at - start);
}

static int is_word(const char *word, size_t n, const char *what)
{
	return n == strlen(what) && memcmp(word, what, n) == 0;
}

static size_t append(char *all, size_t n_all, size_t n_max, const char *word, size_t n)
{
	if (n + 1 > n_max - n_all)
		return n_all;
	if (n_all > 0)
		all[n_all++] = ' ';
	memcpy(all + n_all, word, n);
	return n_all + n;
}

/* All words between +RTS and -RTS, or the end. `--RTS` ends all of it, as in the run-time system itself. */
static size_t collect_flags(const char *at, const char *end, char *all, size_t n_max)
{
	const char *word;
	size_t n, n_all = 0;
	int is_rts = 0;

	while ((n = next_word(&at, end, &word)) > 0) {
		if (is_word(word, n, "--RTS"))
			break;
		if (is_word(word, n, "+RTS"))
			is_rts = 1;
		else if (is_word(word, n, "-RTS"))
			is_rts = 0;
		else if (is_rts)
			n_all = append(all, n_all, n_max, word, n);
	}
	return n_all;
}

static void take_command(struct build *b, uint32_t node, const char *at, const char *end)
{
	char flags[RUN_VALUE_BYTES_MAX];
	const char *word, *slash, *line = at;
	size_t n = next_word(&at, end, &word);

	if (is_word(word, n, "exec"))
		n = next_word(&at, end, &word);
	slash = memrchr(word, '/', n);
	if (slash) {
		n -= (size_t)(slash + 1 - word);
		word = slash + 1;
	}
	build_fact(b, node, "program.name", word, n);
	build_fact(b, node, "ghc.rts.flags", flags, collect_flags(line, end, flags, sizeof(flags)));
}

/* The command is the last line that has RTS flags and isn't printed or commented out: the script echoes it first. */
static void read_script(struct build *b, uint32_t node, const struct build_bytes *bytes)
{
	const char *at = bytes->at, *end = bytes->at + bytes->n, *command = NULL, *command_end = NULL, *next, *word;

	for (; at < end; at = next) {
		const char *newline = memchr(at, '\n', (size_t)(end - at)), *start = at;
		const char *line_end = newline ? newline : end;
		size_t n = next_word(&start, line_end, &word);

		next = newline ? newline + 1 : end;
		if (n == 0 || *word == '#' || is_word(word, n, "echo"))
			continue;
		if (memmem(word, (size_t)(line_end - word), "+RTS", 4)) {
			command = word;
			command_end = line_end;
		}
	}
	if (command)
		take_command(b, node, command, command_end);
}

/* The value of a pair ("key", "value"), as `+RTS --info` prints it; NULL: it isn't there. */
static const char *find_pair(const char *text, const char *key, size_t *ret_n)
{
	size_t n_key = strlen(key);

	for (const char *at = text; (at = strstr(at, "(\"")); at += 2) {
		const char *value, *end;

		if (strncmp(at + 2, key, n_key) != 0 || strncmp(at + 2 + n_key, "\", \"", 4) != 0)
			continue;
		value = at + 2 + n_key + 4;
		end = strstr(value, "\")");
		if (!end)
			return NULL;
		*ret_n = (size_t)(end - value);
		return value;
	}
	return NULL;
}

/* A way such as `rts_thr_debug_p` has a `p` of its own when it is the profiled one. */
static int is_profiled(const char *way, size_t n)
{
	for (size_t i = 0; i + 1 < n; i++)
		if (way[i] == '_' && way[i + 1] == 'p' && (i + 2 == n || way[i + 2] == '_'))
			return 1;
	return 0;
}

static void read_info(struct build *b, uint32_t node, const char *text)
{
	static const struct {
		const char *fact, *key;
	} table[] = {
		{ "ghc.version", "GHC version" },
		{ "ghc.rts.way", "RTS way" },
		{ "ghc.rts.build_platform", "Build platform" },
		{ "ghc.rts.with_flags", "Flag -with-rtsopts" },
	};
	const char *value;
	size_t n;

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		value = find_pair(text, table[i].key, &n);
		if (value)
			build_fact(b, node, table[i].fact, value, n);
	}
	value = find_pair(text, "RTS way", &n);
	if (value)
		build_fact_text(b, node, "ghc.profiled", is_profiled(value, n) ? "true" : "false");
	else
		build_bad(b, "run.rts_info", WEIR_NO_OFFSET, "no pair \"RTS way\": not what +RTS --info prints");
}

static int open_beside(struct build *b, uint32_t node, const char *name, size_t n_max, struct build_bytes *ret)
{
	const char *folder = b->nodes[node].folder;

	*ret = (struct build_bytes){ 0 };
	return *folder && build_document(b, build_format(b, "%s/%s", folder, name), node, n_max, ret);
}

void rts_read(struct build *b, uint32_t node)
{
	struct build_bytes bytes;

	if (open_beside(b, node, "start.sh", SCRIPT_BYTES_MAX, &bytes))
		read_script(b, node, &bytes);
	free(bytes.at);
	if (open_beside(b, node, "healthcheck/rts.info", INFO_BYTES_MAX, &bytes))
		read_info(b, node, bytes.at);
	free(bytes.at);
	if (open_beside(b, node, "exit_code", EXIT_BYTES_MAX, &bytes))
		build_fact(b, node, "process.exit_code", bytes.at, bytes.n);
	free(bytes.at);
}
