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
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
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

/* A node's process, and what it leaves for the hash timeline. */
struct reading {
	pid_t pid;
	int timeline_fd; /* of memory; -1: it is taken */
	const char *timeline;
	size_t n_timeline;
};

/* What a node has written is all that is kept of a reading that is over. */
static int take_timeline(struct reading *r)
{
	struct stat st;
	int result = fstat(r->timeline_fd, &st) < 0 ? -errno : 0;
	void *at = NULL;

	if (result == 0 && st.st_size > 0)
		at = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, r->timeline_fd, 0);
	if (at == MAP_FAILED)
		result = -errno;
	else if (at)
		*r = (struct reading){ .pid = r->pid, r->timeline_fd, at, (size_t)st.st_size };
	(void)close(r->timeline_fd);
	r->timeline_fd = -1;
	return result;
}

static int wait_one(struct locli_read *reads, struct reading *readings, uint32_t n)
{
	int status, result = 0;
	pid_t pid = wait(&status);

	if (pid < 0)
		return -errno;
	for (uint32_t i = 0; i < n; i++) {
		if (readings[i].pid != pid)
			continue;
		if (!(WIFEXITED(status) && WEXITSTATUS(status) == 0) && reads[i].result == 0) {
			reads[i].result = -EIO;
			(void)snprintf(reads[i].message, sizeof(reads[i].message), "locli: its reader was ended");
		}
		result = take_timeline(&readings[i]);
	}
	return result;
}

static int start(const struct locli_log_config *config, const char *folder, uint32_t i, struct locli_read *read,
                 struct reading *ret)
{
	pid_t parent = getpid();

	ret->timeline_fd = memfd_create("timeline", MFD_CLOEXEC);
	if (ret->timeline_fd < 0)
		return -errno;
	ret->pid = fork();
	if (ret->pid == 0) {
		/* Nobody would make manifests of what it goes on to write. */
		if (prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == parent)
			locli_read_node(folder, &config->nodes[i], config->now_ns, ret->timeline_fd, read);
		_exit(0);
	}
	return ret->pid < 0 ? -errno : 0;
}

static int read_all(const struct locli_log_config *config, const char *folder, struct locli_read *reads,
                    struct reading *readings)
{
	uint32_t n_most = config->n_workers ? config->n_workers : cores(), n_running = 0, n_started = 0;
	int result = 0, one;

	while (n_running || (result == 0 && n_started < config->n_nodes)) {
		if (n_running == n_most || n_started == config->n_nodes || result < 0) {
			one = wait_one(reads, readings, n_started);
			result = result < 0 ? result : one;
			n_running--;
			continue;
		}
		result = start(config, folder, n_started, &reads[n_started], &readings[n_started]);
		n_running += result == 0;
		n_started += result == 0;
	}
	return result;
}

/* ---- The hash timeline: the nodes' lines, sorted as bytes ---- */

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

static size_t split(const struct reading *r, struct line *to)
{
	size_t n = 0;
	const char *at = r->timeline, *end = at + r->n_timeline, *newline;

	for (; at < end && (newline = memchr(at, '\n', (size_t)(end - at))); at = newline + 1, n++)
		if (to)
			to[n] = (struct line){ at, (size_t)(newline - at) };
	return n;
}

static int write_sorted(const char *path, const struct reading *readings, uint32_t n_readings,
                        struct weir_error *reterr)
{
	struct replace file;
	struct line *lines;
	size_t n = 0, n_put = 0;
	int result;

	for (uint32_t i = 0; i < n_readings; i++)
		n += split(&readings[i], NULL);
	lines = calloc(n ? n : 1, sizeof(*lines));
	if (!lines)
		return -ENOMEM;
	for (uint32_t i = 0; i < n_readings; i++)
		n_put += split(&readings[i], lines + n_put);
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

/* ---- The manifests ---- */

/* To be freed; NULL: it isn't there. */
static char *read_text(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	char *text = NULL;
	size_t n = 0;

	if (fd >= 0 && fstat(fd, &st) == 0 && (text = malloc((size_t)st.st_size + 1))) {
		n = (size_t)st.st_size;
		text[n] = 0;
	}
	if (text && pread(fd, text, n, 0) != (ssize_t)n) {
		free(text);
		text = NULL;
	}
	if (fd >= 0)
		(void)close(fd);
	return text;
}

static void put_host(struct jsonout *j, const char *folder, const struct locli_log_node *node,
                     const struct locli_read *read, int is_db)
{
	char path[PATH_MAX];
	char *frequencies;

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
	frequencies = is_db ? NULL : read_text(path);
	if (frequencies) {
		jsonout_json(j, "hlRawTraceFreqs", frequencies);
	} else {
		jsonout_object(j, "hlRawTraceFreqs");
		jsonout_end(j);
	}
	free(frequencies);
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

static uint32_t n_written(const struct locli_log_config *config, const struct locli_read *reads)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < config->n_nodes; i++)
		n += reads[i].result == 0;
	return n;
}

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
		if (config->n_filled)
			config->n_filled[i] = reads[i].n_filled;
	}
	ret->n_nodes = n_written(config, reads);
}

