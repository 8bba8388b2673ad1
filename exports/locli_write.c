/* SPDX-License-Identifier: Apache-2.0 */
#include "exports/jsonout.h"
#include "exports/locli.h"
#include "exports/locli_place.h"
#include "exports/manifest.h"
#include "exports/replace.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <weir/fail.h>

static const char manifest_pattern[] = "log-manifest*.json";
static const char manifest_new[] = "log-manifest.json";

struct writing {
	const struct locli *l;
	const char **hosts; /* names of the nodes */
	uint8_t *is_host;   /* of any manifest */
	char folder[PATH_MAX];
	int64_t now_ns;
	struct locli_report *report;
};

static void put_row(struct jsonout *j, const struct locli_row *row)
{
	jsonout_object(j, NULL);
	jsonout_text(j, "peFunc", row->function);
	jsonout_text(j, "peModule", row->module);
	jsonout_text(j, "peSrcLoc", row->source);
	jsonout_f64(j, "peTime", row->time);
	jsonout_f64(j, "peAlloc", row->alloc);
	jsonout_end(j);
}

static void put_array(FILE *file, const struct locli_node *node)
{
	(void)fputc('[', file);
	for (uint32_t i = 0; i < node->n_rows; i++) {
		struct jsonout j = jsonout_on(file, 1);

		(void)fputs(i ? ",\n" : "\n", file);
		j.is_nested = 1;
		put_row(&j, &node->rows[i]);
	}
	(void)fputs("]", file);
}

static int write_rows(struct writing *w, const struct locli_node *node, struct weir_error *reterr)
{
	char path[PATH_MAX];
	struct replace r;
	int result = locli_path(path, sizeof(path), w->folder, node->name, ".flt.prof.json", reterr);

	if (result == 0)
		result = replace_open(&r, path, reterr);
	if (result < 0)
		return result;
	for (uint32_t i = 0; i < node->n_rows; i++) {
		struct jsonout j = jsonout_on(r.file, 1);

		put_row(&j, &node->rows[i]);
	}
	result = replace_commit(&r, reterr);
	w->report->n_files += result == 0;
	return result;
}

static void put_host(const struct writing *w, FILE *file, const struct locli_node *node)
{
	struct jsonout j = jsonout_on(file, 1);
	char path[PATH_MAX + 64];

	(void)locli_path(path, sizeof(path), w->folder, node->name, ".flt.json", NULL);
	j.is_nested = 1;
	jsonout_text(&j, NULL, node->name);
	(void)fputs(": {\"hlRawLogfiles\": [], \"hlRawLines\": 0, \"hlRawTraceFreqs\": {}, \"hlLogs\": [", file);
	j.has_members[0] = 0;
	jsonout_text(&j, NULL, path);
	(void)fputs(", null], \"hlProfile\": ", file);
	put_array(file, node);
	(void)fputc('}', file);
}

/* A manifest with profiles and no logs. It is dated 1970: the workbench compares dates, and makes its own one as soon
 * as it wants logs. */
static int create(struct writing *w, const char *path, struct weir_error *reterr)
{
	static const struct timespec old[2] = { { .tv_nsec = UTIME_NOW }, { 0 } };
	char date[LOCLI_DATE_MAX];
	struct replace r;
	int result = replace_open(&r, path, reterr);

	if (result < 0)
		return result;
	(void)fputs("{\"rlHostLogs\": {", r.file);
	for (uint32_t i = 0; i < w->l->n_nodes; i++) {
		if (i > 0)
			(void)fputs(",\n", r.file);
		put_host(w, r.file, &w->l->nodes[i]);
		w->is_host[i] = 1;
	}
	(void)fputs("}, ", r.file);
	locli_date(date, w->now_ns);
	(void)fprintf(r.file, "\"rlFilterDate\": \"%s\"}\n", date);
	result = replace_commit(&r, reterr);
	if (result == 0) {
		(void)utimensat(AT_FDCWD, path, old, 0);
		w->report->is_created = 1;
		w->report->n_manifests++;
	}
	return result;
}

static int load(const char *path, char **ret, size_t *ret_n, struct weir_error *reterr)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC), result = 0;
	struct stat st;
	ssize_t n;

	*ret = NULL;
	*ret_n = 0;
	if (fd < 0 || fstat(fd, &st) < 0)
		result = -errno;
	else if (!S_ISREG(st.st_mode) || st.st_size > MANIFEST_BYTES_MAX)
		result = -EFBIG;
	else if (!(*ret = malloc((size_t)st.st_size + 1)))
		result = -ENOMEM;
	while (result == 0 && *ret_n < (size_t)st.st_size) {
		n = read(fd, *ret + *ret_n, (size_t)st.st_size - *ret_n);
		if (n < 0 && errno != EINTR)
			result = -errno;
		else if (n == 0)
			break;
		else if (n > 0)
			*ret_n += (size_t)n;
	}
	if (fd >= 0)
		(void)close(fd);
	if (result == 0)
		return 0;
	free(*ret);
	*ret = NULL;
	return weir_fail(reterr, result, "locli: %s: %s; the file is left as it is", path, strerror(-result));
}

