/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/plan.h"

#include "analysis/grow.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <weir/fail.h>

/* A path of the command line and the folder that it belongs to. */
struct place {
	char *root, *real; /* root NULL: a loose file */
};

struct places {
	struct place *at;
	uint64_t n, n_room;
};

static void places_done(struct places *p)
{
	for (uint64_t i = 0; i < p->n; i++) {
		free(p->at[i].root);
		free(p->at[i].real);
	}
	free(p->at);
}

static int add_place(struct places *p, const char *path, struct weir_error *reterr)
{
	struct place *more = grow(p->at, p->n, &p->n_room, sizeof(*more));
	int result;

	if (!more)
		return weir_fail(reterr, -ENOMEM, "ingest: no memory");
	p->at = more;
	result = run_root(path, &more[p->n].root, &more[p->n].real, reterr);
	p->n += result == 0;
	return result;
}

/* A folder of runs stands for its runs. */
static int add_places(struct places *p, const char *path, struct weir_error *reterr)
{
	struct run_set set;
	int result = run_set_read(path, &set, reterr);

	if (result < 0)
		return result;
	if (set.n == 0)
		result = add_place(p, path, reterr);
	for (uint32_t i = 0; i < set.n && result == 0; i++)
		result = add_place(p, set.paths[i], reterr);
	run_set_done(&set);
	return result;
}

static int is_same_root(const struct place *a, const struct place *b)
{
	return a->root && b->root ? strcmp(a->root, b->root) == 0 : !a->root && !b->root;
}

/* The run of the first place and of all that share its root. */
static int open_run(const struct plan_config *config, const struct places *places, uint64_t first, struct plan *plan,
                    struct weir_error *reterr)
{
	const struct place *place = &places->at[first];
	const char **paths = calloc(places->n, sizeof(*paths));
	struct run_config c = { .root = place->root, .paths = paths, .tag = config->tag, .node = config->node };
	struct plan_run *r = &plan->runs[plan->n_runs];
	int result;

	if (!paths)
		return weir_fail(reterr, -ENOMEM, "ingest: no memory");
	for (uint64_t i = first; i < places->n; i++) {
		if (!is_same_root(place, &places->at[i]))
			continue;
		if (place->root && strcmp(places->at[i].real, place->root) == 0)
			r->is_whole = 1;
		paths[c.n_paths++] = places->at[i].real;
	}
	if (r->is_whole)
		c.n_paths = 0;
	result = run_open(&c, &r->run, reterr);
	plan->n_runs += result == 0;
	free(paths);
	return result;
}

static int is_first(const struct places *places, uint64_t i)
{
	for (uint64_t j = 0; j < i; j++)
		if (is_same_root(&places->at[j], &places->at[i]))
			return 0;
	return 1;
}

static int check_tags(const struct plan *plan, struct weir_error *reterr)
{
	for (uint32_t i = 0; i < plan->n_runs; i++)
		for (uint32_t j = 0; j < i; j++)
			if (strcmp(plan->runs[i].run->tag, plan->runs[j].run->tag) == 0)
				return weir_fail(
					reterr, -EEXIST,
					"ingest: %s: two of the runs are called so; ingest them one by one, with --run",
					plan->runs[i].run->tag);
	return 0;
}

int plan_open(const struct plan_config *config, struct plan *ret, struct weir_error *reterr)
{
	struct places places = { NULL };
	int result = 0;

	*ret = (struct plan){ NULL };
	for (uint32_t i = 0; i < config->n_paths && result == 0; i++)
		result = add_places(&places, config->paths[i], reterr);
	ret->runs = result == 0 ? calloc(places.n, sizeof(*ret->runs)) : NULL;
	if (result == 0 && !ret->runs)
		result = weir_fail(reterr, -ENOMEM, "ingest: no memory");
	for (uint64_t i = 0; i < places.n && result == 0; i++)
		if (is_first(&places, i))
			result = open_run(config, &places, i, ret, reterr);
	if (result == 0)
		result = check_tags(ret, reterr);
	places_done(&places);
	if (result < 0)
		plan_done(ret);
	return result;
}

