/* SPDX-License-Identifier: Apache-2.0 */
#include "runs/build.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	SLAB_BYTES = 64 * 1024,
	ROOM_FIRST = 16,
	FORMAT_BYTES_MAX = 1024,
};

enum {
	ROOM_FACTS,
	ROOM_COMPONENTS,
	ROOM_NODES,
	ROOM_FILES,
	ROOM_DOCUMENTS,
	ROOM_NOTES,
	ROOM_LEFTOVERS,
};

struct build_slab {
	struct build_slab *next;
	size_t n, n_max;
	char at[];
};

struct build *build_new(void)
{
	struct build *b = calloc(1, sizeof(*b));

	if (!b)
		return NULL;
	b->document = RUN_NONE;
	b->root_fd = -1;
	return b;
}

void build_free(struct build *b)
{
	struct build_slab *next;

	if (!b)
		return;
	for (struct build_slab *s = b->slabs; s; s = next) {
		next = s->next;
		free(s);
	}
	free(b->facts);
	free(b->components);
	free(b->nodes);
	free(b->files);
	free(b->documents);
	free(b->notes);
	free(b->leftovers);
	if (b->root_fd >= 0)
		(void)close(b->root_fd);
	free(b);
}

void build_share(struct build *b)
{
	b->run.facts = b->facts;
	b->run.components = b->components;
	b->run.nodes = b->nodes;
	b->run.files = b->files;
	b->run.documents = b->documents;
	b->run.notes = b->notes;
	b->run.leftovers = b->leftovers;
}

const char *build_text(struct build *b, const char *at, size_t n)
{
	struct build_slab *s = b->slabs;
	size_t n_max = n + 1 > SLAB_BYTES ? n + 1 : SLAB_BYTES;
	char *copy;

	if (!s || s->n_max - s->n < n + 1) {
		s = malloc(sizeof(*s) + n_max);
		if (!s) {
			b->has_no_memory = 1;
			return "";
		}
		*s = (struct build_slab){ .next = b->slabs, .n_max = n_max };
		b->slabs = s;
	}
	copy = s->at + s->n;
	memcpy(copy, at, n);
	copy[n] = 0;
	s->n += n + 1;
	return copy;
}

__attribute__((format(printf, 2, 0))) static const char *format_text(struct build *b, const char *format, va_list args)
{
	char text[FORMAT_BYTES_MAX];
	int n = vsnprintf(text, sizeof(text), format, args);

	if (n < 0)
		return "";
	return build_text(b, text, (size_t)n < sizeof(text) ? (size_t)n : sizeof(text) - 1);
}

const char *build_format(struct build *b, const char *format, ...)
{
	const char *text;
	va_list args;

	va_start(args, format);
	text = format_text(b, format, args);
	va_end(args);
	return text;
}

/* One more element at the end of a table; NULL: no memory. The table's pointer is passed back. */
static void *grow(struct build *b, void *table, uint32_t *n, uint32_t room, size_t size, void **ret)
{
	uint32_t n_room = b->n_room[room];
	void *more;

	*ret = NULL;
	if (*n == n_room) {
		n_room = n_room ? 2 * n_room : ROOM_FIRST;
		more = reallocarray(table, n_room, size);
		if (!more) {
			b->has_no_memory = 1;
			return table;
		}
		table = more;
		b->n_room[room] = n_room;
	}
	*ret = (char *)table + *n * size;
	memset(*ret, 0, size);
	(*n)++;
	return table;
}

static struct run_document *current(struct build *b)
{
	return b->document == RUN_NONE ? &b->nobody : &b->documents[b->document];
}

static void note(struct build *b, const char *code, uint64_t offset, const char *text)
{
	void *at;

	b->notes = grow(b, b->notes, &b->run.n_notes, ROOM_NOTES, sizeof(*b->notes), &at);
	if (at)
		*(struct run_note *)at = (struct run_note){ code, text, offset, b->document };
}

void build_bad(struct build *b, const char *code, uint64_t offset, const char *format, ...)
{
	const char *text;
	va_list args;

	va_start(args, format);
	text = format_text(b, format, args);
	va_end(args);
	current(b)->n_read++;
	current(b)->n_bad++;
	current(b)->state = RUN_PARTIAL;
	note(b, code, offset, text);
}

void build_unreadable(struct build *b, uint64_t offset, const char *format, ...)
{
	const char *text;
	va_list args;

	va_start(args, format);
	text = format_text(b, format, args);
	va_end(args);
	current(b)->state = current(b)->n_stored > 0 ? RUN_PARTIAL : RUN_UNREADABLE;
	note(b, "run.document", offset, text);
}

