/* SPDX-License-Identifier: Apache-2.0 */
#include "exports/locli_reader.h"

#include "exports/jsonout.h"
#include "exports/locli_count.h"
#include "exports/locli_db.h"
#include "exports/locli_filter.h"
#include "exports/locli_io.h"
#include "exports/locli_place.h"
#include "exports/replace.h"
#include "parsers/trace_ends.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <weir/fail.h>

enum {
	WINDOW_BYTES = 512 << 10, /* read, parsed and written while it is in the cache */
	BUFFER_BYTES = TRACE_LINE_MAX + WINDOW_BYTES,
	HEAD_BYTES = 256 * 1024,   /* in which a file's first trace is looked for */
	REWRITTEN_MAX = 64 * 1024, /* bytes of a `Resources` line whose values are filled in */
};

struct reader {
	const struct locli_log_node *node;
	struct locli_read *result;
	struct weir_error *reterr;
	struct locli_db *db;
	struct replace filtered;
	FILE *timeline;
	struct locli_log_file *file; /* that is being read; NULL: nobody wants to know */
	EVP_MD_CTX *hash;            /* of it */
	struct locli_filter filter;
	int is_rewritten; /* the line goes into the filtered log as `rewritten` says */
	size_t n_rewritten;
	int64_t first_ns, last_ns; /* of the lines that locli reads */
	struct trace_parser parser;
	struct trace_line line;
	struct locli_count count;
	char rewritten[REWRITTEN_MAX];
	char buffer[BUFFER_BYTES];
};

/* ---- One line ---- */

static void copy_at(char *to, struct parse_text at)
{
	size_t n = at.n < LOCLI_AT_MAX ? at.n : LOCLI_AT_MAX - 1;

	memcpy(to, at.at, n);
	to[n] = 0;
}

/* A `Resources` line with what the node doesn't measure and the store has. */
static void fill_resources(struct reader *r, struct locli_object *o)
{
	static const char *const names[LOCLI_IO_FIELDS] = { "NetRd", "NetWr", "CentiBlkIO" };
	struct locli_filter_member members[LOCLI_IO_FIELDS];
	int n = 0;
	uint32_t is_covered = 0;

	for (int i = 0; i < LOCLI_IO_FIELDS; i++) {
		if (!locli_io_has(r->node->io, i))
			continue;
		is_covered |= locli_io_covers(r->node->io, i, r->line.at_ns) != 0;
		members[n] = (struct locli_filter_member){ names[i], locli_io_at(r->node->io, i, r->line.at_ns) };
		for (int k = 0; k < LOCLI_RESOURCE_FIELDS; k++)
			if (strcmp(locli_resource_names[k], names[i]) == 0)
				o->resources[k] = members[n].value;
		n++;
	}
	r->n_rewritten = locli_filter_rewrite(&r->line, members, n, r->rewritten, sizeof(r->rewritten) - 1);
	r->is_rewritten = r->n_rewritten > 0;
	r->result->n_filled += is_covered;
}

static void put_timeline(struct reader *r)
{
	(void)fwrite(r->line.text.at, 1, r->line.text.n, r->timeline);
	(void)fputc('\n', r->timeline);
}

static int message(struct reader *r)
{
	struct locli_object object;
	struct trace_name *name;
	uint32_t mark = locli_count_trace(&r->count, &r->line, &name);
	const char *wrong = locli_interpret(&r->line, mark & LOCLI_COUNT_RULE, &object);

	if (mark & LOCLI_COUNT_TIMELINE)
		put_timeline(r);
	if (wrong) {
		r->result->n_errors++;
		locli_count_refuse(&r->count, name);
		return locli_db_error(r->db, wrong, r->line.text);
	}
	if (!r->first_ns)
		r->first_ns = r->line.at_ns;
	r->last_ns = r->line.at_ns;
	if (object.table == LOCLI_NO_TABLE) {
		r->result->n_counted++;
		return 0;
	}
	r->result->n_stored++;
	if (object.table == LOCLI_RESOURCE) {
		r->result->n_resources++;
		if (r->node->io)
			fill_resources(r, &object);
	}
	return locli_db_put(r->db, &r->line, &object);
}

