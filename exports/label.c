/* SPDX-License-Identifier: Apache-2.0 */
#include "exports/profile_out.h"

int profile_out_label(const struct profile_set *set, uint32_t frame, char *ret, size_t size)
{
	struct profile_frame f = profile_frame(set, frame);

	return snprintf(ret, size, "%s%s%s", f.module, *f.module && *f.name ? "." : "", f.name);
}