static const char *known(const struct build *b, uint32_t node, const char *name)
{
	for (uint32_t i = 0; i < b->run.n_facts; i++)
		if (b->facts[i].node == node && strcmp(b->facts[i].name, name) == 0)
			return b->facts[i].value;
	return NULL;
}

void build_fact(struct build *b, uint32_t node, const char *name, const char *value, size_t n)
{
	void *at;

	while (n > 0 && (value[n - 1] == '\n' || value[n - 1] == ' '))
		n--;
	if (n == 0)
		return;
	if (n > RUN_VALUE_BYTES_MAX || memchr(value, 0, n)) {
		build_bad(b, "run.value", WEIR_NO_OFFSET, "%s: longer than %d bytes, or with a NUL", name,
		          RUN_VALUE_BYTES_MAX);
		return;
	}
	current(b)->n_read++;
	if (known(b, node, name)) {
		current(b)->n_skipped++;
		return;
	}
	b->facts = grow(b, b->facts, &b->run.n_facts, ROOM_FACTS, sizeof(*b->facts), &at);
	if (!at)
		return;
	current(b)->n_stored++;
	*(struct run_fact *)at = (struct run_fact){ build_text(b, name, strlen(name)), build_text(b, value, n), node };
}

void build_fact_text(struct build *b, uint32_t node, const char *name, const char *value)
{
	build_fact(b, node, name, value, strlen(value));
}

void build_component(struct build *b, const char *name, const char *version, const char *commit)
{
	void *at;

	if (strlen(name) + strlen(version) + strlen(commit) > RUN_VALUE_BYTES_MAX) {
		build_bad(b, "run.value", WEIR_NO_OFFSET, "component %.64s: longer than %d bytes", name,
		          RUN_VALUE_BYTES_MAX);
		return;
	}
	current(b)->n_read++;
	b->components = grow(b, b->components, &b->run.n_components, ROOM_COMPONENTS, sizeof(*b->components), &at);
	if (!at)
		return;
	current(b)->n_stored++;
	*(struct run_component *)at =
		(struct run_component){ build_text(b, name, strlen(name)), build_text(b, version, strlen(version)),
		                        build_text(b, commit, strlen(commit)) };
}

uint32_t build_find_node_n(const struct build *b, const char *name, size_t n)
{
	for (uint32_t i = 0; i < b->run.n_nodes; i++)
		if (strncmp(b->nodes[i].name, name, n) == 0 && b->nodes[i].name[n] == 0)
			return i;
	return RUN_NONE;
}

uint32_t build_find_node(const struct build *b, const char *name)
{
	return build_find_node_n(b, name, strlen(name));
}

int build_leads_to_node(const struct build *b, const char *path)
{
	size_t n = strlen(path);

	for (uint32_t i = 0; i < b->run.n_nodes; i++)
		if (strncmp(b->nodes[i].folder, path, n) == 0 &&
		    (b->nodes[i].folder[n] == 0 || b->nodes[i].folder[n] == '/'))
			return 1;
	return 0;
}

uint32_t build_node(struct build *b, const char *name, const char *folder)
{
	uint32_t i = build_find_node(b, name);
	void *at;

	if (i != RUN_NONE) {
		if (*folder && !*b->nodes[i].folder)
			b->nodes[i].folder = build_text(b, folder, strlen(folder));
		return i;
	}
	if (b->run.n_nodes >= RUN_NODES_MAX)
		return RUN_NONE;
	b->nodes = grow(b, b->nodes, &b->run.n_nodes, ROOM_NODES, sizeof(*b->nodes), &at);
	if (!at)
		return RUN_NONE;
	*(struct run_node *)at =
		(struct run_node){ build_text(b, name, strlen(name)), build_text(b, folder, strlen(folder)) };
	return b->run.n_nodes - 1;
}

void build_file(struct build *b, const struct run_file *file)
{
	void *at;

	b->files = grow(b, b->files, &b->run.n_files, ROOM_FILES, sizeof(*b->files), &at);
	if (at)
		*(struct run_file *)at = *file;
}

void build_leftover(struct build *b, const struct run_leftover *leftover)
{
	void *at;

	b->leftovers = grow(b, b->leftovers, &b->run.n_leftovers, ROOM_LEFTOVERS, sizeof(*b->leftovers), &at);
	if (at)
		*(struct run_leftover *)at = *leftover;
}

struct run_document *build_new_document(struct build *b)
{
	void *at;

	b->documents = grow(b, b->documents, &b->run.n_documents, ROOM_DOCUMENTS, sizeof(*b->documents), &at);
	b->document = at ? b->run.n_documents - 1 : RUN_NONE;
	return at;
}
