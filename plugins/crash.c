/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/crash.h"

#include <errno.h>
#include <execinfo.h>
#include <link.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

enum stage {
	STAGE_ARMED,
	STAGE_RECORDING,
	STAGE_LEAVING,
};

/* A signal handler gets no argument of ours: this is the one place with state of its own, one process, one collector.
 */
static struct {
	struct crash_record *record;
	void (*leave)(void);
	pid_t thread;
	volatile sig_atomic_t stage;
} armed;

static const int caught[] = { SIGSEGV, SIGBUS,  SIGILL,  SIGFPE,  SIGABRT,
	                      SIGSYS,  SIGTRAP, SIGXFSZ, SIGXCPU, CRASH_SIGNAL_STALL };

#if defined(__x86_64__)
static uint64_t context_pc(const ucontext_t *c)
{
	return (uint64_t)c->uc_mcontext.gregs[REG_RIP];
}

/* A call through a bad pointer faults before the callee made a frame: the top of the stack is where it came from. */
static uint64_t context_caller(const ucontext_t *c)
{
	return *(const uint64_t *)c->uc_mcontext.gregs[REG_RSP];
}
#elif defined(__aarch64__)
static uint64_t context_pc(const ucontext_t *c)
{
	return c->uc_mcontext.pc;
}

static uint64_t context_caller(const ucontext_t *c)
{
	return c->uc_mcontext.regs[30];
}
#else
static uint64_t context_pc(const ucontext_t *c)
{
	return 0;
}

static uint64_t context_caller(const ucontext_t *c)
{
	return 0;
}
#endif

static int is_in_object(const struct crash_record *r, uint64_t pc)
{
	for (uint32_t i = 0; i < r->n_objects; i++)
		if (pc >= r->objects[i].start && pc < r->objects[i].end)
			return 1;
	return 0;
}

static int note_object(struct dl_phdr_info *info, size_t size, void *data)
{
	struct crash_record *r = data;
	struct crash_object *o = &r->objects[r->n_objects];

	if (r->n_objects == CRASH_OBJECTS_MAX)
		return 1;
	*o = (struct crash_object){ .base = info->dlpi_addr };
	for (int i = 0; i < info->dlpi_phnum; i++) {
		if (info->dlpi_phdr[i].p_type != PT_LOAD || !(info->dlpi_phdr[i].p_flags & PF_X))
			continue;
		o->start = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
		o->end = o->start + info->dlpi_phdr[i].p_memsz;
	}
	strncpy(o->name, info->dlpi_name, sizeof(o->name) - 1);
	r->n_objects++;
	return 0;
}

void crash_note_objects(struct crash_record *record)
{
	record->n_objects = 0;
	(void)dl_iterate_phdr(note_object, record);
}

static void record_frames(struct crash_record *r, const ucontext_t *context)
{
	void *frames[CRASH_FRAMES_MAX + 8];
	uint64_t pc = context_pc(context);
	int n, at = 0;

	r->frames[0] = pc;
	r->n_frames = 1;
	/* An object that is being loaded is not among those noted before. */
	if (!is_in_object(r, pc))
		crash_note_objects(r);
	if (!is_in_object(r, pc)) {
		r->frames[1] = context_caller(context);
		r->n_frames = 2;
		return;
	}
	n = backtrace(frames, CRASH_FRAMES_MAX + 8);
	while (at < n && (uint64_t)(uintptr_t)frames[at] != pc)
		at++;
	for (at++; at < n && r->n_frames < CRASH_FRAMES_MAX; at++)
		r->frames[r->n_frames++] = (uint64_t)(uintptr_t)frames[at];
}

/* An allocation that fails looks like a NULL pointer a moment later; asking once more tells the two apart. */
static int is_out_of_memory(void)
{
	void *at = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED)
		return 1;
	(void)munmap(at, 1 << 20);
	return 0;
}

static void on_signal(int sig, siginfo_t *info, void *context)
{
	struct crash_record *r = armed.record;
	int is_mine = gettid() == armed.thread;

	if (armed.stage == STAGE_LEAVING || (armed.stage == STAGE_RECORDING && !is_mine))
		_exit(128 + sig);
	if (armed.stage == STAGE_ARMED) {
		armed.stage = STAGE_RECORDING;
		r->signal = sig;
		r->syscall = sig == SIGSYS ? info->si_syscall : -1;
		r->address = (uint64_t)(uintptr_t)info->si_addr;
		r->is_out_of_memory = (uint32_t)is_out_of_memory();
		r->is_set = 1;
		record_frames(r, context);
	}
	if (!is_mine)
		_exit(128 + sig);
	armed.stage = STAGE_LEAVING;
	armed.leave();
}

int crash_arm(struct crash_record *record, void (*leave)(void))
{
	struct sigaction action = { .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER };
	stack_t stack = { .ss_sp = malloc(CRASH_STACK_BYTES), .ss_size = CRASH_STACK_BYTES };
	void *frame;

	if (!stack.ss_sp)
		return -ENOMEM;
	/* The first call loads libgcc, which a sandbox would forbid later. */
	(void)backtrace(&frame, 1);
	armed.record = record;
	armed.leave = leave;
	armed.thread = gettid();
	armed.stage = STAGE_ARMED;
	(void)sigemptyset(&action.sa_mask);
	if (sigaltstack(&stack, NULL) < 0)
		return -errno;
	for (size_t i = 0; i < sizeof(caught) / sizeof(caught[0]); i++)
		if (sigaction(caught[i], &action, NULL) < 0)
			return -errno;
	crash_note_objects(record);
	return 0;
}
