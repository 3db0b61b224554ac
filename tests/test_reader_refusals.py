"""The real reason why a file is no notebook: what it is instead, in words a student understands."""

from pathlib import PurePath

import pytest

from grader.intake.submission import read_notebook

LFS = "version https://git-lfs.github.com/spec/v1\noid sha256:12ab\nsize 99\n"
PAGE = "<!DOCTYPE html><html><head><title>{}</title></head><body>{}</body></html>"
PLIST = "<?xml version='1.0'?><plist version='1.0'><dict><key>URL</key><string>https://a</string></dict></plist>"


@pytest.mark.parametrize(
    ("name", "content", "word"),
    [
        ("lab.ipynb", LFS, "Git LFS"),
        ("lab.ipynb", "https://colab.research.google.com/drive/1x?usp=sharing\n", "link to Colab"),
        ("lab.txt", "Here it is: https://drive.google.com/file/d/1x/view Thanks, Ane", "link to Google Drive"),
        ("lab.py", "# https://github.com/ane/labs\n", "link to GitHub"),
        ("lab.url", "[InternetShortcut]\r\nURL=https://colab.research.google.com/drive/1\r\n", "shortcut"),
        ("lab.webloc", PLIST, "shortcut"),
        ("lab.gdoc", '{"doc_id": "1x", "email": "a@b"}', "shortcut"),
        ("lab.ipynb", "Rar!\x1a\x07\x00rest", "Rar"),
        ("lab.ipynb", b"7z\xbc\xaf\x27\x1crest", "7z"),
        ("lab.ipynb", b"\x1f\x8brest", "gzip"),
        ("lab.ipynb", "PK\x03\x04rest", "zip"),
        ("lab.ipynb", "PK\x03\x04rest word/document.xml", "Word"),
        ("lab.ipynb", b"\0" * 3000, "zeros"),
        ("lab.html", PAGE.format("Google Drive - Quota exceeded", '<p class="uc-error-caption">'), "quota"),
        ("lab.ipynb", PAGE.format("Google Drive", '<p class="uc-warning-caption">'), "virus scan"),
        ("lab.ipynb", PAGE.format("Sign in - Google Accounts", ""), "sign in"),
        ("lab.ipynb", PAGE.format("labs/lab1.ipynb at main · ane/labs · GitHub", ""), "GitHub shows"),
        ("lab.html", PAGE.format("lab1", '<div class="jp-Notebook">quota exceeded</div>'), "exported to"),
        ("lab.R", "x <- 3", "R;"),
        ("lab.txt", "library(ggplot2)\nx <- 3\n", "written in R;"),
        ("lab.jl", "using Flux", "Julia"),
        ("lab.Rmd", "# Lab\n\n```{r}\nx <- 3\n```\n", "written in R;"),
        ("lab.txt", "I could not finish this lab.\nimport problems again, sorry!\n", 'begins "I could not'),
        ("lab.eml", "Received: by a\nSubject: lab1\n\nhello\n", "e-mail"),
        ("lab.ipynb.part", "PK\x03\x04rest", "download of this file was not finished"),
    ],
)  # fmt: skip
def test_what_is_no_notebook_is_called_what_it_is(name: str, content: str | bytes, word: str) -> None:
    data = content if isinstance(content, bytes) else content.encode()
    notebook = read_notebook(PurePath(name), data)
    assert word in (notebook.fault or "")
    assert notebook.cells == ()


def test_a_link_in_a_script_makes_it_no_link() -> None:
    script = "# from https://colab.research.google.com/drive/1x\nimport math\n\nprint(math.pi)\n"
    assert read_notebook(PurePath("lab.txt"), script.encode()).fault is None


def test_zeros_at_the_end_are_ignored_and_told() -> None:
    sound = b'{"cells": [{"cell_type": "code", "source": "a = 1"}]}'
    notebook = read_notebook(PurePath("lab.ipynb"), sound + bytes(512))
    assert [cell.source for cell in notebook.cells] == ["a = 1"]
    assert "zeros" in notebook.repairs[0]
