"""The panels of grafana/*.json as Grafana would ask them: variables filled in, over HTTP.

Nothing but the standard library of Python 3.9 or later is needed.
"""

import json
import pathlib
import re
import urllib.parse
import urllib.request

FOLDER = pathlib.Path(__file__).resolve().parent.parent
ALL = ".*"


def dashboards():
    """All dashboards, by the name of their file."""
    files = sorted((FOLDER / "grafana").glob("*.json"))
    return {it.stem: json.loads(it.read_text(encoding="utf-8")) for it in files}


def targets(dashboard):
    """Each panel that asks something, with each of its queries."""
    for panel in dashboard["panels"]:
        for target in panel.get("targets", []):
            yield panel, target


def fill(expr, span, step):
    """The expression with its variables filled in: times in seconds, and all of everything."""
    values = {"__range_s": span, "__range": f"{span}s", "__interval": f"{step}s"}
    # As Grafana does it: at least four scrapes.
    values["__rate_interval"] = f"{max(4 * 60, step)}s"
    return re.sub(r"\$(\w+)", lambda it: str(values.get(it[1], ALL)), expr)


def ask(base, path, **query):
    """The `data` of one answer; what Prometheus refuses is an `OSError` that says why."""
    url = f"{base}/api/v1/{path}?{urllib.parse.urlencode(query)}"
    try:
        with urllib.request.urlopen(url, timeout=20) as answer:
            return json.load(answer)["data"]
    except urllib.error.HTTPError as error:
        raise OSError(error.read().decode(errors="replace")) from error


def series(base, target, now, span, step):
    """What a query gives: `[(labels, [(time, value), …]), …]`, numbers only."""
    expr = fill(target["expr"], span, step)
    if target.get("instant"):
        found = ask(base, "query", query=expr, time=now)["result"]
    else:
        found = ask(base, "query_range", query=expr, start=now - span, end=now, step=step)["result"]
    return [(it["metric"], points(it)) for it in found]


def points(it):
    """The points of a series that are numbers: a quantile of nothing is none."""
    pairs = it["values"] if "values" in it else [it["value"]]
    numbers = [(float(at), float(value)) for at, value in pairs]
    return [(at, value) for at, value in numbers if value == value]


def legend(target, labels):
    """The name of a series, as its legend says it."""
    pattern = target.get("legendFormat") or ""
    if not pattern:
        return ", ".join(f"{name}={value}" for name, value in sorted(labels.items()))
    return re.sub(r"\{\{\s*(\w+)\s*\}\}", lambda it: labels.get(it[1], ""), pattern)
