"""Which shell commands of a notebook run for real in the jail, and which are answered because they need the network.

Answers are small scripts that stand first in PATH, so that `!pip`, `%%bash`, os.system and subprocess meet the same.
"""

import codecs
import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from typing import Any

from .. import notes
from ..config import GuestConfig, Note
from . import paths

ANSWERED = (
    "pip", "pip3", "conda", "mamba", "uv", "gdown", "wget", "curl", "apt", "apt-get", "git", "kaggle", "npm",
    "add-apt-repository", "dpkg", "huggingface-cli", "ngrok", "sudo", "google-drive-ocamlfuse",
)  # fmt: skip
NEEDS_FILES = ("unzip", "tar", "7z", "unrar", "gunzip", "bunzip2")  # run when the archive is there
BASH = "/bin/bash"


def install(config: GuestConfig) -> None:
    folder = os.path.join(config.home, ".colab", "bin")
    os.makedirs(folder, exist_ok=True)
    for name in ANSWERED:
        script(folder, name, answer(name, config.notes))
    for name in NEEDS_FILES:
        script(
            folder,
            name,
            f'for a in "$@"; do [ -f "$a" ] && exec /usr/bin/{name} "$@"; done\n' + answer(name, config.notes),
        )
    if not config.gpu_memory:
        script(folder, "nvidia-smi", 'echo "NVIDIA-SMI has failed because there is no GPU here."\n')
    os.system = in_bash(os.system)
    os.environ["PATH"] = folder + os.pathsep + os.environ.get("PATH", os.defpath)
    from IPython import get_ipython  # noqa: PLC0415 - exists only inside a kernel

    if shell := get_ipython():
        install_shell(shell)


def script(folder: str, name: str, body: str) -> None:
    path = os.path.join(folder, name)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o755), "w", encoding="utf-8") as file:
        file.write("#!/bin/sh\n" + body)


def answer(name: str, file: str) -> str:
    said = notes.line(Note(change=f"The command {name} was answered without being run: there is no network here."))
    telling = f"printf %s {shlex.quote(said)} >> {shlex.quote(file)} 2>/dev/null\n" if file else ""
    return telling + f'echo "{name}: not run here, there is no network."\n'


def install_shell(shell: Any) -> None:
    def system(command: str) -> None:
        shell.user_ns["_exit_code"] = run(shell.var_expand(command, depth=1), sys.stdout.write)

    def getoutput(command: str, split: bool = True, depth: int = 0) -> Any:
        from IPython.utils.text import LSString, SList  # noqa: PLC0415 - exists only inside a kernel

        pieces: list[str] = []
        shell.user_ns["_exit_code"] = run(shell.var_expand(command, depth=depth + 1), pieces.append)
        text = "".join(pieces)
        return SList(text.splitlines()) if split else LSString(text)

    def script_cell(line: str, cell: str) -> None:
        shell.user_ns["_exit_code"] = run(cell, sys.stdout.write)

    shell.system = shell.system_piped = shell.system_raw = system
    shell.getoutput = getoutput
    for name in ("shell", "bash", "sh"):
        shell.register_magic_function(script_cell, "cell", name)
    shell.register_magic_function(system, "line", "shell")


def run(command: str, write: Callable[[str], Any]) -> int:
    """Run a command in the jail, its output handed over as it comes; a failing command is no error of the cell."""
    plant(command)
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    with subprocess.Popen(
        [BASH, "-c", command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        try:
            while chunk := os.read(process.stdout.fileno(), 1 << 16):  # type: ignore[union-attr]
                write(decoder.decode(chunk))
        except BaseException:
            process.kill()
            raise
    return process.returncode


def in_bash(system: Callable[[str], int]) -> Callable[..., int]:
    """The same for os.system, whose shell would not read what `restarts` tells each bash."""

    def call(command: Any) -> int:
        plant(os.fsdecode(command))
        return system(f"exec {BASH} -c {shlex.quote(os.fsdecode(command))}")

    return call


def plant(command: str) -> None:
    """Links and files where the command means, or would have fetched, what is course data."""
    from . import fetching  # noqa: PLC0415 - it imports us

    fetching.plant(command)
    for token in tokens(command):
        if not os.path.lexists(token):
            paths.find(token)


def tokens(command: str) -> list[str]:
    try:
        return shlex.split(command)
    except ValueError:
        return command.split()
