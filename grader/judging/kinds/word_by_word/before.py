"""Assignment 4: word vectors that a layer of the student's own changes before the encoder reads them.

Whatever the layer does (a projection, a normalisation), its result depends on the word alone. It is looked for among
the results of operations: those that stay when the words before change. Which variables it is made of is seen by
changing them. The class then looks as if what comes out were its table of words.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial

import numpy as np

from grader.judging.comparing.arrays import Numbers
from grader.judging.instruments.pair_learning import PLAIN
from grader.judging.instruments.until_it_broke import results_in, with_results
from grader.judging.kinds.word_by_word.answers import Asker
from grader.judging.kinds.word_by_word.head import View
from grader.judging.kinds.word_by_word.parts import MOST
from grader.judging.meeting.pairs import vectors
from grader.judging.meeting.watching import value_of
from grader.model import Observation

TOGETHER = 4  # words asked at once: of so many pairs the guest keeps results as wide as word vectors

Vectors = Mapping[int, Numbers]  # by place among the results, of as many words


def with_words(asker: Asker, vocabulary: int) -> Iterator[View]:
    """The class without its layer before the encoder, which is taken to be as large as it may be first."""
    own = [v.path for v in asker.contact.initial if asker.contact.vocabulary not in v.shape][:MOST]
    width = vectors(asker.contact).shape[1]
    if not needed(asker, [v.path for v in asker.contact.initial if width in v.shape and v.path in own]):
        return
    found = of_words_alone(asker)
    made_of = variables_of(asker, found, own) if found else {}
    sets = list(dict.fromkeys(made_of.values()))
    nested = [one for one in sets if one and all(one <= other or other <= one for other in sets)]
    for used in sorted(nested, key=len, reverse=True):
        place = max(place for place, paths in made_of.items() if paths == used)
        variables = tuple(v for v in asker.contact.initial if v.path in own and v.path not in used)
        yield View(variables, asker.weights, asker.under, words=table(asker, place, vocabulary))


def needed(asker: Asker, paths: Sequence[str]) -> bool:
    """Whether without one of them all words are alike."""
    told = asker.under(list(asker.in_turn(paths, np.zeros_like))) if paths else []
    return any(one.same_for_all for one in told)


def of_words_alone(asker: Asker) -> Vectors:
    """Results that are the same after another first word, without repetitions."""
    plain = repeated(PLAIN, asker)
    other = plain.copy()
    other[:, [0, asker.contact.features]] = np.roll(plain, 1, axis=0)[:, :1]
    everything = with_results(asker.forward)
    seen = asker.observed("words", everything.call(plain, "r0"), everything.call(other, "r1"))
    first, second = ([rows_of(one, asker) for one in results_in(value_of(seen, name))] for name in ("r0", "r1"))
    same = {
        place: one
        for place, (one, two) in enumerate(zip(first, second, strict=False))
        if one is not None and two is not None and one.shape == two.shape and np.allclose(one, two, rtol=1e-5)
    }
    told = {one.tobytes(): place for place, one in same.items() if np.ptp(one, axis=0).max() > 0}
    return {place: same[place] for place in told.values()}


def repeated(first: int, asker: Asker) -> Numbers:
    """Pairs of one word each, over and over."""
    ids: Numbers = np.arange(first, first + TOGETHER)[:, None].repeat(2 * asker.contact.features, axis=1)
    return ids


def rows_of(result: Numbers, asker: Asker) -> Numbers | None:
    """A vector for each of the words, as it comes past the first place of the premise."""
    length = asker.contact.features
    if result.ndim == 2 and len(result) in (TOGETHER, 2 * TOGETHER):
        return result[:TOGETHER]
    if result.ndim == 3 and result.shape[:2] in ((TOGETHER, length), (2 * TOGETHER, length)):
        return result[:TOGETHER, 1]
    return result[1] if result.ndim == 3 and result.shape[:2] == (length, TOGETHER) else None


def variables_of(asker: Asker, found: Vectors, paths: Sequence[str]) -> dict[int, frozenset[str]]:
    """For each result the variables it follows."""
    places = tuple(found)
    able = Asker(asker.x, asker.contact, with_results(asker.forward, places), asker.weights, repeated(PLAIN, asker))
    changed = list(able.in_turn(paths, lambda value: value[..., ::-1].copy() * 0.5))
    made_of: dict[int, set[str]] = {place: set() for place in places}
    seen = able.observed("layer", *able.changed(changed))
    for i, path in enumerate(paths):
        for place, one in read_in(seen, f"r{i}", places, able).items():
            if one is None or not np.allclose(one, found[place], rtol=1e-5):
                made_of[place].add(path)
    return {place: frozenset(found) for place, found in made_of.items()}


def read_in(seen: Observation, name: str, places: Sequence[int], asker: Asker) -> dict[int, Numbers | None]:
    told = results_in(value_of(seen, name))
    return {place: rows_of(one, asker) for place, one in zip(places, told, strict=False)}


def table(asker: Asker, place: int, vocabulary: int) -> Numbers:
    """What comes out for each word; of words that nobody asks for, zeros."""
    starts = range(PLAIN, vocabulary, TOGETHER)
    call = partial(with_results(asker.forward, (place,)).call)
    asked = [np.minimum(repeated(first, asker), vocabulary - 1) for first in starts]
    seen = asker.observed("words", *(call(ids, f"r{i}") for i, ids in enumerate(asked)))
    parts = [read_in(seen, f"r{i}", (place,), asker).get(place) for i in range(len(asked))]
    known = [part for part in parts if part is not None]
    if len(known) < len(parts):
        return np.zeros((vocabulary, 1))
    rows = np.concatenate(known)[: vocabulary - PLAIN]
    return np.concatenate([np.zeros((PLAIN, rows.shape[1])), rows])
