"""A part of the photos and captions, for notebooks that are not to train in full.

A photo's features take a tenth of a second to compute and half a megabyte to keep. TensorFlow needs most of a second
to trace each word of the longest caption, and all of that again for a batch of another size.
"""

from collections import Counter
from collections.abc import Collection
from pathlib import Path

import msgspec
from msgspec import Struct

from grader.data import cache
from grader.data.parts import IMAGES
from grader.model import TrainPolicy

MOST = 240  # photos for a budget of training
CAPTIONS_SEEN = 160  # without training: four fifths of them are two batches of 64
WORDS = (8, 10, 12)  # of the longest of these captions; the first for which few photos have so many
FEW = 80  # photos
ROOM = (
    3 * 512**2
)  # bytes of features for a photo, [64, 2048] of float32, and as much again for what else is made of them
(CAPTIONS,) = IMAGES.files


class Annotation(Struct):
    img_id: int
    caption: str
    id: int = 0


class Annotations(Struct):
    annotations: list[Annotation]


class Photos(Struct, frozen=True):
    folder: Path
    number: int  # of photos with captions
    said: str = ""  # what was left out, for the report


def photos(folder: Path, train: TrainPolicy) -> Photos | None:
    """The folder, or one with as many of its photos, and their captions, as this training wants.

    None where captions are written in another way than the course's.
    """
    try:
        content = (folder / CAPTIONS).read_bytes()
        known = msgspec.json.decode(content, type=Annotations).annotations
    except (OSError, msgspec.DecodeError):
        return None
    kept = few(known, train)
    ids = dict.fromkeys(one.img_id for one in kept)
    if len(kept) == len(known):
        return Photos(folder, len(ids))
    files = {name: (folder / name).read_bytes() for number in ids if (folder / (name := name_of(number))).is_file()}
    files[CAPTIONS] = msgspec.json.encode(Annotations(kept))
    place = cache.place("photos", content + files[CAPTIONS]) / IMAGES.name
    said = (
        f"Your notebook saw {len(ids)} photos with {len(kept)} of the {len(known)} captions, as asked for by --train."
    )
    return Photos(cache.kept(place, files), len(ids), said)


def few(known: list[Annotation], train: TrainPolicy) -> list[Annotation]:
    if train is TrainPolicy.BUDGET:
        ids = list(dict.fromkeys(one.img_id for one in known))
        kept = set(ids[:: max(1, len(ids) // MOST)][:MOST])
        return [one for one in known if one.img_id in kept]
    if train is TrainPolicy.FULL:
        return known
    ways = (shortest(known, words) for words in WORDS)
    return next((way for way in ways if len({one.img_id for one in way}) <= FEW and len(way) == CAPTIONS_SEEN), known)


def shortest(known: list[Annotation], words: int) -> list[Annotation]:
    """Captions with so many words at most, of the photos that have most of them."""
    short = [one for one in known if len(one.caption.split()) <= words]
    each = Counter(one.img_id for one in short)
    return sorted(short, key=lambda one: (-each[one.img_id], one.img_id))[:CAPTIONS_SEEN]


def name_of(number: int) -> str:
    return f"COCO_train2014_{number:012d}.jpg"


def with_photos(
    parts: dict[str, Path], read: Collection[str], train: TrainPolicy
) -> tuple[dict[str, Path], Photos | None]:
    """The parts with as many photos as this training wants, for a lab that reads photos."""
    used = IMAGES.name in parts and IMAGES.name in read
    seen = photos(parts[IMAGES.name], train) if used else None
    return (parts | {IMAGES.name: seen.folder} if seen else parts), seen
