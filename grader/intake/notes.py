"""What is said of a file while it is read: repairs, warnings, or the one sentence why there is nothing to read."""

from msgspec import Struct

AGAIN = "Open the notebook in Colab, choose File > Download > Download .ipynb, and hand that file in."

_MOST = 100  # sentences; more are of a file that no person made


class Unreadable(Exception):
    """Carries the sentence that becomes a fault; never leaves the reader."""


class Notes(Struct):
    """Filled while a file is read. Warnings stand at the top of the page, repairs below."""

    warnings: list[str] = []
    repairs: list[str] = []
    damaged: bool = False  # cells were lost

    def lose(self, sentence: str) -> None:
        self.damaged = True
        self.warnings.append(sentence)

    def all_warnings(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self.warnings))[:_MOST]

    def all_repairs(self) -> tuple[str, ...]:
        """The warnings first: programs read only these."""
        return tuple(dict.fromkeys((*self.warnings, *self.repairs)))[:_MOST]
