"""Runs a program and says what it cost."""

import contextlib
import dataclasses
import os
import pathlib
import re
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.request


@dataclasses.dataclass(frozen=True)
class Cost:
    """CPU seconds, user and system; peak memory in MiB; what was printed."""

    cpu: float
    rss: float
    out: str


def run(command):
    """Runs a program to its end. `time` tells its memory: what is born of this process would
    be told to have had at least as much as this one."""
    with tempfile.TemporaryFile() as out, tempfile.NamedTemporaryFile("r") as peak:
        timed = ["/usr/bin/time", "--format=%M", "--output", peak.name, *command]
        child = subprocess.Popen(timed, stdout=out, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        text = out.read().decode(errors="replace")
        rss = int(peak.read().split()[-1]) / 1024
    if child.returncode != 0:
        raise RuntimeError(f"`{' '.join(map(str, command))}` ended with {child.returncode}")
    return Cost(usage.ru_utime + usage.ru_stime, rss, text)


def tool(name, package):
    """A program, installed from the distribution where that is possible; or nothing."""
    if not shutil.which(name):
        install = ["apt-get", "install", "--yes", "--quiet", package]
        subprocess.run(install, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    return shutil.which(name)


def best(command, runs):
    """The run that took the least CPU time; `command` makes the command of each."""
    return min((run(command()) for _ in range(runs)), key=lambda it: it.cpu)


def warm(path):
    """Reads a file, so that it lies in the page cache."""
    with open(path, "rb") as file:
        while file.read(1 << 20):
            pass


def configuration(folder, include, more="", port=0):
    """Writes a configuration that follows `include`, with a state of its own; port 0 is any."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    path = folder / "shirwatch.yaml"
    path.write_text(
        f'state_dir: {folder}/state\nweb: {{ listen: "127.0.0.1:{port}" }}\n'
        f"sources:\n  - name: bench\n    file: {{ include: [{include}] }}\n{more}"
    )
    return path


@contextlib.contextmanager
def daemon(binary, path):
    """A daemon that is ready, with its address; ended by its process id."""
    log = pathlib.Path(path).parent / "out"
    with open(log, "wb") as out:
        child = subprocess.Popen([binary, "run", "--config", path], stdout=out, stderr=out)
    try:
        yield child, await_address(log)
    finally:
        child.terminate()
        child.wait(30)


def await_address(log):
    """The address that the daemon printed, once it answers there."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        if found := re.search(r"http://127\.0\.0\.1:\d+", log.read_text(errors="replace")):
            return found[0]
        time.sleep(0.01)
    raise RuntimeError(f"no address after 30 s; see {log}")


def get(url):
    """What is answered there."""
    with urllib.request.urlopen(url, timeout=10) as answer:
        return answer.read().decode()


def free_port():
    """A port of this machine that nobody listens at."""
    with socket.socket() as it:
        it.bind(("127.0.0.1", 0))
        return it.getsockname()[1]


def used(pid):
    """CPU seconds that the threads of a process have used, to the nanosecond: what is idle uses
    less than one tick of the clock in many seconds."""
    threads = pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(it.read_text().split()[0]) for it in threads) / 1e9


def memory(pid):
    """Resident memory of a process in MiB."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    line = next(it for it in status.splitlines() if it.startswith("VmRSS"))
    return int(line.split()[1]) / 1024
