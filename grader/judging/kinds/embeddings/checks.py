"""Assignment 2: what tables of words show, as findings."""

from grader.judging.checks import blocked, check, failed, manual, passed, remarks, unattempted, unsure
from grader.judging.comparing.compare import slug
from grader.judging.kinds.embeddings.asking import NAMED_ROWS, Asked, K, accepted
from grader.judging.kinds.embeddings.interview import LAB, Evidence, ranking_of, turned
from grader.judging.kinds.embeddings.own import Hits
from grader.judging.kinds.embeddings.tables import explanation_of
from grader.judging.kinds.embeddings.written import NEIGHBOURS
from grader.model import OUT_OF_TIME, Finding, Remark, Status
from grader.wording.counting import quantity

NOTHING_SHOWN = "Not checked because no table was shown."


@check(LAB, "prints")
def prints(e: Evidence) -> Finding:
    if e.form is None:
        return failed("There is no function called `analogy` in your notebook after it has run.")
    if e.of_single_words:
        return failed(mistake="one-word-only", cell=e.form.cell)
    if not e.shown:
        return out_of_reach() if e.out_of_reach else no_table(e, e.asked[0])
    if e.form.rows == NAMED_ROWS:
        return failed(mistake="no-numbers", cell=e.form.cell)
    return passed(f"`{e.form.name}` shows a table of words.")


@check(LAB, "finishes")
def finishes(e: Evidence) -> Finding:
    """Without an error; a table of the notebook's own words came from calls that ended well."""
    raised = next((one for one in e.judged if one.observation.status is not Status.ANSWERED), None)
    if raised is not None and cut_short(e, raised):
        return failed(mistake="ranking-cut", cell=e.form.cell if e.form else None)
    if e.form is None or raised is not None:
        return no_table(e, raised) if raised else blocked(NOTHING_SHOWN)
    if e.out_of_reach:
        return out_of_reach()
    return passed(f"`{e.form.name}` ends without an error.")


def cut_short(e: Evidence, one: Asked) -> bool:
    """Whether it stops behind rows that are right as far as they go."""
    trouble = one.observation.trouble
    ranked = accepted(e.shown, order=True) or accepted(turned(e.shown), order=True)
    return bool(e.shown and ranked and trouble is not None and trouble.kind == "IndexError")


def out_of_reach() -> Finding:
    return unsure("Your notebook keeps its vectors in a way we do not know, so we could not ask about others.")


def no_table(e: Evidence, one: Asked) -> Finding:
    name, cell = (e.form.name, e.form.cell) if e.form else ("analogy", None)
    trouble = one.observation.trouble
    if one.observation.status is Status.RAISED and trouble is not None:
        return failed(f"`{name}` stops with {trouble.kind}: {trouble.message[:200]}", cell=trouble.cell)
    if one.observation.status is not Status.ANSWERED:
        return failed(f"`{name}` gave no answer in time for a vocabulary of 80 words.", cell=cell)
    return failed(f"`{name}` runs, but shows no list of at least three words.", cell=cell)


@check(LAB, "ranks")
def ranks(e: Evidence) -> Finding:
    if e.form is not None and e.of_single_words:
        return failed(mistake="one-word-only", cell=e.form.cell)
    if e.form is None or not e.shown:
        return out_of_reach() if e.out_of_reach else blocked(NOTHING_SHOWN)
    if accepted(e.shown, order=True) and e.ranked is not None:
        told = f"of your {e.holders.size} words only the first {e.ranked} or so are ranked"
        return failed(mistake="part-of-the-words", seen=told, cell=e.form.cell)
    if accepted(e.shown, order=True):
        return passed("The words nearest to c − a + b come first, in falling order.")
    name = "best-last" if accepted(turned(e.shown), order=True) else ranking_of(e.shown)
    if name is not None:
        return failed(mistake=slug(name), seen=first_words(e), cell=e.form.cell)
    return failed(
        "The words are in another order than their similarity to c − a + b puts them.",
        seen=first_words(e),
        cell=e.form.cell,
    )


