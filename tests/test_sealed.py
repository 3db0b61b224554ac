"""Sealed checks: what students get says what a grading would say, and holds no answer to anything else."""

import hashlib
import lzma
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest
from msgspec.structs import replace

from grader.batch.model_answers import model_answers
from grader.batch.preparing import batch_for
from grader.batch.shared import Batch
from grader.commands.seal import line
from grader.course.folder import load_course
from grader.errors import UsageError
from grader.judging.model_answer import DECK, STARTER, ModelAnswer, mistake_of
from grader.judging.unaskable import Unaskable
from grader.model import TrainPolicy, Verdict
from grader.sandbox.guest.wire import Question
from grader.sealed.file import MAGIC, Sealed, read, written
from grader.sealed.sealing import SEED, by_the_judge, examiner_of, one_sealed
from grader.sealed.wheel import modules, student_wheel

ROOT = Path(__file__).parent.parent
VISION = ROOT / "tests" / "courses" / "vision"
LABS = ("filters", "digits_mlp", "digits_cnn")


class Course(NamedTuple):
    batch: Batch
    models: Callable[[str], ModelAnswer]
    labs: dict[str, Sealed]


@pytest.fixture(scope="module")
def course(kernel: None) -> Iterator[Course]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADER_COURSE", str(VISION))
        load_course.cache_clear()
        batch = batch_for(None, TrainPolicy.NONE, SEED)
        with model_answers(batch) as models:
            yield Course(batch, models.of, {lab: one_sealed(batch.rubrics[lab], batch, models.of(lab)) for lab in LABS})
    load_course.cache_clear()


@pytest.fixture
def labs(course: Course) -> dict[str, Sealed]:
    return course.labs


@pytest.fixture
def vision(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADER_COURSE", str(VISION))


@pytest.mark.parametrize("lab", LABS)
def test_a_sealed_file_calls_no_right_form_wrong_and_no_wrong_form_right(
    course: Course, vision: None, lab: str, tmp_path: Path
) -> None:
    (tmp_path / "one.checks").write_bytes(written({lab: course.labs[lab]}))
    one, whole = read(tmp_path / "one.checks")[lab], course.models(lab)
    for form in (DECK, *one.accepted, *one.mistakes):
        verdicts = by_the_judge(examiner_of(one.rubric, course.batch, one.answer, whole.of(form, {})))
        seen = set(verdicts.values())
        if form in one.mistakes:
            assert seen != {Verdict.PASS}, (form, verdicts)
        else:  # one in sizes of its own stays open, as far as no word tells
            assert seen <= {Verdict.PASS, Verdict.UNSURE}, (form, verdicts)
        assert form != DECK or seen == {Verdict.PASS}, verdicts


def test_hidden_checks_and_their_mistakes_are_only_counted(labs: dict[str, Sealed]) -> None:
    one = labs["digits_mlp"]
    assert one.hidden == 1 and "accuracy" not in [check.id for check in one.rubric.checks]
    assert one.rubric.subject is not None and one.rubric.subject.outcome is None
    assert all(mistake_of(form) in one.rubric.mistakes for form in one.mistakes)
    assert line("digits_mlp", one).endswith("; 1 hidden.")


def test_a_question_that_was_not_sealed_has_no_answer(labs: dict[str, Sealed]) -> None:
    with pytest.raises(Unaskable, match="sizes of its own"):
        labs["digits_mlp"].answer.ask(DECK, {}, Question("another", ()))
    with pytest.raises(Unaskable):
        labs["digits_mlp"].answer.ask(STARTER, {32: 40}, Question("another", ()))


def test_no_line_of_an_answer_is_in_the_wheel_for_students(
    labs: dict[str, Sealed], vision: None, tmp_path: Path
) -> None:
    made = student_wheel(labs, 'The "vision" course', tmp_path)
    with zipfile.ZipFile(made) as wheel:
        names = wheel.namelist()
        content = {name: wheel.read(name) for name in names}
    assert made.stat().st_size < 2 * 1024**2
    assert {f"grader/sealed/checks/{lab}.checks" for lab in LABS} <= set(names)
    assert not [
        name for name in names if name.startswith(("reference/", "rubrics/", "assignments/", "grader/judging/kinds/"))
    ]
    (tmp_path / "plain").write_bytes(content["grader/sealed/checks/digits_mlp.checks"])
    content["sealed"] = msgspec.msgpack.encode(read(tmp_path / "plain")["digits_mlp"])
    whole = b"\n".join(content.values())
    for lab in LABS:
        solution = (VISION / "reference" / "solutions" / f"{lab}.py").read_text("utf-8")
        lines = {line.strip() for line in solution.splitlines() if "tf." in line and len(line.strip()) > 30}
        lines.discard("with tf.GradientTape() as tape:")  # which is no answer, and the guest's own
        assert not [line for line in lines if line.encode() in whole], lab


def test_nothing_that_knows_answers_is_imported_by_the_self_check() -> None:
    inside = {file.relative_to(ROOT).as_posix() for file in modules()}
    assert {"grader/live/check.py", "grader/judging/declared/rule.py", "reports/self_check.py"} <= inside
    assert not [file for file in inside if file.startswith(("reference/", "grader/batch/", "grader/judging/kinds/"))]


def test_a_file_that_is_damaged_of_another_version_or_none_is_told_in_a_sentence(tmp_path: Path) -> None:
    place = tmp_path / "some.checks"
    whole = written({})
    for content, told in (
        (whole[:-3], "is damaged"),
        (whole[:60] + b"x" + whole[61:], "is damaged"),
        (b"PK\x03\x04", "is no file of sealed checks"),
        (b"", "is no file of sealed checks"),
        (of_version(99), "another version of the grader (99, this one reads 1)"),
    ):
        place.write_bytes(content)
        with pytest.raises(UsageError) as trouble:
            read(place)
        assert told in str(trouble.value) and str(place) in str(trouble.value)
    with pytest.raises(UsageError, match="cannot be read"):
        read(tmp_path / "absent.checks")


def of_version(number: int) -> bytes:
    body = lzma.compress(msgspec.msgpack.encode((number, {})))
    return MAGIC + hashlib.sha256(body).digest() + body


def test_equal_replies_are_kept_once(labs: dict[str, Sealed]) -> None:
    for one in labs.values():
        assert len(set(one.replies)) == len(one.replies) < len(one.answers)
        assert replace(one, answers={}).answers == {}
