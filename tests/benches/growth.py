"""Whether time grows as the file does, and memory with neither the file nor the kinds of errors."""

import logs
from process import best, configuration, warm


def main(root, options):
    folder = root / "target" / "bench"
    for times in (1, 2, 4, 8):
        mib = max(1, options.mib // 8) * times
        log = logs.generate(root, folder / str(mib), mib)[1]
        warm(log)
        path = folder / "state"

        def command():
            return [options.binary, "run", "--once", "--format", "json", "--config", configuration(path, log)]

        cost = best(command, options.runs)
        print(f"{times} x the file, {mib} MiB: {cost.cpu:.2f} s CPU, peak RSS {cost.rss:.0f} MiB", flush=True)
    return 0
