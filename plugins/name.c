/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/name.h"

#include <string.h>

static int is_letter(char c)
{
	return c >= 'a' && c <= 'z';
}

static int is_digit(char c)
{
	return c >= '0' && c <= '9';
}

int name_is_dotted(struct weir_text name)
{
	if (!name.at || name.n_bytes == 0 || name.n_bytes > NAME_MAX_BYTES || !is_letter(name.at[0]))
		return 0;
	for (uint64_t i = 1; i < name.n_bytes; i++) {
		char c = name.at[i];

		if (!is_letter(c) && !is_digit(c) && c != '_' && (c != '.' || name.at[i - 1] == '.'))
			return 0;
	}
	return name.at[name.n_bytes - 1] != '.';
}

int name_is_dotted_string(const char *name)
{
	return name && name_is_dotted((struct weir_text){ name, strnlen(name, NAME_MAX_BYTES + 1) });
}

int name_is_collector(const char *name)
{
	size_t n = name ? strnlen(name, NAME_COLLECTOR_MAX + 1) : 0;

	if (n == 0 || n > NAME_COLLECTOR_MAX || !is_letter(name[0]))
		return 0;
	for (size_t i = 1; i < n; i++)
		if (!is_letter(name[i]) && !is_digit(name[i]) && name[i] != '-')
			return 0;
	return 1;
}

struct weir_text name_text(const char *name)
{
	return (struct weir_text){ name, name ? strlen(name) : 0 };
}
