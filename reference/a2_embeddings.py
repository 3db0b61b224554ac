"""Assignment 2: neighbours, semantic orientation and analogies of word vectors.

u_w  unit vector of word w [D]        ℓ_w  length the notebook leaves it with, 1 where it normalises as it was given
neighbours of w     sim = U u_w
orientation of w    Σ_p u_w·u_p − Σ_n u_w·u_n        (Turney and Littman 2003, by cosines)
a : b = c : ?       t = u_c − u_a + u_b,  sim = U t  (Mikolov et al. 2013; 3CosAdd of Levy and Goldberg 2014)

Each explanation of a table gives `score`, by which its words are ordered, the largest first, and `shown`, the number
that stands beside a word.
"""

import numpy as np

from reference import Answers, Case

# Weights of u_a, u_b, u_c in the target.
ANALOGY = np.array([-1, 1, 1])
MISTAKEN = {
    "title-formula": (1, -1, 1),
    "wrong-vector/c": (0, 0, 1),
    "wrong-vector/b": (0, 1, 0),
    "wrong-vector/a": (1, 0, 0),
    "wrong-combination/b-a": (-1, 1, 0),
    "wrong-combination/c-a": (-1, 0, 1),
    "wrong-combination/c+b": (0, 1, 1),
    "wrong-combination/a+b+c": (1, 1, 1),
    "wrong-combination/a+b-c": (1, 1, -1),
    "wrong-combination/c-b": (0, -1, 1),
    "wrong-combination/c-a-b": (-1, -1, 1),
    "wrong-combination/b-a-c": (-1, 1, -1),
    "wrong-combination/a-b-c": (1, -1, -1),
}


def analogy(case: Case) -> Answers:
    """case U [V,D], lengths [V], the rows a, b, c -> tables over all V words."""
    U, lengths = np.asarray(case["U"], float), np.asarray(case["lengths"], float)
    rows = [case["a"], case["b"], case["c"]]
    queries = U[rows]
    found = table("deck", U, ANALOGY @ queries)
    R = lengths[:, None] * U
    found |= table("raw", U, ANALOGY @ R[rows])
    found |= not_normalised(U, R, ANALOGY @ queries, ANALOGY @ R[rows])
    for name, weights in MISTAKEN.items():
        found |= table(name, U, np.asarray(weights) @ queries)
    found |= upside_down(found) | shown_amiss(U, queries) | shifted(U, ANALOGY @ queries, rows)
    found |= first_missing(U @ (ANALOGY @ queries)) | without_signs(U, ANALOGY @ queries)
    found |= multiplied(U @ queries.T) | steps_compared(U, queries)
    found |= table("numbers-added", U, U[(ANALOGY @ rows) % len(U)])
    return found | negated(U, ANALOGY @ queries)


def negated(U: np.ndarray, t: np.ndarray) -> Answers:
    """The right words beside numbers with a minus, by which argsort puts the most similar first."""
    s = U @ t
    return {
        f"deck/negated-{n}": {"score": s, "shown": -s / length} for n, length in enumerate((1.0, np.linalg.norm(t)))
    }


def table(name: str, U: np.ndarray, t: np.ndarray) -> Answers:
    """Words ordered by their cosine with t, whatever monotone measure of it is shown; the plain one bears the name."""
    s, norm = U @ t, np.linalg.norm(t)
    cosine = s / norm
    shown = {
        "": s,
        "renormalised": cosine,
        "mean": s / 3,
        "percent": 100 * cosine,
        "hundredfold": 100 * s,
        "half": (1 + cosine) / 2,
        "distance": 1 - cosine,
        "euclidean": np.linalg.norm(U - t, axis=1),
        "apart": np.linalg.norm(U - t / norm, axis=1),
        "angle": np.arccos(np.clip(cosine, -1, 1)),
    }
    return {f"{name}/{form}".rstrip("/"): {"score": s, "shown": values} for form, values in shown.items()}


def not_normalised(U: np.ndarray, R: np.ndarray, unit: np.ndarray, raw: np.ndarray) -> Answers:
    """Products of rows that are not of length 1, where long vectors win."""
    forms = {"rows": R @ unit, "both": R @ raw, "renormalised": R @ raw / np.linalg.norm(raw)}
    found = {f"not-normalised/{form}": {"score": s, "shown": s} for form, s in forms.items()}
    apart = np.linalg.norm(R - raw, axis=1)
    found["not-normalised/distance"] = {"score": -apart, "shown": apart}
    return found


def upside_down(found: Answers) -> Answers:
    """The right numbers with the least similar word first: argsort ascends."""
    return {
        f"ascending/{name}": {"score": -given["score"], "shown": given["shown"]}
        for name, given in found.items()
        if name.split("/")[0] in ("deck", "raw")
    }


