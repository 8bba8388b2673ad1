/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/jsontext.h"

#include <string.h>

#if defined(__SSE2__)
#include <cpuid.h>
#include <immintrin.h>
#endif

/* Each of these says of 64 bytes where the quotes are, and in *ret_special where a byte is a backslash, a control
 * character or not ASCII. Signed comparison with the space finds the last two at once. */
typedef uint64_t quotes_of(const char *at, uint64_t *ret_special);

#if defined(__SSE2__)
static inline uint64_t quotes_of_16s(const char *at, uint64_t *ret_special)
{
	const __m128i quote = _mm_set1_epi8('"'), backslash = _mm_set1_epi8('\\'), space = _mm_set1_epi8(' ');
	uint64_t quotes = 0, special = 0;

	for (int i = 0; i < 4; i++) {
		__m128i v = _mm_loadu_si128((const __m128i *)(const void *)(at + 16 * i));
		__m128i s = _mm_or_si128(_mm_cmpeq_epi8(v, backslash), _mm_cmplt_epi8(v, space));

		quotes |= (uint64_t)(unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(v, quote)) << (16 * i);
		special |= (uint64_t)(unsigned)_mm_movemask_epi8(s) << (16 * i);
	}
	*ret_special = special;
	return quotes;
}

__attribute__((target("avx2"))) static inline uint64_t quotes_of_32s(const char *at, uint64_t *ret_special)
{
	const __m256i quote = _mm256_set1_epi8('"'), backslash = _mm256_set1_epi8('\\'), space = _mm256_set1_epi8(' ');
	__m256i low = _mm256_loadu_si256((const __m256i *)(const void *)at);
	__m256i high = _mm256_loadu_si256((const __m256i *)(const void *)(at + 32));
	__m256i s_low = _mm256_or_si256(_mm256_cmpeq_epi8(low, backslash), _mm256_cmpgt_epi8(space, low));
	__m256i s_high = _mm256_or_si256(_mm256_cmpeq_epi8(high, backslash), _mm256_cmpgt_epi8(space, high));

	*ret_special = (uint64_t)(unsigned)_mm256_movemask_epi8(s_high) << 32 | (unsigned)_mm256_movemask_epi8(s_low);
	return (uint64_t)(unsigned)_mm256_movemask_epi8(_mm256_cmpeq_epi8(high, quote)) << 32 |
	       (unsigned)_mm256_movemask_epi8(_mm256_cmpeq_epi8(low, quote));
}

__attribute__((target("avx512bw"))) static inline uint64_t quotes_of_64(const char *at, uint64_t *ret_special)
{
	__m512i v = _mm512_loadu_si512((const void *)at);

	*ret_special =
		_mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8('\\')) | _mm512_cmplt_epi8_mask(v, _mm512_set1_epi8(' '));
	return _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8('"'));
}
#else
static inline uint64_t quotes_of_1s(const char *at, uint64_t *ret_special)
{
	uint64_t quotes = 0, special = 0;

	for (unsigned i = 0; i < 64; i++) {
		unsigned char b = (unsigned char)at[i];

		quotes |= (uint64_t)(b == '"') << i;
		special |= (uint64_t)(b == '\\' || b < ' ' || b >= 0x80) << i;
	}
	*ret_special = special;
	return quotes;
}
#endif

/* The last block of the text, filled up with zeros. They are special too: a line that ends without a newline ends
 * there. */
static inline uint64_t quotes_of_tail(const char *at, size_t n, uint64_t *ret_special, quotes_of *quotes)
{
	char tail[64] = { 0 };

	memcpy(tail, at, n);
	return quotes(tail, ret_special);
}

__attribute__((always_inline)) static inline size_t mark_line(const char *at, size_t n, struct jsontext_marks *ret,
                                                              int *ret_is_plain, quotes_of *quotes)
{
	size_t i = 0;

	ret->start = at;
	for (; i < JSONTEXT_MARKED_MAX && i < n; i += 64) {
		uint64_t special,
			word = n - i < 64 ? quotes_of_tail(at + i, n - i, &special, quotes) : quotes(at + i, &special);
		size_t end;

		ret->quotes[i / 64] = word;
		if (!special)
			continue;
		end = i + (size_t)__builtin_ctzll(special);
		*ret_is_plain = end >= n || at[end] == '\n';
		ret->quotes[i / 64] = word & (((uint64_t)1 << (end % 64)) - 1);
		return end < n ? end : n;
	}
	*ret_is_plain = i >= n;
	ret->quotes[i / 64] = 0;
	return i < n ? i : n;
}

#if defined(__SSE2__)
static size_t mark_by_16(const char *at, size_t n, struct jsontext_marks *ret, int *ret_is_plain)
{
	return mark_line(at, n, ret, ret_is_plain, quotes_of_16s);
}

__attribute__((target("avx2"))) static size_t mark_by_32(const char *at, size_t n, struct jsontext_marks *ret,
                                                         int *ret_is_plain)
{
	return mark_line(at, n, ret, ret_is_plain, quotes_of_32s);
}

__attribute__((target("avx512bw"))) static size_t mark_by_64(const char *at, size_t n, struct jsontext_marks *ret,
                                                             int *ret_is_plain)
{
	return mark_line(at, n, ret, ret_is_plain, quotes_of_64);
}

/* What the operating system saves of the vector registers (XCR0). */
static unsigned saved_registers(void)
{
	unsigned low, high;

	__asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	return low;
}

/* Not __builtin_cpu_supports(): its answer is a global in every object that asks. */
enum jsontext_width jsontext_widest(void)
{
	enum {
		SAVES_AVX = 0x06,    /* XMM, YMM */
		SAVES_AVX512 = 0xe6, /* and the masks, the upper halves of ZMM0-15, ZMM16-31 */
	};
	unsigned a, b, c, d, saved;

	if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_OSXSAVE))
		return JSONTEXT_BY_16;
	saved = saved_registers();
	if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || (saved & SAVES_AVX) != SAVES_AVX || !(b & bit_AVX2))
		return JSONTEXT_BY_16;
	return (saved & SAVES_AVX512) == SAVES_AVX512 && b & bit_AVX512F && b & bit_AVX512BW ? JSONTEXT_BY_64
	                                                                                     : JSONTEXT_BY_32;
}

size_t jsontext_mark_line(enum jsontext_width width, const char *at, size_t n, struct jsontext_marks *ret,
                          int *ret_is_plain)
{
	if (width == JSONTEXT_BY_64)
		return mark_by_64(at, n, ret, ret_is_plain);
	return width == JSONTEXT_BY_32 ? mark_by_32(at, n, ret, ret_is_plain) : mark_by_16(at, n, ret, ret_is_plain);
}
#else
enum jsontext_width jsontext_widest(void)
{
	return JSONTEXT_BY_1;
}

size_t jsontext_mark_line(enum jsontext_width width, const char *at, size_t n, struct jsontext_marks *ret,
                          int *ret_is_plain)
{
	(void)width;
	return mark_line(at, n, ret, ret_is_plain, quotes_of_1s);
}
#endif
