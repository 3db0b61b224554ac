"""The house keeps its own rules: sizes, names, walls between the rooms, and the tools that check them."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from grader.course.folder import current_course
from grader.course.head import Judge

ROOT = Path(__file__).parent.parent
GUEST = "grader/sandbox/guest/"
FILES = tuple(
    path.relative_to(ROOT).as_posix()
    for folder in ("grader", "reference", "reports")
    for path in sorted((ROOT / folder).rglob("*.py"))
    if "solutions" not in path.parts
)
TESTS = tuple(path.relative_to(ROOT).as_posix() for path in sorted((ROOT / "tests").glob("*.py")))

# What may be imported only by files whose path begins so. An empty tuple: by none.
ONLY_IN = {
    "tensorflow": ("reference/", GUEST),
    "keras": ("reference/", GUEST),
    "jupyter_client": ("grader/sandbox/",),
    "nbclient": ("grader/sandbox/",),
    "zmq": ("grader/sandbox/",),
    "pynvml": ("grader/running/gpus.py",),
    "ray": ("grader/cluster/on_ray.py",),
    "babel": ("reports/catalogues/",),
    "cryptography": ("grader/certificates/signing.py",),
    "weasyprint": ("grader/certificates/pdf.py",),
    "starlette": ("grader/review/",),
    "uvicorn": ("grader/commands/review.py",),
    "requests": ("grader/data/", "grader/inbox/fetching.py"),
    "imaplib": ("grader/inbox/imap.py",),
    "email": ("grader/inbox/", GUEST),
    "ipykernel": ("grader/sandbox/",),
    "IPython": (
        "grader/sandbox/",
        "grader/intake/colab_export.py",
        "grader/intake/repair.py",
    ),  # these two: `!ls` to Python and back
    "pickle": (),
    "dill": (),
    "cloudpickle": (),
    "shelve": (),
    "marshal": (),
    "joblib": (),
}
# Who may not import what, apart from the exceptions named last.
NEVER = [
    (GUEST, "grader", ("grader.sandbox.guest",)),
    (GUEST, "reference", ()),
    (GUEST, "rubrics", ()),
    (GUEST, "jupyter_client", ()),
    (GUEST, "nbclient", ()),
    ("grader/sandbox/", "grader.judging", ()),
    ("grader/sandbox/", "grader.course.rubric", ()),
    ("grader/sandbox/", "grader.running", ()),
    # reference.notebooks holds texts, no maths: what our own trials and the sample class are made from, and
    # reference.place says where the course lies;
    # calibrations are trainings of the reference, in processes of their own as the oracle's
    (
        "grader/",
        "reference",
        (
            "grader/judging/oracle.py",
            "grader/judging/trainer.py",
            "grader/commands/calibrate.py",
            "grader/commands/starting.py",
            "reference.notebooks",
            "reference.place",
        ),
    ),
    ("reports/", "reference", ()),
    ("reports/", "grader.sandbox", ("grader.sandbox.guest.wire",)),
    ("reference/", "grader", ()),
    ("reference/", "reports", ()),
]
# Rooms that know of nothing but what is named here.
ONLY_KNOWS = {
    "grader/wording/": ("model",),
    "grader/course/": ("errors", "model"),
    "grader/running/": ("model", "wording"),
    "grader/intake/": ("course", "errors", "model", "syntax", "wording"),
    "grader/inbox/": ("course", "errors", "intake", "model", "wording"),
    "grader/certificates/": ("course", "errors", "inbox", "intake", "model", "scoring.results", "wording"),
    "grader/gradebook/": ("errors", "intake.person", "model", "scoring.results"),
    "grader/cluster/": (
        "batch",
        "course",
        "data",
        "errors",
        "judging.oracle",
        "model",
        "pipeline",
        "running",
        "sandbox.walls.isolation",
        "scoring.summing_up",
        "wording",
    ),
    "grader/review/": (
        "batch.kept_reports",
        "batch.kept_rows",
        "batch.store.FOLDER",
        "course",
        "errors",
        "gradebook",
        "intake",
        "model",
        "scoring",
        "wording",
    ),
    "grader/exports/": ("course", "inbox.people", "model", "scoring.results"),
    "grader/leaderboard/": ("intake.person", "model", "scoring.results"),
    "grader/similarity/": ("intake.repair", "model", "syntax"),
    "grader/calibration/": ("course", "errors", "figures", "model", "wording"),
    "grader/data/": ("course", "errors", "model", "wording"),
    "grader/judging/": (
        "calibration",
        "course",
        "data",
        "errors",
        "figures",
        "model",
        "sandbox.guest.wire",
        "syntax",
        "wording",
    ),
    "grader/judging/binding/": ("judging.comparing", "model", "sandbox.guest.wire"),
    "grader/judging/comparing/": ("judging.drawing", "model", "sandbox.guest.wire"),
    "grader/judging/claims/": ("figures", "model", "wording"),
    "grader/sandbox/walls/": ("errors", "model", "sandbox.guest"),
}
KINDS = tuple(sorted(path.name for path in (ROOT / "grader/judging/kinds").iterdir() if path.name[0] != "_"))
BANNED_NAMES = {"utils", "util", "helpers", "helper", "common", "manager", "base", "misc"}


@cache
def tree(file: str) -> ast.Module:
    return ast.parse((ROOT / file).read_text(encoding="utf-8"), file)


@cache
def nodes(file: str) -> tuple[ast.AST, ...]:
    """Those that rules are about; each file is walked once."""
    told = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Call, ast.Import, ast.ImportFrom)
    return tuple(node for node in ast.walk(tree(file)) if isinstance(node, told))


def functions(file: str) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in nodes(file) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def calls(file: str) -> Iterator[ast.Call]:
    return (node for node in nodes(file) if isinstance(node, ast.Call))


@cache
def imports(file: str) -> frozenset[str]:
    """Absolute dotted names, those inside functions too."""
    found: set[str] = set()
    for node in nodes(file):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = file.split("/")[: -node.level] if node.level else []
            module = ".".join([*above, *([node.module] if node.module else [])])
            found |= {f"{module}.{name.name}" for name in node.names}
    return frozenset(found)


def within(name: str, package: str) -> bool:
    return name == package or name.startswith(package + ".")


def test_there_is_a_house_to_look_at() -> None:
    assert len(FILES) > 30 and any(file.startswith(GUEST) for file in FILES)


def test_files_have_at_most_300_lines() -> None:
    sizes = {file: len((ROOT / file).read_text(encoding="utf-8").splitlines()) for file in FILES}
    assert {file: size for file, size in sizes.items() if size > 300} == {}


def test_functions_have_at_most_40_lines() -> None:
    sizes = {
        f"{file}:{f.lineno} {f.name}": (f.end_lineno or 0) - f.lineno + 1 for file in FILES for f in functions(file)
    }
    assert {place: size for place, size in sizes.items() if size > 40} == {}


def test_functions_have_at_most_6_parameters() -> None:
    """Commands apart: typer makes an option of each parameter, and the options are promised to the outside."""
    crowded = {}
    for file in FILES:
        for f in functions(file):
            if (file == "grader/cli.py" and f.decorator_list) or file == "grader/commands/of_courses.py":
                continue
            names = [arg.arg for arg in (*f.args.posonlyargs, *f.args.args, *f.args.kwonlyargs)]
            count = len([name for name in names if name not in ("self", "cls")])
            if count > 6:
                crowded[f"{file}:{f.lineno} {f.name}"] = count
    assert crowded == {}


def test_files_are_named_after_what_they_decide() -> None:
    assert [file for file in FILES if BANNED_NAMES & {*Path(file).with_suffix("").parts}] == []


def test_every_file_says_what_it_decides() -> None:
    silent = [file for file in (*FILES, *TESTS) if tree(file).body and not ast.get_docstring(tree(file))]
    assert silent == []


@pytest.mark.parametrize(("package", "rooms"), ONLY_IN.items(), ids=ONLY_IN)
def test_a_library_is_imported_only_where_it_belongs(package: str, rooms: tuple[str, ...]) -> None:
    strays = [file for file in FILES if not file.startswith(rooms) and any(within(n, package) for n in imports(file))]
    assert strays == []


@pytest.mark.parametrize(("room", "package", "but"), NEVER, ids=[f"{room} {package}" for room, package, _ in NEVER])
def test_a_wall_between_two_rooms_has_no_hole(room: str, package: str, but: tuple[str, ...]) -> None:
    holes = [
        f"{file} imports {name}"
        for file in FILES
        if file.startswith(room) and not file.startswith(but or ("\0",))
        for name in imports(file)
        if within(name, package) and not any(within(name, allowed) for allowed in but)
    ]
    assert holes == []


@pytest.mark.parametrize(("room", "known"), ONLY_KNOWS.items(), ids=ONLY_KNOWS)
def test_a_room_knows_of_no_others_than_it_says(room: str, known: tuple[str, ...]) -> None:
    allowed = (room.strip("/").replace("/", "."), *(f"grader.{name}" for name in known))
    inside = [file for file in FILES if file.startswith(room)]
    holes = [
        f"{file} imports {name}"
        for file in inside
        for name in imports(file)
        if within(name, "grader") and not any(within(name, one) for one in allowed)
    ]
    assert inside and holes == []


def test_kinds_of_labs_stand_side_by_side_and_what_is_shared_knows_of_none() -> None:
    kinds = "grader.judging.kinds"
    for file in FILES:
        own = ".".join(file.split("/")[:4]) if file.startswith("grader/judging/kinds/") else "\0"
        strays = [name for name in imports(file) if within(name, kinds) and not within(name, own)]
        assert strays == [], file


def test_no_file_names_a_lab_but_its_own_judge() -> None:
    """What a lab is stands in the head of its rubric. In docstrings and comments `lab1.ipynb` may be anybody's."""
    labs = current_course().labs
    short = {name for lab in labs for name in (lab, lab.split("_", 1)[0])}
    named = [
        f"{file}:{node.lineno} {node.value!r}"
        for file in FILES
        if file.startswith(("grader/", "reports/")) and not file.startswith("grader/judging/kinds/")
        for node in ast.walk(tree(file))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value not in docstrings(file)
        if short & {*re.findall(r"\w+", node.value)}
    ]
    assert named == []
    texts = [(file, (ROOT / file).read_text(encoding="utf-8")) for file in FILES if file.startswith("grader/")]
    whole = [(file, lab) for file, text in texts for lab in labs if lab in text and "/judging/kinds/" not in file]
    assert whole == []


