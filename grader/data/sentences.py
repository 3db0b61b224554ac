"""By what a sentence is known, however a notebook writes it."""


def key_of(sentence: str) -> str:
    """The same for every way to take a sentence out of its tree, and to write it in small letters."""
    return "".join(sentence.lower().split())
