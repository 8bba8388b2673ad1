/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/conformance/samples.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <weir/fail.h>

#include "plugins/registry.h"

struct plain {
	const char *name, *text;
};

static const struct plain plains[] = {
	{ "words.txt", "one line\n\nanother  line with\ttabs\nthe last one has no end" },
	{ "numbers.csv",
	  "time,name,value\n1,alpha,0.5\n2,beta,-17\n3,\"gam,ma\",1e9\n4,delta,\n5,,99999999999999999999\n" },
	{ "log.json", "{\"at\":\"2026-01-01T00:00:00.00Z\",\"ns\":[\"a.b\"],\"data\":{\"kind\":\"K\",\"slot\":12}}\n"
	              "{\"at\":\"2026-01-01T00:00:01.50Z\",\"data\":{}}\n[]\n{\"broken\":\n" },
	{ "table.txt", "\tTue Jan  6 10:00 2026 Report  (Final)\n\n\t   prog +RTS -p -RTS\n\n"
	               "COST CENTRE MODULE SRC %time %alloc\n\nmain  Main  Main.hs:1:1-4  60.0  40.0\n" },
};

enum {
	N_PLAINS = sizeof(plains) / sizeof(plains[0]),
};

static int read_all(int fd, uint8_t *at, uint64_t n_max, uint64_t *ret_n)
{
	ssize_t n;

	for (*ret_n = 0; *ret_n < n_max; *ret_n += (uint64_t)n) {
		n = read(fd, at + *ret_n, n_max - *ret_n);
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
	}
	return 0;
}

static int read_file(const char *path, uint64_t n_max, uint8_t **ret, uint64_t *ret_n)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	int r;

	*ret = NULL;
	if (fd < 0)
		return -errno;
	r = fstat(fd, &st) < 0 ? -errno : S_ISREG(st.st_mode) ? 0 : -EINVAL;
	if (r == 0 && (uint64_t)st.st_size < n_max)
		n_max = (uint64_t)st.st_size;
	if (r == 0)
		*ret = malloc(n_max + 1);
	if (r == 0)
		r = *ret ? read_all(fd, *ret, n_max, ret_n) : -ENOMEM;
	(void)close(fd);
	if (r < 0)
		free(*ret);
	return r;
}

static int add(struct samples *s, const char *path, uint64_t n_max, struct weir_error *reterr)
{
	struct sample *sample = &s->all[s->n];
	int r = read_file(path, n_max, &sample->at, &sample->n_bytes);

	if (r < 0)
		return weir_fail(reterr, r, "check: %s: %s", path, strerror(-r));
	s->n++;
	sample->path = strdup(path);
	sample->name = strdup(basename(path));
	if (!sample->path || !sample->name)
		return weir_fail(reterr, -ENOMEM, "check: %s: no memory", path);
	return 0;
}

static int add_plain(struct samples *s, const struct plain *p)
{
	struct sample *sample = &s->all[s->n++];

	sample->name = strdup(p->name);
	sample->at = (uint8_t *)strdup(p->text);
	sample->n_bytes = strlen(p->text);
	return sample->name && sample->at ? 0 : -ENOMEM;
}

int samples_open(struct samples *s, const char *const *paths, uint32_t n_paths, uint64_t n_max,
                 struct weir_error *reterr)
{
	int r = 0;

	*s = (struct samples){ 0 };
	if (n_paths > SAMPLES_MAX - N_PLAINS)
		return weir_fail(reterr, -E2BIG, "check: samples: %u were given; %u fit", n_paths,
		                 SAMPLES_MAX - N_PLAINS);
	for (uint32_t i = 0; i < n_paths && r == 0; i++)
		r = add(s, paths[i], n_max, reterr);
	s->n_own = s->n;
	if (r < 0)
		samples_close(s);
	return r;
}

int samples_add_plains(struct samples *s, struct weir_error *reterr)
{
	int r = 0;

	for (uint32_t i = 0; i < N_PLAINS && r == 0; i++)
		r = add_plain(s, &plains[i]);
	return r < 0 ? weir_fail(reterr, r, "check: samples: no memory") : 0;
}

void samples_close(struct samples *s)
{
	for (uint32_t i = 0; i < s->n; i++) {
		free(s->all[i].name);
		free(s->all[i].path);
		free(s->all[i].at);
		for (uint32_t k = 0; s->all[i].path && k < RECORDER_INPUTS_MAX - 1; k++)
			free((uint8_t *)s->all[i].companions[k].at);
	}
	*s = (struct samples){ 0 };
}

static struct recorder_input companion(const struct sample *s, const struct weir_collector *c, uint32_t i)
{
	const struct registry_collector names = { .companions = c->companions };
	struct recorder_input in = { .is_there = 1 };
	char name[NAME_MAX + 1], path[PATH_MAX];
	uint8_t *at;

	if (!s->path)
		return (struct recorder_input){ s->at, s->n_bytes, 1 };
	if (registry_companion(&names, i, s->name, name, sizeof(name)) >= (int)sizeof(name) ||
	    snprintf(path, sizeof(path), "%.*s%s", (int)(basename(s->path) - s->path), s->path, name) >=
	            (int)sizeof(path) ||
	    read_file(path, UINT64_MAX - 1, &at, &in.n_bytes) < 0)
		return (struct recorder_input){ 0 };
	in.at = at;
	return in;
}

void samples_inputs(struct samples *s, uint32_t i, const struct weir_collector *c,
                    struct recorder_input ret[RECORDER_INPUTS_MAX])
{
	struct sample *sample = &s->all[i];

	for (uint32_t k = 0; !sample->has_companions && k < c->n_companions && k + 1 < RECORDER_INPUTS_MAX; k++)
		sample->companions[k] = companion(sample, c, k);
	sample->has_companions = 1;
	ret[0] = (struct recorder_input){ sample->at, sample->n_bytes, 1 };
	memcpy(ret + 1, sample->companions, sizeof(sample->companions));
}
