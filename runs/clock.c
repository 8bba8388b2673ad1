/* SPDX-License-Identifier: Apache-2.0 */
/* The constants of a genesis file that tell when its epochs begin, and two more of its chain; the rest of the file is
 * only walked over. */
#include "parsers/jsontext.h"
#include "runs/build.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <weir/fail.h>

enum {
	SLOTS_MAX = 1000000000,
};

const char *const run_constants[] = {
	"genesis.system_start_ns",      "genesis.slot_length_ns",     "genesis.epoch_length_slots",
	"genesis.security_param",       "genesis.active_slots_coeff", "genesis.byron_slots",
	"genesis.byron_slot_length_ns", "genesis.byron_epochs",       NULL,
};

static int is_member(const struct jsontext_value *key, const char *name)
{
	return key->raw.n == strlen(name) && memcmp(key->raw.at, name, key->raw.n) == 0;
}

static void take_number(struct run_clock *c, const struct jsontext_value *key, const struct jsontext_value *v,
                        const char text[RUN_CONSTANT_MAX])
{
	double seconds;

	if (is_member(key, "slotLength") && jsontext_f64(v, &seconds))
		(void)time_from_seconds(seconds, &c->slot_ns);
	else if (is_member(key, "epochLength"))
		(void)jsontext_i64(v, &c->epoch_slots);
	else if (is_member(key, "securityParam"))
		memcpy(c->security_param, text, RUN_CONSTANT_MAX);
	else if (is_member(key, "activeSlotsCoeff"))
		memcpy(c->active_slots_coeff, text, RUN_CONSTANT_MAX);
}

static void take_member(struct run_clock *c, const struct jsontext_value *key, const struct jsontext_value *v)
{
	char text[RUN_CONSTANT_MAX] = "";

	if (v->raw.n >= sizeof(text))
		return;
	memcpy(text, v->raw.at, v->raw.n);
	if (v->type == JSONTEXT_STRING && is_member(key, "systemStart"))
		c->has_start = time_from_text(text, &c->start_ns) == 0;
	else if (v->type == JSONTEXT_NUMBER)
		take_number(c, key, v, text);
}

static int walk(const char *at, uint64_t n, struct run_clock *c)
{
	struct jsontext_cursor cursor = jsontext_on(at, n);
	struct jsontext_value key, value;
	int is_first = 1;
	enum parse_result result = jsontext_enter(&cursor, '{');

	while (result == PARSE_OK) {
		result = jsontext_member(&cursor, &is_first, &key, &value);
		if (result == PARSE_OK)
			take_member(c, &key, &value);
	}
	return result == PARSE_END ? 0 : -EBADMSG;
}

int run_clock_read(const char *path, struct run_clock *ret, struct weir_error *reterr)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY), r;
	struct stat st;
	const char *at = MAP_FAILED;

	*ret = (struct run_clock){ 0 };
	if (fd < 0)
		return weir_fail(reterr, -errno, "genesis: %s: %s", path, strerror(errno));
	if (fstat(fd, &st) == 0 && st.st_size > 0 && st.st_size <= RUN_GENESIS_BYTES_MAX)
		at = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	(void)close(fd);
	if (at == MAP_FAILED)
		return weir_fail(reterr, -EINVAL, "genesis: %s: not a file that can be read whole", path);
	r = walk(at, (uint64_t)st.st_size, ret);
	(void)munmap((void *)(uintptr_t)at, (size_t)st.st_size);
	if (r < 0)
		return weir_fail(reterr, r, "genesis: %s: not JSON", path);
	if (!ret->has_start || ret->slot_ns <= 0 || ret->epoch_slots <= 0 || ret->epoch_slots > SLOTS_MAX ||
	    __builtin_mul_overflow(ret->slot_ns, ret->epoch_slots, &ret->epoch_ns))
		return weir_fail(reterr, -EINVAL,
		                 "genesis: %s: lacks systemStart, slotLength or epochLength; it must be Shelley's",
		                 path);
	return 0;
}
