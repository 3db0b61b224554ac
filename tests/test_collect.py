"""Which rows a folder, a zip or a list of files becomes, and under which names."""

import os
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sample_hand_ins import fill, notebook, zipped

from grader.errors import NothingReadable, UsageError
from grader.intake.collect import collect, hand_ins
from grader.intake.page_names import page_name
from grader.intake.person import person
from grader.model import Submission


def rows(found: tuple[Submission, ...]) -> set[tuple[str, str | None]]:
    return {(each.student, each.lab) for each in found}


LAYOUTS = {
    "a folder for each student": ["student01/lab1.ipynb", "student01/lab2.ipynb", "student02/lab1.ipynb"],
    "a folder for each lab": ["lab1/student01.ipynb", "lab2/student01.ipynb", "lab1/student02.ipynb"],
    "flat, as mails are titled": ["lab1 - student01.ipynb", "lab2 - student01.ipynb", "lab1 - student02.ipynb"],
    "flat, name first": ["student01_lab1.ipynb", "student01-lab2_mlp.ipynb", "student02 lab1 (1).ipynb"],
    "copies": ["Copy of lab1 - student01.ipynb", "Copia de lab2_student01.ipynb", "student02 lab1 copia.ipynb"],
    "student, then lab": ["student01/lab1/work.ipynb", "student01/lab2/work.ipynb", "student02/lab1/work.ipynb"],
    "lab, then student": ["lab1/student01/nb.ipynb", "lab2/student01/nb.ipynb", "lab1/student02/nb.ipynb"],
    "Moodle": [
        "lab1/student01_11_assignsubmission_file_/mine.ipynb",
        "lab2/student01_12_assignsubmission_file_/other.ipynb",
        "lab1/student02_13_assignsubmission_file_/mine.ipynb",
    ],
    "years around it": [
        "2020-2021/student01/lab1.ipynb",
        "2020-2021/student01/lab2.ipynb",
        "student02/2021/lab1.ipynb",
    ],
    "copies of a Drive folder": [
        "student01/Copy of Lab1.ipynb",
        "student01/Lab2 (2).ipynb",
        "student02/lab1_final.ipynb",
    ],
}
EXPECTED = {("student01", "lab1_warmup"), ("student01", "lab2_mlp"), ("student02", "lab1_warmup")}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("packed", [False, True], ids=["folder", "zip"])
def test_every_layout_tells_whose_and_which(layout: str, packed: bool, tmp_path: Path) -> None:
    files = dict.fromkeys(LAYOUTS[layout], notebook())
    if packed:
        (tmp_path / "class.zip").write_bytes(zipped(files))
        assert rows(collect([tmp_path / "class.zip"])) == EXPECTED
    else:
        assert rows(collect([fill(tmp_path / "class", files)])) == EXPECTED


def test_files_named_by_the_shell_keep_the_folders_that_tell_whose_they_are(tmp_path: Path) -> None:
    fill(tmp_path, {"student01/lab1.ipynb": notebook(), "student02/lab1.ipynb": notebook("other")})
    found = collect(sorted(tmp_path.glob("*/lab1.ipynb")))
    assert [each.student for each in found] == ["student01", "student02"]


def test_a_notebook_without_any_name_is_called_as_the_folder_it_lies_in_or_as_its_file(tmp_path: Path) -> None:
    for folder, name in (("st00", "st00"), ("submissions", "lab1")):
        fill(tmp_path / folder, {"lab1.ipynb": notebook()})
        assert rows(collect([tmp_path / folder])) == {(name, "lab1_warmup")}
        assert rows(collect([tmp_path / folder / "lab1.ipynb"])) == {(name, "lab1_warmup")}


def test_the_notebooks_own_words_count_where_names_say_nothing(tmp_path: Path) -> None:
    fill(tmp_path, {"lab1.ipynb": notebook("**Name:** student07")})
    assert collect([tmp_path / "lab1.ipynb"])[0].student == "student07"


