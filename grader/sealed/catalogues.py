"""What a wheel for students says in other languages: the sentences of the files and sealed checks in it, no other."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from grader.sealed.file import Sealed
from reports.catalogues.sources import files, of_file, said_by
from reports.compiled import PLURAL, packed
from reports.languages import ENGLISH, catalogue_of, languages, place


def catalogues(inside: Iterable[str], labs: Mapping[str, Sealed]) -> Iterator[tuple[Path, bytes]]:
    """For each language where it goes, below the folder of all catalogues; `inside`: the wheel's files of ours."""
    said = {*of_the_files(inside), *of_the_labs(labs)}
    for language in languages():
        if language != ENGLISH and (catalogue := catalogue_of(language)):
            yield place(language), packed({text: other for text, other in catalogue.pairs.items() if known(text, said)})


def known(text: str, said: set[str]) -> bool:
    """Nothing at all is the head of a catalogue."""
    return not text or text.partition(PLURAL)[0] in said


def of_the_files(inside: Iterable[str]) -> Iterator[str]:
    for file in set(inside) & {*files()}:
        for sentence in of_file(file):
            yield sentence.english if isinstance(sentence.english, str) else sentence.english[0]


def of_the_labs(labs: Mapping[str, Sealed]) -> Iterator[str]:
    for one in labs.values():
        yield from one.later
        yield from (text for _, text in said_by(one.rubric))