@cache
def docstrings(file: str) -> frozenset[str]:
    bodies = [node.body for node in ast.walk(tree(file)) if hasattr(node, "body") and isinstance(node.body, list)]
    firsts = (body[0] for body in bodies if body)
    return frozenset(
        node.value.value
        for node in firsts
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
    )


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_of_lab_names_no_lab_but_those_it_judges(kind: str) -> None:
    own = {lab for lab, rubric in current_course().labs.items() if rubric.head.judge == kind}
    others = [
        (file, lab)
        for file in FILES
        if file.startswith(f"grader/judging/kinds/{kind}/")
        for lab in set(current_course().labs) - own
        if lab in (ROOT / file).read_text(encoding="utf-8")
    ]
    assert own and others == []


def test_every_kind_of_lab_can_be_named_in_a_rubric() -> None:
    assert set(KINDS) == {judge.value for judge in Judge}


def test_at_the_root_stands_what_all_rooms_lead_to() -> None:
    root = {file for file in FILES if file.startswith("grader/") and file.count("/") == 1}
    assert root == {
        f"grader/{name}.py"
        for name in ("__init__", "__main__", "cli", "errors", "figures", "model", "pipeline", "syntax")
    }


def test_nothing_is_unpickled_through_numpy() -> None:
    unsafe = [
        f"{file}:{call.lineno}"
        for file in FILES
        for call in calls(file)
        for word in call.keywords
        if word.arg == "allow_pickle" and not (isinstance(word.value, ast.Constant) and word.value.value is False)
    ]
    assert unsafe == []