/* What was told of files, to who asked for it. */
static void hand_over(const struct locli_log_config *config, const struct locli_read *reads,
                      const struct locli_log_file *files, uint32_t n_files, struct locli_log_report *ret)
{
	memcpy(config->files, files, n_files * sizeof(*files));
	for (uint32_t i = 0; i < config->n_nodes; i++)
		for (uint32_t k = 0; k < reads[i].n_bad; k++) {
			config->bad[ret->n_bad] = reads[i].bad[k];
			config->bad[ret->n_bad++].node = i;
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

static int write_all(const struct locli_log_config *config, struct locli_read *reads, struct reading *readings,
                     struct weir_error *reterr)
{
	char folder[PATH_MAX], path[PATH_MAX];
	int result = locli_folder(folder, sizeof(folder), config->folder, reterr);

	if (result == 0)
		result = read_all(config, folder, reads, readings);
	if (result == 0 && config->n_nodes && !n_written(config, reads))
		return first_failure(config, reads, reterr);
	if (result == 0)
		result = file_path(path, folder, "hash-timeline.json", reterr);
	if (result == 0)
		result = write_sorted(path, readings, config->n_nodes, reterr);
	if (result == 0)
		result = write_manifest(config, folder, reads, 0, reterr);
	if (result == 0)
		result = write_manifest(config, folder, reads, 1, reterr);
	return result == 0 ? first_failure(config, reads, reterr) : result;
}

static void readings_done(struct reading *readings, uint32_t n)
{
	for (uint32_t i = 0; readings && i < n; i++)
		if (readings[i].timeline)
			(void)munmap((void *)(uintptr_t)readings[i].timeline, readings[i].n_timeline);
	free(readings);
}

/* The readers write here: one for each node, and behind them one for each file. */
struct shared {
	struct locli_read *reads;
	struct locli_log_file *files;
	uint32_t n_files;
	size_t n_bytes;
};

static int share(const struct locli_log_config *config, struct shared *ret)
{
	uint32_t n_files = 0;

	for (uint32_t i = 0; i < config->n_nodes; i++)
		n_files += config->nodes[i].n_files;
	*ret = (struct shared){ .n_files = n_files };
	ret->n_bytes = (config->n_nodes + 1) * sizeof(*ret->reads) + n_files * sizeof(*ret->files);
	ret->reads = mmap(NULL, ret->n_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (ret->reads == MAP_FAILED)
		return -errno;
	ret->files = (struct locli_log_file *)(ret->reads + config->n_nodes + 1);
	n_files = 0;
	for (uint32_t i = 0; config->files && i < config->n_nodes; n_files += config->nodes[i++].n_files)
		ret->reads[i].files = ret->files + n_files;
	return 0;
}

int locli_log_write(const struct locli_log_config *config, struct locli_log_report *ret, struct weir_error *reterr)
{
	struct reading *readings = calloc(config->n_nodes + 1u, sizeof(*readings));
	struct shared shared;
	int result = readings ? share(config, &shared) : -ENOMEM;

	*ret = (struct locli_log_report){ 0 };
	if (result < 0) {
		free(readings);
		return weir_fail(reterr, result, "locli: %s: no memory", config->folder);
	}
	result = write_all(config, shared.reads, readings, reterr);
	sum_up(config, shared.reads, ret);
	if (config->files)
		hand_over(config, shared.reads, shared.files, shared.n_files, ret);
	readings_done(readings, config->n_nodes);
	(void)munmap(shared.reads, shared.n_bytes);
	return result;
}
