"""What is not here (a network, a package, somebody at the keyboard, a restart) is no fault of a notebook's."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from grader.model import Cell, CellRun, CellStatus, Limits, Outcome, Run, TrainBudget
from grader.sandbox.kernel import Setting
from grader.sandbox.walls.isolation import best_isolation
from tests.kept_sessions import open_session

DEV = "(3 (2 A) (4 film))\n(1 (2 Sad) (1 songs))\n"

EXCUSED = {
    "a page": (
        "from urllib.request import urlopen\nkept = urlopen('http://a.example/b.json')\nbelow = 1",
        "internet",
    ),
    "of it": ("print(kept)", "earlier cell"),
    "session": ("import requests\nrequests.Session().post('https://a.example/log', json={})", "internet"),
    "behind a call": ("def log():\n    import neptune\n    neptune.init()\nlog()\nbelow += 1", "neptune"),
    "tokens": ("import nltk\nnltk.download('punkt')\nnltk.word_tokenize('a b')", "data of a package"),
    "my drive": ("open('/content/drive/MyDrive/thesis/w.pkl', 'rb')", "Drive"),
    "archive": (
        "!curl -L -o mine.tgz https://a.example/mine.tgz\n!tar xf mine.tgz\nopen('mine/notes.txt')",
        "fetched",
    ),
    "upload": ("from google.colab import files\nname = list(files.upload())[0]", "uploaded"),
    "number": ("size = int(input('How many units? '))", "uploaded"),
    "stop": ("import sys\nsys.exit('enough')", "on purpose"),
    "silent stop": (
        "class Enough(Exception):\n    def _render_traceback_(self):\n        return []\nraise Enough",
        "on purpose",
    ),
    "sums to one": (
        "import numpy as np\nshares = np.full((2, 3), 1 / 3, np.float32) + 1e-7\n"
        "assert (shares.sum(axis=1) == 1).all(), 'weights'\n",
        "by ==",
    ),
}
PASSED_OVER = {
    "kill": "import os\nalive = 1\nos.kill(os.getpid(), 9)\nbelow += 10",
    "leave": "os._exit(0)",
    "quit in a loop": "while True:\n    quit()",
    "kernel": "import IPython\nIPython.get_ipython().kernel.do_shutdown(restart=True)",
    "reset": "%reset -f",
    "shell": "!kill -9 -1\n!pkill -9 -f ipykernel\n!kill -9 $(pgrep python)",
    "system": "os.system(f'kill -9 {os.getpid()}')",
    "anew": "import sys\nos.execv(sys.executable, ['python3', *sys.argv])",
    "debugger": (
        "import pdb, ipdb\nfrom IPython.core.debugger import set_trace\n%pdb on\n"
        "def half(x):\n    pdb.set_trace(); ipdb.set_trace(); set_trace()\n    breakpoint()\n    return x / 2\n"
        "print(half(8))"
    ),
    "after": "%debug\nprint(alive, below)",
    "colab": (
        "from google.colab import snippets, sheets, ai, output\nimport google.colab.some.thing\n"
        "with output.use_tags('x'):\n    print('tagged', repr(ai.generate_text('?')))"
    ),
    "children": "pid = os.fork()\nif not pid: os._exit(7)\nprint(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))",
    "board": (
        "import tensorflow as tf\nwith tf.summary.create_file_writer('logs').as_default():\n"
        "    tf.summary.scalar('loss', 0.5, step=1)\n"
    ),
    "archived": (
        "from urllib.request import urlretrieve\nimport zipfile\n"
        "urlretrieve('https://a.example/trainDevTestTrees_PTB.zip', 'sst.zip')\n"
        "zipfile.ZipFile('sst.zip').extractall('there')\nprint(len(open('there/trees/dev.txt').readlines()))"
    ),
    "requested": "print(len(requests.get('https://a.example/trees/dev.txt?raw=1').text.splitlines()))",
    "fetched": "!wget -q -O mine.txt https://a.example/dev.txt\nprint(len(open('mine.txt').readlines()))",
    "by number": "import gdown\nprint(gdown.download(id='1x', output='trees/dev.txt'))",
    "written": "%%writefile halves.py\nimport tensorflow as tf\nclass Half:\n    def train(self): pass\n",
    "overwritten": "open('trees/dev.txt', 'w').write('mine')",
}
OWN = {"own": "1 / 0", "raised": "raise ConnectionError('mine')", "wrong": "assert shares.sum() == 3"}
CELLS = {name: source for name, (source, _) in EXCUSED.items()} | PASSED_OVER | OWN


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data") / "trees"
    folder.mkdir()
    for name in ("train.txt", "dev.txt", "test.txt"):
        (folder / name).write_text(DEV)
    for place in (folder.parent, folder):
        place.chmod(0o755)
    return folder


@pytest.fixture(scope="module")
def run(data: Path, kernel: None) -> Iterator[Run]:
    setting = Setting(
        slot=7, data={"trees": data}, limits=Limits(cell=30), budget=TrainBudget(), seed=1, isolation=best_isolation(),
        files={"beside.py": "def twice(x):\n    return 2 * x\n"},
    )  # fmt: skip
    with open_session(setting) as session:
        yield session.run(tuple(Cell(i, "code", source) for i, source in enumerate(CELLS.values())))


def cell(run: Run, name: str) -> CellRun:
    return run.cells[list(CELLS).index(name)]


def text(run: Run, name: str) -> str:
    return "".join(output.get("text", "") for output in cell(run, name).outputs)


@pytest.mark.parametrize("name", EXCUSED)
def test_what_cannot_be_had_here_is_said_in_words_and_excused(run: Run, name: str) -> None:
    assert cell(run, name).status is CellStatus.ERROR
    assert EXCUSED[name][1] in cell(run, name).excuse


@pytest.mark.parametrize("name", PASSED_OVER)
def test_restarts_debuggers_and_what_only_colab_knows_are_passed_over(run: Run, name: str) -> None:
    assert cell(run, name).status is CellStatus.OK


def test_what_stands_below_in_the_same_cell_is_run_and_nothing_is_forgotten(run: Run) -> None:
    assert text(run, "after").splitlines()[-1] == "1 12"
    assert text(run, "debugger") == "4.0\n"
    assert text(run, "colab").splitlines()[0] == "tagged "


def test_processes_of_the_notebooks_own_end_as_they_like(run: Run) -> None:
    assert text(run, "children") == "7\n"


def test_addresses_of_course_data_are_answered_with_it(run: Run, data: Path) -> None:
    assert [text(run, name).split()[-1] for name in ("archived", "requested", "fetched")] == ["2", "2", "2"]
    assert text(run, "by number") == "trees/dev.txt\n"
    assert (data / "dev.txt").read_text() == DEV


@pytest.mark.parametrize("name", OWN)
def test_an_error_of_its_own_stays_one(run: Run, name: str) -> None:
    assert (cell(run, name).status, cell(run, name).excuse) == (CellStatus.ERROR, "")


def test_only_an_error_of_its_own_is_blamed(run: Run) -> None:
    assert run.outcome is Outcome.FAILED_CELLS
    assert run.fault is not None
    assert "failed with ZeroDivisionError" in run.fault and "begins" in run.fault
    assert any("restart" in change for change in run.changes)
