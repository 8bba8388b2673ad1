/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/progress.h"

#include "cli/amount.h"
#include "cli/say.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum {
	BAR_MAX = 30,
	BAR_MIN = 5,
	WIDTH_DEFAULT = 80,
	LINE_BYTES = 512,
};

static const int64_t line_interval_ns = INT64_C(5000000000);
static const double settled_ns = 1e9; /* before that a rate is a guess */

struct progress progress_new(int is_quiet)
{
	return (struct progress){ .is_quiet = is_quiet, .is_terminal = isatty(STDERR_FILENO) };
}

static int terminal_width(void)
{
	struct winsize size;

	return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : WIDTH_DEFAULT;
}

static int put_bar(char *ret, size_t size, double share, int n)
{
	char bar[BAR_MAX + 1];
	int full = (int)(share * n);

	for (int i = 0; i < n; i++)
		bar[i] = i < full ? '=' : i == full ? '>' : ' ';
	bar[n] = 0;
	return snprintf(ret, size, "[%s] ", bar);
}

static int put_words(char *ret, size_t size, const struct session_progress *at)
{
	char done[AMOUNT_MAX], total[AMOUNT_MAX], rate[AMOUNT_MAX], left[AMOUNT_MAX];
	double elapsed = (double)at->elapsed_ns, bytes = (double)at->n_bytes_done;
	double per_ns = elapsed > 0 ? bytes / elapsed : 0;
	int n = snprintf(ret, size, "%s of %s, %u of %u files, %s/s", amount_bytes(done, bytes),
	                 amount_bytes(total, (double)at->n_bytes_total), at->n_sources_done, at->n_sources_total,
	                 amount_bytes(rate, per_ns * 1e9));

	if (elapsed < settled_ns || per_ns <= 0 || at->n_bytes_done >= at->n_bytes_total || n < 0 || (size_t)n >= size)
		return n;
	return n + snprintf(ret + n, size - (size_t)n, ", %s left",
	                    amount_span(left, (double)(at->n_bytes_total - at->n_bytes_done) / per_ns));
}

int progress_line(char *ret, size_t size, const struct session_progress *at, int width)
{
	char words[LINE_BYTES];
	double share = at->n_bytes_total > 0 ? (double)at->n_bytes_done / (double)at->n_bytes_total : 0;
	int n_words = put_words(words, sizeof(words), at), room = width - n_words - 4, n = 0;

	if (room >= BAR_MIN)
		n = put_bar(ret, size, share < 1 ? share : 1, room < BAR_MAX ? room : BAR_MAX);
	return n + snprintf(ret + n, size - (size_t)n, "%s", words);
}

void progress_show(struct progress *p, const struct session_progress *at)
{
	char line[LINE_BYTES];

	if (p->is_quiet)
		return;
	if (p->is_terminal) {
		(void)progress_line(line, sizeof(line), at, terminal_width());
		fprintf(stderr, "\r%s\033[K", line);
		p->is_shown = 1;
		return;
	}
	if (at->elapsed_ns - p->last_line_ns < line_interval_ns)
		return;
	p->last_line_ns = at->elapsed_ns;
	(void)put_words(line, sizeof(line), at);
	say("ingest: %s", line);
}

void progress_wipe(struct progress *p)
{
	if (p->is_shown)
		fputs("\r\033[K", stderr);
	p->is_shown = 0;
}
