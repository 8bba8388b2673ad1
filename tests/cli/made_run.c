/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/cli/made_run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct report_row made_rows[MADE_ROWS] = {
	{ 0, "MAIN", "MAIN", "<built-in>", 0, 5, 1000 },
	{ 1, "CAF", "Ledger", "<entire-module>", 0, 0, 24 },
	{ 1, "main", "Main", "app/Main.hs:(3,1)-(9,20)", 1, 10, 6000 },
	{ 2, "go", "Ledger", "src/Ledger.hs:10:5-30", 40, 50, 2976 },
	{ 3, "go", "Chain", "src/Chain.hs:7:1-9", 400, 20, 0 },
	{ 2, "tick", "Epoch", "<no location info>", 2, 15, 0 },
};

static void put(const struct folder *f, const char *root, const char *path, const char *text)
{
	char full[256];

	(void)snprintf(full, sizeof(full), "%s/%s", root, path);
	folder_write(f, full, text);
}

void made_report(const struct folder *f, const char *path, uint64_t factor, int has_exact)
{
	struct report_row rows[MADE_ROWS];
	char *text;

	memcpy(rows, made_rows, sizeof(rows));
	for (int i = 0; i < MADE_ROWS; i++)
		rows[i].ticks *= factor;
	text = report_text(&(struct report){ rows, MADE_ROWS, "cardano-node +RTS -P -RTS run", has_exact });
	folder_write(f, path, text);
	free(text);
}

void made_run(const struct folder *f, const char *root)
{
	char path[256];

	put(f, root, "meta.json",
	    "{\"meta\":{\"tag\":\"made-run\",\"batch\":\"b1\",\"era\":\"conway\",\"profile\":\"ci-test\",\"node_ghc_"
	    "version\":"
	    "\"9.6.7\",\"timing\":{\"start\":1795226700},\"manifest\":{\"cardano-node\":{\"name\":\"cardano-node\","
	    "\"version\":\"10.6.1\",\"commit\":\"db3f21a9900112233445566778899aabbccddeef\"}}}}");
	put(f, root, "node-specs.json", "{\"node-0\":{\"kind\":\"pool\"},\"node-1\":{\"kind\":\"pool\"}}");
	put(f, root, "genesis/genesis.shelley.json",
	    "{\"epochLength\":600,\"slotLength\":1,\"systemStart\":\"2026-11-21T02:06:00Z\",\"securityParam\":3,"
	    "\"activeSlotsCoeff\":0.05}");
	put(f, root, "supervisor/node2pid.map", "{\"node-0\":4711,\"node-1\":4712}");
	put(f, root, "node-0/start.sh", "cardano-node run +RTS -P -N2 -RTS\n");
	put(f, root, "node-0/notes.txt", "nobody claims this\n");
	(void)snprintf(path, sizeof(path), "%s/node-0/cardano-node.prof", root);
	made_report(f, path, 1, 1);
	(void)snprintf(path, sizeof(path), "%s/node-1/cardano-node.prof", root);
	made_report(f, path, 3, 1);
}
