"""A leaderboard shows what was measured, says what so few examples can tell, and names nobody who has a pseudonym."""

import base64
import json
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from msgspec.structs import replace
from sample_grades import graded
from sample_reports import HOSTILE_NAME
from test_cli import grader, refused
from test_outcome import CALIBRATION, TRUTH, Notebook, judged, right, wrong_every

from grader.calibration.plan import Plan
from grader.certificates.signing import derived, make_key
from grader.commands.leaderboard import board_of, leaderboard_json
from grader.course.folder import load_rubric
from grader.data.truth import Truth
from grader.errors import UsageError
from grader.judging.checks import failed
from grader.judging.equal.accuracy import of
from grader.judging.examiner import Examiner
from grader.judging.kinds.fine_tuning.accuracy import of as of_pairs
from grader.judging.trainer import Trace
from grader.leaderboard.places import Contestant, differ, interval, ranked
from grader.leaderboard.pseudonyms import pseudonyms
from grader.model import Isolation, Measured, Outcome, Run, TrainBudget, TrainPolicy, Verdict
from grader.scoring.results import SubmissionRow
from reports.leaderboard import leaderboard_page

N = 1821


def measured(test: float, wrong: range | None = None, **more: Any) -> Measured:
    """`wrong`: the places of the answers on test that are, where those are kept."""
    bits = np.ones(N, dtype=bool)
    bits[list(wrong or ())] = False
    packed = base64.b64encode(np.packbits(bits).tobytes()).decode() if wrong is not None else ""
    share = bits.mean() if wrong is not None else test
    return Measured(**{"dev": 0.8, "dev_examples": 872, "test": float(share), "test_examples": N, "test_set": "a",
                       "right": packed, **more})  # fmt: skip


def row(student: str, m: Measured | None, **more: Any) -> dict[str, Any]:
    return {"student": student, "lab": "lab2_mlp", "measured": m and msgspec.to_builtins(m), **more}


def test_the_interval_is_wilsons() -> None:
    found = interval(0.8, 10)
    assert (round(found.low, 4), round(found.high, 4)) == (0.4902, 0.9433)  # Brown, Cai, DasGupta 2001, formula (4)
    assert interval(1.0, 872).high == 1.0 and interval(0.0, 872).low == 0.0


def test_answers_to_the_same_examples_tell_more_than_two_intervals() -> None:
    a, b = measured(0, range(364)), measured(0, range(328))
    assert differ(a, b), "36 answers are right in one only, none in the other only"
    assert not differ(replace(a, right=""), b), "the intervals overlap"
    assert not differ(a, measured(0, range(1000, 1328))), "as many each way, nearly"
    assert differ(measured(0.70), measured(0.80))


def test_a_place_is_a_range_where_figures_do_not_tell() -> None:
    entries = ranked([Contestant(n, measured(t)) for n, t in (("c", 0.80), ("d", 0.70), ("a", 0.82), ("b", 0.81))])
    assert [(e.name, e.first, e.last) for e in entries] == [("a", 1, 3), ("b", 1, 3), ("c", 1, 3), ("d", 4, 4)]
    assert not any(entry.is_paired for entry in entries)


def test_bits_that_somebody_wrote_over_are_not_believed() -> None:
    odd = measured(0.8, right="%%%")
    assert not differ(odd, measured(0, range(364))) and ranked([Contestant("a", odd)])[0].last == 1


def rows_of(folder: Path, *rows: dict[str, Any]) -> list[SubmissionRow]:
    text = json.loads((graded(folder, rows) / "results.json").read_bytes())["submissions"]
    return [msgspec.convert(each, SubmissionRow) for each in text]


def test_a_student_has_one_pseudonym_in_all_labs_of_a_course_and_another_in_another_course(tmp_path: Path) -> None:
    ane, again, jon = rows_of(tmp_path, row("Ane", None), row("ANE", None) | {"lab": "lab3_rnn"}, row("Jon", None))
    for name in ("a", "b"):
        make_key(tmp_path / name)
    here, there = (derived(tmp_path / name, "leaderboard") for name in ("a", "b"))
    assert here == derived(tmp_path / "a", "leaderboard") != derived(tmp_path / "a", "something else")
    names = pseudonyms([ane, again, jon], here)
    assert names[0] == names[1] != names[2] and pseudonyms([ane], here) == names[:1] != pseudonyms([ane], there)
    many = rows_of(tmp_path, *(row(f"student {n}", None) for n in range(3000)))
    assert len({*pseudonyms(many, here)}) == 3000


def test_a_page_with_pseudonyms_holds_nothing_of_a_name_and_any_page_nothing_but_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = {"learning_rate": 0.3, "l2": 0.0, "optimizer": "SGD"}
    m = measured(0.81, settings=settings, sizes=((1254, 50), (50,)), epochs=100.0, claimed_dev=0.99)
    graded(tmp_path / "out", [row(HOSTILE_NAME, m), row("Ane Berri", measured(0.7), student_id="900001")])
    page = leaderboard_page(board_of("lab2_mlp", tmp_path / "out", False))
    assert "<script" not in page and "Ane Berri" in page and "HACKED" in page
    for words in ("81.0 %", "79.1–82.7, n = 1821", "learning rate 0.3", "SGD", "1254×50", "62,750", "dev 99.0 %"):
        assert words in page, words
    assert "L2 0" not in page
    course = tmp_path / "course"
    make_key(course)
    (course / "course.yaml").write_bytes(Path("course.yaml").read_bytes())
    for name in ("rubrics", "reference"):
        (course / name).symlink_to(Path(name).absolute())
    monkeypatch.setenv("GRADER_COURSE", str(course))
    told = leaderboard_page(board_of("lab2_mlp", tmp_path / "out", True)) + leaderboard_json(
        "mlp", tmp_path / "out", True
    )
    assert not [word for word in ("Ane", "Berri", "HACKED", "student03", "900001") if word in told]


