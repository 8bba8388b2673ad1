/* SPDX-License-Identifier: Apache-2.0 */
/* As much of a run-time system as the probes see of one: the same names, called in the same order with the same first
 * arguments, a hundred times with known figures. For what no GHC of Debian makes: a run-time library with symbols, and
 * position-independent programs. */
#include <stdint.h>
#include <unistd.h>

struct rts_statistics {
	uint32_t gcs, major_gcs;
	uint64_t sizes[11];
	int64_t times[8];
	uint32_t generation, threads;
	uint64_t rest[29];
};

_Static_assert(sizeof(struct rts_statistics) == 400, "as in GHC 9.0");

struct rts_statistics stats;
uint32_t enabled_capabilities = 1;
uint64_t mblocks_allocated = 1;

void stat_startGCSync(void *thread);
void stat_startGC(void *capability, void *thread);
void stat_endGC(void *capability, void *thread, uint64_t live, uint64_t copied, uint64_t slop, uint32_t generation,
                uint32_t n_threads);
void fake_collect(unsigned n, unsigned rest_us);
int hs_main(void);

__attribute__((noinline)) void stat_startGCSync(void *thread)
{
	/* Keeping a register makes each begin with a push, as GHC's own do. */
	__asm__ volatile("" ::: "memory", "rbx");
}

__attribute__((noinline)) void stat_startGC(void *capability, void *thread)
{
	/* Keeping a register makes each begin with a push, as GHC's own do. */
	__asm__ volatile("" ::: "memory", "rbx");
}

__attribute__((noinline)) static void count(uint64_t copied, uint32_t generation)
{
	stats.gcs++;
	stats.major_gcs += generation;
	stats.sizes[7] += copied * 8;
	stats.generation = generation;
	__asm__ volatile("" ::: "memory");
}

__attribute__((noinline)) void stat_endGC(void *capability, void *thread, uint64_t live, uint64_t copied, uint64_t slop,
                                          uint32_t generation, uint32_t n_threads)
{
	count(copied, generation);
	stats.threads = n_threads;
	__asm__ volatile("" ::: "memory", "rbx");
}

void fake_collect(unsigned n, unsigned rest_us)
{
	for (uint32_t i = 1; i <= n; i++) {
		stat_startGCSync(&stats);
		stat_startGC(&stats, &stats);
		stat_endGC(&stats, &stats, 2 * i, i, 0, i % 2, 1);
		if (rest_us)
			(void)usleep(rest_us);
	}
}

int hs_main(void)
{
	fake_collect(100, 1000);
	return 0;
}
