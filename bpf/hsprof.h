/* SPDX-License-Identifier: (Apache-2.0 OR GPL-2.0-only) */
#ifndef BPF_HSPROF_H
#define BPF_HSPROF_H

/* What the sampling profiler's program in the kernel and its collector tell each other. Compiles for both sides. */

#include <linux/types.h>

#include "bpf/target.h"

enum {
	HSPROF_FRAMES_MAX = 127, /* of a sample, after folding */
	HSPROF_STEPS_MAX = 256,  /* frames that a walk visits, folded ones included */
	HSPROF_SLIDES_MAX = 16,  /* words that a walk may look for its first frame in */
	HSPROF_IMAGES_MAX = 256,
	HSPROF_SCAN_WORDS = 96, /* of the C stack that are looked at, where C code was met */
	HSPROF_SCAN_MASK = 127,
	HSPROF_CALLS_MAX = 8, /* return addresses that are found there */
};

/* How a program's file is known from inside the kernel: by the size of its code, and where in a page that starts. */
struct hsprof_image_key {
	__u64 n_code_bytes;
	__u64 page_offset;
};

/* What the walk has to know of a program: closure types of its GHC's rts/include/rts/storage/ClosureTypes.h. */
struct hsprof_image {
	__u64 haskell_from, haskell_to; /* Haskell code, from the code's start; both 0: not known */
	__u32 is_haskell;               /* 0: there is no Haskell stack to walk */
	__u32 is_shared;                /* code also lies in shared libraries */
	__u16 ret_bco;                  /* the first of those that follow each other up to stop */
	__u16 ret_big;
	__u16 ret_fun;
	__u16 update;
	__u16 underflow;
	__u16 stop;
	__u16 atomically; /* the first of those of STM */
	__u16 catch_stm;  /* the last */
	__u16 annotation; /* 0: this GHC has none */
	__u16 reserved[3];
};

_Static_assert(sizeof(struct hsprof_image) == 48, "the layout that both compilers see");

enum hsprof_ending {
	HSPROF_NOT_WALKED = 0, /* no Haskell program, or one that is not known yet */
	HSPROF_STOPPED,        /* the walk met the stop frame: complete */
	HSPROF_CAPPED,         /* deeper than HSPROF_STEPS_MAX or HSPROF_FRAMES_MAX */
	HSPROF_NO_FRAME,       /* nothing at Sp that could be a frame */
	HSPROF_LOST,           /* some frames, then what is none */
	HSPROF_ENDINGS,
};

enum {
	HSPROF_IN_KERNEL = 1,
	HSPROF_UNKNOWN_IMAGE = 2,
	HSPROF_SP_FROM_C = 4, /* where the Haskell stack is was found on the C stack */
};

/* One sample; of frames only as many are sent as there are frames and calls. */
struct hsprof_sample {
	__u64 code_start, code_end; /* of the program's own file in this process */
	__u64 ip;                   /* in user space, also of a sample in the kernel */
	__u32 tgid;
	__u16 n_frames;
	__u8 ending; /* enum hsprof_ending */
	__u8 flags;
	__u8 n_slides;
	__u8 n_calls;
	__u8 reserved[6];
	/* Info pointers, innermost first; behind them addresses of the program's code that lie on the C stack,
	 * innermost first: what the C code will return to, and what it left there. */
	__u64 frames[HSPROF_FRAMES_MAX + 1 + HSPROF_CALLS_MAX];
};

enum {
	HSPROF_HEAD_BYTES = 40,
};

_Static_assert(sizeof(struct hsprof_sample) == HSPROF_HEAD_BYTES + 8 * (HSPROF_FRAMES_MAX + 1 + HSPROF_CALLS_MAX),
               "the layout that both compilers see");

#endif
