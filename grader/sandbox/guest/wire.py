"""What travels between the grader and the guest in the student's kernel: typed values, never code.

The host decodes into these types strictly; whatever does not fit is a malformed reply, and no reply is trusted.
"""

import math

from msgspec import Struct

FRAME_LIMIT, LARGEST_AXIS = 64 * 1024 * 1024, 2**31
WHOLE = "bool int8 int16 int32 int64 uint8 uint16 uint32 uint64"
DTYPES = frozenset(f"{WHOLE} float16 float32 float64 complex64 complex128".split())


class Array(Struct, frozen=True, tag="array", forbid_unknown_fields=True):
    """A dense array in C order. `made_by` says what it was in the kernel: numpy, tensor, variable, scalar."""

    dtype: str
    shape: tuple[int, ...]
    data: bytes
    made_by: str = "numpy"


class Listing(Struct, frozen=True, tag="listing", forbid_unknown_fields=True):
    """A list or a tuple (`kind`)."""

    items: tuple["Value", ...]
    kind: str = "list"


class Mapping(Struct, frozen=True, tag="mapping", forbid_unknown_fields=True):
    items: dict[str, "Value"]
    of: str = ""  # path of an object that holds these and no more, and is copied with them; "": a dict


class Ref(Struct, frozen=True, tag="ref", forbid_unknown_fields=True):
    """An object that lives in the kernel, named by an expression over slots and the notebook's globals."""

    path: str


class Opaque(Struct, frozen=True, tag="opaque", forbid_unknown_fields=True):
    """Something that is not sent; only the name of its type is, and of an array the shape."""

    type_name: str
    shape: tuple[int, ...] = ()


Scalar = bool | int | float | str | None
Value = Scalar | Array | Listing | Mapping | Ref | Opaque


class Trouble(Struct, frozen=True, forbid_unknown_fields=True):
    """An exception of the student's code; `cell` and `line` where the traceback last touched the notebook."""

    kind: str
    message: str
    cell: int | None = None
    line: int | None = None
    text: str | None = None


GUEST_FAULT = "GuestFault"  # the kind of trouble that the guest has with itself


class VariableInfo(Struct, frozen=True, forbid_unknown_fields=True):
    """A tf.Variable reachable from an object: an expression like `c.W['p']`, and its index in trainable_variables."""

    path: str
    shape: tuple[int, ...]
    dtype: str
    place: int | None = None
    value: Array | None = None


class TapeEvent(Struct, frozen=True, forbid_unknown_fields=True):
    """One call of GradientTape.gradient: the target's value, and a gradient for each source (None: not connected)."""

    loss: Value
    sources: tuple[str, ...]  # paths as in VariableInfo, "" when not reachable from the watched object
    gradients: tuple[Array | None, ...]


class MethodCall(Struct, frozen=True, forbid_unknown_fields=True):
    """A call of one of the watched object's own methods while it trained."""

    method: str
    args: tuple[Value, ...]  # without self
    kwargs: dict[str, Value]
    result: Value
    under_tape: bool


class Watched(Struct, frozen=True, tag="watched", forbid_unknown_fields=True):
    """What a training did while it was watched."""

    tape: tuple[TapeEvent, ...]
    calls: tuple[MethodCall, ...]
    before: tuple[VariableInfo, ...]
    after: tuple[VariableInfo, ...]
    returned: Value
    trouble: Trouble | None = None


