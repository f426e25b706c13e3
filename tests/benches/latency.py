"""From a line in a file to a number in /metrics, and to an alert at a real Alertmanager."""

import http.client
import json
import pathlib
import subprocess
import time
import urllib.parse

import logs
from process import configuration, daemon, free_port, get, tool


def main(root, options):
    folder = root / "target" / "bench" / "latency"
    waits = visible(options, folder)
    report("append to /metrics", waits, 6, 30)
    if tool("prometheus-alertmanager", "prometheus-alertmanager"):
        report("append to Alertmanager", alerted(options, folder), 100, None)
    return 0


def report(name, waits, median, worst):
    waits = sorted(it * 1000 for it in waits)
    marks = f"must: p50 {median} ms" + (f", worst {worst} ms" if worst else "")
    print(f"{name}: p50 {waits[len(waits) // 2]:.1f} ms, worst {waits[-1]:.1f} ms, {len(waits)} trials; {marks}")


def visible(options, folder):
    log = folder / "a.log"
    path = configuration(folder, log)
    log.write_text("")
    with daemon(options.binary, path) as (_, address):
        asked = http.client.HTTPConnection(urllib.parse.urlsplit(address).netloc, timeout=10)
        count = lambda: total(asked)  # noqa: E731
        return [wait(lambda: append(log, it), lambda: count() >= it + 1) for it in range(options.trials)]


def total(asked):
    asked.request("GET", "/metrics")
    text = asked.getresponse().read().decode()
    lines = (it for it in text.splitlines() if it.startswith("shirwatch_errors_total{"))
    return sum(float(it.rsplit(" ", 1)[1]) for it in lines)


def append(log, number):
    with open(log, "a") as out:
        text = logs.chain(number)[2]
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        out.write(f"{now} Error Transfer failed: {text.replace('closed', 'closed ' + word(number))}\n")


def word(number):
    """A word of letters, so that each failure is an incident of its own."""
    return "".join(chr(ord("a") + int(it)) for it in str(number)) + "ish"


def wait(do, done):
    """Seconds from `do` until `done`; things are let come to rest before."""
    time.sleep(0.3)
    begun = time.monotonic()
    do()
    while not done():
        if time.monotonic() - begun > 30:
            raise RuntimeError("it did not come in 30 s")
    return time.monotonic() - begun


def alerted(options, folder):
    log, port = folder / "b.log", free_port()
    url = f"http://127.0.0.1:{port}"
    receivers = f"receivers:\n  - {{ name: am, alertmanager: {{ urls: [{url}] }} }}\n"
    path = configuration(folder, log, receivers)
    log.write_text("")
    with alertmanager(folder, port), daemon(options.binary, path):
        known = lambda: len(json.loads(get(f"{url}/api/v2/alerts")))  # noqa: E731
        trials = []
        for it in range(options.trials):
            before = known()
            trials.append(wait(lambda: append(log, it), lambda: known() > before))
        return trials


class alertmanager:
    """A real one, that tells nobody."""

    def __init__(self, folder, port):
        self.folder, self.port = pathlib.Path(folder), port

    def __enter__(self):
        config = self.folder / "alertmanager.yml"
        config.write_text("route: { receiver: nobody }\nreceivers: [{ name: nobody }]\n")
        self.child = subprocess.Popen(
            ["prometheus-alertmanager", f"--config.file={config}", f"--storage.path={self.folder}/alertmanager",
             f"--web.listen-address=127.0.0.1:{self.port}", "--cluster.listen-address="],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        end = time.monotonic() + 30
        while time.monotonic() < end:
            try:
                return get(f"http://127.0.0.1:{self.port}/-/ready")
            except OSError:
                time.sleep(0.05)
        raise RuntimeError("Alertmanager does not answer")

    def __exit__(self, *_):
        self.child.terminate()
        self.child.wait(30)
