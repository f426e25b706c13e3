"""How much sooner `scan` ends with a second core. By the clock: more CPU time is its price."""

import os
import statistics
import subprocess
import time

import logs
from process import warm

MUST = 1.7


def main(root, options):
    cores = sorted(os.sched_getaffinity(0))[:2]
    if len(cores) < 2:
        print("scan: this machine has one core only")
        return 0
    log = logs.generate(root, root / "target" / "bench" / str(options.mib), options.mib)[1]
    warm(log)
    # In turns, as machines are noisy; and each core alone, as two need not be alike.
    ways = ({cores[0]}, set(cores), {cores[1]}, set(cores))
    seconds = {len(it): [] for it in ways}
    for _ in range(options.runs):
        for way in ways:
            seconds[len(way)].append(scan(options.binary, log, way))
    one, two = (statistics.mean(seconds[it]) for it in (1, 2))
    print(f"scan of {log.name}, {options.mib} MiB: one core {one:.2f} s, two {two:.2f} s, "
          f"{one / two:.2f}x, means of {2 * options.runs}; must: {MUST}x")
    return 0


def scan(binary, log, cores):
    """Seconds that a scan takes on these cores alone."""
    begun = time.monotonic()
    narrowed = lambda: os.sched_setaffinity(0, cores)  # noqa: E731
    subprocess.run([binary, "scan", log], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                   preexec_fn=narrowed, check=True)
    return time.monotonic() - begun
