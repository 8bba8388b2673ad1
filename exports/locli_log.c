/* SPDX-License-Identifier: Apache-2.0 */
#include "exports/locli_log.h"

#include "exports/jsonout.h"
#include "exports/locli_place.h"
#include "exports/locli_reader.h"
#include "exports/replace.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <weir/fail.h>

/* Into PATH_MAX bytes. */
static int file_path(char *ret, const char *folder, const char *name, struct weir_error *reterr)
{
	int n = snprintf(ret, PATH_MAX, "%s/%s", folder, name);

	return n < 0 || n >= PATH_MAX ? weir_fail(reterr, -ENAMETOOLONG, "locli: %s: the path is too long", folder) : 0;
}

/* ---- A process a node ---- */

static uint32_t cores(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof(set), &set) == 0 ? (uint32_t)CPU_COUNT(&set) : 1;
}

static int wait_one(struct locli_read *reads, const pid_t *pids, uint32_t n)
{
	int status;
	pid_t pid = wait(&status);

	for (uint32_t i = 0; i < n; i++)
		if (pids[i] == pid && !(WIFEXITED(status) && WEXITSTATUS(status) == 0) && reads[i].result == 0) {
			reads[i].result = -EIO;
			(void)snprintf(reads[i].message, sizeof(reads[i].message), "locli: its reader was ended");
		}
	return pid < 0 ? -errno : 0;
}

static int read_all(const struct locli_log_config *config, const char *folder, struct locli_read *reads)
{
	uint32_t n_most = config->n_workers ? config->n_workers : cores(), n_running = 0, n_started = 0;
	pid_t *pids = calloc(config->n_nodes ? config->n_nodes : 1, sizeof(*pids));
	int result = pids ? 0 : -ENOMEM;

	while (result == 0 && (n_started < config->n_nodes || n_running)) {
		if (n_running == n_most || n_started == config->n_nodes) {
			result = wait_one(reads, pids, n_started);
			n_running--;
			continue;
		}
		pids[n_started] = fork();
		if (pids[n_started] == 0) {
			locli_read_node(folder, &config->nodes[n_started], config->now_ns, &reads[n_started]);
			_exit(0);
		}
		if (pids[n_started] < 0)
			result = -errno;
		else
			n_running++;
		n_started++;
	}
	free(pids);
	return result;
}

/* ---- The hash timeline: the nodes' lines, sorted as bytes ---- */

struct text {
	char *at;
	size_t n;
};

static int read_text(const char *path, struct text *ret)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int result = fd < 0 || fstat(fd, &st) < 0 ? -errno : 0;

	*ret = (struct text){ 0 };
	if (result == 0) {
		ret->n = (size_t)st.st_size;
		ret->at = malloc(ret->n + 1);
		result = ret->at ? 0 : -ENOMEM;
	}
	if (result == 0 && pread(fd, ret->at, ret->n, 0) != (ssize_t)ret->n)
		result = -EIO;
	if (result == 0)
		ret->at[ret->n] = 0;
	if (fd >= 0)
		(void)close(fd);
	return result;
}

struct line {
	const char *at;
	size_t n;
};

static int by_bytes(const void *a, const void *b)
{
	const struct line *x = a, *y = b;
	int order = memcmp(x->at, y->at, x->n < y->n ? x->n : y->n);

	return order ? order : (x->n > y->n) - (x->n < y->n);
}

static size_t split(const struct text *t, struct line *to)
{
	size_t n = 0;
	const char *at = t->at, *end = t->at + t->n, *newline;

	for (; (newline = memchr(at, '\n', (size_t)(end - at))); at = newline + 1, n++)
		if (to)
			to[n] = (struct line){ at, (size_t)(newline - at) };
	return n;
}

static int write_sorted(const char *path, const struct text *texts, uint32_t n_texts, struct weir_error *reterr)
{
	struct replace file;
	struct line *lines;
	size_t n = 0, n_put = 0;
	int result;

	for (uint32_t i = 0; i < n_texts; i++)
		n += split(&texts[i], NULL);
	lines = calloc(n ? n : 1, sizeof(*lines));
	if (!lines)
		return -ENOMEM;
	for (uint32_t i = 0; i < n_texts; i++)
		n_put += split(&texts[i], lines + n_put);
	qsort(lines, n, sizeof(*lines), by_bytes);
	result = replace_open(&file, path, reterr);
	for (size_t i = 0; i < n && result == 0; i++)
		(void)fprintf(file.file, "%.*s\n", (int)lines[i].n, lines[i].at);
	file.is_remade = 1;
	if (result == 0)
		result = replace_commit(&file, reterr);
	free(lines);
	return result;
}

static int write_timeline(const struct locli_log_config *config, const char *folder, struct weir_error *reterr)
{
	struct text *texts = calloc(config->n_nodes ? config->n_nodes : 1, sizeof(*texts));
	char path[PATH_MAX];
	int result = texts ? 0 : -ENOMEM;

	for (uint32_t i = 0; i < config->n_nodes && result == 0; i++) {
		result = locli_path(path, sizeof(path), folder, config->nodes[i].name, ".timeline", reterr);
		if (result == 0)
			result = read_text(path, &texts[i]);
		(void)unlink(path);
		if (result == -ENOENT)
			result = 0; /* the node failed, which has been said */
	}
	if (result == 0)
		result = file_path(path, folder, "hash-timeline.json", reterr);
	if (result == 0)
		result = write_sorted(path, texts, config->n_nodes, reterr);
	for (uint32_t i = 0; texts && i < config->n_nodes; i++)
		free(texts[i].at);
	free(texts);
	return result;
}

