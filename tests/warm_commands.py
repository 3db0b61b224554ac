"""Commands of the grader, each in a fork of a process that has loaded the grader: loading it is most of what they cost.

As a script it is that process: it reads a line for each command and answers with its exit code.
"""

import json
import os
import runpy
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
LOADED = (
    "typer._adapters",
    "grader.cli",
    "grader.commands.new_lab",
    "grader.commands.review",
    "grader.commands.show",
    "grader.commands.verify",
    "reports.terminal",
)
SECONDS = 300  # a command that takes longer hangs


class Server(threading.local):
    """One for each thread, since a server carries out one command at a time; it ends with the process it serves."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(Path(__file__))], cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def carry_out(self, asked: Mapping[str, Any]) -> int:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(json.dumps(asked) + "\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())


_servers: list[Server] = []


def run(arguments: Sequence[str], folder: Path, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """What `python -m grader` with these arguments does in this folder."""
    if not _servers:
        _servers.append(Server())
    with tempfile.TemporaryDirectory() as place:
        out, err = Path(place, "out"), Path(place, "err")
        asked = {"arguments": list(arguments), "folder": str(folder), "environment": dict(environment)}
        code = _servers[0].carry_out({**asked, "streams": [os.devnull, str(out), str(err)]})
        return subprocess.CompletedProcess(list(arguments), code, out.read_text("utf-8"), err.read_text("utf-8"))


def serve() -> None:
    for name in LOADED:
        __import__(name)
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            become(json.loads(line))
            break
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


def become(asked: dict[str, Any]) -> None:
    """Ends like the command, whatever it registered for its end included."""
    signal.alarm(SECONDS)
    for number, stream in enumerate(asked["streams"]):
        os.dup2(os.open(stream, os.O_RDWR | os.O_CREAT, 0o600), number)
    os.chdir(asked["folder"])
    os.environ.clear()
    os.environ.update(asked["environment"])
    sys.argv = ["grader", *asked["arguments"]]
    runpy.run_module("grader", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    sys.path[0] = str(ROOT)  # as with `python -m`, in place of this folder
    serve()
