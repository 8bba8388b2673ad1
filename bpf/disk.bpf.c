/* SPDX-License-Identifier: (Apache-2.0 OR GPL-2.0-only) */
/* Disk IO at the block layer and above it.
 *
 * Latency needs no map of starts: a request carries when it was queued and when it was issued. Whose it is can only be
 * told where it is submitted (what completes it is whoever the interrupt hit), so requests of targets are remembered by
 * their address until they complete, are merged, or another request starts there.
 *
 * A flush is seen three times: the data, the flush itself (op FLUSH), and the empty outer request that waited for both
 * (op WRITE, no bytes, no bio), which is left out.
 */
#include "bpf/kernel_types.h"

#include <bpf/bpf_tracing.h>

#include "bpf/disk.h"
#include "bpf/owners.h"
#define TARGET_HAS_MEMBERS
#include "bpf/target.bpf.h"

char licence[] SEC("license") = "GPL";

/* System calls that on_sys_enter times; -1: none. Their numbers are the architecture's. */
const volatile __s64 call_fsync = -1;
const volatile __s64 call_fdatasync = -1;
const volatile __u32 page_bytes = 4096;
/* Else only devices are measured. */
const volatile __u32 has_targets = 1;
/* Owners are remembered by the first piece (bio) of their request. */
const volatile __u32 is_by_piece = 0;

__u64 interval = 1;
__u64 lost[DISK_LOST_COUNT];

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, DISK_DEVICES_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct disk_device_key);
	__type(value, struct disk_device);
} devices SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, DISK_PROCESSES_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct disk_process_key);
	__type(value, struct disk_process);
} processes SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, DISK_FILES_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct disk_files_key);
	__type(value, struct disk_files);
} files SEC(".maps");

enum {
	FULL = 7, /* E2BIG: what a map without room answers */
};

static struct owners owners;

struct sync {
	__u64 start_ns;
	__u64 is_data_only;
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct sync);
} syncs SEC(".maps");

/* Too large for a program's stack. */
static const struct disk_device no_device;
static const struct disk_process no_process;
static const struct disk_files no_files;

static __always_inline void lose(enum disk_loss what)
{
	__sync_fetch_and_add(&lost[what], 1);
}

/* The entry of a key, made when it isn't there. A macro, because a map is known by its name only. */
#define ENTRY_OF(map, key, fresh, loss)                                                                                \
	({                                                                                                             \
		void *entry_ = bpf_map_lookup_elem(&(map), (key));                                                     \
		if (!entry_) {                                                                                         \
			long result_ = bpf_map_update_elem(&(map), (key), &(fresh), BPF_NOEXIST);                      \
			entry_ = bpf_map_lookup_elem(&(map), (key));                                                   \
			if (!entry_)                                                                                   \
				lose(result_ == -FULL ? loss : DISK_LOST_MEMORY);                                      \
		}                                                                                                      \
		entry_;                                                                                                \
	})

static __always_inline __u32 device_of(struct request *rq)
{
	struct gendisk *disk = 0;

	if (bpf_core_field_exists(struct request_queue, disk))
		disk = rq->q->disk;
	else if (bpf_core_field_exists(struct request___with_disk, rq_disk))
		disk = ((struct request___with_disk *)rq)->rq_disk;
	return disk ? (__u32)disk->major << DISK_MINOR_BITS | (__u32)disk->first_minor : 0;
}

/* An address as a number: to the verifier a pointer is none, but the distance of two is. */
static __always_inline __u64 address_of(const void *pointer)
{
	return (__u64)pointer - (__u64)&interval;
}

static __always_inline struct disk_process_key own_key(__u32 device, __u32 flags)
{
	return (struct disk_process_key){ current_tgid(), device, flags & DISK_OP_MASK, bpf_get_smp_processor_id() };
}

/* NULL: the running process is no target. One that has an entry is: it is let go with it. */
static __always_inline struct disk_process *own_process(struct disk_process_key *key)
{
	struct disk_process *process = bpf_map_lookup_elem(&processes, key);

	if (process || !is_current_target())
		return process;
	return ENTRY_OF(processes, key, no_process, DISK_LOST_PROCESSES);
}

static __always_inline int starts(const void *pointer, __u32 device, __u32 flags, __u32 n_bytes)
{
	struct disk_process_key key = own_key(device, flags);
	struct disk_process *process = own_process(&key);

	if (!process) {
		(void)owners_take(&owners, address_of(pointer));
		return 0;
	}
	process->n_bytes += n_bytes;
	process->n_operations++;
	if (owners_put(&owners, address_of(pointer), key.tgid))
		lose(DISK_LOST_OWNERS);
	return 0;
}

