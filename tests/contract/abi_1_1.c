/* SPDX-License-Identifier: Apache-2.0 */
/* What ABI 1.1 added, on 64-bit machines, frozen. */
#include <weir/collector.h>

#define OFFSET(object, field, n) _Static_assert(offsetof(object, field) == (n), #object "." #field)
#define SIZE(object, n)          _Static_assert(sizeof(object) == (n), #object)
#define SIZE_SINCE(object, n)    _Static_assert(sizeof(object) >= (n), #object)
#define VALUE(name, n)           _Static_assert((name) == (n), #name)

OFFSET(struct weir_rung, part, 0);
OFFSET(struct weir_rung, name, 8);
OFFSET(struct weir_rung, means, 16);
OFFSET(struct weir_rung, loss, 32);
OFFSET(struct weir_rung, why_not, 48);
OFFSET(struct weir_rung, remedy, 64);
OFFSET(struct weir_rung, state, 80);
OFFSET(struct weir_rung, reserved, 84);
SIZE(struct weir_rung, 88);

OFFSET(struct weir_host, rung, 152);
SIZE_SINCE(struct weir_host, 160);

OFFSET(struct weir_collector, probe, 128);
SIZE_SINCE(struct weir_collector, 136);

VALUE(WEIR_RUNG_FAILED, 0);
VALUE(WEIR_RUNG_WORKS, 1);
