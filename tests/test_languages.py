"""Every sentence that is said stands in every catalogue, and is found again however it is filled."""

import re
import time
from pathlib import Path

import pytest
import sample_reports as sample
from msgspec.structs import replace
from test_cli import grader, refused

from grader.course.folder import load_course
from grader.course.rubric import Rubric
from grader.model import Automatic, CheckResult, Decision, Report, Verdict
from grader.sealed.catalogues import catalogues
from grader.sealed.sealing import only_graded
from grader.sealed.wheel import TEMPLATES, modules
from reports.catalogues.code import sentences
from reports.catalogues.sources import ROOT, said_by
from reports.catalogues.upkeep import (
    as_written,
    compiled,
    extracted,
    faults,
    is_translated,
    kept,
    messages,
    read,
    texts,
    updated,
    written,
)
from reports.compiled import PLURAL, packed, unpacked
from reports.feedback import feedback_page
from reports.languages import catalogue_of, languages, parts, place, speak, speaking, translated
from reports.self_check import Result, standing
from reports.sentences import Sentences, inner, template
from tests.test_sealed import sealed_alone

LANGUAGES = ("es", "eu")
FIELD = re.compile(r"\{(\w*)\}")
DECISION = Decision(1.0, "", "As asked.", "Reader", "2026-03-01T10:00:00Z", Automatic(Verdict.FAIL, 0.0, None, ""))
LAB = load_course(ROOT).labs["lab4_gru"]


