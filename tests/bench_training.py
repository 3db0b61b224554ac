"""How much faster the GRU of lab 4 trains here than in a plain notebook: `make bench-training`.

On $GRADER_DATA or toy data.

Each pair runs the same notebook once through nbclient alone and once in a session of the grader, one after the other,
so that both see the same machine. CPU seconds of the training cell are compared, and the accuracies it printed: sums in
another order round otherwise, and what is rounded otherwise at one step is another training a hundred steps later.
"""

import argparse
import re
import statistics
from pathlib import Path

import nbformat
from nbclient import NotebookClient

from grader.data.folder import data_folder
from grader.model import Cell, Limits, TrainBudget, TrainPolicy
from grader.sandbox.kernel import Setting
from grader.sandbox.session import open_session
from grader.sandbox.walls.isolation import best_isolation
from reference.notebooks import solution

TIMED = "import time\n_begun = time.process_time()\n{}\nprint('seconds', time.process_time() - _begun)"


def notebook(epochs: int) -> nbformat.NotebookNode:
    made = solution("lab4_gru")
    for cell in made.cells:
        cell.source = cell.source.replace("self.training_epochs = 500", f"self.training_epochs = {epochs}")
        if cell.source.startswith("classifier.train("):
            cell.source = TIMED.format(cell.source)
    return made


def plain(made: nbformat.NotebookNode, trees: Path) -> str:
    for cell in made.cells:
        lines = [line for line in cell.source.splitlines() if "drive" not in line or "sst_home" in line]
        source = "\n".join(line for line in lines if not line.startswith("%tensorflow_version"))
        cell.source = re.sub(r'sst_home = ".*"', f'sst_home = "{trees}/"', source)
    NotebookClient(made, timeout=None).execute()
    outputs = [output for cell in made.cells if cell.cell_type == "code" for output in cell.outputs]
    return "".join(output.get("text", "") for output in outputs)


def graded(made: nbformat.NotebookNode) -> str:
    setting = Setting(
        slot=0, data=data_folder(None).parts, limits=Limits(submission=36_000, cell=36_000),
        budget=TrainBudget(TrainPolicy.FULL), seed=1, isolation=best_isolation(),
    )  # fmt: skip
    cells = tuple(Cell(i, cell.cell_type, cell.source) for i, cell in enumerate(made.cells))
    with open_session(setting) as session:
        run = session.run(cells)
    return "".join(str(output.get("text", "")) for cell in run.cells for output in cell.outputs)


def seconds(text: str) -> float:
    return float(re.findall(r"^seconds ([\d.]+)", text, re.MULTILINE)[-1])


def accuracies(text: str) -> list[float]:
    """On 256 sentences each, by epoch: dev, train, dev, …"""
    return [float(found) for found in re.findall(r"acc: ([\d.]+)", text)]


def apart(one: str, two: str) -> str:
    gaps = [b - a for a, b in zip(accuracies(one), accuracies(two), strict=True)]
    return f"accuracies {statistics.mean(gaps):+.3f} on average, {max(map(abs, gaps)):.3f} at most"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=100)
    parser.add_argument("--pairs", type=int, default=3)
    asked = parser.parse_args()
    print(f"lab4, {asked.epochs} epochs, {data_folder(None).description}")
    ratios = []
    for pair in range(1, asked.pairs + 1):
        one = plain(notebook(asked.epochs), data_folder(None).parts["trees"])
        two = graded(notebook(asked.epochs))
        ratios.append(seconds(one) / seconds(two))
        times = f"plain {seconds(one):.1f} s, here {seconds(two):.1f} s, {ratios[-1]:.2f}"
        print(f"pair {pair}: {times}, {apart(one, two)}")
    print(f"median {statistics.median(ratios):.2f}")


if __name__ == "__main__":
    main()
