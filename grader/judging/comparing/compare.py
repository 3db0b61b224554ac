"""Whether two tensors agree, which explanation lies nearest, and how a difference is told in words."""

from collections.abc import Mapping, Sequence

import numpy as np

from grader.judging.comparing.arrays import Numbers
from grader.model import Difference

NUMERIC = "biufc"  # kinds of NumPy
WITHIN = 3e-4  # relative to the largest expected entry; float32 maths on our sizes stays below 1e-5

NEARER = 0.5  # as far as what is right: of a known mistake that is worth a word

Outputs = Mapping[str, Numbers]


def distance(seen: Numbers, expected: Numbers) -> float:
    """Largest difference over the largest expected entry (at least 1e-3).

    Infinite when shapes differ, a number is not finite, or is complex where it should be real.
    """
    if seen.shape != expected.shape or seen.dtype.kind not in NUMERIC:
        return float("inf")
    if seen.dtype.kind == "c" and expected.dtype.kind != "c":
        return float("inf")
    if not np.all(np.isfinite(seen)):
        return float("inf")
    if expected.size == 0:
        return 0.0
    scale = max(float(np.max(np.abs(expected))), 1e-3)
    return float(np.max(np.abs(wide(seen) - expected))) / scale


def wide(numbers: Numbers) -> Numbers:
    return numbers.astype(np.complex128 if numbers.dtype.kind == "c" else np.float64)


def agree(seen: Numbers, expected: Numbers, within: float = WITHIN) -> bool:
    return distance(seen, expected) <= within


def nearest(seen: Outputs, answers: Mapping[str, Outputs], within: float = WITHIN) -> str | None:
    """The first explanation, in their order, that gives every output seen; None when none does."""
    for name, expected in answers.items():
        if all(key in expected and agree(value, expected[key], within) for key, value in seen.items()):
            return name
    return None


def slug(explanation: str) -> str:
    """Forms of one mistake are written slug/form."""
    return explanation.split("/", maxsplit=1)[0]


def closest(seen: Outputs, answers: Mapping[str, Outputs], right: str = "deck") -> str | None:
    """The slug of the known mistake that comes nearest, where it comes much nearer than what is right; else None."""
    far = {
        name: max(distance(value, expected[key]) if key in expected else float("inf") for key, value in seen.items())
        for name, expected in answers.items()
        if seen
    }
    mistakes = {name: gap for name, gap in far.items() if slug(name) != right}
    if right not in far or not mistakes:
        return None
    nearest_one = min(mistakes, key=lambda name: mistakes[name])
    rights = min(gap for name, gap in far.items() if slug(name) == right)
    return slug(nearest_one) if mistakes[nearest_one] < NEARER * rights else None


def difference(
    what: str, seen: Numbers, expected: Numbers, within: float = WITHIN, axes: Sequence[str] = ()
) -> Difference | None:
    """None when equal, otherwise the difference that explains most, with the entries that differ most.

    `what` names the tensor to the student: "logits", "gradient of W"; `axes` what its axes are: "batch", "classes".
    """
    if agree(seen, expected, within):
        return None
    if seen.shape != expected.shape:
        return Difference(f"{what}: {shape_sentence(seen, expected, axes)}")
    rows = worst(seen, expected)
    if not np.all(np.isfinite(seen)):
        wrong = int(np.sum(~np.isfinite(seen)))
        told = "is no finite number" if wrong == 1 else "are no finite numbers"
        return Difference(f"{what}: {wrong} of {seen.size} entries {told} (inf or nan)", rows)
    return Difference(f"{what}: {pattern(wide(seen), expected, within)}", rows)


def shape_sentence(seen: Numbers, expected: Numbers, axes: Sequence[str] = ()) -> str:
    names = names_of(axes, expected.shape)
    sentence = f"got {in_names(seen.shape, names)}, expected {in_names(expected.shape, names)}"
    if names:
        sentence += f", here {words(seen.shape)} and {words(expected.shape)}"
    if seen.ndim == 2 and seen.shape == expected.shape[::-1]:
        sentence += ": the axes are swapped"
    return sentence


def names_of(axes: Sequence[str], shape: tuple[int, ...]) -> dict[int, str]:
    """By size; two axes of one size have no name, since it could not be told which is meant."""
    if len(axes) != len(shape):
        return {}
    return {size: name for size, name in zip(shape, axes, strict=True) if shape.count(size) == 1 and size > 1}


def in_names(shape: tuple[int, ...], names: Mapping[int, str]) -> str:
    """`[batch, time, 8]`"""
    return "[" + ", ".join(names.get(size, str(size)) for size in shape) + "]"


def words(shape: tuple[int, ...]) -> str:
    return "[" + ", ".join(map(str, shape)) + "]"


def pattern(seen: Numbers, expected: Numbers, within: float) -> str:
    if agree(-seen, expected, within):
        return "every entry has the opposite sign"
    if seen.ndim == 2 and seen.shape[0] == seen.shape[1] and agree(seen.T, expected, within):
        return "the matrix is transposed"
    if factor := common(seen, expected, within):
        return f"every entry is {factor:.4g} times the expected one"
    shift = np.mean(seen - expected)
    if seen.size > 1 and agree(seen - shift, expected, within):
        return f"every entry is off by the same {shift:.4g}"
    off = np.abs(seen - expected) > within * max(float(np.max(np.abs(expected))), 1e-3)
    count = int(np.sum(off))
    place = where(np.unravel_index(int(np.argmax(np.abs(seen - expected))), seen.shape))
    if seen.size == 1:
        return "the number differs"
    return f"{count} of {seen.size} entries {'differs' if count == 1 else 'differ'}, most at {place}"


def common(seen: Numbers, expected: Numbers, within: float) -> float | None:
    """The factor between the two, if one number explains everything."""
    energy = float(np.sum(np.abs(expected) ** 2))
    if energy == 0:
        return None
    factor = float(np.real(np.sum(seen * np.conj(expected)))) / energy
    return factor if abs(factor) > 1e-6 and agree(seen / factor, expected, within) else None


def where(place: tuple[np.intp, ...]) -> str:
    return words(tuple(int(i) for i in place)) if place else "the only entry"


def worst(seen: Numbers, expected: Numbers, rows: int = 4) -> tuple[tuple[str, str, str], ...]:
    with np.errstate(invalid="ignore"):
        gaps = np.nan_to_num(np.abs(wide(seen) - expected), nan=np.inf, posinf=np.inf)
    order = np.argsort(-gaps, axis=None, kind="stable")[:rows]
    places = [np.unravel_index(int(i), seen.shape) for i in order]
    return tuple((where(p), f"{seen[p]:.5g}", f"{expected[p]:.5g}") for p in places)