class ParameterInfo(Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    required: bool
    default: Scalar = None
    by_name: bool = False  # only so, behind a star


class ClassInfo(Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    cell: int | None
    methods: dict[str, tuple[ParameterInfo, ...]]  # own methods, without self
    trains: tuple[str, ...]  # methods that open a GradientTape
    parameters: tuple[ParameterInfo, ...]  # of __init__, without self


class FunctionInfo(Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    cell: int | None
    parameters: tuple[ParameterInfo, ...]


class Construction(Struct, frozen=True, forbid_unknown_fields=True):
    """An instance the notebook made: with which arguments, bound to which global (or "")."""

    cls: str
    args: tuple[Value, ...]
    kwargs: dict[str, Value]
    bound_to: str


class Training(Struct, frozen=True, forbid_unknown_fields=True):
    """One call of a training method while the notebook ran."""

    cls: str
    method: str
    args: tuple[Value, ...]
    kwargs: dict[str, Value]
    scalars: dict[str, Scalar]  # the object's plain attributes at that moment
    last_loss: float | None
    steps: int
    cut: bool  # the train policy shortened it
    epochs: float | None = None  # as many as its steps make; None where the size of its data is not known
    owner: str = ""  # where the trained object is found


class Inventory(Struct, frozen=True, tag="inventory", forbid_unknown_fields=True):
    """What the notebook left behind in its namespace."""

    classes: tuple[ClassInfo, ...]  # the last definition of each name, in order of definition
    functions: tuple[FunctionInfo, ...]
    scalars: dict[str, Scalar]  # plain global numbers and strings
    data_sets: tuple[str, ...]  # globals that are lists of examples: dicts with a label
    arrays: dict[str, tuple[int, ...]]  # shapes of global arrays and tensors of one to four axes
    constructions: tuple[Construction, ...]
    trainings: tuple[Training, ...]


class VariableList(Struct, frozen=True, tag="variables", forbid_unknown_fields=True):
    variables: tuple[VariableInfo, ...]
    scalars: dict[str, Scalar]  # the object's plain attributes


# --- questions: a small program of steps, complete in itself (a replayed kernel has no slots left) ---


class Make(Struct, frozen=True, tag="make", forbid_unknown_fields=True):
    """Construct an instance of a global class into a slot."""

    into: str
    cls: str
    args: tuple[Value, ...] = ()
    kwargs: dict[str, Value] = {}


class Put(Struct, frozen=True, tag="put", forbid_unknown_fields=True):
    """Write a value: into a variable (`assign`), else an attribute, item or global; globals are restored afterwards."""

    path: str
    value: Value


class Call(Struct, frozen=True, tag="call", forbid_unknown_fields=True):
    """Call something and report what it returned as `into`; random, NumPy and TensorFlow are seeded first."""

    path: str
    args: tuple[Value, ...] = ()
    kwargs: dict[str, Value] = {}
    into: str = ""
    seed: int = 0
    keep: bool = False  # keep the result in slot `into` as well


class Read(Struct, frozen=True, tag="read", forbid_unknown_fields=True):
    path: str
    into: str


class ListVariables(Struct, frozen=True, tag="list_variables", forbid_unknown_fields=True):
    path: str
    into: str
    values: bool = False
    scalars: bool = False  # those without an axis too


class Watch(Struct, frozen=True, tag="watch", forbid_unknown_fields=True):
    """Call a training method of `owner` and report what tape, optimizer, methods and variables did."""

    owner: str
    method: str
    into: str
    args: tuple[Value, ...] = ()
    kwargs: dict[str, Value] = {}
    steps: int = 1  # stop after so many optimizer steps
    seed: int = 0
    losses_only: bool = False  # long watches: keep no gradients, no calls
    scalars: bool = False  # variables without an axis are listed too
    until: float = 0.0  # stop at a loss below it as well, from the eighth step on


class Survey(Struct, frozen=True, tag="survey", forbid_unknown_fields=True):
    into: str


class Gradient(Struct, frozen=True, tag="gradient", forbid_unknown_fields=True):
    """d sum(call(args)) / d args[0] through a tape that watches a tensor made of args[0]."""

    path: str
    args: tuple[Value, ...]
    into: str
    seed: int = 0


class Form(Struct, frozen=True, tag="form", forbid_unknown_fields=True):
    """In a kernel of ours: what follows is asked of another form of the notebook, whose last cells are these."""

    name: str
    cells: dict[int, str] = {}  # index and source of those that are run for it
    anew: bool = False  # after what stood before the first of them; else on top of the whole notebook


Step = Make | Put | Call | Read | ListVariables | Watch | Survey | Gradient | Form


class Question(Struct, frozen=True, forbid_unknown_fields=True):
    id: str
    steps: tuple[Step, ...]
    seconds: float = 20.0


class Reply(Struct, frozen=True, forbid_unknown_fields=True):
    """What the guest sends back: a value for each `into` reached; `trouble` when a step raised, `at` its number."""

    id: str
    values: dict[str, Value | Watched | Inventory | VariableList]
    trouble: Trouble | None = None
    at: int | None = None
    late: bool = False  # interrupted by the guest's own clock
    printed: str = ""


def array_is_sound(array: Array) -> bool:
    """Whether dtype is whitelisted and the bytes are exactly as many as shape and dtype need.

    An axis beyond any array, which beside a zero needs no bytes, is refused too: NumPy would not take it.
    """
    if array.dtype not in DTYPES or len(array.shape) > 8 or any(not 0 <= n <= LARGEST_AXIS for n in array.shape):
        return False
    width = {"bool": 1}.get(array.dtype) or int("".join(c for c in array.dtype if c.isdigit())) // 8
    return math.prod(array.shape) * width == len(array.data)
