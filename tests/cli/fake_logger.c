/* SPDX-License-Identifier: Apache-2.0 */
/* A program that writes an eventlog as GHC's run-time system is told to by GHCRTS: `fake-logger LOG HOW CODE`
 * copies LOG, a piece every 400 ms, to where `-ol` says. Then it ends (exit), or waits for itself as a threaded program
 * that hangs at its end, in two threads (hang) or with a worker left (join), or goes on, as a server that has nothing
 * to do, its threads waiting for locks (idle). */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
	PIECES = 8,
	PIECE_US = 400000,
	IDLE_S = 7,
};

/* What `weir record --eventlog` looks for in a program's file. */
const char *const words[] = { "GHCRTS", "-ol<file>", "--eventlog-flush-interval=<secs>" };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void *wait_for_ever(void *nothing)
{
	(void)pthread_mutex_lock(&lock);
	return nothing;
}

static pthread_t start(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, wait_for_ever, NULL) != 0)
		exit(7);
	return thread;
}

static void wait_a_while(void)
{
	struct timespec until;

	(void)clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += IDLE_S;
	(void)pthread_mutex_timedlock(&lock, &until);
}

static void copy(const char *from, const char *to)
{
	static char bytes[1 << 20];
	FILE *in = fopen(from, "rbe"), *out = fopen(to, "wbe");
	size_t n = in ? fread(bytes, 1, sizeof(bytes), in) : 0, step = n / PIECES + 1, n_piece;

	if (!in || !out || n == sizeof(bytes))
		exit(9);
	for (size_t at = 0; at < n; at += step) {
		n_piece = n - at < step ? n - at : step;
		if (fwrite(bytes + at, 1, n_piece, out) != n_piece || fflush(out) != 0)
			exit(9);
		(void)usleep(PIECE_US);
	}
	(void)fclose(in);
	(void)fclose(out);
}

int main(int argc, char **argv)
{
	const char *ghcrts = getenv("GHCRTS"), *at = ghcrts ? strstr(ghcrts, "-ol") : NULL;
	char name[256];
	pthread_t ticker;

	if (argc != 4 || !at || !strstr(ghcrts, "--eventlog-flush-interval=1"))
		return 8;
	(void)snprintf(name, sizeof(name), "%.*s", (int)strcspn(at + 3, " "), at + 3);
	copy(argv[1], name);
	(void)puts("done");
	(void)fflush(stdout);
	if (strcmp(argv[2], "exit") == 0)
		return atoi(argv[3]);
	(void)pthread_mutex_lock(&lock);
	ticker = start();
	(void)pthread_setname_np(ticker, "ghc_ticker");
	if (strcmp(argv[2], "hang") != 0)
		(void)start();
	if (strcmp(argv[2], "idle") == 0) {
		wait_a_while();
		return atoi(argv[3]);
	}
	if (strcmp(argv[2], "join") == 0)
		(void)pthread_join(ticker, NULL);
	(void)pthread_mutex_lock(&lock);
	return 6;
}
