"""Formulas are set as MathML: those of rubrics, and whatever stands between `$` in a notebook, which cannot act."""

import re
import time

import pytest
import sample_reports as sample
from msgspec.structs import replace
from test_pages import Outline

from grader.course.folder import current_course
from grader.model import Cell
from reports.feedback import feedback_page
from reports.maths import LONGEST, formula, mathml
from reports.notebook import rendered

RULES = [
    (lab, rule) for lab, rubric in current_course().labs.items() for rule in (*rubric.checks, *rubric.mistakes.values())
]


def test_a_students_formulas_are_set_in_the_line_and_on_lines_of_their_own() -> None:
    html = rendered("With $z_t$:\n\n$$h = z + 1$$\n\n\\begin{align}a &= b\\end{align}")
    assert html.count("<math") == 3 and html.count('display="block"') == 2
    assert "<msub><mi>z</mi><mi>t</mi></msub>" in html and "$" not in html


@pytest.mark.parametrize("text", ["It costs $5 and $10.", "cd $HOME and $PATH", "`$x$`", "    $x$"])
def test_what_is_no_formula_stays_as_it_is_written(text: str) -> None:
    assert "<math" not in rendered(text)
    assert "$" in rendered(text)


@pytest.mark.parametrize(
    "latex",
    [
        "{" * 400,
        r"\frac{" * 150,
        r"\left(" * 150,
        "x" + "^{x" * 300,
        r"\sqrt " * 160,
        r"\begin{matrix}" * 60,
        r"\newcommand{\a}{\b\b}\newcommand{\b}{\a\a}\a",
        r"\def\a{\a\a}\a",
        "x" * (LONGEST + 1),
        "x^2^3",
    ],
)
def test_a_hostile_formula_ends_at_once_and_is_shown_as_it_was_written(latex: str) -> None:
    begun = time.process_time()
    html = rendered(f"before ${latex}$ after")
    assert time.process_time() - begun < 2
    assert "before" in html and "after" in html
    assert not Outline(str(formula(latex))).unbalanced


@pytest.mark.parametrize(
    "text",
    [
        r"$\href{javascript:document.title='HACKED'}{x}$",
        r"$\text{<script>document.title='HACKED'</script>}$",
        r"$\style{background:url(https://example.org/a.png)}{x}$",
        r"$\class{score}{9}\id{main}$",
        "<math><mtext><table><mglyph><style><img src=x onerror=\"document.title='HACKED'\">",
        '<math href="javascript:1"><maction actiontype="statusline" xlink:href="javascript:1">x</maction></math>',
        "<math><annotation-xml encoding=\"text/html\"><script>document.title='HACKED'</script></annotation-xml></math>",
        '<td colspan="\n\n$x$\n\n" onclick="document.title=1">',
    ],
)
def test_no_formula_brings_a_script_a_link_or_a_name_of_ours(text: str) -> None:
    report = replace(sample.good(), submission=sample.submission("student01", cells=(Cell(0, "markdown", text),)))
    page = feedback_page(report)
    outline = Outline(page)
    assert not {"script", "style", "maction", "annotation-xml", "mglyph"} & set(Outline(str(rendered(text))).tags)
    assert not outline.handlers and all(link.startswith("#") for link in outline.links)
    assert outline.ids.count("main") == 1 and page.count('class="score"') == 1


def test_a_page_of_nothing_but_formulas_is_not_endless() -> None:
    cells = tuple(Cell(n, "markdown", "$x_1+y$ " * 4000) for n in range(20))
    begun = time.process_time()
    page = feedback_page(replace(sample.good(), submission=sample.submission("student01", cells=cells)))
    assert time.process_time() - begun < 20
    assert 0 < page.count("<math") < 6000


def test_every_formula_of_a_rubric_can_be_set_and_every_example_has_two_lines() -> None:
    with_formula = [(lab, rule) for lab, rule in RULES if rule.formula]
    assert len(with_formula) >= 14
    for lab, rule in with_formula:
        assert all(mathml(line) for line in rule.formula.strip().splitlines()), lab
        assert "\\" not in re.sub(r"<[^>]*>", "", str(formula(rule.formula))), lab
        assert len(rule.example.strip().splitlines()) == 2, lab


def test_hints_come_one_after_the_other_each_behind_a_click() -> None:
    page = feedback_page(sample.mistaken())
    ladder = page[page.index('id="check-gru_step"') :].split("</dl>")[0]
    rungs = re.findall(r"<details class=\"rung\"><summary>(.*?)<", ladder)
    assert rungs == ["A nudge", "Where to look", "The formula, with small numbers"]
    assert "Set z to 1 by hand" in ladder and ladder.count("<math") == 2
    assert "open" not in re.findall(r"<details class=\"rung\"([^>]*)>", ladder)
    without = page[page.index('id="check-l2_all_gates"') :].split("</dl>")[0]
    assert "List what the penalty should hold" in without and "The formula" not in without
