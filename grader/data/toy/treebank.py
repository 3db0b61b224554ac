"""A small treebank of invented reviews in the Stanford format, so that every notebook runs with nothing downloaded.

Words carry a strength between -2 and 2 and phrases compute theirs from their parts: intensifiers scale, negation turns
round, in "A but B" the second half wins. A bag of words therefore gets most sentences right and order the rest.
Only `random.Random.random` is drawn from: Python promises its stream, so all versions write the same bytes.
"""

import random
from collections.abc import Sequence

from msgspec import Struct

SENTENCES = {"train.txt": 2700, "dev.txt": 720, "test.txt": 720}

GOOD_ADJECTIVES = """good charming clever funny lovely warm fresh brilliant touching bright gentle vivid graceful witty
honest moving superb delightful elegant lively tender thrilling smart splendid""".split()
BAD_ADJECTIVES = """bad dull clumsy boring silly flat stale awful empty noisy slow tedious bland messy shallow tired
weak dreadful pointless lifeless ugly predictable annoying hollow""".split()
GOOD_NOUNS = "charm wit humor heart warmth energy beauty imagination grace delight wisdom magic".split()
BAD_NOUNS = "nonsense boredom noise clutter mistakes cliches confusion gloom padding disaster waste mess".split()
GOOD_VERBS = "delights charms moves amuses thrills surprises rewards touches enchants pleases".split()
BAD_VERBS = "bores annoys disappoints tires confuses irritates frustrates exhausts insults bothers".split()
STRONG = frozenset("brilliant superb splendid thrilling delightful magic enchants".split())
STRONG |= frozenset("awful dreadful pointless lifeless disaster insults exhausts".split())
THINGS = """film story plot cast ending music script dialogue picture comedy drama acting scene opening camera idea pace
performance hero voice mystery romance adventure chapter lesson song dance costume garden journey""".split()
PEOPLE = "me us everyone children parents viewers nobody friends critics strangers".split()
PLACES = """town house school kitchen village island forest station harbor museum office library theater river mountain
desert market castle bridge tunnel farm palace valley tower hotel bakery lighthouse cellar attic orchard""".split()
TIMES = """evening morning summer winter hour weekend afternoon autumn spring night holiday Monday Tuesday Wednesday
Thursday Friday Saturday Sunday January April June October""".split()
SIZES = "very really truly so quite extremely slightly somewhat rather".split()
WEAKER = frozenset(["slightly", "somewhat", "rather"])


class Tree(Struct, frozen=True):
    strength: float
    word: str = ""
    parts: tuple["Tree", ...] = ()

    def label(self) -> int:
        """0 very negative … 4 very positive, as in the Stanford files."""
        return sum(self.strength >= bound for bound in (-1.4, -0.4, 0.4, 1.4))

    def __str__(self) -> str:
        inside = self.word or " ".join(str(part) for part in self.parts)
        return f"({self.label()} {inside})"


class Dice:
    """Draws from one seeded stream; `pick` prefers the front of a list, so that some words stay rare."""

    def __init__(self, seed: int) -> None:
        self._stream = random.Random(seed)

    def chance(self, probability: float) -> bool:
        return self._stream.random() < probability

    def pick(self, words: Sequence[str]) -> str:
        return words[int(self._stream.random() ** 2 * len(words))]


def neutral(*words: str) -> Tree:
    """Words that say nothing, branching to the right."""
    leaves = [Tree(0.0, word) for word in words]
    tree = leaves[-1]
    for leaf in reversed(leaves[:-1]):
        tree = Tree(0.0, parts=(leaf, tree))
    return tree


def join(left: Tree, right: Tree) -> Tree:
    return Tree(max(-2.0, min(2.0, left.strength + right.strength)), parts=(left, right))


def scaled(size: str, phrase: Tree) -> Tree:
    factor = 0.7 if size in WEAKER else 1.6
    return Tree(max(-2.0, min(2.0, factor * phrase.strength)), parts=(Tree(0.0, size), phrase))


def turned(negation: str, phrase: Tree) -> Tree:
    """Not good is bad, not brilliant no better than middling."""
    return Tree(-0.8 * max(-1.0, min(1.0, phrase.strength)), parts=(Tree(-0.4, negation), phrase))


def second_wins(left: Tree, link: Tree, right: Tree) -> Tree:
    outcome = right.strength if right.strength else 0.5 * left.strength
    return Tree(outcome, parts=(left, Tree(right.strength, parts=(link, right))))


def lexical(dice: Dice, good: Sequence[str], bad: Sequence[str]) -> Tree:
    sign = 1.0 if dice.chance(0.54) else -1.0
    word = dice.pick(good if sign > 0 else bad)
    return Tree(sign * (2.0 if word in STRONG else 1.0), word)


