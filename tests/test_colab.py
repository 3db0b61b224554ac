"""Notebooks find here what they found on Google Colab: modules, magics, commands without a network, and their data."""

import bz2
from collections.abc import Iterator
from pathlib import Path

import pytest

from grader.model import Cell, CellRun, CellStatus, Limits, Run, TrainBudget
from grader.sandbox.kernel import Setting
from grader.sandbox.walls.isolation import best_isolation
from tests.kept_sessions import open_session

TREE = "(3 (2 A) (4 film))\n"
SNLI = '{"gold_label": "neutral"}\n'

CELLS = {
    "mount": "from google.colab import drive\ndrive.mount('/content/drive')\ndrive._mount('/x')",
    "modules": (
        "import google.colab.files as f\nfrom google.colab import files, userdata, auth, output, data_table\n"
        "from google.colab.patches import cv2_imshow\n"
        "print(files.upload(), files.download('x'), repr(userdata.get('KEY')), auth.authenticate_user())"
    ),
    "protobuf": "from google.protobuf import message\nprint('still there')",
    "version": "try:\n  %tensorflow_version 2.x\nexcept Exception:\n  pass\nimport tensorflow as tf",
    "cd": "%cd /content/drive/MyDrive/someone/2020_labs\nimport os\nprint(os.getcwd() == os.path.realpath('/content'))",
    "pip": "!pip install tensorflow==2.4.0\n!pip install -q transformers && echo and then",
    "percent pip": "%pip install x\n%conda install y\n%load_ext tensorboard\n%tensorboard --logdir logs",
    "network": "!gdown --id 123\n!wget -q http://example.org/x.zip\n!curl http://x\n!unzip x.zip\n!apt-get install y",
    "subprocess": "import subprocess, sys\nsubprocess.check_call(['git', 'clone', 'https://x'])\nos.system('wget x')",
    "gpu": "!nvidia-smi",
    "getoutput": "found = !echo one two\nprint(found)",
    "bash": "%%bash\nfor i in 1 2; do echo line $i; done\nls /nothing/there",
    "shell": "%%shell\necho from shell",
    "ls": "!ls 'drive/My Drive/Colab Notebooks/nothing/'",
    "capture": "%%capture out\nprint('hidden')",
    "time": "%%time\nx = sum(range(10))",
    "plot": "%matplotlib inline\nimport matplotlib.pyplot as plt\nplt.plot([1, 2, 3])\nplt.show()",
    "input": "input('name? ')",
    "exit": "exit()",
    "alive": "print('alive')",
    "same": "%env COLOUR=red\n%env TF_CPP_MIN_LOG_LEVEL=2\nprint(os.environ['COLOUR'], hash('a') == hash('a'))",
    "fd": "import os\nos.write(2, b'past sys.stderr\\n')\nimport time; time.sleep(0.3)",
    "drive form": (
        "home = 'drive/My Drive/Colab Notebooks/dl4nlp_labs/data/trees/'\n"
        "print(open(home + 'dev.txt').read())"
    ),
    "join": "print(os.path.join('../../data', 'trees', 'dev.txt'), os.path.exists('../../data/trees/dev.txt'))",
    "backslash": r"print(open('C:\\Users\\me\\data\\trees\\dev.txt').read())",
    "missing": (
        "print(os.path.exists('../data/trees/nothing.txt'), os.path.exists('nothing.txt'))\n"
        "open('data/trees/no.txt')"
    ),
    "bare": "print(open('dev.txt').read())",
    "codecs": "import codecs\nprint(codecs.open('/content/drive/MyDrive/x/data/trees/dev.txt', 'r', 'utf-8').read())",
    "pathlib": (
        "from pathlib import Path\np = Path('/home/me/data/trees')\n"
        "print((p / 'dev.txt').read_text(), p.is_dir())"
    ),
    "listing": "import glob\nprint(os.listdir('x/trees'), glob.glob('somewhere/data/trees/*.txt'))",
    "bz2 asked": "import bz2\nprint(bz2.open('../data/snli/snli_1.0_train.jsonl.bz2', 'rt').read())",
    "plain asked": "import json\nprint(json.loads(open('data/snli/snli_1.0_train.jsonl').readline()))",
    "packed asked": "print(bz2.BZ2File('data/embeddings/glove.6B.50d.txt.bz2').read())",
    "pandas": (
        "import pandas as pd\n"
        "print(pd.read_csv('/drive/data/embeddings/glove.6B.50d.txt', sep=' ', header=None).shape)"
    ),
    "numpy": "import numpy as np\nprint(np.loadtxt('data/embeddings/glove.6B.50d.txt', usecols=(1, 2)).shape)",
    "gfile": (
        "print(tf.io.gfile.exists('my/data/trees/dev.txt'), "
        "tf.io.read_file('drive/MyDrive/e/trees/dev.txt').numpy()[:2])"
    ),
    "cat": "!head -1 drive/MyDrive/zz/trees/dev.txt",
    "beside": (
        "PATH = '/content/drive/MyDrive/lab6/train2014-subset/'\n"
        "np.save(PATH + 'COCO_1.jpg.npy', np.zeros(3))\n"
        "print(np.load(PATH + 'COCO_1.jpg.npy').shape, len(os.listdir(PATH)))"
    ),
    "read only": "open('data/trees/dev.txt', 'w').write('(4 mine)')",
    "own file": (
        "open('drive/MyDrive/results/mine.txt', 'w').write('x')\n"
        "print(open('drive/MyDrive/results/mine.txt').read())"
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("course")
    files = {
        "trees/dev.txt": TREE.encode(),
        "snli/snli_1.0_train.jsonl.bz2": bz2.compress(SNLI.encode()),
        "embeddings/glove.6B.50d.txt": b"dog 0.1 0.2\ncat 0.3 0.4\n",
        "train2014-subset/COCO_1.jpg": b"",
    }
    for name, content in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)
    for place in (folder, *folder.iterdir()):
        place.chmod(0o755)
    return folder


@pytest.fixture(scope="module")
def run(kernel: None, data: Path) -> Iterator[Run]:
    parts = {part.name: part for part in data.iterdir()}
    with open_session(
        Setting(slot=5, data=parts, limits=Limits(cell=20), budget=TrainBudget(), seed=1, isolation=best_isolation())
    ) as session:
        yield session.run(tuple(Cell(i, "code", source) for i, source in enumerate(CELLS.values())))


def cell(run: Run, name: str) -> CellRun:
    return run.cells[list(CELLS).index(name)]


def text(run: Run, name: str) -> str:
    return "".join(output.get("text", "") for output in cell(run, name).outputs)


def test_only_cells_that_cannot_work_here_fail(run: Run):
    failed = {name for name in CELLS if cell(run, name).status is not CellStatus.OK}
    assert failed == {"missing"}


def test_colab_modules_answer_without_anybody_before_the_screen(run: Run):
    assert text(run, "modules") == "{} None '' None\n"
    assert text(run, "protobuf") == "still there\n"


def test_changing_into_an_unknown_folder_stays_where_it_was(run: Run):
    assert text(run, "cd").splitlines()[-1] == "True"


def test_commands_that_need_a_network_are_answered_and_the_rest_of_the_line_runs(run: Run):
    assert "and then" in text(run, "pip")
    assert text(run, "network").count("there is no network") == 5
    assert "no GPU here" in text(run, "gpu")


def test_other_commands_run_for_real_and_may_fail(run: Run):
    assert text(run, "getoutput") == "['one two']\n"
    assert text(run, "bash").startswith("line 1\nline 2\nls: cannot access")
    assert text(run, "shell") == "from shell\n"
    assert text(run, "capture") == ""


def test_a_plot_arrives_as_a_picture(run: Run):
    assert any("image/png" in output.get("data", {}) for output in cell(run, "plot").outputs)


def test_asking_for_input_and_leaving_hold_nothing_up(run: Run):
    assert cell(run, "input").seconds < 5
    assert text(run, "alive") == "alive\n"


def test_what_is_written_past_python_is_kept_too(run: Run):
    assert "past sys.stderr" in text(run, "fd")


@pytest.mark.parametrize("form", ["drive form", "backslash", "bare", "codecs"])
def test_a_text_is_found_by_the_end_of_its_path(run: Run, form: str):
    assert text(run, form) == TREE + "\n"


def test_folders_are_found_by_the_end_of_their_path(run: Run):
    assert text(run, "pathlib") == f"{TREE} True\n"
    assert text(run, "listing") == "['dev.txt'] ['somewhere/data/trees/dev.txt']\n"
    assert text(run, "join").endswith("True\n")


def test_what_the_course_does_not_have_stays_missing(run: Run):
    assert text(run, "missing") == "False False\n"
    trouble = cell(run, "missing").trouble
    assert trouble is not None
    assert trouble.kind == "FileNotFoundError"


def test_packed_and_plain_forms_appear_as_asked_for(run: Run):
    assert text(run, "bz2 asked") == SNLI + "\n"
    assert text(run, "plain asked") == "{'gold_label': 'neutral'}\n"
    assert text(run, "packed asked").startswith("b'dog 0.1")
    assert text(run, "pandas") == "(2, 3)\n"
    assert text(run, "numpy") == "(2, 2)\n"


def test_tensorflow_and_the_shell_find_course_data_too(run: Run):
    assert text(run, "gfile") == "True b'(3'\n"
    assert text(run, "cat") == TREE


def test_features_are_saved_beside_the_photos_and_the_data_stays_as_it_is(run: Run, data: Path):
    assert text(run, "beside") == "(3,) 2\n"
    assert [entry.name for entry in (data / "train2014-subset").iterdir()] == ["COCO_1.jpg"]
    assert (data / "trees" / "dev.txt").read_text() == TREE
    assert text(run, "own file") == "x\n"


def test_everything_answered_here_is_told_in_a_sentence(run: Run):
    told = "\n".join(run.changes)
    for word in ("Google Drive", "pip", "gdown", "wget", "unzip", "git", "%cd", "tensorflow_version", "data/trees"):
        assert word in told
    assert all(change.endswith(".") for change in run.changes)
