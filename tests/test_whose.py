"""Whose each file is, as learning platforms, mailboxes and students call them; nobody takes a neighbour's row."""

import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from sample_hand_ins import fill, notebook, zipped

from grader.commands.options import compiled
from grader.errors import UsageError
from grader.intake.collect import collect, hand_ins

# What a folder holds, and who is in it, with the id that the name held.
LAYOUTS: dict[str, dict[str, str | tuple[str, str]]] = {
    "Google Classroom": {
        "NLP 3-20231110T091500Z-001/NLP 3/Ane Agirre - 3. Sareak.ipynb": "Ane Agirre",
        "NLP 3-20231110T091500Z-001/NLP 3/María-José Prat - Copia de 3. Sareak.ipynb": "María-José Prat",
        "NLP 3-20231110T091500Z-002/NLP 3/Cópia de 3. Sareak - João Lima.ipynb": "João Lima",
    },
    "Canvas": {
        "smithjo_LATE_201_901_lab2.ipynb": ("smithjo", "201"),
        "gil-soto_202_902_2. MLP and Dropout-1.ipynb": ("gil-soto", "202"),
        "d'amicoeva_203_903_Kopie von lab2.ipynb": ("d'amicoeva", "203"),
        "núñeziker_LATE_204_904_lab2-2.ipynb": ("núñeziker", "204"),
        "lee, kim_7_61_lab2.ipynb": ("lee, kim", "7"),
        "anon_q7x_205_lab2.ipynb": ("anon_q7x", "q7x"),
        "gil_soto_202_906_lab2.ipynb": ("gil_soto", "202"),
        "romeroluz_208_908_file.ipynb": "",
        "romeroluz_208_909_lab2.ipynb": ("romeroluz", "208"),
        "de_la_cruzana_LATE_12347_67892_lab_2-1.ipynb": ("de_la_cruzana", "12347"),
    },
    "a surname or first name that is a word of the course": {
        "Will Glove lab2.ipynb": "Will Glove",
        "lab2_Bert_Klein.ipynb": "Bert_Klein",
        "lab2 Grace Word final.ipynb": "Grace Word",
        "Lab2 GloVe Ana Ruiz.ipynb": "Ana Ruiz",
        "lab2 gru Jon Gil.ipynb": "Jon Gil",
        "Eva lab_2_2023_v3.ipynb": "Eva",
    },
    "a word of the course that is the work's": {
        "lab5b Bert Ana.ipynb": "Ana",
        "a2 Glove Jon.ipynb": "Jon",
    },
    "a word in brackets": {
        "Ane.ipynb": "",
        "Ane (file).ipynb": "Ane",
        "Jon Ruiz (work).ipynb": "Jon Ruiz",
    },
    "Moodle": {
        "Otegi Lasa Miren_7001_assignsubmission_file_/work.ipynb": ("Otegi Lasa Miren", "7001"),
        "O'Hara Sean_7002_assignsubmission_file_/Untitled0.ipynb": ("O'Hara Sean", "7002"),
        "Rius-Pla Àlex_7003_assignsubmission_file_lab2.ipynb": ("Rius-Pla Àlex", "7003"),
        "Soto Eva_7004_assignsubmission_onlinetext_/onlinetext.html": ("Soto Eva", "7004"),
    },
    "Teams": {
        "Submitted files/Ane Agirre/Lab 2/Version 1/old.ipynb": "",
        "Submitted files/Ane Agirre/Lab 2/Version 2/lab2.ipynb": "Ane Agirre",
        "Working files/Ane Agirre/Lab 2/lab2.ipynb": "",
        "Submitted files/Jon Ruiz/Lab 2/Version 1/lab2.ipynb": "Jon Ruiz",
    },
    "Brightspace": {
        "D/31-77 - Ane Agirre - 9 November, 2023 1012 PM/lab2.ipynb": "",
        "D/31-77 - Ane Agirre - 10 November, 2023 0801 AM/lab2.ipynb": ("Ane Agirre", "31"),
        "D/32-77 - Jon Ruiz-Gil - Nov 9, 2023 1013 PM/lab2.ipynb": ("Jon Ruiz-Gil", "32"),
    },
    "Sakai": {
        "Lab 2/Agirre, Ane(aagirre)/Submission attachment(s)/lab2.ipynb": ("Ane Agirre", "aagirre"),
        "Lab 2/Ruiz Gil, Jon(jruiz)/timestamp.txt": ("Jon Ruiz Gil", "jruiz"),
    },
    "Submitty": {
        "lab2/aagirre/1/lab2.ipynb": "",
        "lab2/aagirre/10/lab2.ipynb": "aagirre",
        "lab2/aagirre/9/lab2.ipynb": "",
        "lab2/jruiz/1/lab2.ipynb": "jruiz",
    },
    "Blackboard": {
        "gradebook_NLP_Lab2_jgil_attempt_2023-11-09-10-12-13_lab2.ipynb": "",
        "gradebook_NLP_Lab2_jgil_attempt_2023-11-10-10-12-13_lab2.ipynb": ("jgil", "jgil"),
        "gradebook_NLP_Lab2_e_soto_attempt_2023-11-09-10-12-13_lab2.ipynb": ("e_soto", "e_soto"),
    },
    "mail": {
        "RE_ Lab2 - Ane Agirre.ipynb": "Ane Agirre",
        "Fwd_ RE_ lab2 Jon Ruiz.ipynb": "Jon Ruiz",
        "[NLP] Lab2 Noa Pla.ipynb": "Noa Pla",
        "RV_ Lab2 - Eva Soto/lab2.ipynb": "Eva Soto",
    },
    "ids": {
        "Ane Agirre_72345671/lab2.ipynb": ("Ane Agirre", "72345671"),
        "72345672K Jon Ruiz/lab2.ipynb": ("Jon Ruiz", "72345672K"),
        "lab2_Eva_Soto_72345673.ipynb": ("Eva_Soto", "72345673"),
    },
}
COPIES = {
    "Còpia de Lab2 - Jordi Puig": "Jordi Puig",
    "Cópia de Lab2 - João Lima": "João Lima",
    "Copia di Lab2 - Luca Neri": "Luca Neri",
    "Kopie von Lab2 - Uwe Kühn": "Uwe Kühn",
    "Copie de Lab2 - Luc Roy": "Luc Roy",
    "Lab2 - 박지성의 사본": "박지성",
    "佐藤花子_Lab2 のコピー": "佐藤花子",
    "“李雷 Lab2”的副本": "李雷",
    "Lab2 - Ane Gil - copia (2)": "Ane Gil",
    "Lab2 - Jon Gil - Kopie": "Jon Gil",
}


