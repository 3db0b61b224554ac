"""Small invented pairs of sentences in the format of SNLI, so that every notebook runs with nothing downloaded.

A premise tells who does what, in which clothes and where. What follows from it says less or says it more generally,
what contradicts it exchanges one of these, what is neutral adds something that it does not tell. So a hypothesis alone
gives its label away in part only (as in the real pairs): its words have to be held against those of the premise.
"""

import random
from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

PAIRS = {"snli_1.0_train.jsonl": 9000, "snli_1.0_dev.jsonl": 1200, "snli_1.0_test.jsonl": 1200}
UNDECIDED = 0.02  # share of the pairs on which the annotators did not agree: "-"

WHO = {"man": "person", "woman": "person", "boy": "child", "girl": "child", "dog": "animal", "cat": "animal",
       "lady": "woman", "guy": "man", "baby": "child", "horse": "animal", "policeman": "man",
       "actress": "woman"}  # fmt: skip
SAME = ({"man", "guy", "policeman", "person"}, {"woman", "lady", "actress", "person"}, {"boy", "child", "baby"},
        {"girl", "child", "baby"}, {"dog", "animal"}, {"cat", "animal"}, {"horse", "animal"})  # fmt: skip
ANIMALS = frozenset(["dog", "cat", "horse"])
DOING = {
    "moving": ("running", "walking", "jumping", "climbing", "swimming", "dancing", "skating"),
    "resting": ("sleeping", "sitting", "sitting on a chair", "sleeping on a bed"),
    "eating a meal": ("eating an apple", "eating a pizza", "eating a sandwich", "eating bread", "eating rice"),
    "making music": ("playing a guitar", "playing a piano", "singing a song", "playing a violin", "singing"),
    "playing a game": ("playing soccer", "playing tennis", "playing golf", "playing baseball", "playing hockey"),
    "working": ("washing a car", "building a wall", "painting a house", "cleaning a window", "cutting a tree"),
    "reading": ("reading a book", "reading a newspaper", "reading a magazine"),
}
FOR_ANIMALS = frozenset(["moving", "resting"])
PLACES = {
    "outside": ("in the park", "on the beach", "in the street", "in the snow", "in a garden", "near a lake"),
    "inside": ("in the kitchen", "in a house", "in a bedroom", "in the office", "in a museum", "in a school"),
}
COLOURS = "red blue green yellow black white brown orange purple pink".split()
CLOTHES = "shirt hat coat jacket dress sweater".split()
LOOKS = "young old tall happy smiling tired".split()
ADDED = ("with a friend", "for money", "before lunch", "for the first time", "to win a race", "with his family")
UNSAID = "rich sad lonely angry lucky healthy guilty".split()


class Scene(Struct, frozen=True):
    """Empty strings are not told."""

    who: str
    doing: str
    kind: str  # of doing
    place: str = ""
    where: str = ""  # outside or inside
    wearing: str = ""
    looks: str = ""


class Dice:
    """Draws from one seeded stream of `random`, which Python promises."""

    def __init__(self, seed: int) -> None:
        self._stream = random.Random(seed)

    def chance(self, probability: float) -> bool:
        return self._stream.random() < probability

    def pick(self, words: Sequence[Any]) -> Any:
        return words[int(self._stream.random() * len(words))]


def scene(dice: Dice) -> Scene:
    who = dice.pick(list(WHO))
    kind = dice.pick([kind for kind in DOING if who not in ANIMALS or kind in FOR_ANIMALS])
    told = Scene(who, dice.pick(DOING[kind]), kind)
    if dice.chance(0.55):
        where = dice.pick(list(PLACES))
        told = replace(told, where=where, place=dice.pick(PLACES[where]))
    if who not in ANIMALS and dice.chance(0.35):
        told = replace(told, wearing=f"{dice.pick(COLOURS)} {dice.pick(CLOTHES)}")
    return replace(told, looks=dice.pick(LOOKS)) if dice.chance(0.25) else told


def told(scene: Scene) -> str:
    """The premise."""
    who = noun(scene.looks, scene.who) + (f" in {a(scene.wearing)}" if scene.wearing else "")
    return says(who, scene.doing, scene.place)


def noun(*words: str) -> str:
    return a(" ".join(word for word in words if word)).capitalize()


