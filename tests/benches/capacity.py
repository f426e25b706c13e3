"""What a machine carries: records a second, bytes an incident, series a factory; and what follows.

The formulas and what they leave out stand in `deploy/CAPACITY.md`, beside the figures of one run.
"""

import json
import shutil
import time

import logs
from process import best, configuration, daemon, get, run, used, warm

# What a pipeline is taken to do a day, where nobody knows better.
RUNS, ACTIVITIES, FAILED = 24, 5, 0.01
# Troubles that are known at once, for each hundred pipelines.
TROUBLES = 5
PIPELINES = (10, 1_000, 100_000)
DAY = 86_400


def main(root, options):
    folder = root / "target" / "bench" / "capacity"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    rate = records(root, options)
    base, each = incidents(folder, options)
    first, pipeline, factory = series(folder, options)
    print(f"\nrecords a second and core   {rate:,.0f}   run records, one in five failed")
    print(f"bytes stored an incident    {each:,.0f}   with its 50 latest occurrences, and {base / 1024:,.0f} KiB for none")
    print(f"series                      {first:.0f} for one factory, {factory:.0f} more for each, {pipeline:.1f} for each pipeline\n")
    print("| pipelines | records a day | of one core | open incidents | store | series |\n|---:|---:|---:|---:|---:|---:|")
    for count in PIPELINES:
        row(f"{count:,}", count * RUNS * (ACTIVITIES + 1), count, (rate, base, each, first, pipeline))
    row("10⁹ records", 1e9, int(1e9 / RUNS / (ACTIVITIES + 1)), (rate, base, each, first, pipeline))
    return 0


def row(name, records, pipelines, measured):
    rate, base, each, first, pipeline = measured
    known = min(10_000, max(1, pipelines * TROUBLES // 100))
    shown = first + min(pipelines * pipeline, 2_000)
    print(f"| {name} | {records:,.0f} | {records / DAY / rate:.2%} | {known:,} | {(base + known * each) / 2**20:,.1f} MiB | {shown:,.0f} |")


def command(options, folder, log):
    return [options.binary, "run", "--once", "--format", "json", "--config", configuration(folder, log)]


def records(root, options):
    """Run records a second of CPU, without the start."""
    log = logs.generate(root, root / "target" / "bench" / str(options.mib), options.mib)[2]
    warm(log)
    folder = root / "target" / "bench" / "capacity" / "records"
    none = folder.parent / "none.log"
    none.write_text("")
    start = best(lambda: command(options, folder, none), options.runs).cpu
    cost = best(lambda: command(options, folder, log), options.runs)
    return json.loads(cost.out)["records"] / (cost.cpu - start)


def incidents(folder, options):
    """Bytes of the store for no incident, and for each."""
    sizes = {}
    for kinds in (500, 2_000):
        log = folder / f"{kinds}.jsonl"
        with open(log, "w") as out:
            # As many lines for each count, since what was seen is kept as well.
            for line in range(120_000):
                text = f"ErrorCode=Capacity{line % kinds}Kind,'Type=System.Exception,Message={'what happened ' * 20}{line},Source=bench,'"
                out.write(logs.record(".jsonl", line, text))
        state = folder / f"state-{kinds}"
        run(command(options, state, log))
        found = list((state / "state").glob("shirwatch.db*"))
        sizes[kinds] = sum(it.stat().st_size for it in found)
    each = (sizes[2_000] - sizes[500]) / 1_500
    return sizes[500] - 500 * each, each


def series(folder, options):
    """Series of one factory, of each more, and of each pipeline."""
    def count(factories, pipelines):
        log = folder / "series.jsonl"
        with open(log, "w") as out:
            for line in range(factories * pipelines * 3):
                which, pipeline = line % 3, line // 3
                factory = f"/SUBSCRIPTIONS/S/RESOURCEGROUPS/R/PROVIDERS/MICROSOFT.DATAFACTORY/FACTORIES/F{pipeline % factories}"
                it = json.loads(logs.record(".jsonl", line, logs.chain(line)[2] if which else None))
                it |= {"pipelineName": f"p{pipeline % pipelines}", "resourceId": factory}
                if which < 2:
                    del it["activityRunId"], it["activityName"]
                    it |= {"category": "PipelineRuns", "runId": f"{line:08x}-0000-4000-8000-000000000001"}
                out.write(json.dumps(it) + "\n")
        with daemon(options.binary, configuration(folder / "state-series", log)) as (child, address):
            settled(child.pid)
            return sum(not it.startswith("#") for it in get(address + "/metrics").splitlines())

    one, two, more = count(1, 20), count(2, 20), count(1, 120)
    pipeline = (more - one) / 100
    return one - 20 * pipeline, pipeline, two - one


def settled(pid):
    """Waits until all was read."""
    before = -1.0
    while used(pid) > before + 0.01:
        before = used(pid)
        time.sleep(1.5)
