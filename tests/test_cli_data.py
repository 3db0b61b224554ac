"""`grader data` as people meet it."""

from pathlib import Path

from test_cli import grader, refused


def test_the_table_of_the_data_names_every_part_and_how_to_get_it(tmp_path: Path) -> None:
    done = grader("data", XDG_CACHE_HOME=str(tmp_path))
    assert done.returncode == 0 and done.stderr == ""
    for words in ("trees", "snli", "embeddings", "train2014-subset", "toy", "missing", "--to DIR"):
        assert words in done.stdout


def test_without_a_network_fetching_data_says_what_to_do(tmp_path: Path) -> None:
    done = grader("data", "trees", "--to", tmp_path / "to", HTTPS_PROXY="http://127.0.0.1:9", NO_PROXY="")
    refused(done, 4, "no network", "copy the course's own trees/")
    refused(grader("data", "trees"), 2, "grader data trees --to DIR")
    refused(grader("data", "treees", "--to", tmp_path), 2, "did you mean 'trees'")


def test_what_was_fetched_is_said_with_how_to_use_it(tmp_path: Path) -> None:
    (tmp_path / "own" / "trees").mkdir(parents=True)
    for name in ("train.txt", "dev.txt", "test.txt"):
        (tmp_path / "own" / "trees" / name).write_text("(3 good)\n")
    done = grader("data", "trees", "--data", tmp_path / "own", "--to", tmp_path / "to")
    assert (done.returncode, done.stdout) == (0, "")
    assert f"--data {tmp_path / 'to'}" in done.stderr and "GRADER_DATA" in done.stderr
