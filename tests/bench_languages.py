"""What another language costs: `python -m tests.bench_languages`, on the invented pages of the tests."""

import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # run as a module it sees only the project

import sample_class
import sample_reports as sample

from reports.classpage import class_page
from reports.feedback import feedback_page
from reports.languages import CATALOGUES, ENGLISH, Catalogue, catalogue_of, languages, place, speaking

PAGES: dict[str, Callable[[], str]] = {}


def milliseconds(work: Callable[[], object]) -> float:
    begun = time.process_time()
    work()
    return 1000 * (time.process_time() - begun)


def main() -> None:
    students = sample_class.a_class(60)
    links = [f"{n}.html" for n, _ in enumerate(students)]
    pages: dict[str, Callable[[], str]] = {
        "feedback": lambda: feedback_page(sample.mistaken(), sample.EARLIER),
        "class of 60": lambda: class_page(students, links),
    }
    for language in languages():
        with speaking(language):
            catalogue = catalogue_of(language)
            for name, page in pages.items():
                page()
                first = []
                for _ in range(5):
                    if catalogue:
                        catalogue.sentences.said.cache_clear()
                    first.append(milliseconds(page))
                again = min(milliseconds(page) for _ in range(5))
                sys.stdout.write(f"{language} {name}: {min(first):.0f} ms, again {again:.0f} ms\n")
        if language != ENGLISH:
            files = [CATALOGUES / place(language)]
            took = min(milliseconds(lambda files=files: Catalogue(files)) for _ in range(5))  # type: ignore[misc]
            sys.stdout.write(f"{language} catalogue: {took:.0f} ms\n")


if __name__ == "__main__":
    main()
