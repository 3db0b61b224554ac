"""What is known of a classifier class after one has been made and trained for a step."""

from collections.abc import Mapping

from msgspec import Struct

from grader.sandbox.guest.wire import Call, ClassInfo, Inventory, Scalar, Trouble, Value, VariableInfo, Watched


class Recipe(Struct, frozen=True):
    """How an instance is made: the notebook's own arguments, with a small number of features."""

    cls: str
    args: tuple[Value, ...]
    kwargs: dict[str, Value]
    parameters: tuple[str, ...]

    def argument(self, name: str) -> Value:
        if name in self.kwargs:
            return self.kwargs[name]
        at = self.parameters.index(name) if name in self.parameters else len(self.args)
        return self.args[at] if at < len(self.args) else None

    def changed(self, name: str, value: Value) -> "Recipe":
        at = self.parameters.index(name)
        if at < len(self.args):
            return Recipe(self.cls, (*self.args[:at], value, *self.args[at + 1 :]), self.kwargs, self.parameters)
        return Recipe(self.cls, self.args, {**self.kwargs, name: value}, self.parameters)


class Inputs(Struct, frozen=True):
    """What a lab's classifiers read: rows of numbers, or of word ids."""

    sizes: tuple[
        tuple[str, int], ...
    ]  # pattern of a constructor parameter's name -> our small value, first matches first
    words: bool = False
    length: int = 20  # of a sentence, where nothing tells
    pairs: bool = False  # an input is two sentences, one behind the other


class Contact(Struct, frozen=True):
    """What the first training step of a small instance showed."""

    inputs: Inputs

    info: ClassInfo
    recipe: Recipe
    trainer: str
    train_args: tuple[Value, ...]
    train_kwargs: dict[str, Value]
    classifier: str | None
    scalars: Mapping[str, Scalar]  # plain attributes of a fresh instance
    initial: tuple[VariableInfo, ...]  # variables of a fresh instance, with values
    watched: Watched | None  # None: it could not be made or trained
    features: int  # columns of an input: features, or words of a sentence
    vocabulary: int  # word ids lie below this
    batch: int
    inventory: Inventory
    copies: int = 1  # of the examples that are trained on: 2 where the loop leaves the last minibatch out
    trouble: Trouble | None = None
    broken_off: Watched | None = None  # the first step where it ends before any gradient is taken
    building: tuple[Call, ...] = ()  # of a forward pass, where layers make their variables only when they are called

    @property
    def works(self) -> bool:
        return self.watched is not None and bool(self.watched.tape)
