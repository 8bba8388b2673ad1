/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORE_CRC32_H
#define STORE_CRC32_H

/* CRC-32 as in IEEE 802.3 and zlib: reflected polynomial 0xEDB88320. Thread-safe. */

#include <stdint.h>

/* The CRC of what `crc` covers (0: nothing) followed by these bytes. */
uint32_t crc32_add(uint32_t crc, const uint8_t *at, uint64_t n);

#endif