static int add_orphan(struct plan *plan, struct plan_orphan orphan)
{
	struct plan_orphan *more = grow(plan->orphans, plan->n_orphans, &plan->n_orphan_room, sizeof(*more));

	if (!more)
		return -ENOMEM;
	plan->orphans = more;
	more[plan->n_orphans++] = orphan;
	return 0;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static char *full_path(const struct run *run, const char *path)
{
	char *full;

	if (!run->root)
		return strdup(path);
	return asprintf(&full, "%s/%s", run->root, path) < 0 ? NULL : full;
}

static void find_companions(const struct run *run, struct plan_job *job)
{
	const char *path = run->files[job->source].path, *name = base_name(path);
	char other[PATH_MAX];
	int n_folder = (int)(name - path);

	for (uint32_t i = 0; i < job->collector->n_companions && i < PLAN_COMPANIONS_MAX; i++) {
		int n = snprintf(other, sizeof(other), "%.*s", n_folder, path);

		if (n + registry_companion(job->collector, i, name, other + n, sizeof(other) - (size_t)n) <
		            (int)sizeof(other) &&
		    run_find(run, other) != RUN_NONE)
			job->companions[i] = full_path(run, other);
	}
}

static int add_job(struct plan *plan, uint32_t run, uint32_t source, const struct registry_collector *c)
{
	struct plan_job *more = grow(plan->jobs, plan->n_jobs, &plan->n_job_room, sizeof(*more));
	struct run *of = plan->runs[run].run;
	struct plan_job *job;

	if (!more)
		return -ENOMEM;
	plan->jobs = more;
	job = &more[plan->n_jobs++];
	*job = (struct plan_job){ .collector = c, .run = run, .source = source };
	job->file = full_path(of, of->files[source].path);
	job->node = of->files[source].node;
	if (!job->file)
		return -ENOMEM;
	find_companions(of, job);
	return 0;
}

/* A file is only opened when some collector claims its name. */
static int is_named_by_any(struct registry *registry, const char *name)
{
	for (uint32_t i = 0; i < registry_count(registry); i++) {
		const struct registry_collector *c = registry_at(registry, i);

		for (uint32_t j = 0; j < c->n_claims; j++)
			if (c->claims[j].kind == WEIR_CLAIM_FILE && fnmatch(c->claims[j].pattern, name, 0) == 0)
				return 1;
	}
	return 0;
}

static ssize_t read_head(const struct run *run, const char *path, uint8_t *head)
{
	char *full = full_path(run, path);
	ssize_t n = -1, total = 0;
	int fd;

	if (!full)
		return -1;
	fd = open(full, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	free(full);
	if (fd < 0)
		return -1;
	while (total < REGISTRY_HEAD_MAX && (n = read(fd, head + total, (size_t)(REGISTRY_HEAD_MAX - total))) > 0)
		total += n;
	(void)close(fd);
	return n < 0 ? -1 : total;
}

/* In a directory there is much that is nobody's; a file that was named was meant. */
static int add_unclaimed(struct plan *plan, uint32_t run, uint32_t source)
{
	return add_orphan(plan, (struct plan_orphan){ "no collector", run, source, !plan->runs[run].is_whole });
}

static int claim_file(struct plan *plan, uint32_t run, uint32_t source, struct registry *registry)
{
	const char *path = plan->runs[run].run->files[source].path, *name = base_name(path);
	const struct registry_collector *c;
	uint8_t head[REGISTRY_HEAD_MAX];
	ssize_t n;

	if (!is_named_by_any(registry, name))
		return add_unclaimed(plan, run, source);
	n = read_head(plan->runs[run].run, path, head);
	if (n < 0)
		return add_orphan(plan, (struct plan_orphan){ "cannot be read", run, source, 1 });
	c = registry_claim(registry, name, head, (uint64_t)n, NULL);
	if (!c)
		return add_unclaimed(plan, run, source);
	if (run_file_node(plan->runs[run].run, source) == RUN_NONE)
		return add_orphan(plan, (struct plan_orphan){ "of one node too many, not read", run, source, 1 });
	return add_job(plan, run, source, c);
}

int plan_claim(struct plan *plan, struct registry *registry, struct weir_error *reterr)
{
	for (uint32_t i = 0; i < plan->n_runs; i++)
		for (uint32_t j = 0; j < plan->runs[i].run->n_files; j++)
			if (claim_file(plan, i, j, registry) < 0)
				return weir_fail(reterr, -ENOMEM, "ingest: no memory");
	return 0;
}

const char *plan_path(const struct plan *plan, uint32_t job)
{
	const struct plan_job *j = &plan->jobs[job];

	return plan->runs[j->run].run->files[j->source].path;
}

static void job_done(struct plan_job *job)
{
	free(job->file);
	free(job->before);
	for (uint32_t j = 0; j < PLAN_COMPANIONS_MAX; j++)
		free(job->companions[j]);
}

void plan_keep(struct plan *plan, const char *collector)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < plan->n_jobs; i++)
		if (strcmp(plan->jobs[i].collector->name, collector) == 0)
			plan->jobs[n++] = plan->jobs[i];
		else
			job_done(&plan->jobs[i]);
	plan->n_jobs = n;
}

void plan_done(struct plan *plan)
{
	for (uint32_t i = 0; i < plan->n_runs; i++)
		run_close(plan->runs[i].run);
	for (uint32_t i = 0; i < plan->n_jobs; i++)
		job_done(&plan->jobs[i]);
	free(plan->runs);
	free(plan->jobs);
	free(plan->orphans);
	*plan = (struct plan){ 0 };
}
