"""What a file is to a hand-in, by its name and its first bytes: a notebook, something beside one, or none of it."""

import re
from pathlib import PurePosixPath

from grader.intake.colab_export import is_export

HEAD = 4000  # bytes that tell a notebook from other files

_JUNK = re.compile(  # of editors, systems and learning platforms
    r"\..*|__macosx|__pycache__|node_modules|venv|site-packages|thumbs\.db|desktop\.ini|ehthumbs\.db|icon\r|~\$.*"
    r"|timestamp\.txt|comments\.txt|feedback attachment\(s\)|submission_metadata\.yml|user_assignment_settings\.json",
    re.IGNORECASE,
)
_COURSES = re.compile(  # of whoever keeps the hand-ins, where no student's folder holds it
    r"(readme|licen[cs]e|copying|makefile|requirements|environment|gradebook|grades?|index|users?|roster)\b.*",
    re.IGNORECASE,
)
_DATA_FOLDERS = frozenset("data datos datuak dataset datasets trees snli embeddings glove train2014-subset".split())
_NOTEBOOK_NAME = re.compile(r"\.ipynb(?![^\W_])", re.IGNORECASE)
_NOTEBOOK_KEY = re.compile(rb'"(cells|cell_type|nbformat|worksheets|kernelspec)"\s*:')
_BESIDE = frozenset(
    """py pyc csv tsv npy npz h5 hdf5 keras pkl pickle pt pth ckpt index meta data bin bz2 jsonl parquet feather
    png jpg jpeg gif bmp svg webp tif tiff mp4 mov webm yml yaml toml cfg ini lock log sh bat css js vec""".split()
)
_LIKELY = "ipynb py json txt html htm md qmd rmd".split()  # to be read as a notebook, the likeliest first


def is_junk(name: str) -> bool:
    return _JUNK.fullmatch(name) is not None


def is_the_courses(place: PurePosixPath) -> bool:
    data = _DATA_FOLDERS.intersection(part.casefold() for part in place.parts[:-1])
    return bool(data) or _COURSES.fullmatch(place.name) is not None


def is_notebook(name: str, head: bytes) -> bool:
    """Called one, or begins like one, or a script that says that it was one."""
    if _NOTEBOOK_NAME.search(name):
        return True
    if head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{":
        return _NOTEBOOK_KEY.search(head) is not None
    return name.lower().endswith(".py") and is_export(head.decode(errors="replace"))


def is_beside(name: str) -> bool:
    """Data, pictures and modules belong to the notebook that lies with them."""
    return _suffix(name) in _BESIDE


def likelihood(name: str) -> int:
    """Smaller: rather the work itself than something that came with it."""
    suffix = _suffix(name)
    if suffix in _LIKELY:
        return _LIKELY.index(suffix)
    return len(_LIKELY) + is_beside(name)


def _suffix(name: str) -> str:
    return name.rpartition(".")[2].lower() if "." in name else ""
