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

long call_back(long (*f)(long), long n);

long call_back(long (*f)(long), long n)
{
	return f(n) + spin(1000) % 2;
}

__attribute__((optimize("omit-frame-pointer"))) long spin_rbp(long n);

__attribute__((optimize("omit-frame-pointer"))) long spin_rbp(long n)
{
	volatile long x = 0;

	while (n-- > 0) {
		x += n;
		__asm__ volatile("movq %0, %%rbp" ::"r"(n) : "rbp");
	}
	return x;
}
