"""Whether the notebook's text lets the test set choose.

It does when it is looked at for every setting, inside training, or instead of the dev set.
"""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from grader.judging.instruments.calls import EACH, arguments, attribute, calls_in, picked_by
from grader.judging.instruments.origins import assigned, grown, members, read_from_test_file, summands
from grader.judging.instruments.rewriting import plainer
from grader.judging.instruments.spelled import spelled_name
from grader.judging.meeting.source import trees
from grader.model import Cell

TEST = re.compile(r"test(ing)?(_?(set|data|examples))?$", re.IGNORECASE)
TEST_DATA = re.compile(r"test(ing)?_?(set|data|examples)$", re.IGNORECASE)  # self.test may well be a flag
EVALUATES = re.compile(r"eval|acc|classif|predict|score|test|metric|measure|^(model|forward|logits)$", re.IGNORECASE)
SEED = re.compile(r"seed|semilla|hazi", re.IGNORECASE)
DRAWN = re.compile(r"(random|sample|draw)(_\w+)?|rand|randn|(log_?)?uniform|choices?|randint|integers|normal")
STEPPING = {"GradientTape", "minimize", "apply_gradients"}
MANY = 3
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
Function = ast.FunctionDef | ast.AsyncFunctionDef


class Meaning(Struct, frozen=True):
    """What names stand for, in one place of the notebook."""

    tests: frozenset[str] = frozenset()  # other names of the test set
    holders: frozenset[str] = frozenset()  # lists and dictionaries with the test set among others
    others: frozenset[str] = frozenset()  # parameters, whatever they are called
    evaluators: frozenset[str] = frozenset()  # functions that evaluate what they are given
    testers: frozenset[str] = frozenset()  # functions that look at the test set by themselves
    defaults: Mapping[str, tuple[int, str]] = {}  # functions that do unless this parameter is given
    trainers: frozenset[str] = frozenset({"train", "fit"})
    makers: frozenset[str] = frozenset()  # classes, and functions that make or train one

    def is_test(self, node: ast.expr) -> bool:
        if (name := spelled_name(node)) is not None:
            return bool(TEST.match(name)) or name in self.tests
        if isinstance(node, ast.Subscript):
            key = node.slice.value if isinstance(node.slice, ast.Constant) else None
            named = isinstance(key, str) and bool(TEST.match(key)) and named_in(node.value, self.holders)
            return named or self.is_test(node.value)
        if isinstance(node, ast.Attribute):
            return bool(TEST_DATA.match(node.attr))
        if parts := summands(node):
            return any(map(self.is_test, parts))
        if isinstance(node, ast.Call):
            return read_from_test_file(node)
        own = isinstance(node, ast.Name) and node.id not in self.others
        return own and (named_in(node, self.tests) or bool(TEST.match(ast.unparse(node))))

    def holds_test(self, node: ast.expr) -> bool:
        """The test set, or a list or dictionary with it among others."""
        if parts := members(node):
            return any(map(self.holds_test, parts))
        return self.is_test(node) or (named_in(node, self.holders) and not named_in(node, self.others))

    def iterates_test(self, node: ast.expr) -> bool:
        """zip(names, [dev_set, test_set]) or sets.items() too."""
        return any(isinstance(part, ast.expr) and self.holds_test(part) for part in ast.walk(node))

    def looks(self, node: ast.AST) -> bool:
        """A call that evaluates on the test set."""
        if not isinstance(node, ast.Call):
            return False
        name = attribute(node)
        if name in self.testers or (name in self.defaults and not gives(node, *self.defaults[name])):
            return True
        evaluates = name in self.evaluators or bool(EVALUATES.search(name))
        return evaluates and any(self.holds_test(a) for a in arguments(node))

    def picks(self, node: ast.AST) -> bool:
        """A call that takes the best by what it reaches on the test set."""
        parts = [part for by in picked_by(node) for part in ast.walk(by)]
        return any(self.looks(part) or (isinstance(part, ast.Name) and part.id in self.testers) for part in parts)

    def inside(self, node: ast.AST) -> "Meaning":
        """In a function its parameters are its own; in a loop over several sets each of them may be the test set."""
        own = replace(self, others=frozenset(parameters(node))) if isinstance(node, FUNCTIONS) else self
        loops = [part for part in ast.walk(node) if isinstance(part, (ast.For, ast.comprehension))]
        sets = {name for loop in loops if own.iterates_test(loop.iter) for name in names_in(loop.target)}
        return replace(own, tests=own.tests | sets, others=own.others - sets)


