"""What a text is that holds no notebook: a pointer, a link, a web page, another language; and what is Python."""

import ast
import re
from pathlib import PurePath

from grader.intake.notes import AGAIN
from grader.syntax import parsed_or_none

HAND_IN = "Hand in the notebook of the lab, the .ipynb file."

LANGUAGES = {
    ".r": "R", ".jl": "Julia", ".m": "MATLAB", ".java": "Java", ".c": "C", ".cpp": "C++", ".js": "JavaScript",
    ".ts": "TypeScript", ".scala": "Scala", ".sql": "SQL", ".sh": "a shell", ".go": "Go", ".rs": "Rust",
    ".rb": "Ruby", ".php": "PHP", ".nb": "Mathematica", ".do": "Stata", ".kt": "Kotlin", ".cs": "C#",
}  # fmt: skip

_HEAD = 20_000  # characters in which a text says what it is
_PAGE = 300_000  # and a web page, after its styles
_LINK_ONLY = 400  # characters beside the links
_PARSED = 300_000  # characters; a syntax tree takes a hundred times their memory
_PROSE_SHARE = 0.3  # of the lines of a script: its comments without signs, its text in quotes
_LINK = re.compile(r"(?:https?://|www\.|\b(?:colab\.research|drive|docs)\.google\.com/|\bgithub\.com/)[^\s<>\"']+")
_HOSTS = {"colab.": "Colab", "drive.google": "Google Drive", "docs.google": "Google Docs", "github": "GitHub"}
_STRONG_LINE = re.compile(
    r"^[ \t]*(?:import [\w.]+(?: as \w+)?(?:, ?[\w.]+(?: as \w+)?)*|from [\w.]+ import .+"
    r"|(?:async )?def \w+\(.*|class \w+(?:\(.*)?:)[ \t]*(?:#.*)?$",
    re.MULTILINE,
)
_LINE = re.compile(r"^[ \t]*(?:[\w.]+ ?= ?\S.*|print\b.*|[%!]\w.*)$", re.MULTILINE)
_PROSE_LINE = re.compile(r"^(?:[^\W\d_]+[,;:]? ){3,}[^()=\[\]{}]*$", re.MULTILINE)

_POINTERS = (
    (r"\Aversion https://git-lfs", "a pointer of Git LFS; the notebook itself stayed elsewhere",
     "Fetch it with `git lfs pull`, or download it from the repository's page, and hand that file in."),
    (r"\A\[InternetShortcut\]|\A\[Desktop Entry\]", "a shortcut to a web page, which is not followed", AGAIN),
    (r"\A\\(?:documentclass|begin\{|usepackage)", "a LaTeX document", HAND_IN),
    (r"\A(?:From|MIME-Version|Content-Type): (?:.*\n){1,20}.*multipart/related", "a saved web page (MHTML)", AGAIN),
    (r"\A(?:Received|Return-Path|Delivered-To|From|Subject|MIME-Version): \S", "an e-mail",
     "Hand in the .ipynb file that is attached to it."),
    (r"\Adiff --git |\A--- \S+\n\+\+\+ ", "a list of changes (a diff)", HAND_IN),
    (r"\A// Databricks notebook", "a Databricks notebook in Scala", HAND_IN),
    (r"\A-- Databricks notebook", "a Databricks notebook in SQL", HAND_IN),
)  # fmt: skip
_LANGUAGE_MARKS = (
    (r"^(?:```+|~~~+) ?\{r\b|^library\(\w+\)|<- ?function ?\(|^\w+ <- ", "R"),
    (r"^(?:```+|~~~+) ?\{julia\b|^using [A-Z]\w+(?:, \w+)*$", "Julia"),
    (r"^function (?:\[?[\w, ]+\]? ?= ?)?\w+\(.*\)$", "MATLAB or Julia"),
    (r"^#include ?[<\"]", "C or C++"),
    (r"^(?:public|import java\.)", "Java"),
)
_SIGN_IN = (
    r"accounts\.google\.com/(?:v3/)?(?:signin|servicelogin|interactivelogin)|login\.microsoftonline"
    r"|<title>[^<]*(?:sign in|log ?in|iniciar sesi)|type=[\"']password"
)
_PAGES = (
    (r"github</title>|octolytics", "not the notebook but the page that GitHub shows around it"),
    (r"- (?:google )?colab(?:oratory)?</title>", "not the notebook but Colab's page around it"),
    (r"nbconvert|jp-notebook|jp-cell|celltag|notebook-container|__databricks_notebook_model|quarto-|jupyter",
     "a web page that a notebook was exported to (HTML)"),
    (r"uc-error|quota exceeded", "not the notebook but a page of Google Drive: its quota was exceeded"),
    (r"uc-warning|virus scan warning|drive\.usercontent\.google\.com/download",
     "not the notebook but a page of Google Drive: its virus scan warning"),
    (r"- google drive</title>", "not the notebook but the page that Google Drive shows around it"),
    (_SIGN_IN, "not the notebook but a page that asks to sign in"),
    (r"<title>[^<]*(?:\b404\b|not found|no encontrad|access denied|forbidden|error)",
     "not the notebook but an error page"),
)  # fmt: skip


