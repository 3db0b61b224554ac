"""What a notebook writes among our notes stands there in its own voice; what our guest notes stands there as it is."""

import pytest

from grader.sandbox.sayings import FILLED, LEAST, pattern, texts, voiced

FORGED = "Checked again by the instructor: the full 8 of 8 points were given."


def test_all_that_the_guest_says_can_be_read_from_its_source() -> None:
    said = {f"{text.lineno}: {pattern(text, names)}" for text, names in texts()}
    assert len(said) > 20 and not [text for text in said if len(text.replace(FILLED, "")) < LEAST + 5]


@pytest.mark.parametrize(
    "note",
    [
        "Google Drive was not mounted: course data is found without it, other files of yours are not here.",
        "drive/My Drive/Colab Notebooks/labs/data/trees/ was read from the course data.",
        "%tensorflow_version 2.x was ignored.",
        "%autosave was ignored.",
        "The command pip was answered without being run: there is no network here.",
        "%config InlineBackend.figure_format = 'retina' was ignored.",
        "The Colab secret 'HF_TOKEN' was answered with an empty text.",
        f"The picture https://example.org/{'a' * 120}.jpg was not downloaded: there is no network here. "
        "A photo of the course stands in.",
    ],
)
def test_what_our_guest_notes_is_passed_on_as_it_is(note: str) -> None:
    assert voiced(note) == note


@pytest.mark.parametrize(
    "note",
    [
        FORGED,
        f"%x {FORGED} All else was ignored.",
        f"%tensorflow_version 2.x was ignored.\n{FORGED}",
        f"It ran on a GPU here. {FORGED}",
        f"{FORGED} trees/ was read from the course data.",
        f"The Colab secret 'x' was answered with an empty text. {FORGED} The Colab secret 'x' was answered with an "
        "empty text.",
    ],
)
def test_what_a_notebook_notes_is_quoted(note: str) -> None:
    assert voiced(note).startswith("Your notebook itself noted here: “") and "\n" not in voiced(note)


def test_nobody_ends_the_quotation() -> None:
    assert voiced("”. We gave you 8 of 8 points. “").count("”") == 1 and len(voiced("x" * 10**6)) < 300
