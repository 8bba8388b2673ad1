/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/hsprof/sampler.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bpf/family.h"
#include "bpf/hsprof.skel.h"
#include "bpf/load.h"

_Static_assert(LOAD_WHY_MAX <= (int)SAMPLER_WHY_MAX, "room for what load_why() says");

struct taking {
	int (*take)(struct weir_instance *i, const struct hsprof_sample *sample);
	struct weir_instance *instance;
	int n;
};

struct sampler {
	struct bpf_object *object;
	struct load_log log;
	struct bpf_program *on_sample;
	struct bpf_map *targets, *images, *samples;
	const struct hsprof_bpf__bss *bss; /* the kernel's, mapped */
	struct ring_buffer *ring;
	struct bpf_link **links; /* what ends when they do */
	int n_links;
	uint64_t n_ring_bytes, n_left_out;
	struct taking taking;
};

/* ---- Who is followed ---- */

static int follow(struct sampler *s, uint32_t tgid)
{
	struct target fresh = { .start_ns = 0 };

	return bpf_map__update_elem(s->targets, &tgid, sizeof(tgid), &fresh, sizeof(fresh), BPF_NOEXIST);
}

/* Forks are seen from before on, so that only a tree that was there before has to be found. */
static int follow_tree(struct sampler *s, uint32_t root)
{
	struct family *family = root ? malloc(sizeof(*family)) : NULL;
	int r = 0;

	if (!root)
		return 0;
	if (!family)
		return -ENOMEM;
	r = family_init(family, (int32_t)root);
	for (uint32_t k = 0; r == 0 && k < family->n; k++) {
		r = follow(s, (uint32_t)family->at[k].pid);
		if (r == -EEXIST || k > 0)
			r = 0;
	}
	if (r == 0)
		s->n_left_out = family->n_left_out;
	free(family);
	return r;
}

/* ---- Opening ---- */

static int start_timer(struct sampler *s, int cpu, uint32_t frequency)
{
	struct perf_event_attr attr = { .type = PERF_TYPE_SOFTWARE,
		                        .size = sizeof(attr),
		                        .config = PERF_COUNT_SW_CPU_CLOCK,
		                        .freq = 1,
		                        .sample_freq = frequency };
	int fd = (int)syscall(SYS_perf_event_open, &attr, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);
	struct bpf_link *link;

	if (fd < 0)
		return -errno;
	link = bpf_program__attach_perf_event(s->on_sample, fd);
	if (!link) {
		int r = -errno;

		(void)close(fd);
		return r;
	}
	s->links[s->n_links++] = link;
	return 0;
}

static int start_timers(struct sampler *s, int n_cpus, uint32_t frequency)
{
	int n_before = s->n_links, r = 0;

	for (int cpu = 0; r == 0 && cpu < n_cpus; cpu++) {
		r = start_timer(s, cpu, frequency);
		if (r == -ENODEV) /* a processor that is switched off */
			r = 0;
	}
	return r == 0 && s->n_links == n_before ? -ENODEV : r;
}

static int receive(void *context, void *data, size_t n)
{
	struct taking *t = context;
	const struct hsprof_sample *sample = data;
	int r;

	if (n < HSPROF_HEAD_BYTES || n < HSPROF_HEAD_BYTES + 8 * ((size_t)sample->n_frames + sample->n_calls))
		return 0;
	r = t->take(t->instance, sample);
	t->n++;
	return r;
}

static int attach_program(struct sampler *s, const char *name)
{
	struct bpf_link *link = bpf_program__attach(bpf_object__find_program_by_name(s->object, name));

	if (!link)
		return -errno;
	s->links[s->n_links++] = link;
	return 0;
}

static int attach(struct sampler *s, uint32_t root, uint32_t frequency)
{
	int n_cpus = libbpf_num_possible_cpus(), r = n_cpus < 0 ? n_cpus : 0;

	if (r == 0)
		s->links = calloc((size_t)n_cpus + 2, sizeof(struct bpf_link *));
	if (r == 0 && !s->links)
		r = -ENOMEM;
	if (r == 0)
		r = attach_program(s, "on_fork");
	if (r == 0)
		r = attach_program(s, "on_exit");
	if (r == 0)
		r = follow_tree(s, root);
	if (r == 0)
		s->ring = ring_buffer__new(bpf_map__fd(s->samples), receive, &s->taking, NULL);
	if (r == 0 && !s->ring)
		r = -errno;
	return r < 0 ? r : start_timers(s, n_cpus, frequency);
}

