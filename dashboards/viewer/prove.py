#!/usr/bin/env python3
"""Asks a real Prometheus each expression of the dashboards and rules.

    dashboards/viewer/prove.py http://127.0.0.1:9090 http://127.0.0.1:10918/metrics

Proves that each is understood and gives data, that each label that a panel names is there, that
each metric and label that is asked for is exported, and that each metric that is exported is
asked for or stands in the list of `dashboards/README.md`.
"""

import re
import sys
import time
import urllib.request

import panels

SPAN, STEP = 3600, 60

# The metrics that no daemon of this version has, and why. One that does give data is a
# fault of this list.
EMPTY = {
    "shirwatch_source_dropped_total": "we know no text that the program fails on",
    "shirwatch_source_replaced_total": "only a storage account replaces blobs",
    "shirwatch_source_throttled_total": "only Azure asks to be asked less often",
    "shirwatch_source_lag_messages": "only a group of Kafka counts messages",
    "shirwatch_source_missed_total": "only a Windows event log loses events unread",
}

# Labels that Prometheus adds.
ADDED = {"job", "instance", "le", "__name__"}
# What Prometheus itself knows of each target.
OF_PROMETHEUS = {"up": set(), "ALERTS": {"alertname", "alertstate", "severity"}}


def main(prometheus, metrics):
    with urllib.request.urlopen(metrics, timeout=20) as answer:
        exported = read_metrics(answer.read().decode())
    asked, faults = [], []
    for place, target, columns in of_dashboards():
        asked.append(target["expr"])
        faults += [f"{place}: {it}" for it in fault_of(prometheus, target, columns)]
    rules = panels.ask(prometheus, "rules")["groups"]
    for rule in [it for group in rules for it in group["rules"]]:
        asked.append(rule["query"])
        faults += [f"rule {rule['name']}: {it}" for it in fault_of_rule(prometheus, rule)]
    recorded = {it["name"] for group in rules for it in group["rules"]}
    for expr in asked:
        faults += [f"{it} in {expr}" for it in unknown(expr, exported, recorded)]
    faults += [f"{it} stands on no dashboard and not in the list of README.md"
               for it in sorted(set(exported) - shown(asked) - listed())]
    for fault in faults:
        print(f"FAILED: {fault}", file=sys.stderr)
    print(f"  {len(asked)} expressions asked, {len(exported)} metrics, {len(faults)} faults")
    return 1 if faults else 0


def of_dashboards():
    """Each query with its place and the labels that its panel shows."""
    for name, dashboard in panels.dashboards().items():
        for panel, target in panels.targets(dashboard):
            legend = set(re.findall(r"\{\{\s*(\w+)\s*\}\}", target.get("legendFormat", "")))
            columns = set()
            if panel["type"] == "table":
                matchers = [it["matcher"]["options"] for it in panel["fieldConfig"]["overrides"]]
                columns = {it for it in matchers if not it.startswith("Value")}
            yield f"{name}: {panel['title']}", target, legend | columns
        for mark in dashboard["annotations"]["list"]:
            named = set(re.findall(r"\{\{(\w+)\}\}", mark["titleFormat"] + mark["textFormat"]))
            target = {"expr": mark["expr"], "instant": True}
            yield f"{name}: annotation {mark['name']}", target, named


def fault_of(prometheus, target, columns):
    """What is wrong with the answer to a query of a panel."""
    # A zero that stands for nothing would hide that nothing is there.
    bare = dict(target, expr=re.sub(r" or vector\(0\)$", "", target["expr"]))
    try:
        found = panels.series(prometheus, bare, time.time(), SPAN, STEP)
    except OSError as error:
        return [f"refused: {error}"]
    given = [labels for labels, points in found if points]
    reason = next((why for part, why in EMPTY.items() if part in target["expr"]), None)
    if reason:
        return ["gives data, though it is on the list of empty ones"] if given else []
    if not given:
        return [f"gives no data: {bare['expr']}"]
    # Prometheus knows no label that is empty: a build without a revision has none.
    missing = columns - {name for labels in given for name in labels} - {"revision"}
    return [f"no series has the label {it}" for it in sorted(missing)]


def fault_of_rule(prometheus, rule):
    """An alert may be quiet, a recording rule may not."""
    if rule["health"] != "ok":
        return [f"is {rule['health']}: {rule.get('lastError')}"]
    found = panels.ask(prometheus, "query", query=rule["query"])["result"]
    if rule["type"] == "alerting":
        print(f"  {rule['name']}: {'fires' if found else 'quiet'}")
        return []
    reason = any(part in rule["query"] for part in EMPTY)
    return [] if found or reason else ["gives no data"]


def read_metrics(text):
    """The labels of each metric; what a histogram adds counts as the histogram."""
    kinds = dict(re.findall(r"^# TYPE (\S+) (\S+)$", text, re.M))
    found = {name: set() for name in kinds}
    for name, labels in re.findall(r"^([a-z]\w*)(?:\{(.*)\})? \S+$", text, re.M):
        found[base(name, kinds)] |= set(re.findall(r'(\w+)="', labels))
    return found


def base(name, known):
    plain = re.sub(r"_(bucket|sum|count)$", "", name)
    return plain if name not in known and plain in known else name


def selectors(expr):
    """Each metric that an expression names, with the labels it is narrowed by."""
    for name, labels in re.findall(r"\b((?:shirwatch|process|scrape)_\w+|up|ALERTS)\b(?!:)(?:\{([^}]*)\})?", expr):
        # The name of a recording rule holds colons.
        if not re.search(rf":{name}\b", expr):
            yield name, set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", labels))


def unknown(expr, exported, recorded):
    """Metrics, labels and recording rules that are asked for and not there."""
    bare = re.sub(r'"[^"]*"', '""', expr)
    rules = set(re.findall(r"\b\w+(?::\w+)+\b", bare))
    faults, labels = {f"no rule records {it}" for it in rules - recorded}, set(ADDED)
    for name, narrowed in selectors(bare):
        name = base(name, exported)
        if name in EMPTY:
            continue
        if name not in exported and name not in OF_PROMETHEUS:
            faults.add(f"nobody exports {name}")
            continue
        have = exported.get(name, set()) | OF_PROMETHEUS.get(name, set()) | ADDED
        faults |= {f"{name} has no label {it}" for it in narrowed - have}
        labels |= have
    # What a recording rule gives has the labels of its own `by`, which is looked at there.
    if not rules and not any(it in expr for it in EMPTY):
        grouped = re.findall(r"\b(?:by|on|without)\s*\(([^)]*)\)", bare)
        used = {it for group in grouped for it in re.findall(r"\w+", group)}
        faults |= {f"no metric has the label {it}" for it in used - labels}
    return sorted(faults)


def shown(asked):
    every = {name for expr in asked for name, _ in selectors(expr)}
    return every | {re.sub(r"_(bucket|sum|count)$", "", it) for it in every}


def listed():
    """The metrics that the README says are on no dashboard."""
    text = (panels.FOLDER / "README.md").read_text(encoding="utf-8")
    section = text.split("## On no dashboard", 1)[-1].split("\n## ", 1)[0]
    return set(re.findall(r"`(\w+)`", section))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