def first_words(e: Evidence) -> str:
    """Where the words that came first should stand."""
    shown = e.shown[0]
    score = shown.answers["deck"]["score"]
    places = {word: int((score > score[i]).sum()) + 1 for i, word in enumerate(shown.words)}
    rows = [f"{row.word} (rank {places[row.word]})" for row in shown.rows if row.word not in shown.free][:5]
    return f"first come {', '.join(rows)}"


@check(LAB, "similarities")
def similarities(e: Evidence) -> Finding:
    """The number beside a word: of the right vector, or at least of the one it was ranked by."""
    if e.form is None or not e.shown:
        return out_of_reach() if e.out_of_reach else blocked(NOTHING_SHOWN)
    name = accepted(e.shown, numbers=True)
    if name is not None:
        return passed(f"Each word is listed with its similarity to c − a + b{SHOWN_AS.get(form_of(name), '')}.")
    if any(not row.numbers for shown in e.shown for row in shown.rows):
        return failed("Some words are listed without their similarity.", cell=e.form.cell)
    name = explanation_of(e.shown, order=True, numbers=True) or explanation_of(e.shown, order=False, numbers=True)
    if name is not None:
        return failed(mistake=slug(name), cell=e.form.cell)
    return failed("The numbers beside the words are not their similarities to c − a + b.", cell=e.form.cell)


SHOWN_AS = {
    "renormalised": ", the target divided by its length",
    "mean": ", the target divided by 3",
    "percent": ", in per cent",
    "hundredfold": ", times 100",
    "half": ", brought between 0 and 1",
    "distance": ", as a cosine distance",
    "euclidean": ", as a distance",
    "apart": ", as a distance",
    "angle": ", as an angle",
}


def form_of(explanation: str) -> str:
    return explanation.rpartition("/")[2]


@check(LAB, "vectors-kept")
def vectors_kept(e: Evidence) -> Finding:
    cell = e.form.cell if e.form else None
    if e.out_of_reach:
        return out_of_reach()
    if e.form is None or not e.shown:
        return blocked(NOTHING_SHOWN)
    if any(one.changed for one in e.judged):
        return failed(mistake="matrix-changed", cell=cell)
    if not e.holders.unit:
        name = ranking_of(e.shown)
        if name is None or slug(name) == "not-normalised":
            return failed(mistake="not-normalised")
        return passed("The vectors are not divided by their length, but your cosines are.")
    if all(one.changed is None for one in e.judged):
        return blocked("Not checked because every call of `analogy` failed.")
    return passed("The vectors are of length 1, and as they were after every call.")


@check(LAB, "unknown-word")
def unknown_word(e: Evidence) -> Finding:
    seen = e.unknown
    if seen is None or seen.status in (*OUT_OF_TIME, Status.DIED, Status.MALFORMED):
        return blocked("Not checked: there was no answer.")
    if seen.status is Status.RAISED and seen.trouble is not None:
        return failed(f"A word without a vector stops it with {seen.trouble.kind}.", cell=seen.trouble.cell)
    return passed("A word without a vector is said to be out of the vocabulary.")


@check(LAB, "knn")
def knn(e: Evidence) -> Finding:
    if e.knn is None:
        return blocked("Not checked because there is no `knn`.")
    if e.knn.shown is None:
        return no_table_of_given("knn", e.knn)
    if accepted([e.knn.shown], order=True):
        return passed("`knn` lists the words of largest cosine.")
    return failed("`knn`, which was given, no longer lists the words of largest cosine.")


def no_table_of_given(name: str, one: Asked) -> Finding:
    trouble = one.observation.trouble
    return failed(f"`{name}`, which was given, no longer shows a table{f' ({trouble.kind})' if trouble else ''}.")