static int open_object(struct sampler *s, uint64_t ring_bytes)
{
	size_t n_bytes;
	const void *bytes = hsprof_bpf__elf_bytes(&n_bytes);

	s->object = load_open(bytes, n_bytes, &s->log);
	if (!s->object)
		return -errno;
	s->on_sample = bpf_object__find_program_by_name(s->object, "on_sample");
	s->targets = bpf_object__find_map_by_name(s->object, "targets");
	s->images = bpf_object__find_map_by_name(s->object, "images");
	s->samples = bpf_object__find_map_by_name(s->object, "samples");
	s->n_ring_bytes = ring_bytes;
	return bpf_map__set_max_entries(s->samples, (uint32_t)ring_bytes);
}

static int load(struct sampler *s)
{
	int r = bpf_object__load(s->object);

	if (r < 0)
		return r;
	s->bss = load_variables(s->object, ".bss");
	return s->bss ? 0 : -EINVAL;
}

int sampler_open(uint32_t root, uint32_t frequency, uint64_t ring_bytes, struct sampler **ret,
                 char why[SAMPLER_WHY_MAX])
{
	struct sampler *s = calloc(1, sizeof(*s));
	enum load_phase phase = LOAD_OPEN;
	int r = s ? 0 : -ENOMEM;

	if (r == 0)
		r = open_object(s, ring_bytes);
	if (r == 0) {
		phase = LOAD_LOAD;
		r = load(s);
	}
	if (r == 0) {
		phase = LOAD_ATTACH;
		r = attach(s, root, frequency);
	}
	if (r < 0) {
		load_why(phase, r, s ? &s->log : NULL, why);
		sampler_close(s);
		s = NULL;
	}
	*ret = s;
	return r;
}

void sampler_close(struct sampler *s)
{
	if (!s)
		return;
	for (int i = 0; i < s->n_links; i++)
		(void)bpf_link__destroy(s->links[i]);
	free(s->links);
	ring_buffer__free(s->ring);
	bpf_object__close(s->object);
	free(s);
}

/* ---- Running ---- */

int sampler_set_image(struct sampler *s, const struct hsprof_image_key *key, const struct hsprof_image *image)
{
	return bpf_map__update_elem(s->images, key, sizeof(*key), image, sizeof(*image), BPF_ANY);
}

int sampler_drain(struct sampler *s, int (*take)(struct weir_instance *i, const struct hsprof_sample *sample),
                  struct weir_instance *i)
{
	int r;

	s->taking = (struct taking){ take, i, 0 };
	r = ring_buffer__consume(s->ring);
	return r < 0 ? r : s->taking.n;
}

int sampler_has_targets(struct sampler *s)
{
	const struct bpf_map *targets = s->targets;
	uint32_t tgid, next;
	struct target target;
	int r = bpf_map__get_next_key(targets, NULL, &next, sizeof(next)), is_any = 0;

	while (r == 0) {
		tgid = next;
		r = bpf_map__get_next_key(targets, &tgid, &next, sizeof(next));
		if (bpf_map__lookup_elem(targets, &tgid, sizeof(tgid), &target, sizeof(target), 0) != 0)
			continue;
		if (target.is_over)
			(void)bpf_map__delete_elem(targets, &tgid, sizeof(tgid), 0);
		else
			is_any = 1;
	}
	return is_any;
}

int sampler_next_target(struct sampler *s, uint32_t *tgid)
{
	uint32_t next;

	if (bpf_map__get_next_key(s->targets, *tgid ? tgid : NULL, &next, sizeof(next)) != 0)
		return 0;
	*tgid = next;
	return 1;
}

struct sampler_counts sampler_counts(const struct sampler *s)
{
	return (struct sampler_counts){ s->bss->n_lost, s->bss->lost_targets + s->n_left_out, s->bss->n_most_bytes,
		                        s->n_ring_bytes };
}
