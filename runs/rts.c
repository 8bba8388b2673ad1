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

/* One command of a script: its words, quotes and escapes undone. */
struct command {
	char *words; /* one after the other, a NUL behind each */
	size_t n_words, n;
};

static int is_in(char c, const char *set)
{
	return c && strchr(set, c);
}

/* The end of a quoted piece whose quote is at `at`; what it says goes to *to. */
static const char *copy_quoted(const char *at, const char *end, char **to)
{
	char quote = *at++;

	for (; at < end && *at != quote; at++) {
		if (*at == '\\' && quote == '"' && at + 1 < end)
			at++;
		*(*to)++ = *at;
	}
	return at < end ? at + 1 : end;
}

/* Blanks, and newlines that a backslash takes away. */
static const char *skip_blanks(const char *at, const char *end)
{
	while (at < end && (is_in(*at, " \t\r") || (*at == '\\' && at + 1 < end && at[1] == '\n')))
		at += *at == '\\' ? 2 : 1;
	return at;
}

/* The next word of a command to *to, where there is room for all of the script; NULL: the command is over. */
static const char *next_word(const char *at, const char *end, char **to)
{
	at = skip_blanks(at, end);
	if (at >= end || is_in(*at, "\n;&|#"))
		return NULL;
	while (at < end && !is_in(*at, " \t\r\n;&|")) {
		if (is_in(*at, "'\"")) {
			at = copy_quoted(at, end, to);
		} else if (*at == '\\' && at + 1 < end) {
			if (at[1] != '\n')
				*(*to)++ = at[1];
			at += 2;
		} else {
			*(*to)++ = *at++;
		}
	}
	*(*to)++ = 0;
	return at;
}

/* The next command; at the end of the script NULL. A comment lasts until its line ends. */
static const char *next_command(const char *at, const char *end, struct command *ret)
{
	char *to = ret->words;
	const char *next;

	ret->n_words = 0;
	while (at < end && is_in(*at, "\n;&|"))
		at++;
	if (at >= end)
		return NULL;
	while ((next = next_word(at, end, &to))) {
		at = next;
		ret->n_words++;
	}
	ret->n = (size_t)(to - ret->words);
	at = skip_blanks(at, end);
	if (at < end && *at == '#') {
		at = memchr(at, '\n', (size_t)(end - at));
		return at ? at : end;
	}
	return at;
}

static const char *word_after(const char *word)
{
	return word + strlen(word) + 1;
}

static int has_word(const struct command *c, const char *what)
{
	const char *word = c->words;

	for (size_t i = 0; i < c->n_words; i++, word = word_after(word))
		if (strcmp(word, what) == 0)
			return 1;
	return 0;
}

static const char *base_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static int is_one_of(const char *word, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(word, list[i]) == 0)
			return 1;
	return 0;
}

/* The program behind those that only run another: `/usr/bin/time -o x -f '…' cardano-node run …`. "": there is none. */
static const char *program_of(const struct command *c)
{
	static const char *const runners[] = { "exec", "time", "nice", "env", "stdbuf", "nohup" };
	static const char *const with_value[] = { "-o", "-f", "-n", "-u" };
	const char *word = c->words;
	int is_running = 0, is_value = 0;

	for (size_t i = 0; i < c->n_words; i++, word = word_after(word)) {
		if (is_value)
			is_value = 0;
		else if (is_one_of(base_of(word), runners, sizeof(runners) / sizeof(runners[0])))
			is_running = 1;
		else if (is_running && *word == '-')
			is_value = is_one_of(word, with_value, sizeof(with_value) / sizeof(with_value[0]));
		else if (!is_running || !strchr(word, '='))
			return base_of(word);
	}
	return "";
}

static size_t append(char *all, size_t n_all, size_t n_max, const char *word)
{
	size_t n = strlen(word);

	if (n + 1 > n_max - n_all)
		return n_all;
	if (n_all > 0)
		all[n_all++] = ' ';
	memcpy(all + n_all, word, n);
	return n_all + n;
}

/* Where in a command its flags are looked for. */
struct flag_place {
	const char *word;
	size_t i;
	int is_rts;
};

/* The next word between +RTS and -RTS, or the end; NULL: there is none. `--RTS` ends all of it, as in the run-time
 * system itself. */
static const char *next_flag(const struct command *c, struct flag_place *p)
{
	while (p->i < c->n_words && strcmp(p->word, "--RTS") != 0) {
		const char *word = p->word;

		p->i++;
		p->word = word_after(word);
		if (strcmp(word, "+RTS") == 0)
			p->is_rts = 1;
		else if (strcmp(word, "-RTS") == 0)
			p->is_rts = 0;
		else if (p->is_rts)
			return word;
	}
	return NULL;
}

static void take_command(struct build *b, uint32_t node, const struct command *c)
{
	/* A run-time system that isn't profiled refuses these. */
	static const char *const profiling[] = { "-p",  "-pa", "-pj", "-P",  "-Pa", "-Pj",
		                                 "-hc", "-hm", "-hd", "-hy", "-hr", "-hb" };
	struct flag_place place = { .word = c->words };
	char flags[RUN_VALUE_BYTES_MAX];
	const char *flag;
	size_t n = 0;
	int is_profiled = 0;

	while ((flag = next_flag(c, &place))) {
		n = append(flags, n, sizeof(flags), flag);
		is_profiled |= is_one_of(flag, profiling, sizeof(profiling) / sizeof(profiling[0]));
	}
	build_fact_text(b, node, "program.name", program_of(c));
	build_fact(b, node, "ghc.rts.flags", flags, n);
	if (is_profiled)
		build_fact_text(b, node, "ghc.profiled", "true");
}

/* The command is the last one that has RTS flags and is not an echo: the script says first what it will do. */
static void read_script(struct build *b, uint32_t node, const struct build_bytes *bytes)
{
	struct command now = { .words = malloc(bytes->n + 1) }, found = { .words = malloc(bytes->n + 1) };
	const char *at = bytes->at, *end = bytes->at + bytes->n;

	while (now.words && found.words && (at = next_command(at, end, &now))) {
		if (!has_word(&now, "+RTS") || strcmp(now.words, "echo") == 0)
			continue;
		memcpy(found.words, now.words, now.n);
		found.n_words = now.n_words;
	}
	if (found.n_words > 0)
		take_command(b, node, &found);
	b->has_no_memory |= !now.words || !found.words;
	free(now.words);
	free(found.words);
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
static int is_profiled_way(const char *way, size_t n)
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
		build_fact_text(b, node, "ghc.profiled", is_profiled_way(value, n) ? "true" : "false");
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

	/* What it says of itself is surer than what it was started with. */
	if (open_beside(b, node, "healthcheck/rts.info", INFO_BYTES_MAX, &bytes))
		read_info(b, node, bytes.at);
	free(bytes.at);
	if (open_beside(b, node, "start.sh", SCRIPT_BYTES_MAX, &bytes))
		read_script(b, node, &bytes);
	free(bytes.at);
	if (open_beside(b, node, "exit_code", EXIT_BYTES_MAX, &bytes))
		build_fact(b, node, "process.exit_code", bytes.at, bytes.n);
	free(bytes.at);
}
