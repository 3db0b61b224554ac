"""The toy treebank: what notebooks find when nothing is configured."""

import re
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sklearn.feature_extraction import DictVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from grader.data.cache import sizes_of
from grader.data.folder import data_folder
from grader.data.toy.treebank import SENTENCES, Dice, sentence, toy_treebank

TWO_WAY = {"0": 0, "1": 0, "3": 1, "4": 1}


@pytest.fixture(scope="module")
def files() -> dict[str, str]:
    return toy_treebank()


@pytest.fixture(autouse=True)
def own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("GRADER_DATA", raising=False)


def words(line: str) -> list[str]:
    return re.sub(r"\(\d |\)", "", line).split()


def two_way(text: str) -> list[tuple[int, list[str]]]:
    return [(TWO_WAY[line[1]], words(line)) for line in text.splitlines() if line[1] in TWO_WAY]


def is_binary(line: str) -> bool:
    """Whether brackets close and each node has one word or two nodes."""
    leaf = re.compile(r"\([0-4] [^() ]+\)")
    pair = re.compile(r"\([0-4] X X\)")
    line, before = leaf.sub("X", line), ""
    while line != before:
        line, before = pair.sub("X", line), line
    return line == "X"


def test_every_line_is_a_binary_tree_with_a_label_on_each_node(files: dict[str, str]) -> None:
    assert {name: len(text.splitlines()) for name, text in files.items()} == SENTENCES
    assert all(is_binary(line) for text in files.values() for line in text.splitlines())


def test_the_same_seed_writes_the_same_bytes_and_another_seed_others(files: dict[str, str]) -> None:
    assert toy_treebank() == files
    assert toy_treebank(seed=21) != files


def test_no_sentence_of_dev_or_test_is_seen_in_training(files: dict[str, str]) -> None:
    lines = [line for text in files.values() for line in text.splitlines()]
    assert len(set(lines)) == len(lines)


def test_loops_that_look_at_five_hundred_examples_find_them(files: dict[str, str]) -> None:
    assert all(len(two_way(text)) >= 500 for text in files.values())


def test_neither_class_is_much_more_frequent(files: dict[str, str]) -> None:
    for text in files.values():
        labels = [label for label, _ in two_way(text)]
        assert 0.5 <= max(Counter(labels).values()) / len(labels) <= 0.57


def test_the_vocabularies_of_all_labs_are_usable_and_differ(files: dict[str, str]) -> None:
    counts = Counter(word for _, sentence in two_way(files["train.txt"]) for word in sentence)
    sizes = [sum(count > threshold for count in counts.values()) for threshold in (0, 10, 25)]
    assert sizes[0] > sizes[1] + 30 > sizes[2] + 60
    assert 150 <= sizes[1] <= 250
    assert sizes[2] >= 100


def test_a_bag_of_words_gets_most_sentences_right_and_word_order_the_rest(files: dict[str, str]) -> None:
    train, dev = two_way(files["train.txt"]), two_way(files["dev.txt"])
    classifier = make_pipeline(DictVectorizer(), LogisticRegression(max_iter=500))
    classifier.fit([Counter(sentence) for _, sentence in train], [label for label, _ in train])
    accuracy = classifier.score([Counter(sentence) for _, sentence in dev], [label for label, _ in dev])
    assert 0.74 <= accuracy <= 0.86


def test_negation_turns_a_phrase_round_and_after_but_the_second_half_wins() -> None:
    trees = [str(sentence(Dice(seed))) for seed in range(3000)]
    assert any(re.search(r"\(1 \(\d not\) \(3 good\)\)", tree) for tree in trees)
    assert any(re.match(r"\(1 \(1 \(3 .*\(\d but\) \(1 ", tree) for tree in trees)


def test_the_oddities_of_the_real_treebank_are_there(files: dict[str, str]) -> None:
    seen = {word for _, sentence in two_way(files["train.txt"]) for word in sentence}
    assert {"-LRB-", "-RRB-", "'s", "n't", ",", ".", "The", "the"} <= seen


def test_with_nothing_configured_the_folder_holds_toy_trees(files: dict[str, str]) -> None:
    folder = data_folder(None)
    assert "trees" in folder.toy
    assert (folder.parts["trees"] / "dev.txt").read_text() == files["dev.txt"]


def test_a_file_that_another_process_has_renamed_meanwhile_is_no_trouble(tmp_path: Path) -> None:
    (tmp_path / "dev.txt").write_text("(3 (2 a) (4 b))")
    (tmp_path / "dev.txtx1y2").symlink_to(tmp_path / "gone")  # listed, and not there when it is looked at
    assert sizes_of(tmp_path) == {"dev.txt": 15}


def test_two_processes_at_once_and_a_file_cut_short_are_no_trouble(files: dict[str, str]) -> None:
    with ThreadPoolExecutor(4) as pool:
        (trees,) = {folder.parts["trees"] for folder in pool.map(lambda _: data_folder(None), range(4))}
    (trees / "dev.txt").write_text("(3")
    assert (data_folder(None).parts["trees"] / "dev.txt").read_text() == files["dev.txt"]
    assert sorted(file.name for file in trees.iterdir()) == ["dev.txt", "test.txt", "train.txt"]
