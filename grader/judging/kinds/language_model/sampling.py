"""What the sampler draws from: its sentences, under weights of ours, are as likely as some way to sample makes them."""

import re

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from grader.judging.comparing.arrays import Numbers, array
from grader.judging.comparing.compare import slug
from grader.judging.examiner import Examiner
from grader.judging.instruments.silence import whole
from grader.judging.kinds.language_model.asking import Forward, at_rate, begin, guesses_in
from grader.judging.kinds.language_model.parts import Layout, Weights
from grader.judging.kinds.language_model.roles import Explained
from grader.judging.meeting.asking import instance
from grader.judging.meeting.contact import Contact
from grader.judging.meeting.watching import value_of
from grader.model import OUT_OF_TIME, Observation, Status
from grader.sandbox.guest.wire import Call, Listing, Put, Ref, Step, Trouble, Value

SENTENCES = 5
SECONDS = 8.0
AGAIN = "again"  # the first sentence once more: where it differs, random numbers come from where no seed reaches
SAMPLER = re.compile(r"sampl|generat|muestr|lagin", re.IGNORECASE)
SPECIAL = ("<S>", "</S>", "<PAD>", "<UNK>")
UNLIKELY = -5.0  # standard errors below the expected log-likelihood
CLEARLY = 8.0  # nats by which another way has to explain the sentences better
GREEDY, BY_CHANCE = "greedy-sampler", -9.0  # log-likelihood below which no chance draws the likeliest words alone


class Sampling(Struct, frozen=True):
    missing: bool = False  # there is no method that samples
    late: bool = False
    trouble: Trouble | None = None
    sentences: tuple[str, ...] = ()
    drops: bool | None = None  # without dropout the same random numbers give other sentences
    way: str | None = None  # how it samples; None: in no way known to us, or that could not be told
    told: bool = False  # whether the way could be asked


def samplers_of(contact: Contact) -> list[str]:
    """Methods that sample, `sample` before others; where there is none, functions."""
    names = [name for name in contact.info.methods if SAMPLER.search(name)]
    functions = [function.name for function in contact.inventory.functions if SAMPLER.search(function.name)]
    return sorted(names, key=lambda name: name != "sample") or functions


def sampling_call(contact: Contact, model: str, into: str, seed: int) -> Call | None:
    """Of a method, or of a function that needs the model alone; None where there is neither."""
    sampler = next(iter(samplers_of(contact)), "")
    if sampler in contact.info.methods:
        return Call(f"{model}.{sampler}", into=into, seed=seed)
    function = next((f for f in contact.inventory.functions if f.name == sampler), None)
    needed = [parameter for parameter in function.parameters if parameter.required] if function else []
    return Call(sampler, (Ref(model),), into=into, seed=seed) if len(needed) == 1 else None


def question_sampling(
    x: Examiner, contact: Contact, forward: Forward, found: Layout, explained: Explained | None
) -> Sampling | None:
    """None where there is a sampler that we cannot call."""
    if not samplers_of(contact):
        return Sampling(missing=True)
    if sampling_call(contact, "c", "", 0) is None:
        return None
    weights = loud(x, contact, found)
    words = [*SPECIAL, *(f"q{i}w" for i in range(4, contact.vocabulary))]
    seen = x.ask(f"{contact.info.name}.sampler", *steps(contact, weights, words), seconds=SECONDS)
    drawn = [sentence(seen, f"a{i}", words) for i in range(SENTENCES)]
    quiet = [sentence(seen, f"b{i}", words) for i in range(SENTENCES)]
    again = sentence(seen, AGAIN, words)
    if not any(drawn) and len(shown := printed(seen, words)) == 2 * SENTENCES + 1:
        drawn, again, quiet = shown[:SENTENCES], shown[SENTENCES], shown[SENTENCES + 1 :]
    done = [ids for ids in drawn if len(ids) > 1]
    if not done:
        late = seen.status in (*OUT_OF_TIME, Status.DIED)
        return Sampling(late=late, trouble=seen.trouble)
    drops = drawn != quiet if all(drawn) and all(quiet) and again == drawn[0] else None
    used = quiet if drops else done
    rows = padded(used, contact.features)
    known = ways(x, contact, forward, rows, weights, (found, explained))
    told = tuple(" ".join(words[i] for i in ids) for ids in done)
    way = way_of(rows, used, known)
    if len(set(told)) == 1 and is_greedy(x, contact, forward, words, (found, explained)):
        way = GREEDY
    return Sampling(sentences=told, drops=drops, way=way, told=bool(known))


