/* SPDX-License-Identifier: Apache-2.0 */
/* A decoded symbol fits in its room, and each of its texts in the room or in the symbol. */
#include "parsers/z_name.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t n)
{
	static char room[Z_ROOM];
	struct parse_text whole = { (const char *)at, n };
	struct z_symbol s;

	z_symbol(whole, room, &s);
	if (s.package.n + s.module.n + s.name.n > (s.kind == Z_OTHER ? n : sizeof(room)))
		abort();
	if (z_decode(whole, room, n / 2) > (int)(n / 2))
		abort();
	return 0;
}