def test_misuse(cells: Sequence[Cell]) -> tuple[str, int] | None:
    """(sentence, cell) of the first misuse; None when the test set stays blind."""
    parsed = [(index, plainer(tree)) for index, tree in trees(cells)]
    meaning = meaning_of([tree for _, tree in parsed])
    for index, tree in parsed:
        for place in (tree, *functions_in(tree)):
            sentence = misuse_in(place, meaning.inside(place) if isinstance(place, FUNCTIONS) else meaning)
            if sentence:
                return sentence, index
    return tested_often(parsed, meaning)


def misuse_in(place: ast.AST, here: Meaning) -> str | None:
    if isinstance(place, FUNCTIONS) and steps(place) and any(map(here.looks, ast.walk(place))):
        return "The class looks at the test set while it trains."
    for node in own_nodes(place):
        if isinstance(node, ast.Call) and attribute(node) == "train" and any(map(here.is_test, arguments(node)[1:])):
            return "The test set is handed to `train` in place of the dev set."
        if here.picks(node):
            return "The best of several is picked by the accuracy on the test set."
        if isinstance(node, (ast.For, ast.While, *EACH)) and sweeps_on_test(node, here):
            return "The test accuracy is computed for every setting of a sweep, so that the choice can follow it."
    return None


def steps(function: Function) -> bool:
    """Takes gradient steps itself, or is the method that others of its class take them for."""
    method = bool(function.args.args) and function.args.args[0].arg == "self"
    return (method and function.name == "train") or any(attribute(call) in STEPPING for call in calls_in(function))


def sweeps_on_test(loop: ast.For | ast.While | ast.expr, here: Meaning) -> bool:
    """The loop trains, looks at the test set, and what changes in it is a setting and no seed."""
    parts: Sequence[ast.AST] = loop.body if isinstance(loop, (ast.For, ast.While)) else [loop]
    inner = here
    for part in parts:
        inner = inner.inside(part)
    calls = [call for part in parts for call in calls_in(part)]
    trains = any(attribute(call) in here.trainers for call in calls)
    return trains and any(inner.looks(call) for call in calls) and settings_change(loop, parts, here)


def settings_change(loop: ast.AST, parts: Sequence[ast.AST], here: Meaning) -> bool:
    changing = changing_names(loop, parts)
    for node in (node for part in parts for node in ast.walk(part)):
        if isinstance(node, ast.Call) and attribute(node) in here.makers | here.trainers:
            if names_in(node) & changing:
                return True
        if isinstance(node, ast.Assign) and any(map(is_setting, node.targets)) and names_in(node.value) & changing:
            return True
    return False


def is_setting(target: ast.expr) -> bool:
    """classifier.l2 = …, config['l2'] = …"""
    return isinstance(target, ast.Attribute) or (
        isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Constant)
    )


def changing_names(loop: ast.AST, parts: Sequence[ast.AST]) -> set[str]:
    """The loop's variables and what is made of them, drawn or counted in it; never what is called a seed."""
    changing: set[str] = set()
    if isinstance(loop, ast.For):
        changing |= names_in(loop.target)
    for generator in getattr(loop, "generators", []):
        changing |= names_in(generator.target)
    for node in (node for part in parts for node in ast.walk(part)):
        if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
            changing.add(node.target.id)
        elif isinstance(node, ast.Assign) and (drawn(node.value) or names_in(node.value) & kept(changing)):
            changing |= {name for target in node.targets for name in written_names(target)}
    return kept(changing)


def kept(names: set[str]) -> set[str]:
    return {name for name in names if not SEED.search(name)}


def written_names(target: ast.expr) -> set[str]:
    return {n.id for n in ast.walk(target) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}


def drawn(value: ast.expr) -> bool:
    return any(DRAWN.fullmatch(attribute(call)) for call in calls_in(value))


def meaning_of(modules: Sequence[ast.Module]) -> Meaning:
    """Names are followed until nothing new is found."""
    functions = [function for tree in modules for function in functions_in(tree)]
    classes = {node.name for tree in modules for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}
    meaning = aliases(modules, Meaning(makers=frozenset(classes)))
    meaning = replace(meaning, defaults={f.name: d for f in functions for d in test_defaults(f, meaning)})
    while True:
        more = meaning
        for function in functions:
            more = with_function(function, more)
        if more == meaning:
            return meaning
        meaning = more


