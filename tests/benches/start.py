"""From the start of the program until it says that it is ready, with all that is built in."""

import http.client
import subprocess
import time

from process import configuration, free_port
from latency import report


def main(root, options):
    folder = root / "target" / "bench" / "start"
    log = folder / "a.log"
    waits = []
    for _ in range(options.trials):
        port = free_port()
        path = configuration(folder, log, port=port)
        log.write_text("")
        waits.append(ready(options.binary, path, port))
    report("start to ready", waits, 100, None)
    return 0


def ready(binary, path, port):
    """Seconds until `/readyz` says yes; a first start, which makes its store."""
    begun = time.monotonic()
    with open(path.parent / "out", "wb") as out:
        child = subprocess.Popen([binary, "run", "--config", path], stdout=out, stderr=out)
    try:
        while not says_yes(port):
            if time.monotonic() - begun > 30:
                raise RuntimeError(f"not ready in 30 s; see {path.parent}/out")
            time.sleep(0.0005)
        return time.monotonic() - begun
    finally:
        child.terminate()
        child.wait(30)


def says_yes(port):
    asked = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        asked.request("GET", "/readyz")
        return asked.getresponse().status == 200
    except OSError:
        return False
    finally:
        asked.close()