def test_syntax_trees_are_made_in_one_place() -> None:
    """Where threads take turns. The guest has a process of its own, the catalogues are made by a command."""
    rooms = [file for file in FILES if not file.startswith((GUEST, "reports/catalogues/"))]
    makers = {file for file in rooms for call in calls(file) if ast.unparse(call.func) == "ast.parse"}
    assert makers == {"grader/syntax.py"}


def test_only_the_command_line_prints() -> None:
    """The guest apart, which says on the notebook's behalf what Colab would have said."""
    rooms = [f for f in FILES if f.startswith(("grader/", "reports/")) and not f.startswith(("grader/cli.py", GUEST))]
    prints = [
        f"{file}:{call.lineno}"
        for file in rooms
        for call in calls(file)
        if (isinstance(call.func, ast.Name) and call.func.id == "print")
        or (isinstance(call.func, ast.Attribute) and call.func.attr == "print")
    ]
    assert prints == []


def test_no_state_hides_behind_a_global_statement() -> None:
    """The guest may: it lives in a process of its own, with one notebook."""
    rooms = [file for file in FILES if not file.startswith(GUEST)]
    assert [file for file in rooms if any(isinstance(node, ast.Global) for node in ast.walk(tree(file)))] == []


def test_no_except_catches_just_anything() -> None:
    handlers = [(f, node) for f in FILES for node in ast.walk(tree(f)) if isinstance(node, ast.ExceptHandler)]
    assert [f"{file}:{node.lineno}" for file, node in handlers if node.type is None] == []