static int patch(struct writing *w, const char *path, const char *text, size_t n, const struct manifest *m,
                 struct weir_error *reterr)
{
	struct replace r;
	size_t at = 0;
	int result;

	if (m->n_places == 0)
		return 0;
	result = replace_open(&r, path, reterr);
	if (result < 0)
		return result;
	for (uint32_t i = 0; i < m->n_places; i++) {
		const struct manifest_place *place = &m->places[i];

		(void)fwrite(text + at, 1, place->at - at, r.file);
		if (place->is_missing)
			(void)fputs("\"hlProfile\": ", r.file);
		put_array(r.file, &w->l->nodes[place->host]);
		if (place->is_missing && !place->is_first)
			(void)fputs(", ", r.file);
		at = place->at + place->n_drop;
		w->is_host[place->host] = 1;
	}
	(void)fwrite(text + at, 1, n - at, r.file);
	result = replace_commit(&r, reterr);
	w->report->n_manifests += result == 0;
	return result;
}

static int patch_file(struct writing *w, const char *path, struct weir_error *reterr)
{
	struct manifest m;
	char *text;
	size_t n;
	int result = load(path, &text, &n, reterr);

	if (result < 0)
		return result;
	result = manifest_find(text, n, w->hosts, w->l->n_nodes, path, &m, reterr);
	if (result == 0) {
		result = m.is_empty ? create(w, path, reterr) : patch(w, path, text, n, &m, reterr);
		manifest_done(&m);
	}
	free(text);
	return result;
}

/* All manifests that there are, or one that is made. The first error is kept, the others are still patched. */
static int write_manifests(struct writing *w, struct weir_error *reterr)
{
	DIR *dir = opendir(w->folder);
	const struct dirent *e;
	char path[PATH_MAX + NAME_MAX + 2];
	int result = 0, n_found = 0;

	if (!dir)
		return weir_fail(reterr, -errno, "locli: %s: %s", w->folder, strerror(errno));
	while ((e = readdir(dir))) {
		struct weir_error error;
		int one;

		if (fnmatch(manifest_pattern, e->d_name, 0) != 0)
			continue;
		n_found++;
		(void)snprintf(path, sizeof(path), "%s/%s", w->folder, e->d_name);
		one = patch_file(w, path, &error);
		if (one < 0 && result == 0) {
			result = one;
			*reterr = error;
		}
	}
	(void)closedir(dir);
	if (n_found > 0)
		return result;
	(void)snprintf(path, sizeof(path), "%s/%s", w->folder, manifest_new);
	return create(w, path, reterr);
}

static void list_hostless(struct writing *w)
{
	size_t n = 0, size = sizeof(w->report->hostless);

	for (uint32_t i = 0; i < w->l->n_nodes; i++)
		if (!w->is_host[i] && n < size)
			n += (size_t)snprintf(w->report->hostless + n, size - n, "%s%s", n ? ", " : "",
			                      w->l->nodes[i].name);
}

static int write_all(struct writing *w, struct weir_error *reterr)
{
	int result = 0;

	for (uint32_t i = 0; result == 0 && i < w->l->n_nodes; i++) {
		w->hosts[i] = w->l->nodes[i].name;
		result = write_rows(w, &w->l->nodes[i], reterr);
	}
	if (result == 0)
		result = write_manifests(w, reterr);
	list_hostless(w);
	return result;
}

int locli_write(const struct locli *l, const char *folder, int64_t now_ns, struct locli_report *ret,
                struct weir_error *reterr)
{
	struct writing w = { .l = l, .now_ns = now_ns, .report = ret };
	int result = locli_folder(w.folder, sizeof(w.folder), folder, reterr);

	*ret = (struct locli_report){ 0 };
	if (result < 0)
		return result;
	w.hosts = calloc((size_t)l->n_nodes + 1, sizeof(*w.hosts));
	w.is_host = calloc((size_t)l->n_nodes + 1, sizeof(*w.is_host));
	result = w.hosts && w.is_host ? write_all(&w, reterr) : weir_fail(reterr, -ENOMEM, "locli: no memory");
	free(w.hosts);
	free(w.is_host);
	return result;
}
