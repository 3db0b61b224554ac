"""How much a cell may print: an endless loop of prints should cost its own time, not the memory of whoever reads it."""

import sys
from collections.abc import Callable
from typing import Any

from ..config import GuestConfig

LARGEST = 3 * 1024**2  # characters of one picture or page; the host keeps less of a whole notebook

_printed = 0


def install(config: GuestConfig, shell: Any) -> None:
    shell.events.register("pre_run_cell", _start_counting)
    streams = {"stdout": sys.stdout, "stderr": sys.stderr}
    shell.events.register("post_run_cell", lambda _: put_back(streams))
    for stream in streams.values():
        stream.write = capped(stream.write, config.output)  # type: ignore[method-assign]
    session = shell.display_pub.session
    session.send = bounded(session.send)


def put_back(streams: dict[str, Any]) -> None:
    """Where a cell took one away, which older IPythons live with, this one could run no further cell."""
    for name, stream in streams.items():
        if not hasattr(getattr(sys, name, None), "write"):
            setattr(sys, name, stream)


def capped(write: Callable[[str], int], limit: int) -> Callable[[str], int]:
    """The same, silent once the cell has printed a little more than the host keeps; the host says that it cut."""

    def call(text: str) -> int:
        global _printed  # noqa: PLW0603 - both streams and all threads of the one cell count together
        room = limit + 1000 - _printed
        _printed += len(text)
        if room > 0:
            write(text[:room])
        return len(text)

    return call


def bounded(send: Callable[..., Any]) -> Callable[..., Any]:
    """The same for pictures and pages; a message above the host's limit would cut the connection for good."""

    def call(stream: Any, message: Any, content: Any = None, *args: Any, **kwargs: Any) -> Any:
        body = message.get("content") if isinstance(message, dict) else content
        data = body.get("data") if isinstance(body, dict) else None
        size = sum(len(value) for value in data.values() if isinstance(value, str)) if isinstance(data, dict) else 0
        if size > LARGEST:
            body["data"] = {"text/plain": f"[An output of {size >> 20} MB was left out.]"}  # type: ignore[index]
        return send(stream, message, content, *args, **kwargs)

    return call


def _start_counting(_: Any) -> None:
    global _printed  # noqa: PLW0603
    _printed = 0
