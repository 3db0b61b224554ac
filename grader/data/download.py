"""Downloads that go on where they were broken off; only what arrived whole gets its own name."""

import logging
import os
from collections.abc import Callable
from pathlib import Path

import pooch
import requests

from grader.errors import OurFault

Told = Callable[[str, int, int | None], None]  # what is done, how much of it, of how much if that is known

SECONDS = 30  # without a byte
CHUNK = 1 << 16  # bytes; of a chunk that breaks off nothing is kept


def downloaded(url: str, folder: Path, told: Told) -> Path:
    """The file behind an address, kept in `folder`. Raises OurFault with what to do when it does not arrive."""
    name = url.rsplit("/", 1)[-1]
    begun = folder / f"{name}.part"

    def go_on(url: str, target: str, _: object) -> None:
        _receive(url, begun, lambda done, total: told(f"downloads {name}", done, total))
        os.replace(begun, target)

    pooch.get_logger().setLevel(logging.ERROR)  # it would tell of a checksum that nobody knows
    try:
        return Path(pooch.retrieve(url, known_hash=None, fname=name, path=folder, downloader=go_on))
    except requests.RequestException as error:
        kept = f" What has arrived is kept in {folder}; the same command continues from there." if _size(begun) else ""
        raise OurFault(f"{url} {_reason(error)}.{kept}") from error


def _size(file: Path) -> int:
    return file.stat().st_size if file.exists() else 0


def _reason(error: requests.RequestException) -> str:
    if error.response is not None:
        return f"is not there as expected (the server answered {error.response.status_code})"
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return "was interrupted before it was complete"
    return "cannot be reached: there seems to be no network"


def _receive(url: str, begun: Path, told: Callable[[int, int | None], None]) -> None:
    have = _size(begun)
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
    with requests.get(url, stream=True, timeout=SECONDS, headers=headers) as answer:
        if answer.status_code == requests.codes.requested_range_not_satisfiable:
            begun.unlink()  # as long as the whole file, or longer: not to be gone on from
            return _receive(url, begun, told)
        answer.raise_for_status()
        goes_on = answer.status_code == requests.codes.partial_content
        length = answer.headers.get("Content-Length")
        total = int(length) + have * goes_on if length else None
        with begun.open("ab" if goes_on else "wb") as file:
            for chunk in answer.iter_content(CHUNK):
                file.write(chunk)
                told(file.tell(), total)
