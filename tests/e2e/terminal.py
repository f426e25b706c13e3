#!/usr/bin/env python3
"""explain, scan and the report as people meet them: on real terminals, and in a real browser.

    tests/e2e/terminal.py target/release/shirwatch

The commands run behind pseudo-terminals of three widths, with colour and without; the report of a
hostile log is opened by Chromium, which must find nothing in it but what our template holds.
"""

import html.parser
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unicodedata

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "dashboards/viewer"))
import terminal  # noqa: E402  it stands beside the viewer of the pictures

DEMO = str(ROOT / "deploy/demo/logs")
HOSTILE = ("</p><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"
           "<svg/onload=document.title='owned'> \x1b[31m \u202e {{ 7 * 7 }} javascript:alert(1)")


def main(program):
    with tempfile.TemporaryDirectory() as folder:
        log = pathlib.Path(folder) / "hostile.json"
        log.write_text(hostile(), encoding="utf-8")
        on_terminals(program, str(log))
        in_a_pipe(program, str(log))
        in_a_browser(program, str(log), folder)


def hostile():
    """A failed run and a line, each with words that want to be more than words."""
    chain = f"ErrorCode=A<b>,'Type=B.<i>C</i>Exception,Message={HOSTILE},Source=s,'"
    run = {"category": "ActivityRuns", "status": "Failed", "activityRunId": "1", "pipelineName": HOSTILE,
           "activityName": HOSTILE, "time": "2026-03-01T06:00:00Z",
           "properties": {"Error": {"errorCode": "2200", "message": chain}}}
    return f"{json.dumps(run)}\n{chain}\n"


def on_terminals(program, log):
    for columns in (60, 80, 140):
        for refused in (False, True):
            for arguments in (["explain", "--file", log], ["scan", log], ["scan", DEMO]):
                check_terminal(program, arguments, columns, refused)
    print("  explain and scan fit terminals of 60, 80 and 140 columns, with colour and without")


def check_terminal(program, arguments, columns, refused):
    where = f"{' '.join(arguments)} at {columns}, NO_COLOR {refused}"
    command = ["env", f"NO_COLOR={'1' if refused else ''}", program, *arguments]
    text = terminal.run(columns, command)
    assert bool(re.search(r"\x1b\[[\d;]+m", text)) != refused, f"colour: {where}"
    plain = re.sub(r"\x1b\[[\d;]*m", "", text)
    assert "\x1b" not in plain and "\u202e" not in plain, f"a log drives the terminal: {where}"
    for line in plain.split("\n"):
        # The name of an exception is not broken, nor is an address.
        if "https://" not in line and "root cause" not in line:
            assert wide(line) <= columns, f"{wide(line)} columns: {where}: {line}"


def wide(text):
    return sum(2 if unicodedata.east_asian_width(it) in "WF" else 1 for it in text)


def in_a_pipe(program, log):
    for arguments in (["explain", "--file", log], ["scan", log]):
        text = subprocess.run([program, *arguments], capture_output=True, check=True, text=True)
        assert "\x1b" not in text.stdout and "━" not in text.stdout, f"not plain: {arguments}"
        assert not text.stderr, f"progress in a pipe: {text.stderr}"
    print("  what is piped is plain")


class Tags(html.parser.HTMLParser):
    """The tags of a page, each with its attributes."""

    def __init__(self):
        super().__init__()
        self.found = set()

    def handle_starttag(self, tag, attributes):
        self.found |= {(tag, name) for name, _ in attributes} | {(tag, "")}


def in_a_browser(program, log, folder):
    honest, attacked = (seen(program, path, folder) for path in (DEMO, log))
    assert "<title>What broke: 2 errors</title>" in attacked, "a script of the log ran"
    foreign = tags(attacked) - tags(honest)
    assert not foreign, f"a log made markup: {foreign}"
    assert "{{ 7 * 7 }}" in attacked and "\u202e" not in attacked
    print("  the report of a hostile log holds nothing but text, as Chromium reads it")


def seen(program, path, folder):
    """The document as the browser has it once it was loaded."""
    page = pathlib.Path(folder) / "report.html"
    page.write_bytes(subprocess.run([program, "scan", "--format", "html", path], capture_output=True, check=True).stdout)
    sandbox = ["--no-sandbox"] if os.getuid() == 0 else []
    options = ["--headless", "--disable-gpu", f"--user-data-dir={folder}/chromium", "--dump-dom", *sandbox]
    answer = subprocess.run(["chromium", *options, page.as_uri()], capture_output=True, check=True, timeout=60)
    return answer.stdout.decode()


def tags(page):
    parser = Tags()
    parser.feed(page)
    return parser.found


if __name__ == "__main__":
    main(os.path.abspath(sys.argv[1]))
