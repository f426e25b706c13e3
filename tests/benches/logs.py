"""The logs that are read, their truth, and the anchor."""

import collections
import json
import subprocess
import sys

FILES = ("quiet.log", "noisy.log", "activityruns.jsonl")


def generate(root, folder, mib):
    """Writes the logs, unless they are there; gives their paths."""
    made = [folder / name for name in FILES]
    if not all(it.with_name(it.name + ".truth.json").exists() for it in made):
        folder.mkdir(parents=True, exist_ok=True)
        generator = root.parent / "shared" / "bench" / "gen_workload.py"
        if generator.exists():
            command = [sys.executable, generator, "--out", folder, "--size-mib", str(mib)]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        else:
            for path, every in zip(made, (1000, 10, 5)):
                write(path, mib << 20, every)
    return made


def anchor(root):
    """The bare program near the limit, built where its source is; or nothing."""
    source = root.parent / "shared" / "bench" / "anchor"
    if not source.exists():
        return None
    target = root / "target" / "bench" / "anchor"
    command = ["cargo", "build", "--release", "--quiet", "--target-dir", target]
    subprocess.run(command, cwd=source, check=True)
    return target / "release" / "anchor"


def mtail_program(root):
    """The program for mtail, where it is."""
    path = root.parent / "shared" / "bench" / "mtail" / "adf.mtail"
    return path if path.exists() else None


CODES = ("SqlFailedToConnect", "UserErrorFileNotFound", "SftpOperationFail", "JreNotFound")
ROOTS = ("System.Data.SqlClient.SqlException", "System.IO.IOException", "System.Net.WebException")


def chain(number):
    code, root = CODES[number % len(CODES)], ROOTS[number % len(ROOTS)]
    text = (
        f"ErrorCode={code},'Type=Microsoft.DataTransfer.Common.Shared.HybridDeliveryException,"
        f"Message=The copy of table dbo.orders_{number % 997} failed in slice {number}.,"
        f"Source=Microsoft.DataTransfer.ClientLibrary,''Type={root},"
        f"Message=The connection to host db{number % 89}.contoso.example was closed, attempt {number}.,Source=System,'"
    )
    return code, root, text


def stamp(line):
    return f"2026-03-02T{line // 3600000 % 24:02}:{line // 60000 % 60:02}:{line // 1000 % 60:02}.{line % 1000:03}Z"


def write(path, size, every):
    """A log of our own: one line in `every` carries a chain."""
    codes, roots, written, line = collections.Counter(), collections.Counter(), 0, 0
    with open(path, "w") as out:
        while written < size:
            line += 1
            code, root, text = chain(line)
            failed = line % every == 0
            if failed:
                codes[code] += 1
                roots[root] += 1
            written += out.write(record(path.suffix, line, text if failed else None))
    truth = {"by_code": dict(codes), "by_root_type": dict(roots)}
    path.with_name(path.name + ".truth.json").write_text(json.dumps(truth))


def record(kind, line, failure):
    if kind != ".jsonl":
        words = f"Error Transfer {line} failed: {failure}" if failure else f"Information Reading block {line}, 4096 rows."
        return f"{stamp(line)} {words}\n"
    error = {"errorCode": "2200", "message": failure, "failureType": "UserError"} if failure else {}
    it = {"time": stamp(line), "category": "ActivityRuns", "status": "Failed" if failure else "Succeeded"}
    it |= {"activityRunId": f"{line:08x}-0000-4000-8000-000000000000", "pipelineName": f"p{line % 50}"}
    return json.dumps(it | {"activityName": "Copy", "properties": {"Error": error}}) + "\n"
