"""First file of a jailed kernel: makes it deterministic, warm and Colab-like, then hands over to ipykernel."""

import importlib
import os
import random
import sys
from typing import Any

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import agent
import cells
import colab
import notes
import outputs
import paths
import shell
import training
from config import read_config


def main() -> None:
    config = read_config(sys.argv[1])
    os.chdir(config.home)
    for module in config.modules:
        importlib.import_module(module)
    seed(config.seed)
    app = make_kernel(config.connection_file)
    notes.install(config)
    cells.install(app.shell)
    outputs.install(config, app.shell)
    for part in (paths, colab, shell, training):
        part.install(config)
    agent.start(config)
    sys.path[0] = ""  # as in any notebook: its own folder, and nothing of ours
    app.start()


def make_kernel(connection_file: str) -> Any:
    from ipykernel.kernelapp import IPKernelApp  # noqa: PLC0415 - after TensorFlow, which is what takes long

    app = IPKernelApp.instance()
    app.initialize(["-f", connection_file, "--HistoryManager.enabled=False", "--IPCompleter.use_jedi=False"])
    return app


def seed(number: int) -> None:
    random.seed(number)
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed(number)
    if "tensorflow" in sys.modules:
        sys.modules["tensorflow"].random.set_seed(number)


if __name__ == "__main__":
    main()
