"""How a count, a place in a row and an article are written, so that nobody reads "1 steps" or "a int array"."""

ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
LIKE_VOWELS = frozenset("AEFHILMNORSXaeio8")  # "an L2 penalty", "an int array", "an 8"


def quantity(number: int, one: str, many: str = "") -> str:
    """quantity(1, "analogy", "analogies") is "1 analogy"; without `many`, an s is added."""
    return f"{number} {one if number == 1 else many or f'{one}s'}"


def ordinal(place: int) -> str:
    """From 1: first, second … eleventh is 11th."""
    if place <= len(ORDINALS):
        return ORDINALS[place - 1]
    teens = place % 100 in (11, 12, 13)
    return f"{place}{'th' if teens else {1: 'st', 2: 'nd', 3: 'rd'}.get(place % 10, 'th')}"


def article(what: str) -> str:
    """With "a" or "an" before it: letters that are read out, as in L2, sound as they are called."""
    first = what[:1]
    spelt = len(what) > 1 and first.isupper() and not what[1].islower()
    vowel = first in LIKE_VOWELS if spelt or first.isdigit() else first.lower() in "aeio"
    return f"{'an' if vowel else 'a'} {what}"
