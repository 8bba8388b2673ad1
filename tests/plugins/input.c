/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/input.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/support/folder.h"

/* A file of n bytes, each of which says where it is. */
struct file {
	struct folder folder;
	uint8_t *at;
	uint64_t n;
	int fd;
};

static struct file file_of(uint64_t n)
{
	struct file f = { .folder = folder_new(), .at = malloc(n + 1), .n = n };

	for (uint64_t i = 0; i < n; i++)
		f.at[i] = (uint8_t)(i * 2654435761u >> 13);
	folder_write_bytes(&f.folder, "file", f.at, n);
	f.fd = open(folder_path(&f.folder, "file"), O_RDONLY | O_CLOEXEC);
	assert_true(f.fd >= 0);
	return f;
}

static void file_done(struct file *f)
{
	(void)close(f->fd);
	free(f->at);
	folder_free(&f->folder);
}

static void assert_hash(const struct file *f, uint64_t n, const uint8_t sha256[32])
{
	uint8_t expected[32];

	assert_true(EVP_Digest(f->at, n, expected, NULL, EVP_sha256(), NULL));
	assert_memory_equal(sha256, expected, 32);
}

static void *reader(void *data)
{
	input_read_beside(data);
	return NULL;
}

struct running {
	struct input *input;
	pthread_t thread;
	int is_beside;
	_Atomic uint64_t n_given;
};

static void start(struct running *r, const struct file *f, uint64_t size, int is_beside)
{
	struct input_config c = {
		.fd = f->fd, .has_hash = 1, .is_beside = is_beside, .size_bytes = size, .n_given = &r->n_given
	};

	r->is_beside = is_beside;
	atomic_store(&r->n_given, 0);
	assert_int_equal(input_new(&c, &r->input), 0);
	if (is_beside)
		assert_int_equal(pthread_create(&r->thread, NULL, reader, r->input), 0);
}

static void stop(struct running *r)
{
	input_stop(r->input);
	if (r->is_beside)
		assert_int_equal(pthread_join(r->thread, NULL), 0);
	input_free(r->input);
}

/* Reads all of it, using about n_step bytes of each window, and checks every window against the file. */
static void read_all(struct running *r, const struct file *f, uint64_t n_step)
{
	struct weir_chunk c;
	uint64_t n_used = 0, at = 0;
	int result, was_last = 0;

	while ((result = input_next(r->input, n_used, &c)) == WEIR_OK) {
		assert_int_equal(c.offset, at);
		assert_true(c.offset + c.n_bytes <= f->n);
		assert_memory_equal(c.at, f->at + c.offset, c.n_bytes);
		assert_int_equal(c.is_last, c.offset + c.n_bytes == f->n);
		was_last |= (int)c.is_last;
		n_used = n_step < c.n_bytes ? n_step : c.n_bytes;
		n_used = c.n_bytes - n_used < n_step ? c.n_bytes : c.n_bytes - n_used;
		at += n_used;
		assert_int_equal(atomic_load(&r->n_given), c.offset + c.n_bytes);
	}
	assert_int_equal(result, WEIR_END);
	assert_int_equal(at, f->n);
	assert_int_equal(input_offset(r->input), f->n);
	assert_true(was_last || f->n == 0);
}

static void the_windows_are_the_file_and_so_is_the_hash(void **state)
{
	static const uint64_t sizes[] = { 0,
		                          1,
		                          INPUT_STEP - 1,
		                          INPUT_STEP,
		                          INPUT_STEP + 1,
		                          3 * INPUT_STEP,
		                          5000000,
		                          (INPUT_SLOTS + 2) * INPUT_STEP };
	static const uint64_t steps[] = { 0, 1, 100, 200000, 3000000 };
	struct running r;
	uint8_t sha256[32];

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct file f = file_of(sizes[i]);

		for (size_t k = 0; k < 2 * sizeof(steps) / sizeof(steps[0]); k++) {
			start(&r, &f, f.n, k % 2 == 1);
			read_all(&r, &f, steps[k / 2]);
			assert_int_equal(input_finish(r.input, sha256), 0);
			assert_hash(&f, f.n, sha256);
			stop(&r);
		}
		file_done(&f);
	}
}

