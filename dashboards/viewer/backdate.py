#!/usr/bin/env python3
"""Turns pages of /metrics into the history that a Prometheus would have scraped.

    backdate.py INSTANCE FIRST LAST EVERY <page >history      one page, again and again
    promtool tsdb create-blocks-from openmetrics history FOLDER

Times are seconds since 1970. Rules and panels look hours back; nobody waits hours for a test.
"""

import re
import sys


def backdated(page, instance, at):
    """The samples of a page as they were at a time, with the labels of the scrape."""
    where = f'job="shirwatch",instance="{instance}"'
    for line in page.splitlines():
        if line and not line.startswith("#"):
            name, labels, value = re.match(r"([\w:]+)(?:\{(.*)\})? (\S+)$", line).groups()
            yield f"{name}{{{where}{',' + labels if labels else ''}}} {value} {at}\n"
    yield f"up{{{where}}} 1 {at}\n"


def main(instance, first, last, every):
    page = sys.stdin.read()
    for at in range(int(first), int(last), int(every)):
        sys.stdout.writelines(backdated(page, instance, at))
    sys.stdout.write("# EOF\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
