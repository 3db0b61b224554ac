"""What many submissions cost, reckoned from what few cost: the tables of docs/scaling.md.

    python -m tests.bench_scaling                    # machine hours, by mix of labs and size of the cluster
    python -m tests.bench_scaling --made-up 10000    # what becomes of pages, tables and databases at that size
    python -m tests.bench_scaling --measure          # runs two notebooks of each lab, and writes measured_seconds.yaml

The first plays a batch through: each place of each node takes the next submission, which takes what one of its lab was
measured to take, give or take a third; nodes are lost now and then, and with them what they were grading; the head
keeps each result and, in the end, writes every page. One submission after another is drawn, so a million take seconds.
"""

import argparse
import contextlib
import heapq
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from grader.batch import kept_rows
from grader.batch.store import Asked, Store, opened, packed, unpacked
from grader.cluster.messages import Done
from grader.course.folder import current_course
from grader.gradebook import recording
from grader.model import Report, TrainPolicy
from grader.scoring import results
from reference.notebooks import solution
from reports.classpage import class_page
from reports.nameless import nameless_page
from tests import sample_reports
from tests.bench_cost import cost
from tests.bench_tools import HERE, IS_DONE, copies

MEASURED = Path(__file__).with_name("measured_seconds.yaml")
# So many submissions, on so many nodes with so many notebooks at a time on each.
SIZES = {100: ((1, 2),), 10_000: ((1, 2), (8, 8)), 1_000_000: ((8, 8), (64, 32))}
COPIES = 2
SPREAD = 0.3  # of a submission's seconds: a lognormal's sigma
NODE_HOURS = 200.0  # until a node is lost: an assumption, that of machines which may be taken back at any time


class OfLab(Struct):
    """Of one submission after the first, with `--train none`."""

    processor: float  # seconds, all processes of the grader
    kept: int  # bytes in .grader/batch.sqlite, with half of what the model answer replied, which a batch keeps once
    page: int  # bytes


class Measures(Struct):
    on: str  # which machine, and what else it did
    labs: dict[str, OfLab]
    start: float  # seconds of processor until the first notebook is graded, less one notebook
    head: float  # seconds in which the head keeps a result that a node sends
    page: float  # seconds to write a page


class Played(Struct, frozen=True):
    hours: float  # until the last page is written
    machine_hours: float  # of places, waiting ones too
    again: int  # submissions that were graded again, for their node was lost
    head_hours: float


def measures() -> Measures:
    return msgspec.yaml.decode(MEASURED.read_bytes(), type=Measures)


def mixes(known: Measures) -> dict[str, dict[str, float]]:
    """Shares of labs: one small lab, the lab that costs most, and a whole course of which everybody hands in all."""
    dear = max(known.labs, key=lambda lab: known.labs[lab].processor)
    cheap = min(known.labs, key=lambda lab: known.labs[lab].processor)
    return {f"all {cheap}": {cheap: 1.0}, f"all {dear}": {dear: 1.0}, "every lab alike": dict.fromkeys(known.labs, 1.0)}


def played(count: int, mix: dict[str, float], cluster: tuple[int, int], known: Measures) -> Played:
    """Places are a heap of when each is free; a node that is lost comes back at once, as a new one."""
    nodes, size = cluster
    dice = random.Random(f"{count} {cluster}")
    labs, weights = list(mix), list(mix.values())
    free = [(known.start, place) for place in range(nodes * size)]
    heapq.heapify(free)
    lost_at = [dice.expovariate(1 / (3600 * NODE_HOURS)) for _ in range(nodes)]
    head, again = 0.0, 0
    drawn = iter(dice.choices(labs, weights, k=count))
    waiting = next(drawn, None)
    while waiting is not None:
        begin, place = heapq.heappop(free)
        took = known.labs[waiting].processor * dice.lognormvariate(-(SPREAD**2) / 2, SPREAD)
        node = place // size
        if lost_at[node] < begin + took:
            again += 1
            heapq.heappush(free, (max(begin, lost_at[node]) + known.start, place))
            if lost_at[node] < begin:  # all of its places have noticed
                lost_at[node] = begin + dice.expovariate(1 / (3600 * NODE_HOURS))
            continue
        head = max(head, begin + took) + known.head
        heapq.heappush(free, (begin + took, place))
        waiting = next(drawn, None)
    ended = max(head, *(when for when, _ in free))
    pages = count * known.page
    return Played((ended + pages) / 3600, nodes * size * ended / 3600, again, (count * known.head + pages) / 3600)


