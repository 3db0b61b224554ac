"""First file of a jailed kernel: makes it deterministic, warm and Colab-like, then hands over to ipykernel."""

import os
import random
import sys
from typing import Any

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import cells
import colab
import notes
import oldapis
import outputs
import paths
import places
import preload
import shell
from config import read_config

SLOW = ("ipykernel.kernelapp", "agent", "training")  # bring TensorFlow with them, or are slow themselves


def main() -> None:
    config = read_config(sys.argv[1])
    os.chdir(config.home)
    preload.load((*config.modules, *SLOW))
    import agent  # noqa: PLC0415
    import devices  # noqa: PLC0415
    import fits  # noqa: PLC0415
    import loops  # noqa: PLC0415
    import resuming  # noqa: PLC0415
    import training  # noqa: PLC0415

    seed(config.seed)
    app = make_kernel(config.connection_file)
    notes.install(config)
    cells.install(app.shell)
    outputs.install(config, app.shell)
    for part in (paths, places, colab, shell, devices, fits, oldapis, training, loops, resuming):
        part.install(config)
    agent.start(config)
    preload.settle()
    sys.path[0] = ""  # as in any notebook: its own folder, and nothing of ours
    app.start()


def make_kernel(connection_file: str) -> Any:
    from ipykernel.kernelapp import IPKernelApp  # noqa: PLC0415 - after TensorFlow, which is what takes long

    app = IPKernelApp.instance()
    # The banner, which is asked for after each cell, would draw its tip by the notebook's own random numbers.
    quiet = ["--HistoryManager.enabled=False", "--IPCompleter.use_jedi=False", "--InteractiveShell.enable_tip=False"]
    app.initialize(["-f", connection_file, *quiet])
    return app


def seed(number: int) -> None:
    random.seed(number)
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed(number)
    if "tensorflow" in sys.modules:
        sys.modules["tensorflow"].random.set_seed(number)


if __name__ == "__main__":
    main()