def is_greedy(
    x: Examiner, contact: Contact, forward: Forward, words: list[str], given: tuple[Layout, Explained | None]
) -> bool:
    """Whether only the likeliest words come, where many are likely: under loud weights they may do so by chance."""
    weights = {v.path: x.normal(f"soft {v.path}", v.shape, 0.5) for v in contact.initial}
    seen = x.ask(f"{contact.info.name}.sampler.soft", *steps(contact, weights, words), seconds=SECONDS)
    drawn = [ids for i in range(SENTENCES) if len(ids := sentence(seen, f"b{i}", words)) > 1]
    rows = padded(drawn, contact.features)
    guesses = ways(x, contact, forward, rows, weights, given).get("deck") if drawn else None
    return guesses is not None and never_drawn(rows, drawn, guesses)


def never_drawn(rows: Numbers, sentences: list[list[int]], guesses: Numbers) -> bool:
    """Whether all words are those with the largest of the guesses [n, sentences, V], and hardly so by chance."""
    best = guesses.argmax(-1)
    greedy = all(
        best[t, row] == word for row, ids in enumerate(sentences) for t, word in enumerate(ids[1 : len(best) + 1])
    )
    return greedy and score(rows, sentences, guesses)[0] < BY_CHANCE


def loud(x: Examiner, contact: Contact, found: Layout) -> Weights:
    """Weights under which the state says much about the next word, so that a sampler without it is soon caught.

    The last word is never unlikely: NumPy refuses probabilities that exceed one by a rounding error before it.
    """
    weights = {}
    for v in contact.initial:
        matrix = len(v.shape) == 2 and min(v.shape) > 1
        weights[v.path] = x.normal(f"loud {v.path}", v.shape, 8 / np.sqrt(v.shape[0]) if matrix else 0.3)
    weights[found.embedding.path] = found.embedding.kept(x.normal("loud words", found.embedding.shape, 0.5))
    out = x.normal("loud guesses", found.out.shape, 16 / np.sqrt(found.dim))
    out[:, -1] = 0.0
    weights[found.out.path] = found.out.kept(out)
    if found.out_bias:
        bias = weights[found.out_bias.path].reshape(-1)
        bias[: len(SPECIAL)] -= 4.0
        bias[-1] = 6.0
        weights[found.out_bias.path] = bias.reshape(found.out_bias.shape)
    return weights


def steps(contact: Contact, weights: Weights, words: list[str]) -> list[Step]:
    """Sentences as the notebook samples them, the first of them again, then all, by the same seeds, without dropout."""
    given = "(lambda own, ours: dict(enumerate(ours)) if isinstance(own, dict) else ours)"
    made: list[Step] = [*instance(contact, weights, {}), Put("words_of_ours", Listing(tuple(words)))]
    made += [Put("indices_to_words", Ref(f"{given}(globals().get('indices_to_words'), words_of_ours)"))]
    plain, again = (
        [call for i in range(SENTENCES) if (call := sampling_call(contact, "c", f"{into}{i}", i))] for into in "ab"
    )
    repeated = [replace(call, into=AGAIN) for call in plain[:1]]
    return [*made, *plain, *repeated, *whole(), *at_rate(contact, 0.0), *again]


def sentence(seen: Observation, name: str, words: list[str]) -> list[int]:
    """Word ids, <S> first, of what a sampler returned: a text, or a list of words or of ids; none for anything else."""
    return begun(ids_in(value_of(seen, name), words))