def test_tests_hold_no_mocks() -> None:
    assert [file for file in TESTS if any(within(name, "unittest.mock") for name in imports(file))] == []
    patched = [f"{file}:{call.lineno}" for file in TESTS for call in calls(file) if patches(call)]
    assert patched == []


def test_no_test_imports_what_pytest_loads_by_itself() -> None:
    """A second copy of tests/conftest.py has a second audit hook, which takes every kernel for one not asked for."""
    assert [file for file in TESTS if any(name.endswith("conftest") for name in imports(file))] == []


def patches(call: ast.Call) -> bool:
    """`monkeypatch.setattr`, unless it lowers a limit: a constant in capitals."""
    if not (isinstance(call.func, ast.Attribute) and ast.unparse(call.func) == "monkeypatch.setattr"):
        return False
    names = [arg.value for arg in call.args[1:2] if isinstance(arg, ast.Constant)]
    return not all(isinstance(name, str) and name.isupper() for name in names) or not names


ENGINE = ("grader", "grader.model", "grader.pipeline", "grader.cli", "grader.sandbox.guest.kernel")


@pytest.mark.parametrize("module", ENGINE)
def test_importing_the_engine_loads_no_tensorflow(module: str) -> None:
    if not (ROOT / module.replace(".", "/")).with_suffix(".py").exists() and module != "grader":
        pytest.skip(f"there is no {module} yet")
    code = f"import sys, {module}; print([name for name in ('tensorflow', 'keras', 'pandas') if name in sys.modules])"
    assert tool("-c", code) == "[]"


def test_ruff_has_nothing_to_say() -> None:
    said = tool("-m", "ruff", "check", "--quiet", "--output-format", "concise", ".")
    assert not said, said


def test_every_file_is_formatted() -> None:
    said = tool("-m", "ruff", "format", "--check", "--quiet", "--output-format", "concise", ".")
    assert not said, said


def test_the_types_hold() -> None:
    said = tool("-m", "mypy")
    assert said.startswith("Success"), said


def tool(*arguments: str) -> str:
    """What it wrote, errors included."""
    done = subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    return (done.stdout + done.stderr).strip()