/* The last line may be cut; its time counts all the same: `{"at":"…"`. */
static void cut_line(struct reader *r)
{
	static const char start[] = "{\"at\":\"";
	struct parse_text t = r->line.text, at;
	const char *quote;
	int64_t ns;

	if (t.n <= sizeof(start) || memcmp(t.at, start, sizeof(start) - 1))
		return;
	at.at = t.at + sizeof(start) - 1;
	quote = memchr(at.at, '"', t.n - sizeof(start) + 1);
	at.n = quote ? (size_t)(quote - at.at) : 0;
	if (trace_time(&r->parser, at, &ns))
		r->last_ns = ns;
}

/* What is no trace, into the file's ledger; offset: where the line begins. */
static void account(struct reader *r, enum parse_result p, const struct parse_fault *fault, uint64_t offset)
{
	static const struct parse_fault cut = { .reason = "the last line was cut" };
	struct locli_read *to = r->result;

	if (p == PARSE_BAD)
		offset = fault->offset;
	else if (r->line.what == TRACE_CUT)
		fault = &cut;
	else
		fault = NULL;
	r->file->n_skipped += !fault;
	r->file->n_bad += fault != NULL;
	if (fault && to->n_bad < LOCLI_LOG_BAD_MAX)
		to->bad[to->n_bad++] = (struct locli_log_bad){ .file = (uint32_t)(r->file - to->files),
			                                       .offset = offset,
			                                       .reason = fault->reason };
}

static int one_line(struct reader *r, enum parse_result p, const struct parse_fault *fault, size_t n_used)
{
	if (p == PARSE_OK && r->line.what == TRACE_MESSAGE)
		return message(r);
	if (r->file)
		account(r, p, fault, r->parser.offset - n_used);
	if (p == PARSE_OK && r->line.what == TRACE_OBJECT)
		locli_count_object(&r->count, &r->line);
	if (p == PARSE_OK && r->line.what == TRACE_CUT)
		cut_line(r);
	r->result->n_errors++;
	return locli_db_error(r->db, p == PARSE_BAD ? fault->reason : "not a trace", r->line.text);
}

/* ---- Files ---- */

/* A line with its end, into the filtered log. */
static void filter(struct reader *r, const char *at, size_t n)
{
	size_t n_text = r->line.text.n;

	if (!r->is_rewritten) {
		locli_filter_line(&r->filter, at, n);
		return;
	}
	/* The same end as the line had. */
	if (n - n_text <= sizeof(r->rewritten) - r->n_rewritten)
		memcpy(r->rewritten + r->n_rewritten, at + n_text, n - n_text);
	locli_filter_replace(&r->filter, at, n, r->rewritten, r->n_rewritten + n - n_text);
	r->is_rewritten = 0;
}

/* All whole lines of the buffer; how many bytes they were, or < 0. */
static ssize_t lines(struct reader *r, size_t n, int is_last)
{
	size_t at = 0, n_used;
	uint64_t n_lines = 0;
	struct parse_text last_at = { 0 };
	struct parse_fault fault;
	int result = 0;

	while (result == 0) {
		enum parse_result p =
			trace_next(&r->parser, r->buffer + at, n - at, is_last, &r->line, &n_used, &fault);

		if (p == PARSE_MORE || p == PARSE_END)
			break;
		if (!r->result->first_at[0] && p == PARSE_OK && r->line.what == TRACE_MESSAGE)
			copy_at(r->result->first_at, r->line.at);
		if (p == PARSE_OK && r->line.what == TRACE_MESSAGE)
			last_at = r->line.at;
		r->result->n_newlines += r->buffer[at + n_used - 1] == '\n';
		result = one_line(r, p, &fault, n_used);
		n_lines++;
		filter(r, r->buffer + at, n_used);
		at += n_used;
	}
	if (last_at.n)
		copy_at(r->result->last_at, last_at);
	if (r->file)
		r->file->n_lines += n_lines;
	if (result == 0)
		result = locli_filter_flush(&r->filter);
	return result < 0 ? result : (ssize_t)at;
}