def told(expected: str | tuple[str, str]) -> tuple[str, str]:
    return (expected, "") if isinstance(expected, str) else expected


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("packed", [False, True], ids=["folder", "zip"])
def test_what_platforms_make_of_names_is_understood(layout: str, packed: bool, tmp_path: Path) -> None:
    expected = LAYOUTS[layout]
    files = {name: notebook(source=name) if name.endswith("nb") else b"<p>Late!</p>" for name in expected}
    fill(tmp_path / "class", files)
    (tmp_path / "class.zip").write_bytes(zipped(files))
    found = collect([tmp_path / ("class.zip" if packed else "class")], "lab2_mlp")
    assert {(each.student, each.student_id) for each in found} == {told(who) for who in expected.values() if who}
    said = " ".join(text for each in found for text in each.repairs)
    assert all(name in said for name, who in expected.items() if not who)


def test_a_copy_has_its_owners_name_in_whichever_language_it_was_made(tmp_path: Path) -> None:
    found = collect([fill(tmp_path, {f"{name}.ipynb": notebook() for name in COPIES})])
    assert {Path(each.file).stem: each.student for each in found} == COPIES


def test_gradescopes_list_beside_the_folders_says_who_is_behind_them(tmp_path: Path) -> None:
    people = """---
submission_901:
  :submitters:
  - :name: "Ane Agirre"
    :sid: '501'
    :email: ane@example.org
  :results:
    :output: "submission_902:\\n  :submitters:\\n  - :name: Nobody"
submission_902:
  :submitters:
  - :name: Jon O'Hara
    :sid:
    :email: jon@example.org
  - :name: Eva Soto
    :sid: '503'
"""
    names = (f"assignment_7_export/submission_{n}/lab2.ipynb" for n in (901, 902))
    files = {name: notebook() for name in names} | {"assignment_7_export/submission_metadata.yml": people.encode()}
    found = collect([fill(tmp_path, files)])
    assert {(each.student, each.student_id) for each in found} == {
        ("Ane Agirre", "501"),
        ("Jon O'Hara, Eva Soto", "jon@example.org 503"),
    }


