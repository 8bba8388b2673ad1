/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>

#include "disk.h"
#include "parsers/procfs.h"

enum {
	IO_BYTES = 512,
	FIELDS = 3,
};

static const struct {
	const char *field, *direction;
} fields[FIELDS] = {
	{ "read_bytes", "read" },
	{ "write_bytes", "write" },
	{ "cancelled_write_bytes", "cancelled_write" },
};

/* The collector's own slot of a member, made new when its number means another process now. */
static uint32_t *series_of(struct disk_account *a, const struct live *l, uint32_t i, uint32_t row)
{
	int32_t pid = l->family.at[i].pid;
	char text[16];

	if (a->known[i].pid == pid)
		return a->known[i].series;
	a->known[i].pid = pid;
	(void)snprintf(text, sizeof(text), "%d", (int)pid);
	for (unsigned f = 0; f < FIELDS; f++) {
		const struct outbox_pair pairs[] = { { "process.pid", text }, { "direction", fields[f].direction } };

		a->known[i].series[f] = outbox_series(&l->outbox, row, pairs, 2);
	}
	return a->known[i].series;
}

static int poll_one(struct disk_account *a, struct live *l, uint32_t i, uint32_t row)
{
	char path[32], text[IO_BYTES];
	uint32_t *series;
	uint64_t value;
	long n;

	(void)snprintf(path, sizeof(path), "/proc/%d/io", (int)l->family.at[i].pid);
	n = kept_read(&a->files, path, text, sizeof(text));
	if (n < 0)
		return (int)n;
	series = series_of(a, l, i, row);
	for (unsigned f = 0; f < FIELDS; f++)
		if (procfs_field(text, (size_t)n, fields[f].field, &value) == 0)
			outbox_count(&l->outbox, series[f], value);
	return 0;
}

/* Beside a better measure its absence is only worth knowing. */
static void complain(struct disk_account *a, const struct weir_host *h, uint32_t row)
{
	if (a->is_denied)
		return;
	a->is_denied = 1;
	live_say(h, row == ROW_ACCOUNTED ? WEIR_NOTE : WEIR_WARNING, "disk.account_denied",
	         "/proc/PID/io may not be read: it needs the target's own user, or CAP_SYS_PTRACE");
}

void disk_account_poll(struct disk_account *a, struct live *l, uint32_t row)
{
	for (uint32_t i = 0; i < l->family.n; i++)
		if ((!l->family.at[i].is_over || l->family.at[i].is_zombie) && poll_one(a, l, i, row) == -EACCES)
			complain(a, l->host, row);
}
