"""Pictures of one or two coloured shapes with five captions each, in the layout of the course's part of MS-COCO.

What a caption says can be seen: colours, shapes, sizes, where they are. They stand in for photos of other people.
"""

import io
import json
import random
from collections.abc import Iterator

from msgspec import Struct
from PIL import Image, ImageDraw

NUMBER = 120
SIZE = 160  # pixels
CAPTIONS = "captions_train2014.json"
COLOURS = {
    "red": (214, 40, 40),
    "green": (46, 160, 67),
    "blue": (38, 84, 200),
    "yellow": (245, 208, 40),
    "purple": (128, 60, 160),
    "orange": (245, 130, 30),
}
GROUNDS = {"white": (250, 250, 250), "grey": (170, 170, 170), "black": (25, 25, 25)}
SHAPES = ("circle", "square", "triangle", "cross")
RADII = {"small": 14, "big": 30}
PLACES = {
    (0, 0): "in the top left corner",
    (1, 0): "at the top",
    (2, 0): "in the top right corner",
    (0, 1): "on the left",
    (1, 1): "in the middle",
    (2, 1): "on the right",
    (0, 2): "in the bottom left corner",
    (1, 2): "at the bottom",
    (2, 2): "in the bottom right corner",
}


class Thing(Struct, frozen=True):
    colour: str
    shape: str
    size: str
    place: tuple[int, int]  # column and row, of three

    @property
    def words(self) -> str:
        return f"{self.size} {self.colour} {self.shape}"

    @property
    def where(self) -> str:
        return PLACES[self.place]


class Scene(Struct, frozen=True):
    ground: str
    things: tuple[Thing, ...]


def toy_photos() -> dict[str, bytes]:
    """Files of the folder: the captions, and a JPEG for each picture. Takes a second."""
    dice = random.Random(2014)
    files: dict[str, bytes] = {}
    annotations: list[dict[str, str | int]] = []
    for number in range(1, NUMBER + 1):
        scene = drawn(dice)
        files[name_of(number)] = jpeg(scene)
        for text in captions(scene, dice):
            caption = f"<start> {text[0].upper()}{text[1:]}. <end>"
            annotations.append({"id": len(annotations) + 1, "img_id": number, "caption": caption})
    return files | {CAPTIONS: json.dumps({"annotations": annotations}).encode()}


def name_of(number: int) -> str:
    return f"COCO_train2014_{number:012d}.jpg"


def drawn(dice: random.Random) -> Scene:
    places = dice.sample(sorted(PLACES), dice.choice((1, 1, 2)))
    things = (
        Thing(dice.choice(tuple(COLOURS)), dice.choice(SHAPES), dice.choice(tuple(RADII)), place) for place in places
    )
    return Scene(dice.choice(tuple(GROUNDS)), tuple(things))


def captions(scene: Scene, dice: random.Random) -> Iterator[str]:
    ground, (first, *others) = scene.ground, scene.things
    if not others:
        yield f"a {first.words} {first.where}"
        yield f"there is a {first.colour} {first.shape} {first.where} of a {ground} picture"
        yield f"one {first.shape} on a {ground} ground"
        yield f"a {first.size} {first.shape} that is {first.colour}"
        yield f"{dice.choice(('we see', 'somebody painted'))} a {first.words} on {ground}"
        return
    (other,) = others
    yield f"a {first.words} and a {other.words}"
    yield f"a {first.shape} {first.where} and a {other.shape} {other.where}"
    yield f"two shapes on a {ground} ground"
    yield f"the {first.colour} {first.shape} is {side(first, other)} the {other.colour} {other.shape}"
    yield f"{dice.choice(('we see', 'somebody painted'))} a {first.colour} {first.shape} {first.where}"


def side(one: Thing, other: Thing) -> str:
    (x, y), (u, v) = one.place, other.place
    if y != v:
        return "above" if y < v else "below"
    return "left of" if x < u else "right of"


def jpeg(scene: Scene) -> bytes:
    image = Image.new("RGB", (SIZE, SIZE), GROUNDS[scene.ground])
    draw = ImageDraw.Draw(image)
    for thing in scene.things:
        x, y = (round((place + 0.5) * SIZE / 3) for place in thing.place)
        paint(draw, thing, (x, y), RADII[thing.size])
    packed = io.BytesIO()
    image.save(packed, "JPEG", quality=90)
    return packed.getvalue()


def paint(draw: ImageDraw.ImageDraw, thing: Thing, centre: tuple[int, int], r: int) -> None:
    (x, y), fill = centre, COLOURS[thing.colour]
    if thing.shape == "circle":
        draw.ellipse((x - r, y - r, x + r, y + r), fill=fill)
    elif thing.shape == "square":
        draw.rectangle((x - r, y - r, x + r, y + r), fill=fill)
    elif thing.shape == "triangle":
        draw.polygon([(x, y - r), (x + r, y + r), (x - r, y + r)], fill=fill)
    else:
        draw.line((x - r, y, x + r, y), fill=fill, width=max(6, r // 2))
        draw.line((x, y - r, x, y + r), fill=fill, width=max(6, r // 2))