def shown_amiss(U: np.ndarray, queries: np.ndarray) -> Answers:
    """Words in the right order beside numbers that are not theirs."""
    t = ANALOGY @ queries
    s, norm = U @ t, np.linalg.norm(t)
    falling = np.sort(s)[::-1]
    found = {f"wrong-vector/beside-{q}": {"score": s, "shown": U @ u} for q, u in zip("abc", queries, strict=True)}
    for name, values in (("falling", falling), ("rising", falling[::-1])):
        found[f"sim-misaligned/{name}"] = {"score": s, "shown": values}
        found[f"sim-misaligned/{name}/renormalised"] = {"score": s, "shown": values / norm}
    return found


def shifted(U: np.ndarray, t: np.ndarray, rows: list[int]) -> Answers:
    """The words of the question are dropped from the similarities, and the numbers of what is left taken for words'.

    Of 0.3, 0.9, 0.5 without the first, the largest is number 0, which is the word that was dropped.
    """
    s = np.delete(U @ t, rows)
    kept = np.concatenate([s, np.full(len(rows), s.min())])  # the last words have no number any more
    cosine = kept / np.linalg.norm(t)
    return {
        f"numbers-shifted/{form}": {"score": kept, "shown": v} for form, v in (("", kept), ("renormalised", cosine))
    }


def first_missing(s: np.ndarray) -> Answers:
    """The best word of all is passed over, whether it is one of the question or not."""
    return {"best-missing": {"score": np.where(s == s.max(), s.min(), s), "shown": s}}


def without_signs(U: np.ndarray, t: np.ndarray) -> Answers:
    """What is opposite to the target counts as much as what is like it."""
    s, cosine = U @ t, U @ t / np.linalg.norm(t)
    shown = {"size": abs(s), "size_of_cosine": abs(cosine), "square": s**2, "square_of_cosine": cosine**2, "sign": s}
    return {f"sign-lost/{form}": {"score": abs(s), "shown": values} for form, values in shown.items()}


def multiplied(cosines: np.ndarray) -> Answers:
    """cosines [V, 3] with a, b, c: 3CosMul of Levy and Goldberg 2014, who keep them above zero and divide by ε more."""
    a, b, c = (cosines.T + 1) / 2
    plain = {"plain": cosines.T[1] * cosines.T[2] / (cosines.T[0] + 0.001)}
    found = {f"above-zero-{e:g}": b * c / (a + e) for e in (0.001, 0.01, 1e-6)} | plain
    return {f"multiplied/{form}": {"score": s, "shown": s} for form, s in found.items()}


def steps_compared(U: np.ndarray, queries: np.ndarray) -> Answers:
    """PairDirection of Levy and Goldberg 2014: how much the step from c to a word is that from a to b."""
    a, b, c = queries
    steps = U - c
    s = steps @ (b - a) / np.maximum(np.linalg.norm(steps, axis=1) * np.linalg.norm(b - a), 1e-9)
    return {"steps-compared": {"score": s, "shown": s}}


def neighbours(case: Case) -> Answers:
    """case U [V,D], lengths [V], row w -> tables over all V words."""
    U, lengths = np.asarray(case["U"], float), np.asarray(case["lengths"], float)
    found = table("deck", U, U[case["w"]])
    for length in (1.0, lengths[case["w"]]):
        s = lengths * (U @ U[case["w"]]) * length
        found[f"raw/{length}"] = {"score": s, "shown": s}
    return found


def coefficient(case: Case) -> Answers:
    """case U [V,D], lengths [V], row w, rows positive and negative -> the orientation of w."""
    U, lengths = np.asarray(case["U"], float), np.asarray(case["lengths"], float)
    found = {}
    for name, rows in (("", U), ("raw", lengths[:, None] * U)):
        positive, negative = (rows[list(case[side])] @ rows[case["w"]] for side in ("positive", "negative"))
        for form, value in {
            "deck": positive.sum() - negative.sum(),
            "mean": positive.mean() - negative.mean(),
            "ratio": positive.sum() / negative.sum(),
        }.items():
            found[f"{name}/{form}".lstrip("/")] = {"coefficient": np.asarray(value)}
    return found


def targets(case: Case) -> Answers:
    """case A, B, C [N,D], unit rows -> where each analogy should end [N,D]."""
    A, B, C = (np.asarray(case[key], float) for key in "ABC")
    return {"deck": {"t": C - A + B}}


def orientations(case: Case) -> Answers:
    """case U [N,D], positive and negative seeds [., D], all unit rows -> the orientation of each of the N words."""
    U, positive, negative = (np.asarray(case[key], float) for key in ("U", "positive", "negative"))
    return {"deck": {"coefficient": U @ positive.sum(0) - U @ negative.sum(0)}}


QUESTIONS = {
    "analogy": analogy,
    "neighbours": neighbours,
    "coefficient": coefficient,
    "targets": targets,
    "orientations": orientations,
}
