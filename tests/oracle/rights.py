# SPDX-License-Identifier: Apache-2.0
"""What of root's rights a test has, and what it says when something is wrong."""
import re

CAPABILITIES = {"CAP_SYS_ADMIN": 21, "CAP_PERFMON": 38, "CAP_BPF": 39}


class Wrong(Exception):
    pass


def expect(is_so, what):
    if not is_so:
        raise Wrong(what)


def missing_capability(*names):
    """The first of these that this process has not, or None."""
    with open("/proc/self/status", encoding="ascii") as f:
        held = int(re.search(r"^CapEff:\s*([0-9a-f]+)", f.read(), re.M).group(1), 16)
    return next((name for name in names if not held >> CAPABILITIES[name] & 1), None)