static void what_nobody_read_is_hashed_at_the_end(void **state)
{
	struct file f = file_of(3000000);
	struct weir_chunk c;
	struct running r;
	uint8_t sha256[32];

	for (int is_beside = 0; is_beside < 2; is_beside++) {
		start(&r, &f, f.n, is_beside);
		assert_int_equal(input_next(r.input, 0, &c), WEIR_OK);
		assert_int_equal(input_finish(r.input, sha256), 0);
		assert_hash(&f, f.n, sha256);
		assert_int_equal(atomic_load(&r.n_given), f.n);
		stop(&r);
	}
	file_done(&f);
}

static void a_window_grows_to_its_bound_and_not_beyond(void **state)
{
	struct file f = file_of((uint64_t)WEIR_WINDOW_MAX + 1);
	struct weir_chunk c = { 0 };
	struct running r;
	uint64_t n_before = 0;
	int result, n_calls = 0;

	for (int is_beside = 0; is_beside < 2; is_beside++) {
		start(&r, &f, f.n, is_beside);
		n_before = 0;
		n_calls = 0;
		while ((result = input_next(r.input, 0, &c)) == WEIR_OK && n_calls++ < 100) {
			assert_true(c.n_bytes > n_before);
			n_before = c.n_bytes;
		}
		assert_int_equal(result, -E2BIG);
		assert_int_equal(n_before, WEIR_WINDOW_MAX);
		/* A record of n bytes is looked at about log2(n) times, not n times. */
		assert_in_range(n_calls, 2, 16);
		/* With a byte used, it goes on. */
		assert_int_equal(input_next(r.input, 1, &c), WEIR_OK);
		assert_int_equal(c.n_bytes, WEIR_WINDOW_MAX);
		assert_int_equal(c.is_last, 1);
		assert_memory_equal(c.at + c.n_bytes - 16, f.at + f.n - 16, 16);
		stop(&r);
	}
	file_done(&f);
}

static void a_record_of_all_that_a_window_may_have_is_whole(void **state)
{
	struct file f = file_of(WEIR_WINDOW_MAX);
	struct weir_chunk c = { 0 };
	struct running r;

	start(&r, &f, f.n, 0);
	while (!c.is_last)
		assert_int_equal(input_next(r.input, 0, &c), WEIR_OK);
	assert_int_equal(c.n_bytes, WEIR_WINDOW_MAX);
	assert_int_equal(input_next(r.input, 0, &c), WEIR_OK);
	assert_int_equal(input_next(r.input, c.n_bytes, &c), WEIR_END);
	stop(&r);
	file_done(&f);
}

static void using_more_than_there_is_is_refused(void **state)
{
	struct file f = file_of(100);
	struct weir_chunk c;
	struct running r;

	start(&r, &f, f.n, 0);
	assert_int_equal(input_next(r.input, 1, &c), -EINVAL);
	assert_int_equal(input_next(r.input, 0, &c), WEIR_OK);
	assert_int_equal(input_next(r.input, 101, &c), -EINVAL);
	assert_int_equal(input_next(r.input, 100, &c), WEIR_END);
	stop(&r);
	file_done(&f);
}

static void a_file_that_got_shorter_ends_early_and_says_so(void **state)
{
	struct file f = file_of(1000);
	struct weir_chunk c;
	struct running r;
	uint8_t sha256[32];

	for (int is_beside = 0; is_beside < 2; is_beside++) {
		start(&r, &f, 5000, is_beside);
		assert_int_equal(input_next(r.input, 0, &c), WEIR_OK);
		assert_int_equal(c.n_bytes, 1000);
		assert_int_equal(input_next(r.input, 1000, &c), WEIR_END);
		assert_int_equal(input_finish(r.input, sha256), 1);
		assert_hash(&f, 1000, sha256);
		stop(&r);
	}
	file_done(&f);
}

static void a_file_that_grew_is_read_as_far_as_it_went(void **state)
{
	struct file f = file_of(1000);
	struct weir_chunk c;
	struct running r;
	uint8_t sha256[32];

	start(&r, &f, 600, 0);
	assert_int_equal(input_next(r.input, 0, &c), WEIR_OK);
	assert_int_equal(c.n_bytes, 600);
	assert_int_equal(c.is_last, 1);
	assert_int_equal(input_finish(r.input, sha256), 0);
	assert_hash(&f, 600, sha256);
	stop(&r);
	file_done(&f);
}