def mixed() -> dict[str, str]:
    """Forty students by their files: ten of each kind, as a teacher's folder looks at the end of a term."""
    first, last = "Ane Jon Eva Iker Miren Luca Uwe Sean João Noa".split(), "Agirre Ruiz O'Hara Gil-Soto".split()
    whose = {}
    for n, name in enumerate(first):
        whose[f"moodle/{last[0]} {name}_{5000 + n}_assignsubmission_file_/nb{n}.ipynb"] = f"{last[0]} {name}"
        late = "_LATE" if n % 3 else ""
        whose[f"canvas/{last[1].lower()}{name.lower()}{late}_{100 + n}_{900 + n}_lab2.ipynb"] = f"ruiz{name.lower()}"
        title = f"Copy of 2. MLP - {name} {last[2]}" if n % 2 else f"{name} {last[2]} - 2. MLP"
        whose[f"Lab 2-20231110T091500Z-001/Lab 2/{title}.ipynb"] = f"{name} {last[2]}"
        loose = (f"{name} {last[3]}/lab2.ipynb", f"lab2 - {name} {last[3]}.ipynb", f"{name} {last[3]}_lab2_v3.ipynb")
        whose[loose[n % 3]] = f"{name} {last[3]}"
    return whose


@pytest.mark.parametrize("flat", [False, True], ids=["in folders", "all in one"])
def test_a_class_of_forty_from_four_sources_lists_all_by_their_names(flat: bool, tmp_path: Path) -> None:
    sources = ("moodle/", "canvas/", "Lab 2-20231110T091500Z-001/Lab 2/")
    whose = mixed()
    if flat:
        whose = {re.sub("|".join(map(re.escape, sources)), "", file): name for file, name in whose.items()}
    fill(tmp_path, {file: notebook(source=f"x = {n}") for n, file in enumerate(whose)})
    found = collect([tmp_path])
    assert {each.file: each.student for each in found} == whose
    assert len(found) == 40


CLAIMS: dict[str, Mapping[str, bytes]] = {
    "its words": {"jon/lab2.ipynb": notebook("Name: ane")},
    "a folder inside": {"jon/ane/lab2.ipynb": notebook("x")},
    "a platform's folder inside": {"jon/ane_1_assignsubmission_file_/lab2.ipynb": notebook("x")},
    "several folders inside": {"jon/ane/lab2.ipynb": notebook("x"), "jon/eva/lab2.ipynb": notebook("y")},
    "several of a platform's": {
        "jon/ane_1_assignsubmission_file_/lab2.ipynb": notebook("x"),
        "jon/eva_2_assignsubmission_file_/lab2.ipynb": notebook("y"),
    },
    "a zip": {"jon/work.zip": zipped({"ane/lab2.ipynb": notebook("x")})},
    "an earlier path": {"aaron/ane/lab2.ipynb": notebook("x")},
    "a loose notebook's words": {"Untitled0.ipynb": notebook("Name: ane")},
}


