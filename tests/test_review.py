"""People's marks stand beside the grader's: entered on a page of this machine's own, kept whoever is killed."""

import re
import signal
import socket
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import requests
from msgspec.structs import replace
from sample_review import (
    LAB,
    NO_TEXT,
    OTHER_TEXT,
    PICTURE,
    TEXT,
    Served,
    card,
    case_named,
    case_of,
    class_with_questions,
    decisions,
    graded,
    report,
    row_check,
    rows,
    served,
)
from test_cli import grader, refused

from grader.batch.kept_reports import KeptReports
from grader.commands.handing_out import handed_out
from grader.gradebook.decisions import Wish, decide
from grader.model import Automatic, Report, Verdict
from grader.review.publishing import publish_decided
from reports.languages import speaking

pytestmark = pytest.mark.browser

OLMO, HAIZE, NUBE, UNO, BERT = "Olmo Río Verde", "Haize Mendi Gorri", "Nube Alta", "Uno Dos Tres", "Bert Gruñón Lila"


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return graded(tmp_path / "grades")


@pytest.fixture
def review(out: Path) -> Iterator[Served]:
    with served(out, "--reviewer", "First Reader") as (address, _):
        yield Served(address)


@pytest.fixture(scope="module")
def looking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Where nothing is decided."""
    with served(graded(tmp_path_factory.mktemp("looking") / "grades")) as (address, _):
        yield Served(address)


def marked(student: str, points: float | None, seen: int = 0, check: str = TEXT) -> Wish:
    automatic = Automatic(Verdict.MANUAL, 0.0, None, "Your instructor will read this one.")
    return Wish(student, "", LAB, check, points, "Right", "", "somebody", automatic, seen)


def test_what_a_person_decides_is_a_queue_one_question_at_a_time(looking: Served) -> None:
    queue = looking.get("/")
    assert "18 answers to mark" in queue and "Question 2: can the cost become 0?" in queue
    page = looking.question()
    assert "<strong>6 to mark</strong>, 0 decided" in page and page.count("<article") == 4
    assert "the entropy of English is a floor" in page and "Yes, with enough epochs." in page
    assert "3 equal answers" in page and page.count(NO_TEXT) == 1, "those who wrote nothing are decided at once"
    assert looking.question(PICTURE).count('<img src="data:image/png') == 6, "plots stand side by side"
    assert "Nothing of the kind is there" in looking.get("/question?lab=x&check=y&page=-1", 404)


def test_a_mark_is_shown_wherever_marks_are(out: Path, review: Served) -> None:
    before = rows(out)[OLMO]
    case = case_of(review.question(), OLMO)
    comment = "Well argued.\r\n<b>Cite</b> it."
    answer = review.decide(case, "0,5", reason="Right", comment=comment, back=f"/question?lab={LAB}&check={TEXT}")
    assert (
        answer.status_code == 303 and answer.headers["location"] == f"/question?lab={LAB}&check={TEXT}&saved=1%20mark"
    )
    row, check = rows(out)[OLMO], row_check(out, OLMO)
    assert (row.earned, row.pending) == (before.earned + 0.5, before.pending - 0.5)
    assert (check.verdict, check.points, check.message) == (Verdict.PASS, 0.5, "Right. Well argued.\n<b>Cite</b> it.")
    assert check.decision and check.decision.reviewer == "First Reader" and check.decision.automatic.verdict == "manual"
    page = (out / row.page).read_text("utf-8")
    assert "✎</span> marked<" in page and "Well argued.\n&lt;b&gt;Cite&lt;/b&gt; it." in page
    assert "First Reader" not in page, "students read what was decided, not by whom"
    assert "2 of 5" in page and ">2<" in (out / "index.html").read_text("utf-8")
    assert f"{OLMO},{LAB},2.0,5.0,1.5" in (out / "gradebook.csv").read_text("utf-8")
    with closing(sqlite3.connect(out / "gradebook.sqlite")) as book:
        asked = "SELECT earned, pending FROM grades WHERE student = ?"
        assert book.execute(asked, (OLMO,)).fetchone() == (2.0, 1.5)
    assert grader("export", out, "--out", out.parent / "export").returncode == 0
    assert ",2\r\n" in (out.parent / "export" / "moodle.csv").read_bytes().decode()
    assert "Well argued" in review.question() and "5 to mark" in review.question()


def test_equal_cases_are_decided_at_once_and_recorded_one_by_one(out: Path, review: Served) -> None:
    page = review.question()
    assert review.decide([case_of(page, NUBE), case_of(page, UNO)], "0").status_code == 303
    assert [row_check(out, who).verdict for who in (NUBE, UNO, BERT)] == [Verdict.FAIL, Verdict.FAIL, Verdict.MANUAL]
    assert [len(decisions(out, who)) for who in (NUBE, UNO, BERT)] == [1, 1, 0]
    assert "2 equal answers" in review.question(), "those left out are a group of their own now"


def test_the_grader_is_overruled_with_a_reason_and_has_its_own_mark_back_when_that_is_taken_back(
    out: Path, review: Served
) -> None:
    before = (out / "results.json").read_bytes()
    case = case_named(review.student(HAIZE), "cost")
    assert "Choose a reason or write a comment" in review.decide(case, "2").text
    assert review.decide(case, "2", reason="The grader was mistaken").status_code == 303
    check = row_check(out, HAIZE, "cost")
    assert (check.verdict, check.points, check.mistake) == (Verdict.PASS, 2.0, None)
    page = (out / rows(out)[HAIZE].page).read_text("utf-8")
    assert "Fix this first" not in page and "One thing to fix" not in page
    assert "The grader had given 0.5 of 2 points by itself." in page
    case = case_named(review.student(HAIZE), "cost")
    assert review.decide(case, action="take-back").status_code == 303
    assert (out / "results.json").read_bytes() == before
    assert "2 decisions so far" in review.student(HAIZE) and [e.wish.points for e in decisions(out, HAIZE, "cost")] == [
        2,
        None,
    ]


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"points": "0.75"}, "not a number from 0 to 0.5"),
        ({"points": "-1"}, "not a number from 0 to 0.5"),
        ({"points": "nan"}, "not a number from 0 to 0.5"),
        ({"points": "0.333"}, "two decimals at most"),
        ({"points": ""}, "There are no points"),
        ({"points": "0", "reason": "Because"}, "is no reason of the list"),
        ({"points": "0", "comment": "x" * 5001}, "Shorten it to 5000"),
        ({"points": "0", "case": "abc:def:0"}, "is not there any more"),
        ({"points": "0", "case": "nonsense"}, "was not made by this page"),
        ({"points": "0", "case": []}, "Nobody was chosen"),
    ],
)
def test_what_cannot_be_entered_is_said_and_what_was_written_is_not_lost(
    looking: Served, fields: dict[str, str], says: str
) -> None:
    answer = looking.decide(**{"case": case_of(looking.question(), OLMO), "comment": "My words.", **fields})
    assert answer.status_code == 422 and says in answer.text
    assert fields.get("comment", "My words.") in answer.text
    assert "18 answers to mark" in looking.get("/")


def test_a_preview_shows_the_students_page_as_it_would_be_and_enters_nothing(looking: Served) -> None:
    case = case_of(looking.question(), OLMO)
    page = looking.post("/preview", case=case, points="0.25", reason="Right in part", comment="Nearly.").text
    assert (
        "Feedback for <bdi>Olmo Río Verde</bdi>" in page
        and "Right in part. Nearly." in page
        and "0.25 of 0.5 points" in page
    )
    assert "form-action 'none'" in page and "18 answers to mark" in looking.get("/")


def test_a_preview_of_what_cannot_be_entered_says_why(looking: Served) -> None:
    answer = looking.post("/preview", case=case_of(looking.question(), OLMO), points="9")
    assert answer.status_code == 422 and "not a number from 0 to 0.5" in answer.text


def test_the_second_of_two_people_sees_what_the_first_decided_and_has_to_confirm(out: Path, review: Served) -> None:
    with served(out, "--reviewer", "Second Reader") as (address, _):
        other = Served(address)
        mine, theirs = review.question(), other.question()
        assert other.decide(case_of(theirs, OLMO), "0.25", comment="Why English?").status_code == 303
        late = review.decide([case_of(mine, OLMO), case_of(mine, HAIZE)], "0.5", comment="Both fine.")
    assert late.status_code == 409 and "1 mark saved" in late.text and row_check(out, HAIZE).points == 0.5
    assert "0.25 of 0.5 points" in late.text and "Second Reader" in late.text and "Why English?" in late.text
    assert "Both fine." in late.text and row_check(out, OLMO).points == 0.25, "what stands is not overwritten"
    assert review.decide(case_named(late.text, TEXT), "0.5", comment="Both fine.").status_code == 303
    assert [(e.wish.points, e.wish.reviewer) for e in decisions(out, OLMO)] == [
        (0.25, "Second Reader"),
        (0.5, "First Reader"),
    ]


def test_two_people_in_two_reviews_at_once_lose_nothing(out: Path, review: Served) -> None:
    def deciding(desk: Served, check: str, entered: list[str]) -> None:
        for who in (OLMO, HAIZE, NUBE, UNO, BERT):
            answer = desk.decide(case_of(desk.question(check), who), "0.25", comment=f"{check} {who}")
            entered += [f"{check} {who}"] if answer.status_code == 303 else []

    with served(out, "--reviewer", "Second Reader") as (address, _):
        entered: list[str] = []
        people = [
            threading.Thread(target=deciding, args=(desk, check, entered))
            for desk, check in ((review, TEXT), (Served(address), PICTURE))
        ]
        [each.start() for each in people]
        [each.join() for each in people]
    assert len(entered) == 10
    shown = [row_check(out, who, check).decision for who in (OLMO, HAIZE, NUBE, UNO, BERT) for check in (TEXT, PICTURE)]
    assert {each.comment for each in shown if each} == {*entered}


def test_grading_again_overwrites_no_decision_and_the_review_says_what_changed(out: Path, review: Served) -> None:
    assert review.decide(case_of(review.question(), OLMO), "0.25").status_code == 303
    assert review.decide(case_named(review.student(HAIZE), "cost"), "1", reason="Right in part").status_code == 303
    whole = (out / "results.json").read_bytes()
    graded(out)
    assert (out / "results.json").read_bytes() == whole
    again = [with_right_cost(each) for each in class_with_questions()]
    again[0] = replace(again[0], submission=replace(again[0].submission, content="handed in once more"))
    graded(out, again)
    assert row_check(out, OLMO).points == 0.25 and row_check(out, HAIZE, "cost").points == 1.0
    assert "The grader said 0.5 of 2 points when this was decided, and says 2 of 2 points now" in review.student(HAIZE)
    assert "Another notebook was handed in since" in review.question()
    graded(out, [again[2]])
    assert row_check(out, OLMO).points == 0.25, "rows that stay keep theirs"


def with_right_cost(told: Report) -> Report:
    checks = (
        replace(check, verdict=Verdict.PASS, points=check.possible, mistake=None) if check.id == "cost" else check
        for check in told.card.checks
    )
    return replace(told, card=card(tuple(checks)))


def test_a_decision_holds_however_the_name_is_spelled_and_for_nobody_else(tmp_path: Path) -> None:
    out = graded(tmp_path / "grades", [report("José-Sol Piña Brava", "x")])
    assert not decide(out, [marked("José-Sol Piña Brava", 0.5)]).conflicts
    graded(out, [report("JOSÉ-SOL  PIÑA BRAVA", "x")])
    assert row_check(out, "JOSÉ-SOL  PIÑA BRAVA").points == 0.5
    own = report("José-Sol Piña Brava", "y", "another")
    graded(tmp_path / "other", [replace(own, submission=replace(own.submission, student_id="7"))])
    assert not decide(tmp_path / "other", [replace(marked("José-Sol Piña Brava", 0.5), student_id="8")]).conflicts
    publish_decided(tmp_path / "other", KeptReports(tmp_path / "other"), "")
    assert row_check(tmp_path / "other", "José-Sol Piña Brava").decision is None


def test_a_mark_whose_check_is_gone_is_shown_in_the_queue(out: Path) -> None:
    assert not decide(out, [marked(OLMO, 0.5, check="asked-last-year")]).conflicts
    with served(out) as (address, _):
        queue = Served(address).get("/")
    assert "Marks that have no place now" in queue and "asked-last-year: 0.5, Right. By <bdi>somebody</bdi>" in queue


def test_every_mark_that_was_answered_is_there_after_a_kill(out: Path) -> None:
    answered: list[tuple[str, str]] = []
    for turn, pause in enumerate((0.0, 0.02, 0.07, 0.15)):
        with served(out) as (address, running):
            desk = Served(address)
            killing = threading.Timer(pause, running.send_signal, [signal.SIGKILL])
            deciding_until_killed(desk, turn, answered, killing)
            killing.join()
    kept = {(who, entry.wish.comment) for who in (OLMO, HAIZE) for entry in decisions(out, who)}
    assert len(answered) >= 4 * 3 and {*answered} <= kept
    with served(out):
        for who in (OLMO, HAIZE):
            check, last = row_check(out, who), decisions(out, who)[-1]
            assert check.decision and check.decision.comment == last.wish.comment, "pages agree after the next start"


def deciding_until_killed(desk: Served, turn: int, answered: list[tuple[str, str]], killing: threading.Timer) -> None:
    """The kill comes while the fourth mark, or one after it, is on its way."""
    try:
        for n in range(10_000):
            who = (OLMO, HAIZE)[n % 2]
            case = case_of(desk.question(), who)
            if n == 3:
                killing.start()
            if desk.decide(case, "0.5", comment=f"{turn} {n} {who}").status_code == 303:
                answered.append((who, f"{turn} {n} {who}"))
    except requests.RequestException:
        pass


def test_pages_follow_at_the_next_start_where_a_kill_came_between_a_mark_and_its_page(out: Path) -> None:
    assert len(decide(out, [marked(OLMO, 0.5)]).wishes) == 1
    assert row_check(out, OLMO).decision is None
    with served(out):
        assert row_check(out, OLMO).points == 0.5


def test_pages_keep_their_language_when_marks_are_entered(tmp_path: Path) -> None:
    with speaking("eu"):
        out = graded(tmp_path / "grades", [report("Ane", "x")])
    assert len(decide(out, [marked("Ane", 0.5)]).wishes) == 1
    assert publish_decided(out, KeptReports(out), "") == 1
    for page in (rows(out)["Ane"].page, "index.html"):
        assert '<html lang="eu">' in (out / page).read_text("utf-8")
    assert row_check(out, "Ane").points == 0.5 and "Klasea begirada batean" in (out / "index.html").read_text("utf-8")


def test_nobody_gets_in_without_the_token_of_the_printed_address(out: Path, review: Served) -> None:
    stranger, place = requests.Session(), f"/question?lab={LAB}&check={TEXT}"
    for address in ("/", place, "/?token=", "/?token=wrong", "/page?row=x"):
        assert stranger.get(review.origin + address, timeout=30).status_code == 403, address
    assert stranger.post(review.origin + "/decide", data={}, timeout=30).status_code == 403
    inside = review.browser.get(review.origin + place, timeout=30)
    assert (
        inside.headers["cache-control"] == "no-store"
        and "default-src 'none'" in inside.headers["content-security-policy"]
    )
    entering = stranger.get(review.address, timeout=30, allow_redirects=False)
    cookie = entering.headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=strict" in cookie and entering.headers["location"] == "/"


def test_no_other_page_and_no_other_name_reaches_a_review(out: Path, review: Served) -> None:
    fields = {"case": case_of(review.question(), OLMO), "points": "0.5"}
    for origin in ("https://example.org", "null", review.origin + "0", None):
        headers = {"Origin": origin} if origin else {}
        answer = review.browser.post(f"{review.origin}/decide", data=fields, headers=headers, timeout=30)
        assert answer.status_code == 403, origin
    for host in ("example.org", f"evil.example:{review.origin.rpartition(':')[2]}", "localhost"):
        assert review.browser.get(f"{review.origin}/", headers={"Host": host}, timeout=30).status_code == 400, host
    assert decisions(out, OLMO) == []
    port = int(review.origin.rpartition(":")[2])
    outside = [found[4][0] for found in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)]
    for address in {*outside} - {"127.0.0.1"}:
        with pytest.raises(OSError), socket.create_connection((str(address), port), timeout=3):
            pass


def test_forms_lead_back_to_our_own_pages_only(review: Served) -> None:
    for back in ("https://example.org", "//example.org", "/\\example.org", "/question?a\nb", "javascript:alert(1)"):
        answer = review.decide(case_of(review.question(), OLMO), "0.5", back=back)
        assert answer.headers["location"] == "/?saved=1%20mark"


def test_who_decides_is_said_in_each_browser(out: Path, review: Served) -> None:
    assert review.post("/reviewer", reviewer=" Itsaso\u202e Urdin Sakon ").status_code == 303
    assert 'value="Itsaso Urdin Sakon"' in review.get("/")
    assert review.decide(case_of(review.question(), OLMO)).status_code == 303
    assert decisions(out, OLMO)[0].wish.reviewer == "Itsaso Urdin Sakon"


def test_what_hostile_students_write_is_text(looking: Served) -> None:
    for page in (looking.get("/"), looking.question(), looking.question(PICTURE)):
        assert "<script" not in page and "<iframe" not in page and "onerror=" not in re.sub("&lt;[^<]*", "", page)
        assert "\u202e" not in page and "\x1b" not in page


def test_a_review_ends_tidily_and_says_what_it_lacks(out: Path, tmp_path: Path) -> None:
    with served(out) as (address, running):
        Served(address)
        port = address.partition("/?")[0].rpartition(":")[2]
        taken = grader("review", out, "--port", port)
        assert taken.returncode == 2 and f"Port {port} cannot be used" in taken.stderr
        running.send_signal(signal.SIGINT)
        assert running.wait(20) == 130
    refused(grader("review", tmp_path / "nothing"), 2, "holds no graded hand-ins")
    assert not (tmp_path / "nothing").exists()


def test_a_folder_without_what_notebooks_did_can_still_be_reviewed(out: Path) -> None:
    for file in (out / ".grader").glob("batch*"):
        file.unlink()
    with served(out) as (address, _):
        desk = Served(address)
        page = desk.question()
        assert page.count("<article") == 6, "nobody is taken for equal of whom nothing is to be seen"
        assert "What the notebook did is not kept here" in page
        assert desk.decide(case_of(page, OLMO), "0.5").status_code == 303
    assert row_check(out, OLMO).points == 0.5


def test_pages_are_written_while_a_batch_is_graded(out: Path, review: Served) -> None:
    stop = threading.Event()

    def grading() -> None:
        while not stop.is_set():
            handed_out(class_with_questions(), out)

    batch = threading.Thread(target=grading)
    batch.start()
    try:
        for n in range(4):
            assert review.decide(case_of(review.question(), OLMO), "0.25", comment=f"{n}").status_code == 303
            time.sleep(0.05)
    finally:
        stop.set()
        batch.join()
    check = row_check(out, OLMO)
    assert check.decision and check.decision.comment == "3"
    assert OTHER_TEXT not in {each.id for each in rows(out)[OLMO].checks}
