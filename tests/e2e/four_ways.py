#!/usr/bin/env python3
"""Runs of the demo, as the API of Data Factory tells them and as the other sources bring them.

    four_ways.py serve PORT        the API, and an identity that is given tokens
    four_ways.py lines             a line each: the activities of each run, then the run
    four_ways.py orders PARTITIONS   the same as messages: orders for `mock_kafka`
"""

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

LOGS = Path(__file__).parents[2] / "deploy/demo/logs"


def demo(name):
    return json.loads((LOGS / name).read_text())["value"]


RUNS = demo("rest-querypipelineruns.json")
ACTIVITIES = demo("rest-queryactivityruns.json")


def activities(run):
    return [it for it in ACTIVITIES if it["pipelineRunId"] == run]


def answer(path):
    if path.startswith("/identity"):
        return {"access_token": "t", "expires_in": 3599}
    if "/queryPipelineRuns" in path:
        return {"value": RUNS}
    run = path.partition("/pipelineruns/")[2].partition("/")[0]
    return {"value": activities(run)}


class Api(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = json.dumps(answer(self.path)).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST

    def log_message(self, *_):
        pass


def lines():
    for run in RUNS:
        yield from (json.dumps(it) for it in activities(run["runId"]))
        yield json.dumps(run)


def orders(partitions):
    for number, line in enumerate(lines()):
        yield f"send {number % partitions} {line}"


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["serve", port]:
            ThreadingHTTPServer(("127.0.0.1", int(port)), Api).serve_forever()
        case ["lines"]:
            print(*lines(), sep="\n")
        case ["orders", partitions]:
            print(*orders(int(partitions)), sep="\n")
        case _:
            sys.exit(__doc__)