def printed(seen: Observation, words: list[str]) -> list[list[int]]:
    """The same of a sampler that prints a line for each sentence."""
    return [ids for line in seen.printed.splitlines() if (ids := begun(ids_in(line, words)))]


def begun(ids: list[int]) -> list[int]:
    return ids if not ids or ids[0] == 0 else [0, *ids]


def ids_in(value: Value | None, words: list[str]) -> list[int]:
    if isinstance(value, str):
        return [words.index(word) for word in value.split() if word in words]
    if isinstance(value, Listing) and any(isinstance(item, str) for item in value.items):
        return [words.index(item) for item in value.items if isinstance(item, str) and item in words]
    numbers = array(value)
    return [int(i) for i in numbers.reshape(-1)] if numbers is not None and numbers.dtype.kind in "iu" else []


def padded(sentences: list[list[int]], length: int) -> Numbers:
    return np.array([(ids + [0] * length)[:length] for ids in sentences])


def ways(
    x: Examiner,
    contact: Contact,
    forward: Forward,
    rows: Numbers,
    weights: Weights,
    given: tuple[Layout, Explained | None],
) -> dict[str, Numbers]:
    """Guesses [n, sentences, V] that each way to sample draws from: the oracle's where the cell is understood."""
    found, explained = given
    if explained and explained.form:
        values = explained.roles.values(found, weights)
        told = x.answers("sampled", x=rows, form=explained.form, **values)
        return {name: answer["logits"] for name, answer in told.items()}
    if contact.batch < contact.vocabulary:  # then it takes any number
        contact = replace(contact, batch=contact.vocabulary)
    batch, n = contact.batch, contact.features - 1
    single = np.zeros((batch, contact.features), np.int64)
    single[: contact.vocabulary, 0] = np.arange(contact.vocabulary)[:batch]
    full = np.zeros_like(single)
    full[: len(rows)] = rows[:batch]
    asked = [*forward.call(full, 0.0, "full"), *forward.call(single, 0.0, "single")]
    seen = x.ask(f"{contact.info.name}.sampled", *whole(), *begin(contact, weights), *asked)
    shape = (n, batch, contact.vocabulary)
    whole_sentences, words = (guesses_in(value_of(seen, name), shape) for name in ("full", "single"))
    if whole_sentences is None or words is None:
        return {}
    known = {"deck": whole_sentences[:n, : len(rows)]}
    if batch >= contact.vocabulary:
        known["sampler-forgets-state"] = words[0][rows[:, :n]].transpose(1, 0, 2)
    return known


def way_of(rows: Numbers, sentences: list[list[int]], known: dict[str, Numbers]) -> str | None:
    """The way under which the sentences are most likely, if they are likely at all; a right one unless clearly not."""
    scores = {name: score(rows, sentences, guesses) for name, guesses in known.items()}
    likely = {name: total for name, (total, errors) in scores.items() if errors > UNLIKELY}
    if not likely:
        return None
    best = max(likely, key=lambda name: likely[name])
    right = [name for name in likely if slug(name) == "deck" and likely[name] > likely[best] - CLEARLY]
    return next(iter(right), best)


def score(rows: Numbers, sentences: list[list[int]], guesses: Numbers) -> tuple[float, float]:
    """(log-likelihood of the words, standard errors above what such guesses lead to expect)."""
    shifted = guesses - guesses.max(-1, keepdims=True)
    logs = shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))
    means = (np.exp(logs) * logs).sum(-1)
    variances = (np.exp(logs) * logs**2).sum(-1) - means**2
    total = expected = variance = 0.0
    for row, ids in enumerate(sentences):
        for t, word in enumerate(ids[1 : guesses.shape[0] + 1]):
            total += float(logs[t, row, word])
            expected += float(means[t, row])
            variance += float(variances[t, row])
    return total, (total - expected) / max(np.sqrt(variance), 1.0)
