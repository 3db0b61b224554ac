"""`--executor ray` on a real cluster of three nodes on this machine, of which one is killed in the middle.

Left out unless asked for, and where Ray is not installed: make test ARGS="-m slow tests/test_on_ray.py".
"""

import glob
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import psutil
import pytest
from msgspec import Struct

from grader.batch.store import FILE, FOLDER, unpacked
from grader.model import Run
from grader.sandbox.walls.isolation import why_not_jailed
from tests.test_cluster import reached, spying

ray = pytest.importorskip("ray")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.kernel,
    pytest.mark.skipif(why_not_jailed() is not None, reason=str(why_not_jailed())),
]
ROOT = Path(__file__).parent.parent
HONEST = ROOT / "tests" / "notebooks" / "honest" / "lab1"
MANY = 9
OF_RAY = ("raylet", "gcs_server", "plasma_store")


class Graded(Struct, frozen=True):
    command: list[str | Path]
    out: Path
    variables: dict[str, str]
    said: str
    rows: list[dict[str, Any]]
    before: dict[str, bytes]  # reports that were kept when the node was killed
    outside: str  # what the spy reaches without a jail


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    from ray.cluster_utils import Cluster  # noqa: PLC0415 - where there is Ray

    own = {"num_cpus": 1, "object_store_memory": 100 * 1024**2}
    made = Cluster(initialize_head=True, head_node_args=own | {"include_dashboard": False})
    yield made, [made.add_node(**own) for _ in range(2)]
    made.shutdown()


def kept(out: Path, table: str = "reports") -> dict[str, bytes]:
    file = out / FOLDER / FILE
    if not file.is_file():
        return {}
    with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as connection:
        try:
            return dict(connection.execute(f"SELECT * FROM {table}").fetchall())
        except sqlite3.OperationalError:
            return {}


def spy() -> str:
    """Asked of the cluster as it stands: each socket and each port of its processes."""
    processes = [p for p in psutil.process_iter(["name"]) if p.info["name"] in OF_RAY]
    listening = [c.laddr for p in processes for c in p.net_connections("tcp") if c.status == psutil.CONN_LISTEN]
    ports = sorted({("127.0.0.1" if place.ip in ("::", "0.0.0.0") else place.ip, place.port) for place in listening})
    paths = sorted(glob.glob("/tmp/ray/session_latest/sockets/*"))
    assert ports and paths
    return spying(
        ["/tmp/ray"], paths, [], [(host.removeprefix("::ffff:"), port) for host, port in ports if host != "::1"]
    )


@pytest.fixture(scope="module")
def graded(cluster: Any, tmp_path_factory: pytest.TempPathFactory) -> Graded:
    made, others = cluster
    folder, source = tmp_path_factory.mktemp("ray"), spy()
    names = sorted(path.stem for path in HONEST.glob("*.ipynb"))
    for number in range(MANY):
        (folder / "in" / f"student{number}").mkdir(parents=True)
        notebook = nbformat.read(HONEST / f"{names[number % len(names)]}.ipynb", 4)
        added = nbformat.v4.new_code_cell(source if number == 0 else f"# {number}")
        del added["id"]  # which notebooks of older versions have not
        notebook.cells.append(added)
        nbformat.write(notebook, folder / "in" / f"student{number}" / "lab1.ipynb")
    outside = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True).stdout
    command = [sys.executable, "-m", "grader", "grade", folder / "in", "--out", folder / "out"]
    command += ["--train", "none", "--executor", "ray", "--format", "json"]
    variables = {"RAY_ADDRESS": made.address, "PYTHONPATH": str(ROOT)}
    running = subprocess.Popen(
        command, cwd=ROOT, env=os.environ | variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    while len(kept(folder / "out")) < 2 and running.poll() is None:
        time.sleep(0.2)
    before = kept(folder / "out")
    made.remove_node(others[0], allow_graceful=False)
    stdout, said = running.communicate(timeout=900)
    assert running.returncode == 0, said
    return Graded(command, folder / "out", variables, said, json.loads(stdout)["submissions"], before, outside)


def test_with_a_node_killed_in_the_middle_nothing_is_lost(graded: Graded) -> None:
    assert "is lost" in graded.said and "3 at a time on 3 nodes" in graded.said
    assert [row["student"] for row in graded.rows] == [f"student{n}" for n in range(MANY)]
    assert all(row["earned"] == row["possible"] > 0 for row in graded.rows)
    assert len(list(graded.out.rglob("student*/*.html"))) == MANY


def test_what_was_done_when_the_node_went_was_not_graded_again(graded: Graded) -> None:
    assert 2 <= len(graded.before) < MANY
    assert kept(graded.out).items() >= graded.before.items(), "a report tells when its notebook was graded"
    assert len(kept(graded.out)) == MANY


def test_the_same_command_sends_nothing_to_any_node(graded: Graded) -> None:
    reports = kept(graded.out)
    again = subprocess.run(
        graded.command, cwd=ROOT, env=os.environ | graded.variables, capture_output=True, text=True, check=True
    )
    assert json.loads(again.stdout)["submissions"] == graded.rows and kept(graded.out) == reports


def test_rubrics_are_applied_again_at_home_without_a_cluster(graded: Graded, tmp_path: Path) -> None:
    shutil.copytree(graded.out, tmp_path / "out")
    with sqlite3.connect(tmp_path / "out" / FOLDER / FILE) as connection:
        connection.execute("DELETE FROM reports")
    done = subprocess.run(
        [sys.executable, "-m", "grader", "regrade", tmp_path / "out", "--format", "json"],
        cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    points = [(row["student"], row["earned"]) for row in json.loads(done.stdout)["submissions"]]
    assert points == [(row["student"], row["earned"]) for row in graded.rows]


def test_a_notebook_on_a_node_reaches_nothing_of_ray(graded: Graded) -> None:
    assert len(reached(graded.outside)) > 5, "who is not in a jail reaches all of it"
    runs = [unpacked(blob, Run) for blob in kept(graded.out, "runs").values()]
    texts = ["".join(str(o.get("text", "")) for o in cell.outputs) for run in runs for cell in run.cells]
    (seen,) = [text for text in texts if "reached: " in text]
    assert reached(seen) == []
