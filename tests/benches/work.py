"""Catching up: three logs, read once, with all counts compared with the truth."""

import json

import logs
from process import best, configuration, tool, warm

MUST = {"quiet.log": 2.5, "noisy.log": 9, "activityruns.jsonl": 9}


def main(root, options):
    folder = root / "target" / "bench"
    made = logs.generate(root, folder / str(options.mib), options.mib)
    anchor = logs.anchor(root)
    wrong = []
    print(f"| program | {' | '.join(it.name for it in made)} | peak RSS |")
    print("|---|" + "---:|" * (len(made) + 1))
    limits = {}
    for name, command in programs(root, options, folder, anchor):
        row, rss = [], 0
        for log in made:
            warm(log)
            cost = best(lambda: command(log), options.runs)
            limits.setdefault(log.name, cost.cpu if anchor else None)
            row.append(cell(cost.cpu, log, limits[log.name]))
            rss = max(rss, cost.rss)
            if name == "shirwatch":
                wrong += differences(log, json.loads(cost.out))
        print(f"| {name} | {' | '.join(row)} | {rss:.0f} MiB |", flush=True)
    marks = ", ".join(f"{name} {must} E" for name, must in MUST.items())
    print(f"\n{options.mib} MiB each, best of {options.runs}. The marks: {marks}.")
    for it in wrong:
        print(f"WRONG: {it}")
    print("every count is that of the truth" if not wrong else f"{len(wrong)} counts are wrong")
    return 1 if wrong else 0


def programs(root, options, folder, anchor):
    """The programs, the anchor first, each with what makes its command."""
    if anchor:
        yield "anchor (= E)", lambda log: [anchor, "extract-read", log]
    state = folder / "state"

    def ours(log):
        path = configuration(state, log)
        return [options.binary, "run", "--once", "--format", "json", "--config", path]

    yield "shirwatch", ours
    if it := tool("rg", "ripgrep"):
        yield "`rg -c ErrorCode=`", lambda log: [it, "-c", "ErrorCode=", log]
    if it := tool("mawk", "mawk"):
        code = 'match($0, /ErrorCode=[A-Za-z0-9_]+,/) { n[substr($0, RSTART, RLENGTH)]++ } END { for (c in n) print c, n[c] }'
        yield "mawk, outermost code", lambda log: [it, code, log]
    program = logs.mtail_program(root)
    if program and (it := tool("mtail", "mtail")):
        yield "mtail", lambda log: [it, "--one_shot", "--address=127.0.0.1", "--progs", program, "--logs", log]


def cell(cpu, log, limit):
    speed = log.stat().st_size / 1e6 / max(cpu, 0.001)
    ratio = f"{cpu / limit:.1f} E, " if limit else ""
    return f"{ratio}{cpu:.2f} s, {speed:.0f} MB/s"


def differences(log, found):
    """What was counted otherwise than it is."""
    truth = json.loads(log.with_name(log.name + ".truth.json").read_text())
    for table in ("by_code", "by_root_type"):
        for name in sorted(truth[table].keys() | found[table].keys()):
            is_, said = truth[table].get(name, 0), found[table].get(name, 0)
            if is_ != said:
                yield f"{log.name}, {table}, {name}: {said} instead of {is_}"
