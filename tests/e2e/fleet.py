#!/usr/bin/env python3
"""What the proof of a fleet needs beside the daemons.

    fleet.py receive PORT FILE           takes notices, and writes each as one line
    fleet.py write FOLDER… ERRORS SECONDS   numbered errors, each into the log of one folder
    fleet.py produce PARTITIONS ERRORS SECONDS   the same as messages: orders for `mock_kafka`, which
                                         move partitions between brokers and send one away as well
    fleet.py judge FILE KILLS            whether each notice was told once

Each error has a run of its own and belongs to one of 60 incidents; the logs of all folders hold
errors of each of them.
"""

import json
import random
import sys
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock

PIPELINES = 30
CHAINS = [
    "ErrorCode=SqlFailedToConnect,'Type=Microsoft.DataTransfer.Common.Shared."
    "HybridDeliveryException,Message=Cannot connect to SQL Database: 'sql-{n}.contoso.example'.,"
    "Source=Microsoft.DataTransfer.ClientLibrary,''Type=System.Data.SqlClient.SqlException,"
    "Message=Login failed for user 'user_{n}'.,Source=.Net SqlClient Data Provider,"
    "SqlErrorNumber=18456,Class=14,ErrorCode=-2146232060,State=1,'",
    "ErrorCode=SftpFailedToConnectToSftpServer,'Type=Microsoft.DataTransfer.Common.Shared."
    "HybridDeliveryException,Message=Failed to connect to SFTP server 'sftp-{n}.contoso.example'.,"
    "Source=Microsoft.DataTransfer.ClientLibrary,''Type=Renci.SshNet.Common."
    "SshOperationTimeoutException,Message=Socket read operation has timed out after {n} "
    "milliseconds.,Source=Renci.SshNet,'",
]


def receive(port, file):
    lock = Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with lock, open(file, "a") as out:
                out.write(json.dumps(body) + "\n")
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()


def activity_run(n, pipeline, named=True):
    second = f"2026-03-17T{6 + n // 3600 % 12:02}:{n // 60 % 60:02}:{n % 60:02}.{n:07}Z"
    error = {"errorCode": "2200", "message": CHAINS[n // 2 % 2].format(n=n), "failureType": "UserError",
             "target": "Copy"}
    run = {"activityRunId": f"00000000-0000-4000-8000-{n:012}",
           "pipelineRunId": f"00000000-0000-4000-9000-{n:012}"}
    return json.dumps({
        "category": "ActivityRuns", "time": second, "level": "Informational", **(run if named else {}),
        "resourceId": "/SUBSCRIPTIONS/0/RESOURCEGROUPS/RG-CONTOSO/PROVIDERS/"
                      "MICROSOFT.DATAFACTORY/FACTORIES/ADF-CONTOSO",
        "pipelineName": f"pl_{pipeline}", "activityName": "Copy",
        "activityType": "Copy", "status": "Failed", "operationName": "Copy - Failed",
        "properties": {"Error": error},
    })


def write(folders, errors, seconds):
    """In small pieces, some of which end in the middle of a line."""
    chance = random.Random(10)
    logs = [open(f"{it}/activityruns.jsonl", "a", buffering=1) for it in folders]
    begun = time.monotonic()
    for n in range(errors):
        # New incidents open all the time, and the old ones go on.
        newest = n * PIPELINES // errors
        line = activity_run(n, newest if n % 2 else chance.randint(0, newest)) + "\n"
        log, middle = chance.choice(logs), len(line) // 2
        for piece in (line[:middle], line[middle:]) if n % 7 == 0 else (line,):
            log.write(piece)
            log.flush()
        # So many a second that the members are killed while they read.
        ahead = begun + seconds * (n + 1) / errors - time.monotonic()
        if ahead > 0.02:
            time.sleep(ahead)


def produce(partitions, errors, seconds):
    """One to three records a message. Each second one names no run: if it were read again, nobody
    could tell that it was counted before."""
    chance = random.Random(10)
    begun, moved, away, waiting = time.monotonic(), 0, 1, []
    for n in range(errors):
        newest = n * PIPELINES // errors
        pipeline = newest if n % 2 else chance.randint(0, newest)
        waiting.append(json.loads(activity_run(n, pipeline, named=n % 4 < 2)))
        if len(waiting) < chance.randint(1, 3) and n + 1 < errors:
            continue
        message, waiting = json.dumps({"records": waiting}), []
        print("send", chance.randrange(partitions), message, flush=True)
        now = time.monotonic() - begun
        if now > moved:
            moved += 1
            print("leader", chance.randrange(partitions), chance.randint(1, 3), flush=True)
        if now > away * 10:
            away += 1
            print("away", chance.randint(1, 3), chance.randint(100, 1500), flush=True)
        ahead = seconds * (n + 1) / errors - now
        if ahead > 0.02:
            time.sleep(ahead)


def judge(file, kills):
    with open(file) as lines:
        told = [json.loads(it) for it in lines]
    name = lambda it: json.dumps([it["status"], it["reason"], it["alert"]["labels"]])
    first, again = {}, 0
    for it in told:
        before = first.setdefault(name(it), it)
        if before is it:
            continue
        again += 1
        if before["alert"]["annotations"] != it["alert"]["annotations"]:
            sys.exit(f"told twice, and not by the same words: {name(it)}")
    reasons = Counter(it["reason"] for it in first.values())
    if reasons != {"first-seen": 2 * PIPELINES}:
        sys.exit(f"{2 * PIPELINES} incidents were to be told once each, not {dict(reasons)}")
    if again > kills:
        sys.exit(f"{again} notices were told again, though there were {kills} kills only")
    print(f"{len(first)} incidents told once each; {again} again, by a death between sending and settling")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["receive", port, file]:
            receive(int(port), file)
        case ["write", *folders, errors, seconds]:
            write(folders, int(errors), float(seconds))
        case ["produce", partitions, errors, seconds]:
            produce(int(partitions), int(errors), float(seconds))
        case ["judge", file, kills]:
            judge(file, int(kills))
        case _:
            sys.exit(__doc__)