def test_a_placeholder_is_no_name(tmp_path: Path) -> None:
    fill(tmp_path / "submissions", {"lab1.ipynb": notebook("Name: YOUR NAME HERE")})
    assert collect([tmp_path / "submissions/lab1.ipynb"])[0].student == "lab1"


def test_a_class_in_one_folder_is_not_taken_for_one_student(tmp_path: Path) -> None:
    fill(tmp_path, {f"thursday/student{n}.ipynb": notebook("# Lab3") for n in range(3)})
    assert {each.student for each in collect([tmp_path])} == {"student0", "student1", "student2"}


def test_the_lab_given_is_taken_for_all(tmp_path: Path) -> None:
    fill(tmp_path, {"student01.ipynb": notebook("# Lab3"), "student02.ipynb": b""})
    assert {each.lab for each in collect([tmp_path], "lab2_mlp")} == {"lab2_mlp"}


def test_two_notebooks_never_share_a_row(tmp_path: Path) -> None:
    names = ["lab1 - Student.ipynb", "lab1 - student.ipynb", "Student_lab1.ipynb", "a/lab1 - Student.ipynb"]
    found = collect([fill(tmp_path, {name: notebook(name) for name in names})], "lab1_warmup")
    assert len(found) == 4
    assert len({page_name(each.student).casefold() for each in found}) == 4
    assert found == collect([tmp_path], "lab1_warmup")


def test_two_students_with_one_safe_name_get_two_pages(tmp_path: Path) -> None:
    fill(tmp_path, {"x:y/lab1.ipynb": notebook(), "x?y/lab2.ipynb": notebook()})
    found = collect([tmp_path])
    assert len({page_name(each.student) for each in found}) == 2


def test_one_student_keeps_one_name_across_labs(tmp_path: Path) -> None:
    fill(tmp_path, {f"{name}/lab{n}.ipynb": notebook() for name in ("x", "y") for n in range(1, 5)})
    assert [each.student for each in collect([tmp_path])] == ["x"] * 4 + ["y"] * 4


def test_what_is_no_hand_in_is_counted_in_one_line(tmp_path: Path) -> None:
    noise = [".hidden.ipynb", "__MACOSX/._x.ipynb", ".ipynb_checkpoints/x.ipynb", ".DS_Store", "data/.DS_Store"]
    files = {name: notebook() for name in [*noise, "student01_lab1.ipynb"]}
    (tmp_path / "class.zip").write_bytes(zipped(files))
    for source in (fill(tmp_path / "class", files), tmp_path / "class.zip"):
        found = hand_ins([source])
        assert len(found.submissions) == 1
        (line,) = found.passed_over
        assert line == "Not hand-ins, so skipped: 2 × .DS_Store, .hidden.ipynb, .ipynb_checkpoints, __MACOSX."


def test_a_folder_with_nothing_but_what_systems_leave_is_a_row(tmp_path: Path) -> None:
    files = {"Ane/lab1.ipynb": notebook(), "Jon Ruiz/.DS_Store": b"", "Una/.ipynb_checkpoints/lab1.ipynb": notebook()}
    (tmp_path / "class.zip").write_bytes(zipped(files | {"Eli Gil/": b"", "Ivo/deep/": b""}))
    fill(tmp_path / "class", files)
    for name in ("Eli Gil", "Ivo/deep"):
        (tmp_path / "class" / name).mkdir(parents=True)
    for source in (tmp_path / "class", tmp_path / "class.zip"):
        faults = {each.student: each.fault or "" for each in collect([source])}
        assert faults.pop("Ane") == ""
        assert set(faults) == {"Jon Ruiz", "Una", "Eli Gil", "Ivo"}
        assert all("empty" in fault for fault in faults.values())


def test_data_and_modules_beside_a_notebook_are_no_hand_ins_of_their_own(tmp_path: Path) -> None:
    files = {"ane/lab1.ipynb": notebook(), "ane/helper.py": b"y = 2", "ane/b.csv": b"1,2", "ane/report.pdf": b"%PDF"}
    assert rows(collect([fill(tmp_path, files)])) == {("ane", "lab1_warmup")}


