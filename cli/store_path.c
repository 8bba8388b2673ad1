/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/store_path.h"

#include "cli/say.h"

#include <errno.h>
#include <stdio.h>

int store_path_pick(const char *verb, const char *output, const char *tag, char ret[STORE_PATH_MAX])
{
	int n = snprintf(ret, STORE_PATH_MAX, "%s%s", output ? output : tag, output ? "" : ".weir");

	if (n >= STORE_PATH_MAX) {
		say("%s: %s: the path is too long", verb, output ? output : tag);
		return -EINVAL;
	}
	if (output)
		return 0;
	for (char *c = ret; *c; c++)
		if (*c == '/' || (unsigned char)*c < ' ')
			*c = '_';
	if (ret[0] == '.' || ret[0] == '-')
		ret[0] = '_';
	return 0;
}
