"""What an address on the internet is answered with: a file of the course's data, known by the end of its name.

There is no network here; whatever is no course data stays out of reach, in each library's own words.
"""

import contextlib
import email.message
import functools
import io
import itertools
import os
import re
import shutil
import stat
import tarfile
import urllib.parse
import urllib.response
import zipfile
from collections.abc import Callable
from typing import Any

from .. import notes
from ..config import GuestConfig
from . import excuses, paths, quiet
from .shell import tokens

WEB = ("http", "https", "ftp", "gs", "s3")
PICTURES = (".jpg", ".jpeg", ".png", ".gif", ".webp")
ARCHIVES = (".zip", ".tar.gz", ".tgz", ".tar")
# The folder that an archive of this name holds, and what stands before its files in there.
HELD = (
    (re.compile(r"tree|sst|sentiment", re.IGNORECASE), "trees", "trees"),
    (re.compile(r"snli", re.IGNORECASE), "snli", "snli_1.0"),
    (re.compile(r"glove|embedding", re.IGNORECASE), "embeddings", ""),
    (re.compile(r"2014|coco|caption|photo|subset", re.IGNORECASE), "train2014-subset", "train2014-subset"),
)
LARGEST = 64 * 1024**2  # bytes that are really packed; files of larger parts are found by their names all the same
COMMANDS = ("wget", "curl", "gdown")
OUTPUT = ("-O", "-o", "--output", "--output-document", "--out")
FOLDER = ("-P", "--directory-prefix", "--output-dir")


class Unreachable(Exception):
    """What is not in the course data cannot be had here."""


def unreachable(address: object) -> Unreachable:
    return Unreachable(f"URL fetch failure on {address}: there is no network here, and no such file in the data")


def install(config: GuestConfig) -> None:
    quiet.module("gdown", {"download": download, "cached_download": download, "download_folder": download})
    quiet.module("wget", {"download": lambda url, out=None, *_, **__: download(url, out)})


def answer(address: Any, name: Any = "") -> str | None:
    """The file that stands for an address that is saved under a name; None where nothing does."""
    place = urllib.parse.urlsplit(str(address)).path
    names = [os.path.basename(str(part)) for part in (place, name) if part]
    for each in filter(None, names):
        if file := imagenet(each) or paths.find(each) or archive(each):
            notes.change(f"{each} was not downloaded: it was taken from the course data.")
            return file
    picture_name = next((each for each in reversed(names) if each.lower().endswith(PICTURES)), None)
    return picture(picture_name, address) if picture_name else None


def imagenet(name: str) -> str | None:
    """The file of weights in the course data, by its name."""
    file = os.path.join(paths.data_folder(), "imagenet", name)
    return file if paths.there(file, stat.S_ISREG) else None


def archive(name: str) -> str | None:
    """A zip or tar of a part of the course's data, made when it is first asked for."""
    kind = next((end for end in ARCHIVES if name.lower().endswith(end)), None)
    held = next((part for part in HELD if part[0].search(name)), None)
    folder = paths.find(held[1]) if kind and held else None
    if kind is None or held is None or folder is None:
        return None
    made = os.path.abspath(os.path.join(os.path.dirname(folder), "archives", held[1] + kind))
    if not os.path.isfile(made):
        os.makedirs(os.path.dirname(made), exist_ok=True)
        files = [os.path.join(folder, file) for file in sorted(os.listdir(folder))]
        if sum(map(os.path.getsize, files)) > LARGEST:
            files = []
            excuses.hollow(excuses.NETWORK)
        (pack_zip if kind == ".zip" else pack_tar)(made, files, held[2])
    return made


def pack_zip(made: str, files: list[str], before: str) -> None:
    with zipfile.ZipFile(made, "w") as packed:
        for file in files:
            packed.write(file, os.path.join(before, os.path.basename(file)))


def pack_tar(made: str, files: list[str], before: str) -> None:
    with tarfile.open(made, "w:gz" if made.endswith("gz") else "w", dereference=True) as packed:
        for file in files:
            packed.add(file, os.path.join(before, os.path.basename(file)))


def photos() -> list[str]:
    """Paths of the course's photos, below which the notebook can write."""
    folder = paths.find("train2014-subset")
    return [os.path.join(folder, name) for name in sorted(os.listdir(folder))] if folder else []


def picture(name: str, origin: Any) -> str | None:
    photo = next((p for p in photos() if p.endswith(".jpg")), None)
    if photo is None:
        return None
    notes.change(f"The picture {origin} was not downloaded: there is no network here. A photo of the course stands in.")
    return photo


