"""The rubrics that are shipped hold; a rubric that does not is refused with the line to look at."""

import re
from pathlib import Path

import pytest
import yaml

from grader.course.folder import current_course, lab_slug, load_rubric
from grader.course.rubric import read_rubric
from grader.errors import RubricError, UsageError
from grader.judging.examining import complaints
from grader.model import Level
from reference.notebooks import load_edits, mistake_of

LABS = tuple(current_course().labs)
REFERENCE = Path(__file__).parent.parent / "reference"
GOOD = """lab: {title: Some lab}
deadline: 300
training: {epochs: 10, seconds: 60}
checks:
  - id: trains
    level: runs
    points: 0
    title: It trains
    tested: We trained it.
    why: Else nothing can be asked.
  - id: forward
    level: values
    points: 2.5
    title: It computes
    tested: We compared it.
    why: Else it predicts nonsense.
    needs: [trains]
mistakes:
  no-bias:
    check: forward
    title: No bias
    says: The bias is missing.
    hint: Look for a b.
    credit: 0.5
"""

WRONG = {
    "a misspelt key": ("points: 2.5", "pionts: 2.5", ":13: unknown key 'pionts'; did you mean 'points'?"),
    "a text with a comma in braces": (
        "{title: Some lab}",
        "{title: Some lab, and more}",
        ":1: unknown key 'and more'; in braces a text with a comma stands in quotes",
    ),
    "a misspelt key on top": ("deadline:", "deadlin:", ":2: unknown key 'deadlin'; did you mean 'deadline'?"),
    "a misspelt key of a mistake": ("    hint:", "    hnit:", ":23: unknown key 'hnit'; did you mean 'hint'?"),
    "a misspelt key of the training": ("epochs", "epoch", ":3: unknown key 'epoch'; did you mean 'epochs'?"),
    "a key too few": ("    why: Else it predicts nonsense.\n", "", ":11: the key `why` is missing"),
    "a word for a number": ("points: 2.5", "points: many", ":13: points: Expected `float`, got `str`"),
    "a number for a word": ("title: It computes", "title: 7", ":14: title: Expected `str`, got `int`"),
    "a fraction of an epoch": ("epochs: 10", "epochs: 1.5", ":3: epochs: Expected `int`, got `float`"),
    "no mapping": ("{epochs: 10, seconds: 60}", "soon", ":3: Expected `object`, got `str`"),
    "a check that is a word": ("  - id: trains\n", "  - trains\n  - id: trains\n", ":5: Expected `object`, got `str`"),
    "a need that is a number": ("needs: [trains]", "needs: [3]", ":17: needs: Expected `str`, got `int`"),
    "an unknown level": ("level: values", "level: valeus", ":12: unknown level 'valeus'; did you mean 'values'?"),
    "a level like no other": ("level: values", "level: xyz", ":12: unknown level 'xyz'; there are runs, shapes"),
    "two checks of one name": ("id: forward", "id: trains", ":11: there is already a check 'trains' above"),
    "a key twice": ("points: 2.5", "points: 2.5\n    points: 3", ":14: duplicate key 'points'"),
    "a mistake twice": ("    credit: 0.5\n", "    credit: 0.5\n  no-bias: {}\n", ":25: duplicate key 'no-bias'"),
    "an unknown need": ("[trains]", "[train]", ":17: 'forward' needs an unknown check 'train'; did you mean 'trains'?"),
    "needs in a circle": ("    why: Else nothing", "    needs: [forward]\n    why: Else nothing", "in a circle: "),
    "a need of itself": ("needs: [trains]", "needs: [forward]", ":17: checks need each other in a circle"),
    "a mistake nowhere": ("check: forward", "check: foward", ":20: unknown check 'foward'; did you mean 'forward'?"),
    "a mistake in no check": ("check: forward", "check: []", ":20: check names no check"),
    "negative points": ("points: 2.5", "points: -1", ":13: points is a number from 0 up, not -1"),
    "points that are no number": ("points: 2.5", "points: .nan", ":13: points is a number from 0 up, not nan"),
    "endless points": ("points: 2.5", "points: .inf", ":13: points is a number from 0 up, not inf"),
    "points of many decimals": ("points: 2.5", "points: 0.125", ":13: points has at most two decimals"),
    "a credit of everything": ("credit: 0.5", "credit: 1.0", ":24: credit is the share"),
    "a negative credit": ("credit: 0.5", "credit: -0.5", ":24: credit is the share"),
    "a credit that is no number": ("credit: 0.5", "credit: .nan", ":24: credit is the share"),
    "an empty sentence": ("hint: Look for a b.", "hint: ' '", ":23: hint is empty"),
    "an empty title": ("{title: Some lab}", "{title: ' '}", ":1: title is empty"),
    "sealed without a judge": ("{title: Some lab}", "{title: Some lab, sealed: true}", ":1: sealed is for labs with a"),
    "no time": ("deadline: 300", "deadline: 0", ":2: deadline is a number of seconds above 0"),
    "no training time": ("seconds: 60", "seconds: .nan", ":3: seconds is a number above 0"),
    "no GPU memory": ("deadline: 300", "deadline: 300\ngpu_memory: 0", ":3: gpu_memory is a number of GB above 0"),
    "no epoch": ("epochs: 10", "epochs: 0", ":3: epochs is at least 1"),
    "broken YAML": ("deadline: 300", "deadline: [300", ":3: "),
}


