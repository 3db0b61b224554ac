"""How a kernel becomes deterministic, warm and Colab-like before it is handed over to ipykernel."""

import os
import random
import sys
from pathlib import Path
from typing import Any

from . import notes, preload
from .colab import cells, colab, outputs, packed, paths, places, shell
from .config import read_config
from .years import apis

# The parts come last, since they bring TensorFlow and Keras with them.
SLOW = ("tensorflow", "ipykernel.kernelapp")
LATE = (
    *("agent", "colab.debugging", "colab.devices", "colab.fetching", "colab.restarts"),
    *("trainings.fits", "trainings.loops", "trainings.resuming", "trainings.training", "trainings.updates"),
)


def load() -> None:
    """All that takes long, and belongs to no notebook."""
    preload.load((*SLOW, *(f"{__package__}.{name}" for name in LATE)))


def run(config_file: str) -> None:
    config = read_config(config_file)
    os.chdir(config.home)
    for name, content in config.files.items():
        Path(config.home, name).write_text(content, encoding="utf-8")
    load()
    # They bring TensorFlow.
    from . import agent  # noqa: PLC0415
    from .answers import forms  # noqa: PLC0415
    from .colab import debugging, devices, fetching, restarts  # noqa: PLC0415
    from .trainings import fits, loops, resuming, training, updates  # noqa: PLC0415

    seed(config.seed)
    app = make_kernel(config.connection_file)
    notes.install(config)
    cells.install(app.shell)
    outputs.install(config, app.shell)
    forms.install(config, app.shell)
    before = (packed, paths, places, colab, shell, restarts, debugging, fetching, devices, fits, updates, apis)
    for part in (*before, training, loops, resuming):
        part.install(config)
    agent.start(config)
    preload.settle()
    sys.path.insert(0, "")  # as in any notebook: its own folder, and nothing of ours
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