def saved(address: Any, name: Any, fallback: str = "") -> str | None:
    """The answer as a file of the notebook's own under this name, or under that of the address."""
    file = answer(address, name)
    if file is None:
        return None
    own = os.fspath(name) if name else os.path.basename(urllib.parse.urlsplit(str(address)).path) or fallback
    if own.endswith(os.sep) or os.path.isdir(own):
        own = os.path.join(own, os.path.basename(urllib.parse.urlsplit(str(address)).path) or os.path.basename(file))
    if os.path.realpath(own) == os.path.realpath(file):
        return own
    os.makedirs(os.path.dirname(os.path.abspath(own)), exist_ok=True)
    with contextlib.suppress(FileNotFoundError):
        os.remove(own)  # a link to the course's own, perhaps
    with open(file, "rb") as source, open(own, "wb") as target:  # shutil would take a name for the course's own file
        shutil.copyfileobj(source, target)
    return own


def download(url: Any = None, output: Any = None, *_: Any, id: Any = None, **__: Any) -> Any:
    """As gdown and wget do it: under the name that is given, or that of the address."""
    if isinstance(output, io.IOBase):
        file = answer(url or id)
        if file is None:
            raise unreachable(url or id)
        with open(file, "rb") as content:
            shutil.copyfileobj(content, output)
        return output
    own = saved(url or id, output)
    if own is None:
        raise unreachable(url or id)
    return own


def mend_urllib(module: Any) -> None:
    plain_open, plain_retrieve = module.OpenerDirector.open, module.urlretrieve

    @functools.wraps(plain_open)
    def opened(self: Any, fullurl: Any, *args: Any, **kwargs: Any) -> Any:
        address = fullurl if isinstance(fullurl, str) else fullurl.full_url
        file = answer(address) if urllib.parse.urlsplit(address).scheme in WEB else None
        return response(file, address) if file else plain_open(self, fullurl, *args, **kwargs)

    @functools.wraps(plain_retrieve)
    def urlretrieve(url: str, filename: Any = None, reporthook: Any = None, data: Any = None) -> Any:
        web = urllib.parse.urlsplit(url).scheme in WEB
        own = saved(url, filename) if web and filename else None
        return (own, email.message.Message()) if own else plain_retrieve(url, filename, reporthook, data)

    module.OpenerDirector.open, module.urlretrieve = opened, urlretrieve


def response(file: str, address: str) -> Any:
    headers = email.message.Message()
    headers["Content-Length"] = str(os.path.getsize(file))
    found = urllib.response.addinfourl(open(file, "rb"), headers, address, 200)
    found.msg = "OK"  # type: ignore[attr-defined]
    return found


def mend_requests(module: Any) -> None:
    plain = module.HTTPAdapter.send

    @functools.wraps(plain)
    def send(self: Any, request: Any, *args: Any, **kwargs: Any) -> Any:
        file = answer(request.url)
        if file is None:
            return plain(self, request, *args, **kwargs)
        import urllib3  # noqa: PLC0415 - loaded with requests

        length = {"Content-Length": str(os.path.getsize(file))}
        body = urllib3.HTTPResponse(open(file, "rb"), length, 200, reason="OK", preload_content=False)
        return self.build_response(request, body)

    module.HTTPAdapter.send = send


def mend_gensim(module: Any) -> None:
    """Its store of vectors: those of the course, which are among them, and nothing else."""

    def load(name: str, return_path: bool = False) -> Any:
        file = paths.find("embeddings/glove.6B.50d.txt") if "glove" in name else None
        if file is None:
            raise unreachable(name)
        notes.change(f"{name} was not downloaded: the course's vectors (glove.6B.50d) were taken.")
        return file if return_path else vectors(file)

    module.load = load
    module.info = lambda *_, **__: {"corpora": {}, "models": {"glove-wiki-gigaword-50": {}}}


def vectors(file: str) -> Any:
    import numpy as np  # noqa: PLC0415 - gensim has loaded both
    from gensim.models import KeyedVectors  # noqa: PLC0415

    with open(file, encoding="utf-8") as lines:
        rows = [line.rstrip().split(" ") for line in lines]
    found = KeyedVectors(len(rows[0]) - 1)
    found.add_vectors([row[0] for row in rows], np.array([row[1:] for row in rows], dtype=np.float32))
    return found


def mend_nltk(module: Any) -> None:
    def download_nothing(*names: Any, **_: Any) -> bool:
        notes.change(f"nltk.download({', '.join(map(repr, names))}) was ignored: there is no network here.")
        return False

    module.download = download_nothing


def plant(command: str) -> None:
    """Files that the wgets, curls and gdowns of a shell command would have brought, where they are course data."""
    for line in re.split(r"\n|&&|\|\||;", command):
        words = tokens(line)
        if not any(os.path.basename(word) in COMMANDS for word in words[:2]):
            continue
        after = dict(itertools.pairwise(words))
        name = next((after[flag] for flag in OUTPUT if flag in after), "")
        folder = next((after[flag] for flag in FOLDER if flag in after), "")
        addresses = [word for word in words if "://" in word] or [name]
        for address in filter(None, addresses):
            saved(address, os.path.join(folder, name) if folder else name)


MENDS: dict[str, Callable[[Any], None]] = {
    "urllib.request": mend_urllib,
    "requests.adapters": mend_requests,
    "gensim.downloader": mend_gensim,
    "nltk": mend_nltk,
}