/* More of the file behind the n bytes that there are; how many, 0 at its end. */
static ssize_t fill(struct reader *r, int fd, const char *path, size_t n)
{
	size_t n_room = n + WINDOW_BYTES <= BUFFER_BYTES ? WINDOW_BYTES : BUFFER_BYTES - n;
	ssize_t n_got;

	do
		n_got = read(fd, r->buffer + n, n_room);
	while (n_got < 0 && errno == EINTR);
	if (n_got < 0)
		return weir_fail(r->reterr, -errno, "locli: %s: %s", path, strerror(errno));
	r->result->n_bytes += (uint64_t)n_got;
	if (r->file && !EVP_DigestUpdate(r->hash, r->buffer + n, (size_t)n_got))
		return -ENOMEM;
	return n_got;
}

/* Not inlined: what is inlined into this has all registers for itself. */
__attribute__((noinline)) static int read_all(struct reader *r, int fd, const char *path)
{
	ssize_t n_got = 1, used = 0;
	size_t n = 0;

	while (n_got > 0 && used >= 0) {
		n_got = fill(r, fd, path, n);
		if (n_got < 0)
			return (int)n_got;
		n += (size_t)n_got;
		used = lines(r, n, n_got == 0);
		if (used > 0) {
			n -= (size_t)used;
			memmove(r->buffer, r->buffer + used, n);
		}
	}
	return used < 0 ? (int)used : 0;
}

static int begin_ledger(struct reader *r, uint32_t file)
{
	if (!r->result->files)
		return 0;
	r->file = &r->result->files[file];
	if (!r->hash)
		r->hash = EVP_MD_CTX_new();
	return r->hash && EVP_DigestInit_ex(r->hash, EVP_sha256(), NULL) ? 0 : -ENOMEM;
}

static int end_ledger(struct reader *r)
{
	struct locli_log_file *f = r->file;

	if (!f)
		return 0;
	f->n_bytes = r->parser.offset;
	f->n_traces = f->n_lines - f->n_skipped - f->n_bad;
	f->is_whole = EVP_DigestFinal_ex(r->hash, f->sha256, NULL);
	return f->is_whole ? 0 : -ENOMEM;
}

static int read_file(struct reader *r, const char *path, uint32_t file)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), result;

	if (fd < 0)
		return weir_fail(r->reterr, -errno, "locli: %s: %s", path, strerror(errno));
	r->parser = (struct trace_parser){ 0 };
	result = begin_ledger(r, file);
	if (result == 0)
		result = read_all(r, fd, path);
	if (result == 0)
		result = end_ledger(r);
	(void)close(fd);
	return result;
}

struct dated {
	const char *path;
	uint32_t number;  /* among the node's files */
	int64_t first_ns; /* of its first trace; INT64_MIN: none was found */
	struct timespec modified;
};

/* In the order of their first traces: rotated logs. What has none in its beginning goes by its modification, as in the
 * workbench, or else its name. */
static int by_time(const void *a, const void *b)
{
	const struct dated *x = a, *y = b;

	if (x->first_ns != y->first_ns && x->first_ns != INT64_MIN && y->first_ns != INT64_MIN)
		return x->first_ns < y->first_ns ? -1 : 1;
	if (x->modified.tv_sec != y->modified.tv_sec)
		return x->modified.tv_sec < y->modified.tv_sec ? -1 : 1;
	if (x->modified.tv_nsec != y->modified.tv_nsec)
		return x->modified.tv_nsec < y->modified.tv_nsec ? -1 : 1;
	return strcmp(x->path, y->path);
}

static int date(struct reader *r, const char *path, struct dated *ret)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	ssize_t n;

	if (fd < 0 || fstat(fd, &st) < 0 || (n = pread(fd, r->buffer, HEAD_BYTES, 0)) < 0) {
		int result = weir_fail(r->reterr, -errno, "locli: %s: %s", path, strerror(errno));

		if (fd >= 0)
			(void)close(fd);
		return result;
	}
	(void)close(fd);
	*ret = (struct dated){ .path = path, .first_ns = INT64_MIN, .modified = st.st_mtim };
	(void)trace_first_ns(r->buffer, (size_t)n, &ret->first_ns);
	return 0;
}