def test_the_courses_own_files_beside_a_class_are_no_hand_ins(tmp_path: Path) -> None:
    files = {"README.md": b"# 2023", "grades.csv": b"a,b", "trees/dev.txt": b"(2 fine)", "ane/lab1.ipynb": notebook()}
    found = hand_ins([fill(tmp_path, files)])
    assert rows(found.submissions) == {("ane", "lab1_warmup")}
    assert all(name in found.passed_over[0] for name in ("README.md", "grades.csv", "dev.txt"))


def test_a_colab_script_in_a_folder_is_a_notebook(tmp_path: Path) -> None:
    script = b'# -*- coding: utf-8 -*-\n"""lab1.ipynb\n\nAutomatically generated by Colaboratory.\n"""\nx = 1\n'
    assert rows(collect([fill(tmp_path, {"student01/lab1.py": script})])) == {("student01", "lab1_warmup")}


def test_something_else_named_on_purpose_gets_a_row_beside_notebooks(tmp_path: Path) -> None:
    fill(tmp_path, {"essay.pdf": b"%PDF", "student01_lab1.ipynb": notebook()})
    essay, good = collect([tmp_path / "essay.pdf", tmp_path / "student01_lab1.ipynb"])
    assert "not a notebook" in (essay.fault or "")
    assert good.fault is None


def test_nothing_to_read_and_a_wrong_path_are_told_apart(tmp_path: Path) -> None:
    fill(tmp_path, {"essay.pdf": b"%PDF", "empty/.DS_Store": b""})
    with pytest.raises(NothingReadable, match="No notebook"):
        collect([tmp_path / "empty"])
    with pytest.raises(NothingReadable, match="essay"):
        collect([tmp_path / "essay.pdf"])
    with pytest.raises(UsageError, match="does not exist"):
        collect([tmp_path / "nowhere"])


def test_an_unreadable_notebook_is_a_row_with_a_fault(tmp_path: Path) -> None:
    (row,) = collect([fill(tmp_path, {"student01/lab1.ipynb": b""})])
    assert (row.student, row.cells) == ("student01", ())
    assert "empty" in (row.fault or "")


def test_a_link_earns_nothing_of_what_it_leads_to(tmp_path: Path) -> None:
    fill(tmp_path, {"class/student01/lab1.ipynb": notebook(), "secret/lab9.ipynb": notebook()})
    here = tmp_path / "class"
    (here / "student02.ipynb").symlink_to(here / "student01/lab1.ipynb")
    (here / "student03.ipynb").symlink_to(tmp_path / "secret/lab9.ipynb")
    (here / "student04").symlink_to(tmp_path / "secret")
    (here / "student05.ipynb").symlink_to(here / "gone.ipynb")
    (here / "student06.ipynb").symlink_to(here / "student06.ipynb")
    (here / "student07").mkdir()
    (here / "student07/lab1.ipynb").symlink_to("../student01/lab1.ipynb")
    found = collect([here])
    assert [each.student for each in found if not each.fault] == ["student01"]
    assert {each.student for each in found if "link" in (each.fault or "")} == {f"student0{n}" for n in range(2, 8)}


def test_a_pipe_does_not_hold_up_the_class(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "student01_lab1.ipynb")
    os.mkfifo(tmp_path / "student01.py")
    (row,) = collect([tmp_path])
    assert "ordinary file" in (row.fault or "")
    assert "student01.py" in " ".join(row.repairs)


def test_a_path_given_twice_is_one_row(tmp_path: Path) -> None:
    fill(tmp_path, {"student01/lab1.ipynb": notebook()})
    assert len(collect([tmp_path, tmp_path / "student01/lab1.ipynb", tmp_path])) == 1


