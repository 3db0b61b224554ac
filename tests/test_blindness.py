"""What a notebook's text may do with the test set, and what it may not."""

import pytest

from grader.judging.instruments.blindness import test_misuse as misuse
from grader.model import Cell

CLASS = """
def evaluate_classifier(classifier, eval_set):
    hypotheses = classifier(eval_set)
    return sum(h == e['label'] for h, e in zip(hypotheses, eval_set)) / len(eval_set)

class Classifier:
    def __init__(self, dim, lr=1.0, l2=0.0, seed=0):
        self.lr = lr
    def train(self, training_data, dev_set):
        with tf.GradientTape() as tape:
            cost = self.cost(training_data)
        print(evaluate_classifier(self.classify, dev_set))
    def report(self, dev_set, test_set):
        print(evaluate_classifier(self.classify, dev_set), evaluate_classifier(self.classify, test_set))
    def classify(self, examples):
        return examples
"""
SWEEP = """
for lr in [0.1, 1.0]:
    c = Classifier(dim, lr=lr)
    c.train(training_set, dev_set)
    {look}
"""
ONCE = """
c = Classifier(dim, lr=best_lr)
c.train(training_set, dev_set)
print(evaluate_classifier(c.classify, test_set))
"""


def judged(*sources: str) -> tuple[str, int] | None:
    return misuse([Cell(i, "code", source) for i, source in enumerate((CLASS, *sources))])


@pytest.mark.parametrize(
    "look",
    [
        "print(evaluate_classifier(c.classify, test_set))",
        "print(evaluate_classifier(c.classify, test_set[:500]))",
        "c.report(dev_set, test_set)",
        "show(c)",
        "show_by_default(c)",
        "show_again(c)",
        "print(evaluate_classifier(c.classify, held_out))",
        "print({n: evaluate_classifier(c.classify, s) for n, s in [('dev', dev_set), ('test', test_set)]})",
        "for name, data in sets.items(): print(name, evaluate_classifier(c.classify, data))",
        "print(evaluate_classifier(c.classify, sets['test']))",
        "print_accuracies(c, sets)",
        "print(evaluate_classifier(c.classify, dev_set + test_set))",
        "print(evaluate_classifier(c.classify, pool))",
        "print(evaluate_classifier(c.classify, [*dev_set, *test_set]))",
        "print({n: evaluate_classifier(c.classify, s) for n, s in dict(dev=dev_set, test=test_set).items()})",
        "print(evaluate_classifier(c.classify, proba))",
        "print(evaluate_classifier(c.classify, grown))",
        "print(score(c))",
        "print(evaluate_classifier(c.classify, prueba))",
        "print(evaluate_classifier(c.classify, datos['test']))",
        "print(np.mean(np.argmax(c.model(X_test), 1) == y_test))",
    ],
)
def test_looking_at_the_test_set_for_every_setting_is_misuse(look: str) -> None:
    setting = """
held_out = test_set
pool = dev_set + test_set
proba = kargatu(home + 'test.txt')
grown = load_sst_data(home + 'dev.txt')
grown += test_set
score = lambda c, data=test_set: evaluate_classifier(c.classify, data)
entrenamiento, desarrollo, prueba = [load_sst_data(home + f) for f in ('train.txt', 'dev.txt', 'test.txt')]
datos = {n: load_sst_data(f'{home}/{n}.txt') for n in ('train', 'dev', 'test')}
X_test = np.array([example['vector'] for example in test_set])
sets = {'dev': dev_set, 'test': test_set}
def show(c):
    print(evaluate_classifier(c.classify, dev_set), evaluate_classifier(c.classify, test_set))
def show_again(c):
    show(c)
def show_by_default(c, data=test_set):
    print(evaluate_classifier(c.classify, data))
"""
    found = judged(setting, SWEEP.format(look=look))
    assert found is not None and "every setting" in found[0] and found[1] == 2


@pytest.mark.parametrize(
    "look",
    [
        "print(evaluate_classifier(c.classify, dev_set))",
        "print(evaluate_classifier(c.classify, sets['dev']))",
        "show_by_default(c, dev_set)",
        "print(len(test_set))",
        "print(evaluate_classifier(c.classify, load_sst_data(home + 'dev.txt')))",
        "print(evaluate_classifier(c.classify, training_set[:500] + dev_set))",
        "print(evaluate_classifier(c.classify, desarrollo))",
        "print(evaluate_classifier(c.classify, datos['dev']))",
    ],
)
def test_looking_at_the_dev_set_for_every_setting_is_fine(look: str) -> None:
    setting = """
sets = {'dev': dev_set, 'test': test_set}
entrenamiento, desarrollo, prueba = [load_sst_data(home + f) for f in ('train.txt', 'dev.txt', 'test.txt')]
datos = {n: load_sst_data(f'{home}/{n}.txt') for n in ('train', 'dev', 'test')}
def show_by_default(c, data=test_set):
    print(evaluate_classifier(c.classify, data))
"""
    assert judged(setting, SWEEP.format(look=look), ONCE) is None


