/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EXPORTS_REPLACE_H
#define EXPORTS_REPLACE_H

/* A file that is written without a name and gets its place when it is whole: readers see the old one or the new one,
 * after a crash there is one of the two, and a writer that is killed leaves nothing. On file systems that have no files
 * without a name it is written beside its place, and being killed leaves it there. */

#include <stdio.h>
#include <weir/host.h>

struct replace {
	FILE *file;      /* to write to */
	char *path;      /* where it goes */
	char *temporary; /* the name that it has meanwhile; NULL: none */
	int is_remade;   /* set before the commit: it can be made again, so it need not be on the disk when the commit
	                    returns */
};

/* The new file has the old one's mode, and its owner where that is allowed; or 0644. Where there is a link it is the
 * link that is replaced: whoever put it into a folder does not choose what is written over. */
int replace_open(struct replace *r, const char *path, struct weir_error *reterr);
/* The same for a path that somebody has named: through a link its target is replaced. */
int replace_open_target(struct replace *r, const char *path, struct weir_error *reterr);
/* -EIO and such: nothing was replaced. Frees r in any case. */
int replace_commit(struct replace *r, struct weir_error *reterr);
void replace_abort(struct replace *r); /* also fine after the two above */

#endif