def with_function(function: Function, meaning: Meaning) -> Meaning:
    inside, name = meaning.inside(function), frozenset({function.name})
    calls = list(calls_in(function))
    called = {attribute(call) for call in calls}
    if any(map(inside.looks, calls)):
        meaning = replace(meaning, testers=meaning.testers | name)
    if any(evaluates_parameter(call, inside) for call in calls):
        meaning = replace(meaning, evaluators=meaning.evaluators | name)
    if called & (meaning.trainers | STEPPING):
        meaning = replace(meaning, trainers=meaning.trainers | name)
    if called & (meaning.makers | meaning.trainers):
        meaning = replace(meaning, makers=meaning.makers | name)
    return meaning


def evaluates_parameter(call: ast.Call, inside: Meaning) -> bool:
    evaluates = attribute(call) in inside.evaluators or bool(EVALUATES.search(attribute(call)))
    return evaluates and any(named_in(a, inside.others) for a in arguments(call))


def test_defaults(function: Function, meaning: Meaning) -> Iterator[tuple[int, str]]:
    """(place, name) of a parameter whose default is the test set."""
    names = [a.arg for a in function.args.args]
    method = names[:1] == ["self"]
    for name, default in zip(reversed(names), reversed(function.args.defaults), strict=False):
        if meaning.is_test(default):
            yield names.index(name) - method, name
    for argument, keyword in zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True):
        if keyword is not None and meaning.is_test(keyword):
            yield len(names), argument.arg


def gives(call: ast.Call, place: int, name: str) -> bool:
    return len(call.args) > place or any(keyword.arg == name for keyword in call.keywords)


def aliases(modules: Sequence[ast.Module], meaning: Meaning) -> Meaning:
    """held_out = test_set; sets = {'dev': dev_set, 'test': test_set}; dev_set += test_set."""
    given: dict[str, list[ast.expr]] = {}
    nodes = [node for tree in modules for node in ast.walk(tree)]
    for name, value in (pair for node in nodes for pair in assigned(node)):
        given.setdefault(name, []).append(value)
    added = [pair for node in nodes for pair in grown(node)]
    for _ in range(3):
        tests = {name for name, values in given.items() if all(map(meaning.is_test, values))}
        tests |= {name for name, value in added if meaning.is_test(value)}
        holders = {name for name, values in given.items() if any(map(meaning.holds_test, values))} - tests
        meaning = replace(meaning, tests=frozenset(tests), holders=frozenset(holders))
    return meaning


def tested_often(parsed: Sequence[tuple[int, ast.Module]], meaning: Meaning) -> tuple[str, int] | None:
    """Training and then testing written out again and again for several settings."""
    tested, trained = [], False
    for index, call in outside_functions(parsed):
        trained = trained or attribute(call) in meaning.trainers
        if trained and meaning.looks(call):
            tested.append(index)
            trained = False
    sentence = "The test accuracy is printed for one setting after another, so that the choice can follow it."
    return (sentence, tested[0]) if len(tested) >= MANY else None


def outside_functions(parsed: Sequence[tuple[int, ast.Module]]) -> Iterator[tuple[int, ast.Call]]:
    for index, tree in parsed:
        calls = [node for node in own_nodes(tree) if isinstance(node, ast.Call)]
        yield from ((index, call) for call in sorted(calls, key=lambda call: (call.lineno, call.col_offset)))


def own_nodes(place: ast.AST) -> Iterator[ast.AST]:
    """Without what stands in functions inside."""
    for node in ast.iter_child_nodes(place):
        if not isinstance(node, FUNCTIONS):
            yield node
            yield from own_nodes(node)


def functions_in(tree: ast.AST) -> list[Function]:
    return [node for node in ast.walk(tree) if isinstance(node, FUNCTIONS)]


def parameters(function: Function) -> list[str]:
    return [a.arg for a in (*function.args.args, *function.args.kwonlyargs) if a.arg != "self"]


def named_in(node: ast.expr, names: Iterable[str]) -> bool:
    return isinstance(node, ast.Name) and node.id in names


def names_in(node: ast.AST) -> set[str]:
    """Without what only seeds something."""
    if isinstance(node, ast.keyword) and SEED.search(node.arg or ""):
        return set()
    own = {node.id} if isinstance(node, ast.Name) else set()
    return own.union(*map(names_in, ast.iter_child_nodes(node)))