@pytest.mark.parametrize("claim", CLAIMS)
def test_nobody_takes_a_neighbours_row_nor_gives_her_a_number(claim: str, tmp_path: Path) -> None:
    hers = {f"{name}/lab2.ipynb": notebook(name) for name in ("ane", "eva", "zoe")}
    found = collect([fill(tmp_path, hers | CLAIMS[claim])], "lab2_mlp")
    assert {each.file: each.student for each in found if each.file in hers} == {
        f"{name}/lab2.ipynb": name for name in ("ane", "eva", "zoe")
    }
    assert len(found) > 3


def test_a_platforms_folder_outranks_any_name_within_it(tmp_path: Path) -> None:
    files = {
        "Agirre Ane_1_assignsubmission_file_/lab2.ipynb": notebook("x"),
        "Gil Jon_2_assignsubmission_file_/Agirre Ane_1_assignsubmission_file_/lab2.ipynb": notebook("Name: Agirre Ane"),
        "Soto Eva_3_assignsubmission_file_/lab2 - Agirre Ane.ipynb": notebook("Name: Agirre Ane"),
    }
    assert [each.student for each in collect([fill(tmp_path, files)])] == ["Agirre Ane", "Gil Jon", "Soto Eva"]


def test_a_folder_of_one_student_given_by_itself_names_its_student(tmp_path: Path) -> None:
    fill(tmp_path / "st07", {"numpy_first.ipynb": notebook("# Lab1"), "lab2.ipynb": notebook()})
    assert {each.student for each in collect([tmp_path / "st07"])} == {"st07"}
    fill(tmp_path / "inbox", {"ane.ipynb": notebook("# Lab1"), "jon.ipynb": notebook("# Lab2")})
    assert {each.student for each in collect([tmp_path / "inbox"])} == {"ane", "jon"}


def test_nameless_notebooks_of_several_people_are_no_versions_of_one(tmp_path: Path) -> None:
    files = {"Lab2.ipynb": notebook("Name: Jon Ruiz"), "Untitled0.ipynb": notebook("Name: Eva Soto", "y = 2")}
    found = collect([fill(tmp_path / "monday", files)], "lab2_mlp")
    assert {each.student for each in found} == {"Jon Ruiz", "Eva Soto"}
    files = {f"Untitled{n}.ipynb": notebook(source=f"x = {n}") for n in range(3)}
    assert len(collect([fill(tmp_path / "tuesday", files)], "lab2_mlp")) == 3


PATTERNS = {
    r"(?P<id>\d+)~(?P<name>[^~/]+)~": ["3~Ane Agirre~lab2.ipynb", "4~Jon Ruiz~lab2.ipynb"],
    r"^(?P<name>[A-Z][a-z]+ [A-Z][a-z]+) \[(?P<id>\d+)\]$": ["Ane Agirre [3]/lab2.ipynb", "Jon Ruiz [4]/lab2.ipynb"],
    r"^(?P<id>\d)/(?P<name>[\w ]+)\.ipynb$": ["3/Ane Agirre.ipynb", "4/Jon Ruiz.ipynb"],
}


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_pattern_of_the_teachers_own_tells_name_and_id(pattern: str, tmp_path: Path) -> None:
    files = dict.fromkeys([*PATTERNS[pattern], "lab2 - Eva Soto.ipynb"], notebook())
    found = hand_ins([fill(tmp_path, files)], None, compiled(pattern))
    told = {(each.student, each.student_id) for each in found.submissions}
    assert told == {("Ane Agirre", "3"), ("Jon Ruiz", "4"), ("Eva Soto", "")}
    assert "1 fit no --name-pattern" in found.passed_over[-1]


@pytest.mark.parametrize(("pattern", "said"), [("(?P<name>", "no regular expression"), (r"(\w+)_lab", r"\(\?P<name>")])
def test_a_wrong_pattern_is_told_in_a_sentence(pattern: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        compiled(pattern)
