"""What `grader show` prints: each question with its answer, arrays in short, nothing that steers a terminal."""

import io
from pathlib import Path

import numpy as np
import pytest
import sample_reports as sample
from msgspec.structs import replace
from rich.console import Console
from test_cli import grader, refused

from grader.batch.replaying import Answers, Live, Replay, recording
from grader.batch.replaying import Asked as AskedQuestions
from grader.batch.store import Asked, opened
from grader.model import (
    CellRun,
    CellStatus,
    Isolation,
    Observation,
    Outcome,
    Report,
    Run,
    Status,
    Submission,
    TrainPolicy,
)
from grader.sandbox.guest.wire import Array, Call, Listing, Mapping, Question, Survey, Trouble
from reports.questions import questions_view

NUMBERS = Array("float32", (2, 3), np.arange(6, dtype=np.float32).tobytes(), "tensor")
CALL = Question("lab.f", (Call("f", (NUMBERS, "x" * 500), {"rate": 0.5}, "value"),))
SURVEY = Question("lab.survey", (Survey("all"),))
RUN = Run(Outcome.OK, Isolation.NONE, (CellRun(0, CellStatus.OK),))
HOSTILE = Trouble("ValueError", "\x1b[2Jgone\x1b]0;title\x07 \u202eleft\n[bold]", 3, 2)


def text_of(*exchanges: tuple[Question, Observation]) -> str:
    written = io.StringIO()
    Console(file=written, width=200).print(questions_view(sample.good(), exchanges))
    return written.getvalue()


def test_a_question_shows_its_steps_and_its_answers_with_arrays_in_short() -> None:
    answer = Observation("lab.f", Status.ANSWERED, {"value": Listing((NUMBERS, None, "short"))})
    said = text_of((SURVEY, Observation("lab.survey", Status.LATE)), (CALL, answer))
    assert "1. lab.survey: late" in said and "2. lab.f: answered" in said
    assert "f(tensor float32 [2, 3]: 0, 1, 2, 3, …, 'xxxx" in said and "rate=0.5) → value" in said
    assert "value = [tensor float32 [2, 3]: 0, 1, 2, 3, …, None, 'short']" in said
    assert "x" * 100 not in said


def test_a_mapping_that_came_back_has_a_line_for_each_of_its_parts() -> None:
    answer = Observation("lab.f", Status.ANSWERED, {"r": Mapping({"loss": 0.5, "output": NUMBERS})})
    said = text_of((CALL, answer))
    assert "r['loss'] = 0.5" in said and "r['output'] = tensor float32 [2, 3]: 0, 1, 2, 3, …" in said


def test_what_students_raise_and_print_cannot_steer_the_terminal() -> None:
    said = text_of((CALL, Observation("lab.f", Status.RAISED, {}, HOSTILE, at=0, printed="\x1b[31mred\rover [/]")))
    assert "raised in step 1: ValueError: gone ‹U+202E›left [bold] (cell 3, line 2)" in said
    assert "\x1b[2J" not in said and "\x07" not in said and "\r" not in said and "[/]" in said


def test_an_array_that_lies_about_its_size_is_called_damaged() -> None:
    lie = Observation("lab.f", Status.ANSWERED, {"value": Array("float32", (9,), b"1234")})
    assert "value = numpy float32 [9], damaged" in text_of((CALL, lie))


def test_questions_are_kept_with_their_answers_in_the_order_in_which_they_were_asked(tmp_path: Path) -> None:
    def ask(question: Question) -> Observation:
        return Observation(question.id, Status.ANSWERED, {"value": question.id})

    answers: Answers = {}
    questions: AskedQuestions = {}
    with opened(tmp_path) as store:
        asked = recording(ask, answers, questions)
        for question in (SURVEY, CALL, SURVEY):
            asked(question)
        store.keep_run("run", RUN, answers, questions)
        assert [q for q, _ in store.exchanges("run")] == [SURVEY, CALL, SURVEY]
        more = replace(CALL, id="lab.more")
        replay = Replay(store, "run", lambda: Live(RUN, ask))
        assert [replay(q).question for q in (SURVEY, more)] == ["lab.survey", "lab.more"]
        store.keep_answers("run", replay.added, replay.asked)
        assert [(q.id, a.question) for q, a in store.exchanges("run")][-1] == ("lab.more", "lab.more")
        assert store.exchanges("other") == []


@pytest.fixture
def graded(tmp_path: Path) -> Path:
    """An out folder with two students, one of whom handed in two notebooks."""
    first = Submission(
        tmp_path / "hand-ins" / "ana" / "one.ipynb", "ana", "lab1_warmup", content="1", file="ana/one.ipynb"
    )
    second = replace(
        first, path=tmp_path / "hand-ins" / "ana" / "two.ipynb", lab="lab2_mlp", content="2", file="ana/two.ipynb"
    )
    third = replace(
        first, path=tmp_path / "hand-ins" / "ben.zip" / "x.ipynb", student="ben", content="3", file="ben.zip/x.ipynb"
    )
    broken = replace(
        third, path=tmp_path / "eva.pdf", student="eva", content="4", lab=None, fault="It is a PDF.", file="eva.pdf"
    )
    out = tmp_path / "grades"
    with opened(out) as store:
        store.keep_asked(Asked((first, second, third, broken), None, TrainPolicy.NONE, None, True, True))
        for submission in (first, second, third):
            report: Report = replace(sample.good(), submission=submission)
            content, question = submission.content, Question(f"asked of {submission.file}", ())
            answer = Observation(question.id, Status.ANSWERED, {"value": submission.file})
            store.keep_run(content, RUN, {f"{content} 1": answer}, {content: question})
            store.keep_report(f"report {content}", content, report)
    return out


@pytest.mark.parametrize(
    ("name", "file"), [("ben", "ben.zip/x.ipynb"), ("two.ipynb", "ana/two.ipynb"), ("ana/one.ipynb", "ana/one.ipynb")]
)
def test_a_submission_is_named_by_its_student_or_its_path(graded: Path, name: str, file: str) -> None:
    done = grader("show", name, "--out", graded)
    assert done.returncode == 0 and f"asked of {file}" in done.stdout and f"value = '{file}'" in done.stdout
    assert grader("show", graded.parent / "hand-ins" / "ben.zip" / "x.ipynb", "--out", graded).returncode == 0


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("bem", "there is no submission 'bem'; did you mean 'ben'?"),
        ("zzzzzz", "results.json names them all"),
        ("ana", "'ana' means 2 submissions. Name one by its path: "),
        ("eva", "eva was asked nothing: It is a PDF."),
    ],
)
def test_a_name_that_will_not_do_is_told_with_what_would(graded: Path, name: str, says: str) -> None:
    refused(grader("show", name, "--out", graded), 2, says)


def test_a_folder_into_which_nothing_was_graded_stays_as_it_is(tmp_path: Path) -> None:
    refused(grader("show", "ana", "--out", tmp_path), 2, "keeps no graded batch", "--out")
    assert list(tmp_path.iterdir()) == []