def asks_to_sign_in(text: str) -> bool:
    """A web page instead of a file, since whoever asked was not known."""
    head = text[:_PAGE].lstrip("\ufeff \t\r\n\0").lower()
    return head.startswith("<") and re.search(_SIGN_IN + "|you need (?:access|permission)", head) is not None


def foreign(text: str, path: PurePath) -> str | None:
    """What is no notebook for certain: a sentence that says what it is and what to do."""
    head = text[:_PAGE].lstrip("\ufeff \t\r\n\0")
    if head.startswith("<") and not head.startswith("<<<<<<<"):
        return f"The file is {_page(head.lower())}. {AGAIN}"
    language = LANGUAGES.get(path.suffix.lower())
    if language:
        return f"The file is a script for {language}; notebooks of this course are written in Python. {HAND_IN}"
    for mark, what, remedy in _POINTERS:
        if re.search(mark, head[:_HEAD]):
            return f"The file is {what}. {remedy}"
    return None


def other_text(text: str) -> str:
    """The sentence for a text in which nothing was found that could be run."""
    head = text[:_HEAD]
    links = _LINK.findall(head)
    if links and len(_LINK.sub("", text)) <= _LINK_ONLY:
        where = next((name for host, name in _HOSTS.items() if host in links[0]), "a web page")
        return f"The file holds only a link to {where}, which is not followed. {AGAIN}"
    for mark, language in _LANGUAGE_MARKS:
        if re.search(mark, head, re.MULTILINE):
            return f"The file is written in {language}; notebooks of this course are written in Python. {HAND_IN}"
    begins = " ".join(head.split())[:60].replace('"', "'")
    return f'The file is text, neither a notebook nor Python. It begins "{begins}". {HAND_IN}'


def reads_like_python(text: str, is_script: bool) -> bool:
    """`is_script`: its name ends in .py, so that any statement will do; prose parses as Python now and then."""
    if is_script and (_LINE.search(text) or _STRONG_LINE.search(text)):
        return True
    tree = parsed_or_none(text) if len(text) <= _PARSED else None
    statements = tree.body if tree else []
    if any(not isinstance(each, ast.Expr | ast.AnnAssign | ast.Pass) for each in statements):
        return True
    if statements:
        return is_script
    lines = sum(bool(line.strip()) for line in text.split("\n"))
    return len(_STRONG_LINE.findall(text)) > 1 and len(_PROSE_LINE.findall(text)) <= _PROSE_SHARE * lines


def _page(head: str) -> str:
    if "<plist" in head:
        return "a shortcut to a web page, which is not followed"
    if head.startswith("<svg"):
        return "a picture (SVG)"
    for mark, what in _PAGES:
        if re.search(mark, head):
            return what
    return "a web page, not a notebook: the page was saved instead of the file"
