#!/usr/bin/env python3
"""Reads the dashboards with Grafana's own models and writes them again: nothing may get lost.

    pip install 'grafana-foundation-sdk==1769699630!11.2.0'      made of the schemas of Grafana 11.2
    dashboards/viewer/schema.py

A field that Grafana does not know, or one in the wrong place, does not come back.
"""

import json
import sys

from grafana_foundation_sdk.cog import plugins
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard

import panels

# What Grafana writes itself though its schema is silent: the text of a query, and what an annotation
# of a Prometheus says.
BESIDES = {"definition", "step", "tagKeys", "textFormat", "titleFormat", "useValueForTime"}


def main():
    plugins.register_default_plugins()
    faults = []
    for name, dashboard in panels.dashboards().items():
        again = json.loads(JSONEncoder().encode(Dashboard.from_json(json.loads(json.dumps(dashboard)))))
        faults += [f"{name}{it}" for it in lost(dashboard, again)]
    for fault in faults:
        print(f"FAILED: Grafana knows no {fault}", file=sys.stderr)
    print(f"  Grafana's models hold all fields but {len(faults)}")
    return 1 if faults else 0


def lost(given, again, path=""):
    """Where something of the given value did not come back; what is empty may stay away."""
    if isinstance(given, dict):
        have = again if isinstance(again, dict) else {}
        for key, value in given.items():
            if key in have:
                yield from lost(value, have[key], f"{path}/{key}")
            elif key not in BESIDES and value not in (None, "", False, [], {}):
                yield f"{path}/{key}"
    elif isinstance(given, list) and isinstance(again, list) and len(given) == len(again):
        for at, (one, other) in enumerate(zip(given, again)):
            yield from lost(one, other, f"{path}/{at}")
    elif given != again:
        yield f"{path}: {given!r} became {again!r}"


if __name__ == "__main__":
    sys.exit(main())