@pytest.mark.parametrize(
    "loop",
    [
        "for seed in range(5):\n    c = Classifier(dim, best_lr, best_l2, seed)",
        "for i in range(5):\n    c = Classifier(dim, best_lr, best_l2, seed=i)",
        "for run in range(5):\n    tf.random.set_seed(run)\n    c = Classifier(dim, lr=best_lr)",
    ],
)
def test_one_final_setting_may_be_tested_with_several_seeds(loop: str) -> None:
    rest = "\n    c.train(training_set, dev_set)\n    accs.append(evaluate_classifier(c.classify, test_set))\n"
    assert judged(loop + rest + "print(np.mean(accs))") is None


@pytest.mark.parametrize(
    "loop",
    [
        "for lr, l2 in itertools.product(lrs, l2s):\n    c = Classifier(dim, lr, l2)",
        "for setting in settings:\n    c = Classifier(dim, **setting)",
        "for i in range(9):\n    lr = 10 ** random.uniform(-3, 0)\n    c = Classifier(dim, lr)",
        "while lr < 1:\n    lr *= 2\n    c = Classifier(dim, lr)",
        "for lr in rates:\n    c = Classifier(dim)\n    c.lr = lr",
        "for lr in rates:\n  for seed in range(3):\n    c = Classifier(dim, lr, seed=seed)",
    ],
)
def test_every_form_of_a_sweep_is_seen(loop: str) -> None:
    rest = "\n    c.train(training_set, dev_set)\n    print(evaluate_classifier(c.classify, test_set))\n"
    assert judged(loop + rest) is not None


def test_a_function_that_trains_and_tests_is_misused_in_a_sweep_but_not_once() -> None:
    function = """
def run(lr, train_set, dev_set, test_set):
    c = Classifier(dim, lr)
    c.train(train_set, dev_set)
    return evaluate_classifier(c.classify, test_set)
"""
    assert judged(function, "run(0.1, training_set, dev_set, test_set)") is None
    assert judged(function, "{lr: run(lr, training_set, dev_set, test_set) for lr in rates}") is not None
    assert judged(function, "{lr: run(lr, training_set, dev_set, dev_set) for lr in rates}") is None


def test_a_report_method_may_test_once_at_the_end() -> None:
    assert judged(SWEEP.format(look="pass"), "c.train(training_set, dev_set)\nc.report(dev_set, test_set)") is None


def test_a_class_that_tests_while_it_trains_is_misuse() -> None:
    trainer = CLASS.replace("self.classify, dev_set))\n    def report", "self.classify, test_set))\n    def report")
    found = misuse([Cell(0, "code", trainer)])
    assert found is not None and "while it trains" in found[0]
    in_report = CLASS.replace(
        "        print(evaluate", "        self.report(dev_set, test_set)\n        print(evaluate", 1
    )
    assert misuse([Cell(0, "code", in_report)]) is not None


def test_the_test_set_is_no_dev_set() -> None:
    found = judged("c = Classifier(dim)\nc.train(training_set, test_set)")
    assert found is not None and "in place of the dev set" in found[0]
    assert judged("held_out = test_set", "c.train(training_set, held_out)") is not None


def test_map_is_a_sweep_too() -> None:
    run = """
def run(lr):
    c = Classifier(dim, lr=lr)
    c.train(training_set, dev_set)
    return evaluate_classifier(c.classify, {data})
accuracies = list(map(run, [0.1, 1.0]))
"""
    found = judged(run.format(data="test_set"))
    assert found is not None and "every setting" in found[0]
    assert judged(run.format(data="dev_set")) is None


def test_a_dev_set_that_was_read_from_the_test_file_is_the_test_set() -> None:
    found = judged("dev_set = load_sst_data(f'{home}/test.txt')", ONCE)
    assert found is not None and "in place of the dev set" in found[0]


def test_the_same_cell_for_each_setting_counts_from_the_third_test() -> None:
    assert judged(ONCE, ONCE) is None
    assert judged(ONCE, ONCE, ONCE) is not None


def test_several_figures_of_one_test_are_one_look() -> None:
    trained = "c = Classifier(dim, lr=0.1)\nc.train(training_set, dev_set)\n"
    looks = "print(evaluate_classifier(c.classify, test_set))\n" * 3
    assert judged(trained, trained, trained + looks) is None


@pytest.mark.parametrize(
    "choice",
    [
        "best = sorted(trained, key=score)[-1]",
        "best = max(trained, key=lambda c: evaluate_classifier(c.classify, test_set))",
        "trained.sort(key=score, reverse=True)",
        "best = trained[np.argmax([evaluate_classifier(c.classify, test_set) for c in trained])]",
    ],
)
def test_the_best_on_the_test_set_is_picked_by_it_wherever_the_training_stands(choice: str) -> None:
    score = "def score(c): return evaluate_classifier(c.classify, test_set)"
    assert judged(SWEEP.format(look="trained.append(c)"), score, choice)
    on_dev = choice.replace("test_set", "dev_set")
    assert not judged(SWEEP.format(look="trained.append(c)"), score.replace("test_set", "dev_set"), on_dev, ONCE)


def test_what_is_put_in_order_of_the_test_set_itself_is_no_choice() -> None:
    assert not judged(ONCE, "longest = max(len(e['text']) for e in test_set)", "sorted(test_set, key=len)[:3]")