SEC("tp_btf/block_io_start")
int COUNTED_PROG(on_io_start, struct request *rq)
{
	if (!may_be_target()) {
		(void)owners_take(&owners, address_of(rq));
		return 0;
	}
	return starts(rq, device_of(rq), rq->cmd_flags, rq->__data_len);
}

static __always_inline __u32 device_of_bio(struct bio *bio)
{
	struct gendisk *disk = bio->bi_bdev->bd_disk;

	return (__u32)disk->major << DISK_MINOR_BITS | (__u32)disk->first_minor;
}

/* Before Linux 6.5: a request was found for a piece, but which one is not told. So it goes by its first piece, and is
 * not timed when another has come before that. */
SEC("tp_btf/block_getrq")
int COUNTED_PROG(on_getrq, struct bio *bio)
{
	if (!may_be_target()) {
		(void)owners_take(&owners, address_of(bio));
		return 0;
	}
	return starts(bio, device_of_bio(bio), bio->bi_opf, bio->bi_iter.bi_size);
}

/* A piece that joins a request which has started already brings bytes, but no start of its own. */
static __always_inline int joins(struct bio *bio)
{
	struct disk_process_key key;
	struct disk_process *process;

	if (!may_be_target())
		return 0;
	key = own_key(device_of_bio(bio), bio->bi_opf);
	process = own_process(&key);
	if (process)
		process->n_bytes += bio->bi_iter.bi_size;
	return 0;
}

SEC("tp_btf/block_bio_backmerge")
int COUNTED_PROG(on_backmerge, struct bio *bio)
{
	return joins(bio);
}

SEC("tp_btf/block_bio_frontmerge")
int COUNTED_PROG(on_frontmerge, struct bio *bio)
{
	return joins(bio);
}

/* Where it is counted that a device is done with a request: with whoever owns it, else with the device. */
static __always_inline struct disk_device *done_of(struct request *rq, struct disk_device_key *key)
{
	struct disk_process_key own = { 0, key->device, key->op, 0 };
	struct disk_process *process;

	if (has_targets)
		own.tgid = owners_take(&owners, is_by_piece ? address_of(rq->bio) : address_of(rq));
	if (own.tgid) {
		own.cpu = bpf_get_smp_processor_id();
		process = bpf_map_lookup_elem(&processes, &own);
		/* Who has been let go stays so. */
		if (!process && target_of(own.tgid))
			process = ENTRY_OF(processes, &own, no_process, DISK_LOST_PROCESSES);
		if (process)
			return &process->done;
	}
	return ENTRY_OF(devices, key, no_device, DISK_LOST_DEVICES);
}

static __always_inline void count_done(struct disk_device *d, const struct request *rq, __u64 now)
{
	__u64 issued_ns = rq->io_start_time_ns, queued_ns;

	d->n_operations++;
	if (!issued_ns) {
		d->n_unstamped++;
		return;
	}
	if (issued_ns > now)
		issued_ns = now;
	queued_ns = issued_ns > rq->start_time_ns ? issued_ns - rq->start_time_ns : 0;
	hist_add(&d->latency, now - issued_ns, interval);
	hist_add(&d->queue, queued_ns, interval);
}

SEC("tp_btf/block_rq_complete")
int COUNTED_PROG(on_rq_complete, struct request *rq, int error, unsigned int n_bytes)
{
	__u64 now = bpf_ktime_get_ns();
	struct disk_device_key key;
	struct disk_device *d;
	int is_whole;

	key.op = rq->cmd_flags & DISK_OP_MASK;
	if (!n_bytes && !rq->bio && key.op != DISK_OP_FLUSH)
		return 0;
	key.device = device_of(rq);
	/* Of one that is done in part, the rest completes later. */
	is_whole = n_bytes >= rq->__data_len;
	d = is_whole ? done_of(rq, &key) : ENTRY_OF(devices, &key, no_device, DISK_LOST_DEVICES);
	if (!d)
		return 0;
	d->n_bytes += n_bytes;
	if (is_whole)
		count_done(d, rq, now);
	return 0;
}

/* It goes on as a part of its neighbour, and completes with that one. */
SEC("tp_btf/block_rq_merge")
int COUNTED_PROG(on_merge, struct request *rq)
{
	(void)owners_take(&owners, is_by_piece ? address_of(rq->bio) : address_of(rq));
	return 0;
}

