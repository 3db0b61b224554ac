"""Files that are whole or not there: written beside and renamed, so that no reader and no kill sees half of one."""

import os
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

from grader.errors import UsageError


def write_whole(path: Path, content: bytes) -> Path:
    beside = path.with_name(f".{uuid4().hex}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside.write_bytes(content)
        os.replace(beside, path)
    except BaseException as error:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
        if not isinstance(error, OSError):
            raise  # Ctrl-C leaves nothing beside either
        reason = error.strerror or str(error)
        raise UsageError(
            f"{path.parent}: files cannot be written here ({reason}). "
            "Name another place, a folder with --out for instance, or make this one writable."
        ) from error
    return path