static int read_files(struct reader *r)
{
	uint32_t n = r->node->n_files;
	struct dated *files = calloc(n ? n : 1, sizeof(*files));
	int result = files ? 0 : -ENOMEM;

	for (uint32_t i = 0; i < n && result == 0; i++) {
		result = date(r, r->node->files[i], &files[i]);
		files[i].number = i;
	}
	if (result == 0)
		qsort(files, n, sizeof(*files), by_time);
	for (uint32_t i = 0; i < n && result == 0; i++)
		result = read_file(r, files[i].path, files[i].number);
	free(files);
	return result;
}

/* ---- What is made of them ---- */

static int write_frequencies(struct reader *r, const char *path)
{
	struct replace file;
	struct jsonout j;
	int result = replace_open(&file, path, r->reterr);

	if (result < 0)
		return result;
	j = jsonout_on(file.file, 0);
	jsonout_object(&j, NULL);
	locli_count_put(&r->count, &j);
	jsonout_end(&j);
	return replace_commit(&file, r->reterr);
}

static int open_outputs(struct reader *r, const char *folder, int timeline_fd)
{
	char path[PATH_MAX];
	int result = locli_path(path, sizeof(path), folder, r->node->name, ".sqlite3", r->reterr);

	if (result == 0)
		result = locli_db_open(path, &r->db, r->reterr);
	if (result == 0)
		result = locli_path(path, sizeof(path), folder, r->node->name, ".flt.json", r->reterr);
	if (result == 0)
		result = replace_open(&r->filtered, path, r->reterr);
	if (result == 0)
		r->filter = (struct locli_filter){ .fd = fileno(r->filtered.file) };
	if (result == 0 && !(r->timeline = fdopen(timeline_fd, "w")))
		result = -errno;
	return result;
}

static int close_timeline(struct reader *r)
{
	int has_failed = ferror(r->timeline), result = fclose(r->timeline) ? -errno : 0;

	r->timeline = NULL;
	return has_failed ? -EIO : result;
}

static int make(struct reader *r, const char *folder, int64_t now_ns, int timeline_fd)
{
	struct locli_summary summary = { .node = r->node->name, .created_s = (double)now_ns / 1e9 };
	char path[PATH_MAX];
	int result = open_outputs(r, folder, timeline_fd);

	if (result == 0)
		result = read_files(r);
	if (result == 0)
		result = locli_count_store(&r->count, r->db, &summary.n_lines);
	summary.first_s = (double)r->first_ns / 1e9;
	summary.last_s = (double)r->last_ns / 1e9;
	if (result == 0)
		result = locli_db_finish(r->db, &summary, r->reterr);
	if (result == 0)
		result = locli_path(path, sizeof(path), folder, r->node->name, ".tracefreq.json", r->reterr);
	if (result == 0)
		result = write_frequencies(r, path);
	if (result == 0)
		result = close_timeline(r);
	r->filtered.is_remade = 1;
	if (result == 0)
		result = replace_commit(&r->filtered, r->reterr);
	return result;
}

void locli_read_node(const char *folder, const struct locli_log_node *node, int64_t now_ns, int timeline_fd,
                     struct locli_read *ret)
{
	struct reader *r = calloc(1, sizeof(*r));
	struct weir_error error = { "" };

	ret->result = -ENOMEM;
	if (r) {
		r->node = node;
		r->result = ret;
		r->reterr = &error;
		ret->result = make(r, folder, now_ns, timeline_fd);
		replace_abort(&r->filtered);
		if (r->timeline)
			(void)fclose(r->timeline);
		EVP_MD_CTX_free(r->hash);
		locli_db_close(r->db);
	}
	if (ret->result < 0)
		(void)snprintf(ret->message, sizeof(ret->message), "%s",
		               error.text[0] ? error.text : "locli: no memory or disk full");
	free(r);
}