def refused(text: str, folder: Path) -> str:
    (folder / "some.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(RubricError) as caught:
        read_rubric(folder / "some.yaml", {})
    return str(caught.value)


def test_a_good_rubric_is_read_as_it_stands(tmp_path: Path) -> None:
    (tmp_path / "some.yaml").write_text(GOOD, encoding="utf-8")
    rubric = read_rubric(tmp_path / "some.yaml", {})
    assert (rubric.lab, rubric.deadline, rubric.training.epochs) == ("some", 300, 10)
    assert [(check.id, check.level, check.points) for check in rubric.checks] == [
        ("trains", Level.RUNS, 0),
        ("forward", Level.VALUES, 2.5),
    ]
    assert rubric.checks[1].needs == ("trains",) and rubric.checks[1].public
    assert rubric.mistakes["no-bias"].checks == ("forward",)


@pytest.mark.parametrize(("old", "new", "told"), WRONG.values(), ids=WRONG)
def test_a_faulty_rubric_is_refused_with_its_line(old: str, new: str, told: str, tmp_path: Path) -> None:
    assert GOOD.count(old) == 1 or old in ("points: 2.5", "epochs", "[trains]"), "the edit has to say what it changes"
    message = refused(GOOD.replace(old, new, 1), tmp_path)
    assert message.startswith(f"{tmp_path.name}/some.yaml:") and told in message


@pytest.mark.parametrize("text", ["", "- a list", "just words", "title: \xff"], ids=repr)
def test_what_is_no_rubric_at_all_is_refused(text: str, tmp_path: Path) -> None:
    assert refused(text, tmp_path).startswith(f"{tmp_path.name}/some.yaml:1: ")


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    (tmp_path / "some.yaml").write_bytes(b"title: \xff\xfe")
    with pytest.raises(RubricError, match="not a YAML text in UTF-8"):
        read_rubric(tmp_path / "some.yaml", {})


def test_an_unknown_lab_is_answered_with_the_known_ones() -> None:
    with pytest.raises(UsageError, match=r"'lab2_mpl'; did you mean 'lab2_mlp'\? There are: lab1_warmup, a1_logistic"):
        load_rubric("lab2_mpl")


@pytest.mark.parametrize("lab", LABS)
def test_a_shipped_rubric_holds_and_is_worth_points(lab: str) -> None:
    rubric = load_rubric(lab)
    assert sum(check.points for check in rubric.checks) > 0


@pytest.mark.parametrize("lab", LABS)
def test_every_sentence_of_a_rubric_begins_and_ends_like_one(lab: str) -> None:
    rubric = load_rubric(lab)
    sentences = [text for check in rubric.checks for text in (check.tested, check.why)]
    sentences += [text for mistake in rubric.mistakes.values() for text in (mistake.says, mistake.hint)]
    wrong = [text for text in sentences if text[-1] not in ".?" or text[0].islower() or "  " in text]
    assert wrong == []


@pytest.mark.parametrize("lab", LABS)
def test_partial_credit_leaves_cents_at_most(lab: str) -> None:
    rubric = load_rubric(lab)
    points = {check.id: check.points for check in rubric.checks}
    for slug, mistake in rubric.mistakes.items():
        for check in mistake.checks:
            kept = points[check] * mistake.credit
            assert round(kept, 2) == kept, f"{lab}: {slug} keeps {kept} points of {check}"


@pytest.mark.parametrize("lab", LABS)
def test_every_check_of_a_rubric_has_its_judge_and_every_judge_its_check(lab: str) -> None:
    assert list(complaints(load_rubric(lab))) == []


def test_every_mistake_the_reference_explains_has_its_words() -> None:
    for lab in LABS:
        source = (REFERENCE / f"{lab}.py").read_text(encoding="utf-8")
        for shared in re.findall(r"^from reference\.steps\.(\w+) import .*\bFORMS\b", source, re.MULTILINE):
            source += (REFERENCE / "steps" / f"{shared}.py").read_text(encoding="utf-8")
        missing = [slug for slug in _slugs_in(source) if slug not in load_rubric(lab).mistakes]
        assert missing == [], f"reference/{lab}.py explains {missing}, rubrics/{lab}.yaml does not describe it"


def _slugs_in(source: str) -> set[str]:
    """Names of explanations: hyphenated words at the start of a string, up to a slash."""
    accepted = {"per-example", "half-per-example", "utf-8"}
    found = re.findall(r"\"([a-z0-9]+(?:-[a-z0-9]+)+)(?=[\"/])", source)
    return set(found) - accepted


@pytest.mark.parametrize(
    ("text", "slug"),
    [
        ("lab2_mlp", "lab2_mlp"),
        ("Lab 1", "lab1_warmup"),
        ("warm-up", "lab1_warmup"),
        ("assignment1", "a1_logistic_regression"),
        ("MLP", "lab2_mlp"),
        ("lab5", "lab5_attention"),
        ("bert", "lab5b_bert"),
    ],
)
def test_a_lab_goes_by_many_names(text: str, slug: str) -> None:
    assert lab_slug(text) == slug


def test_a_misspelt_lab_is_answered_with_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"'lab2-mpl' is no lab of this course; did you mean 'lab2mlp'\?"):
        lab_slug("lab2-mpl")


def test_the_rubric_files_are_plain_yaml() -> None:
    for lab in LABS:
        path = Path(__file__).parent.parent / "rubrics" / f"{lab}.yaml"
        assert isinstance(yaml.safe_load(path.read_text(encoding="utf-8")), dict)


@pytest.mark.parametrize("lab", LABS)
def test_every_named_mistake_can_be_shown_in_a_notebook(lab: str) -> None:
    """By an edit of the solution, which the regression then has to name."""
    shown = {mistake_of(name) for name in load_edits(lab).mistakes}
    assert shown == set(load_rubric(lab).mistakes)
