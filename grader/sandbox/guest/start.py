"""First file of a jailed kernel, and of a zygote: makes the files beside it one package, whose name no notebook has."""

import importlib
import importlib.util
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from types import CodeType

PACKAGE = "grader_guest"
FOLDER = Path(__file__).resolve().parent


def main(kind: str, *rest: str) -> None:
    """None of these files is importable by its own name: a notebook may write a config.py and import it."""
    if kind == "zygote":
        control, shown = rest
        finder = Elsewhere(shown)
        sys.meta_path.insert(0, finder)
        make_package(shown)
        importlib.import_module(f"{PACKAGE}.zygote").serve(int(control), lambda: sys.meta_path.remove(finder))
    else:
        make_package(str(FOLDER))
        importlib.import_module(f"{PACKAGE}.kernel").run(kind)


def make_package(folder: str) -> None:
    spec = importlib.util.spec_from_file_location(PACKAGE, f"{folder}/__init__.py", submodule_search_locations=[folder])
    assert spec is not None
    sys.modules[PACKAGE] = importlib.util.module_from_spec(spec)


class Elsewhere:
    """Finds these files where they are, outside, and has them say that they lie where a jail shows them."""

    def __init__(self, shown: str) -> None:
        self._shown = shown

    def find_spec(self, name: str, path: Sequence[str] | None, target: object = None) -> ModuleSpec | None:
        if not name.startswith(f"{PACKAGE}."):
            return None
        inside = name.removeprefix(f"{PACKAGE}.").replace(".", "/")
        room = (FOLDER / inside).is_dir()
        file = f"{inside}/__init__.py" if room else f"{inside}.py"
        return importlib.util.spec_from_file_location(
            name,
            f"{self._shown}/{file}",
            loader=Loader(name, str(FOLDER / file), f"{self._shown}/{file}"),
            submodule_search_locations=[f"{self._shown}/{inside}"] if room else None,
        )


class Loader(SourceFileLoader):
    def __init__(self, name: str, path: str, shown: str) -> None:
        super().__init__(name, path)
        self._shown = shown

    def get_code(self, fullname: str) -> CodeType:
        return self.source_to_code(self.get_data(self.path), self._shown)

    def get_filename(self, name: str | None = None) -> str:
        return self._shown


if __name__ == "__main__":
    main(*sys.argv[1:])
