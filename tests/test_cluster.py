"""A batch on a cluster, as far as it is ours: who grades what again, what travels, which nodes are used. No Ray here.

tests/test_on_ray.py has the same on a real one.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import textwrap
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from grader.batch import keys
from grader.batch.preparing import batch_for
from grader.batch.shared import Batch
from grader.batch.store import Store, packed, passing, unpacked
from grader.cluster import parcels
from grader.cluster.fleet import ATTEMPTS, STARTS, Failed, Fleet, Lost, Place, graded_by
from grader.cluster.messages import Call, Done, Errand, Offer, Orders
from grader.cluster.on_ray import insist_on_answer, joined, loaded, orders_of, resources
from grader.cluster.worker import batch_of, offered, version
from grader.course.folder import load_course
from grader.errors import OurFault, UsageError
from grader.intake.collect import collect
from grader.model import Cell, Isolation, Limits, Outcome, Report, Submission, TrainBudget, TrainPolicy
from grader.pipeline import failed
from grader.running.gpus import Gpu
from grader.sandbox.kernel import Setting
from grader.sandbox.session import open_session
from grader.sandbox.walls.isolation import best_isolation, why_not_jailed

ROOT = Path(__file__).parent.parent
NOTEBOOK = ROOT / "tests" / "notebooks" / "honest" / "lab1" / "a_variable_inside.ipynb"
Graded = Callable[..., list[Report]]


@pytest.fixture
def store() -> Iterator[Store]:
    with passing() as store:
        yield store


@pytest.fixture
def batch(monkeypatch: pytest.MonkeyPatch, store: Store) -> Batch:
    monkeypatch.delenv("GRADER_DATA", raising=False)
    return replace(batch_for(None, TrainPolicy.NONE, 1), store=store, isolation=Isolation.BUBBLEWRAP)


def hand_ins(count: int) -> list[Submission]:
    cells = (Cell(0, "code", "x = 1"),)
    return [
        Submission(Path(f"/in/student{n}/lab1.ipynb"), f"student{n}", "lab1_warmup", cells, content=str(n))
        for n in range(count)
    ]


class Room:
    """A worker on this machine: it grades at once, or does what `trouble` says at its nth errand."""

    def __init__(self, name: str, batch: Batch, trouble: dict[int, Exception] | None = None) -> None:
        self.name, self._batch, self._trouble = name, batch, trouble or {}
        self.begun: list[str] = []  # contents
        self.ended = 0
        self.starts = 0
        self._lock = threading.Lock()

    def grade(self, errand: bytes) -> bytes:
        submission = unpacked(errand, Errand).submission
        with self._lock:
            self.begun.append(submission.content)
            trouble = self._trouble.get(len(self.begun), self._trouble.get(0))
        if trouble:
            raise trouble
        rubric = self._batch.rubrics["lab1_warmup"]
        report = replace(failed(submission, self._batch, rubric, "", 0.0), outcome=Outcome.DIED)
        with passing() as store:
            store.keep_report(keys.of_report(submission, self._batch), keys.of_run(submission, self._batch), report)
            return packed(Done(report, store.rows()))

    def end(self) -> None:
        self.ended += 1

    def place(self, size: int = 1, gone: bool = False) -> Place:
        """`gone`: where it was, no other can be started."""

        def start() -> "Room":
            self.starts += 1
            if gone and self.starts > 1:
                raise Lost("there is no such node")
            return self

        return Place(self.name, size, start)


@pytest.fixture
def graded(batch: Batch) -> Graded:
    def one(submissions: list[Submission], *places: Place, said: list[str] | None = None) -> list[Report]:
        told = said if said is not None else []
        fleet = Fleet(places, told.append)
        try:
            return list(graded_by(fleet, sum(p.size for p in places), submissions, batch, lambda s, what: None))
        finally:
            fleet.end()

    return one


def test_a_node_that_is_lost_costs_what_it_was_grading_and_nothing_is_graded_twice(
    graded: Graded, batch: Batch, store: Store
) -> None:
    rooms = [Room("one", batch), Room("two", batch, {3: Lost("unplugged")}), Room("three", batch)]
    said: list[str] = []
    reports = graded(hand_ins(60), *(room.place(2, gone=True) for room in rooms), said=said)
    assert len({report.submission.student for report in reports}) == len(reports) == 60
    assert len(store.judged()) == 60
    twice = [content for content, times in Counter(c for room in rooms for c in room.begun).items() if times > 1]
    assert 1 <= len(twice) <= 2, "what the lost node was grading, at most one notebook in each of its places"
    assert said == [
        "two is lost (unplugged). What it was grading is graded again.",
        "two is not used: there is no such node",
    ]


def test_what_students_do_wrong_is_no_reason_to_grade_again(graded: Graded, batch: Batch) -> None:
    room = Room("one", batch)
    (report,) = graded(hand_ins(1), room.place())
    assert report.outcome is Outcome.DIED and room.begun == ["0"]


def test_what_is_kept_is_sent_to_no_node(graded: Graded, batch: Batch) -> None:
    first, second = Room("one", batch), Room("two", batch)
    before = graded(hand_ins(3), first.place())
    again = graded(hand_ins(5), second.place())
    assert sorted(second.begun) == ["3", "4"]
    assert {r.submission.student for r in again} > {r.submission.student for r in before}


def test_equal_notebooks_of_two_people_are_graded_once_and_both_have_a_report(graded: Graded, batch: Batch) -> None:
    room = Room("one", batch)
    two = [replace(one, content="the same") for one in hand_ins(2)]
    assert {r.submission.student for r in graded(two, room.place(2))} == {"student0", "student1"}
    assert room.begun == ["the same"]


def test_a_worker_that_ends_is_started_again_twice_at_most_and_then_the_command_ends_in_a_sentence(
    graded: Graded, batch: Batch
) -> None:
    room = Room("one", batch, {1: Lost("killed"), 3: Lost("killed")})
    assert len(graded(hand_ins(5), room.place())) == 5 and room.starts == 3
    always = Room("two", batch, {0: Lost("killed")})
    with pytest.raises(OurFault, match="No node of the cluster is left"):
        graded([replace(one, content=f"other {one.content}") for one in hand_ins(5)], always.place())
    assert always.starts == STARTS


def test_a_fault_of_the_grader_is_tried_elsewhere_and_then_told_with_all_points_open(
    graded: Graded, batch: Batch, store: Store
) -> None:
    room = Room("one", batch, {0: Failed("OSError: no room")})
    (report,) = graded(hand_ins(1), room.place())
    assert report.outcome is Outcome.GRADER_ERROR and report.card.earned == 0
    assert "no room" in report.summary and len(room.begun) == ATTEMPTS and room.starts == 1
    assert store.judged() == [], "it is graded again by the next command"


def test_what_travels_arrives_as_it_was(batch: Batch, tmp_path: Path) -> None:
    (tmp_path / "student0").mkdir()
    shutil.copy(NOTEBOOK, tmp_path / "student0")
    (submission,) = collect([tmp_path])
    errand = Errand(submission, {"runs": [("key", b"\0\xff")], "answers": []})
    assert unpacked(packed(errand), Errand) == errand
    gpu = Gpu("GPU-1", "Card", 0, 8, 4)
    load = loaded([submission], batch)
    orders = orders_of(replace(batch, data_key="of the data"), load, (gpu,), 5)
    assert unpacked(packed(orders), Orders) == orders
    assert orders.data and {*orders.data.values()} == {*load.contents}
    assert "embeddings" not in orders.data, "word vectors are made where somebody asks for them"


def test_a_node_gives_reports_the_keys_that_the_head_looks_for(batch: Batch, tmp_path: Path) -> None:
    submission = hand_ins(1)[0]
    here = replace(batch, data_key="of the data", deadline=77.0, accelerate=False)
    load = loaded([submission], here)
    for name, content in load.contents.items():
        parcels.unpacked(parcels.Parcel(name, content))
    there = batch_of(unpacked(packed(orders_of(here, load, (), 5)), Orders))
    assert keys.of_report(submission, there) == keys.of_report(submission, here)
    assert there.truths == here.truths and there.data.parts != here.data.parts
    assert there.data.description == here.data.description


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Another machine's cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_a_parcel_is_called_after_what_is_in_it_and_unpacked_whole_or_not_at_all(
    elsewhere: Path, tmp_path: Path
) -> None:
    for name in ("one", "two"):
        (tmp_path / name / "below").mkdir(parents=True)
        (tmp_path / name / "below" / "text").write_text("x")
        os.utime(tmp_path / name / "below" / "text", (1, len(name)))
    one, two = (parcels.of_data(tmp_path / name) for name in ("one", "two"))
    assert one == two
    with pytest.raises(OurFault, match="damaged"):
        parcels.unpacked(parcels.Parcel(one.name, one.content[:-1]))
    assert not parcels.place(one.name).exists()
    folder = parcels.unpacked(one)
    assert folder.is_relative_to(elsewhere) and (folder / "below" / "text").read_text() == "x"
    assert parcels.unpacked(one) == folder and [*folder.parent.iterdir()] == [folder]
    assert {path.stat().st_mode & 0o777 for path in (folder, folder / "below")} == {0o755}


def test_of_a_course_travels_what_it_judges_by_and_nobody_on_its_roster(elsewhere: Path, tmp_path: Path) -> None:
    course = tmp_path / "vision"
    shutil.copytree(ROOT / "tests" / "courses" / "vision", course)
    (course / "roster.csv").write_text("name,address\nAne,ane@example.org\n")
    (course / "data").mkdir()
    folder = parcels.unpacked(parcels.of_course(load_course(course)))
    assert {path.name for path in folder.iterdir()} == {"course.yaml", "rubrics", "reference"}
    assert load_course(folder).labs == load_course(course).labs


def call(**words: object) -> Call:
    return replace(Call(version(), best_isolation(), (), 10**9, None, cpus=4, gpus=0), **words)


def test_a_node_says_how_many_notebooks_it_takes_and_what_it_has_not() -> None:
    assert offered(call(jobs=3)) == Offer(places=3)
    assert offered(call(jobs=9)) == Offer(places=4), "no more than the cluster lends of it"
    assert offered(call(jobs=1, parcels=("nothing here",))).lacks == ("nothing here",)


def test_a_node_that_would_give_other_results_or_has_no_jail_is_not_used() -> None:
    assert "another version" in offered(call(version="older")).unfit
    other = next(kind for kind in Isolation if kind is not best_isolation())
    assert f"by {other} here" in offered(call(isolation=other)).unfit


def test_of_gpus_a_worker_takes_the_shares_on_which_its_notebooks_run() -> None:
    assert resources(Offer(places=4)) == {"num_cpus": 4, "num_gpus": 0}
    assert resources(Offer(places=2, share=1 / 5)) == {"num_cpus": 2, "num_gpus": 0.4}
    assert resources(Offer(places=3, share=1 / 3)) == {"num_cpus": 3, "num_gpus": 1}
    assert resources(Offer(places=7, share=1 / 3)) == {"num_cpus": 7, "num_gpus": 3}


def test_without_a_jail_no_cluster_is_joined(batch: Batch) -> None:
    with pytest.raises(UsageError, match="orders to the whole cluster"):
        joined(hand_ins(1), replace(batch, isolation=Isolation.NONE), None, lambda line: None)


@pytest.mark.parametrize("address", ["127.0.0.1:1", "[::1]:1", "127.0.0.1:99999999"])
def test_a_cluster_that_does_not_answer_is_told_at_once(address: str) -> None:
    with pytest.raises(UsageError, match=r"cannot be joined.*ray start --head"):
        insist_on_answer(address)
    insist_on_answer("auto")
    insist_on_answer("ray://head:10001")


@pytest.mark.skipif(why_not_jailed() is not None, reason=str(why_not_jailed()))
def test_without_ray_the_command_ends_in_a_sentence_with_the_remedy_and_writes_nothing(tmp_path: Path) -> None:
    without = "import sys; sys.modules['ray'] = None; from grader.cli import main; main()"
    command = [sys.executable, "-c", without, "grade", NOTEBOOK, "--executor", "ray", "--out", tmp_path / "out"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    (line,) = done.stderr.strip().splitlines()
    assert (done.returncode, done.stdout) == (2, "") and "pip install 'grader[ray]'" in line
    assert not (tmp_path / "out").exists()


# A notebook that looks for Ray: its variables, its folder, sockets with a path, abstract ones, ports, processes.
SPY = """
import json, os, socket
def reaches(family, address):
    with socket.socket(family) as line:
        line.settimeout(2)
        try:
            line.connect(address)
        except OSError:
            return False
    return True
