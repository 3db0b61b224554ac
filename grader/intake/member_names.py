"""What the members of an archive are called: the code page of a zip made by Windows, paths that stay inside."""

import unicodedata
import zipfile
from collections.abc import Sequence
from pathlib import PurePosixPath

DEPTH = 40  # folders within folders; a name may hold thousands
_PAGES = ("cp850", "cp437", "cp1252")  # of Windows in western Europe; the first wins where all read alike


def zip_names(infos: Sequence[zipfile.ZipInfo]) -> list[str]:
    """Zips made on a Mac hold UTF-8 names without saying so, Windows writes those of its code page: one for a zip."""
    raw = [_bytes(info) for info in infos]
    page = _page([each for each in raw if each is not None])
    return [
        info.filename if each is None else each.decode(page, "replace") for info, each in zip(infos, raw, strict=True)
    ]


def _bytes(info: zipfile.ZipInfo) -> bytes | None:
    """None where the zip says that the name is UTF-8."""
    try:
        return None if info.flag_bits & 0x800 else info.filename.encode("cp437")
    except UnicodeError:
        return None


def _page(names: Sequence[bytes]) -> str:
    whole = b"/".join(names)
    try:
        whole.decode("utf-8")
    except UnicodeError:
        return min(_PAGES, key=lambda page: sum(map(_oddness, whole.decode(page, "replace"))))
    return "utf-8"


def _oddness(character: str) -> int:
    """`╡lvaro` is no name: letters of Spanish and its neighbours are common, others rare, signs rarer still."""
    if character < "\x80" or character in "ªº":
        return 0
    if character in "áéíóúàèìòùâêîôûäëïöüñçãõßÁÉÍÓÚÀÈÌÒÙÂÊÎÔÛÄËÏÖÜÑÇÃÕ’·":
        return 0
    return 1 if "LATIN" in unicodedata.name(character, "") else 3


def clean(name: str) -> PurePosixPath:
    """Relative, without '..', drive or backslash, and no deeper than a person would go."""
    parts = [part for part in name.replace("\\", "/").replace("\0", "").split("/") if part not in ("", ".", "..")]
    if parts and len(parts[0]) == 2 and parts[0].endswith(":"):
        parts = parts[1:]
    return PurePosixPath(*parts)


def too_deep(name: PurePosixPath) -> bool:
    return len(name.parts) > DEPTH
