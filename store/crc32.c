/* SPDX-License-Identifier: Apache-2.0 */
#include "store/crc32.h"

#include <pthread.h>
#include <string.h>

enum {
	SLICES = 8,
};

static const uint32_t polynomial = 0x82F63B78;

/* tables[k][b]: the CRC of byte b followed by k zero bytes. Constant once filled. */
static uint32_t tables[SLICES][256];
static pthread_once_t tables_once = PTHREAD_ONCE_INIT;

static void fill_tables(void)
{
	for (uint32_t b = 0; b < 256; b++) {
		uint32_t crc = b;

		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? polynomial : 0);
		tables[0][b] = crc;
	}
	for (uint32_t k = 1; k < SLICES; k++)
		for (uint32_t b = 0; b < 256; b++)
			tables[k][b] = tables[k - 1][b] >> 8 ^ tables[0][tables[k - 1][b] & 0xFF];
}

uint32_t crc32_add_portable(uint32_t crc, const uint8_t *at, uint64_t n)
{
	(void)pthread_once(&tables_once, fill_tables);
	crc = ~crc;
	for (; n >= SLICES; n -= SLICES, at += SLICES) {
		uint32_t low =
			crc ^ ((uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24);

		crc = tables[7][low & 0xFF] ^ tables[6][low >> 8 & 0xFF] ^ tables[5][low >> 16 & 0xFF] ^
		      tables[4][low >> 24] ^ tables[3][at[4]] ^ tables[2][at[5]] ^ tables[1][at[6]] ^ tables[0][at[7]];
	}
	for (; n; n--)
		crc = crc >> 8 ^ tables[0][(crc ^ *at++) & 0xFF];
	return ~crc;
}

#ifdef __x86_64__
/* The instruction takes three cycles, and a new one can begin in each: three stretches at once, then put together. A
 * stretch's CRC behind `crc` is that of as many zeros behind `crc`, with its own from 0 added. */
enum {
	STRETCH = 1024,
	STATE_BYTES = 4,
};

/* zeros[k][b]: the state after STRETCH zero bytes of one that has b as its byte k and is 0 else. */
static uint32_t zeros[STATE_BYTES][256];
static pthread_once_t zeros_once = PTHREAD_ONCE_INIT;

static void fill_zeros(void)
{
	(void)pthread_once(&tables_once, fill_tables);
	for (uint32_t bit = 0; bit < 8 * STATE_BYTES; bit++) {
		uint32_t state = UINT32_C(1) << bit;

		for (int i = 0; i < STRETCH; i++)
			state = state >> 8 ^ tables[0][state & 0xFF];
		for (uint32_t b = 0; b < 256; b++)
			if (b >> bit % 8 & 1)
				zeros[bit / 8][b] ^= state;
	}
}

static uint32_t after_zeros(uint64_t state)
{
	return zeros[0][state & 0xFF] ^ zeros[1][state >> 8 & 0xFF] ^ zeros[2][state >> 16 & 0xFF] ^
	       zeros[3][state >> 24 & 0xFF];
}

__attribute__((target("sse4.2"))) static uint64_t add_three(uint64_t state, const uint8_t *at)
{
	uint64_t second = 0, third = 0, words[3];

	for (const uint8_t *end = at + STRETCH; at < end; at += sizeof(words[0])) {
		memcpy(&words[0], at, sizeof(words[0]));
		memcpy(&words[1], at + STRETCH, sizeof(words[1]));
		memcpy(&words[2], at + 2 * STRETCH, sizeof(words[2]));
		state = __builtin_ia32_crc32di(state, words[0]);
		second = __builtin_ia32_crc32di(second, words[1]);
		third = __builtin_ia32_crc32di(third, words[2]);
	}
	return after_zeros(after_zeros(state) ^ second) ^ third;
}

__attribute__((target("sse4.2"))) static uint32_t add_by_instruction(uint32_t crc, const uint8_t *at, uint64_t n)
{
	uint64_t state = ~crc, word;

	if (n >= UINT64_C(3) * STRETCH)
		(void)pthread_once(&zeros_once, fill_zeros);
	for (; n >= UINT64_C(3) * STRETCH; n -= UINT64_C(3) * STRETCH, at += 3 * STRETCH)
		state = add_three(state, at);
	for (; n >= sizeof(word); n -= sizeof(word), at += sizeof(word)) {
		memcpy(&word, at, sizeof(word));
		state = __builtin_ia32_crc32di(state, word);
	}
	for (; n; n--)
		state = __builtin_ia32_crc32qi((uint32_t)state, *at++);
	return ~(uint32_t)state;
}

uint32_t crc32_add(uint32_t crc, const uint8_t *at, uint64_t n)
{
	return __builtin_cpu_supports("sse4.2") ? add_by_instruction(crc, at, n) : crc32_add_portable(crc, at, n);
}
#else
uint32_t crc32_add(uint32_t crc, const uint8_t *at, uint64_t n)
{
	return crc32_add_portable(crc, at, n);
}
#endif
