"""First file of a jailed kernel: makes the files beside it one package, whose name no notebook's own file has."""

import importlib
import importlib.util
import sys
from pathlib import Path

PACKAGE = "grader_guest"


def main() -> None:
    """None of these files is importable by its own name: a notebook may write a config.py and import it."""
    folder = Path(__file__).resolve().parent
    spec = importlib.util.spec_from_file_location(
        PACKAGE, folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    assert spec is not None
    sys.modules[PACKAGE] = importlib.util.module_from_spec(spec)
    if sys.argv[1] == "zygote":
        importlib.import_module(f"{PACKAGE}.zygote").serve(int(sys.argv[2]))
    else:
        importlib.import_module(f"{PACKAGE}.kernel").run(sys.argv[1])


if __name__ == "__main__":
    main()
