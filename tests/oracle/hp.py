# SPDX-License-Identifier: Apache-2.0
"""A second reading of heap profiles, by regular expressions over the whole text."""
import re

from corpus import run, shown

NS = 1_000_000_000


def ns(seconds):
    whole, _, fraction = seconds.decode().lstrip("-").partition(".")
    return (-1 if seconds.startswith(b"-") else 1) * (int(whole) * NS + int((fraction + "0" * 9)[:9]))


def reading(data):
    header = re.match(rb'JOB "(.*?)"\nDATE "(.*?)"\nSAMPLE_UNIT "(.*?)"\nVALUE_UNIT "(.*?)"\n', data, re.S)
    if not header:
        return []
    out = [f"{k}\t{shown(v)}" for k, v in zip(("JOB", "DATE", "SAMPLE_UNIT", "VALUE_UNIT"), header.groups())]
    at = end = header.end()
    for sample in re.finditer(rb"BEGIN_SAMPLE (-?[\d.]+)\n(.*?)END_SAMPLE (-?[\d.]+)\n", data[at:], re.S):
        out.append(f"BEGIN\t{ns(sample[1])}")
        bands = re.findall(rb"(.*?)\t(\d+)\n", sample[2], re.S)
        assert sum(len(label) + len(value) + 2 for label, value in bands) == len(sample[2])
        out += [f"BAND\t{shown(label)}\t{int(value)}" for label, value in bands]
        out.append(f"END\t{ns(sample[3])}")
        end = at + sample.end()
    assert end == len(data), "bytes behind the last sample"
    return out


if __name__ == "__main__":
    run("hp", reading, lambda path, data: path.suffix == ".hp")