/* ---- The manifests ---- */

static void put_host(struct jsonout *j, const char *folder, const struct locli_log_node *node,
                     const struct locli_read *read, int is_db)
{
	char path[PATH_MAX];
	struct text frequencies = { 0 };

	jsonout_object(j, node->name);
	jsonout_array(j, "hlLogs");
	(void)locli_path(path, sizeof(path), folder, node->name, is_db ? ".sqlite3" : ".flt.json", NULL);
	jsonout_text(j, NULL, path);
	jsonout_null(j, NULL);
	jsonout_end(j);
	jsonout_array(j, "hlProfile");
	jsonout_end(j);
	if (!is_db) {
		jsonout_text(j, "hlRawFirstAt", read->first_at[0] ? read->first_at : NULL);
		jsonout_text(j, "hlRawLastAt", read->last_at[0] ? read->last_at : NULL);
	}
	jsonout_u64(j, "hlRawLines", is_db ? 0 : read->n_newlines);
	jsonout_array(j, "hlRawLogfiles");
	for (uint32_t i = 0; i < node->n_files; i++)
		jsonout_text(j, NULL, node->files[i]);
	jsonout_end(j);
	(void)locli_path(path, sizeof(path), folder, node->name, ".tracefreq.json", NULL);
	if (!is_db && read_text(path, &frequencies) == 0) {
		jsonout_json(j, "hlRawTraceFreqs", frequencies.at);
	} else {
		jsonout_object(j, "hlRawTraceFreqs");
		jsonout_end(j);
	}
	free(frequencies.at);
	jsonout_end(j);
}

static int write_manifest(const struct locli_log_config *config, const char *folder, const struct locli_read *reads,
                          int is_db, struct weir_error *reterr)
{
	char path[PATH_MAX], date[LOCLI_DATE_MAX];
	struct replace file;
	struct jsonout j;
	int result;

	result = file_path(path, folder, is_db ? "log-manifest-db.json" : "log-manifest.json", reterr);
	if (result == 0)
		result = replace_open(&file, path, reterr);
	if (result < 0)
		return result;
	locli_date(date, config->now_ns);
	j = jsonout_on(file.file, 0);
	jsonout_object(&j, NULL);
	jsonout_text(&j, "rlFilterDate", date);
	jsonout_object(&j, "rlHostLogs");
	for (uint32_t i = 0; i < config->n_nodes; i++)
		if (reads[i].result == 0)
			put_host(&j, folder, &config->nodes[i], &reads[i], is_db);
	jsonout_end(&j);
	jsonout_end(&j);
	file.is_remade = 1;
	return replace_commit(&file, reterr);
}

/* ---- Everything ---- */

static void sum_up(const struct locli_log_config *config, const struct locli_read *reads, struct locli_log_report *ret)
{
	*ret = (struct locli_log_report){ 0 };
	for (uint32_t i = 0; i < config->n_nodes; i++) {
		ret->n_bytes += reads[i].n_bytes;
		ret->n_lines += reads[i].n_newlines;
		ret->n_stored += reads[i].n_stored;
		ret->n_counted += reads[i].n_counted;
		ret->n_errors += reads[i].n_errors;
		ret->n_resources += reads[i].n_resources;
		ret->n_filled += reads[i].n_filled;
		ret->n_nodes += reads[i].result == 0;
	}
}

static int first_failure(const struct locli_log_config *config, const struct locli_read *reads,
                         struct weir_error *reterr)
{
	for (uint32_t i = 0; i < config->n_nodes; i++)
		if (reads[i].result < 0)
			return weir_fail(reterr, reads[i].result, "%s", reads[i].message);
	return 0;
}

int locli_log_write(const struct locli_log_config *config, struct locli_log_report *ret, struct weir_error *reterr)
{
	size_t n_reads = (config->n_nodes ? config->n_nodes : 1) * sizeof(struct locli_read);
	struct locli_read *reads = mmap(NULL, n_reads, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	char folder[PATH_MAX];
	int result;

	if (reads == MAP_FAILED)
		return weir_fail(reterr, -errno, "locli: %s: no memory", config->folder);
	result = file_path(folder, config->folder, "analysis", reterr);
	if (result == 0 && mkdir(folder, 0755) < 0 && errno != EEXIST)
		result = weir_fail(reterr, -errno, "locli: %s: %s", folder, strerror(errno));
	if (result == 0)
		result = read_all(config, folder, reads);
	sum_up(config, reads, ret);
	if (result == 0)
		result = write_timeline(config, folder, reterr);
	if (result == 0)
		result = write_manifest(config, folder, reads, 0, reterr);
	if (result == 0)
		result = write_manifest(config, folder, reads, 1, reterr);
	if (result == 0)
		result = first_failure(config, reads, reterr);
	(void)munmap(reads, n_reads);
	return result;
}