found = [name for name in os.environ if "RAY" in name.upper() and "ARRAY" not in name.upper()]
found += [place for place in {places!r} if os.path.exists(place)]
found += [path for path in {paths!r} if reaches(socket.AF_UNIX, path)]
found += [name for name in {abstract!r} if reaches(socket.AF_UNIX, chr(0) + name)]
found += [f"{{host}}:{{port}}" for host, port in {ports!r} if reaches(socket.AF_INET, (host, port))]
found += [line for line in open("/proc/net/unix").read().splitlines()[1:] if "ray" in line or "plasma" in line]
for pid in filter(str.isdigit, os.listdir("/proc")):
    command = open(f"/proc/{{pid}}/cmdline").read()
    found += [command] if "raylet" in command or "ray::" in command or "gcs_server" in command else []
print("reached: " + json.dumps(found))
"""


def spying(places: list[str], paths: list[str], abstract: list[str], ports: list[tuple[str, int]]) -> str:
    return textwrap.dedent(SPY).format(places=places, paths=paths, abstract=abstract, ports=ports)


def reached(text: str) -> list[str]:
    (line,) = [line for line in text.splitlines() if line.startswith("reached: ")]
    found: list[str] = json.loads(line.removeprefix("reached: "))
    return found


@pytest.mark.skipif(why_not_jailed() is not None, reason=str(why_not_jailed()))
def test_a_notebook_that_looks_for_what_ray_listens_on_reaches_nothing(
    kernel: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "ray"  # stands for Ray's own: sockets in a folder of /tmp, a port, variables
    folder.mkdir()
    path, abstract = socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX)
    path.bind(str(folder / "raylet"))
    abstract.bind("\0raylet-stand-in")
    port = socket.create_server(("127.0.0.1", 0))
    monkeypatch.setenv("RAY_ADDRESS", f"127.0.0.1:{port.getsockname()[1]}")
    with path, abstract, port:
        path.listen(), abstract.listen()
        spy = spying(
            [str(folder)], [str(folder / "raylet")], ["raylet-stand-in"], [("127.0.0.1", port.getsockname()[1])]
        )
        outside = subprocess.run([sys.executable, "-c", spy], capture_output=True, text=True, check=True).stdout
        assert len(reached(outside)) >= 5, "who is not in a jail reaches all of it"
        setting = Setting(3, {}, Limits(), TrainBudget(), seed=5, isolation=best_isolation())
        with open_session(setting) as session:
            run = session.run((Cell(0, "code", spy),))
    assert reached("".join(str(o.get("text", "")) for o in run.cells[0].outputs)) == []