static void a_read_error_is_passed_on(void **state)
{
	struct file f = file_of(100);
	int folder = open(f.folder.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), file = f.fd;
	struct weir_chunk c;
	struct running r;

	f.fd = folder;
	for (int is_beside = 0; is_beside < 2; is_beside++) {
		start(&r, &f, 100, is_beside);
		assert_int_equal(input_next(r.input, 0, &c), -EISDIR);
		stop(&r);
	}
	f.fd = file;
	(void)close(folder);
	file_done(&f);
}

static void a_stream_gives_what_is_there_and_ends_with_its_writer(void **state)
{
	static const uint8_t head[] = "ab";
	struct input_config config = { .is_stream = 1, .has_own_end = 1, .has_hash = 1, .head = head, .n_head = 2 };
	struct weir_chunk c;
	struct input *in;
	uint8_t sha256[32];
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
	config.fd = ends[0];
	assert_int_equal(input_new(&config, &in), 0);
	assert_int_equal(input_next(in, 0, &c), WEIR_OK);
	assert_int_equal(c.n_bytes, 2);
	assert_false(c.is_last);
	/* What was left stays, and nothing new is no end. */
	assert_int_equal(input_next(in, 1, &c), WEIR_AGAIN);
	assert_int_equal(c.n_bytes, 1);
	assert_int_equal(c.at[0], 'b');
	assert_int_equal(write(ends[1], "cd", 2), 2);
	assert_int_equal(input_next(in, 0, &c), WEIR_OK);
	assert_int_equal(c.n_bytes, 3);
	assert_int_equal(c.offset, 1);
	assert_memory_equal(c.at, "bcd", 3);
	assert_false(input_is_over(in));
	(void)close(ends[1]);
	assert_int_equal(input_next(in, 3, &c), WEIR_END);
	assert_true(c.is_last);
	assert_true(input_is_over(in));
	assert_int_equal(input_finish(in, sha256), 0);
	/* SHA-256 of `abcd`: 88d4266fd4e6338d... */
	assert_int_equal(sha256[0], 0x88);
	assert_int_equal(sha256[3], 0x6f);
	input_free(in);
	(void)close(ends[0]);
}

static void a_stream_without_an_end_goes_on_until_it_is_concluded(void **state)
{
	char path[] = "/tmp/weir-stream-XXXXXX";
	int fd = mkstemp(path), reader = open(path, O_RDONLY | O_CLOEXEC);
	struct input_config config = { .fd = reader, .is_stream = 1 };
	struct weir_chunk c;
	struct input *in;

	assert_true(fd >= 0 && reader >= 0);
	(void)unlink(path);
	assert_int_equal(input_new(&config, &in), 0);
	assert_int_equal(input_next(in, 0, &c), WEIR_AGAIN);
	assert_int_equal(write(fd, "x", 1), 1);
	assert_int_equal(input_next(in, 0, &c), WEIR_OK);
	assert_int_equal(input_next(in, 0, &c), WEIR_AGAIN);
	assert_int_equal(write(fd, "y", 1), 1);
	input_conclude(in);
	assert_int_equal(input_next(in, 1, &c), WEIR_OK);
	assert_int_equal(c.n_bytes, 1);
	assert_int_equal(c.at[0], 'y');
	assert_int_equal(input_next(in, 1, &c), WEIR_END);
	input_free(in);
	(void)close(fd);
	(void)close(reader);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_windows_are_the_file_and_so_is_the_hash),
		cmocka_unit_test(what_nobody_read_is_hashed_at_the_end),
		cmocka_unit_test(a_window_grows_to_its_bound_and_not_beyond),
		cmocka_unit_test(a_record_of_all_that_a_window_may_have_is_whole),
		cmocka_unit_test(using_more_than_there_is_is_refused),
		cmocka_unit_test(a_file_that_got_shorter_ends_early_and_says_so),
		cmocka_unit_test(a_file_that_grew_is_read_as_far_as_it_went),
		cmocka_unit_test(a_read_error_is_passed_on),
		cmocka_unit_test(a_stream_gives_what_is_there_and_ends_with_its_writer),
		cmocka_unit_test(a_stream_without_an_end_goes_on_until_it_is_concluded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
