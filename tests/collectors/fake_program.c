/* SPDX-License-Identifier: Apache-2.0 */
int hs_main(void);

int main(void)
{
	return hs_main();
}
