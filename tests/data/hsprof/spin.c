/* SPDX-License-Identifier: Apache-2.0 */
/* C that takes its time, for a Haskell program to call. */
long spin(long n);

long spin(long n)
{
	volatile long x = 0;

	while (n-- > 0)
		x += n;
	return x;
}
