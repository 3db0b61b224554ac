"""Names that stand for students: the same in every run of one course, and nobody without its key can tell whose."""

import hashlib
import hmac
from collections import Counter
from collections.abc import Sequence

from grader.intake.person import same
from grader.scoring.results import SubmissionRow

_BIRDS = (
    "Avocet Bittern Bunting Buzzard Chough Coot Crane Crossbill Curlew Dipper Dotterel Dunlin Egret Eider Falcon "
    "Fieldfare Finch Gannet Godwit Goldcrest Goshawk Grebe Harrier Heron Hobby Hoopoe Ibis Jackdaw Jay Kestrel "
    "Kingfisher Kite Knot Lapwing Lark Linnet Magpie Martin Merlin Nightjar Nuthatch Oriole Osprey Ouzel Owl Petrel "
    "Pipit Plover Puffin Quail Rail Raven Redstart Robin Sanderling Serin Shrike Siskin Skua Starling Stork Swift "
    "Tern Wren"
).split()
_DIGITS = 4


def pseudonyms(rows: Sequence[SubmissionRow], key: bytes) -> tuple[str, ...]:
    """A bird and a number for each; more digits where two would share them."""
    hashes = [int.from_bytes(hmac.digest(key, _identity(row).encode(), hashlib.sha256), "big") for row in rows]
    short = [_called(number, _DIGITS) for number in hashes]
    times = Counter(dict(zip(hashes, short, strict=True)).values())
    return tuple(
        _called(number, 3 * _DIGITS) if times[name] > 1 else name for number, name in zip(hashes, short, strict=True)
    )


def _identity(row: SubmissionRow) -> str:
    """The id where there is one, as a name may be written in several ways."""
    return f"id {row.student_id}" if row.student_id else f"name {same(row.student)}"


def _called(number: int, digits: int) -> str:
    bird, rest = _BIRDS[number % len(_BIRDS)], number // len(_BIRDS)
    return f"{bird} {rest % 10**digits:0{digits}}"