def reckoned(known: Measures) -> Iterator[str]:
    yield f"Measured {known.on}.\n"
    yield "| submissions | nodes × places | labs | until the last page | core hours | head's own | graded again |"
    yield "|---:|---:|---|---:|---:|---:|---:|"
    for count, clusters in SIZES.items():
        for cluster in clusters:
            for name, mix in mixes(known).items():
                p = played(count, mix, cluster, known)
                where = f"{cluster[0]} × {cluster[1]}"
                yield f"| {count:,} | {where} | {name} | {hours(p.hours)} | {p.machine_hours:,.1f} | " + (
                    f"{hours(p.head_hours)} | {p.again:,} |"
                )
    yield ""
    yield "| | kept, MB | pages, MB |"
    yield "|---:|---:|---:|"
    for count in SIZES:
        kept, page = (statistics.mean(getattr(lab, what) for lab in known.labs.values()) for what in ("kept", "page"))
        yield f"| {count:,} of every lab alike | {count * kept / 1e6:,.0f} | {count * page / 1e6:,.0f} |"


def hours(number: float) -> str:
    if number < 1:
        return f"{60 * number:.1f} min"
    return f"{number:,.1f} h" if number < 72 else f"{number / 24:,.1f} d"


# What a head does with results, on made-up ones.


def made_up(count: int) -> list[Report]:
    """As a class of so many would have them: each a page's worth of cells, outputs and checks."""
    kinds = [sample_reports.good(), sample_reports.mistaken()]
    return [
        replace(
            kind := kinds[number % len(kinds)],
            submission=replace(
                kind.submission, student=f"student{number}", content=f"{number:064x}", path=Path(f"/in/{number}.ipynb")
            ),
        )
        for number in range(count)
    ]


def of_the_head(count: int) -> Iterator[str]:
    lab = "lab4_gru"
    reports = made_up(count)
    rows = [results.submission_row(report, f"{n}.html") for n, report in enumerate(reports)]
    with tempfile.TemporaryDirectory() as name:
        out = Path(name)
        yield f"{count:,} made-up results of one lab, {cores()}:\n"
        yield "| | s of processor | ms each | MB |"
        yield "|---|---:|---:|---:|"
        with opened(out) as store:
            sent = [packed(Done(report, report_rows(report))) for report in reports[:1000]]
            yield line(
                "results from nodes are unpacked and kept", lambda: [taken(store, one) for one in sent], len(sent)
            )
            asked = Asked(tuple(r.submission for r in reports), None, TrainPolicy.NONE, None, True, True)
            yield line("what was asked is kept, in one row", lambda: store.keep_asked(asked), count, len(packed(asked)))
        yield line("what is kept is opened again", lambda: looked_at(out), min(count, 1000), out / ".grader")
        yield line("every page is written", lambda: pages(reports[:1000], out), min(count, 1000), out / "pages")
        links = [f"{n}.html" for n in range(count)]
        yield line(
            "the class page",
            lambda: written(out / "index.html", class_page(reports, links, (lab,))),
            count,
            out / "index.html",
        )
        yield line(
            "the page without names",
            lambda: written(out / "class.html", nameless_page(reports, (lab,))),
            count,
            out / "class.html",
        )
        yield line(
            "gradebook.csv",
            lambda: written(out / "g.csv", results.gradebook_csv(reports).decode()),
            count,
            out / "g.csv",
        )
        yield line("results.json is written", lambda: results.write_rows(rows, out), count, out / "results.json")
        yield line("results.json is read", lambda: kept_rows.earlier_rows(out), count)
        yield line(
            "the gradebook, first", lambda: recording.record(reports, out, "a course"), count, out / "gradebook.sqlite"
        )
        yield line("the gradebook, the same again", lambda: recording.record(reports, out, "a course"), count)
        few = [
            replace(r.submission, student=f"new {r.submission.student}", path=Path(f"/new{n}"))
            for n, r in enumerate(reports[:100])
        ]
        yield line("100 newcomers are named beside them", lambda: kept_rows.settled(few, rows), 100)
        yield line(
            "the same class is named again", lambda: kept_rows.settled([r.submission for r in reports[:500]], rows), 500
        )


