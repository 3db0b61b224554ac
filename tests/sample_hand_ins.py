"""Folders and archives as classes hand them in, made up on the spot."""

import io
import json
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Literal


def notebook(title: str = "", source: str = "x = 1") -> bytes:
    cells = [{"cell_type": "markdown", "source": title}, {"cell_type": "code", "source": source}]
    return json.dumps({"nbformat": 4, "metadata": {}, "cells": cells}).encode()


def fill(folder: Path, files: Mapping[str, bytes]) -> Path:
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


def zipped(files: Mapping[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in files.items():
            made.writestr(name, data)
    return stream.getvalue()


def tarred(files: Mapping[str, bytes], how: Literal["w:", "w:gz", "w:bz2", "w:xz"] = "w:gz") -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode=how) as made:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            made.addfile(info, io.BytesIO(data))
    return stream.getvalue()