@pytest.mark.parametrize(
    ("name", "left"),
    [
        ("lab1 - Ikasle Bat", "Ikasle Bat"),
        ("Copy of Copy of lab2_mlp - ikaslea", "ikaslea"),
        ("Copia de ikaslea_lab3 (2)", "ikaslea"),
        ("ikasle-bat_assignment1_final_v2", "ikasle-bat"),
        ("practica4_ikaslea_2021", "ikaslea"),
        ("6_transformers_ikaslea", "ikaslea"),
        ("student01", "student01"),
        ("12345678_lab1", "12345678"),
        ("Número Ñ - LAB5.ipynb", "Número Ñ"),
        ("学生一_lab1", "学生一"),
        ("Lab1 Warming Up.ipynb-ren kopia", ""),
        ("Copy of 3.RNN_based_classifier", ""),
    ],
)
def test_a_name_is_what_is_left_without_lab_copy_and_year(name: str, left: str) -> None:
    assert person(name) == left


@pytest.mark.parametrize(
    ("text", "page"),
    [
        ("Número Ñ", "Número Ñ"),
        ("../../etc/passwd", "______etc_passwd"),
        ("a/b\\c:d", "a_b_c_d"),
        (".hidden", "_hidden"),
        ("results.json", "results_json"),
        ("CON", "CON_"),
        ("a\x00b\u202ec", "a_b_c"),
        (" . ", "unnamed"),
        ("", "unnamed"),
    ],
)
def test_a_page_name_is_safe_everywhere(text: str, page: str) -> None:
    assert page_name(text) == page


@given(st.text(max_size=400))
@example("0..0")
def test_any_text_makes_a_safe_page_name_that_stays_itself(text: str) -> None:
    page = page_name(text)
    assert 0 < len(page.encode()) <= 160
    assert page[0] != "." and page == page.strip(" .")
    assert not set(page) & set('<>:"/\\|?*\0\n')
    assert page_name(page) == page


_PARTS = st.sampled_from(
    ["lab1", "Lab1", "lab2", "a", "A", "á", "x" * 90, "x" * 91, "Copy of lab1", "a (2)", "a_1_assignsubmission_file_"]
)
_LABS = st.sampled_from([None, "lab1_warmup"])


@given(st.lists(st.lists(_PARTS, min_size=1, max_size=3), min_size=1, max_size=8), _LABS)
@settings(max_examples=60, deadline=None)
def test_every_notebook_in_a_folder_is_a_row_or_named_in_one(names: list[list[str]], lab: str | None) -> None:
    files = ["/".join(parts) + ".ipynb" for parts in names]
    with TemporaryDirectory() as folder:
        fill(Path(folder), {file: notebook(str(n)) for n, file in enumerate(files)})
        found = collect([Path(folder)], lab)
    said = " ".join(text for each in found for text in each.repairs)
    assert all(any(each.file == file for each in found) or f"'{file}'" in said for file in files)
    assert len({(page_name(each.student).casefold(), each.lab) for each in found}) == len(found)
    assert [each.path for each in found] == sorted(each.path for each in found)


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (["class/lab1/x.ipynb", "class/lab2/x.ipynb"], {"x"}),
        (["x/lab1/work.ipynb", "y/lab1/work.ipynb"], {"x", "y"}),
        (["x/anything.ipynb", "y/something.ipynb"], {"x", "y"}),
        (["all/lab1 - x.ipynb", "all/lab2 - y.ipynb"], {"x", "y"}),
        (["honest/lab3/gru_instead.ipynb"], {"gru_instead"}),
        (["x/GRU_classifier_final.ipynb"], {"x"}),
        (["lab2_mlp/dropout_on_the_logits.ipynb"], {"dropout_on_the_logits"}),
    ],
)
def test_neighbours_decide_between_a_folders_and_a_files_name(
    files: list[str], expected: set[str], tmp_path: Path
) -> None:
    found = collect([fill(tmp_path, {name: notebook() for name in files})])
    assert {each.student for each in found} == expected