@check(LAB, "coefficient")
def coefficient(e: Evidence) -> Finding:
    if e.coefficient is None:
        return blocked("Not checked because there is no `determine_coefficient`.")
    value = e.coefficient.value
    if value is None:
        return failed("`determine_coefficient`, which was given, no longer gives a number.")
    for answer in e.coefficient.answers.values():
        if abs(value - float(answer["coefficient"])) < 2e-3:
            return passed("`determine_coefficient` weighs the positive seeds against the negative ones.")
    return failed("`determine_coefficient`, which was given, no longer gives the difference of the two sums.")


@check(LAB, "question-file")
def question_file(e: Evidence) -> Finding:
    return told(e.analogies, "Expected answers among the first 10 words")


@check(LAB, "orientation")
def orientation(e: Evidence) -> Finding:
    return told(e.lexicon, "Adjectives of a clear side with the right sign")


def told(hits: Hits | None, what: str) -> Finding:
    if hits is None:
        return blocked("Not asked: the notebook's own vectors, or the function, gave no answer.")
    message = f"{what}: {hits.right} of {hits.asked}; the formula of the handout gets {hits.possible} on these vectors."
    missed = f"not so: {'; '.join(hits.missed[:6])}" if hits.missed else ""
    if hits.right + 1 < hits.possible:
        return failed(message, seen=missed)
    return passed(message, seen=missed)


@check(LAB, "neighbours-read")
def neighbours_read(e: Evidence) -> Finding:
    missing = [word for word in NEIGHBOURS if word not in e.written.looked_up]
    message = "All six words were looked up." if not missing else f"Not looked up with `knn`: {', '.join(missing)}."
    return manual(f"{message} {text_told(e.written.neighbours_text)}", seen=e.written.neighbours_text)


@check(LAB, "own-seeds")
def own_seeds(e: Evidence) -> Finding:
    seeds = "; ".join(f"{name}: {', '.join(words[:12])}" for name, words in e.written.seeds.items())
    if not seeds:
        return manual("No list of seeds beside the given ones was found.")
    return manual("Lists of words in the notebook beside the given seeds are shown below.", seen=seeds[:1500])


@check(LAB, "own-analogies")
def own_analogies(e: Evidence) -> Finding:
    tried = quantity(e.written.tried, "analogy", "analogies")
    message = f"Written down where `analogy` is called: {tried}; ten were asked for."
    return manual(f"{message} {text_told(e.written.analogies_text)}", seen=e.written.analogies_text)


def text_told(text: str) -> str:
    return "The text there is shown below, together with the handout's." if text else "There is no text."


@check(LAB, "map")
def word_map(e: Evidence) -> Finding:
    if e.written.drawn == "here":
        return manual("The map was drawn when the notebook ran here; it is below, in its cell.")
    if e.written.drawn:
        return manual("No map was drawn when the notebook ran here; the notebook as handed in has one.")
    return manual("No map was found.")


@remarks(LAB)
def remarks_on(e: Evidence) -> tuple[Remark, ...]:
    found = []
    name = accepted(e.shown, order=True, numbers=True)
    if name and form_of(name) in SHOWN_AS:
        found.append(
            Remark("measure", f"Your table shows the similarity{SHOWN_AS[form_of(name)]}. The order stays the same.")
        )
    rows = [row.word for shown in e.shown for row in shown.rows]
    if name and not any(word in rows for shown in e.shown for word in shown.free):
        found.append(
            Remark("query-words", "Your table leaves out the words of the question, as is usual; the slide keeps them.")
        )
    if name and e.form and e.form.count and not e.of_own_words and max(len(shown.rows) for shown in e.shown) > K + 3:
        found.append(Remark("k", f"Asked for {K} words, your function shows {len(e.shown[0].rows)}."))
    if e.of_own_words:
        found.append(
            Remark("sizes", "Your function works on the vocabulary of the notebook only, not on a smaller one.")
        )
    return tuple(found)


@unattempted(LAB)
def nothing_begun(e: Evidence) -> bool:
    return e.form is not None and not e.shown and not e.begun and not e.out_of_reach