SEC("tp_btf/block_rq_requeue")
int COUNTED_PROG(on_rq_requeue, struct request *rq)
{
	struct disk_device_key key = { device_of(rq), rq->cmd_flags & DISK_OP_MASK };
	struct disk_device *device = ENTRY_OF(devices, &key, no_device, DISK_LOST_DEVICES);

	if (device)
		device->n_requeues++;
	return 0;
}

/* ---- Files ---- */

static __always_inline struct disk_files *files_of_current(void)
{
	struct disk_files_key key;
	struct disk_files *f;

	if (!may_be_target())
		return 0;
	key = (struct disk_files_key){ current_tgid(), bpf_get_smp_processor_id() };
	f = bpf_map_lookup_elem(&files, &key);
	if (f || !is_current_target())
		return f;
	return ENTRY_OF(files, &key, no_files, DISK_LOST_FILES);
}

static __always_inline __u64 pages_of(struct folio *folio)
{
	unsigned long flags;

	if (bpf_core_field_exists(struct folio___memdesc, flags.f))
		flags = ((struct folio___memdesc *)folio)->flags.f;
	else
		flags = folio->flags;
	if (!(flags & 1UL << bpf_core_enum_value(enum pageflags, PG_head)))
		return 1;
	if (bpf_core_field_exists(struct folio___nr_pages, _nr_pages))
		return ((struct folio___nr_pages *)folio)->_nr_pages;
	if (bpf_core_field_exists(struct folio___folio_nr_pages, _folio_nr_pages))
		return ((struct folio___folio_nr_pages *)folio)->_folio_nr_pages;
	return 1;
}

SEC("tp_btf/writeback_dirty_folio")
int COUNTED_PROG(on_dirty_folio, struct folio *folio)
{
	struct disk_files *f = files_of_current();

	if (f)
		f->n_dirtied_bytes += pages_of(folio) * page_bytes;
	return 0;
}

SEC("tp_btf/mm_filemap_get_pages")
int COUNTED_PROG(on_get_pages, struct address_space *mapping, unsigned long first, unsigned long last)
{
	struct disk_files *f = files_of_current();

	if (f && last >= first)
		f->n_requested += last - first + 1;
	return 0;
}

SEC("tp_btf/mm_filemap_add_to_page_cache")
int COUNTED_PROG(on_add_to_cache, struct folio *folio)
{
	struct disk_files *f = files_of_current();

	if (f)
		f->n_added += pages_of(folio);
	return 0;
}

SEC("tp_btf/mm_filemap_fault")
int COUNTED_PROG(on_filemap_fault)
{
	struct disk_files *f = files_of_current();

	if (f)
		f->n_faults++;
	return 0;
}

/* ---- Synchronising ---- */

static __always_inline void sync_begins(__u64 is_data_only)
{
	struct sync *sync;

	if (!is_current_target())
		return;
	sync = bpf_task_storage_get(&syncs, bpf_get_current_task_btf(), 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!sync) {
		lose(DISK_LOST_SYNCS);
		return;
	}
	sync->start_ns = bpf_ktime_get_ns();
	sync->is_data_only = is_data_only;
}

static __always_inline void sync_ends(void)
{
	struct disk_files *f = files_of_current();
	struct sync *sync;

	if (!f)
		return;
	sync = bpf_task_storage_get(&syncs, bpf_get_current_task_btf(), 0, 0);
	if (!sync || !sync->start_ns)
		return;
	hist_add(sync->is_data_only ? &f->fdatasync : &f->fsync, bpf_ktime_get_ns() - sync->start_ns, interval);
	sync->start_ns = 0;
}

SEC("tp_btf/ext4_sync_file_enter")
int COUNTED_PROG(on_ext4_sync_enter, struct file *file, int is_data_only)
{
	sync_begins(is_data_only != 0);
	return 0;
}

SEC("tp_btf/ext4_sync_file_exit")
int COUNTED_PROG(on_ext4_sync_exit)
{
	sync_ends();
	return 0;
}

/* These two cost every system call of the machine some nanoseconds: only where the file system has no hook. */
SEC("tp_btf/sys_enter")
int COUNTED_PROG(on_sys_enter, struct pt_regs *regs, long call)
{
	if (call == call_fsync || call == call_fdatasync)
		sync_begins(call == call_fdatasync);
	return 0;
}

SEC("tp_btf/sys_exit")
int COUNTED_PROG(on_sys_exit, struct pt_regs *regs, long result)
{
	if (is_current_target())
		sync_ends();
	return 0;
}
