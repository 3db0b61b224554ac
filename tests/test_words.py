"""What is said, and that page, class page and terminal say the same."""

import io
import re

import pytest
import sample_reports as sample
from msgspec.structs import replace
from rich.console import Console, RenderableType

from grader.model import CellStatus, Isolation, Level, Outcome, Scorecard, Verdict
from reports import words
from reports.classpage import class_page
from reports.feedback import feedback_page
from reports.terminal import batch_table, check_view


def text_of(view: RenderableType) -> str:
    console = Console(width=80, record=True, file=io.StringIO(), force_terminal=False)
    console.print(view)
    return console.export_text()


@pytest.mark.parametrize(
    ("earned", "possible", "pending", "outcome", "sentence"),
    [
        (7, 9, 1, Outcome.OK, "Nearly there: 7 of 9 points, 1 still open"),
        (9, 9, 0, Outcome.OK, "Everything is right: 9 of 9 points"),
        (7, 9, 2, Outcome.FAILED_CELLS, "All right so far: 7 of 9 points, 2 still open"),
        (0, 9, 0, Outcome.OK, "Not there yet: 0 of 9 points"),
        (0, 1, 0, Outcome.UNATTEMPTED, "Not started yet: 0 of 1 point"),
        (0.1 + 0.2, 1, 0, Outcome.OK, "A start has been made: 0.3 of 1 point"),
        (0, 9, 9, Outcome.GRADER_ERROR, "Not decided yet: 0 of 9 points, 9 still open"),
        (0, 0, 0, Outcome.UNREADABLE, "Not graded: could not be read"),
    ],
)
def test_the_score_is_told_in_words(
    earned: float, possible: float, pending: float, outcome: Outcome, sentence: str
) -> None:
    assert words.score(Scorecard((), earned, possible, pending), outcome) == sentence


def test_every_outcome_isolation_and_level_has_its_words() -> None:
    assert set(words.OUTCOMES) == set(words.OUTCOME_SENTENCES) == set(Outcome)
    assert set(words.ISOLATIONS) == set(Isolation)
    assert set(words.LEVELS) == set(Level)
    assert set(words.VERDICTS) == set(words.SIGNS) == set(Verdict)
    assert {CellStatus.TIMEOUT, CellStatus.DIED, CellStatus.OUT_OF_MEMORY, CellStatus.SKIPPED} == set(words.CELLS)


def test_the_terminal_shows_the_score_first_and_fits_80_columns() -> None:
    text = text_of(check_view(sample.mistaken()))
    assert text.index("Well on the way") < text.index("Fix this first") < text.index("✓ The classifier can be made")
    assert "✗ One step of the GRU (to fix)" in text
    assert all(len(line.rstrip("\n")) <= 80 for line in text.splitlines())
    assert all(len(line) <= 80 for line in text_of(batch_table(sample.whole_class())).splitlines())


def test_the_terminal_says_no_sentence_of_the_opening_twice_and_what_the_error_said() -> None:
    fault = 'The cell that begins "plt.plot" failed with NameError; its own code raised that.'
    report = replace(sample.mistaken(), summary=fault)
    text = text_of(check_view(replace(report, run=replace(report.run, fault=fault)))).split("Fix this first")[0]
    said = " ".join(text.split())
    assert said.count(fault) == 1
    assert 'line 2 of the cell that begins "plt.plot(dev_accuracy)"' in said
    assert "NameError: name 'accuracy_train' is not defined" in said


def test_people_are_shown_cells_by_their_own_words_and_not_by_numbers() -> None:
    views = (text_of(check_view(sample.mistaken())), text_of(check_view(sample.hostile())))
    pages = [re.sub(r"<[^>]*>", " ", page) for page in map(feedback_page, (sample.mistaken(), sample.hostile()))]
    assert not [text for text in (*views, *pages) if re.search(r"\b[Cc]ell \d", text)]
    assert 'Look at the cell that begins "class RNNSentimentClassifier:"' in " ".join(views[0].split())


def test_nothing_in_a_hostile_notebook_steers_the_terminal() -> None:
    text = text_of(check_view(sample.hostile())) + text_of(batch_table([sample.hostile()]))
    assert "\x1b" not in text
    assert "\u202e" not in text


def test_the_class_page_counts_each_mistake_once_for_each_notebook() -> None:
    page = class_page([sample.mistaken(), sample.mistaken("student06"), sample.good()], ["a.html", "b.html", "c.html"])
    assert "<summary>The update gate is mirrored: 2 of 3</summary>" in page


def test_a_notebook_that_ran_unjailed_says_so_on_every_view() -> None:
    report = sample.unisolated()
    assert "NOT isolated" in feedback_page(report).split("<main")[0]
    assert "NOT isolated" in class_page([report], ["a.html"])
    assert "NOT isolated" in text_of(check_view(report))
    assert "NOT isolated" in text_of(batch_table([report]))
    assert "NOT isolated" not in feedback_page(sample.good())