def test_there_are_catalogues_of_the_languages_of_the_course() -> None:
    assert tuple(kept()) == LANGUAGES and languages() == ("en", *LANGUAGES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_sentence_is_missing_and_none_is_left_over(language: str) -> None:
    """`make catalogues` puts right what this names."""
    there, said = ({texts(message.id)[0] for message in messages(one)} for one in (read(language), extracted(language)))
    assert said - there == set() and there - said == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_has_a_translation_with_the_same_placeholders_and_the_same_code(language: str) -> None:
    for message in messages(read(language)):
        assert is_translated(message) and not message.fuzzy, message.id
        assert [*faults(message)] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_compiled_is_what_is_written(language: str) -> None:
    file = written(language)
    assert file.with_suffix(".mo").read_bytes() == compiled(read(language))
    assert file.read_bytes() == as_written(updated(language))


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_sentence_is_found_however_its_placeholders_are_filled(language: str) -> None:
    """A piece that says nothing by itself is found in the place of another's placeholder."""
    catalogue = catalogue_of(language)
    assert catalogue
    with_fields = {text: other for text, other in catalogue.pairs.items() if FIELD.search(text) and PLURAL not in text}
    assert len(with_fields) > 400
    for english, other in with_fields.items():
        one = template(inner(english), inner(other))
        filled = {name: str(7 + n) for n, name in enumerate(dict.fromkeys(one.fields))}
        text = "".join(f"{a}{filled.get(b, '')}" for a, b in zip(one.literals, (*one.fields, ""), strict=True))
        expected = FIELD.sub(lambda field, filled=filled: filled[field[1]], one.translation)  # type: ignore[misc]
        found = {catalogue.sentences.said(text).text, catalogue.sentences.said(text, 1).text}
        assert expected in found, english


SPOKEN = Sentences(
    {
        "`{name}` stops with {kind}: {3}": "`{name}` se para con {kind}: {3}",
        "It stops. Look at {place}.": "Se para. Mira {place}.",
        "Look at {place}": "Mira {place}",
        "the cell below": "la celda de abajo",
        "{1} of {2} points": "de {2} puntos, {1}",
        "Nearly there": "Ya casi",
        "after {number} epochs": "tras {number} épocas",
        ", {1} still open": ", {1} sin decidir",
        "the output": "la salida",
        "is always the same": "es siempre la misma",
        "train": "entrenamiento",
        " and ": " y ",
    }
)


@pytest.mark.parametrize(
    ("english", "spanish"),
    {
        "Look at the cell below": "Mira la celda de abajo",
        "look at the cell below": "mira la celda de abajo",
        "It stops. Look at the cell below.": "Se para. Mira la celda de abajo.",
        "Nearly there: 5.5 of 13 points, 2 still open": "Ya casi: de 13 puntos, 5.5, 2 sin decidir",
        "`train` stops with ValueError: it is (so) {3}": "`train` se para con ValueError: it is (so) {3}",
        "the output and the cell below": "la salida y la celda de abajo",
        "The output is always the same.": "La salida es siempre la misma.",
        "after 3 epochs": "tras 3 épocas",
        "after many epochs": "after many epochs",
        "Look at the whole of the sentence nobody knows": "Look at the whole of the sentence nobody knows",
        "": "",
    }.items(),
)
def test_a_sentence_is_put_together_from_what_the_catalogue_knows(english: str, spanish: str) -> None:
    assert SPOKEN.said(english).text == spanish


def test_text_by_a_student_costs_no_more_time_than_its_length() -> None:
    catalogue = catalogue_of("es")
    assert catalogue
    begun = time.process_time()
    for text in ("Not checked because ", "a: ", " of the ", ", and ", "on the whole dev set (: of . It "):
        catalogue.sentences.said((text * 4000)[:4000])
    assert time.process_time() - begun < 3


def test_placeholders_are_those_of_the_code_and_choices_give_sentences_of_their_own() -> None:
    source = '''
"""No docstring is said."""
log.warning("this is not said")
def f(name, x):
    """Nor this one."""
    if "not said either" in name:
        raise LookupError("nor is this")
    yield f"`{name}` of {x.size} took {len(x)} and {x.size} of {len(x.shape):.2f}."
    yield f"It {'is' if x else 'are'} there" + f", {quantity(3, 'step')} later"
    yield gettext("Hint"), "word", re.compile("two words"), f"{name} moves"
'''
    assert [text for _, text in sentences(source)] == [
        "`{name}` of {size} took {3} and {size} of {4}.",
        "It is there, {1} later",
        "It are there, {1} later",
        "{number} step",
        "{number} steps",
        "Hint",
    ]


def with_words_of(rubric: Rubric) -> Report:
    """A page on which only the rubric and the grader speak."""
    rules = list(rubric.mistakes.values()) * 4
    checks = tuple(
        CheckResult(
            rule.id, rule.level, rule.title, Verdict.FAIL if n % 2 else Verdict.PASS, 0.0, rule.points,
            "As asked." if n % 2 == 0 else rules[n].says, True, rule.tested, rule.why,
            mistake_title=rules[n].title if n % 2 else "", hint=rules[n].hint, example=rule.example,
            nudge=rules[n].nudge,
        )
        for n, rule in enumerate(rubric.checks)
    )  # fmt: skip
    report = sample.good()
    card = replace(report.card, checks=checks, fix_first=checks[1].id)
    submission = replace(report.submission, repairs=(), cells=report.submission.cells[:0])
    run = replace(report.run, changes=(), cells=())
    return replace(
        report, card=card, lab_title=rubric.title, remarks=(), submission=submission, run=run,
        summary="One thing to fix; the box below says where to start.",
    )  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("rubric", load_course(ROOT).labs.values(), ids=lambda rubric: rubric.lab)
def test_a_page_speaks_its_language_and_nothing_else(rubric: Rubric, language: str) -> None:
    with speaking(language):
        page = feedback_page(with_words_of(rubric))
    assert f'<html lang="{language}">' in page and 'lang="en"' not in page


def test_what_is_not_known_stays_as_it_is_and_is_marked_as_english() -> None:
    strange = replace(with_words_of(LAB), summary="Nobody has put this into `other words`. As asked.")
    with speaking("es"):
        page = feedback_page(strange)
        assert parts("As asked.") == [(translated("As asked."), False)]
    assert '<span lang="en">Nobody has put this into <code>other words</code>.</span> Como se pedía.' in page
    assert "Nobody has put this into <code>other words</code>. As asked." in feedback_page(strange)


def test_what_a_person_wrote_is_never_translated() -> None:
    report = with_words_of(LAB)
    first, *others = report.card.checks
    marked = replace(first, message="As asked.", verdict=Verdict.MANUAL, decision=DECISION)
    with speaking("es"):
        page = feedback_page(replace(report, card=replace(report.card, checks=(marked, *others))))
    assert '<div class="comment">As asked.</div>' in page


def test_the_self_check_answers_in_the_language_asked_for_and_in_english_where_there_is_none() -> None:
    told = {lang: repr(Result(LAB.title, lang, later=(LAB.checks[0].title,), hidden=1)) for lang in ("es", "eu", "xx")}
    assert "Nada de este laboratorio se puede comprobar aquí; 2 más se ejecutan al corregir." in told["es"]
    assert "Laborategi honetako ezer ezin da hemen egiaztatu; beste 2 zuzentzean egiten dira." in told["eu"]
    assert "Nothing of this lab can be checked here; 2 more run when it is graded." in told["xx"]
    with speaking("es"):
        assert standing(6, 7, doubtful=1) == "Pasan 6 de 7 comprobaciones públicas; 1 no se ha podido decidir aquí."


def said_only_by_hidden_checks(rubric: Rubric) -> set[str]:
    public = {check.id for check in rubric.checks if check.public}
    mistakes = {slug: rule for slug, rule in rubric.mistakes.items() if public & {*rule.checks}}
    open_ones = replace(rubric, checks=tuple(c for c in rubric.checks if c.public), mistakes=mistakes)
    return {text for _, text in said_by(rubric) if text} - {text for _, text in said_by(open_ones)}


def test_a_wheel_for_students_says_nothing_of_hidden_checks_in_any_language() -> None:
    labs = load_course(ROOT).labs
    sealed = {lab: one for rubric in labs.values() if rubric.head.sealed for lab, one in sealed_alone(rubric).items()}
    inside = [*(file.relative_to(ROOT).as_posix() for file in modules(sealed)), *TEMPLATES]
    made = dict(catalogues(inside, {lab: only_graded(rubric) for lab, rubric in labs.items()}))
    hidden = {text for rubric in labs.values() for text in said_only_by_hidden_checks(rubric)}
    hidden -= {text for rubric in labs.values() for _, text in said_by(rubric)} - hidden
    assert set(made) == {place(language) for language in LANGUAGES} and len(hidden) > 10
    for where, content in made.items():
        held = unpacked(content)
        whole = catalogue_of(where.parts[0])
        assert whole and not hidden & set(held)
        assert not {whole.pairs[text] for text in hidden} & set(held.values())
        assert LAB.title in held and "First to fix" in held and "Who earned what" not in held
        assert len(content) < 300_000


def test_a_course_brings_a_catalogue_of_its_own_sentences(tmp_path: Path) -> None:
    file = tmp_path / "locale" / place("es")
    file.parent.mkdir(parents=True)
    file.write_bytes(packed({"": "Content-Type: text/plain; charset=utf-8\n", "A lab of ours": "Una práctica nuestra"}))
    speak("es", tmp_path)
    assert translated("A lab of ours") == "Una práctica nuestra" and translated("As asked.") == "Como se pedía."
    speak("en")
    assert translated("A lab of ours") == "A lab of ours"


def test_a_terminal_speaks_the_language_asked_for(tmp_path: Path) -> None:
    told = grader("explain", "cell", "--lab", "lab4", "--lang", "eu")
    assert told.returncode == 0 and "Zer egiaztatu den: " in told.stdout and "What was tested" not in told.stdout
    refused(grader("explain", "nothing", "--lang", "es"), 2, "ninguna comprobación")
    refused(grader("check", tmp_path / "none.ipynb", "--lang", "es"), 2, "no existe")


def test_a_course_says_in_which_language_its_students_read(tmp_path: Path) -> None:
    course = tmp_path / "course"
    assert grader("init", course).returncode == 0
    sheet = (course / "course.yaml").read_text("utf-8")
    (course / "course.yaml").write_text(sheet.replace("languages: [en]", "languages: [eu, en]"), "utf-8")
    refused(grader("check", tmp_path / "none.ipynb", "--course", course), 2, "ez da existitzen")
    refused(grader("check", tmp_path / "none.ipynb", "--course", course, "--lang", "en"), 2, "does not exist")
