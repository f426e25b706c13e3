"""What it costs to follow files that say nothing.

All of ten thousand are looked at every 125 s: who watches for less sees a look, or none.
"""

import shutil
import time

import logs
from process import configuration, daemon, memory, used

# Seconds after which a file is taken to be quiet, and some more.
QUIET = 13

MUST = {100: (0.05, 20), 10_000: (0.5, None)}


def main(root, options):
    for files, (cpu, rss) in MUST.items():
        folder = root / "target" / "bench" / "idle"
        path = configuration(folder, folder / "logs" / "**" / "*.log")
        fill(folder / "logs", files)
        with daemon(options.binary, path) as (child, _):
            start = settled(child.pid)
            before = used(child.pid)
            time.sleep(options.seconds)
            share = (used(child.pid) - before) / options.seconds * 100
            marks = f"must: {cpu} % of a core" + (f", {rss} MiB" if rss else "")
            print(f"{files} files: {share:.3f} % of a core, {memory(child.pid):.1f} MiB; "
                  f"start {start:.2f} s CPU; {marks}", flush=True)
    return 0


def fill(folder, files):
    shutil.rmtree(folder, ignore_errors=True)
    for number in range(files):
        path = folder / f"{number // 100:03}" / f"{number:05}.log"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{logs.stamp(number)} Information Reading block {number}.\n")


def settled(pid):
    """Waits until the files were read and are quiet; gives the CPU time that took."""
    before = -1.0
    while used(pid) - before > 0.02:
        before = used(pid)
        time.sleep(2)
    # For a while what was just written is looked at more often.
    time.sleep(QUIET)
    return before
