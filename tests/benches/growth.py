"""Whether time grows as the file does and memory with neither the file, nor the kinds of errors,
nor the rules."""

import shutil

import logs
from process import best, configuration, warm

TIMES = (1, 2, 4, 8)
RULES = (0, 800, 10_000)


def main(root, options):
    folder = root / "target" / "bench"
    growing_file(root, folder, options)
    growing_kinds(folder / "kinds", options)
    growing_rules(root, folder / "rules", options)
    return 0


def growing_file(root, folder, options):
    for times in TIMES:
        mib = max(1, options.mib // 8) * times
        log = logs.generate(root, folder / str(mib), mib)[1]
        tell(f"{times} x the file, {mib} MiB", cost(folder / "state", log, options))


def growing_kinds(folder, options):
    """The same number of errors, of 100 kinds and more."""
    folder.mkdir(parents=True, exist_ok=True)
    for times in TIMES:
        log = folder / f"{times}.log"
        with open(log, "w") as out:
            for line in range(40_000):
                text = logs.chain(line)[2].replace("ErrorCode=", f"ErrorCode=Kind{line % (100 * times)}")
                out.write(logs.record(".log", line, text))
        tell(f"{100 * times} kinds of errors", cost(folder / "state", log, options))


def growing_rules(root, folder, options):
    """Rules of the operator beside ours; an empty file shows what their reading takes."""
    log = logs.generate(root, folder.parent / str(options.mib), options.mib)[1]
    none = folder / "none.log"
    shutil.rmtree(folder, ignore_errors=True)
    for count in RULES:
        (folder / "own").mkdir(parents=True, exist_ok=True)
        # As many as a person would write into one file; a reader of YAML has its bounds.
        for first in range(0, count, 1_000):
            rules = map(rule, range(first, min(first + 1_000, count)))
            (folder / "own" / f"{first:05}.yaml").write_text("".join(rules))
        none.write_text("")
        more = f"catalogue: {{ dir: {folder}/own }}\n"
        start = cost(folder / "state", none, options, more)
        whole = cost(folder / "state", log, options, more)
        tell(f"{count} rules more", whole, f", of which {start.cpu:.2f} s to start")


def rule(number):
    """A rule that fits no line, of words that lines hold."""
    words = ("connection", "table", "column", "account", "container", "service", "request", "stream")
    said = " ".join(words[number // 8**it % 8] for it in range(5))
    return (
        f"- id: own-{number}\n  title: Trouble {number}\n  category: connectivity\n  severity: error\n"
        f"  fault: user\n  retryable: false\n  match:\n    - message: \"the {said} of kind {number} is gone\"\n"
        f"  causes:\n    - cause: It is gone.\n      resolution: [Bring it back.]\n"
    )


def cost(state, log, options, more=""):
    warm(log)
    command = lambda: [options.binary, "run", "--once", "--format", "json", "--config", configuration(state, log, more)]  # noqa: E731
    return best(command, options.runs)


def tell(what, cost, more=""):
    print(f"{what}: {cost.cpu:.2f} s CPU{more}, peak RSS {cost.rss:.0f} MiB", flush=True)
