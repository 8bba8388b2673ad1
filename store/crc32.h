/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORE_CRC32_H
#define STORE_CRC32_H

/* CRC-32C as in RFC 3720 and ext4: reflected polynomial 0x82F63B78, which processors have an instruction for.
 * Thread-safe. */

#include <stdint.h>

/* The CRC of what `crc` covers (0: nothing) followed by these bytes. */
uint32_t crc32_add(uint32_t crc, const uint8_t *at, uint64_t n);

/* The same without the instruction. */
uint32_t crc32_add_portable(uint32_t crc, const uint8_t *at, uint64_t n);

#endif