def report_rows(report: Report) -> dict[str, list[tuple[object, ...]]]:
    """With answers that do not pack further, about as large as those of lab4."""
    blob = random.Random(report.submission.content).randbytes(2000)
    answers = [(report.submission.content, f"{n}", blob) for n in range(60)]
    key = report.submission.content
    return {
        "reports": [(key, packed(report))],
        "judged": [(key, key)],
        "runs": [(key, packed(report.run))],
        "answers": answers,
    }


def looked_at(out: Path) -> None:
    """Which checks the whole file."""
    with opened(out) as store:
        store.seed()


def taken(store: Store, sent: bytes) -> None:
    store.add(unpacked(sent, Done).rows)


def pages(reports: Sequence[Report], out: Path) -> None:
    for report in reports:
        results.write_page(report, f"pages/{report.submission.student}.html", out)


def written(file: Path, text: str) -> None:
    file.write_text(text, "utf-8")


def line(name: str, action: Callable[[], object], count: int, held: Path | int = 0) -> str:
    begun = time.process_time()  # what else the machine does is left out, and so is the time the disk takes
    action()
    took = time.process_time() - begun
    return f"| {name} | {took:.2f} | {1000 * took / count:.2f} | {size(held) if held else ''} |"


def size(held: Path | int) -> str:
    if isinstance(held, int):
        return f"{held / 1e6:.1f}"
    files = held.rglob("*") if held.is_dir() else (held,)
    return f"{sum(one.stat().st_size for one in files if one.is_file()) / 1e6:.1f}"


def cores() -> str:
    return f"{os.cpu_count()} cores, load average {os.getloadavg()[0]:.1f}"


# Measuring


def measured(labs: Sequence[str]) -> Measures:
    found, starts = {}, []
    for lab in labs:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            copies(solution(lab), COPIES, folder / "in", "notebook.ipynb")
            options = ["--out", folder / "out", "--lab", lab, "--train", "none", "--jobs", "1"]
            command = [sys.executable, "-m", "grader", "grade", folder / "in", *options]
            whole = cost(command, IS_DONE, HERE, {"PYTHONPATH": str(HERE)})
            further = whole.further(1)
            kept = (folder / "out" / ".grader" / "batch.sqlite").stat().st_size // COPIES
            page = statistics.mean(file.stat().st_size for file in (folder / "out").glob("*/*.html"))
            found[lab] = OfLab(round(further.cpu, 2), kept, int(page))
            starts.append(whole.done[0].cpu - further.cpu)
            print(lab, found[lab], f"start {starts[-1]:.1f}", cores(), file=sys.stderr)
    on = f"on {cores()}, toy data, two copies of each model answer, `--train none`, one job"
    return Measures(on, found, round(statistics.median(starts), 1), 0.0, 0.0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--made-up", type=int, help="how many results")
    parser.add_argument("--measure", nargs="*", metavar="LAB", help="all labs where none is named")
    asked = parser.parse_args()
    os.environ.pop("GRADER_DATA", None)
    if asked.measure is not None:
        new = measured(asked.measure or list(current_course().labs))
        with contextlib.suppress(OSError, msgspec.MsgspecError):
            old = measures()
            new = replace(new, labs=old.labs | new.labs, head=old.head, page=old.page)
        labs = {lab: new.labs[lab] for lab in current_course().labs if lab in new.labs}
        MEASURED.write_bytes(msgspec.yaml.encode(replace(new, labs=labs)))
    elif asked.made_up:
        print("\n".join(of_the_head(asked.made_up)))
    else:
        print("\n".join(reckoned(measures())))


if __name__ == "__main__":
    main()
