# SPDX-License-Identifier: Apache-2.0
"""tally.py on a log that holds every kind of outcome."""

import contextlib
import io
import json
import os
import tempfile
import unittest

import tally

CMOCKA = """[==========] Running 3 test(s).
[ RUN      ] one_works
[       OK ] one_works
[ RUN      ] two_is_left_out
no corpus here
[  SKIPPED ] two_is_left_out
[ RUN      ] three_breaks
[==========] 3 test(s) run.
[  SKIPPED ] 1 test(s), listed below:
[  SKIPPED ] two_is_left_out
"""
BROKEN = "[  FAILED  ] three_breaks\n[  FAILED  ] tests: 1 test(s), listed below:\n[  FAILED  ] three_breaks\n"


def tallied(*log):
    with tempfile.TemporaryDirectory() as build:
        os.mkdir(os.path.join(build, "meson-logs"))
        with open(os.path.join(build, "meson-logs", "testlog.json"), "w", encoding="utf-8") as f:
            f.writelines(json.dumps(entry) + "\n" for entry in log)
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            code = tally.main([build])
        return code, out.getvalue().replace(build, "B").splitlines()


class Tally(unittest.TestCase):
    def test_single_tests_are_counted_and_a_skip_gives_its_reason(self):
        code, lines = tallied({"name": "b", "result": "FAIL", "returncode": 1, "stdout": CMOCKA, "stderr": BROKEN})
        self.assertEqual(code, 1)
        self.assertIn("skipped: B: b: two_is_left_out: no corpus here", lines)
        self.assertEqual(lines[-1], "1 passed, 1 failed, 1 skipped")

    def test_a_crash_is_a_failure_even_when_every_finished_test_passed(self):
        code, lines = tallied({"name": "b", "result": "FAIL", "returncode": -11, "stdout": "[       OK ] one_works\n"})
        self.assertEqual((code, lines[-1]), (1, "1 passed, 1 failed, 0 skipped"))

    def test_a_script_counts_once(self):
        code, lines = tallied({"name": "a", "result": "OK", "returncode": 0},
                              {"name": "b", "result": "SKIP", "returncode": 77, "stdout": "skipped: no ghc\n"})
        self.assertEqual((code, lines[-1]), (0, "1 passed, 0 failed, 1 skipped"))
        self.assertIn("skipped: B: b: skipped: no ghc", lines)

    def test_a_build_without_a_log_fails(self):
        self.assertEqual(tallied()[0], 1)


unittest.main()
