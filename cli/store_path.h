/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_STORE_PATH_H
#define CLI_STORE_PATH_H

/* Which file a verb writes: the one that was named, else RUN.weir in the current folder. */

enum {
	STORE_PATH_MAX = 4096,
};

/* output: as given, NULL: not given. tag: of the run; it is a name and not a path, wherever it came from, so what would
 * lead to another folder or hide the file is replaced. -EINVAL after saying so: the path is too long. */
int store_path_pick(const char *verb, const char *output, const char *tag, char ret[STORE_PATH_MAX]);

#endif