def quality(dice: Dice) -> Tree:
    """good, very good, charming and warm"""
    phrase = lexical(dice, GOOD_ADJECTIVES, BAD_ADJECTIVES)
    if dice.chance(0.12):
        return join(phrase, join(Tree(0.0, "and"), lexical(dice, GOOD_ADJECTIVES, BAD_ADJECTIVES)))
    return scaled(dice.pick(SIZES), phrase) if dice.chance(0.3) else phrase


def subject(dice: Dice) -> Tree:
    noun = Tree(0.0, dice.pick(THINGS))
    determiner = Tree(0.0, dice.pick(["the", "this", "that", "its", "every"]))
    if dice.chance(0.12):
        return join(determiner, join(lexical(dice, GOOD_ADJECTIVES, BAD_ADJECTIVES), noun))
    if dice.chance(0.15):
        return join(join(determiner, noun), neutral("of", "the", dice.pick(THINGS)))
    return join(determiner, noun)


def predicate(dice: Dice) -> Tree:
    """is very good | has no charm | never bores us | begins in a village"""
    if dice.chance(0.25):
        return join(Tree(0.0, dice.pick(["seems", "feels", "looks"])), quality(dice))
    if dice.chance(0.38):
        negated = dice.chance(0.22)
        phrase = turned(dice.pick(["not", "n't", "never", "hardly"]), quality(dice)) if negated else quality(dice)
        return join(Tree(0.0, dice.pick(["is", "was"])), phrase)
    if dice.chance(0.45):
        return possession(dice)
    if dice.chance(0.75):
        verb = join(lexical(dice, GOOD_VERBS, BAD_VERBS), Tree(0.0, dice.pick(PEOPLE)))
        return turned(dice.pick(["never", "hardly"]), verb) if dice.chance(0.2) else verb
    return neutral(dice.pick(["begins", "ends", "stays", "plays"]), "in", "a", dice.pick(PLACES))


def possession(dice: Dice) -> Tree:
    noun = lexical(dice, GOOD_NOUNS, BAD_NOUNS)
    if dice.chance(0.25):
        return turned(dice.pick(["lacks", "avoids"]), noun)
    has = Tree(0.0, dice.pick(["has", "offers", "brings", "shows"]))
    if dice.chance(0.1):
        return join(has, turned("no", noun))
    amount = neutral(*dice.pick(["some", "much", "plenty of", "a lot of"]).split())
    return join(has, join(amount, noun))


def filler(dice: Dice) -> Tree:
    if dice.chance(0.15):
        return neutral("-LRB-", dice.pick(["again", "once", "indeed"]), "-RRB-")
    if dice.chance(0.15):
        return neutral("in", dice.pick([str(year) for year in range(1999, 1899, -1)]))
    if dice.chance(0.5):
        return neutral(dice.pick(["for", "after", "before"]), "one", dice.pick(TIMES))
    return neutral(dice.pick(["in", "near", "from"]), "the", dice.pick(PLACES))


def clause(dice: Dice) -> Tree:
    if dice.chance(0.18):
        noun = join(Tree(0.0, "the"), join(quality(dice), Tree(0.0, dice.pick(THINGS))))
        phrase = join(Tree(0.0, "it"), join(Tree(0.0, "'s"), turned("not", noun) if dice.chance(0.12) else noun))
    else:
        phrase = join(subject(dice), predicate(dice))
    return join(phrase, filler(dice)) if dice.chance(0.3) else phrase


def sentence(dice: Dice) -> Tree:
    tree = clause(dice)
    if dice.chance(0.16):
        tree = second_wins(join(tree, Tree(0.0, ",")), Tree(0.0, dice.pick(["but", "yet"])), clause(dice))
    elif dice.chance(0.08):
        tree = second_wins(join(Tree(0.0, "although"), tree), Tree(0.0, ","), clause(dice))
    elif dice.chance(0.15):
        tree = join(tree, join(Tree(0.0, "and"), clause(dice)))
    return join(capitalised(tree), Tree(0.0, "."))


def capitalised(tree: Tree) -> Tree:
    if tree.word:
        return Tree(tree.strength, tree.word[0].upper() + tree.word[1:])
    return Tree(tree.strength, parts=(capitalised(tree.parts[0]), *tree.parts[1:]))


def toy_treebank(seed: int = 20) -> dict[str, str]:
    """The text of train.txt, dev.txt and test.txt; no sentence occurs twice."""
    dice = Dice(seed)
    lines: dict[str, None] = {}
    while len(lines) < sum(SENTENCES.values()):
        lines[str(sentence(dice))] = None
    remaining = iter(lines)
    return {name: "".join(next(remaining) + "\n" for _ in range(count)) for name, count in SENTENCES.items()}
