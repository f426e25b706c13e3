#!/usr/bin/env python3
"""Spreads the example logs over a day, for pictures that show more than a moment.

    day.py deploy/demo/logs FOLDER NOW      FOLDER/00.jsonl … FOLDER/95.jsonl, a quarter of an hour each

What fails, fails in the words of the example logs; between the failures the same pipelines succeed.
Every day is the same one: the dice are thrown with a fixed seed.
"""

import copy
import datetime
import json
import math
import pathlib
import random
import re
import sys
import uuid

QUARTERS = 96

# Which lines of the example runs fail in which quarters of an hour, with which chance, and on which
# runtime where it is another one.
TROUBLE = [
    (range(10, 16), (2, 3), 0.9, None),              # a password was changed at night
    (range(12, 22), (5, 6, 7), 0.8, None),           # a node without Java was added
    (range(30, 33), (17,), 1.0, None),               # deadlocks while a table was rebuilt
    (range(44, 50), (23, 24, 25), 1.0, None),        # the runtime was offline at noon
    (range(52, 55), (26,), 0.9, None),               # somebody's own check failed: no rule knows it
    (range(58, 62), (19,), 0.7, None),               # a partner's server was away
    (range(66, 78), (11, 12), 0.5, None),            # a role was taken from an identity
    (range(84, 96), (18,), 0.6, None),               # rights of a folder
    (range(90, 96), (10,), 0.9, None),               # a firewall rule was lost, and still is
    (range(93, 96), (23, 24), 1.0, "shir-north"),    # another runtime is offline, and still is
]
RUNTIMES = ["shir-contoso", "shir-contoso", "shir-north", "AutoResolveIntegrationRuntime"]


def main(source, folder, now):
    read = lambda name: [json.loads(it) for it in (pathlib.Path(source) / name).open(encoding="utf-8")]
    runs, pipelines = read("activityruns.PT1H.json"), read("pipelineruns.PT1H.json")
    events, triggers = read("forwarder-winlogbeat.jsonl"), read("triggerruns.PT1H.json")
    dice = random.Random(7)
    for quarter in range(QUARTERS):
        begin = float(now) - (QUARTERS - quarter) * 900
        lines = list(well(dice, runs, pipelines, quarter, begin)) + list(ill(dice, runs, pipelines, quarter, begin))
        if quarter % 9 == 4 or 50 <= quarter < 56:
            lines.append(event(events[0], begin + dice.uniform(0, 800), dice.randint(1, 4)))
        if quarter % 4 == 0:
            lines.append(trigger(triggers[1 if quarter == 52 else 0], begin))
        lines.sort(key=lambda it: it.get("time") or it.get("@timestamp"))
        text = "".join(json.dumps(it) + "\n" for it in lines)
        (pathlib.Path(folder) / f"{quarter:02}.jsonl").write_text(text, encoding="utf-8")


def well(dice, runs, pipelines, quarter, begin):
    """Runs that succeed: more of them at night, when loads run."""
    many = int(4 + 4 * (1 + math.cos(quarter / QUARTERS * 2 * math.pi)) + dice.random() * 3)
    names = [it for it in runs[:20] if it["status"] == "Failed" and it["activityType"] in ("Copy", "Lookup")]
    troubled = {runs[it]["activityName"] for times, lines, _, _ in TROUBLE if quarter in times for it in lines}
    for _ in range(many):
        name = dice.choice(names)
        if name["activityName"] in troubled:
            continue
        run = copy.deepcopy(runs[1])
        run.update(pipelineName=name["pipelineName"], activityName=name["activityName"], activityType=name["activityType"])
        place(run, dice.choice([it for it in RUNTIMES if not (it == "shir-north" and quarter > 92)]))
        yield from ended(dice, run, pipelines[12], begin)


def ill(dice, runs, pipelines, quarter, begin):
    for times, lines, chance, runtime in TROUBLE:
        for line in lines:
            if quarter in times and dice.random() < chance:
                run = copy.deepcopy(runs[line])
                if runtime:
                    run = json.loads(json.dumps(run).replace("shir-contoso", runtime))
                yield from ended(dice, run, pipelines[1], begin)


def place(run, runtime):
    """The run took place on this runtime, in each place where records name it."""
    run["effectiveIntegrationRuntime"] = runtime
    run["properties"]["Output"]["effectiveIntegrationRuntime"] = runtime


def ended(dice, run, pipeline, begin):
    """A run of an activity, and the run of the pipeline around it."""
    start = begin + dice.uniform(0, 500)
    end = start + min(dice.lognormvariate(4, 1), 390)
    ident = lambda: str(uuid.UUID(int=dice.getrandbits(128)))
    outer = dict(copy.deepcopy(pipeline), pipelineName=run["pipelineName"], status=run["status"], runId=ident())
    outer.update(time=iso(end + 2), start=iso(start - 2), end=iso(end + 2), operationName=f'{run["pipelineName"]} - {run["status"]}')
    run.update(time=iso(end), start=iso(start), end=iso(end), activityRunId=ident(), pipelineRunId=outer["runId"])
    run["operationName"] = f'{run["activityName"]} - {run["status"]}'
    # The message names the time at which a runtime was connected last.
    then = datetime.datetime.fromtimestamp(start - 600, datetime.timezone.utc).strftime("%m/%d/%Y %H:%M:%S")
    return [json.loads(re.sub(r"\d\d/\d\d/\d{4} \d\d:\d\d:\d\d", then, json.dumps(run))), outer]


def trigger(template, at):
    return dict(template, time=iso(at), start=iso(at), triggerId=str(int(at)))


def event(template, at, node):
    text = json.dumps(template).replace("NODE-6", f"NODE-{node}")
    return json.loads(re.sub(r"2026-03-17T[\d:.]+Z", iso(at), text))


def iso(at):
    return datetime.datetime.fromtimestamp(at, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


if __name__ == "__main__":
    main(*sys.argv[1:])
