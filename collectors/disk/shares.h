/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DISK_SHARES_H
#define DISK_SHARES_H

/* What devices did for processes, all of these together, which the programs count with the processes alone: of those
 * that are there, read anew each time, and of those that have been let go. The caller's memory, all 0 at first; one
 * thread. */

#include <stdint.h>

#include "bpf/disk.h"

struct disk_shares {
	struct disk_share {
		struct disk_device_key key;
		uint32_t has_entry; /* in the map of devices */
		struct disk_device gone, all;
	} at[DISK_DEVICES_MAX];
	uint32_t n;
	uint64_t n_gone_unplaced, n_unplaced; /* completions of devices for which there was no room */
};

/* A reading: what was let go is all that there is. */
void disk_shares_begin(struct disk_shares *s);
/* Adds what one of a reading's processes has. */
void disk_shares_add(struct disk_shares *s, struct disk_device_key key, const struct disk_device *done);
/* A process is let go; counts in the readings to come. */
void disk_shares_keep(struct disk_shares *s, struct disk_device_key key, const struct disk_device *done);
/* NULL: no process had any of this device. */
const struct disk_share *disk_shares_of(const struct disk_shares *s, struct disk_device_key key);

#endif