def test_what_was_measured_on_other_data_has_no_place(tmp_path: Path) -> None:
    rows = [row("a", measured(0.8)), row("b", measured(0.9, test_set="toy")), row("c", measured(0.7)), row("d", None)]
    board = board_of("lab2_mlp", graded(tmp_path, rows), False)
    assert [entry.name for entry in board.entries] == ["a", "c"] and board.unplaced == 2


def test_the_command_prints_a_table_writes_a_page_and_has_json(tmp_path: Path) -> None:
    graded(tmp_path / "grades", [row("Ane", measured(0, range(346))), row("Jon", measured(0.7)), row("Eva", None)])
    done = grader("leaderboard", "lab2", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (
        "Ane" in done.stdout and "81.0 (79.1–82.7)" in done.stdout and "1 notebook of this lab without" in done.stdout
    )
    assert (tmp_path / "grades/leaderboard-lab2_mlp.html").is_file()
    told = json.loads(grader("leaderboard", "lab2", "--json", folder=tmp_path).stdout)
    assert [(e["name"], e["first"], e["last"]) for e in told["entries"]] == [("Ane", 1, 1), ("Jon", 2, 2)]
    assert all(entry["measured"]["right"] == "" for entry in told["entries"])
    assert told["unplaced"] == 1 and told["intervals"] == "Wilson, 95 %"


def test_what_has_no_leaderboard_is_told_in_a_sentence(tmp_path: Path) -> None:
    refused(grader("leaderboard", "lab2", folder=tmp_path), 2, "grades", "cannot be read")
    graded(tmp_path / "grades", [row("Ane", None)])
    refused(grader("leaderboard", "lab2", folder=tmp_path), 2, "of 1 notebook of lab2_mlp none has a measured accuracy")
    refused(grader("leaderboard", "lap2", folder=tmp_path), 2, "'lap2' is no lab of this course")
    with pytest.raises(UsageError, match="none has a measured"):
        board_of("lab3_rnn", tmp_path / "grades", False)


def test_figures_settings_and_answers_are_measured_whatever_becomes_of_the_points() -> None:
    scalars = {"batch_size": 64, "rate": 0.2, "lam": True, "optimizer": "Ane's own", "optimizer.learning_rate": 0.3}
    found = judged(Notebook(wrong_every(2), scalars=scalars))
    assert found.verdict is not Verdict.PASS and found.measured is not None
    m = found.measured
    assert (m.test_examples, m.test_set, m.epochs) == (160, "digest", 10.0) and m.test == 0.5
    assert m.settings == {"learning_rate": 0.3, "batch": 64, "dropout": 0.2, "optimizer": "of one's own"}
    bits = np.unpackbits(np.frombuffer(base64.b64decode(m.right), np.uint8))[: m.test_examples]
    assert bits.mean() == m.test
    perfect = judged(Notebook(right)).measured
    assert perfect is not None and perfect.test == 1.0 and differ(perfect, m)
    assert failed().measured is None


def test_a_training_outside_the_notebook_is_measured_at_the_start_that_counts() -> None:
    plan = Plan(
        lab="lab4_gru", epochs=500, looks=5, batch=256, learning_rate=0.2, penalty={"W_z": 0.002}, starts={},
        embedding=8, dim=24, clip=5.0,
    )  # fmt: skip
    traces = [Trace((5, 10), (0.5, 0.5), (0.5, 0.5)), Trace((5, 10), (0.7, 0.6), (0.68, 0.66))]
    x = Examiner(
        "lab4_gru", (), Run(Outcome.OK, Isolation.NONE), Notebook(), lambda *_: {}, 1,
        TrainBudget(TrainPolicy.NONE), TRUTH, CALIBRATION, head=load_rubric("lab4_gru").head,
    )  # fmt: skip
    m = of(traces, failed(), x, plan).measured
    assert m is not None and (m.dev, m.test, m.epochs, m.outside, m.right) == (0.7, 0.68, 500, True, "")
    assert m.settings["l2"] == 0.001 and m.settings["hidden"] == 24 and m.test_examples == 160


def test_scores_for_pairs_are_measured_in_whatever_order_a_notebook_numbers_the_classes() -> None:
    labels = np.array([0, 1, 2, 2, 0])
    reached = (np.array([1, 2, 0, 0, 2]), labels)
    m = of_pairs(Truth({}, {}, "d" * 64, inference=True), (reached, reached), (1, 2, 0))
    assert (m.test, m.test_examples, m.test_set) == (0.8, 5, "d" * 16)
    assert np.unpackbits(np.frombuffer(base64.b64decode(m.right), np.uint8))[:5].tolist() == [1, 1, 1, 1, 0]