def a(phrase: str) -> str:
    return f"{'an' if phrase[0] in 'aeiou' else 'a'} {phrase}"


def says(*parts: str) -> str:
    who, *rest = parts
    return " ".join([who, "is", *(part for part in rest if part), "."])


def entailed(dice: Dice, scene: Scene) -> str:
    who = noun(dice.pick([scene.who, WHO[scene.who]]))
    ways = [says(who, scene.doing), says(who, scene.kind)]
    if scene.where:
        ways += [says(who, scene.where), says(who, scene.doing, scene.where)]
    if scene.wearing:
        ways.append(says(who, f"wearing {a(scene.wearing)}"))
    return str(dice.pick(ways))


def contradicted(dice: Dice, scene: Scene) -> str:
    who = noun(scene.who)
    others = [kind for kind in DOING if kind != scene.kind and (scene.who not in ANIMALS or kind in FOR_ANIMALS)]
    kind = dice.pick(others)
    ways = [says(who, dice.pick(DOING[kind])), says(who, kind), says(noun(other_than(dice, scene.who)), scene.doing),
            says("Nobody", scene.doing)]  # fmt: skip
    if scene.where:
        ways.append(says(who, "outside" if scene.where == "inside" else "inside"))
    if scene.wearing:
        colour, piece = scene.wearing.split()
        ways.append(says(who, "wearing " + a(f"{dice.pick([c for c in COLOURS if c != colour])} {piece}")))
    return str(dice.pick(ways))


def unrelated(dice: Dice, scene: Scene) -> str:
    who = noun(scene.who)
    ways = [says(noun(dice.pick(UNSAID), scene.who), scene.doing), says(who, scene.doing, dice.pick(ADDED))]
    if not scene.where:
        where = dice.pick(list(PLACES))
        ways += [says(who, scene.doing, dice.pick(PLACES[where])), says(who, where)]
    if not scene.wearing and scene.who not in ANIMALS:
        ways.append(says(who, "wearing " + a(f"{dice.pick(COLOURS)} {dice.pick(CLOTHES)}")))
    return str(dice.pick(ways))


def other_than(dice: Dice, who: str) -> str:
    compatible = set().union(*(group for group in SAME if who in group))
    return str(dice.pick([other for other in WHO if other not in compatible]))


WRITES = {"entailment": entailed, "contradiction": contradicted, "neutral": unrelated}


def branches(words: Sequence[str]) -> str:
    """A binary tree that branches to the right, with the brackets of SNLI."""
    return words[0] if len(words) == 1 else f"( {words[0]} {branches(words[1:])} )"


def parsed(sentence: str) -> str:
    """Subject and predicate, the full stop with the latter."""
    words = sentence.split()
    split = words.index("is")
    return f"( {branches(words[:split])} ( {branches(words[split:-1])} . ) )"


def line(dice: Dice, label: str, number: int, premise: str, hypothesis: str) -> str:
    """As a line of the official files; who annotated is made up too."""
    agreed = not dice.chance(UNDECIDED)
    pair: dict[str, Any] = {
        "annotator_labels": [label] * 3 if agreed else sorted(WRITES),
        "captionID": f"toy{number}.jpg#0",
        "gold_label": label if agreed else "-",
        "pairID": f"toy{number}.jpg#0r1{label[0]}",
    }
    for name, sentence in (("sentence1", premise), ("sentence2", hypothesis)):
        pair[name] = sentence.removesuffix(" .") + "."
        pair[f"{name}_binary_parse"] = parsed(sentence)
        pair[f"{name}_parse"] = "(ROOT (S " + " ".join(f"(X {word})" for word in sentence.split()) + "))"
    return msgspec.json.encode(pair).decode() + "\n"


def toy_snli(seed: int = 30) -> dict[str, str]:
    """The text of the three files; no pair occurs twice."""
    dice = Dice(seed)
    lines: dict[tuple[str, str], str] = {}
    labels = list(WRITES)
    while len(lines) < sum(PAIRS.values()):
        seen = scene(dice)
        label = labels[len(lines) % len(labels)]
        pair = told(seen), WRITES[label](dice, seen)
        if pair not in lines:
            lines[pair] = line(dice, label, len(lines), *pair)
    remaining = iter(lines.values())
    return {name: "".join(next(remaining) for _ in range(count)) for name, count in PAIRS.items()}
