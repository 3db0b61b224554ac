"""Why a cell that failed was bound to fail here: a network, a package, an upload, a file that is not where it runs.

Only a word is sent; what is said about it, the host decides.
"""

import importlib.util
import os
import re
import sys
import traceback
from typing import Any

from . import cells, exactness, paths
from .shell import ANSWERED, NEEDS_FILES

NETWORK, PACKAGE, UPLOAD, DATA, FILE = "network", "package", "upload", "data", "file"
EXACT, LEFT, CUT = "exact", "left", "cut"
UNREACHABLE = frozenset({
    f"{__package__}.fetching.Unreachable", "builtins.ConnectionError", "urllib.error.URLError", "ssl.SSLError",
    "socket.gaierror", "http.client.HTTPException", "urllib3.exceptions.HTTPError",
    "httplib2.error.ServerNotFoundError",
    "requests.exceptions.ConnectionError", "requests.exceptions.Timeout", "requests.exceptions.HTTPError",
    "httpx.TransportError", "httpcore.ConnectError", "aiohttp.client_exceptions.ClientConnectionError",
    "huggingface_hub.errors.OfflineModeIsEnabled", "huggingface_hub.errors.LocalEntryNotFoundError",
    "google.auth.exceptions.GoogleAuthError",
})  # fmt: skip
MISSING = re.compile(r"(\S+?)\s?[:;] No such file")  # as TensorFlow says it
FETCHING = re.compile(rf"://|^\s*[!%]\s*(sudo )?({'|'.join(map(re.escape, (*ANSWERED, *NEEDS_FILES)))})\b")

_hollow = ""  # how we answered something in the cell that runs, where nothing could be given
_fetched: set[str] = set()  # words of the lines that would have fetched files


def install(shell: Any) -> None:
    shell.events.register("pre_run_cell", _begin)


def hollow(excuse: str) -> None:
    """The cell that runs was given nothing in the place of something: what fails in it may fail of that."""
    global _hollow  # noqa: PLW0603 - one kernel, one cell at a time
    _hollow = excuse


def excuse_of(error: BaseException) -> str:
    """The word for it; empty where it is the notebook's own error."""
    if isinstance(error, SystemExit) or hasattr(error, "_render_traceback_"):  # the usual trick to stop without a word
        return LEFT
    if type(error) is AssertionError and exactness.holds_roughly(error.__traceback__):
        return EXACT
    return _lack(error) or _hollow


def _lack(error: BaseException) -> str:
    for reason in reasons(error):
        if not UNREACHABLE.isdisjoint(f"{kind.__module__}.{kind.__qualname__}" for kind in type(reason).__mro__):
            return NETWORK
        if isinstance(reason, ModuleNotFoundError) and not installed(reason.name):
            return PACKAGE
        if isinstance(reason, LookupError) and re.search(r"Resource \S*\w+\S* not found", str(reason)):
            return DATA  # NLTK's
        if type(reason).__name__ in ("FileNotFoundError", "NotFoundError") and elsewhere(reason):
            return FILE
    return ""


def reasons(error: BaseException) -> list[BaseException]:
    """The error, and what a library made it of; what the notebook itself raises in an `except` is its own."""
    chain: list[BaseException] = [error]
    while len(chain) < 10:
        last = chain[-1]
        below = last.__cause__ or (None if last.__suppress_context__ or by_notebook(last) else last.__context__)
        if below is None:
            break
        chain.append(below)
    return chain


def by_notebook(error: BaseException) -> bool:
    frames = traceback.extract_tb(error.__traceback__)
    return bool(frames) and cells.cell_of(frames[-1].filename) is not None


def installed(module: str | None) -> bool:
    top = (module or "").split(".")[0]
    if not top or top in sys.modules:
        return True
    try:
        return importlib.util.find_spec(top) is not None
    except (ImportError, ValueError):
        return False


def elsewhere(error: BaseException) -> bool:
    """Whether a missing file is one that lies on somebody's Drive, or that a line above would have fetched."""
    named = getattr(error, "filename", None)
    if not named and (match := MISSING.search(str(error))):
        named = match[1]
    if not isinstance(named, str | bytes | os.PathLike):
        return False
    parts = paths.parts_of(named)
    stems = {os.path.splitext(part)[0] for part in parts}
    return paths.is_drive(named) or not _fetched.isdisjoint(part for part in (*parts, *stems) if len(part) > 2)


def _begin(info: Any) -> None:
    if info.cell_id is None:
        return  # a cell run inside a cell goes on with its answers
    hollow("")
    for line in info.raw_cell.splitlines():
        if FETCHING.search(line):
            words = re.split(r"[^\w.-]+", line)
            _fetched.update(words)
            _fetched.update(os.path.splitext(word)[0] for word in words)
